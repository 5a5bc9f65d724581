#include "cmd/bulkrun.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/term.h"
#include "cmd/bulkfeed.h"
#include "cmd/bulkledger.h"
#include "cmd/bulklink.h"
#include "cmd/reach.h"
#include "cmd/report.h"
#include "proc/pool.h"
#include "state/ledger.h"

enum {
	POST_BYTES = 16 * 1024,	/* early enough to keep workers busy */
	QUEUED_BYTES = 256 * 1024,	/* for one worker, before we wait */
	FOUND_LINE = 1000
};

struct run {
	struct bulkplan *p;
	struct report *report;
	struct ledger *ledger;
	struct progress *progress;
	struct report_count n;
	uint64_t nyoung;	/* of those that were skipped */
	uint64_t ndone;		/* outcomes, and what was done before */
	int64_t began_ms;	/* of this process */
	int64_t youngest_ms;	/* that was found */
	bool listed;		/* all of it, once */
	bool elsewhere;		/* some are in other shards ... */
	bool young_elsewhere;	/* ... and some that are too young */
	bool again;		/* feeding once more what a worker lost */
	bool ledger_torn;
	struct buf strings;

	/* while it feeds */
	struct pool *pool;
	const bool *want;
	struct buf lanes[POOL_WORKERS_MAX];
};

static void
send(struct run *r, unsigned worker)
{
	struct buf *lane = &r->lanes[worker];

	if (lane->len > 0)
		pool_post(r->pool, worker, lane->data, lane->len);
	buf_reset(lane);
}

static void
send_all(struct run *r)
{
	unsigned i;

	for (i = 0; i < POOL_WORKERS_MAX; i++)
		send(r, i);
}

/* One more was found: the first time only. */
static bool
count_found(struct run *r)
{
	if (r->again)
		return (false);
	r->n.found++;
	if (r->n.found % FOUND_LINE != 0)
		return (true);
	if (r->p->progress == PROGRESS_ALWAYS && !term_is_open())
		log_info("%llu databases found", (unsigned long long)
		    r->n.found);
	else
		log_debug("%llu databases found", (unsigned long long)
		    r->n.found);
	return (true);
}

static void
tell_refused(struct run *r, const struct bulklist_refused *what,
    const struct err *why)
{
	r->n.failed++;
	r->ndone++;
	progress_make_way(r->progress);
	report_refused(r->report, what, why);
}

/*
 * The journal has it, but not where it went: what is retried may be the line
 * that wanted the same backup at another target.
 */
static void
take_finished(struct run *r, const struct order *o)
{
	struct bulklist_refused what = { .key = o->key, .ms = o->ms };
	struct buf path = { 0 }, target = { 0 };
	struct stat st;
	struct err e;

	buf_printf(&path, "%s/%s", r->p->root, o->rel);
	if (r->p->retry_report == NULL ||
	    lstat(buf_str(&path), &st) == 0) {
		r->n.there++;
		r->ndone++;
		progress_make_way(r->progress);
		report_finished(r->report, o);
	} else {
		err_set(&e, ERR_NOTFOUND, "%s is not there, but the journal "
		    "has this backup: it went to another target, or was taken "
		    "away since; restore -o brings it back", buf_str(&path));
		bulkplan_target(r->p, o->rel, &target);
		what.target = buf_str(&target);
		tell_refused(r, &what, &e);
	}
	buf_fini(&path);
	buf_fini(&target);
}

/* The second look of --resume is to find it as well, whatever our clock says;
 * a retry is not about all that there is. */
static void
reach(struct run *r, int64_t ms)
{
	struct err e;

	if (ms > r->youngest_ms)
		r->youngest_ms = ms;
	if (r->p->by_time || r->p->retry_report != NULL ||
	    ledger_reach(r->ledger, ms, &e) == 0 || r->ledger_torn)
		return;
	r->ledger_torn = true;
	log_warn("the journal of the restore: %s; --resume may pass over "
	    "backups that are there now", e.msg);
}

static void
take_order(void *ctx, const struct order *o)
{
	struct run *r = ctx;
	unsigned seg, worker;

	if (count_found(r))
		reach(r, o->ms);
	if (ledger_has(r->ledger, o->key, o->ms)) {
		if (!r->again)
			take_finished(r, o);
		return;
	}
	seg = (unsigned)(order_owner(o->rel).hi >> 56);
	if (!r->want[seg])
		return;
	worker = pool_owner(r->pool, seg);
	if (!order_put(&r->lanes[worker], o)) {
		send(r, worker);
		(void)order_put(&r->lanes[worker], o);
	}
	if (r->lanes[worker].len >= POST_BYTES)
		send(r, worker);
}

