#include "serve/metrics.h"

#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "serve/sums.h"

static void
head(struct buf *b, const char *name, const char *type, const char *help)
{
	buf_printf(b, "# HELP litefleet_%s %s\n# TYPE litefleet_%s %s\n", name,
	    help, name, type);
}

static void
whole(struct buf *b, const char *name, const char *type, const char *help,
    uint64_t value)
{
	head(b, name, type, help);
	buf_printf(b, "litefleet_%s %llu\n", name, (unsigned long long)value);
}

static void
gauge(struct buf *b, const char *name, const char *help, double value)
{
	head(b, name, "gauge", help);
	buf_printf(b, "litefleet_%s %.15g\n", name, value);
}

/* name="value", where the value is anything. */
static void
label(struct buf *b, const char *name, const char *value)
{
	struct buf key = { 0 };
	const char *p;

	escape_put(&key, value, strlen(value));
	buf_printf(b, "%s=\"", name);
	for (p = buf_str(&key); *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			buf_putc(b, '\\');
		buf_putc(b, *p);
	}
	buf_putc(b, '"');
	buf_fini(&key);
}

static double
seconds(int64_t ms)
{
	return ((double)ms / 1000);
}

static void
put_state(struct buf *b, const struct face_view *v,
    const struct figures_now *now)
{
	char why[8];

	head(b, "build_info", "gauge", "Always 1; the version is its label.");
	buf_puts(b, "litefleet_build_info{");
	label(b, "version", LITEFLEET_VERSION);
	buf_puts(b, "} 1\n");
	gauge(b, "start_time_seconds", "When the service began, since 1970.",
	    seconds(now->started_ms));
	gauge(b, "interval_seconds", "From one cycle to the next.",
	    seconds(now->interval_ms));
	gauge(b, "healthy", "Whether /healthz says ok.",
	    figures_healthy(now, v->mono, why, sizeof(why)));
	gauge(b, "cycle_running", "Whether a cycle is under way.",
	    now->running);
	whole(b, "cycles_total", "counter", "Cycles that ended.",
	    now->ncycles);
	whole(b, "cycles_bad_total", "counter",
	    "Cycles that left something unsafe or undone.", now->nbad);
	gauge(b, "last_cycle_timestamp_seconds",
	    "When the latest cycle ended; 0 before.", seconds(now->ended_ms));
	gauge(b, "last_complete_cycle_timestamp_seconds",
	    "When the latest cycle ended that looked at everything while the "
	    "store answered; 0 before.", seconds(now->complete_ms));
}

static void
put_databases(struct buf *b, const struct face_view *v,
    const struct figures_now *now)
{
	whole(b, "databases", "gauge", "Databases, in the latest cycle.",
	    now->last[TALLY_LOOKED]);
	whole(b, "changed_databases", "gauge",
	    "Databases stored by the latest cycle.", now->last[TALLY_SYNCED]);
	whole(b, "skipped_databases", "gauge",
	    "Matching files that are no databases, in the latest cycle.",
	    now->last[TALLY_SKIPPED]);
	whole(b, "gone_databases", "gauge",
	    "Databases that vanished during the latest cycle.",
	    now->last[TALLY_GONE]);
	whole(b, "unread_directories", "gauge",
	    "Directories that the latest cycle could not read.",
	    now->last_nfaults);
	gauge(b, "oldest_unsaved_change_seconds",
	    "Age of the oldest change that could not be stored; 0: none.",
	    seconds(sums_unsaved_ms(v, now)));
}

/* A row for each class of failures. */
static void
put_classes(struct buf *b, const char *name, const uint64_t *count)
{
	size_t c;

	for (c = ERR_NONE + 1; c < ERR_NCLASS; c++) {
		buf_printf(b, "litefleet_%s{", name);
		label(b, "class", err_class_name((enum err_class)c));
		buf_printf(b, "} %llu\n",
		    (unsigned long long)count[TALLY_CLASS + c]);
	}
}

static void
put_failures(struct buf *b, const struct figures_now *now)
{
	head(b, "failing_databases", "gauge",
	    "Databases that the latest cycle could not save, by reason.");
	put_classes(b, "failing_databases", now->last);
	head(b, "failures_total", "counter",
	    "Databases that cycles could not save, by reason.");
	put_classes(b, "failures_total", now->total);
}

