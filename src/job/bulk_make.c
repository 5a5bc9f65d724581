/*
 * bulk_make -- one object becomes a file of the batch; the batch lands.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hook.h"
#include "base/io.h"
#include "base/mem.h"
#include "db/check.h"
#include "job/bulk_job.h"
#include "job/origin.h"

enum {
	IN_BYTES = 128 * 1024
};

static void
exists(struct bulk *b, struct bulk_item *it, const char *suffix)
{
	char *path = land_path(b->land, it->rel);
	struct err e;

	if (suffix[0] == '\0')
		err_set(&e, ERR_EXISTS, "%s exists; --force replaces it, "
		    "--if-db-not-exists leaves it", path);
	else
		err_set(&e, ERR_EXISTS, "%s%s exists, and SQLite would lay it "
		    "over the restored file; --force moves it aside", path,
		    suffix);
	free(path);
	bulk_fail(b, it, &e);
}

/* Something is at the target, and it is not the content. */
static bool
may_replace(struct bulk *b, struct bulk_item *it, const char *suffix)
{
	it->compare = false;
	if (b->cfg->exists == JOB_RESTORE_FORCE)
		return (true);
	/* A companion alone is no database that could be left. */
	if (b->cfg->exists == JOB_RESTORE_SKIP && suffix[0] == '\0')
		bulk_settle(b, it, BULK_SKIPPED, "");
	else
		exists(b, it, suffix);
	return (false);
}

bool
bulk_look(struct bulk *b, struct bulk_item *it)
{
	const char *suffix;
	struct err e;
	int r;

	tally_take(b->env.tally, it->key, TALLY_STAT);
	r = land_look(b->land, it->rel, &suffix, &e);
	tally_drop(b->env.tally);
	if (r == -1) {
		bulk_fail(b, it, &e);
		return (false);
	}
	if (suffix == NULL)
		return (true);
	if (suffix[0] == '\0' && (b->cfg->resume || b->env.again)) {
		it->compare = true;
		return (true);
	}
	return (may_replace(b, it, suffix));
}

/* Is the file at the target this content?  Whatever cannot be read is not. */
static bool
is_there(struct bulk *b, const struct bulk_item *it, const struct trailer *t)
{
	struct hash_stream *hs = NULL;
	struct err ignored;
	struct stat st;
	uint8_t *p = NULL;
	ssize_t n;
	bool ret = false;
	int fd;

	if ((fd = land_read(b->land, it->rel, &ignored)) == -1)
		return (false);
	if (fstat(fd, &st) == -1 || (uint64_t)st.st_size != t->size)
		goto out;
	hs = hash_stream_new();
	p = mem_resize(NULL, IN_BYTES, 1);
	while ((n = io_read(fd, p, IN_BYTES, it->rel, &ignored)) > 0)
		hash_stream_put(hs, p, (size_t)n);
	ret = n == 0 && hash128_eq(hash_stream_get(hs), t->xxh3);
out:
	hash_stream_free(hs);
	free(p);
	io_close(&fd);
	return (ret);
}

/* What was kept of it has no use any more. */
static void
forget_part(struct bulk *b, const struct bulk_item *it)
{
	struct err ignored;
	const char *name;
	int fd;

	if (it->tag[0] == '\0' || it->bytes < PART_LEAST_BYTES ||
	    (fd = land_dir(b->land, it->rel, &name, &ignored)) == -1)
		return;
	part_forget(fd, name);
	io_close(&fd);
}

/* A file belongs to the batch. */
static void
join(struct bulk *b, struct bulk_item *it, struct land_file *f, uint64_t bytes)
{
	f->hand = it->key;
	f->owner = it;
	if (land_nadded(b->land) == 0)
		b->batch_ms = clock_mono_ms();
	TAILQ_INSERT_TAIL(&b->landing, it, entry);
	land_add(b->land, f, bytes);
	if (land_is_full(b->land))
		bulk_land(b);
}

/*
 * With the trailer of an object whose target is taken: true if it is to be
 * made all the same, else it is taken over.
 */
static bool
compare(struct bulk *b, struct bulk_item *it, const struct trailer *t)
{
	bool there = is_there(b, it, t);
	struct land_file *f;
	struct err e;

	it->there = there;
	if (!there && may_replace(b, it, ""))
		return (true);
	tally_drop(b->env.tally);
	if (!there)
		return (false);
	it->size = t->size;
	it->xxh3 = t->xxh3;
	if ((f = land_keep(b->land, it->rel, &e)) == NULL)
		bulk_fail(b, it, &e);
	else
		join(b, it, f, 0);
	return (false);
}

