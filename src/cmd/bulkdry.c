/*
 * bulkdry -- show what a restore would do.  One process, and nothing is
 * written.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "cmd/bulklist.h"
#include "cmd/bulkrun.h"
#include "cmd/output.h"
#include "cmd/reach.h"
#include "cmd/report.h"

struct dry {
	const struct bulkplan *p;
	struct report *report;
	uint64_t nfound, nrefused, nyoung;
	bool elsewhere, young_elsewhere;
};

static void
would(void *ctx, const struct order *o)
{
	struct dry *d = ctx;

	report_would(d->report, o);
	d->nfound++;
}

static void
refused(void *ctx, const struct bulklist_refused *what,
    const struct err *why)
{
	struct dry *d = ctx;

	log_error("%s: %s", what->key, why->msg);
	d->nrefused++;
}

static void
young(void *ctx, const struct bulklist_refused *what, int64_t oldest_ms)
{
	struct dry *d = ctx;

	report_young(d->report, what->key, oldest_ms);
	d->nyoung++;
}

static void
elsewhere(void *ctx, bool is_young)
{
	struct dry *d = ctx;

	*(is_young ? &d->young_elsewhere : &d->elsewhere) = true;
}

static void
foreign(void *ctx, uint64_t n)
{
	report_foreign(((struct dry *)ctx)->report, n);
}

static bool
stopping(void *ctx)
{
	(void)ctx;
	return (ferror(stdout) != 0);
}

/* This process is all there is; what it was given to read, it has read. */
static int
confine(const struct bulkplan *p, struct err *e)
{
	struct sandbox *sandbox = reach_new();

	reach_store(sandbox, &p->url, &p->s3, SANDBOX_READ);
	return (reach_enter(sandbox, e));
}

int
bulkrun_dry(struct bulkplan *p)
{
	struct dry d = { .p = p };
	struct bulklist_out out = { .order = would, .refused = refused,
	    .young = young, .elsewhere = elsewhere, .foreign = foreign,
	    .stopping = stopping, .ctx = &d };
	struct err e;
	size_t up;
	int status;

	d.report = report_new(p);
	if (confine(p, &e) == -1 ||
	    bulklist_probe(p, &up, &p->store_id, &e) == -1 ||
	    bulkplan_settle(p, up, &e) == -1 ||
	    bulklist_run(p, INT64_MAX, &out, &e) == -1)
		status = bulkplan_fail(p, &e);
	else if (d.nfound + d.nrefused == 0 && !d.elsewhere &&
	    (d.nyoung > 0 || d.young_elsewhere)) {
		report_all_young(d.report);
		status = 1;
	} else if (d.nfound + d.nrefused + d.nyoung == 0) {
		report_nothing(d.report, d.elsewhere);
		status = p->retry_report != NULL || d.elsewhere ? 0 : 1;
	} else
		status = d.nrefused > 0 ? 1 : 0;
	report_free(d.report);
	output_follow_reader();
	return (status);
}
