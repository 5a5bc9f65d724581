#include "state/state.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/hook.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "state/names.h"
#include "state/segment.h"
#include "state/table.h"

enum {
	PAGE_SLOTS = 45,	/* of the first page, with the header */
	LOAD_PERCENT = 85,
	PATIENCE_MS = 50
};

struct state {
	int dirfd;		/* the caller's */
	int fd;			/* for writing; -1 until the first put */
	unsigned seg;
	struct state_id id;
	char name[4];		/* "a7" */
	char tmp[12];		/* "a7.new" */
	struct names names;
	struct table t;		/* empty: no file, or none to believe */
	uint64_t hdr_count;	/* as the header has it */
	bool counted;		/* the next two are known */
	uint64_t taken;		/* slots */
	uint64_t count;		/* live records */
	bool said;		/* that a record is damaged */
};

/* What keeps the file from being this segment of this state?  NULL: nothing. */
static const char *
check(const struct state *st, struct segment_hdr *h)
{
	const char *why;

	if (st->t.map == NULL)
		return ("is cut short");
	if ((why = segment_hdr_get(st->t.map, st->t.map_bytes, h)) != NULL)
		return (why);
	if (h->seg != st->seg)
		return ("is that of another segment");
	if (h->id.seed != st->id.seed)
		return ("is from another state");
	/* Failures may be recorded before the store has an id. */
	if (!hash128_eq(h->id.store, st->id.store) &&
	    !hash128_is_zero(h->id.store))
		return ("is from another store");
	return (NULL);
}

struct state *
state_open(int dirfd, unsigned seg, const struct state_id *id, struct err *e)
{
	struct state *st = mem_zero(sizeof(*st));
	struct segment_hdr h;
	const char *why;
	int fd, ret = -1;

	assert(seg < STATE_SEGMENTS);
	st->dirfd = dirfd;
	st->fd = -1;
	st->seg = seg;
	st->id = *id;
	(void)snprintf(st->name, sizeof(st->name), "%02x", seg & 0xff);
	(void)snprintf(st->tmp, sizeof(st->tmp), "%s.new", st->name);
	names_init(&st->names, dirfd, seg);

	if ((fd = openat(dirfd, st->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK)) == -1) {
		if (errno == ENOENT)
			ret = 0;
		else
			err_io(e, "open state segment %s", st->name);
		goto out;
	}
	if (table_map(&st->t, fd, st->name, e) == -1)
		goto out;
	if ((why = check(st, &h)) != NULL) {
		log_warn("state segment %s %s; it begins anew, and its "
		    "databases are backed up again", st->name, why);
		table_unmap(&st->t);
	} else {
		st->t.capacity = h.capacity;
		st->hdr_count = h.count;
	}
	ret = 0;
out:
	io_close(&fd);
	if (ret == -1) {
		state_close(st);
		st = NULL;
	}
	return (st);
}

void
state_share(struct state *st)
{
	st->t.patience_ms = PATIENCE_MS;
}

static void
make_header(const struct state *st, uint64_t capacity,
    uint8_t p[STATE_HDR_BYTES])
{
	segment_hdr_put(&(struct segment_hdr){ .seg = st->seg,
	    .capacity = capacity, .count = st->count, .id = st->id }, p);
}

void
state_close(struct state *st)
{
	uint8_t hdr[STATE_HDR_BYTES];
	struct err ignored;

	if (st == NULL)
		return;
	if (st->fd != -1 && st->counted && st->count != st->hdr_count) {
		make_header(st, st->t.capacity, hdr);
		/* A hint: the next one to open counts for itself. */
		(void)io_pwrite(st->fd, hdr, sizeof(hdr), 0, st->name,
		    &ignored);
	}
	table_unmap(&st->t);
	names_fini(&st->names);
	io_close(&st->fd);
	free(st);
}

static void
say_damage(struct state *st)
{
	if (!st->t.damaged || st->said)
		return;
	log_warn("state segment %s holds a damaged record; the database is "
	    "backed up again", st->name);
	st->said = true;
}

static void
count(struct state *st)
{
	if (!st->counted)
		table_count(&st->t, &st->taken, &st->count);
	st->counted = true;
	say_damage(st);
}

void
state_prefetch(const struct state *st, struct hash128 h)
{
	const uint8_t *p;

	if (st->t.capacity == 0)
		return;
	p = table_slot(&st->t, segment_home(h, st->t.capacity));
	__builtin_prefetch(p);
	__builtin_prefetch(p + STATE_REC_BYTES);
}

bool
state_find(struct state *st, struct hash128 h, struct state_rec *rec)
{
	struct state_rec found;

	if (table_find(&st->t, h, &found) < st->t.capacity) {
		*rec = found;
		return (true);
	}
	/* Rare enough to look why: was its record damaged? */
	if (!st->said && st->t.capacity > 0) {
		(void)table_place(&st->t, h);
		say_damage(st);
	}
	return (false);
}