/* Mode and owner of the database that was backed up. */
static int
preserve(struct bulk *b, const struct bulk_item *it, int fd,
    const struct trailer *t, struct err *e)
{
	char *path;

	/* fchown(2) may take bits away that fchmod(2) gives. */
	if (fchown(fd, t->uid, t->gid) == 0 &&
	    fchmod(fd, t->mode & 0777) == 0)
		return (0);
	path = land_path(b->land, it->rel);
	err_io(e, "%s: give it to user %" PRIu32 ", group %" PRIu32 ", mode "
	    "%04" PRIo32 " (--preserve)", path, t->uid, t->gid,
	    t->mode & 0777);
	free(path);
	return (-1);
}

/* The database needs the room more than what is kept of its object. */
static bool
yield(void *ctx)
{
	struct bulk_item *it = ctx;

	return (it->part != NULL && part_yield(it->part));
}

static int
check(struct bulk *b, struct bulk_item *it, int fd, struct err *e)
{
	struct check_verdict v;

	tally_go(b->env.tally, TALLY_CHECK);
	while (check_file(fd, it->size, b->cfg->check, b->cfg->spool, &v,
	    e) == -1)
		if (e->cls != ERR_SPACE || !yield(it))
			return (-1);
	if (v.damaged) {
		err_set(e, ERR_CORRUPT, "%s: the database in it is damaged: "
		    "%s", it->object, v.why);
		return (-1);
	}
	if (v.why[0] != '\0') {
		free(it->remark);
		it->remark = mem_printf("could not be checked for damage: %s",
		    v.why);
	}
	return (0);
}

/* The object has ended: is the file what it should be? */
static int
finish(struct bulk *b, struct bulk_item *it, struct land_file *f,
    struct err *e)
{
	const struct trailer *t;

	if (decode_end(b->decode, &t, e) == -1)
		return (-1);
	it->size = t->size;
	it->xxh3 = t->xxh3;
	HOOK("bulk-decoded", it->key);
	if (check(b, it, f->fd, e) == -1)
		return (-1);
	return (b->cfg->preserve ? preserve(b, it, f->fd, t, e) : 0);
}

/* A finished file belongs to the batch, another is dropped. */
static void
add(struct bulk *b, struct bulk_item *it, struct land_file *f, int r,
    struct err *e)
{
	tally_drop(b->env.tally);
	if (r == -1) {
		if ((e->cls == ERR_CORRUPT || e->cls == ERR_LIMIT) &&
		    strstr(e->msg, it->object) == NULL)
			err_prefix(e, "%s", it->object);
		land_drop(b->land, f);
		bulk_fail(b, it, e);
		return;
	}
	tally_add(b->env.tally, TALLY_BYTES_STORED, it->size);
	join(b, it, f, it->size);
}

static struct land_file *
begin(struct bulk *b, struct bulk_item *it, struct err *e)
{
	struct land_file *f = land_begin(b->land, it->rel,
	    b->cfg->exists == JOB_RESTORE_FORCE, e);

	if (f != NULL) {
		decode_begin(b->decode, f->fd, f->rel);
		decode_on_full(b->decode, yield, it);
	}
	return (f);
}

void
bulk_make(struct bulk *b, struct bulk_item *it, const void *p, size_t n)
{
	struct land_file *f = NULL;
	struct trailer t;
	struct err e;
	bool go_on;
	int r = -1;

	HOOK("bulk-fetched", it->key);
	tally_add(b->env.tally, TALLY_BYTES_READ, n);
	tally_take(b->env.tally, it->key, TALLY_DECODE);
	if (it->compare) {
		if (origin_tail(p, n, it->object, &t, &e) == -1) {
			add(b, it, NULL, -1, &e);
			return;
		}
		go_on = compare(b, it, &t);
		trailer_fini(&t);
		if (!go_on)
			return;
	}
	if ((f = begin(b, it, &e)) != NULL &&
	    decode_feed(b->decode, p, n, &e) == 0)
		r = finish(b, it, f, &e);
	add(b, it, f, r, &e);
}

/* 0; -1 with e, or, if it was told to stop, class none. */
static int
pump(struct bulk *b, struct bulk_item *it, struct err *e)
{
	ssize_t n;

	while ((n = part_read(it->part, b->in, IN_BYTES, e)) > 0) {
		tally_add(b->env.tally, TALLY_BYTES_READ, (uint64_t)n);
		if (b->env.stopping(b->env.ctx)) {
			e->cls = ERR_NONE;
			return (-1);
		}
		if (decode_feed(b->decode, b->in, (size_t)n, e) == -1)
			return (-1);
	}
	if (n == -1)
		return (-1);
	HOOK("bulk-fetched", it->key);
	return (0);
}

