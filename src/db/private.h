/*
 * private -- files and directories of our own in the spool.  Their names
 * begin with PRIVATE_PREFIX, so that what a killed process left is known.
 * Errors are of class io, space, denied or limit: never gone or busy, which
 * are said of databases.
 */
#ifndef DB_PRIVATE_H
#define DB_PRIVATE_H

#include "base/buf.h"
#include "base/err.h"

#define PRIVATE_PREFIX	".litefleet-"

/*
 * Open a file without a name in directory "spool" (made if missing, mode
 * 0700), to be read and written; returns a descriptor or -1.
 */
int private_unnamed(const char *spool, struct err *e);

/* A directory of our own; its lock says that somebody is at work in it. */
struct private_dir {
	struct buf path;
	int fd;
};
#define PRIVATE_NONE	{ .fd = -1 }

/* Make a directory of mode 0700 in "spool" (likewise); *dir is PRIVATE_NONE. */
int private_make(const char *spool, struct private_dir *dir, struct err *e);

/* Create file "name" in that directory; *path (reset first) is its path.
 * Returns a descriptor or -1. */
int private_create(const struct private_dir *dir, const char *name,
    struct buf *path, struct err *e);

/* Remove such a directory with all that is in it; does nothing if there is
 * none.  What cannot be removed stays for private_sweep(). */
void private_remove(struct private_dir *dir);

/* Remove what processes of this user left in "spool" more than a day ago; by
 * a clock that may have been set, so nothing that is locked. */
void private_sweep(const char *spool);

#endif
