#include "job/backup_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hook.h"
#include "base/log.h"
#include "base/mem.h"
#include "job/change.h"
#include "job/prepare.h"

enum {
	STOP_POLL_MS = 100,	/* how often a stop is looked for */
	CLOCK_SLACK_MS = 60 * 1000	/* adjusted, as clocks are */
};

int
sync_prepare(struct job_backup *job, struct err *e)
{
	struct hash128 was = job->id.store;
	struct err why;
	unsigned i;

	if (job->ready)
		return (0);
	if (job->store == NULL && prepare_store(job->cfg, &job->env,
	    &job->store, e) == -1)
		return (-1);
	if (statedir_reload(job->cfg->statedir, e) == -1)
		return (-1);
	/* Not worth the backups. */
	if (statedir_begin(job->cfg->statedir, &why) == -1)
		log_warn("%s; a power failure in this run would not be noticed "
		    "by the next", why.msg);
	job->id = statedir_id(job->cfg->statedir);
	/* The id may have learned which store it is; then what was opened is
	 * of none. */
	for (i = 0; i < STATE_SEGMENTS && !hash128_eq(was, job->id.store);
	    i++) {
		state_close(job->segs[i]);
		job->segs[i] = NULL;
	}
	if ((job->images = image_new(&job->cfg->image, e)) == NULL)
		return (-1);
	job->hash = hash_stream_new();
	job->enc = frame_enc_new();
	job->ready = true;
	return (0);
}

/*
 * Not SQLite's: remembered, so that it is not opened again until it changes.
 * But what was a database and is none any more is corrupt.
 */
static void
not_a_database(struct job_backup *job, struct backup_item *it)
{
	bool known = (it->rec.flags & STATE_NOT_DB) != 0;
	struct err e;

	if (it->rec.stored_ms != 0) {
		err_set(&e, ERR_CORRUPT, "%s: no longer a SQLite database (its "
		    "header is overwritten); the backups of it are kept",
		    it->path);
		record_failure(job, it, &e);
		return;
	}
	it->rec = (struct state_rec){ .path = it->h,
	    .fingerprint = it->fingerprint, .flags = STATE_NOT_DB };
	if (change_is_racy(&it->st, it->looked_ns))
		it->rec.flags |= STATE_RACY;
	record_put(job, &it->rec, it->path);
	look_recall(job, it, !known);
}

/* The record of a database whose image is (or will be) in the store. */
static struct state_rec
good_record(const struct job_backup *job, const struct backup_item *it,
    const struct image *img, struct hash128 content, int64_t ms)
{
	struct state_rec rec = { .path = it->h,
	    .fingerprint = it->fingerprint, .content = content,
	    .key = hash64(job->key.data, job->key.len),
	    .naming = key_template_naming(job->cfg->key), .stored_ms = ms };

	if (img->unsettled || change_is_racy(&it->st, it->looked_ns))
		rec.flags |= STATE_RACY;
	if (img->size > 0)
		rec.flags |= STATE_HAS_DB;
	if (img->damaged) {
		rec.flags |= STATE_DAMAGED;
		rec.failing_since = record_since_s(&it->rec);
	}
	return (rec);
}

static int
hash_image(struct job_backup *job, const struct image *img,
    struct hash128 *out, struct err *e)
{
	const size_t chunk = (size_t)1 << 20;
	uint64_t off;
	size_t n;
	void *p;
	int ret = -1;

	if (img->mem != NULL || img->size == 0) {
		*out = hash128(img->mem, (size_t)img->size);
		return (0);
	}
	hash_stream_reset(job->hash);
	p = mem_resize(NULL, chunk, 1);
	for (off = 0; off < img->size; off += n) {
		n = img->size - off < chunk ? (size_t)(img->size - off) : chunk;
		if (image_read(img, off, p, n, e) == -1)
			goto out;
		hash_stream_put(job->hash, p, n);
	}
	*out = hash_stream_get(job->hash);
	ret = 0;
out:
	free(p);
	return (ret);
}

