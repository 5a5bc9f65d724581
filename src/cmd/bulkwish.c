#include "cmd/bulkwish.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fleet/wish.h"

/* Strings move while they grow: until all is read, offsets stand for them. */
struct place {
	size_t key, target;
};

static size_t
put_string(struct bulkwishes *w, const struct buf *s)
{
	size_t at = w->strings.len;

	buf_put(&w->strings, buf_str(s), s->len + 1);
	return (at);
}

static int
compare(const void *a, const void *b)
{
	const struct bulkwish *x = a, *y = b;
	int c = strcmp(x->key, y->key);

	if (c == 0)
		c = strcmp(x->target, y->target);
	if (c == 0)
		c = (x->ms > y->ms) - (x->ms < y->ms);
	return (c);
}

/* Neighbours in the store are asked for together, and nothing twice. */
static void
sort_out(struct bulkwishes *w)
{
	size_t i, n = 0;

	if (w->n > 1)
		qsort(w->v, w->n, sizeof(*w->v), compare);
	for (i = 0; i < w->n; i++)
		if (n == 0 || compare(&w->v[n - 1], &w->v[i]) != 0)
			w->v[n++] = w->v[i];
	w->n = n;
}

int
bulkwishes_read(struct bulkwishes *w, FILE *in, const char *name, bool raw,
    struct err *e)
{
	struct wish wish = { 0 };
	struct place *at = NULL;
	size_t i, n = 0, cap = 0;
	int r;

	memset(w, 0, sizeof(*w));
	while ((r = wish_read(in, raw, &wish, e)) == 1) {
		if (n == cap) {
			cap = cap == 0 ? 64 : cap * 2;
			w->v = mem_resize(w->v, cap, sizeof(*w->v));
			at = mem_resize(at, cap, sizeof(*at));
		}
		at[n].key = put_string(w, &wish.key);
		at[n].target = put_string(w, &wish.target);
		w->v[n++] = (struct bulkwish){ .ms = wish.ms,
		    .bytes = wish.bytes };
	}
	if (r == -1 && e->cls == ERR_USAGE)
		err_prefix(e, "%s: line %zu", name, n + 1);
	else if (r == -1)
		err_prefix(e, "%s", name);
	for (i = 0; i < n; i++) {
		w->v[i].key = (const char *)w->strings.data + at[i].key;
		w->v[i].target = (const char *)w->strings.data + at[i].target;
	}
	w->n = n;
	sort_out(w);
	free(at);
	wish_fini(&wish);
	return (r);
}

void
bulkwishes_fini(struct bulkwishes *w)
{
	free(w->v);
	buf_fini(&w->strings);
	memset(w, 0, sizeof(*w));
}

size_t
bulkwishes_first(const struct bulkwishes *w, const char *key)
{
	size_t lo = 0, hi = w->n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (strcmp(w->v[mid].key, key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return (lo);
}

size_t
bulkwishes_timeless(const struct bulkwishes *w)
{
	size_t i, n = 0;

	for (i = 0; i < w->n; i++)
		n += w->v[i].ms == WISH_NEWEST;
	return (n);
}

size_t
bulkwishes_elsewhere(const struct bulkwishes *w, const struct shard *shard)
{
	size_t i, n = 0;

	for (i = 0; i < w->n; i++)
		n += !shard_has(shard, w->v[i].key, strlen(w->v[i].key));
	return (n);
}

struct hash128
bulkwishes_hash(const struct bulkwishes *w)
{
	struct hash_stream *hs = hash_stream_new();
	struct hash128 h;
	size_t i;

	for (i = 0; i < w->n; i++) {
		hash_stream_put(hs, w->v[i].key, strlen(w->v[i].key) + 1);
		hash_stream_put(hs, w->v[i].target,
		    strlen(w->v[i].target) + 1);
		hash_stream_put(hs, &w->v[i].ms, sizeof(w->v[i].ms));
	}
	h = hash_stream_get(hs);
	hash_stream_free(hs);
	return (h);
}
