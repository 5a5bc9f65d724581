/*
 * record -- LD_PRELOAD: writes down all that is done to the files below one
 * directory, and when they were synced, for t/tool/replay.c.
 *
 *     RECORD_DIR=DIR	absolute, without links; one file system
 *     RECORD_LOG=FILE	outside of it; made if it is missing, else appended to
 *
 * An operation and its entry are one: they happen under a flock(2) of the log,
 * whatever process or thread they are of, so the order of the entries is that
 * of the file system.  Calls that the program makes by syscall(2) only look.
 */
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../tool/interpose.h"
#include "../tool/record.h"

/* What an operation is about, if it is below the directory. */
struct place {
	char path[8400];
	const char *name;	/* last component */
	uint64_t dir;		/* inode it lies in */
	uint64_t ino;		/* 0: there is none */
};

/* The log, locked; -1: nothing is recorded. */
static int
begin(void)
{
	const char *name = getenv("RECORD_LOG");
	int saved = errno;
	int fd;

	if (name == NULL || getenv("RECORD_DIR") == NULL)
		return (-1);
	fd = (int)syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT |
	    O_APPEND | O_CLOEXEC, 0600);
	if (fd == -1)
		abort();	/* a log with gaps proves nothing */
	while (syscall(SYS_flock, fd, LOCK_EX) == -1)
		if (errno != EINTR)
			abort();
	errno = saved;
	return (fd);
}

static void
end(int log)
{
	int saved = errno;

	if (log != -1)
		(void)syscall(SYS_close, log);
	errno = saved;
}

static void
put(int log, const void *p, size_t n)
{
	if (n > 0 && syscall(SYS_write, log, p, n) != (long)n)
		abort();
}

static void
note(int log, struct record r, const char *name, const char *other,
    const void *data)
{
	int saved = errno;

	r.pid = (uint32_t)getpid();
	r.nname = name == NULL ? 0 : (uint32_t)strlen(name);
	r.nother = other == NULL ? 0 : (uint32_t)strlen(other);
	put(log, &r, sizeof(r));
	put(log, name, r.nname);
	put(log, other, r.nother);
	put(log, data, r.ndata);
	errno = saved;
}

static bool
is_below(const char *path)
{
	const char *dir = getenv("RECORD_DIR");
	size_t n = strlen(dir);

	return (strncmp(path, dir, n) == 0 &&
	    (path[n] == '/' || path[n] == '\0'));
}

