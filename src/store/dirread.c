/*
 * dirread -- reading one object of a directory store.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "store/dir.h"
#include "store/place.h"

struct dir_reader {
	struct store_reader base;
	int fd;
	char *what;		/* store and name, for errors */
};

static ssize_t
read_some(struct store_reader *base, void *p, size_t n, struct err *e)
{
	struct dir_reader *r = (struct dir_reader *)base;
	ssize_t got;

	if ((got = io_read(r->fd, p, n, r->what, e)) == -1)
		e->cls = dir_class(errno);
	return (got);
}

static void
release(struct store_reader *base)
{
	struct dir_reader *r = (struct dir_reader *)base;

	io_close(&r->fd);
	free(r->what);
	free(r);
}

/* Open the object; -1 with errno.  What is no regular file is none. */
static int
open_object(int rootfd, const char *name, struct stat *st)
{
	const char *slash = strrchr(name, '/');
	size_t dirlen = slash == NULL ? 0 : (size_t)(slash - name);
	int dfd, fd = -1;

	if ((dfd = place_open(rootfd, name, dirlen, false)) == -1)
		return (-1);
	/* O_NONBLOCK: a FIFO in the way must not stop us. */
	fd = openat(dfd, slash == NULL ? name : slash + 1,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	io_close(&dfd);
	if (fd != -1 && (fstat(fd, st) == -1 || !S_ISREG(st->st_mode))) {
		io_close(&fd);
		errno = ENOENT;
	}
	return (fd);
}

struct store_reader *
dir_get(int rootfd, const char *store, const struct store_get_cfg *cfg,
    uint64_t *size, struct err *e)
{
	const char *name = cfg->name;
	off_t off = (off_t)cfg->off;
	struct dir_reader *r;
	struct stat st;
	int fd;

	fd = open_object(rootfd, name, &st);
	if (fd != -1 && lseek(fd, off, SEEK_SET) == -1)
		io_close(&fd);
	if (fd == -1) {
		err_sys(e, errno == ENOENT || errno == ENOTDIR ||
		    errno == ELOOP || errno == ENAMETOOLONG ? ERR_NOTFOUND :
		    dir_class(errno), "store %s: object %s", store, name);
		return (NULL);
	}
	(void)posix_fadvise(fd, off, 0, POSIX_FADV_SEQUENTIAL);
	if (size != NULL)
		*size = (uint64_t)st.st_size;
	r = mem_zero(sizeof(*r));
	r->base.read = read_some;
	r->base.free = release;
	r->fd = fd;
	r->what = mem_printf("store %s: object %s", store, name);
	return (&r->base);
}
