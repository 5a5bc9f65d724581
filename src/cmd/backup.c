/*
 * backup -- one cycle over the fleet, or one after the other: find the
 * databases, store those that changed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hashset.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "cmd/after.h"
#include "cmd/cmd.h"
#include "cmd/cycle.h"
#include "cmd/cycle_out.h"
#include "cmd/dealer.h"
#include "cmd/dryrun.h"
#include "cmd/listen.h"
#include "cmd/replaced.h"
#include "cmd/service.h"
#include "cmd/wanted.h"
#include "fleet/recall.h"

enum {
	OPT_EXCLUDE = REPLACED_OPT_END,
	OPT_SHARD,
	OPT_ONE_FS,
	OPT_INTERVAL,
	OPT_LOG_EVERY,
	OPT_RECONCILE,
	OPT_PRUNE_EVERY,
	OPT_ON_FAILURE,
	OPT_PING,
	OPT_LISTEN,
	OPT_PUT_PRICE,
	OPT_MAX_SERIES
};

enum {
	INTERVAL_MIN_MS = 100,
	LOG_EVERY_MS = 10 * 60 * 1000,
	RECALL_BYTES = 32 * 1024 * 1024		/* a million names, about */
};

static const struct cmd_option options[] = {
	CYCLE_OPTIONS,
	{ "dry-run", 'n', NULL,
	    "touch nothing; write what would be looked at for upload" },
	{ "exclude", OPT_EXCLUDE, "GLOB",
	    "leave out names (with a slash: paths) that match; repeatable" },
	{ "shard", OPT_SHARD, "I/N",
	    "only the I-th N-th of the fleet (1/3, 2/3, 3/3)" },
	{ "one-file-system", OPT_ONE_FS, NULL,
	    "do not cross into other file systems" },
	{ "interval", OPT_INTERVAL, "D",
	    "go on: a cycle every D, until TERM or INT" },
	{ "log-every", OPT_LOG_EVERY, "D",
	    "with --interval: a line at least every D (default 10m)" },
	{ "reconcile", OPT_RECONCILE, "D",
	    "list the store every D, and store again what it lost" },
	{ "prune-every", OPT_PRUNE_EVERY, "D",
	    "with --interval: remove old backups, by these rules" },
	KEEP_OPTIONS,
	{ "on-failure", OPT_ON_FAILURE, "COMMAND",
	    "for sh -c, after a run or cycle with failures" },
	{ "ping", OPT_PING, "URL",
	    "GET it after a run or cycle, and URL/fail after failures" },
	{ "listen", OPT_LISTEN, "WHERE",
	    "with --interval: show figures by HTTP at ADDRESS:PORT or "
	    "unix:PATH" },
	{ "put-price", OPT_PUT_PRICE, "USD",
	    "of 1,000 requests that write or list (default 0.005)" },
	{ "max-series", OPT_MAX_SERIES, "N",
	    "of projects and databases in /metrics (default 1000)" },
	REPLACED_OPTIONS,
	CMD_OPTION_SANDBOX,
	CMD_OPTIONS_COMMON
};

struct backup {
	struct cycle c;
	struct replaced replaced;
	struct after_cfg after;
	char *ping;
	struct listen_cfg listen;
	struct walk_cfg walk;
	const char *avoid[3];
	const char **excludes;
	bool *matched;		/* per pattern: it found something */
	bool *barren;		/* that it does not has been said */
	struct hashset faults, old_faults;	/* messages of this cycle and
						 * of the one before */
	struct dealer *dealer;
	struct recall *recall;	/* of a service */
	bool again;
	bool dry;
};

static int
found(void *ctx, const struct walk_dir *dir)
{
	struct backup *b = ctx;
	size_t i;

	b->matched[dir->pattern] = true;
	dealer_enter(b->dealer, dir->path, dir->real);
	for (i = 0; i < dir->nentries; i++)
		dealer_put(b->dealer, dir->entries[i].name,
		    dir->entries[i].flags);
	return (dealer_stopping(b->dealer));
}

