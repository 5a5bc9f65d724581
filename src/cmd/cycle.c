#include "cmd/cycle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hook.h"
#include "base/log.h"
#include "base/mem.h"
#include "cmd/before.h"
#include "cmd/cycle_out.h"
#include "cmd/cyclelink.h"
#include "cmd/dealer.h"
#include "cmd/listen.h"
#include "cmd/notify.h"
#include "cmd/reach.h"
#include "cmd/service.h"
#include "cmd/settle.h"
#include "proc/signals.h"

enum {
	SETTLE_MS = 60000	/* between two syncs of a service's state */
};

/* The run: what pool_run() calls back with. */
struct run {
	struct cycle *c;
	struct cycle_out *out;
	int (*deal)(void *ctx, struct dealer *d, bool again, struct err *e);
	void *ctx;
	bool again;
	bool begun;		/* databases are looked at */
	bool down;		/* the store is, and it was said: */
	char *why;
	int64_t walked_ms;	/* monotonic: all names were dealt */
	struct progress *progress;
	const struct dealer *dealer;	/* while there is one */
	uint64_t ndealt;		/* by those before, in all ranges */
};

static int
feed(void *ctx, struct pool *pool, const bool want[POOL_SEGMENTS],
    struct err *e)
{
	struct run *r = ctx;
	struct dealer *d = dealer_new(r->c, pool, want);
	int ret;

	r->dealer = d;
	ret = r->deal(r->ctx, d, r->again, e);
	HOOK("walked", "");
	if (ret == 0)
		dealer_flush(d);
	/* What was dealt for a dead worker is dealt again, no more of it. */
	if (!r->again) {
		r->ndealt = dealer_count(d);
		r->walked_ms = clock_mono_ms();
	}
	r->dealer = NULL;
	dealer_free(d);
	r->again = true;
	return (ret);
}

static void
said(void *ctx, const void *msg, size_t len)
{
	struct run *r = ctx;
	struct said s;

	if (!said_parse(msg, len, &s))
		return;
	if (s.kind == SAID_STORED && (r->c->say || r->c->json)) {
		progress_make_way(r->progress);
		cycle_out_stored(r->out, &s);
	} else if (s.kind == SAID_DOWN && !r->down) {
		log_error("%s; all that is not stored yet has failed, and is "
		    "left to the next run", s.why);
		r->down = true;
		r->why = mem_strdup(s.why);
	}
	if (r->c->listen != NULL)
		listen_said(r->c->listen, &s);
	said_fini(&s);
}

static void
tick(void *ctx, const uint64_t count[TALLY_NCOUNT])
{
	struct run *r = ctx;
	bool more = !r->again;
	struct progress_now now = {
		.done = count[TALLY_LOOKED],
		.total = more && r->dealer != NULL ?
		    dealer_count(r->dealer) : r->ndealt,
		.more = more,
		.bytes = count[TALLY_BYTES_READ],
		.errors = count[TALLY_FAILED] + r->c->nfaults,
	};
	int64_t any_ms = 0;

	(void)notify_alive();
	service_heed();
	(void)pruning_turn(r->c, false, NULL);
	if (r->c->listen != NULL)
		listen_tend(r->c->listen, &any_ms);
	progress_tick(r->progress, &now);
}

static int
lock_state(struct cycle *c, struct err *e)
{
	if (c->statedir != NULL && statedir_reload(c->statedir, e) == 0) {
		c->id = statedir_id(c->statedir);	/* a service's */
		return (0);
	}
	if (c->statedir != NULL) {
		/* Perhaps it was removed: then it begins as any run's does. */
		log_warn("%s", e->msg);
		statedir_close(c->statedir);
		c->statedir = NULL;
	}
	if ((c->statedir = statedir_open(c->state_base, c->url.canonical,
	    c->lock_wait_ms, e)) == NULL)
		return (-1);
	if (c->new_store && statedir_reset(c->statedir, e) == -1) {
		statedir_close(c->statedir);	/* the next cycle resets it */
		c->statedir = NULL;
		return (-1);
	}
	c->id = statedir_id(c->statedir);
	return (0);
}

