#include "cmd/cmd.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/logfile.h"
#include "base/mem.h"
#include "proc/sandbox.h"

const struct cmd *
cmd_find(const char *name)
{
	size_t i;

	for (i = 0; cmd_table[i] != NULL; i++)
		if (strcmp(cmd_table[i]->name, name) == 0 ||
		    (cmd_table[i]->alias != NULL &&
		    strcmp(cmd_table[i]->alias, name) == 0))
			return (cmd_table[i]);
	return (NULL);
}

bool
cmd_has_letter(const struct cmd_option *o)
{
	return (o->key > ' ' && o->key < 0x7f);
}

static const struct cmd_option *
by_letter(const struct cmd *cmd, int c)
{
	const struct cmd_option *o;

	for (o = cmd->options; o->name != NULL; o++)
		if (cmd_has_letter(o) && o->key == c)
			return (o);
	return (NULL);
}

static bool
begins_name(const struct cmd *cmd, const char *s)
{
	const struct cmd_option *o;

	for (o = cmd->options; o->name != NULL; o++)
		if (strncmp(o->name, s, strlen(s)) == 0)
			return (true);
	return (false);
}

/*
 * getopt_long_only(3) takes abbreviations, which would make every new option
 * a change of meaning for somebody; so only whole names get through to it.
 */
static bool
known(const struct cmd *cmd, const char *arg)
{
	const struct cmd_option *o;
	const char *name = arg + (arg[1] == '-' ? 2 : 1);
	size_t n = strcspn(name, "=");

	for (o = cmd->options; o->name != NULL; o++)
		if (strlen(o->name) == n && strncmp(o->name, name, n) == 0)
			return (true);
	if (arg[1] == '-')
		return (false);
	/* A letter and its value, unless that is how a long name begins. */
	for (; *name != '\0'; name++) {
		if ((o = by_letter(cmd, *name)) == NULL)
			return (false);
		if (o->arg != NULL)
			return (name[1] == '\0' || !begins_name(cmd, arg + 1));
	}
	return (true);
}

void
cmd_parse_init(struct cmd_parse *p, const struct cmd *cmd, int argc,
    char **argv)
{
	memset(p, 0, sizeof(*p));
	p->cmd = cmd;
	p->argc = argc;
	p->argv = argv;
	optind = 0;
	opterr = 0;
}

static int
end_early(struct cmd_parse *p, int status)
{
	p->status = status;
	return (CMD_END_EARLY);
}

/* One step of getopt_long_only(3) with tables made from the command's. */
static int
next(struct cmd_parse *p)
{
	struct option longs[96] = { 0 };
	const struct cmd_option *o;
	struct buf letters = { 0 };
	size_t n = 0;
	int c;

	buf_putc(&letters, ':');
	for (o = p->cmd->options; o->name != NULL; o++, n++) {
		if (n + 1 >= sizeof(longs) / sizeof(longs[0]))
			log_fatal("too many options");
		longs[n] = (struct option){ .name = o->name,
		    .has_arg = o->arg != NULL, .val = o->key };
		if (cmd_has_letter(o)) {
			buf_putc(&letters, o->key);
			if (o->arg != NULL)
				buf_putc(&letters, ':');
		}
	}
	c = getopt_long_only(p->argc, p->argv, buf_str(&letters), longs, NULL);
	buf_fini(&letters);
	return (c);
}

/* The first argument that looks like an option and is none, or NULL. */
static const char *
first_unknown(const struct cmd_parse *p)
{
	const struct cmd_option *o;
	const char *arg;
	int i;

	for (i = 1; i < p->argc; i++) {
		arg = p->argv[i];
		if (strcmp(arg, "--") == 0)
			break;
		if (arg[0] != '-' || arg[1] == '\0')
			continue;
		if (!known(p->cmd, arg))
			return (arg);
		if (strchr(arg, '=') != NULL)
			continue;
		/* Pass over the value of an option that takes one. */
		for (o = p->cmd->options; o->name != NULL; o++)
			if (o->arg != NULL && (strcmp(o->name, arg +
			    (arg[1] == '-' ? 2 : 1)) == 0 ||
			    (cmd_has_letter(o) && arg[1] == o->key &&
			    arg[2] == '\0')))
				i++;
	}
	return (NULL);
}