static void
put_totals(struct buf *b, const struct face_view *v,
    const struct figures_now *now)
{
	size_t i;

	whole(b, "uploads_total", "counter", "Databases stored.",
	    now->total[TALLY_SYNCED]);
	whole(b, "upload_failures_total", "counter",
	    "Databases that cycles could not save.",
	    now->total[TALLY_FAILED]);
	whole(b, "uploaded_bytes_total", "counter",
	    "Bytes of the objects stored.", now->total[TALLY_BYTES_STORED]);
	whole(b, "read_bytes_total", "counter",
	    "Bytes of the databases that were read.",
	    now->total[TALLY_BYTES_READ]);
	head(b, "requests_total", "counter",
	    "Requests made to the store, by kind.");
	for (i = 0; i < v->nrequests; i++) {
		buf_puts(b, "litefleet_requests_total{");
		label(b, "kind", v->requests[i].name);
		buf_printf(b, "} %llu\n",
		    (unsigned long long)now->total[TALLY_REQUEST + i]);
	}
	gauge(b, "estimated_month_cost_usd",
	    "What the charged requests of 30 days cost if they go on as since "
	    "the start.", sums_month_usd(v, now));
}

static void
put_histogram(struct buf *b, const struct figures *f, enum figures_kind kind,
    const char *name, const char *help)
{
	const struct figures_histogram *h = figures_histogram(f, kind);
	uint64_t n = 0;
	size_t i;

	head(b, name, "histogram", help);
	for (i = 0; i < FIGURES_BUCKETS; i++) {
		n += atomic_load_explicit(&h->bucket[i],
		    memory_order_relaxed);
		buf_printf(b, "litefleet_%s_bucket{le=\"", name);
		if (i < FIGURES_BUCKETS - 1)
			buf_printf(b, "%g", figures_bounds[i]);
		else
			buf_puts(b, "+Inf");
		buf_printf(b, "\"} %llu\n", (unsigned long long)n);
	}
	/* The count is the last bucket, whatever came meanwhile. */
	buf_printf(b, "litefleet_%s_sum %.15g\nlitefleet_%s_count %llu\n",
	    name, (double)atomic_load_explicit(&h->sum_ms,
	    memory_order_relaxed) / 1000, name, (unsigned long long)n);
}

enum column { UPLOADS, BYTES, LAST };

/* One metric of the rows of projects, or of their databases. */
static void
put_series(struct buf *b, const struct figures *f, bool databases,
    enum column column, const char *name, const char *help)
{
	const struct figures_series *s;
	size_t i;

	head(b, name, column == LAST ? "gauge" : "counter", help);
	for (i = 0; (s = figures_series(f, i)) != NULL; i++) {
		if ((s->database[0] != '\0') != databases)
			continue;
		buf_printf(b, "litefleet_%s{", name);
		label(b, "project", s->project);
		if (databases) {
			buf_putc(b, ',');
			label(b, "database", s->database);
		}
		if (column == LAST)
			buf_printf(b, "} %.15g\n", seconds(
			    atomic_load_explicit(&s->last_ms,
			    memory_order_relaxed)));
		else
			buf_printf(b, "} %llu\n", (unsigned long long)
			    atomic_load_explicit(column == UPLOADS ?
			    &s->uploads : &s->bytes, memory_order_relaxed));
	}
}

static void
put_all_series(struct buf *b, const struct figures *f)
{
	put_series(b, f, false, UPLOADS, "project_uploads_total",
	    "Databases stored, by project.");
	put_series(b, f, false, BYTES, "project_uploaded_bytes_total",
	    "Bytes of the objects stored, by project.");
	put_series(b, f, false, LAST, "project_last_upload_timestamp_seconds",
	    "When a database of the project was last stored.");
	put_series(b, f, true, UPLOADS, "database_uploads_total",
	    "Databases stored, by project and database.");
	put_series(b, f, true, BYTES, "database_uploaded_bytes_total",
	    "Bytes of the objects stored, by project and database.");
	put_series(b, f, true, LAST, "database_last_upload_timestamp_seconds",
	    "When a database of the project and database was last stored.");
}

void
metrics_put(const struct face_view *v, struct buf *b)
{
	const struct figures *f = v->figures;
	struct figures_now now;

	figures_read(f, &now);
	put_state(b, v, &now);
	put_databases(b, v, &now);
	put_failures(b, &now);
	put_totals(b, v, &now);
	put_histogram(b, f, FIGURES_CYCLE, "cycle_duration_seconds",
	    "How long cycles took.");
	put_histogram(b, f, FIGURES_SCAN, "scan_duration_seconds",
	    "How long cycles looked for databases.");
	put_histogram(b, f, FIGURES_UPLOAD, "upload_duration_seconds",
	    "From the look at a database until it was stored.");
	put_histogram(b, f, FIGURES_LAG, "replication_lag_seconds",
	    "From the change of a database until it was stored.");
	put_all_series(b, f);
}
