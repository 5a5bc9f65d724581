/*
 * upload -- back up exactly these databases, changed or not.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/line.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/path.h"
#include "cmd/cmd.h"
#include "cmd/cycle.h"
#include "cmd/dealer.h"

enum {
	OPT_PATTERN = CYCLE_OPT_END,
	OPT_LOCK_WAIT
};

static const struct cmd_option options[] = {
	CYCLE_OPTIONS,
	{ "pattern", OPT_PATTERN, "P",
	    "the pattern that gives the variables of --key" },
	{ "lock-wait", OPT_LOCK_WAIT, "D",
	    "how long to wait for another run to end (default 10s)" },
	CMD_OPTION_SANDBOX,
	CMD_OPTIONS_COMMON
};

struct upload {
	struct cycle c;
	char *pattern;
	char **paths;		/* absolute, sorted, each once */
	size_t npaths;
};

/* Can there be a file of this name at all? */
static bool
can_be(const char *abs)
{
	const char *name = strrchr(abs, '/') + 1;

	return (*name != '\0' && strlen(name) <= NAME_MAX &&
	    strlen(abs) < PATH_MAX);
}

static int
add_path(struct upload *u, const char *path, struct err *e)
{
	struct pattern_value values[PATTERN_VARS_MAX];
	char *abs;

	if ((abs = path_resolve(path, "path", e)) == NULL)
		return (-1);
	if (!can_be(abs)) {
		err_set(e, ERR_USAGE, "%s cannot be a file: its name is empty "
		    "or too long", abs);
		free(abs);
		return (-1);
	}
	if (u->c.npatterns > 0 &&
	    !pattern_match(u->c.patterns[0], abs, values)) {
		err_set(e, ERR_USAGE, "%s does not match --pattern %s", abs,
		    pattern_text(u->c.patterns[0]));
		free(abs);
		return (-1);
	}
	if ((u->npaths & (u->npaths + 1)) == 0)
		u->paths = mem_resize(u->paths, (u->npaths + 1) * 2,
		    sizeof(*u->paths));
	u->paths[u->npaths++] = abs;
	return (0);
}

static int
compare(const void *a, const void *b)
{
	return (strcmp(*(char *const *)a, *(char *const *)b));
}

/* Neighbours in one directory go in one parcel, and nothing goes twice. */
static void
sort_paths(struct upload *u)
{
	size_t i, n = 0;

	if (u->npaths == 0)
		return;
	qsort(u->paths, u->npaths, sizeof(*u->paths), compare);
	for (i = 0; i < u->npaths; i++) {
		if (n > 0 && strcmp(u->paths[n - 1], u->paths[i]) == 0)
			free(u->paths[i]);
		else
			u->paths[n++] = u->paths[i];
	}
	u->npaths = n;
}

/* Those of standard input; what is wrong with one says where it stands. */
static int
read_input(struct upload *u, struct err *e)
{
	struct buf line = { 0 };
	uint64_t n = 1;
	int r;

	while ((r = line_read(stdin, u->c.raw, &line, e)) == 1 &&
	    (r = add_path(u, buf_str(&line), e)) == 0)
		n++;
	if (r == -1 && e->cls == ERR_USAGE)
		err_prefix(e, "standard input, %s %" PRIu64,
		    u->c.raw ? "item" : "line", n);
	buf_fini(&line);
	return (r);
}

static int
read_paths(struct upload *u, char *const *args, size_t nargs, struct err *e)
{
	size_t i;
	int r = 0;

	for (i = 0; i < nargs && r == 0; i++)
		r = strcmp(args[i], "-") == 0 ? read_input(u, e) :
		    add_path(u, args[i], e);
	sort_paths(u);
	return (r);
}

/*
 * Where directory "dir" really is; the caller frees.  Links are resolved with
 * --follow, and in the literal part of --pattern, which is the user's own
 * word; elsewhere a tenant may have put them there since, and the worker
 * refuses them.  What is not there the worker names, too.
 */
