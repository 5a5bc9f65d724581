/*
 * fault -- LD_PRELOAD: a file system below one directory that fails now and
 * then.
 *
 *     FAULT_DIR=DIR	absolute, without links; all else is left alone
 *     FAULT_KIND=KIND	eio: any of the calls below fails with EIO
 *			read: the same of those that read
 *			space, quota: those that write, with ENOSPC, EDQUOT
 *			short: reads and writes do less than they were asked
 *			signal: reads and writes fail with EINTR
 *			readonly: those that write, with EROFS, all of them
 *			once the file FAULT_SINCE is there: what a kernel does
 *			that finds the file system damaged, to open files, too
 *     FAULT_ONE_IN=N	how often; without it never
 *     FAULT_SEED=N	mixed with the process id
 *     FAULT_LOG=FILE	a line for each fault
 */
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../tool/interpose.h"

enum {
	WRITES = 1,
	READS = 2,
	MOVES = 4,		/* bytes: may be done in part */
	SYNCS = 8
};

static uint64_t rnd;
static pid_t rnd_pid;

static unsigned
below(unsigned n)
{
	const char *seed = getenv("FAULT_SEED");

	if (rnd_pid != getpid()) {
		rnd_pid = getpid();
		rnd = ((seed == NULL ? 1 : strtoull(seed, NULL, 10)) *
		    1000003 + (unsigned long long)rnd_pid + 1) *
		    0x9e3779b97f4a7c15ULL | 1;
	}
	rnd ^= rnd << 13;
	rnd ^= rnd >> 7;
	rnd ^= rnd << 17;
	return ((unsigned)((rnd >> 20) % n));
}

static void
tell(const char *call, const char *path, const char *kind)
{
	const char *log = getenv("FAULT_LOG");
	char line[4400];
	long fd;
	int n;

	if (log == NULL)
		return;
	n = snprintf(line, sizeof(line), "%d %s %s: %s\n", (int)getpid(), call,
	    kind, path);
	fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND |
	    O_CLOEXEC, 0600);
	if (fd == -1)
		return;
	(void)syscall(SYS_write, fd, line, n);
	(void)syscall(SYS_close, fd);
}

static bool
is_below(const char *path)
{
	const char *dir = getenv("FAULT_DIR");
	size_t n;

	if (dir == NULL)
		return (false);
	n = strlen(dir);
	return (strncmp(path, dir, n) == 0 &&
	    (path[n] == '/' || path[n] == '\0'));
}

/* What a descriptor, or a path relative to one, is called. */
static bool
name_of(int dir, const char *path, char *out, size_t size)
{
	char link[40];
	size_t n = 0;
	long got;

	if (path == NULL || path[0] != '/') {
		if (dir == AT_FDCWD)
			(void)snprintf(link, sizeof(link), "/proc/self/cwd");
		else
			(void)snprintf(link, sizeof(link), "/proc/self/fd/%d",
			    dir);
		got = syscall(SYS_readlinkat, AT_FDCWD, link, out, size - 1);
		if (got <= 0)
			return (false);
		n = (size_t)got;
		out[n] = '\0';
	}
	if (path != NULL)
		(void)snprintf(out + n, size - n, "%s%s", n == 0 ? "" : "/",
		    path);
	return (true);
}

/* Is it read-only by now? */
static bool
is_over(void)
{
	const char *since = getenv("FAULT_SINCE");

	return (since != NULL &&
	    syscall(SYS_faccessat, AT_FDCWD, since, F_OK) == 0);
}

/* 0: go on; -1: fail, errno is set; 1: do it in part. */
static int
fate(const char *call, int does, int dir, const char *path)
{
	const char *kind = getenv("FAULT_KIND"), *often;
	char name[4200];
	int saved = errno, ret = -1;

	if (kind == NULL || (often = getenv("FAULT_ONE_IN")) == NULL ||
	    !name_of(dir, path, name, sizeof(name)) || !is_below(name))
		goto none;
	if (strcmp(kind, "readonly") == 0) {
		/* Nothing is left to be synced, and so that succeeds. */
		if ((does & (WRITES | SYNCS)) != WRITES || !is_over())
			goto none;
		errno = EROFS;
	} else if (below((unsigned)atoi(often) + 1) != 0)
		goto none;
	else if (strcmp(kind, "eio") == 0)
		errno = EIO;
	else if (strcmp(kind, "read") == 0 && (does & READS) != 0)
		errno = EIO;
	else if (strcmp(kind, "space") == 0 && (does & WRITES) != 0)
		errno = ENOSPC;
	else if (strcmp(kind, "quota") == 0 && (does & WRITES) != 0)
		errno = EDQUOT;
	else if (strcmp(kind, "signal") == 0 && (does & MOVES) != 0)
		errno = EINTR;
	else if (strcmp(kind, "short") == 0 && (does & MOVES) != 0)
		ret = 1;
	else
		goto none;
	saved = errno;
	tell(call, name, kind);
	errno = saved;
	return (ret);
none:
	errno = saved;
	return (0);
}

