/*
 * help -- generated from the command table.
 */
#include "cmd/cmd.h"

#include <stdio.h>

#include "base/log.h"

static const struct cmd_option options[] = {
	CMD_OPTIONS_COMMON
};

static int
run(const struct cmd *self, int argc, char **argv)
{
	const struct cmd *cmd;
	struct cmd_parse p;

	cmd_parse_init(&p, self, argc, argv);
	if (cmd_getopt(&p) == CMD_END_EARLY)
		return (p.status);
	if (p.argc > 1)
		return (cmd_usage(self, "help takes one command"));
	if (p.argc == 0) {
		cmd_help_all();
		return (0);
	}
	if ((cmd = cmd_find(p.argv[0])) == NULL) {
		log_error("there is no command \"%s\"; \"litefleet help\" "
		    "lists them", p.argv[0]);
		return (2);
	}
	cmd_help(cmd);
	return (0);
}

const struct cmd cmd_help_cmd = {
	.name = "help",
	.synopsis = "[COMMAND]",
	.summary = "Show the commands, or the options of one",
	.options = options,
	.run = run,
};
