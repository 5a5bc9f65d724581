/*
 * completion -- write the script that completes command lines.
 */
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/complete.h"

static const struct cmd_option options[] = {
	CMD_OPTIONS_COMMON
};

static const struct {
	const char *name;
	void (*write)(void);
} shells[] = {
	{ "bash", complete_bash },
	{ "zsh", complete_zsh },
	{ "fish", complete_fish }
};

static int
run(const struct cmd *self, int argc, char **argv)
{
	struct cmd_parse p;
	size_t i;

	cmd_parse_init(&p, self, argc, argv);
	if (cmd_getopt(&p) == CMD_END_EARLY)
		return (p.status);
	if (p.argc != 1)
		return (cmd_usage(self, "completion takes one shell: bash, zsh "
		    "or fish"));
	for (i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (strcmp(p.argv[0], shells[i].name) == 0) {
			shells[i].write();
			return (0);
		}
	return (cmd_usage(self, "completion: \"%s\" is none of bash, zsh, fish",
	    p.argv[0]));
}

const struct cmd cmd_completion = {
	.name = "completion",
	.synopsis = "bash | zsh | fish",
	.summary = "Write a script that completes commands and options in a "
	    "shell",
	.options = options,
	.run = run,
};
