#include "db/pin.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hook.h"
#include "base/mem.h"
#include "db/guard.h"

enum {
	POLL_FIRST_MS = 1,
	POLL_LAST_MS = 16
};

static const char *const suffix[PIN_NNAMES] = {
	[PIN_DB] = "",
	[PIN_WAL] = "-wal",
	[PIN_SHM] = "-shm",
	[PIN_JOURNAL] = "-journal"
};

void
pin_init(struct pin *p)
{
	memset(p, 0, sizeof(*p));
	p->vfs = sqlite3_vfs_find(NULL);
	p->file = mem_zero((size_t)p->vfs->szOsFile);
	p->fd = -1;
}

void
pin_fini(struct pin *p)
{
	if (p->file != NULL)
		pin_close(p);
	free(p->file);
	p->file = NULL;
}

static int
set_names(struct pin *p, const char *path, struct err *e)
{
	size_t n = strlen(path);
	int i;

	if (n > PATH_MAX) {
		err_set(e, ERR_LIMIT, "%s: path longer than %d bytes", path,
		    PATH_MAX);
		return (-1);
	}
	for (i = 0; i < PIN_NNAMES; i++) {
		memcpy(p->names[i], path, n);
		memcpy(p->names[i] + n, suffix[i], strlen(suffix[i]) + 1);
	}
	p->name = sqlite3_create_filename(path, p->names[PIN_JOURNAL],
	    p->names[PIN_WAL], 0, NULL);
	if (p->name == NULL) {
		err_set(e, ERR_IO, "%s: out of memory", path);
		return (-1);
	}
	return (0);
}

static int
lock(struct pin *p, int64_t deadline_ms, struct err *e)
{
	int64_t pause_ms = POLL_FIRST_MS;
	int rc;

	for (;;) {
		rc = p->file->pMethods->xLock(p->file, SQLITE_LOCK_SHARED);
		if (rc == SQLITE_OK) {
			p->locked = true;
			return (0);
		}
		if (rc != SQLITE_BUSY) {
			err_set(e, ERR_IO, "lock %s: %s", p->names[PIN_DB],
			    sqlite3_errstr(rc));
			return (-1);
		}
		if (clock_mono_ms() >= deadline_ms)
			break;
		clock_sleep_ms(pause_ms);
		if (pause_ms < POLL_LAST_MS)
			pause_ms *= 2;
	}
	err_set(e, ERR_BUSY, "%s: locked by another process",
	    p->names[PIN_DB]);
	return (-1);
}

static int
open_file(struct pin *p, struct err *e)
{
	int rc;

	guard_forget();
	rc = p->vfs->xOpen(p->vfs, p->name, p->file,
	    SQLITE_OPEN_READONLY | SQLITE_OPEN_MAIN_DB, NULL);
	if (rc == SQLITE_OK) {
		p->fd = guard_last_fd();
		return (0);
	}
	p->file->pMethods = NULL;
	if (guard_last_errno() != 0)
		guard_explain(e, guard_last_errno(), p->names[PIN_DB]);
	else
		err_set(e, ERR_IO, "open %s: %s", p->names[PIN_DB],
		    sqlite3_errstr(rc));
	return (-1);
}

int
pin_open(struct pin *p, const char *path, int64_t deadline_ms,
    struct err *e)
{
	if (set_names(p, path, e) == -1)
		goto out;
	HOOK("image-open", path);
	if (open_file(p, e) == -1)
		goto out;
	if (lock(p, deadline_ms, e) == -1)
		goto out;
	HOOK("image-locked", path);
	if (fstat(p->fd, &p->st) == -1) {
		err_io(e, "stat %s", path);
		goto out;
	}
	if (!S_ISREG(p->st.st_mode)) {
		guard_explain(e, ENXIO, path);
		goto out;
	}
	return (0);
out:
	pin_close(p);
	return (-1);
}

void
pin_unlock(struct pin *p)
{
	if (p->locked) {
		assert(p->file->pMethods != NULL);
		(void)p->file->pMethods->xUnlock(p->file, SQLITE_LOCK_NONE);
	}
	p->locked = false;
}

void
pin_close(struct pin *p)
{
	pin_unlock(p);
	if (p->file->pMethods != NULL)
		(void)p->file->pMethods->xClose(p->file);
	p->file->pMethods = NULL;
	p->fd = -1;
	sqlite3_free_filename((char *)(uintptr_t)p->name);
	p->name = NULL;
}

int
pin_exists(const struct pin *p, enum pin_companion which, struct err *e)
{
	struct stat st;

	if (lstat(p->names[which], &st) == 0)
		return (1);
	if (errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG)
		return (0);
	err_io(e, "stat %s", p->names[which]);
	return (-1);
}

bool
pin_in_place(const struct pin *p)
{
	struct stat st;

	return (lstat(p->names[PIN_DB], &st) == 0 &&
	    st.st_dev == p->st.st_dev && st.st_ino == p->st.st_ino);
}

int
pin_again(struct pin *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(p->reason, sizeof(p->reason), fmt, ap);
	va_end(ap);
	return (PIN_AGAIN);
}

static enum err_class
class_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return (ERR_CORRUPT);
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return (ERR_DENIED);
	case SQLITE_FULL:
		return (ERR_SPACE);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return (ERR_BUSY);
	default:
		return (ERR_IO);
	}
}

/* Says what the kernel said. */
static int
blame_kernel(const struct pin *p, int errnum, const char *what, struct err *e)
{
	errno = errnum;
	err_io(e, "%s: %s", p->names[PIN_DB], what);
	return (-1);
}

int
pin_failed(struct pin *p, int rc, const char *what, struct err *e)
{
	int errnum = guard_last_errno();

	if (guard_read_errno() != 0)
		return (blame_kernel(p, guard_read_errno(), what, e));
	switch (rc) {
	case SQLITE_CANTOPEN:
		/* Waiting does not help against these. */
		if (errnum == EACCES || errnum == EPERM || errnum == ELOOP) {
			err_set(e, ERR_DENIED, "%s: its -wal or -shm cannot be "
			    "read: %s", p->names[PIN_DB], strerror(errnum));
			return (-1);
		}
		if (errnum == EMFILE || errnum == ENFILE || errnum == ENOMEM ||
		    errnum == EIO)
			return (blame_kernel(p, errnum, what, e));
		/* FALLTHROUGH */
	case SQLITE_BUSY:
	case SQLITE_BUSY_RECOVERY:
	case SQLITE_READONLY_RECOVERY:
	case SQLITE_IOERR_SHORT_READ:
	case SQLITE_READONLY_ROLLBACK:
	case SQLITE_READONLY_CANTINIT:
	case SQLITE_READONLY_DIRECTORY:
		return (pin_again(p, "%s: %s (%d)", what, sqlite3_errstr(rc),
		    rc));
	default:
		err_set(e, class_of(rc), "%s: %s: %s (%d)", p->names[PIN_DB],
		    what, sqlite3_errstr(rc), rc);
		return (-1);
	}
}
