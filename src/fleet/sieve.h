/*
 * sieve -- one directory of a walk: reads it and keeps the databases, with
 * what lies beside each, and notes on the trail the directories to enter.
 */
#ifndef FLEET_SIEVE_H
#define FLEET_SIEVE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "fleet/dents.h"
#include "fleet/mates.h"
#include "fleet/pattern.h"
#include "fleet/scope.h"
#include "fleet/trail.h"
#include "fleet/walk.h"

enum {
	SIEVE_TURN = 128	/* entries; each may cost a stat(2) */
};

struct sieve {
	struct walk_entry *entries;	/* until the next directory */
	size_t nentries, cap;
	struct dents dents;
	struct mates mates;

	/* As given to sieve_init(). */
	const struct scope *scope;
	struct trail *trail;
	bool follow;
	void (*tell)(void *ctx, const char *path, const struct err *why);
	void *ctx;
	/* May be set after that; called with ctx once for so many entries.
	 * Non-zero: leave the directory. */
	int (*turn)(void *ctx);

	/* Of the directory in hand. */
	const struct pattern *pattern;
	struct trail_dir *dir;
	size_t name_max;	/* longer ones would make too long a path */
	bool whole;		/* names are not enough, paths must be asked */
	unsigned nsince;	/* entries since turn() was called */
};

/* tell: called for an entry that might be a database and cannot be named or
 * looked at.  recall: may be NULL.  All that is given must outlive the
 * sieve. */
void sieve_init(struct sieve *s, const struct scope *scope,
    struct trail *trail, struct recall *recall, bool follow,
    void (*tell)(void *ctx, const char *path, const struct err *why),
    void *ctx);
void sieve_fini(struct sieve *s);

/*
 * Sift the last directory of the trail, on which scope_directory() was
 * called.  st: its stat values now; real_len: bytes of its real path.  -1 with
 * errno if it could not be read to the end; entries are as far as it went.  1
 * if turn() wanted to leave it; then there are none.
 */
int sieve_directory(struct sieve *s, const struct pattern *pattern,
    const struct stat *st, size_t real_len);

#endif
