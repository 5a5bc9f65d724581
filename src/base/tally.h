/*
 * tally -- what a worker shows of itself while it works: counters, and the
 * database that is in its hand.  It lies in memory shared with the supervisor
 * (proc/board), which reads it at any time and after the worker's death.
 *
 * Owner: the one worker that writes.  Counters are relaxed atomics.  The path
 * is set before anything that could crash is called for a database and
 * emptied after; so a death with a path in the slot has its culprit.
 */
#ifndef BASE_TALLY_H
#define BASE_TALLY_H

#include <limits.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/err.h"

enum tally_count {
	TALLY_LOOKED,		/* databases looked at */
	TALLY_SYNCED,		/* objects stored and recorded, or restored */
	TALLY_REFRESHED,	/* read again, content as stored */
	TALLY_FAILED,
	TALLY_SKIPPED,		/* not databases */
	TALLY_GONE,		/* vanished meanwhile */
	TALLY_BYTES_READ,	/* bytes of the databases that were read */
	TALLY_BYTES_STORED,	/* bytes of the objects stored */
	TALLY_DONE,		/* times that tally_drop() was reached */
	TALLY_REQUEST,		/* and the next: requests to the store, by
				 * store/store.h's kinds */
	TALLY_CLASS = TALLY_REQUEST + 7,	/* and the next: of FAILED, by
				 * enum err_class */
	TALLY_NCOUNT = TALLY_CLASS + ERR_NCLASS
};

enum tally_phase {
	TALLY_IDLE,
	TALLY_STAT,
	TALLY_IMAGE,
	TALLY_ENCODE,
	TALLY_STORE,
	TALLY_RECORD,
	TALLY_CHECK,
	TALLY_FETCH,		/* and of a restore */
	TALLY_DECODE,
	TALLY_LAND,
	TALLY_NPHASE
};

struct tally {
	_Atomic uint64_t count[TALLY_NCOUNT];
	_Atomic uint32_t phase;		/* enum tally_phase */
	_Atomic int64_t oldest_ms;	/* the oldest change that could not be
					 * stored, since 1970; 0: none */
	char path[PATH_MAX + 1];	/* "" while nothing is in hand */
};

static inline void
tally_add(struct tally *t, enum tally_count c, uint64_t n)
{
	/* There is one writer: no locked instruction is needed, only that
	 * others never read half a number. */
	atomic_store_explicit(&t->count[c], n + atomic_load_explicit(
	    &t->count[c], memory_order_relaxed), memory_order_relaxed);
}

/* One that changed at "ms" could not be stored. */
static inline void
tally_unsaved(struct tally *t, int64_t ms)
{
	int64_t old = atomic_load_explicit(&t->oldest_ms,
	    memory_order_relaxed);

	if (ms > 0 && (old == 0 || ms < old))
		atomic_store_explicit(&t->oldest_ms, ms, memory_order_relaxed);
}

static inline uint64_t
tally_get(const struct tally *t, enum tally_count c)
{
	return (atomic_load_explicit(&t->count[c], memory_order_relaxed));
}

/* Take "path" (cut at PATH_MAX) into the hand; put it down again. */
void tally_take(struct tally *t, const char *path, enum tally_phase phase);
void tally_drop(struct tally *t);

/* Go on to another phase with what is in hand. */
static inline void
tally_go(struct tally *t, enum tally_phase phase)
{
	atomic_store_explicit(&t->phase, phase, memory_order_release);
}

/* "reading", "compressing", ...: what a worker does in a phase. */
const char *tally_phase_name(enum tally_phase phase);

#endif
