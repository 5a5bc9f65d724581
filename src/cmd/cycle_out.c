#include "cmd/cycle_out.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/line.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "cmd/cycle.h"
#include "cmd/notify.h"
#include "store/store.h"

struct cycle_out {
	const struct cycle *c;
	struct json *json;
	struct buf line;
};

struct cycle_out *
cycle_out_new(const struct cycle *c)
{
	struct cycle_out *o = mem_zero(sizeof(*o));

	o->c = c;
	o->json = json_new();
	return (o);
}

void
cycle_out_free(struct cycle_out *o)
{
	json_free(o->json);
	buf_fini(&o->line);
	free(o);
}

/* Write the item that is in o->line (without its end). */
static void
put_item(struct cycle_out *o)
{
	if (!o->c->json)
		buf_putc(&o->line, o->c->raw ? '\0' : '\n');
	(void)fwrite(o->line.data, 1, o->line.len, stdout);
	buf_reset(&o->line);
}

void
cycle_out_stored(struct cycle_out *o, const struct said *s)
{
	char stamp[CLOCK_STAMP_BYTES];

	if (o->c->json) {
		clock_stamp(s->ms, stamp);
		json_str(o->json, "type", "stored");
		json_str(o->json, "path", s->path);
		json_str(o->json, "key", s->key);
		json_str(o->json, "timestamp", stamp);
		json_int(o->json, "bytes", (int64_t)s->stored_bytes);
		json_int(o->json, "database_bytes", (int64_t)s->db_bytes);
		json_line(o->json, &o->line);
	} else {
		line_field(&o->line, s->path, o->c->raw);
		buf_putc(&o->line, '\t');
		line_field(&o->line, s->key, o->c->raw);
		buf_printf(&o->line, "\t%llu",
		    (unsigned long long)s->stored_bytes);
	}
	put_item(o);
}

void
cycle_out_would(struct cycle_out *o, const struct cycle_out_dry *d)
{
	if (o->c->json) {
		json_str(o->json, "type", d->what);
		json_int(o->json, "database_bytes", (int64_t)d->bytes);
		json_str(o->json, "path", d->path);
		json_str(o->json, "key", d->key);
		json_line(o->json, &o->line);
	} else {
		buf_printf(&o->line, "%s\t%llu\t", d->what,
		    (unsigned long long)d->bytes);
		line_field(&o->line, d->path, o->c->raw);
		buf_putc(&o->line, '\t');
		line_field(&o->line, d->key, o->c->raw);
	}
	put_item(o);
}

static void
put_count(struct buf *b, uint64_t n, const char *what)
{
	if (n > 0)
		buf_printf(b, ", %llu %s", (unsigned long long)n, what);
}

/* "request kinds"; nothing where none was made. */
static void
put_requests(struct buf *b, const uint64_t *n)
{
	const char *sep = ", requests: ";
	int kind;

	for (kind = 0; kind < STORE_NREQUEST; kind++) {
		if (n[TALLY_REQUEST + kind] == 0)
			continue;
		buf_printf(b, "%s%llu %s", sep,
		    (unsigned long long)n[TALLY_REQUEST + kind],
		    store_request_name((enum store_request)kind));
		sep = " ";
	}
}

void
cycle_out_summary(struct cycle_out *o, const struct pool_result *res,
    bool complete, int64_t took_ms, bool say)
{
	const uint64_t *n = res->count;
	struct buf b = { 0 };
	char text[32];
	int kind;

	buf_printf(&b, "Scan %s: %llu databases, %llu synced (took %s)",
	    complete ? "complete" : "stopped",
	    (unsigned long long)n[TALLY_LOOKED],
	    (unsigned long long)n[TALLY_SYNCED],
	    num_format_duration(took_ms, text, sizeof(text)));
	put_count(&b, n[TALLY_FAILED], "failed");
	put_count(&b, n[TALLY_SKIPPED], "skipped");
	put_count(&b, n[TALLY_GONE], "gone");
	put_count(&b, o->c->nfaults, o->c->nfaults == 1 ?
	    "directory not read" : "directories not read");
	if (o->c->before.failed)
		buf_puts(&b, ", not reconciled");
	if (o->c->pruning.failed)
		buf_puts(&b, ", not pruned");
	put_requests(&b, n);
	if (n[TALLY_BYTES_STORED] > 0)
		buf_printf(&b, ", %s stored",
		    num_format_bytes(n[TALLY_BYTES_STORED], text,
		    sizeof(text)));
	notify_status(buf_str(&b));
	if (say)
		log_info("%s", buf_str(&b));
	buf_fini(&b);
	if (!say || !o->c->json)
		return;
	json_str(o->json, "type", "summary");
	json_bool(o->json, "complete", complete);
	json_int(o->json, "databases", (int64_t)n[TALLY_LOOKED]);
	json_int(o->json, "synced", (int64_t)n[TALLY_SYNCED]);
	json_int(o->json, "reread", (int64_t)n[TALLY_REFRESHED]);
	json_int(o->json, "failed", (int64_t)n[TALLY_FAILED]);
	json_int(o->json, "skipped", (int64_t)n[TALLY_SKIPPED]);
	json_int(o->json, "gone", (int64_t)n[TALLY_GONE]);
	json_int(o->json, "directories_not_read", (int64_t)o->c->nfaults);
	if (o->c->before.reconcile_ms > 0)
		json_bool(o->json, "not_reconciled", o->c->before.failed);
	if (o->c->pruning.every_ms > 0)
		json_bool(o->json, "not_pruned", o->c->pruning.failed);
	json_int(o->json, "bytes_read", (int64_t)n[TALLY_BYTES_READ]);
	json_int(o->json, "bytes_stored", (int64_t)n[TALLY_BYTES_STORED]);
	for (kind = 0; o->c->url.kind == STORE_S3 && kind < STORE_NREQUEST;
	    kind++) {
		(void)snprintf(text, sizeof(text), "requests_%s",
		    store_request_name((enum store_request)kind));
		json_int(o->json, text, (int64_t)n[TALLY_REQUEST + kind]);
	}
	json_int(o->json, "took_ms", took_ms);
	json_line(o->json, &o->line);
	put_item(o);
}

void
cycle_out_figures(const struct cycle *c)
{
	struct buf b = { 0 };
	char text[32];

	buf_printf(&b, "%llu cycles (%llu not without failures), the last took "
	    "%s; since the start: %llu synced, %llu read again",
	    (unsigned long long)c->ncycles, (unsigned long long)c->nbad,
	    num_format_duration(c->took_ms, text, sizeof(text)),
	    (unsigned long long)c->total[TALLY_SYNCED],
	    (unsigned long long)c->total[TALLY_REFRESHED]);
	put_count(&b, c->total[TALLY_FAILED], "failures");
	put_requests(&b, c->total);
	buf_printf(&b, ", %s stored", num_format_bytes(
	    c->total[TALLY_BYTES_STORED], text, sizeof(text)));
	log_info("%s", buf_str(&b));
	buf_fini(&b);
}