static ssize_t
link_of(int dir, char *out, size_t size)
{
	char link[40];
	long n;

	if (dir == AT_FDCWD)
		(void)snprintf(link, sizeof(link), "/proc/self/cwd");
	else
		(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", dir);
	if ((n = syscall(SYS_readlinkat, AT_FDCWD, link, out, size - 1)) <= 0)
		return (-1);
	out[n] = '\0';
	return (n);
}

/* The inode at a path, 0 if there is none; links are not followed. */
static uint64_t
ino_at(const char *path)
{
	struct stat st;

	return (syscall(SYS_newfstatat, AT_FDCWD, path, &st,
	    AT_SYMLINK_NOFOLLOW) == -1 ? 0 : st.st_ino);
}

/* Where does the last component of the path lie?  Links before it are
 * resolved, so that no name is taken for another. */
static bool
find(int dir, const char *path, struct place *p)
{
	int saved = errno, fd;
	char *slash;
	bool ret = false;
	size_t n = 0;

	if (path[0] != '/') {
		if (link_of(dir, p->path, 4200) == -1)
			goto out;
		n = strlen(p->path);
		p->path[n++] = '/';
	}
	(void)snprintf(p->path + n, 4200, "%s", path);
	slash = strrchr(p->path, '/');
	*slash = '\0';
	fd = (int)syscall(SYS_openat, AT_FDCWD, slash == p->path ? "/" :
	    p->path, O_PATH | O_CLOEXEC);
	if (fd == -1)
		goto out;
	{
		char last[4200];

		(void)snprintf(last, sizeof(last), "%s", slash + 1);
		n = link_of(fd, p->path, 4200) == -1 ? 0 : strlen(p->path);
		(void)syscall(SYS_close, fd);
		if (n == 0 || !is_below(p->path))
			goto out;
		p->dir = ino_at(p->path);
		p->path[n] = '/';
		(void)snprintf(p->path + n + 1, 4200, "%s", last);
		p->name = p->path + n + 1;
	}
	p->ino = ino_at(p->path);
	ret = true;
out:
	errno = saved;
	return (ret);
}

/* The inode behind a descriptor of something below the directory.  One
 * without a name has a path that says where it was made. */
static bool
behind(int fd, struct stat *st)
{
	char path[4200];
	int saved = errno;
	bool ret;

	ret = link_of(fd, path, sizeof(path)) != -1 && path[0] == '/' &&
	    is_below(path) && fstat(fd, st) == 0;
	errno = saved;
	return (ret);
}

static void
note_write(int log, int fd, uint64_t ino, uint64_t off, const void *p,
    size_t n)
{
	(void)fd;
	note(log, (struct record){ .op = RECORD_WRITE, .ino = ino, .off = off,
	    .ndata = n }, NULL, NULL, p);
}

/* What was brought there by other means is read. */
static void
note_range(int log, int fd, uint64_t ino, uint64_t off, uint64_t n)
{
	char self[40], *p = malloc(n == 0 ? 1 : n);
	uint64_t done = 0;
	int in, saved = errno;
	long r;

	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	in = (int)syscall(SYS_openat, AT_FDCWD, self, O_RDONLY | O_CLOEXEC);
	if (in == -1 || p == NULL)
		abort();
	while (done < n && (r = syscall(SYS_pread64, in, p + done, n - done,
	    off + done)) > 0)
		done += (uint64_t)r;
	(void)syscall(SYS_close, in);
	note_write(log, fd, ino, off, p, done);
	free(p);
	errno = saved;
}

static void
note_size(int log, uint64_t ino, uint64_t size)
{
	note(log, (struct record){ .op = RECORD_SIZE, .ino = ino,
	    .off = size }, NULL, NULL, NULL);
}

ssize_t
write(int fd, const void *p, size_t n)
{
	struct stat st;
	ssize_t ret;
	int log;

	if ((log = begin()) == -1 || !behind(fd, &st) ||
	    !S_ISREG(st.st_mode)) {
		end(log);	/* nobody waits for a pipe under the lock */
		return (syscall(SYS_write, fd, p, n));
	}
	ret = syscall(SYS_write, fd, p, n);
	if (ret > 0)
		note_write(log, fd, st.st_ino, (uint64_t)(lseek(fd, 0,
		    SEEK_CUR) - ret), p, (size_t)ret);
	end(log);
	return (ret);
}

ssize_t
pwrite64(int fd, const void *p, size_t n, off64_t off)
{
	int log = begin();
	struct stat st;
	ssize_t ret = syscall(SYS_pwrite64, fd, p, n, off);

	if (log != -1 && ret > 0 && behind(fd, &st))
		note_write(log, fd, st.st_ino, (uint64_t)off, p, (size_t)ret);
	end(log);
	return (ret);
}

int
ftruncate64(int fd, off64_t n)
{
	int log = begin(), ret = (int)syscall(SYS_ftruncate, fd, n);
	struct stat st;

	if (log != -1 && ret == 0 && behind(fd, &st))
		note_size(log, st.st_ino, (uint64_t)n);
	end(log);
	return (ret);
}

int
fallocate64(int fd, int mode, off64_t off, off64_t n)
{
	int log = begin(), ret = (int)syscall(SYS_fallocate, fd, mode, off, n);
	struct stat st;

	if (log != -1 && ret == 0 && behind(fd, &st)) {
		if ((mode & FALLOC_FL_PUNCH_HOLE) != 0)
			note(log, (struct record){ .op = RECORD_HOLE,
			    .ino = st.st_ino, .off = (uint64_t)off,
			    .size = (uint64_t)n }, NULL, NULL, NULL);
		else
			note_size(log, st.st_ino, (uint64_t)st.st_size);
	}
	end(log);
	return (ret);
}

ssize_t
copy_file_range(int from, off64_t *in, int to, off64_t *out, size_t n,
    unsigned flags)
{
	int log = begin();
	uint64_t off = (uint64_t)(out != NULL ? *out : lseek(to, 0, SEEK_CUR));
	struct stat st;
	ssize_t ret = syscall(SYS_copy_file_range, from, in, to, out, n,
	    flags);

	if (log != -1 && ret > 0 && behind(to, &st))
		note_range(log, to, st.st_ino, off, (uint64_t)ret);
	end(log);
	return (ret);
}

int
ioctl(int fd, unsigned long request, ...)
{
	struct stat st;
	va_list ap;
	void *arg;
	int log, ret;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (request != FICLONE)
		return ((int)syscall(SYS_ioctl, fd, request, arg));
	log = begin();
	ret = (int)syscall(SYS_ioctl, fd, request, arg);
	if (log != -1 && ret == 0 && behind(fd, &st)) {
		note_range(log, fd, st.st_ino, 0, (uint64_t)st.st_size);
		note_size(log, st.st_ino, (uint64_t)st.st_size);
	}
	end(log);
	return (ret);
}

void *
mmap64(void *at, size_t n, int prot, int flags, int fd, off64_t off)
{
	int log;
	struct stat st;
	void *ret = (void *)syscall(SYS_mmap, at, n, prot, flags, fd, off);

	if (ret == MAP_FAILED || fd == -1 || (prot & PROT_WRITE) == 0 ||
	    (flags & MAP_SHARED) == 0)
		return (ret);
	log = begin();
	if (log != -1 && behind(fd, &st))
		note(log, (struct record){ .op = RECORD_MAPPED,
		    .ino = st.st_ino }, NULL, NULL, NULL);
	end(log);
	return (ret);
}

static int
sync_one(long call, int fd)
{
	int log = begin(), ret = (int)syscall(call, fd);
	struct stat st;

	if (log != -1 && ret == 0 && behind(fd, &st))
		note(log, (struct record){ .op = call == SYS_syncfs ?
		    RECORD_SYNCFS : RECORD_SYNC, .ino = st.st_ino }, NULL,
		    NULL, NULL);
	end(log);
	return (ret);
}

int
fsync(int fd)
{
	return (sync_one(SYS_fsync, fd));
}

int
fdatasync(int fd)
{
	return (sync_one(SYS_fdatasync, fd));
}

int
syncfs(int fd)
{
	return (sync_one(SYS_syncfs, fd));
}

static int
open_at(const char *symbol, int dir, const char *path, int flags, mode_t mode)
{
	bool unnamed = (flags & O_TMPFILE) == O_TMPFILE, known;
	struct place p = { .name = NULL };
	struct stat st;
	int log, fd;

	(void)symbol;
	flags |= O_LARGEFILE;
	if ((!unnamed && (flags & (O_CREAT | O_TRUNC)) == 0) ||
	    (log = begin()) == -1)
		return ((int)syscall(SYS_openat, dir, path, flags, mode));
	known = !unnamed && find(dir, path, &p);
	fd = (int)syscall(SYS_openat, dir, path, flags, mode);
	if (fd == -1 || (!unnamed && !known) || !behind(fd, &st))
		goto out;
	if (unnamed || p.ino == 0)
		note(log, (struct record){ .op = RECORD_FILE,
		    .ino = st.st_ino, .dir = p.dir }, p.name, NULL, NULL);
	else if ((flags & O_TRUNC) != 0)
		note_size(log, st.st_ino, 0);
out:
	end(log);
	return (fd);
}

int
mkostemp64(char *template, int flags)
{
	struct place p;
	int log = begin(), fd;
	REAL(int, "mkostemp64", char *, int);

	/* Nothing of the C library's own comes by open_at() above. */
	fd = real(template, flags);
	if (log != -1 && fd != -1 && find(AT_FDCWD, template, &p))
		note(log, (struct record){ .op = RECORD_FILE, .ino = p.ino,
		    .dir = p.dir }, p.name, NULL, NULL);
	end(log);
	return (fd);
}

int
renameat2(int from_dir, const char *from, int to_dir, const char *to,
    unsigned flags)
{
	static _Thread_local struct place a, b;
	int log = begin(), ret;
	bool known;

	known = log != -1 && find(from_dir, from, &a) &&
	    find(to_dir, to, &b);
	ret = (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
	if (known && ret == 0 && a.ino != b.ino)
		note(log, (struct record){ .op = RECORD_MOVE, .ino = a.ino,
		    .dir = a.dir, .dir2 = b.dir }, a.name, b.name, NULL);
	end(log);
	return (ret);
}

int
linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
	static _Thread_local struct place p;
	int log = begin(), ret;

	ret = (int)syscall(SYS_linkat, from_dir, from, to_dir, to, flags);
	if (log != -1 && ret == 0 && find(to_dir, to, &p))
		note(log, (struct record){ .op = RECORD_LINK, .ino = p.ino,
		    .dir = p.dir }, p.name, NULL, NULL);
	end(log);
	return (ret);
}

int
link(const char *from, const char *to)
{
	return (linkat(AT_FDCWD, from, AT_FDCWD, to, 0));
}

int
unlinkat(int dir, const char *path, int flags)
{
	static _Thread_local struct place p;
	int log = begin(), ret;
	bool known = log != -1 && find(dir, path, &p);

	ret = (int)syscall(SYS_unlinkat, dir, path, flags);
	if (known && ret == 0)
		note(log, (struct record){ .op = RECORD_UNLINK, .ino = p.ino,
		    .dir = p.dir }, p.name, NULL, NULL);
	end(log);
	return (ret);
}

int
unlink(const char *path)
{
	return (unlinkat(AT_FDCWD, path, 0));
}

int
rmdir(const char *path)
{
	return (unlinkat(AT_FDCWD, path, AT_REMOVEDIR));
}

int
mkdirat(int dir, const char *path, mode_t mode)
{
	static _Thread_local struct place p;
	int log = begin(), ret;

	ret = (int)syscall(SYS_mkdirat, dir, path, mode);
	if (log != -1 && ret == 0 && find(dir, path, &p))
		note(log, (struct record){ .op = RECORD_DIR, .ino = p.ino,
		    .dir = p.dir }, p.name, NULL, NULL);
	end(log);
	return (ret);
}

int
mkdir(const char *path, mode_t mode)
{
	return (mkdirat(AT_FDCWD, path, mode));
}