static int
turn(void *ctx)
{
	const struct backup *b = ctx;

	dealer_turn(b->dealer);
	return (dealer_stopping(b->dealer));
}

static void
fault(void *ctx, const struct err *e)
{
	struct backup *b = ctx;

	struct hash128 h = hash128(e->msg, strlen(e->msg));

	if (b->again)		/* named and counted the first time */
		return;
	/* What lasts for many cycles is named by the first. */
	(void)hashset_add(&b->faults, h);
	log_msg(hashset_has(&b->old_faults, h) ? LOG_LVL_DEBUG :
	    LOG_LVL_ERROR, "%s", e->msg);
	b->c.nfaults++;
}

static int
deal(void *ctx, struct dealer *d, bool again, struct err *e)
{
	struct backup *b = ctx;
	int r;

	b->dealer = d;
	b->again = again;
	if (!again)
		memset(b->matched, 0, b->c.npatterns * sizeof(*b->matched));
	b->walk.found = found;
	b->walk.turn = turn;
	b->walk.fault = fault;
	b->walk.ctx = b;
	r = walk_run(&b->walk, e);
	return (r == -1 ? -1 : 0);
}

/* The walk keeps out of our own directories, unless the fleet is in them. */
static void
set_walk(struct backup *b)
{
	struct walk_cfg *w = &b->walk;
	struct cycle *c = &b->c;

	w->patterns = (const struct pattern *const *)c->patterns;
	w->npatterns = c->npatterns;
	w->excludes = b->excludes;
	w->follow = c->follow;
	if (c->url.path != NULL)
		b->avoid[w->navoid++] = c->url.path;
	b->avoid[w->navoid++] = c->state_base;
	if (c->spool != NULL)
		b->avoid[w->navoid++] = c->spool_dir;
	w->avoid = b->avoid;
	if (c->interval_ms > 0)
		w->recall = b->recall = recall_new(RECALL_BYTES);
	b->matched = mem_zero(c->npatterns * sizeof(*b->matched));
	b->barren = mem_zero(c->npatterns * sizeof(*b->barren));
}

static int
take_interval(struct backup *b, const char *arg, struct err *e)
{
	if (num_parse_duration(arg, "--interval", &b->c.interval_ms, e) == -1)
		return (-1);
	if (b->c.interval_ms >= INTERVAL_MIN_MS)
		return (0);
	err_set(e, ERR_USAGE, "--interval: \"%s\" is less than %d ms", arg,
	    INTERVAL_MIN_MS);
	return (-1);
}

/* Of --reconcile and --prune-every. */
static int
take_every(const char *arg, const char *what, int64_t *ms, struct err *e)
{
	if (num_parse_duration(arg, what, ms, e) == -1)
		return (-1);
	if (*ms > 0)
		return (0);
	err_set(e, ERR_USAGE, "%s: every \"%s\" is no time at all", what, arg);
	return (-1);
}

static int
take_ping(struct backup *b, char *arg, struct err *e)
{
	const char *host = strncmp(arg, "http://", 7) == 0 ? arg + 7 :
	    strncmp(arg, "https://", 8) == 0 ? arg + 8 : "";

	if (strcspn(host, "/?#") > 0) {
		/* Who knows it can speak for us. */
		cmd_secret_take(&b->ping, arg);
		b->after.ping = b->ping;
		return (0);
	}
	err_set(e, ERR_USAGE, "--ping: not the URL of a web server "
	    "(https://...)");
	return (-1);
}

