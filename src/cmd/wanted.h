/*
 * wanted -- what the patterns of a backup are meant to find: a path must be
 * there, and one that finds nothing is likely a slip.
 */
#ifndef CMD_WANTED_H
#define CMD_WANTED_H

#include <stdbool.h>

#include "base/err.h"
#include "cmd/cycle.h"

/*
 * A pattern without wildcards is all literal, and so must be there, and a
 * regular file.  What cannot be looked at is left to the walk.  Class usage.
 */
int wanted_check(const struct cycle *c, struct err *e);

/*
 * Warn of each pattern that has not matched[] anything, nor had it all taken by
 * one before it.  Once, until it matches again (barren[], kept by the caller,
 * at first false): a service's disk may come and go.
 */
void wanted_warn(const struct cycle *c, const bool *matched, bool *barren);

#endif