/* Make st->tmp of these bytes and map it; *fd is left open. */
static int
write_tmp(struct state *st, const uint8_t *all, size_t bytes, int *fd,
    struct table *t, struct err *e)
{
	(void)unlinkat(st->dirfd, st->tmp, 0);
	if ((*fd = openat(st->dirfd, st->tmp, O_RDWR | O_CREAT | O_EXCL |
	    O_CLOEXEC, 0600)) == -1) {
		err_io(e, "create state segment %s", st->tmp);
		return (-1);
	}
	if (io_write(*fd, all, bytes, st->tmp, e) == -1)
		return (-1);
	return (table_map(t, *fd, st->tmp, e));
}

/*
 * Put a larger file in place of the one that there is, or a first one.  It is
 * written whole, so that its blocks are there, and a full disk says so now.
 */
static int
grow(struct state *st, struct err *e)
{
	struct table t = { 0 };
	uint64_t capacity, bytes;
	uint8_t *all = NULL;
	int fd = -1, ret = -1;

	count(st);
	/* By a quarter; by less than a page would save nothing. */
	capacity = st->t.capacity + (st->t.capacity / 4 > PAGE_SLOTS ?
	    st->t.capacity / 4 : PAGE_SLOTS);
	if (!segment_bytes(capacity, &bytes) || bytes > SIZE_MAX) {
		err_set(e, ERR_LIMIT, "state segment %s is full", st->name);
		goto out;
	}
	/* Names without records are of no use, and maybe of another state. */
	if (st->t.capacity == 0 && names_cut(&st->names, 0, e) == -1)
		goto out;
	all = mem_zero((size_t)bytes);
	make_header(st, capacity, all);
	table_copy(&st->t, all + STATE_HDR_BYTES, capacity);
	if (write_tmp(st, all, (size_t)bytes, &fd, &t, e) == -1)
		goto out;
	HOOK("state-grow", "");
	if (renameat(st->dirfd, st->tmp, st->dirfd, st->name) == -1) {
		err_io(e, "rename state segment %s", st->tmp);
		goto out;
	}
	table_unmap(&st->t);
	io_close(&st->fd);
	st->t = t;
	st->t.capacity = capacity;
	st->fd = fd;
	st->hdr_count = st->taken = st->count;
	ret = 0;
out:
	if (ret == -1 && fd != -1) {
		table_unmap(&t);
		io_close(&fd);
		(void)unlinkat(st->dirfd, st->tmp, 0);
	}
	free(all);
	return (ret);
}

/* Open the mapped file for writing, if that was not done. */
static int
open_write(struct state *st, struct err *e)
{
	struct stat sb;
	int fd, ret = -1;

	if (st->fd != -1)
		return (0);
	if ((fd = openat(st->dirfd, st->name, O_RDWR | O_CLOEXEC |
	    O_NOFOLLOW)) == -1 || fstat(fd, &sb) == -1) {
		err_io(e, "open state segment %s", st->name);
		goto out;
	}
	if (sb.st_dev != st->t.dev || sb.st_ino != st->t.ino) {
		err_set(e, ERR_IO, "state segment %s was replaced by somebody "
		    "else", st->name);
		goto out;
	}
	st->fd = fd;
	fd = -1;
	ret = 0;
out:
	io_close(&fd);
	return (ret);
}

static int
write_slot(struct state *st, uint64_t i, const struct state_rec *rec,
    const char *path, struct err *e)
{
	uint8_t bytes[STATE_REC_BYTES];

	(void)path;		/* for the hook alone */
	segment_rec_put(rec, bytes);
	HOOK("state-put", path);
	if (io_pwrite(st->fd, bytes, sizeof(bytes), STATE_HDR_BYTES +
	    i * STATE_REC_BYTES, st->name, e) == 0)
		return (0);
	st->counted = false;	/* the record may be torn */
	return (-1);
}

static int
put_new(struct state *st, const struct state_rec *rec, const char *path,
    struct err *e)
{
	uint64_t i, old_bytes, found = 0;
	struct err ignored;
	bool fresh, gaps;

