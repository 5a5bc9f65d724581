/*
 * pin -- a database held still: open through SQLite's VFS and locked SHARED.
 *
 * While SHARED is held nobody gets EXCLUSIVE: there is no write in rollback
 * mode, no roll-back of a hot journal, no change of the journal mode, and
 * nobody who removes the -wal or -shm as the last to leave.  What goes on is
 * the write-ahead log: commits and checkpoints.
 */
#ifndef DB_PIN_H
#define DB_PIN_H

#include <sys/stat.h>

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

#include "base/err.h"

/* What the parts that take an image return, besides 0 and -1. */
enum {
	PIN_AGAIN = 1,		/* it moved, or SQLite was not ready: throw
				 * away what there is and start again */
	PIN_NO_DATABASE = 2	/* not SQLite's magic */
};

enum pin_companion {
	PIN_DB,
	PIN_WAL,
	PIN_SHM,
	PIN_JOURNAL,
	PIN_NNAMES
};

enum {
	PIN_NAME_BYTES = PATH_MAX + 16
};

struct pin {
	sqlite3_vfs *vfs;
	sqlite3_file *file;	/* closed: its pMethods are NULL */
	const char *name;	/* sqlite3_create_filename() */
	int fd;			/* file's own, never to be closed here */
	struct stat st;		/* read after the lock was taken */
	bool locked;
	char names[PIN_NNAMES][PIN_NAME_BYTES];
	char reason[256];	/* of the last PIN_AGAIN */
};

void pin_init(struct pin *p);
void pin_fini(struct pin *p);

/*
 * Open "path" and take SHARED, polling until deadline_ms (clock_mono_ms())
 * while somebody else keeps it.  Class busy, gone, denied, limit, io.
 */
int pin_open(struct pin *p, const char *path, int64_t deadline_ms,
    struct err *e);

/* Give the lock back; the file stays open.  Does nothing if not locked. */
void pin_unlock(struct pin *p);

/* Unlock and close; does nothing if not open. */
void pin_close(struct pin *p);

/*
 * Is there anything by that name, whatever its size?  1, 0, or -1 if that
 * cannot be found out (class io, denied).  (xAccess() says no for an empty
 * file, and wherever stat(2) fails.  A log that a checkpoint emptied is in use
 * all the same, and may be filled and emptied again between two looks.)
 */
int pin_exists(const struct pin *p, enum pin_companion which, struct err *e);

/* Is the file that was pinned still the one at its path? */
bool pin_in_place(const struct pin *p);

/* Note why to start again; returns PIN_AGAIN. */
int pin_again(struct pin *p, const char *fmt, ...)
    __attribute__((__format__(__printf__, 2, 3)));

/*
 * What SQLite's code "rc" means for this image: PIN_AGAIN, or -1 with *e.
 * guard_forget() must have been called before what failed.
 */
int pin_failed(struct pin *p, int rc, const char *what, struct err *e);

#endif
