/*
 * complete_bash -- without the package bash-completion, which need not be
 * there; files are left to readline, which knows how to quote them.
 */
#include <stdio.h>

#include "cmd/complete.h"

static const char head[] =
    "# bash completion of litefleet, made by \"litefleet completion bash\".\n"
    "# For this shell:  . <(litefleet completion bash)\n"
    "# shellcheck shell=bash\n\n"
    "_litefleet()\n"
    "{\n"
    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "\tlocal cmd=${COMP_WORDS[1]} options operand value='' how word i\n\n"
    "\tCOMPREPLY=()\n"
    "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
    "\t\tmapfile -t COMPREPLY < <(compgen -W '";

static const char after_names[] =
    "' -- \"$cur\")\n"
    "\t\treturn\n"
    "\tfi\n"
    "\t# To bash, --name=value is three words, and so is s3://bucket.\n"
    "\tif [ \"$cur\" = : ] || [ \"$prev\" = : ]; then\n"
    "\t\treturn\n"
    "\telif [ \"$cur\" = = ]; then\n"
    "\t\tcur=\n"
    "\telif [ \"$prev\" = = ]; then\n"
    "\t\tprev=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "\tfi\n"
    "\t# One dash will do.\n"
    "\tcase $prev in\n"
    "\t--*) ;;\n"
    "\t-??*) prev=-$prev ;;\n"
    "\tesac\n"
    "\tcase $cmd in\n";

static const char tail[] =
    "\t*)\n"
    "\t\treturn\n"
    "\t\t;;\n"
    "\tesac\n"
    "\tfor ((i = 2; i < COMP_CWORD; i++)); do\n"
    "\t\tif [ \"${COMP_WORDS[i]}\" = -- ]; then\n"
    "\t\t\tvalue=''\n"
    "\t\t\toptions=''\n"
    "\t\tfi\n"
    "\tdone\n"
    "\thow=${value:-$operand}\n"
    "\tif [ -z \"$value\" ] && [ -n \"$options\" ] && [ \"${cur:0:1}\" = - ]; "
    "then\n"
    "\t\thow=$options\n"
    "\tfi\n"
    "\tcase $how in\n"
    "\tnothing) ;;\n"
    "\tfile) compopt -o default ;;\n"
    "\tdir) compopt -o dirnames ;;\n"
    "\t*)\n"
    "\t\tfor word in $how; do\n"
    "\t\t\t[[ $word != \"$cur\"* ]] || COMPREPLY+=(\"$word\")\n"
    "\t\tdone\n"
    "\t\t;;\n"
    "\tesac\n"
    "}\n"
    "complete -F _litefleet litefleet\n";

static void
put_commands(const char *between)
{
	const struct cmd *cmd;
	size_t i;

	for (i = 0; (cmd = cmd_table[i]) != NULL; i++) {
		printf("%s%s", i == 0 ? "" : between, cmd->name);
		if (cmd->alias != NULL)
			printf("%s%s", between, cmd->alias);
	}
}

static void
put_what(const struct complete *c)
{
	switch (c->what) {
	case COMPLETE_NOTHING:
		printf("'nothing'");
		break;
	case COMPLETE_DIR:
		printf("'dir'");
		break;
	case COMPLETE_FILE:
		printf("'file'");
		break;
	case COMPLETE_WORDS:
		printf("'%s'", c->words);
		break;
	case COMPLETE_COMMAND:
		printf("'");
		put_commands(" ");
		printf("'");
		break;
	}
}

static void
put_command(const struct cmd *cmd)
{
	struct complete c = complete_operand(cmd);
	const struct cmd_option *o;
	bool any = false;

	printf("\t%s%s%s)\n\t\toptions='", cmd->name,
	    cmd->alias != NULL ? " | " : "",
	    cmd->alias != NULL ? cmd->alias : "");
	for (o = cmd->options; o->name != NULL; o++) {
		printf("%s--%s", o == cmd->options ? "" : "\n\t\t    ",
		    o->name);
		any = any || o->arg != NULL;
	}
	printf("'\n\t\toperand=");
	put_what(&c);
	if (any)
		printf("\n\t\tcase $prev in\n");
	for (o = cmd->options; o->name != NULL; o++) {
		if (o->arg == NULL)
			continue;
		c = complete_value(o);
		printf("\t\t--%s", o->name);
		if (cmd_has_letter(o))
			printf(" | -%c", o->key);
		printf(") value=");
		put_what(&c);
		printf(" ;;\n");
	}
	printf("%s\t\t;;\n", any ? "\t\tesac\n" : "\n");
}

void
complete_bash(void)
{
	size_t i;

	fputs(head, stdout);
	put_commands(" ");
	fputs(after_names, stdout);
	for (i = 0; cmd_table[i] != NULL; i++)
		put_command(cmd_table[i]);
	fputs(tail, stdout);
}