/* Build the object of an image in op. */
static int
encode(struct job_backup *job, const struct backup_item *it,
    const struct image *img, struct hash128 content, struct store_op *op,
    struct err *e)
{
	struct trailer t = { .size = img->size, .xxh3 = content,
	    .page_size = img->page_size, .mtime_ns = img->mtime_ns,
	    .mode = img->mode, .uid = img->uid, .gid = img->gid,
	    .host = job->cfg->host, .path = it->path };

	const char *spool = job->cfg->image.spool;
	bool ours;

	tally_go(job->env.tally, TALLY_ENCODE);
	HOOK("encode", it->path);
	if (img->mem != NULL || img->size == 0) {
		if (frame_enc_mem(job->enc, img->mem, (size_t)img->size, &t,
		    &op->mem, e) == -1)
			return (-1);
		op->bytes = op->mem.len;
		return (0);
	}
	op->fd = prepare_spool(job->store, spool, &ours, e);
	if (op->fd != -1) {
		if (frame_enc_fd(job->enc, img->fd, img->size, &t, op->fd,
		    &op->bytes, e) == 0)
			return (0);
		if (ours)
			err_prefix(e, "spool %s", spool);
	}
	job->store_full = !ours && e->cls == ERR_SPACE;
	return (-1);
}

/*
 * It was set back, or was ahead.  Names go on increasing all the same, but
 * "the newest before that moment" is then not what it says.
 */
static void
say_clock(const struct job_backup *job, int64_t behind_ms)
{
	struct err ignored;

	if (gate_enter(job->cfg->clock, &ignored) != 1)
		return;
	log_warn("the clock is %lld s behind the newest backups: it was set "
	    "back, or was ahead when they were made; their names go on from "
	    "there until it is beyond them", (long long)behind_ms / 1000);
	gate_leave(job->cfg->clock, NULL);
}

/*
 * The moment in the object's name.  Those of one database only ever increase;
 * with a resolution they are its multiples and do not decrease, so that the
 * last backup before such a moment is the one that stays.
 */
static int64_t
name_ms(const struct job_backup *job, const struct backup_item *it)
{
	int64_t step = job->cfg->resolution_ms, ms = clock_real_ms();

	if (it->rec.stored_ms - ms > step + CLOCK_SLACK_MS)
		say_clock(job, it->rec.stored_ms - ms);
	if (step == 0)
		return (ms > it->rec.stored_ms ? ms : it->rec.stored_ms + 1);
	if (ms < it->rec.stored_ms)
		ms = it->rec.stored_ms;
	return ((ms + step - 1) / step * step);
}

/* Frame the image and hand it to the store. */
static int
store_image(struct job_backup *job, const struct backup_item *it,
    const struct image *img, struct hash128 content, struct err *e)
{
	struct buf name = { 0 };
	struct store_op *op;
	struct pending *p;
	int64_t ms = name_ms(job, it);

	key_object(&name, buf_str(&job->key), ms);
	op = store_op_new(STORE_PUT, buf_take(&name));
	if (encode(job, it, img, content, op, e) == -1) {
		store_op_free(op);
		return (-1);
	}
	p = mem_zero(sizeof(*p));
	p->old = it->rec;
	p->rec = good_record(job, it, img, content, ms);
	p->st = it->st;
	p->looked_ns = it->looked_ns;
	p->db_bytes = img->size;
	p->path = mem_strdup(it->path);
	p->key = mem_strdup(buf_str(&job->key));
	op->owner = p;
	tally_go(job->env.tally, TALLY_STORE);
	HOOK("store", it->path);
	store_submit(job->store, op);
	return (0);
}

