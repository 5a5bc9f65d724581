/*
 * status -- what the state knows of the databases, against what they are now;
 * and with patterns, what is there that it does not know.  Takes no lock and
 * asks no store, so it may run beside anything.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/hook.h"
#include "base/json.h"
#include "base/line.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/path.h"
#include "cmd/before.h"
#include "cmd/cmd.h"
#include "cmd/output.h"
#include "cmd/reach.h"
#include "cmd/unsaved.h"
#include "cmd/values.h"
#include "fleet/pattern.h"
#include "job/change.h"
#include "state/state.h"
#include "store/url.h"

enum {
	OPT_TO = CMD_OPT_OWN, OPT_STATE, OPT_FAILURES, OPT_JSON,
	OPT_EXCLUDE, OPT_SHARD, OPT_ONE_FS, OPT_FOLLOW
};

static const struct cmd_option options[] = {
	{ "to", OPT_TO, "URL",
	    "the store that the state is of (default $LITEFLEET_TO)" },
	{ "state", OPT_STATE, "DIR",
	    "where backup remembers (default /var/lib/litefleet)" },
	{ "failures", OPT_FAILURES, NULL,
	    "name the databases that fail, instead of counting all" },
	{ "exclude", OPT_EXCLUDE, "GLOB",
	    "do not miss names (with a slash: paths) that match; repeatable" },
	{ "shard", OPT_SHARD, "I/N",
	    "miss only those of the I-th N-th of the fleet" },
	{ "one-file-system", OPT_ONE_FS, NULL,
	    "do not look for any in other file systems" },
	{ "follow", OPT_FOLLOW, NULL, "follow symbolic links" },
	{ "json", OPT_JSON, NULL, "write one JSON object a line" },
	{ "null", '0', NULL, "end lines with NUL and escape nothing" },
	CMD_OPTION_SANDBOX,
	CMD_OPTIONS_COMMON
};

/* What a known database is; the first that holds. */
enum kind {
	KIND_GONE,		/* removed; its backups are kept */
	KIND_FAILING,		/* the last try failed, or found damage */
	KIND_NOT_DB,
	KIND_NEVER,		/* nothing was ever stored of it */
	KIND_STALE,		/* changed since */
	KIND_SAVED,
	NKINDS
};

struct status {
	const char *to, *state;
	bool failures, json, raw;
	struct pattern **patterns;
	size_t npatterns;

	/* for what is not known */
	struct walk_cfg walk;
	struct shard shard;
	const char **excludes;
	uint64_t nfaults;
	bool cut;			/* the state may be too old */

	struct state *segs[STATE_SEGMENTS];
	struct state *segment;		/* that is being read */
	struct json *out;
	struct buf line;
	uint64_t n[NKINDS], known, bytes;
	int64_t oldest_ms;		/* change that is not stored; or 0 */
	char *oldest;			/* whose */
};

static bool
wanted(const struct status *s, const char *path)
{
	size_t i;

	for (i = 0; i < s->npatterns; i++)
		if (pattern_match(s->patterns[i], path, NULL))
			return (true);
	return (s->npatterns == 0);
}

static enum kind
kind_of(const struct state_rec *rec, const char *path, struct state_stat *st)
{
	struct err e;

	/* With its WAL: where there is none, this changes nothing. */
	if (change_stat(AT_FDCWD, path, true, true, st, &e) == -1) {
		memset(st, 0, sizeof(*st));
		return (e.cls == ERR_GONE ? KIND_GONE : KIND_FAILING);
	}
	if (rec->fail_class != ERR_NONE || (rec->flags & STATE_DAMAGED))
		return (KIND_FAILING);
	/* When it was last read; it may have failed since. */
	if (rec->flags & STATE_NOT_DB)
		return (KIND_NOT_DB);
	if (rec->stored_ms == 0)
		return (KIND_NEVER);
	/* What is racy may have changed; that is not known to be so. */
	if (!hash128_eq(rec->fingerprint, state_fingerprint(st)))
		return (KIND_STALE);
	return (KIND_SAVED);
}