/*
 * Have what was recorded on the disk; a service does it now and then, since its
 * disk is the applications', too.  cycle_fini() does what is left.
 */
static void
settle(struct cycle *c)
{
	struct err e;

	if (c->before.cut || (c->interval_ms > 0 &&
	    clock_mono_ms() - c->settled_ms < SETTLE_MS))
		return;
	if (c->interval_ms == 0)
		statedir_end(c->statedir);
	else if (settle_run(c->statedir, &e) == -1)
		log_warn("%s; it is tried again later", e.msg);
	c->settled_ms = clock_mono_ms();
}

/* Is this cycle worth a line?  Of a service only what is new, or the first
 * for a long time. */
static bool
worth_a_line(const struct cycle *c, const struct pool_result *res,
    bool complete)
{
	static const enum tally_count told[] = { TALLY_FAILED, TALLY_SKIPPED,
	    TALLY_GONE };
	size_t i;

	if (c->interval_ms == 0 || c->ncycles == 0 || !complete ||
	    c->last_incomplete || c->pruning.failed ||
	    res->count[TALLY_SYNCED] > 0 || c->nfaults != c->last_nfaults ||
	    c->before.failed != c->last_unreconciled ||
	    clock_mono_ms() - c->said_ms >= c->log_every_ms)
		return (true);
	for (i = 0; i < sizeof(told) / sizeof(told[0]); i++)
		if (res->count[told[i]] != c->last.count[told[i]])
			return (true);
	return (false);
}

/* Remember and say what came of the cycle. */
static void
sum_up(struct run *r, const struct pool_result *res, bool complete,
    int64_t started_ms)
{
	struct cycle *c = r->c;
	bool say = worth_a_line(c, res, complete);
	int i;

	c->took_ms = clock_mono_ms() - started_ms;
	cycle_out_summary(r->out, res, complete, c->took_ms, say);
	if (say)
		c->said_ms = clock_mono_ms();
	c->last = *res;
	c->last_nfaults = c->nfaults;
	c->last_incomplete = !complete;
	c->whole_once = c->whole_once || complete;
	c->last_unreconciled = c->before.failed;
	c->ncycles++;
	for (i = 0; i < TALLY_NCOUNT; i++)
		c->total[i] += res->count[i];
}

/* What was due beside it and was not done, or NULL. */
static const char *
undone(const struct cycle *c)
{
	if (c->before.failed)
		return (c->pruning.failed ? "The store was not reconciled, and "
		    "old backups were not removed" :
		    "The store was not reconciled");
	return (c->pruning.failed ? "Old backups were not removed" : NULL);
}

/*
 * Too few failed in a row for anybody to say that the store is down, but
 * nothing got through.
 */
static bool
silent(const uint64_t *count)
{
	return (count[TALLY_SYNCED] == 0 &&
	    count[TALLY_CLASS + ERR_NETWORK] +
	    count[TALLY_CLASS + ERR_THROTTLED] > 0);
}

/* What it came to, for --listen; lost: why the pool gave up, or NULL. */
static void
show(const struct run *r, const struct pool_result *res, int64_t started_ms,
    const struct err *lost)
{
	struct listen_cycle lc = { .res = res, .nfaults = r->c->nfaults,
	    .took_ms = r->c->took_ms, .scan_ms = r->c->took_ms,
	    .aborted = !r->begun, .undone = undone(r->c) };

	if (r->c->listen == NULL)
		return;
	if (r->walked_ms != 0)
		lc.scan_ms = r->walked_ms - started_ms;
	if (lost != NULL)
		lc.why = lost->msg;
	else if (r->down)
		lc.why = r->why;
	else if (res->signal != 0)
		lc.why = "the service is being stopped";
	else if (silent(res->count))
		lc.why = "nothing could be stored: the store does not answer";
	listen_end(r->c->listen, &lc);
}

