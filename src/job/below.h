/*
 * below -- directories below one root, each reached once and then kept by a
 * descriptor, so that no symbolic link leads anywhere else: openat2(2) with
 * RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS.  Paths may be as deep and as long
 * as the file system lets them.
 *
 * Descriptors that are not in use are kept, the least recently used one is
 * closed first.  Owner: one process.
 */
#ifndef JOB_BELOW_H
#define JOB_BELOW_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "base/err.h"

struct below;

/* A directory; as long as it is held, its descriptor is open. */
struct below_dir {
	int fd;			/* O_PATH */
	char *path;		/* below the root, "" for the root itself */
	/* below's own */
	size_t len;
	unsigned nheld;
	bool listed;		/* can be found by its path */
	struct below_dir *chain;
	TAILQ_ENTRY(below_dir) idle;
};

/*
 * Open the root, made if it is missing, with the directories above it, 0700.
 * At most "nkeep" descriptors that nobody holds are kept.  Class denied, space,
 * io; exists: it is no directory.
 */
struct below *below_open(const char *root, size_t nkeep, struct err *e);
void below_close(struct below *b);

/*
 * Hold the directory path[0 .. len-1] ("" is the root), made with those above
 * it, 0700, if "make".  Class not-found: it is not there, and not to be made;
 * exists: a file is in the way; denied: a symbolic link is, or the path has a
 * component that is empty, "." or ".."; limit: a name too long; space, io.
 */
struct below_dir *below_hold(struct below *b, const char *path, size_t len,
    bool make, struct err *e);
void below_release(struct below *b, struct below_dir *dir);

/* Has it been removed since?  Then, below_forget() it, and below_hold() looks
 * again; but the root stays the one that was opened.  Keeps errno. */
bool below_is_removed(const struct below_dir *dir);
void below_forget(struct below *b, struct below_dir *dir);

/* Directories that are held. */
size_t below_nheld(const struct below *b);

/* syncfs(2) the file systems of all that was ever held.  Class space, io. */
int below_sync(struct below *b, struct err *e);

/* The root as it was named, without a slash at the end ("" for "/"). */
const char *below_root(const struct below *b);
int below_rootfd(const struct below *b);

#endif
