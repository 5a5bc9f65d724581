#include "job/below.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/io.h"
#include "base/mem.h"

enum {
	NCHAINS = 4096,
	TRIES = 10		/* against those who rename as we look */
};

/* A file system that was met; opened for syncfs(2) before it is written to,
 * so that errors of writing are seen. */
struct device {
	dev_t dev;
	int fd;
};

TAILQ_HEAD(idle_list, below_dir);

struct below {
	char *root;
	int rootfd;
	struct device *device;
	size_t ndevices;
	struct below_dir *chain[NCHAINS];
	struct below_dir *top;	/* the root, held for good */
	struct idle_list idle;	/* least recently used first */
	size_t nidle, nkeep, nheld;
};

static struct below_dir **
chain_of(struct below *b, const char *path, size_t len)
{
	return (&b->chain[hash64(path, len) % NCHAINS]);
}

static void
unlist(struct below *b, struct below_dir *d)
{
	struct below_dir **at = chain_of(b, d->path, d->len);

	if (!d->listed)
		return;
	while (*at != d)
		at = &(*at)->chain;
	*at = d->chain;
	d->listed = false;
}

static void
dir_free(struct below *b, struct below_dir *d)
{
	unlist(b, d);
	io_close(&d->fd);
	free(d->path);
	free(d);
}

/* The directory of this path, if it is open; held. */
static struct below_dir *
find(struct below *b, const char *path, size_t len)
{
	struct below_dir *d = *chain_of(b, path, len);

	if (len == 0)
		return (b->top);
	while (d != NULL && (d->len != len || memcmp(d->path, path, len) != 0))
		d = d->chain;
	if (d == NULL)
		return (NULL);
	if (d->nheld++ == 0) {
		TAILQ_REMOVE(&b->idle, d, idle);
		b->nidle--;
		b->nheld++;
	}
	return (d);
}

void
below_release(struct below *b, struct below_dir *d)
{
	if (d == NULL || d == b->top || --d->nheld > 0)
		return;
	b->nheld--;
	if (!d->listed) {
		dir_free(b, d);
		return;
	}
	TAILQ_INSERT_TAIL(&b->idle, d, idle);
	if (++b->nidle <= b->nkeep)
		return;
	d = TAILQ_FIRST(&b->idle);
	TAILQ_REMOVE(&b->idle, d, idle);
	b->nidle--;
	dir_free(b, d);
}

void
below_forget(struct below *b, struct below_dir *d)
{
	if (d != b->top)
		unlist(b, d);
}

bool
below_is_removed(const struct below_dir *d)
{
	int saved = errno;
	struct stat st;
	bool ret = fstat(d->fd, &st) == 0 && st.st_nlink == 0;

	errno = saved;
	return (ret);
}