	/*
	 * The slot of a damaged record is taken only by a path whose search
	 * comes by it, and stays in use, so nobody's search ends earlier.
	 */
	count(st);
	i = table_place(&st->t, rec->path);
	fresh = i == st->t.capacity || segment_rec_free(table_slot(&st->t, i));
	if (fresh && (st->taken + 1) * 100 > st->t.capacity * LOAD_PERCENT) {
		if (grow(st, e) == -1)
			return (-1);
		i = table_place(&st->t, rec->path);
	}
	if (open_write(st, e) == -1 || names_append(&st->names, rec->path,
	    path, &old_bytes, e) == -1)
		return (-1);
	/* A record beyond a gap that this one fills may be found again. */
	gaps = fresh && st->taken != st->count;
	if (gaps)
		found = table_live_behind(&st->t, i);
	if (write_slot(st, i, rec, path, e) == -1) {
		(void)names_cut(&st->names, old_bytes, &ignored);
		return (-1);
	}
	st->taken += fresh;
	st->count++;
	if (gaps)
		st->count += table_live_behind(&st->t, i) - found;
	return (0);
}

int
state_put(struct state *st, const struct state_rec *rec, const char *path,
    struct err *e)
{
	struct state_rec old, new = *rec;
	uint64_t i, bytes;

	assert(rec->path.hi >> 56 == st->seg);
	i = table_find(&st->t, rec->path, &old);
	if (i == st->t.capacity)
		return (put_new(st, rec, path, e));
	if (open_write(st, e) == -1)
		return (-1);
	if (path[0] != '\0' && (old.flags & STATE_UNNAMED) != 0 &&
	    names_append(&st->names, rec->path, path, &bytes, e) == -1)
		return (-1);
	if (path[0] != '\0')
		new.flags &= (uint16_t)~STATE_UNNAMED;
	return (write_slot(st, i, &new, path, e));
}

void
state_each(struct state *st,
    void (*each)(void *ctx, const struct state_rec *rec), void *ctx)
{
	struct state_rec rec;
	uint64_t i;

	for (i = 0; i < st->t.capacity; i++)
		if (table_live(&st->t, i, &rec))
			each(ctx, &rec);
	say_damage(st);
}

/* What state_names() hands on: each path that has a record, once. */
struct naming {
	struct table *t;
	uint8_t *told;		/* a bit a slot */
	void (*each)(void *ctx, struct hash128 h, const char *path);
	void *ctx;
};

static void
tell_name(void *ctx, struct hash128 h, const char *path)
{
	struct naming *n = ctx;
	struct state_rec rec;
	uint64_t i = table_find(n->t, h, &rec);
	uint8_t bit = (uint8_t)(1U << (i % 8));

	if (i == n->t->capacity || (n->told[i / 8] & bit) != 0)
		return;
	n->told[i / 8] |= bit;
	n->each(n->ctx, h, path);
}

int
state_names(struct state *st,
    void (*each)(void *ctx, struct hash128 h, const char *path), void *ctx,
    struct err *e)
{
	struct naming n = { .t = &st->t, .each = each, .ctx = ctx };
	uint64_t skipped;
	int ret;

	if (st->t.capacity == 0)
		return (0);
	n.told = mem_zero((size_t)(st->t.capacity / 8 + 1));
	ret = names_each(&st->names, &st->id, tell_name, &n, &skipped, e);
	if (ret == 0 && skipped > 0)
		log_warn("state names %s: %llu damaged bytes were passed over",
		    st->names.name, (unsigned long long)skipped);
	free(n.told);
	return (ret);
}

static void
no_more(void *ctx, struct hash128 h, const char *path)
{
	(void)ctx;
	(void)h;
	(void)path;
}

int
state_unnamed(struct state *st,
    void (*each)(void *ctx, const struct state_rec *rec), void *ctx,
    struct err *e)
{
	struct naming n = { .t = &st->t, .each = no_more };
	struct state_rec rec;
	uint64_t i, skipped;
	int ret;

	n.told = mem_zero((size_t)(st->t.capacity / 8 + 1));
	ret = names_each(&st->names, &st->id, tell_name, &n, &skipped, e);
	for (i = 0; ret == 0 && i < st->t.capacity; i++)
		if ((n.told[i / 8] & (1U << (i % 8))) == 0 &&
		    table_live(&st->t, i, &rec))
			each(ctx, &rec);
	free(n.told);
	return (ret);
}

uint64_t
state_count(struct state *st)
{
	count(st);
	return (st->count);
}

struct hash128
state_fingerprint(const struct state_stat *s)
{
	uint8_t p[9 * 8];
	struct hash128 h;

	memset(p, 0, sizeof(p));
	le64_put(p, s->dev);
	le64_put(p + 8, s->ino);
	le64_put(p + 16, s->size);
	le64_put(p + 24, (uint64_t)s->mtime_ns);
	le64_put(p + 32, (uint64_t)s->ctime_ns);
	if (s->has_wal) {
		p[40] = 1;
		le64_put(p + 48, s->wal_ino);
		le64_put(p + 56, s->wal_size);
		le64_put(p + 64, (uint64_t)s->wal_mtime_ns);
	}
	h = hash128(p, sizeof(p));
	if (hash128_is_zero(h))
		h.lo = 1;	/* 0 says: never read */
	return (h);
}