/* Does it hold what no backup has?  Damage that is stored as it is does not. */
static bool
is_unsaved(enum kind kind, const struct state_rec *rec,
    const struct state_stat *st)
{
	if (kind == KIND_FAILING)
		return (rec->fail_class != ERR_NONE ||
		    !hash128_eq(rec->fingerprint, state_fingerprint(st)));
	return (kind == KIND_STALE || kind == KIND_NEVER);
}

/* The moment of the last change, or since when it fails ("rec" or NULL); the
 * first that is not stored was no later. */
static void
keep_oldest(struct status *s, const struct state_rec *rec,
    const struct state_stat *st, const char *path)
{
	int64_t ms = change_last_ms(st);

	if (rec != NULL && rec->fail_class != ERR_NONE &&
	    rec->failing_since != 0 && (int64_t)rec->failing_since * 1000 < ms)
		ms = (int64_t)rec->failing_since * 1000;
	if (s->oldest != NULL && ms >= s->oldest_ms)
		return;
	free(s->oldest);
	s->oldest = mem_strdup(path);
	s->oldest_ms = ms;
}

static void
put(struct status *s)
{
	if (!s->json)
		buf_putc(&s->line, s->raw ? '\0' : '\n');
	(void)fwrite(s->line.data, 1, s->line.len, stdout);
	buf_reset(&s->line);
}

/* A line: why, how often in a row, since when, the last backup ("-": none, or
 * not known), path. */
static void
put_failure(struct status *s, const struct state_rec *rec, const char *path)
{
	const char *why = rec->flags & STATE_QUARANTINE ? "quarantine" :
	    rec->fail_class != ERR_NONE ? err_class_name(rec->fail_class) :
	    rec->flags & STATE_DAMAGED ? "damaged" : "unreadable";
	char when[CLOCK_RFC3339_BYTES] = "-", since[CLOCK_RFC3339_BYTES] = "-";

	if (rec->failing_since != 0)
		(void)clock_rfc3339((int64_t)rec->failing_since * 1000, since,
		    sizeof(since));
	if (rec->stored_ms != 0)
		(void)clock_rfc3339(rec->stored_ms, when, sizeof(when));
	if (s->json) {
		json_str(s->out, "type", "failure");
		json_str(s->out, "class", why);
		json_int(s->out, "tries", rec->fail_count);
		if (rec->failing_since != 0)
			json_str(s->out, "since", since);
		if (rec->stored_ms != 0)
			json_str(s->out, "stored", when);
		json_str(s->out, "path", path);
		json_line(s->out, &s->line);
	} else {
		buf_printf(&s->line, "%s\t%u\t%s\t%s\t", why,
		    rec->fail_count, since, when);
		line_field(&s->line, path, s->raw);
	}
	put(s);
}

static void
look(void *ctx, struct hash128 h, const char *path)
{
	struct status *s = ctx;
	struct state_rec rec;
	struct state_stat st;
	enum kind kind;

	if (!wanted(s, path) || !state_find(s->segment, h, &rec))
		return;
	HOOK("status", path);
	s->known++;
	kind = kind_of(&rec, path, &st);
	s->n[kind]++;
	s->bytes += st.size;
	if (st.ino != 0 && is_unsaved(kind, &rec, &st))
		keep_oldest(s, &rec, &st, path);
	if (kind == KIND_FAILING && s->failures)
		put_failure(s, &rec, path);
}

/* No run has seen it yet, or none could record it. */
static void
look_unknown(void *ctx, const char *path, const struct state_stat *st)
{
	struct status *s = ctx;

	s->known++;
	s->n[KIND_NEVER]++;
	s->bytes += st->size;
	keep_oldest(s, NULL, st, path);
}

static void
put_json(struct status *s)
{
	static const char *const names[NKINDS] = { "gone", "failing",
	    "not_databases", "never_saved", "stale", "saved" };
	char when[CLOCK_RFC3339_BYTES];
	int i;

	json_str(s->out, "type", "status");
	json_int(s->out, "databases", (int64_t)s->known);
	for (i = NKINDS - 1; i >= 0; i--)
		json_int(s->out, names[i], (int64_t)s->n[i]);
	json_int(s->out, "bytes", (int64_t)s->bytes);
	if (s->oldest != NULL) {
		(void)clock_rfc3339(s->oldest_ms, when, sizeof(when));
		json_str(s->out, "oldest_unsaved", when);
		json_str(s->out, "oldest_unsaved_path", s->oldest);
	}
	json_line(s->out, &s->line);
	put(s);
}

