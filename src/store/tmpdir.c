#include "store/tmpdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/mem.h"

#define OURS	".litefleet"
#define TMP	OURS "/tmp"

enum {
	MAKE_TRIES = 100,
	CLAIM_TRIES = 1000,
	PROBE_BYTES = 4096
};

static bool
make(int rootfd, const char *path)
{
	return (mkdirat(rootfd, path, 0700) == 0 || errno == EEXIST);
}

/*
 * Open the directory, made with what leads to it; -1 with errno.  Another
 * writer that closes at this moment removes what is empty, so ENOENT only
 * means that it must be made once more.
 */
static int
enter(int rootfd, const char *path)
{
	int fd, i;

	for (i = 0; i < MAKE_TRIES; i++) {
		if (make(rootfd, OURS) && make(rootfd, TMP) &&
		    make(rootfd, path) && (fd = openat(rootfd, path, O_RDONLY |
		    O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) != -1)
			return (fd);
		if (errno != ENOENT)
			break;
	}
	return (-1);
}

/*
 * The lock says that somebody is at work there, whatever the clock says, which
 * may have been set.  Where there are no such locks (NFS) the time decides.
 */
static bool
in_use(int dirfd, const char *name)
{
	bool is;
	int fd;

	if ((fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC)) == -1)
		return (false);
	is = flock(fd, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK;
	io_close(&fd);
	return (is);
}

/* Remove what dead writers left.  Best effort: it may be another user's. */
static void
sweep(int rootfd, const char *tag)
{
	struct dirent *de;
	struct stat st;
	struct err e;
	DIR *d;
	int fd;

	if ((fd = openat(rootfd, TMP, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC)) == -1 || (d = fdopendir(fd)) == NULL) {
		io_close(&fd);
		return;
	}
	while ((de = readdir(d)) != NULL)
		if (strcmp(de->d_name, ".") != 0 &&
		    strcmp(de->d_name, "..") != 0 &&
		    strcmp(de->d_name, tag) != 0 &&
		    fstatat(fd, de->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    (int64_t)st.st_mtime * 1000 <
		    clock_real_ms() - TMPDIR_STALE_MS &&
		    !in_use(fd, de->d_name))
			(void)io_remove_tree(fd, de->d_name, &e);
	(void)closedir(d);
}

/* A directory may be there and take no bytes: full, or over quota. */
static int
probe(int dirfd)
{
	static const char zeros[PROBE_BYTES];
	struct err e;
	int fd;

	if ((fd = openat(dirfd, "probe", O_WRONLY | O_CREAT | O_EXCL |
	    O_CLOEXEC, 0600)) == -1)
		return (-1);
	if (io_write(fd, zeros, sizeof(zeros), "probe", &e) == -1) {
		io_close(&fd);
		return (-1);
	}
	if (close(fd) == -1)
		return (-1);
	return (unlinkat(dirfd, "probe", 0));
}

/* Is the directory of this path the one that is open? */
static bool
is_ours(const struct tmpdir *t)
{
	struct stat a, b;

	return (t->fd != -1 && fstat(t->fd, &a) == 0 &&
	    fstatat(t->rootfd, t->path, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

/* Remove what is in the directory; -1 with errno. */
static int
empty(int dirfd)
{
	struct dirent *de;
	struct err e;
	int fd, ret = 0;
	DIR *d;

	if ((fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) ==
	    -1 || (d = fdopendir(fd)) == NULL) {
		io_close(&fd);
		return (-1);
	}
	while (ret == 0 && (de = readdir(d)) != NULL)
		if (strcmp(de->d_name, ".") != 0 &&
		    strcmp(de->d_name, "..") != 0)
			ret = io_remove_tree(fd, de->d_name, &e);
	(void)closedir(d);
	return (ret);
}

/*
 * Enter TAG; if somebody is at work there, who has the same tag (another prune,
 * a state that was copied), TAG-1, TAG-2, ...; and empty it.  0, or -1 with
 * errno.
 */
static int
claim(struct tmpdir *t)
{
	int i, n = 0;

	io_close(&t->fd);
	for (i = 0; i < CLAIM_TRIES; i++) {
		free(t->path);
		t->path = n == 0 ? mem_printf(TMP "/%s", t->tag) :
		    mem_printf(TMP "/%s-%d", t->tag, n);
		if ((t->fd = enter(t->rootfd, t->path)) == -1)
			return (-1);
		if (flock(t->fd, LOCK_EX | LOCK_NB) == -1 &&
		    errno == EWOULDBLOCK)
			n++;
		else if (is_ours(t))	/* else it was removed meanwhile */
			return (empty(t->fd));
		io_close(&t->fd);
	}
	errno = EBUSY;
	return (-1);
}

int
tmpdir_open(struct tmpdir *t, int rootfd, const char *tag)
{
	t->rootfd = rootfd;
	t->fd = -1;
	t->tag = mem_strdup(tag);
	t->path = NULL;
	if (claim(t) == -1 || probe(t->fd) == -1)
		return (-1);
	sweep(rootfd, strrchr(t->path, '/') + 1);
	return (0);
}

void
tmpdir_close(struct tmpdir *t)
{
	struct err e;
	int saved = errno;

	if (is_ours(t)) {
		(void)io_remove_tree(t->rootfd, t->path, &e);
		(void)unlinkat(t->rootfd, TMP, AT_REMOVEDIR);
		(void)unlinkat(t->rootfd, OURS, AT_REMOVEDIR);
	}
	io_close(&t->fd);
	free(t->tag);
	free(t->path);
	t->tag = t->path = NULL;
	errno = saved;
}

/* Is the directory gone?  Then O_CREAT says ENOENT, and O_TMPFILE EPERM. */
static bool
swept(const struct tmpdir *t)
{
	struct stat st;
	int saved = errno;
	bool gone;

	gone = saved == ENOENT || (fstat(t->fd, &st) == 0 && st.st_nlink == 0);
	errno = saved;
	return (gone);
}

int
tmpdir_create(struct tmpdir *t, const char *name, int flags)
{
	int fd;

	fd = openat(t->fd, name, flags | O_CLOEXEC, 0600);
	if (fd != -1 || !swept(t) || claim(t) == -1)
		return (fd);
	return (openat(t->fd, name, flags | O_CLOEXEC, 0600));
}
