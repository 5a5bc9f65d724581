#include "cmd/pruneout.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/line.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "fleet/keep.h"

struct pruneout {
	struct pruneout_cfg cfg;
	struct json *json;
	struct buf line, words;
};

struct pruneout *
pruneout_new(const struct pruneout_cfg *cfg)
{
	struct pruneout *o = mem_zero(sizeof(*o));

	o->cfg = *cfg;
	o->json = json_new();
	return (o);
}

void
pruneout_free(struct pruneout *o)
{
	if (o == NULL)
		return;
	json_free(o->json);
	buf_fini(&o->line);
	buf_fini(&o->words);
	free(o);
}

/* Whether it was taken, pruneout_flush() says. */
static void
put_line(struct pruneout *o)
{
	(void)fwrite(o->line.data, 1, o->line.len, stdout);
	buf_reset(&o->line);
}

static void
put_object(struct pruneout *o, const char *type,
    const struct pruneout_version *v, const char *rules)
{
	char when[CLOCK_RFC3339_BYTES];

	json_str(o->json, "type", type);
	json_str(o->json, "time", clock_rfc3339(v->ms, when, sizeof(when)));
	json_int(o->json, "bytes", (int64_t)v->bytes);
	json_str(o->json, "key", v->key);
	json_str(o->json, "object", v->object);
	if (rules != NULL)
		json_str(o->json, "rules", rules);
	json_line(o->json, &o->line);
	put_line(o);
}

void
pruneout_decided(struct pruneout *o, const struct pruneout_version *v,
    uint8_t why)
{
	const char *type = why != 0 ? "keep" : "remove";
	char when[CLOCK_RFC3339_BYTES];

	buf_reset(&o->words);
	keep_words(why, &o->words);
	if (o->cfg.json) {
		put_object(o, type, v, buf_str(&o->words));
		return;
	}
	buf_printf(&o->line, "%s\t%s\t%" PRIu64 "\t", type,
	    clock_rfc3339(v->ms, when, sizeof(when)), v->bytes);
	line_field(&o->line, v->key, o->cfg.raw);
	buf_printf(&o->line, "\t%s", buf_str(&o->words));
	buf_putc(&o->line, o->cfg.raw ? '\0' : '\n');
	put_line(o);
}

void
pruneout_removed(struct pruneout *o, const struct pruneout_version *v)
{
	if (o->cfg.json)
		put_object(o, "removed", v, NULL);
}

int
pruneout_flush(struct pruneout *o, struct err *e)
{
	(void)o;
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return (0);
	if (errno != 0)
		err_sys(e, ERR_IO, "write standard output");
	else
		err_set(e, ERR_IO, "write standard output: some of it was lost "
		    "(a full disk, or its reader has gone)");
	return (-1);
}

static void
put_count(struct buf *b, uint64_t n, const char *what)
{
	if (n > 0)
		buf_printf(b, ", %" PRIu64 " %s", n, what);
}

void
pruneout_summary(struct pruneout *o, const struct prune_count *n,
    int64_t took_ms)
{
	const char *did = o->cfg.dry ? "to be removed" : "removed";
	char text[32];
	struct buf b = { 0 };

	buf_printf(&b, "%s %s: %" PRIu64 " databases, %" PRIu64 " backups, %"
	    PRIu64 " kept, %" PRIu64 " %s (took %s)", o->cfg.dry ? "Dry run" :
	    "Prune", n->whole != 0 ? "complete" : "stopped", n->databases,
	    n->versions, n->kept, n->removed, did,
	    num_format_duration(took_ms, text, sizeof(text)));
	put_count(&b, n->failed, "failed");
	put_count(&b, n->foreign, n->foreign == 1 ?
	    "other object left alone" : "other objects left alone");
	if (n->bytes_freed > 0)
		buf_printf(&b, ", %s %s", num_format_bytes(n->bytes_freed,
		    text, sizeof(text)), o->cfg.dry ? "to be freed" : "freed");
	log_info("%s", buf_str(&b));
	buf_fini(&b);
	if (!o->cfg.json)
		return;
	json_str(o->json, "type", "summary");
	json_bool(o->json, "complete", n->whole != 0);
	json_bool(o->json, "dry_run", o->cfg.dry);
	json_int(o->json, "databases", (int64_t)n->databases);
	json_int(o->json, "versions", (int64_t)n->versions);
	json_int(o->json, "kept", (int64_t)n->kept);
	json_int(o->json, "removed", (int64_t)n->removed);
	json_int(o->json, "failed", (int64_t)n->failed);
	json_int(o->json, "foreign", (int64_t)n->foreign);
	json_int(o->json, "bytes_freed", (int64_t)n->bytes_freed);
	json_int(o->json, "took_ms", took_ms);
	json_line(o->json, &o->line);
	put_line(o);
}
