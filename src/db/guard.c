#include "db/guard.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/clock.h"
#include "base/io.h"
#include "db/mapped.h"

enum {
	/* sqlite3_filename_wal() and friends: 3.31; serialize by default */
	SQLITE_OLDEST = 3036000
};

static _Thread_local bool exempted;
static _Thread_local int last_fd = -1;
static _Thread_local int last_errno;
static _Thread_local int read_errno;
static _Thread_local int64_t patience_ms = INT64_MAX;

static int (*real_open)(const char *, int, int);
static int (*real_unlink)(const char *);
static int (*real_ftruncate)(int, off_t);
static ssize_t (*real_read)(int, void *, size_t);
static ssize_t (*real_pread)(int, void *, size_t, off_t);
static ssize_t (*real_pread64)(int, void *, size_t, off_t);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_pwrite64)(int, const void *, size_t, off_t);
static int (*real_fallocate)(int, off_t, off_t);
static int (*real_mkdir)(const char *, mode_t);
static int (*real_rmdir)(const char *);
static int (*real_fchmod)(int, mode_t);
static int (*real_fchown)(int, uid_t, gid_t);
static void *(*real_mmap)(void *, size_t, int, int, int, off_t);
static int (*real_munmap)(void *, size_t);
static void *(*real_mremap)(void *, size_t, size_t, int);
static int (*real_sleep)(sqlite3_vfs *, int);

static int
open_resolved(const char *path, int flags)
{
	struct open_how how;
	static bool no_openat2;
	int fd;

	if (!no_openat2) {
		memset(&how, 0, sizeof(how));
		how.flags = (uint64_t)(unsigned int)flags;
		how.resolve = RESOLVE_NO_SYMLINKS;
		fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how,
		    sizeof(how));
		if (fd != -1 || errno != ENOSYS)
			return (fd);
		no_openat2 = true;
	}
	return (open(path, flags));
}

/*
 * O_NONBLOCK means nothing for a regular file and keeps a FIFO from waiting
 * for its other end.  O_NOATIME is for the owner and root only.
 */
static int
open_quietly(const char *path, int flags)
{
	int fd;

	flags |= O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	fd = open_resolved(path, flags | O_NOATIME);
	if (fd == -1 && errno == EPERM)
		fd = open_resolved(path, flags);
	return (fd);
}

static int
guarded_open(const char *path, int flags, int mode)
{
	int fd;

	if (exempted)
		fd = real_open(path, flags, mode);
	else if ((flags & O_ACCMODE) != O_RDONLY ||
	    (flags & (O_CREAT | O_TRUNC)) != 0) {
		errno = EACCES;
		return (-1);
	} else
		fd = open_quietly(path, flags);
	if (fd != -1)
		last_fd = fd;
	else
		last_errno = errno;
	return (fd);
}

static ssize_t
note(ssize_t n)
{
	if (n == -1 && errno != EINTR)
		read_errno = errno;
	return (n);
}

static ssize_t
guarded_read(int fd, void *p, size_t n)
{
	return (note(real_read(fd, p, n)));
}

static ssize_t
guarded_pread(int fd, void *p, size_t n, off_t off)
{
	return (note(real_pread(fd, p, n, off)));
}

static ssize_t
guarded_pread64(int fd, void *p, size_t n, off_t off)
{
	return (note(real_pread64(fd, p, n, off)));
}

static int
refuse(void)
{
	errno = EPERM;
	return (-1);
}

static int
guarded_unlink(const char *path)
{
	return (exempted ? real_unlink(path) : refuse());
}

static int
guarded_ftruncate(int fd, off_t size)
{
	return (exempted ? real_ftruncate(fd, size) : refuse());
}

static ssize_t
guarded_write(int fd, const void *p, size_t n)
{
	return (exempted ? real_write(fd, p, n) : refuse());
}

static ssize_t
guarded_pwrite(int fd, const void *p, size_t n, off_t off)
{
	return (exempted ? real_pwrite(fd, p, n, off) : refuse());
}

static ssize_t
guarded_pwrite64(int fd, const void *p, size_t n, off_t off)
{
	return (exempted ? real_pwrite64(fd, p, n, off) : refuse());
}

static int
guarded_fallocate(int fd, off_t off, off_t n)
{
	return (exempted ? real_fallocate(fd, off, n) : refuse());
}

static int
guarded_mkdir(const char *path, mode_t mode)
{
	return (exempted ? real_mkdir(path, mode) : refuse());
}

static int
guarded_rmdir(const char *path)
{
	return (exempted ? real_rmdir(path) : refuse());
}

static int
guarded_fchmod(int fd, mode_t mode)
{
	return (exempted ? real_fchmod(fd, mode) : 0);
}

static int
guarded_fchown(int fd, uid_t uid, gid_t gid)
{
	return (exempted ? real_fchown(fd, uid, gid) : 0);
}

/* A target of restore --force is not only ours, so that is noted, too. */
static void *
guarded_mmap(void *at, size_t n, int prot, int flags, int fd, off_t off)
{
	void *p = real_mmap(at, n, prot, flags, fd, off);

	if (p != MAP_FAILED && !mapped_keep(p, n, prot)) {
		(void)real_munmap(p, n);
		errno = ENOMEM;
		return (MAP_FAILED);
	}
	return (p);
}

