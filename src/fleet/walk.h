/*
 * walk -- finding the databases: from the literal directory of each pattern
 * down, by directory descriptors (openat, getdents64, O_NOFOLLOW), only where
 * the pattern can still match.  It stats no database, but where the pattern
 * leaves a single name to be looked up instead of a directory to be read.
 *
 * Only regular files (and with "follow" links to them) are databases.  A
 * companion (X-wal, X-shm, X-journal where a file X is there) never is.  A
 * path that two patterns match belongs to the first.  Never entered: /proc,
 * /sys and cgroup file systems, the "avoid" directories, what an exclude
 * matches, with one_file_system other devices than the literal directory's,
 * and with "follow" a directory that is one of its own parents.  A directory
 * that vanishes meanwhile is nothing to speak of.
 *
 * Two links in each of a few directories make more ways than can be walked.
 * So with "follow" a way of more than WALK_LINKS_MAX links is a fault, and so
 * is one by links to a directory to which WALK_WAYS_MAX of them led: of the
 * ways that begin with one name in the literal directory, which is what one
 * tenant has, so that none uses up what is another's.  Each such name is told
 * once.
 *
 * Owner: the supervisor (or anyone, for a dry run).
 */
#ifndef FLEET_WALK_H
#define FLEET_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "fleet/pattern.h"

struct recall;

enum {
	WALK_LINKS_MAX = 8,
	WALK_WAYS_MAX = 64
};

enum walk_flag {		/* seen beside the database in its directory; */
	WALK_WAL = 1,		/* all of them where it is not known: for a */
	WALK_SHM = 2,		/* link, and where reading broke off */
	WALK_JOURNAL = 4
};

struct walk_entry {
	const char *name;
	uint8_t flags;
};

/* The databases of one directory; everything lives until the call returns. */
struct walk_dir {
	const char *path;	/* as the pattern names it; no slash at the
				 * end, so "" for the root */
	const char *real;	/* the same with all links resolved */
	const struct walk_entry *entries;
	size_t nentries;	/* > 0 */
	size_t pattern;		/* number of the one that found them */
};

struct walk_cfg {
	const struct pattern *const *patterns;
	size_t npatterns;
	const char *const *excludes;	/* globs: a '/' in it: over absolute
					 * paths (as patterns are), else over
					 * names; of files and directories */
	size_t nexcludes;
	const char *const *avoid;	/* directories; may not exist */
	size_t navoid;
	bool follow;
	bool one_file_system;
	struct recall *recall;	/* fleet/recall.h, for walks that come again;
				 * or NULL */

	/* Called per directory with databases.  Non-zero ends the walk. */
	int (*found)(void *ctx, const struct walk_dir *dir);
	/*
	 * Called for each directory, and now and then within a large one,
	 * whatever is found: so often that it should look at no more than the
	 * clock.  Non-zero ends the walk.  Or NULL.
	 */
	int (*turn)(void *ctx);
	/*
	 * Called, once each, for a directory or entry that might hold or be a
	 * database and could not be read or named; e is borrowed.  Classes
	 * denied, limit, io, and gone for a literal directory.
	 */
	void (*fault)(void *ctx, const struct err *e);
	void *ctx;
};

/*
 * Check the excludes and that the literal directory of each pattern exists.
 * Class usage, naming the pattern or the glob.  Touches nothing.
 */
int walk_check(const struct walk_cfg *cfg, struct err *e);

/*
 * Walk.  Returns 0 at the end, 1 if found() or turn() ended it, -1 with e if
 * the walk cannot go on at all (class io).  A literal directory that has
 * vanished since walk_check() is a fault.
 */
int walk_run(const struct walk_cfg *cfg, struct err *e);

#endif
