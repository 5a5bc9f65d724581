#include "cmd/pruner.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hook.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "cmd/values.h"
#include "find/find.h"
#include "fleet/key.h"

enum {
	LISTINGS = 16,		/* at once; each holds two pages */
	SAY_MS = 100,
	ASK_EVERY = 64		/* versions, whether to stop */
};

struct pruner {
	const struct prune_plan *plan;
	struct role_self *self;
	struct pruneout *out;
	struct store *store;
	bool s3;
	int64_t now_ms;
	struct prune_count n;
	uint64_t nahead;	/* databases with one named far ahead */
	bool stopped;
	bool lost;		/* the store, for "why" */
	struct err why;

	struct buf key;		/* of the database that is being listed */
	int64_t *ms;		/* its versions */
	uint64_t *bytes;
	uint8_t *keeps;
	size_t nversions, cap;
	struct buf object;
	char *failed_key;	/* the last one that was named */
	int64_t said_ms;
};

static void
say(struct pruner *p)
{
	unsigned kind;

	p->said_ms = clock_mono_ms();
	for (kind = 0; p->store != NULL && kind < STORE_NREQUEST; kind++)
		p->n.requests[kind] = store_requests(p->store,
		    (enum store_request)kind);
	role_say(p->self, &p->n, sizeof(p->n));
}

static bool
stopping(struct pruner *p)
{
	if (!p->stopped)
		p->stopped = role_stopping(p->self);
	return (p->stopped);
}

/*
 * Is it only this one?  In a directory all that is not about the name is about
 * the store; S3 knows itself when it is down.
 */
static bool
is_of_store(const struct pruner *p, const struct err *e)
{
	struct err down;

	if (p->s3)
		return (store_is_down(p->store, &down));
	return (e->cls != ERR_EXISTS && e->cls != ERR_LIMIT);
}

/* Is the database not to be named, since this was not confirmed in time, or
 * not once more?  Its removals come back one after the other. */
static bool
is_quiet(const struct pruner *p, const struct store_op *op, size_t keylen)
{
	if (p->stopped && op->err->cls == ERR_NETWORK)
		return (true);
	/* In this order: it may be shorter. */
	return (p->failed_key != NULL &&
	    strncmp(p->failed_key, op->name, keylen) == 0 &&
	    p->failed_key[keylen] == '\0');
}

static void
take_failure(struct pruner *p, const struct store_op *op, size_t keylen)
{
	if (is_of_store(p, op->err)) {
		if (!p->lost)
			p->why = *op->err;
		p->lost = true;
	} else if (is_quiet(p, op, keylen)) {
		log_debug("%s", op->err->msg);
	} else {
		log_error("%s", op->err->msg);
		free(p->failed_key);
		p->failed_key = mem_strndup(op->name, keylen);
	}
	p->n.failed++;
}

static void
take_removed(struct pruner *p, struct store_op *op)
{
	struct pruneout_version v = { .object = op->name, .bytes = op->bytes };
	size_t keylen = key_object_parse(op->name, &v.ms);
	char *key;

	if (op->err != NULL) {
		take_failure(p, op, keylen);
		return;
	}
	p->n.removed++;
	p->n.bytes_freed += op->bytes;
	if (!p->plan->out.json)
		return;
	v.key = key = mem_strndup(op->name, keylen);
	pruneout_removed(p->out, &v);
	free(key);
}

static void
reap(struct pruner *p)
{
	struct store_op *op;

	while ((op = store_next(p->store)) != NULL) {
		take_removed(p, op);
		store_op_free(op);
	}
	if (clock_mono_ms() - p->said_ms >= SAY_MS)
		say(p);
}

/* A directory store that waits for a descriptor would finish nothing. */
static int
wait_fd(const struct pruner *p)
{
	return (p->s3 ? role_self_fd(p->self) : -1);
}