static int
guarded_munmap(void *p, size_t n)
{
	mapped_drop(p, n);
	return (real_munmap(p, n));
}

/* Of a database, where SQLite maps them: refused, it reads instead. */
static void *
guarded_mremap(void *p, size_t from, size_t to, int flags)
{
	(void)p;
	(void)from;
	(void)to;
	(void)flags;
	errno = ENOMEM;
	return (MAP_FAILED);
}

static int
guarded_sleep(sqlite3_vfs *vfs, int us)
{
	return (clock_mono_ms() < patience_ms ? real_sleep(vfs, us) : us);
}

/* A call that this SQLite was built without is not there to be replaced. */
static int
replace(sqlite3_vfs *vfs, const char *name, sqlite3_syscall_ptr ours,
    sqlite3_syscall_ptr *theirs)
{
	if ((*theirs = vfs->xGetSystemCall(vfs, name)) == NULL)
		return (0);
	return (vfs->xSetSystemCall(vfs, name, ours) == SQLITE_OK ? 0 : -1);
}

#define REPLACE(vfs, call)						\
	replace((vfs), #call, (sqlite3_syscall_ptr)guarded_##call,	\
	    (sqlite3_syscall_ptr *)(void *)&real_##call)

static int
replace_all(sqlite3_vfs *vfs)
{
	if (REPLACE(vfs, open) == -1 || REPLACE(vfs, read) == -1 ||
	    REPLACE(vfs, pread) == -1 || REPLACE(vfs, pread64) == -1 ||
	    REPLACE(vfs, unlink) == -1 ||
	    REPLACE(vfs, ftruncate) == -1 || REPLACE(vfs, write) == -1 ||
	    REPLACE(vfs, pwrite) == -1 || REPLACE(vfs, pwrite64) == -1 ||
	    REPLACE(vfs, fallocate) == -1 || REPLACE(vfs, mkdir) == -1 ||
	    REPLACE(vfs, rmdir) == -1 || REPLACE(vfs, fchmod) == -1 ||
	    REPLACE(vfs, fchown) == -1 || REPLACE(vfs, mmap) == -1 ||
	    REPLACE(vfs, munmap) == -1 || REPLACE(vfs, mremap) == -1)
		return (-1);
	return (real_open != NULL && real_unlink != NULL &&
	    real_ftruncate != NULL && real_write != NULL &&
	    real_mmap != NULL && real_munmap != NULL ? 0 : -1);
}

int
guard_install(struct err *e)
{
	static bool installed;
	sqlite3_vfs *vfs;
	int rc;

	/* Who forked this process may have installed it, and a worker begins
	 * without handlers. */
	if (installed) {
		mapped_watch();
		return (0);
	}
	if (sqlite3_libversion_number() < SQLITE_OLDEST) {
		err_set(e, ERR_CONFIG, "SQLite %s is too old: 3.36 is needed",
		    sqlite3_libversion());
		return (-1);
	}
	if (sqlite3_compileoption_used("OMIT_WAL") ||
	    sqlite3_compileoption_used("SHM_DIRECTORY")) {
		err_set(e, ERR_CONFIG,
		    "this SQLite was built without WAL mode or with another "
		    "place for -shm files");
		return (-1);
	}
	if ((rc = sqlite3_initialize()) != SQLITE_OK) {
		err_set(e, ERR_CONFIG, "start SQLite: %s", sqlite3_errstr(rc));
		return (-1);
	}
	vfs = sqlite3_vfs_find(NULL);
	if (vfs == NULL || strcmp(vfs->zName, "unix") != 0 ||
	    vfs->iVersion < 3 || replace_all(vfs) == -1) {
		err_set(e, ERR_CONFIG,
		    "this SQLite's file access cannot be guarded (VFS %s)",
		    vfs == NULL ? "none" : vfs->zName);
		return (-1);
	}
	real_sleep = vfs->xSleep;
	vfs->xSleep = guarded_sleep;
	mapped_watch();
	installed = true;
	return (0);
}

bool
guard_exempt(bool exempt)
{
	bool before = exempted;

	exempted = exempt;
	return (before);
}

void
guard_patience(int64_t until_ms)
{
	patience_ms = until_ms;
}

int
guard_last_fd(void)
{
	return (last_fd);
}

int
guard_last_errno(void)
{
	return (last_errno);
}

int
guard_read_errno(void)
{
	return (read_errno);
}

void
guard_forget(void)
{
	last_fd = -1;
	last_errno = read_errno = 0;
}

int
guard_open(const char *path)
{
	struct stat st;
	int fd;

	if ((fd = open_quietly(path, O_RDONLY)) == -1)
		return (-1);
	if (fstat(fd, &st) == -1)
		io_close(&fd);
	else if (!S_ISREG(st.st_mode)) {
		io_close(&fd);
		errno = ENXIO;
	}
	return (fd);
}

void
guard_explain(struct err *e, int errnum, const char *path)
{
	switch (errnum) {
	case ELOOP:
		err_set(e, ERR_DENIED,
		    "%s: a symbolic link is on the way, which is not followed",
		    path);
		break;
	case ENXIO:
		err_set(e, ERR_DENIED, "%s: not a regular file", path);
		break;
	case ENOTDIR:
		err_set(e, ERR_GONE, "%s: no such file", path);
		break;
	default:
		errno = errnum;
		err_io(e, "open %s", path);
		break;
	}
}
