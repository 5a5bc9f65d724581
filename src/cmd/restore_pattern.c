/*
 * restore-pattern -- bring back every database that matches.
 */
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "cmd/bulkplan.h"
#include "cmd/bulkrun.h"
#include "cmd/cmd.h"
#include "cmd/network.h"
#include "proc/pool.h"

enum {
	OPT_FROM = NETWORK_OPT_END, OPT_KEY, OPT_PATTERN, OPT_OUTPUT_DIR,
	OPT_TIMESTAMP, OPT_PARALLEL, OPT_JOBS, OPT_SHARD, OPT_PROGRESS,
	OPT_NO_PROGRESS, OPT_IF_NOT_EXISTS, OPT_FORCE, OPT_RESUME, OPT_CHECK,
	OPT_ERROR_REPORT, OPT_RETRY_REPORT, OPT_MAX_RETRIES, OPT_RETRY_DELAY,
	OPT_PRESERVE, OPT_JSON, OPT_HOST, OPT_STATE, OPT_SPOOL, OPT_GRACE
};

enum {
	PARALLEL_MAX = 10000,
	RETRIES_MAX = 1000
};

static const struct cmd_option options[] = {
	{ "output-dir", OPT_OUTPUT_DIR, "DIR",
	    "restore below DIR (default: here, or to original paths)" },
	{ "from", OPT_FROM, "URL",
	    "the store; GLOB is then a pattern of original paths" },
	{ "key", OPT_KEY, "TEMPLATE",
	    "what databases are called in it (default {{path}})" },
	{ "pattern", OPT_PATTERN, "P",
	    "the pattern that gives the variables of --key" },
	{ "host", OPT_HOST, "NAME",
	    "value of {{host}} in --key (default: gethostname)" },
	{ "timestamp", OPT_TIMESTAMP, "TIME",
	    "the newest backups at or before TIME (RFC 3339)" },
	{ "dry-run", 'n', NULL,
	    "touch nothing; write what would be restored, and where" },
	{ "if-db-not-exists", OPT_IF_NOT_EXISTS, NULL,
	    "leave databases that are there, and succeed" },
	{ "force", OPT_FORCE, NULL, "replace databases that are there" },
	{ "resume", OPT_RESUME, NULL,
	    "go on with a restore that was not finished" },
	{ "check", OPT_CHECK, "HOW",
	    "look for damage: none, quick, full (default none)" },
	{ "preserve", OPT_PRESERVE, NULL,
	    "give files the mode and owner that they had (root)" },
	{ "error-report", OPT_ERROR_REPORT, "FILE",
	    "write a line there for each database that failed" },
	{ "retry-report", OPT_RETRY_REPORT, "FILE",
	    "restore only the databases of that error report" },
	{ "max-retries", OPT_MAX_RETRIES, "N",
	    "tries after the first for what may pass (default 3)" },
	{ "retry-delay", OPT_RETRY_DELAY, "D",
	    "before the first of them; then twice as long (default 1s)" },
	{ "parallel", OPT_PARALLEL, "N", "transfers at once (default 10)" },
	{ "jobs", OPT_JOBS, "N",
	    "workers, up to --parallel (default: online CPUs)" },
	{ "shard", OPT_SHARD, "I/N",
	    "only the I-th N-th of the databases (1/3, 2/3, 3/3)" },
	{ "progress", OPT_PROGRESS, NULL,
	    "show how far it is, also where stderr is no terminal" },
	{ "no-progress", OPT_NO_PROGRESS, NULL, "do not" },
	{ "state", OPT_STATE, "DIR",
	    "for the journal of a restore to original paths" },
	{ "spool", OPT_SPOOL, "DIR",
	    "room for what is checked ($TMPDIR, /var/tmp)" },
	{ "grace", OPT_GRACE, "D",
	    "for what is under way after TERM or INT (default 10s)" },
	NETWORK_OPTIONS,
	{ "json", OPT_JSON, NULL, "write one JSON object a line" },
	{ "null", '0', NULL, "lines end in NUL and are not escaped" },
	CMD_OPTION_SANDBOX,
	CMD_OPTIONS_COMMON
};

