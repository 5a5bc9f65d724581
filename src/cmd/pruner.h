/*
 * pruner -- the role that removes old backups: it lists a store, decides for
 * one database after the other (fleet/keep.h), and removes what no rule keeps.
 *
 * A database's versions are decided on when all of them have been listed, and
 * not before: if the listing fails amid them, none is touched.  In memory are
 * the versions of one database, PRUNER_INFLIGHT removals, and what a few
 * listings hold.
 *
 * It writes to standard output itself: the lines of a dry run, and objects
 * with --json.  Up go counts, each as a struct prune_count.
 */
#ifndef CMD_PRUNER_H
#define CMD_PRUNER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "cmd/pruneout.h"
#include "fleet/keep.h"
#include "proc/role.h"
#include "store/marker.h"
#include "store/store.h"

enum {
	/* More than a directory store's batch; twenty requests to S3. */
	PRUNER_INFLIGHT = 20 * 1000,
	PRUNER_GRACE_MS = 10 * 1000,
	PRUNER_CLOCK_MS = 60 * 60 * 1000,	/* more is not believed */
	/* Later names than that are spoken of; --resolution rounds up. */
	PRUNER_AHEAD_MS = 24 * 60 * 60 * 1000
};

struct prune_plan {
	const char *operand;	/* URL or glob; or */
	const struct store_url *url;	/* NULL, or: all of this store, which
					 * must be the one of "marker" */
	struct marker_rule marker;
	struct store_s3_cfg s3;
	struct keep_rules keep;
	struct pruneout_cfg out;
};

/*
 * role_cfg.run, with a struct prune_plan: do all there is to do, or, when the
 * supervisor hangs up, finish within PRUNER_GRACE_MS what was begun.  The last
 * count that it says is final.
 *
 * Class usage: the operand; state: the store's clock and ours differ by more
 * than PRUNER_CLOCK_MS, nothing was removed; and what makes the store
 * unusable.  One database that fails is logged, and counted; that there are
 * backups named more than PRUNER_AHEAD_MS later than now is logged once.
 */
int pruner_run(void *plan, struct role_self *self, struct err *e);

#endif