int
cmd_getopt(struct cmd_parse *p)
{
	const char *bad;
	struct err e;
	int c;

	if (optind == 0 && (bad = first_unknown(p)) != NULL)
		return (end_early(p, cmd_usage(p->cmd,
		    "unknown option %s", bad)));
	for (;;) {
		switch (c = next(p)) {
		case -1:
			p->argc -= optind;
			p->argv += optind;
			log_setup(p->quiet ? LOG_LVL_WARN : p->verbosity > 1 ?
			    LOG_LVL_TRACE : p->verbosity == 1 ? LOG_LVL_DEBUG :
			    LOG_LVL_INFO, p->json_log);
			return (CMD_END);
		case '?':
			return (end_early(p, cmd_usage(p->cmd, "option %s is "
			    "wrong here: it takes no value",
			    p->argv[optind - 1])));
		case ':':
			return (end_early(p, cmd_usage(p->cmd,
			    "option %s needs a value", p->argv[optind - 1])));
		case CMD_OPT_HELP:
			cmd_help(p->cmd);
			return (end_early(p, 0));
		case CMD_OPT_LOG_FILE:
			if (logfile_open(optarg, &e) == -1)
				return (end_early(p, cmd_fail(p->cmd, &e)));
			break;
		case CMD_OPT_NO_SANDBOX:
			sandbox_turn_off();
			break;
		case CMD_OPT_QUIET:
			p->quiet = true;
			break;
		case CMD_OPT_VERBOSE:
			p->verbosity++;
			break;
		case CMD_OPT_LOG_FORMAT:
			if (strcmp(optarg, "text") != 0 &&
			    strcmp(optarg, "json") != 0)
				return (end_early(p, cmd_usage(p->cmd,
				    "--log-format: \"%s\" is neither text nor "
				    "json", optarg)));
			p->json_log = strcmp(optarg, "json") == 0;
			log_setup(LOG_LVL_INFO, p->json_log);
			break;
		default:
			p->arg = optarg;
			return (c);
		}
	}
}

void
cmd_secret_drop(char **to)
{
	if (*to != NULL)
		explicit_bzero(*to, strlen(*to));
	free(*to);
	*to = NULL;
}

void
cmd_secret_take(char **to, char *arg)
{
	cmd_secret_drop(to);
	*to = mem_strdup(arg);
	memset(arg, '*', strlen(arg));
}

int
cmd_fail(const struct cmd *cmd, const struct err *e)
{
	if (e->cls == ERR_USAGE)
		log_error("%s (see \"litefleet help %s\")", e->msg, cmd->name);
	else
		log_error("%s", e->msg);
	return (err_exit_status(e->cls));
}

int
cmd_usage(const struct cmd *cmd, const char *fmt, ...)
{
	struct err e;
	va_list ap;

	e.cls = ERR_USAGE;
	va_start(ap, fmt);
	(void)vsnprintf(e.msg, sizeof(e.msg), fmt, ap);
	va_end(ap);
	return (cmd_fail(cmd, &e));
}

void
cmd_help(const struct cmd *cmd)
{
	const struct cmd_option *o;
	char *left;

	printf("usage: litefleet %s %s\n\n%s.\n", cmd->name, cmd->synopsis,
	    cmd->summary);
	if (cmd->alias != NULL)
		printf("Also called: litefleet %s\n", cmd->alias);
	printf("\nOptions:\n");
	for (o = cmd->options; o->name != NULL; o++) {
		if (cmd_has_letter(o))
			left = mem_printf("-%c, --%s%s%s", o->key, o->name,
			    o->arg != NULL ? " " : "",
			    o->arg != NULL ? o->arg : "");
		else
			left = mem_printf("    --%s%s%s", o->name,
			    o->arg != NULL ? " " : "",
			    o->arg != NULL ? o->arg : "");
		printf("  %-26s %s\n", left, o->help);
		free(left);
	}
}

void
cmd_help_all(void)
{
	size_t i;

	printf("usage: litefleet COMMAND [OPTIONS] ARGS\n\n"
	    "Backs up fleets of SQLite databases and brings them back.\n\n"
	    "Commands:\n");
	for (i = 0; cmd_table[i] != NULL; i++)
		printf("  %-16s %s\n", cmd_table[i]->name,
		    cmd_table[i]->summary);
	printf("\n\"litefleet help COMMAND\" shows the options of one; "
	    "litefleet(1) is the manual.\n");
}
