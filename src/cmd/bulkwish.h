/*
 * bulkwish -- the databases that lines name one by one (fleet/wish.h), in
 * memory, since they may be gone through more than once.
 */
#ifndef CMD_BULKWISH_H
#define CMD_BULKWISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "cmd/values.h"

struct bulkwish {
	const char *key;
	const char *target;	/* "": not named */
	int64_t ms;		/* or WISH_NEWEST */
	uint64_t bytes;		/* 0: not named */
};

/* Sorted by key.  A zeroed one is empty. */
struct bulkwishes {
	struct bulkwish *v;
	size_t n;
	struct buf strings;
};

/*
 * Read all lines of "in", called "name" in errors.  A line that stands there
 * twice counts once.  Class usage: line N is none; io.
 */
int bulkwishes_read(struct bulkwishes *w, FILE *in, const char *name,
    bool raw, struct err *e);
void bulkwishes_fini(struct bulkwishes *w);

/* The first line of this key, or n. */
size_t bulkwishes_first(const struct bulkwishes *w, const char *key);

/* How many name no time. */
size_t bulkwishes_timeless(const struct bulkwishes *w);

/* How many are not of this shard. */
size_t bulkwishes_elsewhere(const struct bulkwishes *w,
    const struct shard *shard);

/* A hash of all of it. */
struct hash128 bulkwishes_hash(const struct bulkwishes *w);

#endif