static void
take_refused(void *ctx, const struct bulklist_refused *what,
    const struct err *why)
{
	struct run *r = ctx;

	if (count_found(r))
		tell_refused(r, what, why);
}

/*
 * It has nothing that is as old as the restore.  If all had been gone through,
 * it came later; else our clock may be behind.
 */
static void
take_late(struct run *r, const struct bulklist_refused *what,
    int64_t oldest_ms)
{
	char began[CLOCK_RFC3339_BYTES], oldest[CLOCK_RFC3339_BYTES];
	struct err e;

	if (!r->p->by_line && ledger_is_listed(r->ledger)) {
		r->n.skipped++;
		r->ndone++;
		report_late(r->report, what->key, ledger_began_ms(r->ledger));
		return;
	}
	err_set(&e, ERR_NOTFOUND, "its backups, the oldest of %s, are later "
	    "than the restore, which began at %s by this host's clock; "
	    "--retry-report of an --error-report brings it back all the same",
	    clock_rfc3339(oldest_ms, oldest, sizeof(oldest)),
	    clock_rfc3339(ledger_began_ms(r->ledger), began, sizeof(began)));
	tell_refused(r, what, &e);
}

static void
take_young(void *ctx, const struct bulklist_refused *what, int64_t oldest_ms)
{
	struct run *r = ctx;

	if (!count_found(r))
		return;
	progress_make_way(r->progress);
	if (!r->p->by_time) {
		take_late(r, what, oldest_ms);
		return;
	}
	r->n.skipped++;
	r->nyoung++;
	r->ndone++;
	report_young(r->report, what->key, oldest_ms);
}

static void
take_elsewhere(void *ctx, bool young)
{
	struct run *r = ctx;

	*(young ? &r->young_elsewhere : &r->elsewhere) = true;
}

static void
take_foreign(void *ctx, uint64_t n)
{
	struct run *r = ctx;

	if (!r->again)
		report_foreign(r->report, n);
}

/*
 * Only versions that were there when the restore began, if that was not just
 * now: so that a second look finds what the first one did.  Our clock may be
 * behind, or a name ahead: what was found then was there then.
 */
static int64_t
cutoff(const struct run *r)
{
	int64_t began_ms = r->began_ms, youngest_ms = r->youngest_ms;

	if (r->p->resume && r->p->retry_report == NULL &&
	    ledger_resumed(r->ledger)) {
		began_ms = ledger_began_ms(r->ledger);
		youngest_ms = ledger_youngest_ms(r->ledger);
	} else if (!r->again)
		return (INT64_MAX);
	return (began_ms > youngest_ms ? began_ms : youngest_ms);
}

static int
feed(void *ctx, struct pool *pool, const bool want[POOL_SEGMENTS],
    struct err *e)
{
	struct run *r = ctx;
	struct bulklist_out out = { .order = take_order,
	    .refused = take_refused, .young = take_young,
	    .elsewhere = take_elsewhere, .foreign = take_foreign, .ctx = r };
	enum role_said said = ROLE_NOTHING;
	struct role *lister;

	r->pool = pool;
	r->want = want;
	if ((lister = bulkfeed_start(r->p, cutoff(r), ledger_fd(r->ledger),
	    e)) == NULL)
		return (-1);
	while (pool_await(pool, role_fd(lister), QUEUED_BYTES) &&
	    ((said = bulkfeed_next(lister, &out, e)) == ROLE_MESSAGE ||
	    said == ROLE_NOTHING))
		if (said == ROLE_NOTHING)
			send_all(r);
	send_all(r);
	role_stop(lister);
	r->listed = r->listed || said == ROLE_DONE;
	r->again = true;
	return (said == ROLE_FAILED ? -1 : 0);
}

static void
note(struct run *r, const struct bulk_outcome *o)
{
	struct err e;

	if (o->end != BULK_RESTORED && o->end != BULK_THERE)
		ledger_settle(r->ledger, o->key, o->ms);
	else if (ledger_add(r->ledger, o->key, o->ms, o->size, o->xxh3,
	    &e) == -1 && !r->ledger_torn) {
		r->ledger_torn = true;
		log_warn("the journal of the restore: %s; --resume will "
		    "compare what is missing there with its backup", e.msg);
	}
}

