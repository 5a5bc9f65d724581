/*
 * toll -- the workers that a run has lost: what they had counted, what is said
 * of each, and whether the run can go on without them (proc/pool.h has the
 * rule).
 *
 * Owner: the supervisor, as part of its pool.
 */
#ifndef PROC_TOLL_H
#define PROC_TOLL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/tally.h"
#include "proc/board.h"
#include "proc/member.h"

struct toll {
	const struct board *board;
	uint64_t carry[TALLY_NCOUNT];	/* of workers that were replaced */
	unsigned deaths;		/* of a path */
	unsigned row;			/* of those, nothing done between */
	unsigned idle;			/* with nothing in their hand */
	uint64_t done;			/* at the last death of a path */
};

/* What all workers have counted, living and dead. */
void toll_sum(const struct toll *t, uint64_t count[TALLY_NCOUNT]);

/*
 * A worker that was reaped with that wait status died: log what it had in its
 * hand, and set m->dead if another shall begin in its place (not when
 * "stopping").  -1: the run cannot go on.  Class bug.
 */
int toll_take(struct toll *t, struct member *m, int status, bool stopping,
    struct err *e);

#endif
