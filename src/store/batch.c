#include "store/batch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hook.h"
#include "base/io.h"
#include "base/mem.h"
#include "store/backend.h"
#include "store/dir.h"

enum {
	SEQ_BYTES = 9,		/* 8 hex digits and a NUL */
	COPY_BYTES = 256 * 1024
};

int
batch_init(struct batch *b, struct store *s, int rootfd, const char *tag)
{
	memset(b, 0, sizeof(*b));
	b->store = s;
	b->rootfd = rootfd;
	place_init(&b->place, rootfd);
	return (tmpdir_open(&b->tmp, rootfd, tag));
}

static const char *
tmp_name(uint32_t seq, char buf[SEQ_BYTES])
{
	(void)snprintf(buf, SEQ_BYTES, "%x", (unsigned)seq);
	return (buf);
}

static void
unlink_tmp(struct batch *b, const struct batch_item *it)
{
	char name[SEQ_BYTES];

	if (it->op->verb == STORE_PUT)
		(void)unlinkat(b->tmp.fd, tmp_name(it->seq, name), 0);
}

void
batch_fini(struct batch *b)
{
	size_t i;

	for (i = 0; i < b->nitems; i++)
		store_op_free(b->items[i].op);
	free(b->items);
	place_fini(&b->place);
	tmpdir_close(&b->tmp);
}

/*
 * Give the spool file a name, if it is an unnamed one of this file system.  A
 * file that has a name is never linked: others could go on writing to it.
 */
static bool
link_spool(struct batch *b, const struct store_op *op, const char *tmp)
{
	char self[64];
	struct stat st;

	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", op->fd);
	return (fstat(op->fd, &st) == 0 && st.st_nlink == 0 &&
	    fchmod(op->fd, 0600) == 0 && linkat(AT_FDCWD, self, b->tmp.fd,
	    tmp, AT_SYMLINK_FOLLOW) == 0);
}

static int
copy_spool(const struct store_op *op, int to, struct err *e)
{
	uint8_t *chunk = mem_zero(COPY_BYTES);
	uint64_t off = 0;
	ssize_t n;
	int ret = -1;

	while (off < op->bytes) {
		if ((n = io_pread(op->fd, chunk, COPY_BYTES, off, "the spool",
		    e)) == -1)
			goto out;
		if (n == 0)
			break;
		if (io_write(to, chunk, (size_t)n, "the store", e) == -1)
			goto out;
		off += (uint64_t)n;
	}
	if (off != op->bytes) {
		err_set(e, ERR_IO, "the spool file changed its size");
		goto out;
	}
	ret = 0;
out:
	free(chunk);
	return (ret);
}

/* Write the object to the temporary file "tmp"; it is not left on failure. */
static int
write_tmp(struct batch *b, const struct store_op *op, const char *tmp,
    struct err *e)
{
	int fd, ret = -1;

	if ((fd = tmpdir_create(&b->tmp, tmp,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)) == -1) {
		err_sys(e, dir_class(errno), "create a file");
		return (-1);
	}
	if ((op->fd != -1 ? copy_spool(op, fd, e) :
	    io_write(fd, op->mem.data, op->mem.len, "the store", e)) == -1)
		goto out;
	ret = close(fd);
	fd = -1;
	if (ret == -1)
		err_sys(e, dir_class(errno), "write the store");
out:
	io_close(&fd);
	if (ret == -1)
		(void)unlinkat(b->tmp.fd, tmp, 0);
	return (ret);
}

/* Bring the bytes of a put into the temporary directory. */
static int
stage(struct batch *b, struct store_op *op, uint32_t seq, struct err *e)
{
	char tmp[SEQ_BYTES];
	struct stat st;

	(void)tmp_name(seq, tmp);
	op->bytes = op->mem.len;
	if (op->fd != -1) {
		if (fstat(op->fd, &st) == -1) {
			err_sys(e, dir_class(errno), "the spool");
			return (-1);
		}
		op->bytes = (uint64_t)st.st_size;
		if (link_spool(b, op, tmp))
			return (0);
	}
	return (write_tmp(b, op, tmp, e));
}

static bool
due(const struct batch *b)
{
	return (b->nitems >= STORE_BATCH_OPS || b->bytes >= STORE_BATCH_BYTES ||
	    batch_left_ms(b) == 0);
}

