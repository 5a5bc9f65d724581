#include "job/bulk.h"

#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "fleet/key.h"
#include "fleet/order.h"
#include "job/bulk_job.h"

enum {
	STOP_MS = 100		/* a stop is seen as soon as this */
};

/* This worker's part of what all have together, at least 1. */
static uint64_t
share(uint64_t all, const struct bulk_cfg *cfg, const struct bulk_env *env)
{
	uint64_t n = all / cfg->nworkers;

	if (env->index < all % cfg->nworkers)
		n++;
	return (n == 0 ? 1 : n);
}

int
bulk_open(const struct bulk_cfg *cfg, const struct bulk_env *env,
    struct bulk **out, struct err *e)
{
	struct store_cfg scfg = { .url = cfg->url, .s3 = cfg->s3 };
	struct bulk *b = mem_zero(sizeof(*b));

	b->cfg = cfg;
	b->env = *env;
	TAILQ_INIT(&b->waiting);
	TAILQ_INIT(&b->delayed);
	TAILQ_INIT(&b->fetching);
	TAILQ_INIT(&b->landing);
	b->share = (unsigned)share(cfg->parallel, cfg, env);
	scfg.s3.concurrent = b->share;
	if (cfg->s3.limit_rate_bytes > 0)
		scfg.s3.limit_rate_bytes = share(cfg->s3.limit_rate_bytes, cfg,
		    env);
	*out = b;
	if ((b->land = land_new(cfg->root, env->tally, e)) == NULL ||
	    (b->store = store_open(&scfg, e)) == NULL)
		return (-1);
	b->decode = decode_new(BULK_CONTENT_MAX);
	return (0);
}

static void
drop_queue(struct bulk_queue *q)
{
	struct bulk_item *it;

	while ((it = TAILQ_FIRST(q)) != NULL) {
		TAILQ_REMOVE(q, it, entry);
		bulk_item_free(it);
	}
}

void
bulk_close(struct bulk *b)
{
	size_t i;

	if (b == NULL)
		return;
	drop_queue(&b->waiting);
	drop_queue(&b->delayed);
	drop_queue(&b->fetching);
	drop_queue(&b->landing);
	store_close(b->store);
	land_free(b->land);
	decode_free(b->decode);
	for (i = 0; i < b->nkillers; i++) {
		free(b->killer[i].key);
		free(b->killer[i].how);
	}
	free(b->killer);
	buf_fini(&b->msg);
	free(b->in);
	free(b);
}

int
bulk_quarantine(struct bulk *b, const char *key, const char *how,
    struct err *e)
{
	(void)e;
	b->killer = mem_resize(b->killer, b->nkillers + 1,
	    sizeof(*b->killer));
	b->killer[b->nkillers++] = (struct bulk_killer){ mem_strdup(key),
	    mem_strdup(how) };
	return (0);
}

_Static_assert(TALLY_CLASS == (int)TALLY_REQUEST + (int)STORE_NREQUEST,
    "the tally has a place for each kind of request");

static void
count_requests(struct bulk *b)
{
	uint64_t n;
	unsigned kind;

	for (kind = 0; kind < STORE_NREQUEST; kind++) {
		n = store_requests(b->store, (enum store_request)kind);
		tally_add(b->env.tally, TALLY_REQUEST + kind,
		    n - b->nrequests[kind]);
		b->nrequests[kind] = n;
	}
}

/* Take in what has come. */
static void
reap(struct bulk *b)
{
	struct bulk_item *it;
	struct store_op *op;

	while ((op = store_next(b->store)) != NULL) {
		it = op->owner;
		TAILQ_REMOVE(&b->fetching, it, entry);
		b->ninflight--;
		b->inflight_bytes -= it->bytes;
		if (op->err == NULL)
			bulk_make(b, it, op->mem.data, op->mem.len);
		else if (op->err->cls == ERR_LIMIT && !it->stream) {
			it->stream = true;
			TAILQ_INSERT_HEAD(&b->waiting, it, entry);
		} else
			bulk_fail(b, it, op->err);
		store_op_free(op);
	}
	count_requests(b);
}

/* Was the disk full, and is there still no room for this one? */
static bool
lacks_room(const struct bulk *b, const struct bulk_item *it, struct err *e)
{
	uint64_t room;
	char *path;

	if (!b->full || (room = land_room(b->land)) >=
	    it->bytes + BULK_SPARE_BYTES)
		return (false);
	path = land_path(b->land, it->rel);
	err_set(e, ERR_SPACE, "%s: the disk is full (%" PRIu64 " bytes are "
	    "left)", path, room);
	free(path);
	return (true);
}

static void
fetch(struct bulk *b, struct bulk_item *it)
{
	struct store_op *op = store_op_new(STORE_GET, mem_strdup(it->object));

	op->max_bytes = BULK_STREAM_BYTES;
	op->tag = mem_strdup(it->tag);
	op->bytes = it->bytes;
	op->owner = it;
	TAILQ_INSERT_TAIL(&b->fetching, it, entry);
	b->ninflight++;
	b->inflight_bytes += it->bytes;
	store_submit(b->store, op);
}

/* May one more of this size be in flight? */
static bool
has_slot(const struct bulk *b, const struct bulk_item *it)
{
	return (it->stream || b->ninflight == 0 || (b->ninflight < b->share &&
	    it->bytes <= BULK_INFLIGHT_BYTES - b->inflight_bytes));
}

