/*
 * find -- what is in a store: databases and their versions, by key.
 *
 * Of S3 many listings can be in flight at once (split.h says how what there
 * is is divided among them).  That costs requests: none where everything is on
 * one page, else that page again, one for each thousand directories of the
 * level that is divided, and about half a page a listing; a few dozen more
 * where directories fork little.  In memory are what each listing holds
 * (store.h), and one version of each.
 */
#ifndef FIND_FIND_H
#define FIND_FIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "store/store.h"

/* Lives until the next call. */
struct find_version {
	const char *key;	/* of the database */
	const char *object;	/* name of the object; NULL: there is none so
				 * old, or none at all */
	int64_t ms;		/* timestamp in the name; without an object
				 * that of the oldest, 0: there is none */
	uint64_t bytes;		/* as stored */
	int64_t mtime_ms;	/* when it was stored */
	const char *tag;	/* of the object (store.h), or "" */
};

struct find_cfg {
	struct store *store;
	const char *glob;	/* over keys, relative to the store: as in
				 * fleet/pattern.h without names; "" or a '/'
				 * at the end: everything below; without
				 * wildcards: this key and all below it */
	const char *const *keys;	/* or just these nkeys keys, in the
				 * place of the glob, each as it is; they live
				 * as long as the find */
	size_t nkeys;
	bool all;		/* every version, else the newest of each */
	int64_t before_ms;	/* none younger than this; INT64_MAX: any */
	int64_t stored_before_ms;	/* but a younger one that was stored no
				 * later than this; 0, INT64_MAX: none */
	bool tell_young;	/* yield a key that has younger ones alone,
				 * without an object */
	unsigned parallel;	/* listings at once, S3; 0, 1: in order */
};

struct find;

/* Class usage: the glob; else what store_list() says. */
struct find *find_new(const struct find_cfg *cfg, struct err *e);
void find_free(struct find *f);

/*
 * 1 with *v; 0 at the end; -1.  The versions of a key come together, oldest
 * first; keys, with parallel above 1, in any order.  Of "keys", each comes,
 * also one without an object.  Objects whose names are not ours are passed
 * over and counted.
 */
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