/* Options into *b.  CMD_END or CMD_END_EARLY. */
static int
parse(struct backup *b, struct cmd_parse *p)
{
	struct err e;
	bool ok;
	int o;

	while ((o = cmd_getopt(p)) != CMD_END && o != CMD_END_EARLY) {
		ok = true;
		if (cycle_option(&b->c, o, p->arg, &ok, &e) ||
		    keepopt_take(&b->c.pruning.keep, o, p->arg, &ok, &e) ||
		    replaced_option(&b->replaced, o, p->arg)) {
			;
		} else if (o == 'n')
			b->dry = true;
		else if (o == OPT_EXCLUDE) {
			b->excludes = mem_resize(b->excludes,
			    b->walk.nexcludes + 1, sizeof(*b->excludes));
			b->excludes[b->walk.nexcludes++] = p->arg;
		} else if (o == OPT_SHARD)
			ok = value_shard(p->arg, &b->c.shard, &e) == 0;
		else if (o == OPT_ONE_FS)
			b->walk.one_file_system = true;
		else if (o == OPT_INTERVAL)
			ok = take_interval(b, p->arg, &e) == 0;
		else if (o == OPT_LOG_EVERY)
			ok = num_parse_duration(p->arg, "--log-every",
			    &b->c.log_every_ms, &e) == 0;
		else if (o == OPT_RECONCILE)
			ok = take_every(p->arg, "--reconcile",
			    &b->c.before.reconcile_ms, &e) == 0;
		else if (o == OPT_PRUNE_EVERY)
			ok = take_every(p->arg, "--prune-every",
			    &b->c.pruning.every_ms, &e) == 0;
		else if (o == OPT_ON_FAILURE)
			b->after.on_failure = p->arg;
		else if (o == OPT_PING)
			ok = take_ping(b, p->arg, &e) == 0;
		else if (o == OPT_LISTEN)
			b->listen.where = p->arg;
		else if (o == OPT_PUT_PRICE)
			ok = listen_price(p->arg, &b->listen.put_price_usd,
			    &e) == 0;
		else if (o == OPT_MAX_SERIES)
			ok = num_parse(p->arg, 0, LISTEN_SERIES_MAX,
			    "--max-series", &b->listen.max_series, &e) == 0;
		if (!ok) {
			p->status = cmd_fail(p->cmd, &e);
			return (CMD_END_EARLY);
		}
	}
	return (o);
}

/* The operands, and what --pattern adds to them: to be freed, not what it
 * points to. */
static char **
all_patterns(const struct backup *b, const struct cmd_parse *p, size_t *n)
{
	char **all = mem_resize(NULL, (size_t)p->argc + 1, sizeof(*all));

	*n = (size_t)p->argc;
	memcpy(all, p->argv, *n * sizeof(*all));
	if (b->replaced.pattern != NULL)
		all[(*n)++] = (char *)(uintptr_t)b->replaced.pattern;
	return (all);
}

/* One cycle, and what follows it. */
static int
cycle(void *ctx)
{
	struct backup *b = ctx;
	struct cycle *c = &b->c;
	struct after a;

	c->nfaults = 0;
	hashset_fini(&b->old_faults);
	b->old_faults = b->faults;
	b->faults = (struct hashset){ 0 };
	a.status = cycle_run(c, deal, b);
	if (a.status == 0 || a.status == 1)
		wanted_warn(&b->c, b->matched, b->barren);
	a.databases = c->last.count[TALLY_LOOKED];
	a.synced = c->last.count[TALLY_SYNCED];
	a.failed = c->last.count[TALLY_FAILED];
	a.directories_not_read = c->nfaults;
	a.took_ms = c->took_ms;
	/* Of one that was stopped nothing is to be told. */
	if (c->last.signal == 0)
		after_run(&b->after, &a);
	return (a.status);
}

static void
figures(void *ctx)
{
	cycle_out_figures(&((struct backup *)ctx)->c);
}

static int
start_listening(struct backup *b, struct err *e)
{
	b->listen.host = b->c.host;
	b->listen.interval_ms = b->c.interval_ms;
	b->listen.nworkers = (unsigned)b->c.jobs;
	b->listen.patterns = (const struct pattern *const *)b->c.patterns;
	b->listen.npatterns = b->c.npatterns;
	return ((b->c.listen = listen_new(&b->listen, e)) == NULL ? -1 : 0);
}

static int
beside(void *ctx, int64_t *wait_ms)
{
	struct cycle *c = &((struct backup *)ctx)->c;

	if (c->listen != NULL)
		listen_tend(c->listen, wait_ms);
	return (pruning_turn(c, true, wait_ms));
}

static void
end(void *ctx)
{
	pruning_end(&((struct backup *)ctx)->c);
}

