/*
 * complete_zsh -- with zsh's own _arguments, which wants for each option
 * "*--name=[help]:argument:what to offer".
 */
#include <stdio.h>

#include "cmd/complete.h"

#define QUOTE "'\\''"		/* ' within single quotes */

static const char head[] =
    "#compdef litefleet\n"
    "# zsh completion of litefleet, made by \"litefleet completion zsh\".\n"
    "# For this shell, after compinit:  source <(litefleet completion zsh)\n\n"
    "_litefleet_commands()\n"
    "{\n"
    "\tlocal -a commands=(\n";

static const char after_names[] =
    "\t)\n"
    "\t_describe -t commands command commands\n"
    "}\n\n"
    "_litefleet()\n"
    "{\n"
    "\tlocal curcontext=$curcontext state line ret=1\n\n"
    "\t_arguments -C '1:command:_litefleet_commands' "
    "'*::argument:->argument' &&\n"
    "\t\tret=0\n"
    "\t[[ $state == argument ]] || return ret\n"
    "\tcase $words[1] in\n";

static const char tail[] =
    "\tesac\n"
    "\treturn ret\n"
    "}\n\n"
    "if [[ $funcstack[1] == _litefleet ]]; then\n"
    "\t_litefleet \"$@\"\n"
    "else\n"
    "\tcompdef _litefleet litefleet\n"
    "fi\n";

/* ":argument:what to offer", within single quotes. */
static void
put_what(const char *arg, const struct complete *c)
{
	printf(":%s:", arg);
	switch (c->what) {
	case COMPLETE_NOTHING:
		printf(" ");
		break;
	case COMPLETE_DIR:
		printf("_files -/");
		break;
	case COMPLETE_FILE:
		printf("_files");
		break;
	case COMPLETE_WORDS:
		printf("(%s)", c->words);
		break;
	case COMPLETE_COMMAND:
		printf("_litefleet_commands");
		break;
	}
}

/* One line for the name, one for the letter if there is one. */
static void
put_option(const struct cmd_option *o, bool letter)
{
	struct complete c;
	const char *p;

	printf("\t\t    '*");
	if (letter)
		printf("-%c%s[", o->key, o->arg != NULL ? "+" : "");
	else
		printf("--%s%s[", o->name, o->arg != NULL ? "=" : "");
	for (p = o->help; *p != '\0'; p++) {
		if (*p == '[' || *p == ']' || *p == '\\')
			putchar('\\');
		if (*p == '\'')
			printf(QUOTE);
		else
			putchar(*p);
	}
	putchar(']');
	if (o->arg != NULL) {
		c = complete_value(o);
		put_what(o->arg, &c);
	}
	printf("' \\\n");
}

static void
put_command(const struct cmd *cmd)
{
	struct complete c = complete_operand(cmd);
	const struct cmd_option *o;

	printf("\t%s%s%s)\n\t\t_arguments -s -S \\\n", cmd->name,
	    cmd->alias != NULL ? " | " : "",
	    cmd->alias != NULL ? cmd->alias : "");
	for (o = cmd->options; o->name != NULL; o++) {
		put_option(o, false);
		if (cmd_has_letter(o))
			put_option(o, true);
	}
	if (c.what != COMPLETE_NOTHING) {
		printf("\t\t    '*");
		put_what("argument", &c);
		printf("' \\\n");
	}
	printf("\t\t    && ret=0\n\t\t;;\n");
}

static void
put_name(const char *name, const char *summary)
{
	printf("\t\t%s:", name);
	complete_quoted(summary, QUOTE, "\\:");
	putchar('\n');
}

void
complete_zsh(void)
{
	const struct cmd *cmd;
	size_t i;

	fputs(head, stdout);
	for (i = 0; (cmd = cmd_table[i]) != NULL; i++) {
		put_name(cmd->name, cmd->summary);
		if (cmd->alias != NULL)
			put_name(cmd->alias, cmd->summary);
	}
	fputs(after_names, stdout);
	for (i = 0; cmd_table[i] != NULL; i++)
		put_command(cmd_table[i]);
	fputs(tail, stdout);
}