/* The content is as stored: only note when that was seen. */
static void
refresh(struct job_backup *job, struct backup_item *it,
    const struct image *img, struct hash128 content)
{
	uint16_t known = it->rec.flags & STATE_DAMAGED;
	uint32_t since_s = it->rec.failing_since;

	it->rec = good_record(job, it, img, content, it->rec.stored_ms);
	/* Damage does not go away by not being looked for. */
	if (job->cfg->image.check == IMAGE_CHECK_NONE && known != 0) {
		it->rec.flags |= known;
		it->rec.failing_since = since_s;
		look_recall(job, it, false);
	}
	record_put(job, &it->rec, it->path);
	tally_add(job->env.tally, TALLY_REFRESHED, 1);
	log_debug("%s: read again, content as stored", it->path);
}

/* An image has been taken: what becomes of it. */
static int
use_image(struct job_backup *job, struct backup_item *it,
    const struct image *img, struct err *e)
{
	bool known = (it->rec.flags & STATE_DAMAGED) != 0, same;
	struct hash128 content;
	struct err damage;

	tally_add(job->env.tally, TALLY_BYTES_READ, img->size);
	if (!img->damaged && img->why[0] != '\0')
		log_warn("%s: could not be checked for damage: %s", it->path,
		    img->why);
	if (img->size == 0 && (it->rec.flags & STATE_HAS_DB) != 0)
		log_warn("%s: is empty now and was not before; the backups of "
		    "it are kept", it->path);
	if (hash_image(job, img, &content, e) == -1)
		return (-1);
	same = !job->cfg->force && it->rec.stored_ms != 0 &&
	    it->rec.key == hash64(job->key.data, job->key.len) &&
	    hash128_eq(it->rec.content, content);
	if (same)
		refresh(job, it, img, content);
	else if (store_image(job, it, img, content, e) == -1)
		return (-1);
	if (img->damaged) {
		err_set(&damage, ERR_CORRUPT, "%s: damaged (stored as it is): "
		    "%s", it->path, img->why);
		record_name_failure(job, it, &damage, known);
		/* One that is on its way is counted by what becomes of it. */
		if (same)
			record_count_failure(job, it, damage.cls, false);
	}
	return (0);
}

int
sync_make_room(struct job_backup *job, struct err *e)
{
	while (job->store != NULL && store_is_full(job->store) &&
	    !job->env.stopping(job->env.ctx)) {
		store_wait(job->store, -1, STOP_POLL_MS);
		if (reap_stored(job, e) == -1)
			return (-1);
	}
	return (0);
}

/* What room there was in the spool was not enough for this one. */
static void
fail_item(struct job_backup *job, struct backup_item *it, struct err *why)
{
	size_t n = strlen(why->msg);

	if (why->cls == ERR_SPACE)
		(void)snprintf(why->msg + n, sizeof(why->msg) - n,
		    "; --spool may name a directory with more room");
	record_failure(job, it, why);
}

int
sync_item(struct job_backup *job, struct backup_item *it, struct err *e)
{
	struct image img;
	struct err why;
	int r;

	if (sync_prepare(job, e) == -1)
		return (-1);
	tally_take(job->env.tally, it->path, TALLY_IMAGE);
	HOOK("image", it->path);
	if (key_render(job->cfg->key, it->path,
	    store_has_components(job->store), &job->key, &why) == -1 ||
	    (r = image_take(job->images, buf_str(&job->real), &img,
	    &why)) == -1)
		fail_item(job, it, &why);
	else if (r == 1)
		not_a_database(job, it);
	else if (use_image(job, it, &img, &why) == -1 && !job->store_full) {
		if (why.cls == ERR_GONE)	/* not the database, then */
			why.cls = ERR_IO;
		fail_item(job, it, &why);
	}
	tally_drop(job->env.tally);
	if (job->store_full) {
		*e = why;
		err_prefix(e, "store %s: %s", job->cfg->url->canonical,
		    it->path);
		reap_rest(job);
		return (-1);
	}
	return (reap_stored(job, e));
}
