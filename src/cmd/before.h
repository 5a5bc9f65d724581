/*
 * before -- what a cycle makes sure of before its workers start: that the
 * store which the state speaks of is there; and, now and then and after a power
 * failure, that it has still what the state says (cmd/reconcile.h).
 */
#ifndef CMD_BEFORE_H
#define CMD_BEFORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/store.h"

struct cycle;
struct statedir;

/* Zeroed, but for what is an option. */
struct before {
	int64_t reconcile_ms;		/* how often; 0: never */

	bool cut;			/* the power failed in a run, and what
					 * it recorded is not to be believed
					 * before the store was listed */
	bool failed;			/* in this cycle it was due and did not
					 * come to its end */
	uint64_t requests[STORE_NREQUEST];	/* of this cycle */
	char *said;			/* what went wrong when it last did */
};

void before_fini(struct before *b);

/* Is what is recorded not to be believed, since the power failed?  And a
 * warning of it, for those who only look. */
bool before_is_cut(const struct statedir *sd);
void before_say_cut(void);

/*
 * Called once a cycle, with the state locked and TERM and INT caught.  -1: the
 * cycle cannot be; class state, io: a directory store is not there, or any is
 * another than the state speaks of.  A reconciliation that fails for other
 * reasons is logged, once while they are the same, and tried again in the
 * next cycle.
 */
int before_run(struct cycle *c, struct err *e);

#endif
