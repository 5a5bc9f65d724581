#include "serve/stats.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "serve/sums.h"

enum {
	WHY_BYTES = 600,
	NAME_BYTES = 64
};

static void
put_time(struct json *j, const char *name, int64_t ms)
{
	char text[CLOCK_RFC3339_BYTES];

	if (ms == 0)
		json_none(j, name);
	else
		json_str(j, name, clock_rfc3339(ms, text, sizeof(text)));
}

static void
put_state(struct json *j, const struct face_view *v,
    const struct figures_now *now)
{
	char why[WHY_BYTES];

	json_str(j, "version", LITEFLEET_VERSION);
	json_str(j, "host", v->host);
	json_bool(j, "healthy", figures_healthy(now, v->mono, why,
	    sizeof(why)));
	json_str(j, "why", why);
	json_int(j, "uptime_ms", v->mono - now->started_mono);
	json_int(j, "interval_ms", now->interval_ms);
	json_bool(j, "running", now->running);
	json_int(j, "cycles", (int64_t)now->ncycles);
	json_int(j, "cycles_bad", (int64_t)now->nbad);
	put_time(j, "last_scan", now->ended_ms);
	put_time(j, "last_complete", now->complete_ms);
	json_int(j, "last_took_ms", now->took_ms);
	json_int(j, "last_scan_ms", now->scan_ms);
}

static void
put_counts(struct json *j, const struct figures_now *now)
{
	json_int(j, "databases", (int64_t)now->last[TALLY_LOOKED]);
	json_int(j, "changed_last_cycle", (int64_t)now->last[TALLY_SYNCED]);
	json_int(j, "failed_last_cycle", (int64_t)now->last[TALLY_FAILED]);
	json_int(j, "skipped_last_cycle", (int64_t)now->last[TALLY_SKIPPED]);
	json_int(j, "gone_last_cycle", (int64_t)now->last[TALLY_GONE]);
	json_int(j, "directories_unread", (int64_t)now->last_nfaults);
	json_int(j, "uploads_success", (int64_t)now->total[TALLY_SYNCED]);
	json_int(j, "uploads_failed", (int64_t)now->total[TALLY_FAILED]);
	json_int(j, "bytes_uploaded",
	    (int64_t)now->total[TALLY_BYTES_STORED]);
	json_int(j, "bytes_read", (int64_t)now->total[TALLY_BYTES_READ]);
}

static void
put_requests(struct json *j, const struct face_view *v,
    const struct figures_now *now)
{
	char name[NAME_BYTES];
	size_t i;

	json_int(j, "requests", (int64_t)sums_requests(v, now));
	for (i = 0; i < v->nrequests; i++) {
		(void)snprintf(name, sizeof(name), "requests_%s",
		    v->requests[i].name);
		json_int(j, name, (int64_t)now->total[TALLY_REQUEST + i]);
	}
	json_num(j, "estimated_month_usd", sums_month_usd(v, now));
}

static void
put_classes(struct json *j, struct json *row, const struct figures_now *now)
{
	size_t c;

	json_list(j, "failures_by_class");
	for (c = ERR_NONE + 1; c < ERR_NCLASS; c++) {
		if (now->total[TALLY_CLASS + c] == 0)
			continue;
		json_str(row, "class", err_class_name((enum err_class)c));
		json_int(row, "last_cycle",
		    (int64_t)now->last[TALLY_CLASS + c]);
		json_int(row, "total", (int64_t)now->total[TALLY_CLASS + c]);
		json_push(j, "failures_by_class", row);
	}
}

static void
put_workers(struct json *j, struct json *row, const struct face_view *v)
{
	uint64_t count[TALLY_NCOUNT];
	enum tally_phase phase;
	unsigned i;

	json_list(j, "workers");
	for (i = 0; figures_worker(v->figures, i, count, &phase); i++) {
		json_int(row, "worker", i);
		json_str(row, "phase", tally_phase_name(phase));
		json_int(row, "looked", (int64_t)count[TALLY_LOOKED]);
		json_int(row, "synced", (int64_t)count[TALLY_SYNCED]);
		json_int(row, "failed", (int64_t)count[TALLY_FAILED]);
		json_int(row, "bytes_read",
		    (int64_t)count[TALLY_BYTES_READ]);
		json_int(row, "bytes_stored",
		    (int64_t)count[TALLY_BYTES_STORED]);
		json_push(j, "workers", row);
	}
}

void
stats_put(const struct face_view *v, struct buf *b)
{
	struct json *j = json_new(), *row = json_new();
	struct figures_now now;

	figures_read(v->figures, &now);
	put_state(j, v, &now);
	put_counts(j, &now);
	put_requests(j, v, &now);
	if (now.oldest_ms == 0)
		json_none(j, "oldest_unsaved_ms");
	else
		json_int(j, "oldest_unsaved_ms", sums_unsaved_ms(v, &now));
	put_classes(j, row, &now);
	put_workers(j, row, v);
	json_line(j, b);
	json_free(row);
	json_free(j);
}

void
stats_put_failures(const struct face_view *v, struct buf *b)
{
	struct figures_failure *list = mem_resize(NULL, FIGURES_FAILURES,
	    sizeof(*list));
	struct json *j = json_new(), *row = json_new();
	struct figures_now now;
	size_t i, n;

	figures_read(v->figures, &now);
	n = figures_failures(v->figures, list, FIGURES_FAILURES);
	json_int(j, "failing", (int64_t)now.last[TALLY_FAILED]);
	json_int(j, "shown", (int64_t)n);
	put_time(j, "as_of", now.ended_ms);
	json_list(j, "failures");
	for (i = 0; i < n; i++) {
		json_str(row, "path", list[i].path);
		json_str(row, "class", err_class_name(list[i].cls));
		json_bool(row, "quarantined", list[i].quarantined);
		put_time(row, "since", list[i].since_ms);
		json_int(row, "tries", list[i].tries);
		json_push(j, "failures", row);
	}
	json_line(j, b);
	json_free(row);
	json_free(j);
	free(list);
}
