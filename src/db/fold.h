/*
 * fold -- SQLite's exclusive lock on a database that is to be replaced, taken
 * so that all it has committed is in its one file and no companion lies
 * beside it.
 *
 * Everything is left to SQLite: it rolls a hot journal back, folds the -wal
 * into the file and removes it.  Killed at any point, it leaves a database
 * with the companions that belong to it.  WAL mode is left only under the lock.
 */
#ifndef DB_FOLD_H
#define DB_FOLD_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sqlite3;

/*
 * Lock the database "path" and make it fold.  Returns 1 with *db: the lock is
 * held, path is the file that it is held on, and path-wal, -shm and -journal
 * do not exist; 0 if SQLite cannot do that (damaged, no database, not
 * writable); -1 with class busy: locked by somebody else until deadline_ms
 * (clock_mono_ms()), tried at least once; its content and mode are as they
 * were; or as guard_install(), which it calls.  Lifts the write guard of this
 * thread meanwhile; who cuts the -shm off then makes it busy (db/mapped.h).
 */
int fold_lock(const char *path, int64_t deadline_ms, struct sqlite3 **db,
    struct err *e);

/* Give the lock back, whatever is at the path by now.  NULL does nothing. */
void fold_unlock(struct sqlite3 *db);

#endif
