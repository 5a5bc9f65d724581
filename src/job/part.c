#include "job/part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/mem.h"
#include "db/replace.h"

#define MAGIC	"LFPART1\n"

enum {
	MAGIC_BYTES = 8,
	HEAD_BYTES = 24,
	TRIES = 10		/* against others who remove it as we open */
};

struct part {
	struct store *store;
	char *object, *tag;
	uint64_t bytes;
	int dirfd;
	char *file;		/* name of the file, NULL: none is kept */
	int fd;
	uint64_t held;		/* bytes of the object that it held */
	uint64_t at;		/* the next to be read */
	struct store_reader *reader;
};

static char *
file_name(const char *name)
{
	return (replace_beside(name, ".", ".litefleet-part", 0));
}

static void
make_head(const struct part *p, uint8_t head[HEAD_BYTES])
{
	struct buf b = { 0 };
	struct hash128 h;

	buf_printf(&b, "%s\n%llu\n%s", p->object,
	    (unsigned long long)p->bytes, p->tag);
	h = hash128(b.data, b.len);
	buf_fini(&b);
	memcpy(head, MAGIC, MAGIC_BYTES);
	le64_put(head + MAGIC_BYTES, h.hi);
	le64_put(head + MAGIC_BYTES + 8, h.lo);
}

/* The file is of no use: go on without one. */
static void
give_up(struct part *p)
{
	if (p->file != NULL)
		(void)unlinkat(p->dirfd, p->file, 0);
	free(p->file);
	p->file = NULL;
	io_close(&p->fd);
}

/* Open and lock the file: 1; 0 if it cannot be had; -1 with e. */
static int
open_file(struct part *p, struct stat *st, struct err *e)
{
	int i;

	for (i = 0; i < TRIES; i++) {
		p->fd = openat(p->dirfd, p->file, O_RDWR | O_CREAT |
		    O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
		if (p->fd == -1)
			return (0);
		if (flock(p->fd, LOCK_EX | LOCK_NB) == -1) {
			if (errno == EWOULDBLOCK) {
				err_set(e, ERR_BUSY, "%s: another restore is "
				    "at it", p->object);
				io_close(&p->fd);
				return (-1);
			}
			break;
		}
		if (fstat(p->fd, st) == -1 || !S_ISREG(st->st_mode) ||
		    st->st_uid != geteuid())
			break;
		if (st->st_nlink == 1)
			return (1);
		io_close(&p->fd);	/* removed since, or has more names */
	}
	io_close(&p->fd);
	return (0);
}

/* Find out what is there; -1 with e. */
static int
begin(struct part *p, const char *name, struct err *e)
{
	uint8_t head[HEAD_BYTES], there[HEAD_BYTES];
	struct err ignored;
	struct stat st;
	int r;

	p->file = file_name(name);
	if ((r = open_file(p, &st, e)) != 1) {
		/* Whosever it is, it is not ours to remove. */
		free(p->file);
		p->file = NULL;
		return (r);
	}
	make_head(p, head);
	if ((uint64_t)st.st_size > HEAD_BYTES &&
	    (uint64_t)st.st_size - HEAD_BYTES <= p->bytes &&
	    io_pread(p->fd, there, HEAD_BYTES, 0, p->file, &ignored) ==
	    HEAD_BYTES && memcmp(head, there, HEAD_BYTES) == 0) {
		p->held = (uint64_t)st.st_size - HEAD_BYTES;
		return (0);
	}
	if (ftruncate(p->fd, 0) == -1 || io_pwrite(p->fd, head, HEAD_BYTES, 0,
	    p->file, &ignored) == -1)
		give_up(p);
	return (0);
}

/* Have the store send the rest. */
static int
ask(struct part *p, struct err *e)
{
	struct store_get_cfg get = { .name = p->object, .off = p->held,
	    .if_match = p->tag };

	if ((p->reader = store_get(p->store, &get, NULL, e)) != NULL)
		return (0);
	if (e->cls == ERR_GONE || e->cls == ERR_NOTFOUND)
		give_up(p);
	return (-1);
}

struct part *
part_open(const struct part_cfg *cfg, struct err *e)
{
	struct part *p = mem_zero(sizeof(*p));

	p->store = cfg->store;
	p->object = mem_strdup(cfg->object);
	p->tag = mem_strdup(cfg->tag);
	p->bytes = cfg->bytes;
	p->dirfd = cfg->dirfd;
	p->fd = -1;
	if (p->tag[0] != '\0' && p->bytes > 0 &&
	    p->bytes >= cfg->least_bytes && begin(p, cfg->name, e) == -1)
		goto fail;
	if ((p->file != NULL && p->held == p->bytes) || ask(p, e) == 0)
		return (p);
fail:
	part_close(p);
	return (NULL);
}

/* What the file holds. */
static ssize_t
read_file(struct part *p, void *buf, size_t n, struct err *e)
{
	ssize_t got;

	if (n > p->held - p->at)
		n = (size_t)(p->held - p->at);
	if ((got = io_pread(p->fd, buf, n, HEAD_BYTES + p->at, p->file,
	    e)) == -1)
		return (-1);
	if ((size_t)got < n) {
		err_set(e, ERR_IO, "%s has become shorter", p->file);
		return (-1);
	}
	p->at += (uint64_t)got;
	return (got);
}

ssize_t
part_read(struct part *p, void *buf, size_t n, struct err *e)
{
	struct err ignored;
	ssize_t got;

	if (p->at < p->held)
		return (read_file(p, buf, n, e));
	if (p->reader == NULL && p->file == NULL && p->at < p->bytes &&
	    ask(p, e) == -1)
		return (-1);
	if (p->reader == NULL)
		return (0);
	if ((got = store_read(p->reader, buf, n, e)) == -1) {
		if (e->cls == ERR_GONE)
			give_up(p);
		return (-1);
	}
	if (got > 0 && p->file != NULL && io_pwrite(p->fd, buf, (size_t)got,
	    HEAD_BYTES + p->at, p->file, &ignored) == -1)
		give_up(p);
	p->at += (uint64_t)got;
	return (got);
}

bool
part_yield(struct part *p)
{
	if (p->file == NULL)
		return (false);
	give_up(p);
	if (p->at < p->held) {
		/* The rest of what it held is asked for, too. */
		p->held = p->at;
		store_reader_free(p->reader);
		p->reader = NULL;
	}
	return (true);
}

uint64_t
part_resumed(const struct part *p)
{
	return (p->held);
}

void
part_done(struct part *p)
{
	give_up(p);
}

void
part_close(struct part *p)
{
	if (p == NULL)
		return;
	if (p->file != NULL && p->held == 0 && p->at == 0)
		give_up(p);
	store_reader_free(p->reader);
	io_close(&p->fd);
	free(p->file);
	free(p->object);
	free(p->tag);
	free(p);
}

void
part_forget(int dirfd, const char *name)
{
	char *file = file_name(name);

	(void)unlinkat(dirfd, file, 0);
	free(file);
}