static void
said(void *ctx, const void *msg, size_t len)
{
	struct run *r = ctx;
	struct bulk_outcome o;

	/* A database that killed a worker is told of by its heirs, too. */
	if (!bulk_outcome_parse(msg, len, &r->strings, &o) ||
	    ledger_has(r->ledger, o.key, o.ms))
		return;
	r->ndone++;
	switch (o.end) {
	case BULK_RESTORED:
		r->n.restored++;
		r->n.bytes += o.size;
		break;
	case BULK_THERE:
		r->n.there++;
		break;
	case BULK_SKIPPED:
		r->n.skipped++;
		break;
	case BULK_FAILED:
		r->n.failed++;
		break;
	}
	progress_make_way(r->progress);
	report_outcome(r->report, &o);
	note(r, &o);
}

static void
tick(void *ctx, const uint64_t count[TALLY_NCOUNT])
{
	struct run *r = ctx;
	struct progress_now now = { .done = r->ndone, .total = r->n.found,
	    .more = !r->listed, .bytes = count[TALLY_BYTES_STORED],
	    .errors = r->n.failed };

	progress_tick(r->progress, &now);
}

/* What the pool made of it: the exit status. */
static int
conclude(struct run *r, const struct pool_result *res, const struct err *lost)
{
	bool retry = r->p->retry_report != NULL;

	bulkledger_put_away(r->ledger, r->p, &r->n,
	    lost == NULL && res->signal == 0);
	if (lost != NULL) {
		/* Whatever it was, the others are not restored. */
		log_error("%s", lost->msg);
		return (err_exit_status(lost->cls) == 2 ? 2 : 3);
	}
	if (res->signal != 0) {
		log_error("stopped by %s before everything was restored; the "
		    "same command %sdoes the rest", strsignal(res->signal),
		    retry ? "" : "with --resume ");
		return (3);
	}
	/* Most likely a slip in the time, and nothing to be called done. */
	if (r->n.found == r->nyoung && !r->elsewhere &&
	    (r->nyoung > 0 || r->young_elsewhere)) {
		report_all_young(r->report);
		return (1);
	}
	report_finish(r->report);
	if (r->n.found == 0) {
		report_nothing(r->report, r->elsewhere);
		return (retry || r->elsewhere ? 0 : 1);
	}
	return (r->n.failed > 0 || report_is_torn(r->report) ? 1 : 0);
}

static int
run_pool(struct run *r)
{
	struct bulkplan *p = r->p;
	struct bulk_cfg job = { .url = &p->url, .s3 = p->s3, .root = p->root,
	    .exists = p->exists, .resume = p->resume ||
	    p->retry_report != NULL, .preserve = p->preserve,
	    .check = p->check, .spool = p->spool_dir,
	    .parallel = (unsigned)p->parallel,
	    .nworkers = (unsigned)p->jobs,
	    .max_retries = (unsigned)p->max_retries,
	    .retry_delay_ms = p->retry_delay_ms,
	    .busy_timeout_ms = p->busy_timeout_ms };
	struct pool_cfg pool = { .nworkers = job.nworkers,
	    .grace_ms = p->grace_ms, .keep_fd = ledger_fd(r->ledger),
	    .ops = &bulklink_ops, .job_cfg = &job, .feed = feed, .said = said,
	    .ctx = r };
	struct pool_result res = { 0 };
	int64_t started_ms = clock_mono_ms();
	struct sandbox *sandbox;
	struct err e;
	int ret, status;

	r->began_ms = clock_real_ms();
	r->progress = progress_new("Restoring", p->progress);
	if (progress_wanted(r->progress)) {
		pool.tick = tick;
		pool.tick_ms = PROGRESS_TICK_MS;
	}
	pool.sandbox = sandbox = reach_restore(p);
	ret = pool_run(&pool, &res, &e);
	sandbox_free(sandbox);
	progress_free(r->progress);
	status = conclude(r, &res, ret == -1 ? &e : NULL);
	if (r->n.found > 0 || p->json)
		report_summary(r->report, &r->n, ret == 0 && res.signal == 0,
		    clock_mono_ms() - started_ms);
	return (status);
}

int
bulkrun(struct bulkplan *p)
{
	struct run r = { .p = p };
	struct err e;
	unsigned i;
	int status;

	if (p->jobs > p->parallel)
		p->jobs = p->parallel;
	r.report = report_new(p);
	if (bulkfeed_probe(p, &e) == -1 ||
	    (r.ledger = bulkledger_open(p, &e)) == NULL)
		status = bulkplan_fail(p, &e);
	else if (report_open(r.report, &e) == -1) {
		status = bulkplan_fail(p, &e);
		bulkledger_put_away(r.ledger, p, &r.n, false);
	} else {
		report_timeless(r.report);
		status = run_pool(&r);
	}
	for (i = 0; i < POOL_WORKERS_MAX; i++)
		buf_fini(&r.lanes[i]);
	buf_fini(&r.strings);
	ledger_close(r.ledger);
	report_free(r.report);
	return (status);
}
