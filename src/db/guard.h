/*
 * guard -- what SQLite may do to files of others: read and lock them, and
 * nothing else.
 *
 * Installed through sqlite3_vfs.xSetSystemCall of the default unix VFS, so it
 * holds for every use of SQLite in the process.  While it is on,
 *   open       of more than read-only, or creating: fails with EACCES;
 *              follows no symbolic link anywhere in the path (ELOOP), never
 *              blocks on a FIFO, and leaves the access time alone where the
 *              kernel lets it
 *   unlink, ftruncate, write, pwrite, fallocate, mkdir, rmdir: fail (EPERM)
 *   fchown, fchmod: do nothing (SQLite "repairs" owner and mode of an empty
 *              -wal or -shm that it merely reads)
 *   mmap       is noted, so that who cuts the file off kills nobody
 *              (db/mapped.h).
 * A -shm is so opened read-only and can only be mapped for reading.
 *
 * A thread that works on files of our own (private copies, the target of a
 * restore) takes the exemption for as long as it does.
 */
#ifndef DB_GUARD_H
#define DB_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Initialise SQLite and set the guard, once per process; later calls set the
 * handler of SIGBUS where it was reset, and succeed.  It is inherited over
 * fork(2).  Class config: SQLite is too old, was built without what is needed,
 * or its default VFS is not "unix".
 */
int guard_install(struct err *e);

/*
 * Lift the guard for the calling thread, or put it back.  Returns what it was
 * before, to be put back, so that uses nest.
 */
bool guard_exempt(bool exempt);

/*
 * From this moment on (clock_mono_ms(); INT64_MAX: never) SQLite's waits in the
 * calling thread take no time: it tries as often as ever, and gives up.  Of a
 * broken WAL index, for one, it hopes for ten seconds that somebody mends it.
 */
void guard_patience(int64_t until_ms);

/*
 * The descriptor that the last successful open(2) made by SQLite in this
 * thread gave, or -1.  Right after xOpen() it is the file's: whoever needs
 * fstat(2) or FICLONE must use it, since opening and closing a database a
 * second time would drop SQLite's locks on it.
 */
int guard_last_fd(void);

/*
 * errno of the last open(2) of this thread that the kernel (not the guard)
 * refused, and of the last read(2) or pread(2) that SQLite made and that
 * failed, which SQLite may call a malformed database; 0 if none did since
 * guard_forget().
 */
int guard_last_errno(void);
int guard_read_errno(void);
void guard_forget(void);

/*
 * open(2) "path" for reading as the guard does it for SQLite: for -wal and
 * -journal files, where SQLite keeps no locks.  Returns a descriptor, or -1
 * with errno; ENXIO if it is not a regular file.
 */
int guard_open(const char *path);

/* Set *e to why opening "path" failed with errnum under the guard. */
void guard_explain(struct err *e, int errnum, const char *path);

#endif