void
batch_add(struct batch *b, struct store_op *op)
{
	uint32_t seq = b->seq++;
	struct err e;

	if (op->verb == STORE_PUT) {
		if (stage(b, op, seq, &e) == -1) {
			/* Unfinished files lie in one place for all: no class
			 * that would be taken for this object's, or its
			 * database's. */
			if (e.cls != ERR_SPACE && e.cls != ERR_DENIED)
				e.cls = ERR_IO;
			err_prefix(&e, "store %s: object %s",
			    store_name(b->store), op->name);
			store_done(b->store, op, &e);
			return;
		}
		HOOK("store-tmp", op->name);
	}
	store_op_unload(op);
	if (b->nitems == b->cap) {
		b->cap = b->cap == 0 ? 64 : b->cap * 2;
		b->items = mem_resize(b->items, b->cap, sizeof(*b->items));
	}
	if (b->nitems == 0)
		b->since_ms = clock_mono_ms();
	b->items[b->nitems++] = (struct batch_item){ .op = op, .seq = seq };
	if (op->verb == STORE_PUT)
		b->bytes += op->bytes;
	if (due(b))
		batch_commit(b);
}

int64_t
batch_left_ms(const struct batch *b)
{
	int64_t left;

	if (b->nitems == 0)
		return (-1);
	left = b->since_ms + STORE_BATCH_MS - clock_mono_ms();
	return (left < 0 ? 0 : left);
}

static void
clear(struct batch *b)
{
	b->nitems = 0;
	b->bytes = 0;
}

/* Nothing of the batch can be confirmed. */
static void
fail_all(struct batch *b, const struct err *e)
{
	struct store_queue q = TAILQ_HEAD_INITIALIZER(q);
	size_t i;

	for (i = 0; i < b->nitems; i++)
		if (b->items[i].op != NULL) {
			unlink_tmp(b, &b->items[i]);
			TAILQ_INSERT_TAIL(&q, b->items[i].op, entry);
		}
	store_doom(b->store, &q, e);
	clear(b);
}

static int
sync_fs(struct batch *b, struct err *e)
{
	if (syncfs(b->rootfd) == -1) {
		err_sys(e, dir_class(errno), "store %s: sync",
		    store_name(b->store));
		return (-1);
	}
	return (0);
}

/* Is that an error of the one place where an object goes or lies? */
static bool
in_the_way(int errnum)
{
	switch (errnum) {
	case EACCES:
	case EEXIST:
	case EISDIR:
	case ELOOP:
	case ENOTDIR:
	case EPERM:
		return (true);
	default:
		return (false);
	}
}

/* Make one operation visible; where that fails, it alone has failed. */
static void
settle(struct batch *b, struct batch_item *it)
{
	struct store_op *op = it->op;
	char tmp[SEQ_BYTES];
	struct err e;
	int r;

	if (op->verb == STORE_PUT)
		r = place_put(&b->place, b->tmp.fd, tmp_name(it->seq, tmp),
		    op->name);
	else
		r = place_remove(&b->place, op->name);
	if (r == 0) {
		HOOK("store-renamed", op->name);
		return;
	}
	err_sys(&e, in_the_way(errno) ? ERR_EXISTS : dir_class(errno),
	    "store %s: %s object %s%s", store_name(b->store),
	    op->verb == STORE_PUT ? "put" : "remove", op->name,
	    op->verb == STORE_PUT && in_the_way(errno) ? ": in the way" : "");
	unlink_tmp(b, it);
	it->op = NULL;
	store_done(b->store, op, &e);
}

void
batch_commit(struct batch *b)
{
	struct err e;
	size_t i;

	if (b->nitems == 0)
		return;
	if (sync_fs(b, &e) == -1) {
		fail_all(b, &e);
		return;
	}
	HOOK("store-synced", "");
	for (i = 0; i < b->nitems; i++)
		settle(b, &b->items[i]);
	place_tidy(&b->place);
	if (sync_fs(b, &e) == -1) {
		fail_all(b, &e);
		return;
	}
	HOOK("store-committed", "");
	for (i = 0; i < b->nitems; i++)
		if (b->items[i].op != NULL)
			store_done(b->store, b->items[i].op, NULL);
	clear(b);
}
