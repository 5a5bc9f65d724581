/*
 * find -- what is in a store: databases and their versions, by key.
 */
#ifndef FIND_FIND_H
#define FIND_FIND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/store.h"

/* Lives until the next call. */
struct find_version {
	const char *key;	/* of the database */
	const char *object;	/* name of the object */
	int64_t ms;		/* timestamp in the name */
	uint64_t bytes;		/* as stored */
};

struct find_cfg {
	struct store *store;
	const char *glob;	/* over keys, relative to the store: as in
				 * fleet/pattern.h without names; "" or a '/'
				 * at the end: everything below; without
				 * wildcards: this key and all below it, or
				 * this object */
	bool all;		/* every version, else the newest of each */
	int64_t before_ms;	/* none younger than this; INT64_MAX: any */
};

struct find;

/* Class usage: the glob; else what store_list() says. */
struct find *find_new(const struct find_cfg *cfg, struct err *e);
void find_free(struct find *f);

/* 1 with *v; 0 at the end; -1.  Oldest first within a key.  Objects whose
 * names are not ours are passed over and counted. */
int find_next(struct find *f, struct find_version *v, struct err *e);
uint64_t find_foreign(const struct find *f);

/*
 * The newest version of exactly this key at or before before_ms.  Returns 1
 * with the object's name in *object (reset first) and its moment; 0: the key
 * has none so old, then *ms is its oldest, or 0 if it has none at all; -1.
 */
int find_newest(struct store *s, const char *key, int64_t before_ms,
    struct buf *object, int64_t *ms, struct err *e);

#endif
