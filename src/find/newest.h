/*
 * newest -- which backup of every key is the newest: a whole store in 16
 * bytes a key.  A key is its 64-bit hash; two that share one are told apart
 * only by when they were backed up.
 */
#ifndef FIND_NEWEST_H
#define FIND_NEWEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct newest_item {
	uint64_t key;		/* hash64 of it */
	int64_t ms;
};

/* A zeroed one is empty. */
struct newest {
	struct newest_item *items;
	size_t nitems, cap;
	bool sorted;
};

void newest_fini(struct newest *n);

/* The keys may come in any order. */
void newest_add(struct newest *n, uint64_t key, int64_t ms);

/* Is there a backup of the key that is as new as "ms", or newer?  Asking after
 * an addition costs a sort. */
bool newest_has(struct newest *n, uint64_t key, int64_t ms);

/* When was the newest backup of the key made (0: there is none)?  Costs the
 * same. */
int64_t newest_of(struct newest *n, uint64_t key);

#endif