static char *
real_dir(const struct upload *u, const char *dir)
{
	const char *literal = u->c.npatterns > 0 ?
	    pattern_literal(u->c.patterns[0]) : NULL;
	char *real, *whole;

	/* What ends in "**" matches its literal itself, which lies in dir. */
	if (u->c.follow || (literal != NULL && !path_within(dir, literal)))
		real = realpath(dir[0] == '\0' ? "/" : dir, NULL);
	else if (literal != NULL) {
		real = realpath(literal, NULL);
		if (real != NULL && strcmp(literal, "/") != 0) {
			whole = mem_printf("%s%s", strcmp(real, "/") == 0 ?
			    "" : real, dir + strlen(literal));
			free(real);
			return (whole);
		}
	} else
		real = NULL;
	if (real == NULL || strlen(real) + NAME_MAX >= PATH_MAX) {
		free(real);
		return (mem_strdup(dir));
	}
	if (strcmp(real, "/") == 0)
		real[0] = '\0';
	return (real);
}

static int
deal(void *ctx, struct dealer *d, bool again, struct err *e)
{
	struct upload *u = ctx;
	char *dir = NULL, *real = NULL;
	const char *slash;
	size_t i, n;

	(void)again;
	(void)e;
	for (i = 0; i < u->npaths && !dealer_stopping(d); i++) {
		slash = strrchr(u->paths[i], '/');
		n = (size_t)(slash - u->paths[i]);
		if (dir == NULL || strlen(dir) != n ||
		    memcmp(dir, u->paths[i], n) != 0) {
			free(dir);
			free(real);
			dir = mem_strndup(u->paths[i], n);
			real = real_dir(u, dir);
			dealer_enter(d, dir, real);
		}
		dealer_put(d, slash + 1, WALK_WAL);
	}
	free(dir);
	free(real);
	return (0);
}

/* Options into *u.  CMD_END or CMD_END_EARLY. */
static int
parse(struct upload *u, struct cmd_parse *p)
{
	struct err e;
	bool ok;
	int o;

	while ((o = cmd_getopt(p)) != CMD_END && o != CMD_END_EARLY) {
		ok = true;
		if (cycle_option(&u->c, o, p->arg, &ok, &e)) {
			;
		} else if (o == OPT_PATTERN) {
			free(u->pattern);
			u->pattern = mem_strdup(p->arg);
		} else if (o == OPT_LOCK_WAIT)
			ok = num_parse_duration(p->arg, "--lock-wait",
			    &u->c.lock_wait_ms, &e) == 0;
		if (!ok) {
			p->status = cmd_fail(p->cmd, &e);
			return (CMD_END_EARLY);
		}
	}
	return (o);
}

static int
run(const struct cmd *cmd, int argc, char **argv)
{
	struct upload u = { 0 };
	struct cmd_parse p;
	struct err e;
	size_t i;
	int status;

	cycle_init(&u.c, cmd, "Uploading");
	u.c.lock_wait_ms = 10000;
	u.c.force = true;
	u.c.say = true;
	cmd_parse_init(&p, cmd, argc, argv);
	if (parse(&u, &p) == CMD_END_EARLY)
		status = p.status;
	else if (p.argc == 0)
		status = cmd_usage(cmd, "which databases? give their paths, or "
		    "- to read them from standard input");
	else if (cycle_setup(&u.c, &u.pattern, u.pattern == NULL ? 0 : 1,
	    false, &e) == -1 ||
	    read_paths(&u, p.argv, (size_t)p.argc, &e) == -1)
		status = cmd_fail(cmd, &e);
	else {
		u.c.paths = u.paths;
		u.c.npaths = u.npaths;
		status = cycle_run(&u.c, deal, &u);
	}
	for (i = 0; i < u.npaths; i++)
		free(u.paths[i]);
	free(u.paths);
	free(u.pattern);
	cycle_fini(&u.c);
	return (status);
}

const struct cmd cmd_upload = {
	.name = "upload",
	.synopsis = "[OPTIONS] PATH... | -",
	.summary = "Back up exactly these databases, changed or not",
	.options = options,
	.run = run,
};
