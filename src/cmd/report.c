#include "cmd/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/line.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "cmd/errorfile.h"

struct report {
	const struct bulkplan *p;
	struct json *json;
	struct buf line;
	struct buf target;
	struct errorfile *errors;	/* or NULL */
};

struct report *
report_new(const struct bulkplan *p)
{
	struct report *r = mem_zero(sizeof(*r));

	r->p = p;
	r->json = json_new();
	return (r);
}

void
report_free(struct report *r)
{
	if (r == NULL)
		return;
	errorfile_free(r->errors);
	json_free(r->json);
	buf_fini(&r->line);
	buf_fini(&r->target);
	free(r);
}

int
report_open(struct report *r, struct err *e)
{
	const char *path = r->p->error_report;

	if (path == NULL)
		return (0);
	r->errors = errorfile_open(path, r->p->retry_report, e);
	return (r->errors == NULL ? -1 : 0);
}

void
report_finish(struct report *r)
{
	struct err e;

	if (r->errors != NULL && errorfile_finish(r->errors, &e) == -1)
		log_error("--error-report: %s", e.msg);
}

void
report_timeless(struct report *r)
{
	const struct bulkplan *p = r->p;
	size_t n = bulkwishes_timeless(&p->wishes);

	if (p->retry_report != NULL && !p->by_time && n > 0)
		log_warn("--retry-report %s: %zu of its lines name%s no time; "
		    "there, the newest backups are restored",
		    p->retry_report, n, n == 1 ? "s" : "");
}

bool
report_is_torn(const struct report *r)
{
	return (r->errors != NULL && errorfile_is_torn(r->errors));
}

static const char *
target(struct report *r, const char *rel)
{
	buf_reset(&r->target);
	bulkplan_target(r->p, rel, &r->target);
	return (buf_str(&r->target));
}

/* Write what is in r->line to standard output; main() checks it. */
static void
put_line(struct report *r)
{
	(void)fwrite(r->line.data, 1, r->line.len, stdout);
	buf_reset(&r->line);
}

void
report_would(struct report *r, const struct order *o)
{
	char when[CLOCK_RFC3339_BYTES];
	bool raw = r->p->raw;

	(void)clock_rfc3339(o->ms, when, sizeof(when));
	if (r->p->json) {
		json_str(r->json, "type", "found");
		json_str(r->json, "key", o->key);
		json_str(r->json, "time", when);
		if (o->bytes != ORDER_BYTES_UNKNOWN)
			json_int(r->json, "bytes", (int64_t)o->bytes);
		json_str(r->json, "target", target(r, o->rel));
		json_line(r->json, &r->line);
	} else {
		line_field(&r->line, o->key, raw);
		buf_printf(&r->line, "\t%s\t", when);
		if (o->bytes != ORDER_BYTES_UNKNOWN)
			buf_printf(&r->line, "%llu",
			    (unsigned long long)o->bytes);
		buf_putc(&r->line, '\t');
		line_field(&r->line, target(r, o->rel), raw);
		buf_putc(&r->line, raw ? '\0' : '\n');
	}
	put_line(r);
}

/* A line in the error report; that it cannot be written is said once. */
static void
put_error(struct report *r, const struct bulk_outcome *o, const char *where)
{
	char when[CLOCK_RFC3339_BYTES] = "";
	struct buf b = { 0 };
	struct err e;
	bool torn;

	if (r->errors == NULL)
		return;
	line_field(&b, o->key, false);
	buf_putc(&b, '\t');
	line_field(&b, where, false);
	buf_printf(&b, "\t%s\t", err_class_name(o->cls));
	line_field(&b, o->text, false);
	if (o->ms > 0)
		(void)clock_rfc3339(o->ms, when, sizeof(when));
	buf_printf(&b, "\t%s\n", when);
	torn = errorfile_is_torn(r->errors);
	if (errorfile_put(r->errors, b.data, b.len, &e) == -1 && !torn)
		log_error("--error-report: %s; it %s", e.msg,
		    errorfile_is_beside(r->errors) ? "stays as it was" :
		    "is not complete");
	buf_fini(&b);
}

/* sized: o->size is known. */
static void
put_object(struct report *r, const struct bulk_outcome *o, const char *where,
    bool sized)
{
	static const char *const words[] = {
		[BULK_RESTORED] = "restored", [BULK_THERE] = "there",
		[BULK_SKIPPED] = "skipped", [BULK_FAILED] = "failed",
	};
	char when[CLOCK_RFC3339_BYTES];

	json_str(r->json, "type", words[o->end]);
	json_str(r->json, "key", o->key);
	if (o->ms > 0) {
		(void)clock_rfc3339(o->ms, when, sizeof(when));
		json_str(r->json, "time", when);
	}
	if (sized)
		json_int(r->json, "database_bytes", (int64_t)o->size);
	if (where[0] != '\0')
		json_str(r->json, "target", where);
	if (o->end == BULK_FAILED)
		json_str(r->json, "class", err_class_name(o->cls));
	if (o->text[0] != '\0')
		json_str(r->json, "message", o->text);
	json_line(r->json, &r->line);
	put_line(r);
}

