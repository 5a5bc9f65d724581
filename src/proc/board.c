#include "proc/board.h"

#include <string.h>
#include <sys/mman.h>

static size_t
size_bytes(unsigned nslots)
{
	return (sizeof(struct board) + nslots * sizeof(struct board_slot));
}

struct board *
board_map(unsigned nslots, struct err *e)
{
	struct board *b;

	b = mmap(NULL, size_bytes(nslots), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (b == MAP_FAILED) {
		err_io(e, "map memory shared with the workers");
		return (NULL);
	}
	gate_init(&b->gate);
	gate_init(&b->complaint);
	b->nslots = nslots;
	return (b);
}

void
board_unmap(struct board *b)
{
	if (b != NULL)
		(void)munmap(b, size_bytes(b->nslots));
}

void
board_stop(struct board *b, int64_t grace_ms)
{
	atomic_store_explicit(&b->grace_ms, grace_ms, memory_order_relaxed);
	atomic_store_explicit(&b->stopping, true, memory_order_release);
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
	for (int c = 0; c < TALLY_NCOUNT; c++)
		atomic_store_explicit(&t->count[c], 0, memory_order_relaxed);
	tally_take(t, "", TALLY_IDLE);
}

void
board_sum(const struct board *b, uint64_t count[TALLY_NCOUNT])
{
	for (unsigned i = 0; i < b->nslots; i++)
		for (int c = 0; c < TALLY_NCOUNT; c++)
			count[c] += tally_get(&b->slot[i].tally,
			    (enum tally_count)c);
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
