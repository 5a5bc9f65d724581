#include "db/sink.h"

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "db/private.h"

#define MIN(a, b)	((a) < (b) ? (a) : (b))

enum {
	MEM_LEAST = 1 << 16
};

void
sink_init(struct sink *s, const char *spool, size_t mem_bytes)
{
	memset(s, 0, sizeof(*s));
	s->spool = spool;
	s->mem_bytes = mem_bytes;
	s->fd = -1;
}

void
sink_fini(struct sink *s)
{
	io_close(&s->fd);
	free(s->mem);
	free(s->chunk);
	s->mem = s->chunk = NULL;
	s->cap = 0;
}

uint8_t *
sink_chunk(struct sink *s)
{
	if (s->chunk == NULL)
		s->chunk = mem_resize(NULL, SINK_CHUNK_BYTES, 1);
	return (s->chunk);
}

/* Nothing of the old content is wanted, so it is not copied. */
static void
grow(struct sink *s, size_t size)
{
	size_t cap = s->cap == 0 ? MEM_LEAST : s->cap;

	while (cap < size)
		cap *= 2;
	cap = MIN(cap, s->mem_bytes);
	free(s->mem);
	s->mem = mem_resize(NULL, cap > 0 ? cap : 1, 1);
	s->cap = cap;
}

int
sink_start(struct sink *s, uint64_t size, struct err *e)
{
	s->size = size;
	if (size <= s->mem_bytes) {
		io_close(&s->fd);
		if (size > s->cap || s->mem == NULL)
			grow(s, (size_t)size);
		return (0);
	}
	if (s->fd == -1 && (s->fd = private_unnamed(s->spool, e)) == -1)
		return (-1);
	if (ftruncate(s->fd, 0) == -1 ||
	    ftruncate(s->fd, (off_t)size) == -1) {
		err_io(e, "make room for an image in %s", s->spool);
		return (-1);
	}
	return (0);
}

int
sink_put(struct sink *s, uint64_t off, const void *p, size_t n,
    struct err *e)
{
	if (n > s->size || off > s->size - n) {
		err_set(e, ERR_BUG, "write beyond the end of an image");
		return (-1);
	}
	if (s->fd != -1)
		return (io_pwrite(s->fd, p, n, off, s->spool, e));
	if (n > 0)
		memcpy(s->mem + off, p, n);
	return (0);
}

/*
 * 1: shared all of it; 0: this file system cannot; -1.  What is more than was
 * asked for must not stay (a journal's last record, see db/recover.h).
 */
static int
clone_file(struct sink *s, int from, int to, uint64_t size, uint64_t *got,
    struct err *e)
{
	struct stat st;

	if (ioctl(to, FICLONE, from) == -1)
		return (0);
	if (fstat(to, &st) == -1 || ftruncate(to, (off_t)size) == -1) {
		err_io(e, "make room for an image in %s", s->spool);
		return (-1);
	}
	*got = MIN((uint64_t)st.st_size, size);
	return (1);
}

/*
 * In the kernel, as far as it goes: 0 where that is not possible, or the
 * file ended.
 */
static uint64_t
copy_in_kernel(int from, int to, uint64_t size)
{
	off_t in = 0, out = 0;
	ssize_t n;

	while ((uint64_t)in < size) {
		n = copy_file_range(from, &in, to, &out,
		    (size_t)MIN(size - (uint64_t)in, 1U << 30), 0);
		if (n <= 0)
			break;
	}
	return ((uint64_t)in);
}

int
sink_copy(struct sink *s, int from, int to, uint64_t size, uint64_t *got,
    struct err *e)
{
	uint8_t *buf;
	uint64_t off;
	ssize_t n;

	if ((n = clone_file(s, from, to, size, got, e)) != 0)
		return (n == 1 ? 0 : -1);
	(void)posix_fadvise(from, 0, 0, POSIX_FADV_SEQUENTIAL);
	buf = sink_chunk(s);
	for (off = copy_in_kernel(from, to, size); off < size;
	    off += (uint64_t)n) {
		n = io_pread(from, buf,
		    (size_t)MIN(size - off, SINK_CHUNK_BYTES), off,
		    "database", e);
		if (n == -1 || (n > 0 && io_pwrite(to, buf, (size_t)n, off,
		    s->spool, e) == -1))
			return (-1);
		if (n == 0)
			break;
	}
	*got = off;
	return (0);
}

int
sink_fill(struct sink *s, int fd, uint64_t *got, struct err *e)
{
	ssize_t n;

	if (s->fd != -1)
		return (sink_copy(s, fd, s->fd, s->size, got, e));
	n = io_pread(fd, s->mem, (size_t)s->size, 0, "database", e);
	if (n == -1)
		return (-1);
	*got = (uint64_t)n;
	if (*got < s->size)
		memset(s->mem + n, 0, (size_t)(s->size - *got));
	return (0);
}

int
sink_adopt(struct sink *s, int *fd, uint64_t size, struct err *e)
{
	uint64_t got;

	if (size <= s->mem_bytes)
		return (sink_start(s, size, e) == -1 ? -1 :
		    sink_fill(s, *fd, &got, e));
	io_close(&s->fd);
	s->fd = *fd;
	s->size = size;
	*fd = -1;
	return (0);
}
