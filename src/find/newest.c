#include "find/newest.h"

#include <stdlib.h>

#include "base/mem.h"

enum {
	FIRST = 4096		/* items; then it grows by a half */
};

void
newest_fini(struct newest *n)
{
	free(n->items);
	*n = (struct newest){ 0 };
}

void
newest_add(struct newest *n, uint64_t key, int64_t ms)
{
	if (n->nitems == n->cap) {
		n->cap = n->cap == 0 ? FIRST : n->cap + n->cap / 2;
		n->items = mem_resize(n->items, n->cap, sizeof(*n->items));
	}
	n->items[n->nitems++] = (struct newest_item){ .key = key, .ms = ms };
	n->sorted = false;
}

static int
compare(const void *a, const void *b)
{
	const struct newest_item *x = a, *y = b;

	if (x->key != y->key)
		return (x->key < y->key ? -1 : 1);
	return (x->ms < y->ms ? -1 : x->ms > y->ms);
}

/* The first that is not before what is wanted. */
static size_t
find(struct newest *n, uint64_t key, int64_t ms)
{
	const struct newest_item want = { .key = key, .ms = ms };
	size_t lo = 0, hi = n->nitems, mid;

	if (!n->sorted && n->nitems > 0)
		qsort(n->items, n->nitems, sizeof(*n->items), compare);
	n->sorted = true;
	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (compare(&n->items[mid], &want) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return (lo);
}

bool
newest_has(struct newest *n, uint64_t key, int64_t ms)
{
	size_t i = find(n, key, ms);

	return (i < n->nitems && n->items[i].key == key);
}

int64_t
newest_of(struct newest *n, uint64_t key)
{
	size_t i = find(n, key, INT64_MAX);

	return (i > 0 && n->items[i - 1].key == key ? n->items[i - 1].ms : 0);
}
