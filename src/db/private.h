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

/*
 * Make a directory of mode 0700 in "spool" (likewise) and put its path into
 * *dir (reset first).
 */
int private_make(const char *spool, struct buf *dir, struct err *e);

/* Create file "name" in that directory; *path (reset first) is its path.
 * Returns a descriptor or -1. */
int private_create(const struct buf *dir, const char *name,
    struct buf *path, struct err *e);

/* Remove such a directory with all that is in it, and reset *dir; does
 * nothing if dir is empty.  What cannot be removed stays for
 * private_sweep(). */
void private_remove(struct buf *dir);

/* Remove what processes of this user left in "spool" more than a day ago. */
void private_sweep(const char *spool);

#endif