static int
run_cycles(struct backup *b)
{
	struct service_cfg service = { .interval_ms = b->c.interval_ms,
	    .cycle = cycle, .figures = figures, .beside = beside,
	    .end = end, .ctx = b };
	struct err e;
	int status;

	b->after.net = b->c.s3;
	if (b->c.interval_ms == 0)
		return (cycle(b));
	if (b->listen.where != NULL && start_listening(b, &e) == -1) {
		status = cmd_fail(b->c.cmd, &e);
		/* 1 would say that some are safe. */
		return (status == 1 ? 3 : status);
	}
	status = service_run(&service);
	listen_free(b->c.listen);
	return (status);
}

/* What cannot go together, as a person is told; NULL: it can. */
static const char *
mismatch(const struct backup *b)
{
	const struct pruning *p = &b->c.pruning;

	if (b->c.json && b->c.raw)
		return ("--json and -0 exclude each other");
	if (b->dry && b->c.interval_ms > 0)
		return ("--dry-run and --interval exclude each other: a dry "
		    "run looks once");
	if (b->listen.where != NULL && b->c.interval_ms == 0)
		return ("--listen shows a service: give --interval, too");
	if (p->every_ms > 0 && b->c.interval_ms == 0)
		return ("--prune-every is for a service, with --interval; else "
		    "\"litefleet prune\" does it");
	if (p->every_ms > 0 && !keep_has_rule(&p->keep))
		return ("--prune-every: no rule says what to keep: give "
		    "--retention, or one of --keep-...");
	if (p->every_ms == 0 && keep_has_rule(&p->keep))
		return ("--retention and --keep-... are for --prune-every; "
		    "nothing is removed without it");
	return (NULL);
}

static int
run(const struct cmd *cmd, int argc, char **argv)
{
	struct backup b = { 0 };
	struct cmd_parse p;
	char **patterns = NULL;
	size_t npatterns;
	const char *why;
	struct err e;
	int status;

	cycle_init(&b.c, cmd, "Backing up");
	b.c.log_every_ms = LOG_EVERY_MS;
	b.listen.put_price_usd = LISTEN_PRICE_USD;
	b.listen.max_series = LISTEN_SERIES;
	cmd_parse_init(&p, cmd, argc, argv);
	if (parse(&b, &p) == CMD_END_EARLY) {
		status = p.status;
		goto out;
	}
	patterns = all_patterns(&b, &p, &npatterns);
	if (npatterns == 0) {
		status = cmd_usage(cmd, "which databases? give a pattern in "
		    "quotes, as '/data/*/*.db'");
		goto out;
	}
	if ((why = mismatch(&b)) != NULL) {
		status = cmd_usage(cmd, "%s", why);
		goto out;
	}
	if (replaced_apply(&b.replaced, &b.c, &e) == -1 ||
	    cycle_setup(&b.c, patterns, npatterns, b.dry, &e) == -1) {
		status = cmd_fail(cmd, &e);
		goto out;
	}
	set_walk(&b);
	if (walk_check(&b.walk, &e) == -1 || wanted_check(&b.c, &e) == -1)
		status = cmd_fail(cmd, &e);
	else if (b.dry)
		status = dryrun(&b.c, &b.walk, b.matched);
	else
		status = run_cycles(&b);
	/* With lost output it has not looked at all of them. */
	if (b.dry && (status == 0 || status == 1) && !ferror(stdout))
		wanted_warn(&b.c, b.matched, b.barren);
out:
	free(b.matched);
	free(b.barren);
	hashset_fini(&b.faults);
	hashset_fini(&b.old_faults);
	free(b.excludes);
	recall_free(b.recall);
	free(patterns);
	cycle_fini(&b.c);
	replaced_fini(&b.replaced);
	cmd_secret_drop(&b.ping);
	return (status);
}

const struct cmd cmd_backup = {
	.name = "backup",
	.synopsis = "[OPTIONS] PATTERN...",
	.summary = "Back up the databases that match and have changed",
	.options = options,
	.run = run,
};
