/*
 * aside -- move a database and its companions out of the way, together:
 * NAME to NAME.replaced-<timestamp>, then NAME-wal to
 * NAME.replaced-<timestamp>-wal, and so on.
 *
 * The main file goes first: without it, a -wal or -journal left behind by a
 * crash is nothing that SQLite would read; the other way round, the database
 * would be there without what its -wal or -journal holds.
 */
#ifndef DB_ASIDE_H
#define DB_ASIDE_H

#include <stdbool.h>

#include "base/err.h"

/*
 * rename(2) that never replaces; where the file system has no such thing, a
 * link and an unlink.  0, or -1 with errno.
 */
int aside_rename(const char *from, const char *to);

struct aside;

/*
 * Move aside what there is of the database "path" and fsync the directory.
 * Classes denied, space, io: then all is back where it was, or, if not even
 * that can be had, the message says where it is.  aside_free().
 */
struct aside *aside_move(const char *path, struct err *e);
void aside_free(struct aside *a);

/*
 * Where the main file went; if there was none, the first companion; NULL if
 * there was nothing.  Lives as long as *a.
 */
const char *aside_where(const struct aside *a);

/*
 * Move all back, because of the error in *e.  If that cannot be had, or
 * another file is at the path by now, the message gets where the old one is,
 * and false is returned.
 */
bool aside_undo(const struct aside *a, struct err *e);

#endif
