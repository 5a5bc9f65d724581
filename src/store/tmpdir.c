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

int
tmpdir_open(struct tmpdir *t, int rootfd, const char *tag)
{
	char *path = mem_printf(TMP "/%s", tag);
	struct err e;
	int ret = -1;

	t->rootfd = rootfd;
	t->fd = -1;
	t->tag = mem_strdup(tag);
	/* Entered before it is emptied: mkdir(2) says best what is wrong. */
	if ((t->fd = enter(rootfd, path)) == -1 ||
	    io_remove_tree(rootfd, path, &e) == -1)
		goto out;
	io_close(&t->fd);
	if ((t->fd = enter(rootfd, path)) == -1)
		goto out;
	(void)flock(t->fd, LOCK_EX | LOCK_NB);
	if (probe(t->fd) == -1)
		goto out;
	sweep(rootfd, tag);
	ret = 0;
out:
	free(path);
	return (ret);
}

void
tmpdir_close(struct tmpdir *t)
{
	struct err e;
	char *path;
	int saved = errno;

	if (t->fd != -1) {
		path = mem_printf(TMP "/%s", t->tag);
		(void)io_remove_tree(t->rootfd, path, &e);
		(void)unlinkat(t->rootfd, TMP, AT_REMOVEDIR);
		(void)unlinkat(t->rootfd, OURS, AT_REMOVEDIR);
		free(path);
	}
	io_close(&t->fd);
	free(t->tag);
	t->tag = NULL;
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
	char *path;
	int fd;

	fd = openat(t->fd, name, flags | O_CLOEXEC, 0600);
	if (fd != -1 || !swept(t))
		return (fd);
	path = mem_printf(TMP "/%s", t->tag);
	if ((fd = enter(t->rootfd, path)) != -1) {
		io_close(&t->fd);
		t->fd = fd;
		(void)flock(t->fd, LOCK_EX | LOCK_NB);
		fd = openat(t->fd, name, flags | O_CLOEXEC, 0600);
	}
	free(path);
	return (fd);
}
