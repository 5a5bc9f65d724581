/*
 * unsaved -- the databases that are on the disk and that a state knows
 * nothing of: those that no run has seen yet, or could not.
 */
#ifndef CMD_UNSAVED_H
#define CMD_UNSAVED_H

#include <stdint.h>

#include "base/err.h"
#include "cmd/values.h"
#include "fleet/walk.h"
#include "state/state.h"

struct unsaved_cfg {
	struct walk_cfg walk;		/* but found, fault and ctx */
	struct shard shard;
	struct state_id id;
	struct state *const *segs;	/* STATE_SEGMENTS, all open */
	/* Called for each; what it is given lives until it returns. */
	void (*each)(void *ctx, const char *path, const struct state_stat *st);
	void *ctx;
};

/*
 * Walk as backup does, and tell what has no record.  A directory that cannot
 * be read, or a database that cannot be looked at, is logged and counted in
 * *nfaults; one that is not there is nothing to speak of.  -1: the walk cannot
 * go on.
 */
int unsaved_find(const struct unsaved_cfg *cfg, uint64_t *nfaults,
    struct err *e);

#endif