/* Options that have a number, a time or a word; false: it is another. */
static bool
take_value(struct bulkplan *p, int key, const char *arg, bool *ok,
    struct err *e)
{
	switch (key) {
	case OPT_TIMESTAMP:
		p->by_time = true;
		*ok = clock_parse(arg, "--timestamp", &p->before_ms, e) == 0;
		break;
	case OPT_PARALLEL:
		*ok = num_parse(arg, 1, PARALLEL_MAX, "--parallel",
		    &p->parallel, e) == 0;
		break;
	case OPT_JOBS:
		*ok = num_parse(arg, 1, POOL_WORKERS_MAX, "--jobs", &p->jobs,
		    e) == 0;
		break;
	case OPT_SHARD:
		*ok = value_shard(arg, &p->shard, e) == 0;
		break;
	case OPT_CHECK:
		*ok = value_check(arg, &p->check, e) == 0;
		break;
	case OPT_MAX_RETRIES:
		*ok = num_parse(arg, 0, RETRIES_MAX, "--max-retries",
		    &p->max_retries, e) == 0;
		break;
	case OPT_RETRY_DELAY:
		*ok = num_parse_duration(arg, "--retry-delay",
		    &p->retry_delay_ms, e) == 0;
		break;
	case OPT_GRACE:
		*ok = num_parse_duration(arg, "--grace", &p->grace_ms, e) == 0;
		break;
	default:
		return (false);
	}
	return (true);
}

static bool
take_text(struct bulkplan *p, int key, const char *arg)
{
	switch (key) {
	case OPT_FROM:
		p->from = arg;
		break;
	case OPT_KEY:
		p->key = arg;
		break;
	case OPT_PATTERN:
		p->pattern = arg;
		break;
	case OPT_HOST:
		p->host = arg;
		break;
	case OPT_OUTPUT_DIR:
		p->output_dir = arg;
		break;
	case OPT_STATE:
		p->state = arg;
		break;
	case OPT_SPOOL:
		p->spool = arg;
		break;
	case OPT_ERROR_REPORT:
		p->error_report = arg;
		break;
	case OPT_RETRY_REPORT:
		p->retry_report = arg;
		break;
	default:
		return (false);
	}
	return (true);
}

/* 0, or the status of two options that exclude each other. */
static int
take_flag(struct bulkplan *p, int key)
{
	enum job_restore_exists exists = p->exists;
	enum progress_when progress = p->progress;

	switch (key) {
	case 'n':
		p->dry = true;
		break;
	case OPT_RESUME:
		p->resume = true;
		break;
	case OPT_PRESERVE:
		p->preserve = true;
		break;
	case OPT_JSON:
		p->json = true;
		break;
	case '0':
		p->raw = true;
		break;
	case OPT_FORCE:
		p->exists = JOB_RESTORE_FORCE;
		break;
	case OPT_IF_NOT_EXISTS:
		p->exists = JOB_RESTORE_SKIP;
		break;
	case OPT_PROGRESS:
		p->progress = PROGRESS_ALWAYS;
		break;
	case OPT_NO_PROGRESS:
		p->progress = PROGRESS_NEVER;
		break;
	}
	if (exists != JOB_RESTORE_REFUSE && exists != p->exists)
		return (cmd_usage(p->cmd, "--force and --if-db-not-exists "
		    "exclude each other"));
	if (progress != PROGRESS_AUTO && progress != p->progress)
		return (cmd_usage(p->cmd, "--progress and --no-progress "
		    "exclude each other"));
	return (0);
}

/* Options into *plan.  CMD_END or CMD_END_EARLY. */
static int
parse(struct bulkplan *plan, struct cmd_parse *p)
{
	struct err e;
	bool ok;
	int o;

	while ((o = cmd_getopt(p)) != CMD_END && o != CMD_END_EARLY) {
		ok = true;
		if (take_value(plan, o, p->arg, &ok, &e) ||
		    take_text(plan, o, p->arg) ||
		    network_option(&plan->s3, o, p->arg, &ok, &e)) {
			if (ok)
				continue;
			p->status = cmd_fail(p->cmd, &e);
			return (CMD_END_EARLY);
		}
		if ((p->status = take_flag(plan, o)) != 0)
			return (CMD_END_EARLY);
	}
	return (o);
}

static int
run(const struct cmd *self, int argc, char **argv)
{
	struct bulkplan plan;
	struct cmd_parse p;
	struct err e;
	int status;

	bulkplan_init(&plan, self);
	cmd_parse_init(&p, self, argc, argv);
	if (parse(&plan, &p) == CMD_END_EARLY)
		return (p.status);
	if (p.argc > 1)
		return (cmd_usage(self, "restore-pattern takes one GLOB; put "
		    "it in quotes, or the shell makes paths of it"));
	plan.operand = p.argc == 1 ? p.argv[0] : NULL;
	if (bulkplan_setup(&plan, &e) == -1)
		status = bulkplan_fail(&plan, &e);
	else
		status = plan.dry ? bulkrun_dry(&plan) : bulkrun(&plan);
	bulkplan_fini(&plan);
	return (status);
}

const struct cmd cmd_restore_pattern = {
	.name = "restore-pattern",
	.synopsis = "[OPTIONS] URL-GLOB | --from URL PATTERN | --from URL -",
	.summary = "Bring back every database that matches",
	.options = options,
	.run = run,
};