static void
remove_version(struct pruner *p, size_t i)
{
	struct store_op *op = store_op_new(STORE_REMOVE,
	    mem_strdup(buf_str(&p->object)));

	HOOK("prune", op->name);
	op->bytes = p->bytes[i];
	store_submit(p->store, op);
	reap(p);
	while (store_inflight(p->store) >= PRUNER_INFLIGHT && !stopping(p)) {
		store_wait(p->store, wait_fd(p), -1);
		reap(p);
	}
}

/* Decide on the database that has been listed. */
static void
decide(struct pruner *p)
{
	struct pruneout_version v = { .key = buf_str(&p->key) };
	uint64_t kept = p->n.kept;
	size_t i;

	if (p->nversions == 0)
		return;
	keep_decide(&p->plan->keep, p->now_ms, p->ms, p->nversions, p->keeps);
	if (p->ms[p->nversions - 1] - p->now_ms > PRUNER_AHEAD_MS)
		p->nahead++;
	for (i = 0; i < p->nversions && !p->lost && !p->stopped; i++) {
		buf_reset(&p->object);
		key_object(&p->object, v.key, p->ms[i]);
		v.object = buf_str(&p->object);
		v.ms = p->ms[i];
		v.bytes = p->bytes[i];
		if (p->plan->out.dry)
			pruneout_decided(p->out, &v, p->keeps[i]);
		if (p->keeps[i] != 0)
			p->n.kept++;
		else if (p->plan->out.dry) {
			p->n.removed++;
			p->n.bytes_freed += v.bytes;
		} else
			remove_version(p, i);
	}
	log_debug("%s: %zu backups, %" PRIu64 " kept", v.key, p->nversions,
	    p->n.kept - kept);
	p->nversions = 0;
}

static void
take_version(struct pruner *p, const struct find_version *v)
{
	if (p->n.databases == 0 || strcmp(buf_str(&p->key), v->key) != 0) {
		decide(p);
		buf_reset(&p->key);
		buf_puts(&p->key, v->key);
		p->n.databases++;
	}
	if (p->nversions == p->cap) {
		p->cap = p->cap == 0 ? 64 : p->cap * 2;
		p->ms = mem_resize(p->ms, p->cap, sizeof(*p->ms));
		p->bytes = mem_resize(p->bytes, p->cap, sizeof(*p->bytes));
		p->keeps = mem_resize(p->keeps, p->cap, sizeof(*p->keeps));
	}
	p->ms[p->nversions] = v->ms;
	p->bytes[p->nversions++] = v->bytes;
	p->n.versions++;
}

/* By a clock that is wrong every age is. */
static int
check_clock(struct pruner *p, struct err *e)
{
	char text[32];
	int64_t off_ms;

	if (!p->s3)
		return (0);
	if (!store_clock(p->store, &off_ms)) {
		err_set(e, ERR_STATE, "store %s: the server does not say what "
		    "time it is (no Date in its answers), so ages are not to "
		    "be trusted; nothing is removed", store_name(p->store));
		return (-1);
	}
	if (off_ms >= -PRUNER_CLOCK_MS && off_ms <= PRUNER_CLOCK_MS)
		return (0);
	err_set(e, ERR_STATE, "store %s: this machine's clock is %s %s the "
	    "server's, so ages are not to be trusted; nothing is removed "
	    "before the clock is right", store_name(p->store),
	    num_format_duration(off_ms < 0 ? -off_ms : off_ms, text,
	    sizeof(text)), off_ms < 0 ? "ahead of" : "behind");
	return (-1);
}

/* List, and decide on each database that was listed to its end. */
static int
sift(struct pruner *p, struct find *f, struct err *e)
{
	struct find_version v;
	int r;

	while (!p->lost && ferror(stdout) == 0 &&
	    (p->n.versions % ASK_EVERY != 0 || !stopping(p)) && !p->stopped) {
		if ((r = find_next(f, &v, e)) == -1)
			return (-1);
		p->n.foreign = find_foreign(f);
		if (r == 0) {
			decide(p);
			p->n.whole = !p->lost && !p->stopped;
			return (0);
		}
		if (p->n.versions == 0 && check_clock(p, e) == -1)
			return (-1);
		take_version(p, &v);
		if (clock_mono_ms() - p->said_ms >= SAY_MS)
			say(p);
	}
	return (0);
}

