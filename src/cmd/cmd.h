/*
 * cmd -- subcommands as data: a table beside the code of each, from which
 * parsing, usage, help and the tests against the manual are made.
 *
 * Options are long, with two dashes or one, never abbreviated; some have a
 * letter.  "--name value" and "--name=value" both work.
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct cmd_option {
	const char *name;	/* "dry-run"; NULL ends the table */
	int key;		/* what cmd_getopt() returns; a printable one
				 * is also the letter */
	const char *arg;	/* "URL"; NULL: takes none */
	const char *help;	/* one line, no full stop */
};

struct cmd {
	const char *name;
	const char *alias;	/* or NULL */
	const char *synopsis;	/* after the name: "[OPTIONS] URL" */
	const char *summary;	/* one line, no full stop */
	const struct cmd_option *options;
	/* Returns the exit status.  argv[0] is the command's name. */
	int (*run)(const struct cmd *cmd, int argc, char **argv);
};

/* All commands in the order of help, ended by NULL. */
extern const struct cmd *const cmd_table[];
const struct cmd *cmd_find(const char *name);

/* Is the key of the option also its letter? */
bool cmd_has_letter(const struct cmd_option *o);

/* Keys of options that mean the same everywhere. */
enum {
	CMD_OPT_HELP = 'h',
	CMD_OPT_QUIET = 'q',
	CMD_OPT_VERBOSE = 'v',
	CMD_OPT_LOG_FORMAT = 0x100,
	CMD_OPT_LOG_FILE,
	CMD_OPT_NO_SANDBOX,
	CMD_OPT_OWN		/* a command's own keys begin here */
};

/* A row of every command that has, or is, a process in a sandbox. */
#define CMD_OPTION_SANDBOX						\
	{ "no-sandbox", CMD_OPT_NO_SANDBOX, NULL,			\
	    "do not hold processes back from what they do not need" }

/* The last rows of every command's table. */
#define CMD_OPTIONS_COMMON						\
	{ "log-format", CMD_OPT_LOG_FORMAT, "FORMAT",			\
	    "say it on stderr as text or json (default text)" },	\
	{ "log-file", CMD_OPT_LOG_FILE, "FILE",				\
	    "say it there instead of on stderr" },			\
	{ "quiet", CMD_OPT_QUIET, NULL,					\
	    "say nothing but warnings and errors" },			\
	{ "verbose", CMD_OPT_VERBOSE, NULL,				\
	    "say a line per database (-vv: per request)" },		\
	{ "help", CMD_OPT_HELP, NULL, "show this" },			\
	{ NULL, 0, NULL, NULL }

/* A parse in progress. */
struct cmd_parse {
	const struct cmd *cmd;
	int argc;
	char **argv;
	char *arg;		/* of the option just returned */
	int verbosity;
	int status;		/* set with CMD_END_EARLY */
	bool quiet, json_log;
};

enum {
	CMD_END = -1,		/* no more options: operands follow */
	CMD_END_EARLY = -2	/* return parse.status: --help, or an error
				 * that was reported */
};

void cmd_parse_init(struct cmd_parse *p, const struct cmd *cmd, int argc,
    char **argv);

/*
 * The next option's key, or CMD_END or CMD_END_EARLY.  Common options are
 * dealt with inside.  At CMD_END p->argc and p->argv are the operands.
 */
int cmd_getopt(struct cmd_parse *p);

/*
 * An option's argument that is a secret: a copy of it in *to, to be dropped; in
 * "arg", which ps(1) would show, it is written over.  Dropping wipes; *to is
 * NULL then, and may be before.
 */
void cmd_secret_take(char **to, char *arg);
void cmd_secret_drop(char **to);

/*
 * Report an error that ends the command and return its exit status: of its
 * class, or 2 with a hint at --help for class usage.
 */
int cmd_fail(const struct cmd *cmd, const struct err *e);

/* The same, with a usage error made from a format. */
int cmd_usage(const struct cmd *cmd, const char *fmt, ...)
    __attribute__((__format__(__printf__, 2, 3)));

/* Write the help of one command, or of all, to stdout. */
void cmd_help(const struct cmd *cmd);
void cmd_help_all(void);

#endif
