#include "store/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "store/batch.h"
#include "store/tmpdir.h"

struct dir {
	struct store base;
	int rootfd;
	bool write;
	struct batch batch;	/* if "write" */
};

static struct dir *
dir_of(struct store *s)
{
	return ((struct dir *)s);
}

enum err_class
dir_class(int errnum)
{
	switch (errnum) {
	case EEXIST:
		return (ERR_EXISTS);
	case ENOENT:
	case ESTALE:
	case EAGAIN:
	case EBUSY:
		return (ERR_IO);
	default:
		return (err_class_of(errnum));
	}
}

static void
shut(struct store *s)
{
	struct dir *d = dir_of(s);

	if (d->write)
		batch_fini(&d->batch);
	io_close(&d->rootfd);
	store_fini(&d->base);
	free(d);
}

static void
get_now(struct store *s, struct store_op *op)
{
	size_t max = op->max_bytes == 0 || op->max_bytes > STORE_GET_BYTES ?
	    STORE_GET_BYTES : op->max_bytes;
	struct err e;
	int r = store_get_all(s, op->name, max, &op->mem, &e);

	op->bytes = op->mem.len;
	store_done(s, op, r == -1 ? &e : NULL);
}

static void
submit(struct store *s, struct store_op *op)
{
	struct dir *d = dir_of(s);
	struct err e;

	if (op->verb == STORE_GET) {
		get_now(s, op);
		return;
	}
	if (d->write) {
		batch_add(&d->batch, op);
		return;
	}
	err_set(&e, ERR_BUG, "store %s was opened for reading", s->name);
	store_done(s, op, &e);
}

static void
flush(struct store *s, int64_t timeout_ms)
{
	struct dir *d = dir_of(s);

	/* A commit cannot be left half-way, and has no end but its own. */
	(void)timeout_ms;
	if (d->write)
		batch_commit(&d->batch);
}

static void
pause_for(struct store *s, int fd, int timeout_ms)
{
	struct dir *d = dir_of(s);
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int64_t left = d->write ? batch_left_ms(&d->batch) : -1;
	int wait_ms = timeout_ms;

	if (fd == -1) {
		/* Nobody can bring more: there is nothing to wait for. */
		flush(s, -1);
		return;
	}
	if (left != -1 && (wait_ms == -1 || left < wait_ms))
		wait_ms = (int)left;
	if (poll(&pfd, 1, wait_ms) == 0 && d->write &&
	    batch_left_ms(&d->batch) == 0)
		batch_commit(&d->batch);
}

static int
spool(struct store *s, struct err *e)
{
	struct dir *d = dir_of(s);
	int fd = -1;

	if (d->write && (fd = tmpdir_create(&d->batch.tmp, ".",
	    O_TMPFILE | O_RDWR)) != -1)
		return (fd);
	if (!d->write || errno == EOPNOTSUPP || errno == EISDIR)
		err_set(e, ERR_GONE, "store %s has no spool", s->name);
	else
		err_sys(e, dir_class(errno), "store %s: create a spool file",
		    s->name);
	return (-1);
}

static struct store_reader *
get(struct store *s, const struct store_get_cfg *cfg, uint64_t *size,
    struct err *e)
{
	return (dir_get(dir_of(s)->rootfd, s->name, cfg, size, e));
}

static struct store_lister *
list(struct store *s, const struct store_list_cfg *cfg, struct err *e)
{
	return (dir_list(dir_of(s)->rootfd, s->name, cfg, e));
}

static const struct store_backend backend = {
	.components = true,
	.close = shut,
	.submit = submit,
	.wait = pause_for,
	.flush = flush,
	.spool = spool,
	.get = get,
	.list = list,
};

/* The class for the store itself: it ends the run, never one database. */
static enum err_class
open_class(int errnum)
{
	return (errnum == ENAMETOOLONG ? ERR_USAGE :
	    errnum == EEXIST || errnum == ENOTDIR ? ERR_STATE :
	    dir_class(errnum));
}

static int
open_root(const struct store_cfg *cfg, struct err *e)
{
	const char *path = cfg->url->path;
	int fd;

	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 && errno == ENOENT && cfg->create) {
		if (io_mkdirs(path, 0700, e) == -1) {
			err_prefix(e, "store %s", path);
			e->cls = open_class(errno);
			return (-1);
		}
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd == -1 && errno == ENOENT)
		err_set(e, ERR_GONE, "store %s: there is no such directory",
		    path);
	else if (fd == -1 && errno == ENOTDIR)
		err_set(e, ERR_STATE, "store %s is not a directory", path);
	else if (fd == -1)
		err_sys(e, open_class(errno), "store %s: open", path);
	return (fd);
}

struct store *
dir_open(const struct store_cfg *cfg, struct err *e)
{
	struct dir *d;
	int fd;

	if ((fd = open_root(cfg, e)) == -1)
		return (NULL);
	d = mem_zero(sizeof(*d));
	store_init(&d->base, &backend, cfg->url->path);
	d->rootfd = fd;
	d->write = cfg->write;
	if (d->write &&
	    batch_init(&d->batch, &d->base, fd, cfg->tag) == -1) {
		err_sys(e, dir_class(errno), "store %s: not writable",
		    d->base.name);
		shut(&d->base);
		return (NULL);
	}
	return (&d->base);
}