/* Let what was begun be finished. */
static void
finish(struct pruner *p)
{
	uint64_t nfailed;

	while (store_inflight(p->store) > 0 && !stopping(p)) {
		store_wait(p->store, wait_fd(p), -1);
		reap(p);
	}
	nfailed = p->n.failed;
	store_flush(p->store, PRUNER_GRACE_MS);
	reap(p);
	if (p->stopped && p->n.failed > nfailed)
		p->n.whole = 0;
}

/* A fresh backup may be hidden behind one that is named later. */
static void
say_ahead(const struct pruner *p)
{
	if (p->nahead > 0)
		log_warn("store %s: the newest backups of %" PRIu64
		    " databases are named more than a day later than now: a "
		    "clock was ahead, unless their --resolution is as long; "
		    "the newest before now stay, too, and backup --reconcile "
		    "stores again what is named ahead of the clock",
		    store_name(p->store), p->nahead);
}

static int
prune(struct pruner *p, const char *glob, struct err *e)
{
	struct find_cfg cfg = { .store = p->store, .glob = glob, .all = true,
	    .before_ms = INT64_MAX, .parallel = p->plan->s3.concurrent };
	struct find *f;
	int ret;

	if (cfg.parallel > LISTINGS)
		cfg.parallel = LISTINGS;
	if ((f = find_new(&cfg, e)) == NULL)
		return (-1);
	ret = sift(p, f, e);
	find_free(f);
	/* What it was allowed to is removed, whatever came after it. */
	finish(p);
	say_ahead(p);
	if (ret == 0 && p->lost) {
		*e = p->why;
		ret = -1;
	}
	if (ret == 0 && store_is_down(p->store, e))
		ret = -1;
	return (ret);
}

/* One backup has no others to be judged with. */
static int
check_operand(const char *operand, const char *below, struct err *e)
{
	int64_t ms;

	if (key_object_parse(below, &ms) == 0)
		return (0);
	err_set(e, ERR_USAGE, "%s names one backup, and the rules speak of all "
	    "that a database has: name its key, without the last component",
	    operand);
	return (-1);
}

/* The store of a service, if it is the one; or of an operand. */
static int
open_store(struct pruner *p, struct store_url *url, char **glob,
    struct err *e)
{
	const struct prune_plan *plan = p->plan;
	struct store_cfg cfg = { .url = plan->url, .write = !plan->out.dry,
	    .tag = "prune", .s3 = plan->s3 };
	char *below = NULL;
	struct marker m;
	int ret = -1;

	if (plan->url != NULL) {
		p->s3 = plan->url->kind == STORE_S3;
		*glob = mem_strdup("");
		return ((p->store = store_open(&cfg, e)) == NULL ? -1 :
		    marker_check(p->store, &plan->marker, &m, e));
	}
	p->store = store_locate(&cfg, plan->operand, "prune", url, &below, e);
	if (p->store == NULL || check_operand(plan->operand, below, e) == -1)
		goto out;
	p->s3 = url->kind == STORE_S3;
	*glob = value_glob(url, below);
	ret = 0;
out:
	free(below);
	return (ret);
}

int
pruner_run(void *ctx, struct role_self *self, struct err *e)
{
	const struct prune_plan *plan = ctx;
	struct pruner p = { .plan = plan, .self = self,
	    .now_ms = clock_real_ms() };
	struct store_url url = { 0 };
	char *glob = NULL;
	struct err torn;
	int ret = -1;

	p.out = pruneout_new(&plan->out);
	if (open_store(&p, &url, &glob, e) == 0)
		ret = prune(&p, glob, e);
	if (pruneout_flush(p.out, &torn) == -1 && ret == 0) {
		*e = torn;
		ret = -1;
	}
	say(&p);
	store_close(p.store);
	store_url_fini(&url);
	pruneout_free(p.out);
	buf_fini(&p.key);
	buf_fini(&p.object);
	free(p.ms);
	free(p.bytes);
	free(p.keeps);
	free(p.failed_key);
	free(glob);
	return (ret);
}