static int
open_part(struct bulk *b, struct bulk_item *it, struct err *e)
{
	struct part_cfg cfg = { .store = b->store, .object = it->object,
	    .tag = it->tag, .bytes = it->bytes,
	    .least_bytes = PART_LEAST_BYTES };

	if ((it->dirfd = land_dir(b->land, it->rel, &cfg.name, e)) == -1)
		return (-1);
	cfg.dirfd = it->dirfd;
	if (it->anew)
		part_forget(it->dirfd, cfg.name);
	return ((it->part = part_open(&cfg, e)) == NULL ? -1 : 0);
}

void
bulk_stream(struct bulk *b, struct bulk_item *it)
{
	struct land_file *f = NULL;
	struct trailer t;
	struct err e;
	bool go_on;
	int r = -1;

	bulk_land(b);		/* nobody waits for this one */
	tally_take(b->env.tally, it->key, TALLY_FETCH);
	if (it->compare) {
		if (origin_trailer(b->store, it->object, &t, &e) == -1) {
			add(b, it, NULL, -1, &e);
			return;
		}
		go_on = compare(b, it, &t);
		trailer_fini(&t);
		if (!go_on)
			return;
	}
	if (b->in == NULL)
		b->in = mem_resize(NULL, IN_BYTES, 1);
	if (open_part(b, it, &e) == 0 && (f = begin(b, it, &e)) != NULL &&
	    pump(b, it, &e) == 0)
		r = finish(b, it, f, &e);
	if (r == -1 && f != NULL && e.cls == ERR_NONE) {
		tally_drop(b->env.tally);
		land_drop(b->land, f);
		bulk_item_free(it);
		return;
	}
	if (r == -1 && e.cls == ERR_CORRUPT && it->part != NULL) {
		go_on = part_resumed(it->part) > 0 && !it->anew;
		part_done(it->part);
		if (go_on) {
			/* Perhaps what was kept was damaged by a crash. */
			tally_drop(b->env.tally);
			land_drop(b->land, f);
			part_close(it->part);
			it->part = NULL;
			io_close(&it->dirfd);
			it->anew = true;
			bulk_stream(b, it);
			return;
		}
	}
	add(b, it, f, r, &e);
}

/* What is to be said of one that is safe. */
static void
remark(struct bulk_item *it, const struct land_file *f)
{
	struct buf r = { 0 };

	if (f->moved != NULL)
		buf_printf(&r, "the old one was moved to %s", f->moved);
	if (f->unknown)
		buf_printf(&r, "%swhether another process has the old one "
		    "open cannot be known here; one that has must open it "
		    "anew", r.len > 0 ? "; " : "");
	if (it->remark != NULL)
		buf_printf(&r, "%s%s", r.len > 0 ? "; " : "", it->remark);
	free(it->remark);
	it->remark = mem_strdup(buf_str(&r));
	buf_fini(&r);
}

static void
landed(struct bulk *b, struct land_file *f)
{
	struct bulk_item *it = f->owner;
	const char *suffix;
	struct err e;

	TAILQ_REMOVE(&b->landing, it, entry);
	if (f->err == NULL && it->there) {
		forget_part(b, it);
		bulk_settle(b, it, BULK_THERE, "");
	} else if (f->err == NULL) {
		remark(it, f);
		bulk_settle(b, it, BULK_RESTORED, it->remark);
	} else if (f->err->cls == ERR_EXISTS &&
	    b->cfg->exists == JOB_RESTORE_SKIP && land_look(b->land, it->rel,
	    &suffix, &e) == 0 && suffix != NULL && suffix[0] == '\0') {
		bulk_settle(b, it, BULK_SKIPPED, f->err->msg);
	} else {
		e = *f->err;
		if (f->moved != NULL)
			err_prefix(&e, "the old one is at %s", f->moved);
		bulk_fail(b, it, &e);
	}
}

void
bulk_land(struct bulk *b)
{
	int64_t began_ms = clock_mono_ms();
	struct land_file *f;

	if (land_nadded(b->land) == 0)
		return;
	land_sync(b->land, b->cfg->busy_timeout_ms);
	b->landing_ms = clock_mono_ms() - began_ms;
	while ((f = land_next(b->land)) != NULL) {
		landed(b, f);
		land_drop(b->land, f);
	}
}
