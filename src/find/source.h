/*
 * source -- one listing of a store, as the versions that are wanted of it,
 * key after key.
 */
#ifndef FIND_SOURCE_H
#define FIND_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "find/find.h"
#include "fleet/pattern.h"

/* What is wanted, the same for all sources of a find. */
struct source_rule {
	struct pattern *pattern;	/* NULL: every key */
	bool below;		/* not keys that match, but all below them */
	bool all;		/* as in find.h, and these: */
	int64_t before_ms, stored_before_ms;
	bool tell_young;
	uint64_t nforeign;	/* names that were passed over */
	struct buf path;	/* "/" and a key, for the pattern */
};

struct source_cfg {
	struct store *store;
	struct source_rule *rule;	/* outlives the source */
	struct store_list_cfg list;
	bool deeper;		/* what lies directly in list.prefix is for
				 * another source */
	const char *only;	/* this key, below which "list" is a shallow
				 * listing: the pattern is not asked, and if
				 * nothing else comes, the key alone does */
};

enum source_step {
	SOURCE_ERROR = -1,
	SOURCE_END,
	SOURCE_VERSION,
	SOURCE_DIRECTORY,	/* of a shallow listing: v->key is its name,
				 * with a slash at the end */
	SOURCE_WAIT		/* nothing before its lister is ready */
};

struct source;

/* What store_list() says. */
struct source *source_new(const struct source_cfg *cfg, struct err *e);
void source_free(struct source *s);

/* What comes next; *v lives until the next call. */
enum source_step source_step(struct source *s, struct find_version *v,
    struct err *e);

/* Has a version of a key come that may have more? */
bool source_amid_key(const struct source *s);

/* To wait for. */
struct store_lister *source_lister(struct source *s);

#endif