static size_t
part(size_t n)
{
	return (n > 1 ? 1 + below((unsigned)(n - 1)) : n);
}

#define MOVE(name, symbol, does, type)					\
ssize_t									\
name(int fd, type p, size_t n)						\
{									\
	int f = fate(symbol, (does) | MOVES, fd, NULL);			\
	REAL(ssize_t, symbol, int, type, size_t);			\
									\
	return (f == -1 ? -1 : real(fd, p, f == 1 ? part(n) : n));	\
}

#define MOVE_AT(name, symbol, does, type)				\
ssize_t									\
name(int fd, type p, size_t n, off64_t off)				\
{									\
	int f = fate(symbol, (does) | MOVES, fd, NULL);			\
	REAL(ssize_t, symbol, int, type, size_t, off64_t);		\
									\
	return (f == -1 ? -1 : real(fd, p, f == 1 ? part(n) : n, off));	\
}

MOVE(read, "read", READS, void *)
MOVE(write, "write", WRITES, const void *)
MOVE_AT(pread64, "pread64", READS, void *)
MOVE_AT(pwrite64, "pwrite64", WRITES, const void *)

#define SYNC(name)							\
int									\
name(int fd)								\
{									\
	REAL(int, #name, int);						\
									\
	return (fate(#name, WRITES | SYNCS, fd, NULL) == -1 ? -1 :	\
	    real(fd));							\
}

SYNC(fsync)
SYNC(fdatasync)
SYNC(syncfs)

int
ftruncate64(int fd, off64_t n)
{
	REAL(int, "ftruncate64", int, off64_t);

	return (fate("ftruncate", WRITES, fd, NULL) == -1 ? -1 : real(fd, n));
}

ssize_t
getdents64(int fd, void *p, size_t n)
{
	REAL(ssize_t, "getdents64", int, void *, size_t);

	return (fate("getdents", READS, fd, NULL) == -1 ? -1 :
	    real(fd, p, n));
}

static int
open_at(const char *symbol, int dir, const char *path, int flags, mode_t mode)
{
	const char *kind = getenv("FAULT_KIND");
	int does = (flags & O_ACCMODE) == O_RDONLY ? READS :
	    (flags & (O_CREAT | O_TMPFILE)) != 0 || (kind != NULL &&
	    strcmp(kind, "readonly") == 0) ? WRITES : 0;

	if (fate(symbol, does, dir, path) == -1)
		return (-1);
	return ((int)syscall(SYS_openat, dir, path, flags | O_LARGEFILE,
	    mode));
}

int
renameat2(int from_dir, const char *from, int to_dir, const char *to,
    unsigned flags)
{
	REAL(int, "renameat2", int, const char *, int, const char *, unsigned);

	return (fate("renameat2", WRITES, to_dir, to) == -1 ? -1 :
	    real(from_dir, from, to_dir, to, flags));
}

int
linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
	REAL(int, "linkat", int, const char *, int, const char *, int);

	return (fate("linkat", WRITES, to_dir, to) == -1 ? -1 :
	    real(from_dir, from, to_dir, to, flags));
}

int
mkdirat(int dir, const char *path, mode_t mode)
{
	REAL(int, "mkdirat", int, const char *, mode_t);

	return (fate("mkdirat", WRITES, dir, path) == -1 ? -1 :
	    real(dir, path, mode));
}

int
unlinkat(int dir, const char *path, int flags)
{
	REAL(int, "unlinkat", int, const char *, int);
	const char *kind = getenv("FAULT_KIND");

	/* What cannot be removed for once would only lie about. */
	return (kind != NULL && strcmp(kind, "readonly") == 0 &&
	    fate("unlinkat", WRITES, dir, path) == -1 ? -1 :
	    real(dir, path, flags));
}