/* Send as many of those that wait on their way as may be. */
static void
submit(struct bulk *b)
{
	struct bulk_item *it;
	struct err e;

	while ((it = TAILQ_FIRST(&b->waiting)) != NULL && has_slot(b, it)) {
		if (b->env.stopping(b->env.ctx))
			return;
		TAILQ_REMOVE(&b->waiting, it, entry);
		if (b->down.cls != ERR_NONE)
			bulk_fail(b, it, &b->down);
		else if (lacks_room(b, it, &e))
			bulk_fail(b, it, &e);
		else if (it->stream)
			bulk_stream(b, it);
		else
			fetch(b, it);
	}
}

/* Those whose time has come, or for whom there is no hope, wait again. */
static void
promote(struct bulk *b)
{
	int64_t now_ms = clock_mono_ms();
	struct bulk_item *it;

	while ((it = TAILQ_FIRST(&b->delayed)) != NULL &&
	    (it->due_ms <= now_ms || b->down.cls != ERR_NONE)) {
		TAILQ_REMOVE(&b->delayed, it, entry);
		b->ndelayed--;
		TAILQ_INSERT_TAIL(&b->waiting, it, entry);
	}
}

/* When the batch is to land, at the latest. */
static int64_t
batch_due_ms(const struct bulk *b)
{
	int64_t ms = 10 * b->landing_ms;

	if (ms < BULK_BATCH_MS)
		ms = BULK_BATCH_MS;
	if (ms > BULK_BATCH_MAX_MS)
		ms = BULK_BATCH_MAX_MS;
	return (b->batch_ms + ms);
}

/* Do what can be done without waiting. */
static void
turn(struct bulk *b)
{
	promote(b);
	do {
		submit(b);
		reap(b);
	} while (TAILQ_FIRST(&b->waiting) != NULL &&
	    has_slot(b, TAILQ_FIRST(&b->waiting)) &&
	    !b->env.stopping(b->env.ctx));
	if (land_nadded(b->land) > 0 && clock_mono_ms() >= batch_due_ms(b))
		bulk_land(b);
}

/* Until something happens, or is due. */
static void
pause_for(struct bulk *b, int fd)
{
	const struct bulk_item *first = TAILQ_FIRST(&b->delayed);
	int64_t now_ms = clock_mono_ms(), left_ms = INT_MAX;

	if (land_nadded(b->land) > 0)
		left_ms = batch_due_ms(b) - now_ms;
	if (first != NULL && first->due_ms - now_ms < left_ms)
		left_ms = first->due_ms - now_ms;
	if (left_ms < 0)
		left_ms = 0;
	if (b->ninflight > 0 || fd != -1)
		store_wait(b->store, fd, left_ms == INT_MAX ? -1 :
		    (int)left_ms);
	else if (left_ms < INT_MAX)
		clock_sleep_ms(left_ms < STOP_MS ? left_ms : STOP_MS);
}

static struct bulk_item *
item_new(const struct order *o)
{
	struct bulk_item *it = mem_zero(sizeof(*it));
	struct buf name = { 0 };

	it->key = mem_strdup(o->key);
	it->rel = mem_strdup(o->rel);
	it->tag = mem_strdup(o->tag);
	key_object(&name, o->key, o->ms);
	it->object = buf_take(&name);
	it->ms = o->ms;
	it->bytes = o->bytes;
	it->stream = o->bytes > BULK_STREAM_BYTES;
	it->dirfd = -1;
	return (it);
}

/* Has it killed a worker?  Then it fails. */
static bool
is_killer(struct bulk *b, struct bulk_item *it)
{
	struct err e;
	size_t i;

	for (i = 0; i < b->nkillers; i++)
		if (strcmp(b->killer[i].key, it->key) == 0) {
			err_set(&e, ERR_BUG, "%s: it has killed a worker (%s) "
			    "and is not tried again in this run", it->key,
			    b->killer[i].how);
			bulk_fail(b, it, &e);
			return (true);
		}
	return (false);
}

int
bulk_start(struct bulk *b, const void *parcel, size_t len, struct err *e)
{
	struct order_reader r;
	struct bulk_item *it;
	struct order o;

	(void)e;
	order_reader_init(&r, parcel, len);
	while (!b->env.stopping(b->env.ctx) && order_next(&r, &o)) {
		it = item_new(&o);
		tally_add(b->env.tally, TALLY_LOOKED, 1);
		if (!is_killer(b, it) && bulk_look(b, it))
			TAILQ_INSERT_TAIL(&b->waiting, it, entry);
	}
	order_reader_fini(&r);
	for (;;) {
		turn(b);
		if ((TAILQ_EMPTY(&b->waiting) &&
		    b->ndelayed < BULK_DELAYED_MAX) ||
		    b->env.stopping(b->env.ctx))
			return (0);
		pause_for(b, -1);
	}
}

static bool
is_readable(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return (fd != -1 && poll(&pfd, 1, 0) == 1);
}

int
bulk_wait(struct bulk *b, int fd, bool more, struct err *e)
{
	bool idle;

	(void)e;
	for (;;) {
		turn(b);
		if (b->env.stopping(b->env.ctx))
			return (0);
		idle = b->ninflight == 0 && TAILQ_EMPTY(&b->waiting);
		if (idle && !more)
			bulk_land(b);
		if (idle && TAILQ_EMPTY(&b->delayed) &&
		    land_nadded(b->land) == 0)
			return (0);
		if (is_readable(fd))
			return (0);
		pause_for(b, fd);
	}
}

int
bulk_drain(struct bulk *b, int64_t grace_ms, struct err *e)
{
	if (!b->env.stopping(b->env.ctx)) {
		if (bulk_wait(b, -1, false, e) == -1)
			return (-1);
	}
	if (b->env.stopping(b->env.ctx)) {
		b->draining = true;
		store_flush(b->store, grace_ms);
		reap(b);
		bulk_land(b);
	}
	if (b->down.cls == ERR_NONE)
		return (0);
	*e = b->down;
	return (-1);
}
