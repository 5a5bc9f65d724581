/*
 * replace -- put a restored file in the place of a database that is there,
 * so that at no point a -wal or -journal lies beside a file that it does not
 * belong to.
 *
 * Owner: a worker, or restore.  Where SQLite can, its exclusive lock on the
 * old database is taken and it is made to fold and remove its companions, the
 * directory is synced, and the new file is renamed over the old one under that
 * lock.  Where it cannot (damaged, not a database, a path that is too long for
 * it), the old file is moved aside as NAME.replaced-<timestamp>, then its
 * companions likewise (NAME-wal to NAME.replaced-<timestamp>-wal), the
 * directory is synced, and the new file is renamed without replacing.
 *
 * Nothing here logs.
 */
#ifndef DB_REPLACE_H
#define DB_REPLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * What of a database is at "path": the first of path, path-wal, path-shm,
 * path-journal that exists (a dangling link too), as a suffix ("", "-wal",
 * ...), or NULL.
 */
const char *replace_exists(const char *path);

/* What SQLite would take the file "path" for a part of, by its name: the path
 * without a companion's suffix, if something but a directory is there.  Freed
 * by the caller; NULL: nothing. */
char *replace_base(const char *path);

/*
 * A name in the directory of "path": its last component between "before" and
 * "after", cut (between characters) so that all of it and "room" bytes more
 * are a name that a file may have.  The caller frees.
 */
char *replace_beside(const char *path, const char *before, const char *after,
    size_t room);

/*
 * Rename the finished, synced file "tmp" to "path" (same directory), where
 * nothing may be, and fsync the directory.  Class exists: something is there,
 * or a companion is; else as replace_db().
 */
int replace_none(const char *tmp, const char *path, struct err *e);

/*
 * Rename the finished, synced file "tmp" (same directory) to "path",
 * replacing the database there and its companions; then fsync the directory.
 * Also right if nothing is there.  "*moved" (freed by the caller, also after
 * failure) names where the old file, or the first of its companions if it was
 * missing, was moved to, or is NULL.  "*unknown": whether another process has
 * it open could not be found out.  Waits at most busy_timeout_ms for others
 * to close it.
 *
 * Class busy: somebody has the old database open; nothing was changed.  Class
 * exists: "path" is no regular file, or a companion is a database of its own:
 * they are not replaced.  Other classes: io, denied, space.  On failure tmp
 * is left where it is, unless only the last fsync failed.
 */
int replace_db(const char *tmp, const char *path, int64_t busy_timeout_ms,
    char **moved, bool *unknown, struct err *e);

#endif
