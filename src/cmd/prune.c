/*
 * prune -- remove old backups by rules.  A role does it (cmd/pruner.h); the
 * supervisor hears its counts, and sees to it that a signal ends it.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/keepopt.h"
#include "cmd/network.h"
#include "cmd/pruner.h"
#include "cmd/reach.h"
#include "proc/pool.h"
#include "proc/signals.h"

enum {
	OPT_JSON = KEEP_OPT_END
};

enum {
	SLACK_MS = 1000		/* for the role to say its last word */
};

static const struct cmd_option options[] = {
	KEEP_OPTIONS,
	{ "dry-run", 'n', NULL,
	    "remove nothing; write what would be kept, and by which rule" },
	NETWORK_OPTIONS,
	{ "json", OPT_JSON, NULL, "write one JSON object a line" },
	{ "null", '0', NULL, "end lines with NUL and escape nothing" },
	CMD_OPTION_SANDBOX,
	CMD_OPTIONS_COMMON
};

/* Options into *plan.  CMD_END or CMD_END_EARLY. */
static int
parse(struct prune_plan *plan, struct cmd_parse *p)
{
	struct err e;
	bool ok;
	int o;

	while ((o = cmd_getopt(p)) != CMD_END && o != CMD_END_EARLY) {
		ok = true;
		if (o == 'n')
			plan->out.dry = true;
		else if (o == OPT_JSON)
			plan->out.json = true;
		else if (o == '0')
			plan->out.raw = true;
		else if (!keepopt_take(&plan->keep, o, p->arg, &ok, &e))
			(void)network_option(&plan->s3, o, p->arg, &ok, &e);
		if (!ok) {
			p->status = cmd_fail(p->cmd, &e);
			return (CMD_END_EARLY);
		}
	}
	return (o);
}

/* What became of the role. */
struct end {
	enum role_said said;	/* ROLE_NOTHING: it had to be ended */
	struct err err;		/* of ROLE_FAILED */
	struct prune_count n;	/* the last that it said */
	int signal;		/* that came before it had ended, or 0 */
};

/* How long it may still take; -1: as long as it likes. */
static int
time_left(int64_t until_ms)
{
	int64_t left_ms;

	if (until_ms == 0)
		return (-1);
	left_ms = until_ms - clock_mono_ms();
	return (left_ms < 0 ? 0 : (int)left_ms);
}

/* Hear it out; a signal asks it to end, a second one ends it. */
static void
listen_to(struct role *r, bool dry, struct end *end)
{
	struct pollfd pfd = { .fd = role_fd(r), .events = POLLIN };
	uint8_t msg[POOL_MSG_MAX];
	int64_t until_ms = 0;
	unsigned stops;
	size_t len;

	for (;;) {
		stops = signals_stops();
		end->said = role_recv(r, msg, &len, &end->err);
		if (end->said == ROLE_MESSAGE && len == sizeof(end->n))
			memcpy(&end->n, msg, len);
		if (end->said == ROLE_MESSAGE)
			continue;
		if (end->said != ROLE_NOTHING)
			return;
		if (stops > 0 && until_ms == 0) {
			end->signal = signals_last();
			/* Of a dry run nothing is under way, but maybe a line
			 * to somebody who does not read. */
			until_ms = clock_mono_ms() + SLACK_MS +
			    (dry ? 0 : PRUNER_GRACE_MS);
			role_hang_up(r);
		}
		if (stops > 1 || time_left(until_ms) == 0)
			return;
		(void)signals_poll(&pfd, 1, time_left(until_ms), stops);
	}
}

/* The exit status, and what there is to say besides counts. */
static int
conclude(const struct cmd *self, const struct prune_plan *plan,
    const struct end *end)
{
	int status;

	if (end->said == ROLE_FAILED) {
		status = cmd_fail(self, &end->err);
		/* A store that is not there is no fault of a database. */
		return (status == 2 ? 2 : 3);
	}
	if (end->n.whole == 0) {
		log_error("stopped by %s before all was looked at; the same "
		    "command does the rest", strsignal(end->signal));
		return (3);
	}
	if (end->n.versions == 0) {
		log_warn("no backup of a database matches %s", plan->operand);
		return (1);
	}
	return (end->n.failed > 0 ? 1 : 0);
}

static int
prune(const struct cmd *self, struct prune_plan *plan)
{
	struct sandbox *sandbox = reach_new();
	struct role_cfg cfg = { .name = "litefleet-prune", .keep_fd = -1,
	    .sandbox = sandbox, .run = pruner_run, .ctx = plan };
	int64_t started_ms = clock_mono_ms();
	struct end end = { .said = ROLE_FAILED };
	struct pruneout *out;
	struct role *r;
	int status;

	reach_located(sandbox, plan->operand, &plan->s3, plan->out.dry ?
	    SANDBOX_READ : SANDBOX_WRITE);
	signals_catch();
	if ((r = role_start(&cfg, &end.err)) != NULL) {
		listen_to(r, plan->out.dry, &end);
		role_stop(r);
	}
	signals_restore();
	sandbox_free(sandbox);
	if (end.said != ROLE_DONE)
		end.n.whole = 0;
	/* What it wrote may end amid a line, or wait for a reader. */
	if (end.said == ROLE_NOTHING)
		plan->out.json = false;
	status = conclude(self, plan, &end);
	if (end.n.versions > 0 || (plan->out.json && status != 2)) {
		out = pruneout_new(&plan->out);
		pruneout_summary(out, &end.n, clock_mono_ms() - started_ms);
		pruneout_free(out);
	}
	return (status);
}

static int
run(const struct cmd *self, int argc, char **argv)
{
	struct prune_plan plan = { 0 };
	struct cmd_parse p;

	network_init(&plan.s3);
	cmd_parse_init(&p, self, argc, argv);
	if (parse(&plan, &p) == CMD_END_EARLY)
		return (p.status);
	if (p.argc != 1)
		return (cmd_usage(self, "prune takes one URL or glob over a "
		    "store's keys; put it in quotes, or the shell makes paths "
		    "of it"));
	if (!keep_has_rule(&plan.keep))
		return (cmd_usage(self, "no rule says what to keep: give "
		    "--retention, or one of --keep-..."));
	if (plan.out.json && plan.out.raw)
		return (cmd_usage(self, "--json and -0 exclude each other"));
	plan.operand = p.argv[0];
	return (prune(self, &plan));
}

const struct cmd cmd_prune = {
	.name = "prune",
	.synopsis = "[OPTIONS] RULE... URL-GLOB",
	.summary = "Remove old backups by rules",
	.options = options,
	.run = run,
};
