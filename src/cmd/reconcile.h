/*
 * reconcile -- has the store still what the state says it has?  A role lists
 * the store once, and what is recorded and not there becomes new, so that the
 * workers of the same cycle store it again.
 *
 * The newest backup of a key is what counts, older ones may go (prune).  Of a
 * record whose object is lost, fingerprint and content are forgotten and
 * STATE_LOST is set; the moment of the object stays, since names must go on
 * increasing.  In memory are 16 bytes for each key of the store, and the lost
 * records of one segment.
 *
 * After a power failure (statedir_was_cut()) a record of which the store has a
 * newer backup is made new as well, with the moment of that; and one whose name
 * is missing is read again, so that it gets it.
 *
 * So is, at any time, a record of which the store has a backup named later than
 * now.  A clock that was ahead made it, and it was forgotten with a state: what
 * was stored since then is named before it, and so is not the newest.
 *
 * Nothing is changed before the listing has come to its end, and only in the
 * store that the state speaks of.
 */
#ifndef CMD_RECONCILE_H
#define CMD_RECONCILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "state/statedir.h"
#include "store/marker.h"
#include "store/store.h"

struct reconcile_cfg {
	const struct store_url *url;
	struct store_s3_cfg s3;
	struct statedir *statedir;	/* locked; it knows a store */
	struct marker_rule marker;
	bool cut;			/* the power failed */
};

struct reconcile_count {
	uint64_t keys;			/* in the store */
	uint64_t lost;			/* records that were made new */
	uint64_t old;			/* and those that were too old, */
	uint64_t ahead;			/* or behind names of the future */
	uint64_t requests[STORE_NREQUEST];
};

/*
 * Begin the role, see it through, and note the moment in the state.  0 with *n;
 * 1: TERM or INT came (the caller has caught them), nothing more is changed;
 * -1: class state: it is not the store that the state speaks of, or the state
 * cannot be read or written; and what makes a listing fail.  *n is as far as
 * it went.
 */
int reconcile_run(const struct reconcile_cfg *cfg, struct reconcile_count *n,
    struct err *e);

#endif
