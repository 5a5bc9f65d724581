/*
 * dryrun -- what backup would look at, found out without touching anything:
 * no state is made or locked, no store asked, no database opened.
 */
#ifndef CMD_DRYRUN_H
#define CMD_DRYRUN_H

#include <stdbool.h>

#include "cmd/cycle.h"
#include "fleet/walk.h"

/* Walks, writes a line a database, sets matched[] per pattern.  Returns the
 * exit status. */
int dryrun(struct cycle *c, const struct walk_cfg *cfg, bool *matched);

#endif