static void
put_row(uint64_t n, const char *what)
{
	(void)printf("%10" PRIu64 "  %s\n", n, what);
}

static void
put_text(struct status *s)
{
	char text[32];
	int64_t age_ms;

	put_row(s->known, s->npatterns > 0 ? "databases known or found" :
	    "databases known");
	put_row(s->n[KIND_SAVED], "saved as they are");
	put_row(s->n[KIND_STALE], "changed since their last backup");
	put_row(s->n[KIND_NEVER], "never saved");
	put_row(s->n[KIND_FAILING], "failing");
	put_row(s->n[KIND_GONE], "gone; their backups are kept");
	put_row(s->n[KIND_NOT_DB], "no SQLite databases");
	(void)printf("%10s  in all\n", num_format_bytes(s->bytes, text,
	    sizeof(text)));
	if (s->oldest == NULL)
		return;
	age_ms = clock_real_ms() - s->oldest_ms;
	buf_reset(&s->line);
	line_field(&s->line, s->oldest, false);
	(void)printf("%10s  since the oldest unsaved change: %s\n",
	    num_format_duration(age_ms > 0 ? age_ms : 0, text, sizeof(text)),
	    buf_str(&s->line));
	buf_reset(&s->line);
}

/* What the patterns match and the state "sd" does not know.  A store and a
 * state that lie amid the fleet are none of it. */
static int
read_disk(struct status *s, const struct statedir *sd, const char *base,
    const char *store, struct err *e)
{
	const char *avoid[2];
	struct unsaved_cfg cfg = { .walk = s->walk, .shard = s->shard,
	    .id = statedir_id(sd), .segs = s->segs, .each = look_unknown,
	    .ctx = s };

	cfg.walk.patterns = (const struct pattern *const *)s->patterns;
	cfg.walk.npatterns = s->npatterns;
	cfg.walk.excludes = s->excludes;
	cfg.walk.avoid = avoid;
	avoid[cfg.walk.navoid++] = base;
	if (store != NULL)
		avoid[cfg.walk.navoid++] = store;
	return (unsaved_find(&cfg, &s->nfaults, e));
}

/* Look at everything, but open only the state and what patterns open onto. */
static int
confine(const struct status *s, const char *base, struct err *e)
{
	struct sandbox *sandbox = reach_new();
	size_t i;

	sandbox_grant(sandbox, base, SANDBOX_READ);
	/* For statedir_was_cut(). */
	sandbox_grant(sandbox, "/proc/sys/kernel/random/boot_id",
	    SANDBOX_READ);
	if (s->walk.follow)
		sandbox_grant(sandbox, "/", SANDBOX_READ);
	for (i = 0; i < s->npatterns; i++)
		sandbox_grant(sandbox, pattern_literal(s->patterns[i]),
		    SANDBOX_READ);
	return (reach_enter(sandbox, e));
}

static int
read_state(struct status *s, struct err *e)
{
	struct store_url url = { 0 };
	struct statedir *sd = NULL;
	struct state_id id;
	char *base = NULL, *abs = NULL;
	unsigned seg;
	int ret = -1;

	if (store_url_parse(s->to, "--to", &url, e) == -1 ||
	    (base = statedir_base(s->state, e)) == NULL ||
	    (abs = path_resolve(base, "--state", e)) == NULL ||
	    confine(s, abs, e) == -1 ||
	    (sd = statedir_peek(abs, url.canonical, e)) == NULL) {
		if (e->cls == ERR_GONE)
			err_set(e, ERR_STATE, "nothing was backed up to %s "
			    "with the state in %s; --to and --state are as "
			    "those of the backup", url.canonical, abs);
		goto out;
	}
	id = statedir_id(sd);
	s->cut = before_is_cut(sd);
	for (seg = 0; seg < STATE_SEGMENTS; seg++) {
		if ((s->segs[seg] = state_open(statedir_fd(sd), seg, &id,
		    e)) == NULL)
			goto out;
		state_share(s->segs[seg]);
		s->segment = s->segs[seg];
		if (state_names(s->segment, look, s, e) == -1)
			goto out;
	}
	if (s->npatterns > 0 && !s->failures &&
	    read_disk(s, sd, abs, url.path, e) == -1)
		goto out;
	ret = 0;
out:
	for (seg = 0; seg < STATE_SEGMENTS; seg++)
		state_close(s->segs[seg]);
	statedir_close(sd);
	free(abs);
	free(base);
	store_url_fini(&url);
	return (ret);
}

