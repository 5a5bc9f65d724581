#include "job/backup_job.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "job/change.h"
#include "job/said.h"

static void
tell_stored(const struct job_backup *job, const struct pending *p,
    uint64_t bytes)
{
	int64_t now_ms = clock_real_ms();
	struct said s = { .kind = SAID_STORED, .path = p->path, .key = p->key,
	    .stored_bytes = bytes, .db_bytes = p->db_bytes,
	    .ms = p->rec.stored_ms, .took_ms = now_ms - p->looked_ns / 1000000,
	    .lag_ms = now_ms - change_last_ms(&p->st) };

	if (s.lag_ms < 0)
		s.lag_ms = 0;
	if (p->old.stored_ms == 0)
		s.lag_ms = -1;
	said_tell(&job->env, &s);
}

/* The object is safe. */
static void
finish(struct job_backup *job, struct backup_item *it,
    const struct store_op *op)
{
	const struct pending *p = op->owner;

	record_put(job, &p->rec, p->path);
	tally_add(job->env.tally, TALLY_SYNCED, 1);
	tally_add(job->env.tally, TALLY_BYTES_STORED, op->bytes);
	log_debug("%s: stored as %s (%llu bytes)", p->path, op->name,
	    (unsigned long long)op->bytes);
	if (job->cfg->say)
		tell_stored(job, p, op->bytes);
	if ((p->rec.flags & STATE_DAMAGED) != 0) {
		it->rec = p->rec;
		record_count_failure(job, it, ERR_CORRUPT, false);
	}
}

_Static_assert(TALLY_CLASS == (int)TALLY_REQUEST + (int)STORE_NREQUEST,
    "the tally has a place for each kind of request");

/* What the store was asked, for the summary. */
static void
count_requests(struct job_backup *job)
{
	uint64_t n;
	unsigned kind;

	for (kind = 0; kind < STORE_NREQUEST; kind++) {
		n = store_requests(job->store, (enum store_request)kind);
		tally_add(job->env.tally, TALLY_REQUEST + kind,
		    n - job->nrequests[kind]);
		job->nrequests[kind] = n;
	}
}

/* Is the store down?  The run says why, once for all that fail of it. */
static bool
is_down(struct job_backup *job)
{
	struct err why;

	if (!job->down && store_is_down(job->store, &why)) {
		job->down = true;
		said_tell(&job->env, &(struct said){ .kind = SAID_DOWN,
		    .why = why.msg });
	}
	return (job->down);
}

/*
 * One object that S3 does not take is one database's failure; a directory that
 * cannot be written to is that of all.
 */
static bool
ends_the_run(const struct job_backup *job, const struct err *why)
{
	return (job->cfg->url->kind != STORE_S3 && why->cls != ERR_LIMIT &&
	    why->cls != ERR_EXISTS);
}

/*
 * The name was taken: the clock has been set back, the name therefore follows
 * the record's, and the record of the object of that name was lost.  The next
 * try takes the name behind it, whatever the content.
 */
static void
step_over(struct backup_item *it, const struct pending *p)
{
	if (it->rec.stored_ms == 0)
		return;
	it->rec.stored_ms = p->rec.stored_ms;
	memset(&it->rec.content, 0, sizeof(it->rec.content));
}

/* Record what is finished; -1: some of it failed for a reason that is the
 * store's. */
static int
reap(struct job_backup *job, struct err *e)
{
	struct backup_item it = { 0 };
	struct store_op *op;
	struct pending *p;
	int ret = 0;

	while ((op = store_next(job->store)) != NULL) {
		p = op->owner;
		tally_take(job->env.tally, p->path, TALLY_RECORD);
		it.path = p->path;
		it.h = p->rec.path;
		it.rec = p->old;
		it.st = p->st;
		if (op->err == NULL)
			finish(job, &it, op);
		else if (ret == -1 || is_down(job))
			record_count_failure(job, &it, op->err->cls, true);
		else if (ends_the_run(job, op->err)) {
			record_count_failure(job, &it, op->err->cls, true);
			*e = *op->err;
			ret = -1;
		} else {
			if (op->err->cls == ERR_EXISTS)
				step_over(&it, p);
			record_failure(job, &it, op->err);
		}
		tally_drop(job->env.tally);
		free(p->path);
		free(p->key);
		free(p);
		store_op_free(op);
	}
	if (job->store != NULL)
		count_requests(job);
	return (ret);
}

void
reap_rest(struct job_backup *job)
{
	struct err ignored;

	store_flush(job->store, -1);
	(void)reap(job, &ignored);
}

int
reap_stored(struct job_backup *job, struct err *e)
{
	if (job->store == NULL || reap(job, e) == 0)
		return (0);
	reap_rest(job);
	return (-1);
}
