/*
 * complete_fish -- a "complete" for each option of each command.
 */
#include <stdio.h>

#include "cmd/complete.h"

#define QUOTE "\\'"		/* ' within single quotes */

static const char head[] =
    "# fish completion of litefleet, made by \"litefleet completion fish\".\n"
    "# For this shell:  litefleet completion fish | source\n\n"
    "# Is the command one of these; without any: is there none yet?\n"
    "function __litefleet_in\n"
    "    set -l words (commandline -opc)\n"
    "    if test (count $words) -lt 2\n"
    "        test (count $argv) -eq 0\n"
    "    else\n"
    "        contains -- $words[2] $argv\n"
    "    end\n"
    "end\n\n"
    "complete -c litefleet -f\n";

static void
put_names(const struct cmd *cmd)
{
	printf("%s%s%s", cmd->name, cmd->alias != NULL ? " " : "",
	    cmd->alias != NULL ? cmd->alias : "");
}

/* Each command with its summary, where "condition" holds. */
static void
put_commands(const char *condition)
{
	const struct cmd *cmd;
	size_t i;

	for (i = 0; (cmd = cmd_table[i]) != NULL; i++) {
		printf("complete -c litefleet -n '%s' -a '", condition);
		put_names(cmd);
		printf("' -d ");
		complete_quoted(cmd->summary, QUOTE, "\\");
		putchar('\n');
	}
}

static void
put_what(const struct complete *c)
{
	switch (c->what) {
	case COMPLETE_NOTHING:
	case COMPLETE_COMMAND:
		break;
	case COMPLETE_DIR:
		printf(" -a '(__fish_complete_directories)'");
		break;
	case COMPLETE_FILE:
		printf(" -F");
		break;
	case COMPLETE_WORDS:
		printf(" -a '%s'", c->words);
		break;
	}
}

static void
put_command(const struct cmd *cmd)
{
	struct complete c = complete_operand(cmd);
	const struct cmd_option *o;
	char condition[64];

	putchar('\n');
	if (c.what == COMPLETE_COMMAND) {
		(void)snprintf(condition, sizeof(condition),
		    "__litefleet_in %s", cmd->name);
		put_commands(condition);
	} else if (c.what != COMPLETE_NOTHING) {
		printf("complete -c litefleet -n '__litefleet_in ");
		put_names(cmd);
		printf("'");
		put_what(&c);
		putchar('\n');
	}
	for (o = cmd->options; o->name != NULL; o++) {
		printf("complete -c litefleet -n '__litefleet_in ");
		put_names(cmd);
		printf("' -l %s", o->name);
		if (cmd_has_letter(o))
			printf(" -s %c", o->key);
		if (o->arg != NULL) {
			c = complete_value(o);
			printf(c.what == COMPLETE_FILE ? " -r" : " -x");
			put_what(&c);
		}
		printf(" -d ");
		complete_quoted(o->help, QUOTE, "\\");
		putchar('\n');
	}
}

void
complete_fish(void)
{
	size_t i;

	fputs(head, stdout);
	put_commands("__litefleet_in");
	for (i = 0; cmd_table[i] != NULL; i++)
		put_command(cmd_table[i]);
}
