/*
 * pruning -- a service removes old backups now and then, beside its cycles
 * (--prune-every): all of the store is pruned by the role of cmd/pruner.h,
 * which runs while cycles do, at low priority, and delays none.
 *
 * The moment of the last one is remembered in the state, so that it is not
 * begun anew by each start.  What has failed is said, makes the next cycle
 * one with failures, and is tried again within PRUNING_AGAIN_MS.
 */
#ifndef CMD_PRUNING_H
#define CMD_PRUNING_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/pruner.h"
#include "fleet/keep.h"
#include "store/store.h"

enum {
	PRUNING_AGAIN_MS = 60 * 60 * 1000,
	PRUNING_SLACK_MS = 1000		/* for the role's last word */
};

struct cycle;

/* Zeroed, but for what are options. */
struct pruning {
	int64_t every_ms;		/* 0: never */
	struct keep_rules keep;

	bool failed;			/* one has, and no cycle told it yet */
	struct role *role;		/* NULL: none is at work */
	struct prune_plan plan;		/* of the role */
	struct prune_count n;		/* as it said last */
	uint64_t requests[STORE_NREQUEST];	/* of those that have ended;
					 * the next cycle counts them */
	int64_t began_ms;		/* by the monotonic clock, */
	int64_t not_before_ms;		/* as is when the next may begin, */
	int64_t until_ms;		/* and when it is ended; 0: it may go
					 * on */
};

/*
 * Do what there is to do: hear the role, say what came of it, ask it to end
 * once TERM or INT came.  With "begin" one is begun if it is time (with
 * nothing in the buffer of standard output).  Never blocks.  Returns a
 * descriptor that is readable when there is something to do, or -1; *wait_ms
 * is lowered to when it is time.
 */
int pruning_turn(struct cycle *c, bool begin, int64_t *wait_ms);

/* The service ends: so does the role, within PRUNER_GRACE_MS and a second; a
 * second TERM or INT ends it at once. */
void pruning_end(struct cycle *c);

#endif
