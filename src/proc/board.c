#include "proc/board.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/mem.h"

static size_t
size_bytes(unsigned nslots)
{
	return (sizeof(struct board_shared) + nslots *
	    sizeof(struct board_slot));
}

struct board *
board_map(unsigned nslots, struct err *e)
{
	struct board_shared *shared;
	struct board *b;

	shared = mmap(NULL, size_bytes(nslots), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED) {
		err_io(e, "map memory shared with the workers");
		return (NULL);
	}
	gate_init(&shared->gate);
	gate_init(&shared->complaint);
	b = mem_zero(sizeof(*b));
	b->nslots = nslots;
	b->shared = shared;
	b->slot = shared->slot;
	return (b);
}

void
board_unmap(struct board *b)
{
	if (b == NULL)
		return;
	(void)munmap(b->shared, size_bytes(b->nslots));
	free(b);
}

static void
empty(struct tally *t)
{
	for (int c = 0; c < TALLY_NCOUNT; c++)
		atomic_store_explicit(&t->count[c], 0, memory_order_relaxed);
	atomic_store_explicit(&t->oldest_ms, 0, memory_order_relaxed);
	tally_take(t, "", TALLY_IDLE);
}

void
board_reset(struct board *b)
{
	gate_init(&b->shared->gate);
	gate_init(&b->shared->complaint);
	atomic_store_explicit(&b->shared->grace_ms, 0, memory_order_relaxed);
	atomic_store_explicit(&b->shared->stopping, false,
	    memory_order_release);
	for (unsigned i = 0; i < b->nslots; i++)
		empty(&b->slot[i].tally);
}

void
board_stop(struct board *b, int64_t grace_ms)
{
	atomic_store_explicit(&b->shared->grace_ms, grace_ms,
	    memory_order_relaxed);
	atomic_store_explicit(&b->shared->stopping, true, memory_order_release);
}

void
board_hand_over(struct board *b, unsigned i, uint64_t count[TALLY_NCOUNT])
{
	static const enum tally_count kept[] = {
		TALLY_SYNCED, TALLY_REFRESHED, TALLY_BYTES_READ,
		TALLY_BYTES_STORED, TALLY_DONE
	};
	struct tally *t = &b->slot[i].tally;

	for (size_t k = 0; k < sizeof(kept) / sizeof(kept[0]); k++)
		count[kept[k]] += tally_get(t, kept[k]);
	for (int c = TALLY_REQUEST; c < TALLY_CLASS; c++)
		count[c] += tally_get(t, (enum tally_count)c);
	empty(t);
}

void
board_sum(const struct board *b, uint64_t count[TALLY_NCOUNT])
{
	for (unsigned i = 0; i < b->nslots; i++)
		for (int c = 0; c < TALLY_NCOUNT; c++)
			count[c] += tally_get(&b->slot[i].tally,
			    (enum tally_count)c);
}

int64_t
board_oldest_ms(const struct board *b)
{
	int64_t oldest = 0, ms;

	for (unsigned i = 0; i < b->nslots; i++) {
		ms = atomic_load_explicit(&b->slot[i].tally.oldest_ms,
		    memory_order_relaxed);
		if (ms > 0 && (oldest == 0 || ms < oldest))
			oldest = ms;
	}
	return (oldest);
}

enum tally_phase
board_in_hand(const struct board *b, unsigned i, char *path, size_t size)
{
	const struct tally *t = &b->slot[i].tally;
	size_t n;

	/* Whoever died may have written anything here. */
	n = strnlen(t->path, size - 1 < sizeof(t->path) ?
	    size - 1 : sizeof(t->path));
	memcpy(path, t->path, n);
	path[n] = '\0';
	return ((enum tally_phase)atomic_load_explicit(&t->phase,
	    memory_order_acquire));
}
