#include "db/private.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"

enum {
	STALE_SECONDS = 24 * 60 * 60
};

/*
 * What the spool lacks must not look as if the database were gone or locked.
 * Returns -1.
 */
static int
blame_spool(struct err *e)
{
	if (e->cls == ERR_GONE || e->cls == ERR_BUSY)
		e->cls = ERR_IO;
	return (-1);
}

static int
make_spool(const char *spool, struct err *e)
{
	struct stat st;

	if (stat(spool, &st) == 0 && S_ISDIR(st.st_mode))
		return (0);
	return (io_mkdirs(spool, 0700, e) == 0 ? 0 : blame_spool(e));
}

/* For file systems without O_TMPFILE: a name for a moment. */
static int
unnamed_by_unlink(const char *spool, struct err *e)
{
	struct buf path = { 0 };
	int fd;

	buf_printf(&path, "%s/" PRIVATE_PREFIX "XXXXXX", spool);
	if ((fd = mkostemp((char *)path.data, O_CLOEXEC)) == -1) {
		err_io(e, "create a file in %s", spool);
		(void)blame_spool(e);
	} else
		(void)unlink(buf_str(&path));
	buf_fini(&path);
	return (fd);
}

int
private_unnamed(const char *spool, struct err *e)
{
	int fd;

	if (make_spool(spool, e) == -1)
		return (-1);
	fd = open(spool, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd != -1)
		return (fd);
	if (errno == EOPNOTSUPP || errno == EISDIR)
		return (unnamed_by_unlink(spool, e));
	err_io(e, "create a file in %s", spool);
	return (blame_spool(e));
}

int
private_make(const char *spool, struct private_dir *dir, struct err *e)
{
	if (make_spool(spool, e) == -1)
		return (-1);
	buf_printf(&dir->path, "%s/" PRIVATE_PREFIX "XXXXXX", spool);
	if (mkdtemp((char *)dir->path.data) == NULL) {
		err_io(e, "create a directory in %s", spool);
		buf_fini(&dir->path);
		return (blame_spool(e));
	}
	dir->fd = open(buf_str(&dir->path), O_RDONLY | O_DIRECTORY |
	    O_CLOEXEC);
	if (dir->fd == -1) {
		err_io(e, "open %s", buf_str(&dir->path));
		private_remove(dir);
		return (blame_spool(e));
	}
	(void)flock(dir->fd, LOCK_EX | LOCK_NB);
	return (0);
}

int
private_create(const struct private_dir *dir, const char *name,
    struct buf *path, struct err *e)
{
	int fd;

	buf_reset(path);
	buf_printf(path, "%s/%s", buf_str(&dir->path), name);
	fd = open(buf_str(path), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1) {
		err_io(e, "create %s", buf_str(path));
		(void)blame_spool(e);
	}
	return (fd);
}

void
private_remove(struct private_dir *dir)
{
	struct err ignored;

	if (dir->path.len > 0)
		(void)io_remove_tree(AT_FDCWD, buf_str(&dir->path), &ignored);
	buf_fini(&dir->path);
	io_close(&dir->fd);
}

static bool
stale(int dirfd, const char *name, time_t now)
{
	struct stat st;
	bool is;
	int fd;

	if (strncmp(name, PRIVATE_PREFIX, strlen(PRIVATE_PREFIX)) != 0 ||
	    fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    !S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    st.st_mtime >= now - STALE_SECONDS ||
	    (fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC)) == -1)
		return (false);
	is = flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
	io_close(&fd);
	return (is);
}

void
private_sweep(const char *spool)
{
	struct err ignored;
	struct dirent *de;
	time_t now = time(NULL);
	DIR *d;

	if ((d = opendir(spool)) == NULL)
		return;
	while ((de = readdir(d)) != NULL) {
		if (stale(dirfd(d), de->d_name, now))
			(void)io_remove_tree(dirfd(d), de->d_name, &ignored);
	}
	(void)closedir(d);
}