/* Make sure that the file system of this directory is known. */
static int
meet(struct below *b, int fd)
{
	struct stat st;
	size_t i;
	int dfd;

	if (fstat(fd, &st) == -1)
		return (-1);
	for (i = 0; i < b->ndevices; i++)
		if (b->device[i].dev == st.st_dev)
			return (0);
	if ((dfd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return (-1);
	b->device = mem_resize(b->device, b->ndevices + 1, sizeof(*b->device));
	b->device[b->ndevices++] = (struct device){ st.st_dev, dfd };
	return (0);
}

/* Take over a descriptor as that of path[0 .. len-1]; held.  NULL with errno;
 * then it is closed. */
static struct below_dir *
enlist(struct below *b, int fd, const char *path, size_t len)
{
	struct below_dir *d, **at = chain_of(b, path, len);

	if (meet(b, fd) == -1) {
		io_close(&fd);
		return (NULL);
	}
	d = mem_zero(sizeof(*d));
	d->fd = fd;
	d->path = mem_strndup(path, len);
	d->len = len;
	d->nheld = 1;
	b->nheld++;
	d->listed = true;
	d->chain = *at;
	*at = d;
	return (d);
}

static int
open_dir(int dirfd, const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
		    RESOLVE_NO_MAGICLINKS
	};
	int i, fd = -1;

	for (i = 0; i < TRIES; i++) {
		fd = (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
		if (fd != -1 || errno != EAGAIN)
			break;
	}
	return (fd);
}

/* The deepest directory on the way to path[0 .. len-1] that is open; held. */
static struct below_dir *
nearest(struct below *b, const char *path, size_t len)
{
	struct below_dir *d;
	const char *slash;

	while (len > 0) {
		slash = memrchr(path, '/', len);
		len = slash == NULL ? 0 : (size_t)(slash - path);
		if ((d = find(b, path, len)) != NULL)
			return (d);
	}
	return (b->top);
}

/* Where the part of the path behind this directory begins. */
static size_t
behind(const struct below_dir *d)
{
	return (d->len == 0 ? 0 : d->len + 1);
}

/* One component down from d, which is released; NULL with errno. */
static struct below_dir *
step(struct below *b, struct below_dir *d, const char *path, size_t len,
    bool make)
{
	size_t from = behind(d), n;
	const char *slash = memchr(path + from, '/', len - from);
	struct below_dir *next = NULL;
	char comp[NAME_MAX + 1];
	int fd;

	n = slash == NULL ? len - from : (size_t)(slash - path) - from;
	if (n > NAME_MAX) {
		errno = ENAMETOOLONG;
		goto out;
	}
	memcpy(comp, path + from, n);
	comp[n] = '\0';
	fd = open_dir(d->fd, comp);
	if (fd == -1 && errno == ENOENT && make &&
	    (mkdirat(d->fd, comp, 0700) == 0 || errno == EEXIST))
		fd = open_dir(d->fd, comp);
	if (fd != -1)
		next = enlist(b, fd, path, from + n);
out:
	below_release(b, d);
	return (next);
}

/* Reach the directory from the nearest one; NULL with errno. */
static struct below_dir *
reach(struct below *b, const char *path, size_t len, bool make)
{
	struct below_dir *d = nearest(b, path, len), *got;
	size_t from = behind(d);
	char *rest;
	int fd;

	if (len - from < PATH_MAX) {
		rest = mem_strndup(path + from, len - from);
		fd = open_dir(d->fd, rest);
		free(rest);
		if (fd != -1 || errno != ENOENT || !make) {
			got = fd == -1 ? NULL : enlist(b, fd, path, len);
			below_release(b, d);
			return (got);
		}
	}
	while (d != NULL && d->len < len)
		d = step(b, d, path, len, make);
	return (d);
}

/* Forget what is known of the way there: some of it was removed. */
static void
forget_way(struct below *b, const char *path, size_t len)
{
	struct below_dir *d;

	while ((d = nearest(b, path, len))->len > 0) {
		below_forget(b, d);
		below_release(b, d);
	}
	below_release(b, d);
}

/* Keys of others choose these paths. */
static bool
is_proper(const char *path, size_t len)
{
	const char *end = path + len, *slash;
	size_t n;

	while (len > 0) {
		slash = memchr(path, '/', (size_t)(end - path));
		n = (size_t)((slash == NULL ? end : slash) - path);
		if (n == 0 || (n == 1 && path[0] == '.') ||
		    (n == 2 && path[0] == '.' && path[1] == '.'))
			return (false);
		if (slash == NULL)
			break;
		path = slash + 1;
	}
	return (true);
}

struct below_dir *
below_hold(struct below *b, const char *path, size_t len, bool make,
    struct err *e)
{
	struct below_dir *d;

	if ((d = find(b, path, len)) != NULL)
		return (d);
	if (!is_proper(path, len)) {
		err_set(e, ERR_DENIED, "%s/%.*s: not a path below it",
		    b->root, (int)len, path);
		return (NULL);
	}
	if ((d = reach(b, path, len, make)) != NULL)
		return (d);
	if (make && errno == ENOENT) {
		forget_way(b, path, len);
		if ((d = reach(b, path, len, make)) != NULL)
			return (d);
	}
	switch (errno) {
	case ENOENT:
		err_sys(e, make ? ERR_IO : ERR_NOTFOUND, "directory %s/%.*s",
		    b->root, (int)len, path);
		break;
	case ELOOP:
	case EXDEV:
		err_set(e, ERR_DENIED, "%s/%.*s: a symbolic link is on the "
		    "way, which is never followed", b->root, (int)len, path);
		break;
	case ENOTDIR:
		err_set(e, ERR_EXISTS, "%s/%.*s: there is a file where a "
		    "directory should be", b->root, (int)len, path);
		break;
	default:
		err_io(e, "directory %s/%.*s", b->root, (int)len, path);
		break;
	}
	return (NULL);
}

size_t
below_nheld(const struct below *b)
{
	return (b->nheld);
}

int
below_sync(struct below *b, struct err *e)
{
	size_t i;

	for (i = 0; i < b->ndevices; i++)
		if (syncfs(b->device[i].fd) == -1) {
			err_io(e, "sync the file system of %s/", b->root);
			return (-1);
		}
	return (0);
}

const char *
below_root(const struct below *b)
{
	return (b->root);
}

int
below_rootfd(const struct below *b)
{
	return (b->rootfd);
}

struct below *
below_open(const char *root, size_t nkeep, struct err *e)
{
	struct below *b = mem_zero(sizeof(*b));
	size_t n = strlen(root);
	int fd;

	TAILQ_INIT(&b->idle);
	b->nkeep = nkeep;
	while (n > 0 && root[n - 1] == '/')
		n--;
	b->root = mem_strndup(root, n);
	b->rootfd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (b->rootfd == -1 && errno == ENOENT) {
		if (io_mkdirs(root, 0700, e) == -1) {
			if (errno == ENOTDIR)
				e->cls = ERR_EXISTS;
			goto fail;
		}
		b->rootfd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (b->rootfd == -1) {
		err_sys(e, errno == ENOTDIR ? ERR_EXISTS :
		    err_class_of(errno), "directory %s", root);
		goto fail;
	}
	if ((fd = fcntl(b->rootfd, F_DUPFD_CLOEXEC, 0)) == -1 ||
	    (b->top = enlist(b, fd, "", 0)) == NULL) {
		err_io(e, "directory %s", root);
		goto fail;
	}
	return (b);
fail:
	below_close(b);
	return (NULL);
}

void
below_close(struct below *b)
{
	struct below_dir *d;
	size_t i;

	if (b == NULL)
		return;
	for (i = 0; i < NCHAINS; i++)
		while ((d = b->chain[i]) != NULL) {
			b->chain[i] = d->chain;
			d->listed = false;
			dir_free(b, d);
		}
	for (i = 0; i < b->ndevices; i++)
		io_close(&b->device[i].fd);
	free(b->device);
	io_close(&b->rootfd);
	free(b->root);
	free(b);
}