static void
tell(struct report *r, const struct bulk_outcome *o, const char *where)
{
	const char *sep = o->text[0] != '\0' ? ": " : "";

	if (o->end == BULK_FAILED) {
		/* The name of an object begins with the key. */
		if (strncmp(o->text, o->key, strlen(o->key)) == 0)
			log_error("%s", o->text);
		else
			log_error("%s: %s", o->key, o->text);
		put_error(r, o, where);
	} else if (o->end == BULK_RESTORED && o->text[0] != '\0')
		log_warn("%s: restored to %s: %s", o->key, where, o->text);
	else if (o->end == BULK_RESTORED)
		log_debug("%s: restored to %s (%llu bytes)", o->key, where,
		    (unsigned long long)o->size);
	else
		log_debug("%s: %s, at %s%s%s", o->key, o->end == BULK_THERE ?
		    "there already" : "skipped", where, sep, o->text);
	if (r->p->json)
		put_object(r, o, where, o->end == BULK_RESTORED ||
		    o->end == BULK_THERE);
}

void
report_outcome(struct report *r, const struct bulk_outcome *o)
{
	tell(r, o, target(r, o->rel));
}

void
report_finished(struct report *r, const struct order *o)
{
	const struct bulk_outcome there = { .end = BULK_THERE, .key = o->key,
	    .ms = o->ms, .text = "" };
	const char *where = target(r, o->rel);

	log_debug("%s: in the journal already, at %s", o->key, where);
	if (r->p->json)
		put_object(r, &there, where, false);
}

void
report_refused(struct report *r, const struct bulklist_refused *what,
    const struct err *why)
{
	const struct bulk_outcome o = { .end = BULK_FAILED, .key = what->key,
	    .ms = what->ms, .cls = why->cls, .text = why->msg };

	tell(r, &o, what->target);
}

/* No worker was asked; a dry run's objects are of what would be restored. */
static void
skip(struct report *r, const char *key, const char *why)
{
	const struct bulk_outcome o = { .end = BULK_SKIPPED, .key = key,
	    .text = why };

	log_warn("%s: skipped: %s", key, why);
	if (r->p->json && !r->p->dry)
		put_object(r, &o, "", false);
}

void
report_young(struct report *r, const char *key, int64_t oldest_ms)
{
	char before[CLOCK_RFC3339_BYTES], oldest[CLOCK_RFC3339_BYTES];
	struct buf why = { 0 };

	buf_printf(&why, "it had no backup at or before %s; the oldest is of "
	    "%s", clock_rfc3339(r->p->before_ms, before, sizeof(before)),
	    clock_rfc3339(oldest_ms, oldest, sizeof(oldest)));
	skip(r, key, buf_str(&why));
	buf_fini(&why);
}

void
report_late(struct report *r, const char *key, int64_t began_ms)
{
	char began[CLOCK_RFC3339_BYTES];
	struct buf why = { 0 };

	buf_printf(&why, "its backups came after the restore had begun, at "
	    "%s", clock_rfc3339(began_ms, began, sizeof(began)));
	skip(r, key, buf_str(&why));
	buf_fini(&why);
}

void
report_foreign(struct report *r, uint64_t n)
{
	if (n > 0)
		log_warn("store %s: passed over %llu object%s whose name%s no "
		    "backup's", r->p->url.canonical, (unsigned long long)n,
		    n == 1 ? "" : "s", n == 1 ? " is" : "s are");
}

void
report_all_young(struct report *r)
{
	char before[CLOCK_RFC3339_BYTES];

	log_warn("nothing to restore: none of what was found had a backup at "
	    "or before %s (--timestamp)", clock_rfc3339(r->p->before_ms,
	    before, sizeof(before)));
}

void
report_nothing(struct report *r, bool elsewhere)
{
	const struct bulkplan *p = r->p;

	if (elsewhere)
		log_info("nothing to restore: what there is falls into other "
		    "shards than %llu/%llu", (unsigned long long)p->shard.i,
		    (unsigned long long)p->shard.n);
	else if (p->retry_report != NULL)
		log_info("nothing to retry: %s names no database",
		    p->retry_report);
	else if (p->by_line)
		log_warn("no line names a database");
	else
		log_warn("nothing in the store %s matches %s",
		    p->url.canonical, p->operand);
}

/* ", 1,541 found"; nothing of nothing. */
static void
put_count(struct buf *b, uint64_t n, const char *what)
{
	char digits[32];
	int i, len;

	if (n == 0)
		return;
	buf_puts(b, ", ");
	len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
	for (i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			buf_putc(b, ',');
		buf_putc(b, digits[i]);
	}
	buf_printf(b, " %s", what);
}

void
report_summary(struct report *r, const struct report_count *n, bool complete,
    int64_t took_ms)
{
	struct buf b = { 0 };
	char text[32];

	put_count(&b, n->found, "found");
	put_count(&b, n->restored, "restored");
	put_count(&b, n->there, "there already");
	put_count(&b, n->skipped, "skipped");
	put_count(&b, n->failed, "failed");
	if (n->restored > 0)
		buf_printf(&b, ", %s", num_format_bytes(n->bytes, text,
		    sizeof(text)));
	log_info("Restore %s: %s (took %s)", complete ? "complete" :
	    "stopped", b.len > 2 ? buf_str(&b) + 2 : "nothing found",
	    num_format_duration(took_ms, text, sizeof(text)));
	buf_fini(&b);
	if (!r->p->json)
		return;
	json_str(r->json, "type", "summary");
	json_bool(r->json, "complete", complete);
	json_int(r->json, "found", (int64_t)n->found);
	json_int(r->json, "restored", (int64_t)n->restored);
	json_int(r->json, "there", (int64_t)n->there);
	json_int(r->json, "skipped", (int64_t)n->skipped);
	json_int(r->json, "failed", (int64_t)n->failed);
	json_int(r->json, "database_bytes", (int64_t)n->bytes);
	json_int(r->json, "took_ms", took_ms);
	json_line(r->json, &r->line);
	put_line(r);
}
