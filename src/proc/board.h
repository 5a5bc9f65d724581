/*
 * board -- memory that the supervisor and its workers share: a slot for each
 * worker (base/tally.h), two gates, and how an early end is to be taken.  It
 * is mapped before the first fork(2), and only pages that are written cost.
 *
 * A slot belongs to its worker; after the worker's death and before the next
 * one is forked, to the supervisor.  The rest is written by the supervisor
 * only, but for the gates.
 *
 * A worker that was taken over may write anything there: what says where
 * something is, and how much, is each process's own (struct board).
 */
#ifndef PROC_BOARD_H
#define PROC_BOARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/gate.h"
#include "base/tally.h"

enum {
	BOARD_LINE_BYTES = 64	/* no two workers write one cache line */
};

struct board_slot {
	_Alignas(BOARD_LINE_BYTES) struct tally tally;
};

struct board_shared {
	struct gate gate;
	struct gate complaint;
	_Atomic bool stopping;		/* start nothing more */
	_Atomic int64_t grace_ms;	/* valid once stopping */
	struct board_slot slot[];
};

struct board {
	unsigned nslots;
	struct board_shared *shared;
	struct board_slot *slot;	/* of shared */
};

/* A board of empty slots; NULL with class io or space. */
struct board *board_map(unsigned nslots, struct err *e);
void board_unmap(struct board *b);

/* As it was when it was mapped; for another run of the pool. */
void board_reset(struct board *b);

/* Tell the workers; EOF on their channels comes after it. */
void board_stop(struct board *b, int64_t grace_ms);

/*
 * Empty a slot for the next worker, and add to count[] what its last one had
 * done for good: what was stored or read again, and recorded, the bytes of it,
 * and the requests.  All else is counted again when the range is gone through
 * again.
 */
void board_hand_over(struct board *b, unsigned i,
    uint64_t count[TALLY_NCOUNT]);

/* Add all the counters of all slots to count[]. */
void board_sum(const struct board *b, uint64_t count[TALLY_NCOUNT]);

/* The oldest of all tally.oldest_ms, or 0. */
int64_t board_oldest_ms(const struct board *b);

/*
 * The path in a dead worker's hand, cut at size - 1 bytes ("" if none), and
 * the phase it was in.
 */
enum tally_phase board_in_hand(const struct board *b, unsigned i, char *path,
    size_t size);

#endif