static int
set_patterns(struct status *s, char **texts, int n, struct err *e)
{
	s->patterns = mem_zero(((size_t)n + 1) * sizeof(*s->patterns));
	for (; s->npatterns < (size_t)n; s->npatterns++)
		if ((s->patterns[s->npatterns] = pattern_new(
		    texts[s->npatterns], e)) == NULL)
			return (-1);
	return (0);
}

/* Options into *s.  CMD_END or CMD_END_EARLY. */
static int
parse(struct status *s, struct cmd_parse *p)
{
	struct err e;
	int c;

	while ((c = cmd_getopt(p)) != CMD_END && c != CMD_END_EARLY)
		switch (c) {
		case OPT_TO:
			s->to = p->arg;
			break;
		case OPT_STATE:
			s->state = p->arg;
			break;
		case OPT_FAILURES:
			s->failures = true;
			break;
		case OPT_EXCLUDE:
			s->excludes = mem_resize(s->excludes,
			    s->walk.nexcludes + 1, sizeof(*s->excludes));
			s->excludes[s->walk.nexcludes++] = p->arg;
			break;
		case OPT_SHARD:
			if (value_shard(p->arg, &s->shard, &e) == 0)
				break;
			p->status = cmd_fail(p->cmd, &e);
			return (CMD_END_EARLY);
		case OPT_ONE_FS:
			s->walk.one_file_system = true;
			break;
		case OPT_FOLLOW:
			s->walk.follow = true;
			break;
		case OPT_JSON:
			s->json = true;
			break;
		case '0':
			s->raw = true;
			break;
		}
	return (c);
}

static int
report(const struct cmd *cmd, struct status *s)
{
	struct err e;
	int status;

	if (read_state(s, &e) == -1) {
		status = cmd_fail(cmd, &e);
		return (status == 1 ? 3 : status);
	}
	if (!s->failures && s->json)
		put_json(s);
	else if (!s->failures)
		put_text(s);
	output_follow_reader();
	if (s->known == 0)
		log_warn("%s", s->npatterns == 0 ? "no database is known yet" :
		    s->failures ? "no database that is known matches" :
		    "no database matches");
	if (s->cut)
		before_say_cut();
	return (s->known == 0 || s->n[KIND_FAILING] > 0 || s->nfaults > 0 ||
	    s->cut);
}

static int
run(const struct cmd *cmd, int argc, char **argv)
{
	struct status s = { .to = getenv("LITEFLEET_TO") };
	struct cmd_parse p;
	struct err e;
	size_t i;
	int status;

	cmd_parse_init(&p, cmd, argc, argv);
	s.out = json_new();
	if (parse(&s, &p) == CMD_END_EARLY)
		status = p.status;
	else if (s.to == NULL)
		status = cmd_usage(cmd, "of which store? --to URL (or "
		    "LITEFLEET_TO) names it, as for backup");
	else if (s.json && s.raw)
		status = cmd_usage(cmd, "--json and -0 exclude each other");
	else if (set_patterns(&s, p.argv, p.argc, &e) == -1)
		status = cmd_fail(cmd, &e);
	else
		status = report(cmd, &s);
	for (i = 0; i < s.npatterns; i++)
		pattern_free(s.patterns[i]);
	free(s.patterns);
	free(s.excludes);
	free(s.oldest);
	json_free(s.out);
	buf_fini(&s.line);
	return (status);
}

const struct cmd cmd_status = {
	.name = "status",
	.synopsis = "[OPTIONS] [PATTERN...]",
	.summary = "Say what is backed up as it is now, and what is not",
	.options = options,
	.run = run,
};