/* The exit status of what the pool made of it. */
static int
status_of(const struct run *r, const struct pool_result *res,
    const struct err *lost)
{
	/* Whatever it was, the others are not safe. */
	if (lost != NULL)
		return (err_exit_status(lost->cls) == 2 ? 2 : 3);
	if (res->signal != 0) {
		log_msg(r->c->interval_ms == 0 ? LOG_LVL_ERROR : LOG_LVL_INFO,
		    "stopped by %s before everything was looked at",
		    strsignal(res->signal));
		return (3);
	}
	if (r->down)
		return (3);
	return (res->count[TALLY_FAILED] > 0 || r->c->nfaults > 0 ||
	    undone(r->c) != NULL ? 1 : 0);
}

int
cycle_run(struct cycle *c, int (*deal)(void *ctx, struct dealer *d, bool again,
    struct err *e), void *ctx)
{
	struct job_backup_cfg job = { .url = &c->url, .key = c->template,
	    .host = c->host, .shared = c->shared, .strict = c->strict,
	    .force = c->force, .follow = c->follow,
	    .say = c->say || c->json || c->listen != NULL,
	    .say_failures = c->listen != NULL,
	    .started_ms = clock_real_ms(),
	    .resolution_ms = c->resolution_ms, .interval_ms = c->interval_ms,
	    .terse = c->interval_ms > 0 && c->whole_once,
	    .s3 = c->s3,
	    .nworkers = (unsigned)c->jobs, .clock = c->clock,
	    .image = { .busy_timeout_ms = c->busy_timeout_ms,
		.spool = c->spool_dir, .mem_bytes = STORE_MEMORY_BYTES,
		.check = c->check } };
	struct run run = { .c = c, .deal = deal, .ctx = ctx };
	struct pool_cfg pool = { .nworkers = (unsigned)c->jobs,
	    .grace_ms = c->grace_ms, .ops = &cyclelink_ops, .job_cfg = &job,
	    .feed = feed, .said = said, .ctx = &run };
	struct pool_result res = { 0 };
	int64_t started_ms = clock_mono_ms();
	struct sandbox *sandbox = NULL;
	struct err e;
	int ret, status, kind;

	if (c->listen != NULL)
		listen_begin(c->listen);
	if (lock_state(c, &e) == -1) {
		/* It has not begun, and so has no figures. */
		memset(&c->last, 0, sizeof(c->last));
		c->took_ms = clock_mono_ms() - started_ms;
		c->ncycles++;
		c->nbad++;
		show(&run, &res, started_ms, &e);
		return (cmd_fail(c->cmd, &e));
	}
	job.statedir = c->statedir;
	job.first = c->ncycles == 0;
	pool.board = c->listen != NULL ? listen_board(c->listen) : NULL;
	pool.keep_fd = statedir_lock_fd(c->statedir);
	run.out = cycle_out_new(c);
	run.progress = progress_new(c->doing, c->progress);
	if (progress_wanted(run.progress) || c->interval_ms > 0) {
		pool.tick = tick;
		pool.tick_ms = PROGRESS_TICK_MS;
	}
	signals_catch();
	if ((ret = before_run(c, &e)) == 0) {
		pool.sandbox = sandbox = reach_cycle(c);
		run.begun = true;
		ret = pool_run(&pool, &res, &e);
	}
	sandbox_free(sandbox);
	settle(c);
	signals_restore();
	for (kind = 0; kind < STORE_NREQUEST; kind++) {
		res.count[TALLY_REQUEST + kind] += c->before.requests[kind] +
		    c->pruning.requests[kind];
		c->pruning.requests[kind] = 0;
	}
	progress_free(run.progress);
	if (ret == -1)
		log_error("%s", e.msg);
	sum_up(&run, &res, ret == 0 && res.signal == 0, started_ms);
	show(&run, &res, started_ms, ret == -1 ? &e : NULL);
	cycle_out_free(run.out);
	status = status_of(&run, &res, ret == -1 ? &e : NULL);
	free(run.why);
	/* Its reader may wait for it; what fails main() sees at the end. */
	(void)fflush(stdout);
	c->nbad += status != 0;
	c->new_store = false;
	c->pruning.failed = false;
	return (status);
}
