/*
 * complete -- scripts that teach a shell to complete litefleet's command lines,
 * made by going over the command table: what is not there is not offered, and
 * what is there cannot be forgotten.
 *
 * The table names the argument of each option and, in the synopsis, the
 * operands; complete.c knows what such a name stands for.  A name that it does
 * not know is something that only a person can say: nothing is offered.
 */
#ifndef CMD_COMPLETE_H
#define CMD_COMPLETE_H

#include "cmd/cmd.h"

enum complete_what {
	COMPLETE_NOTHING,
	COMPLETE_DIR,
	COMPLETE_FILE,		/* directories on the way to it, too */
	COMPLETE_WORDS,		/* one of a few */
	COMPLETE_COMMAND	/* the name of a command of ours */
};

struct complete {
	enum complete_what what;
	char words[128];	/* of COMPLETE_WORDS, a blank between them */
};

/* The value of an option that takes one. */
struct complete complete_value(const struct cmd_option *o);

/* Any operand of a command: the most general of what its synopsis names. */
struct complete complete_operand(const struct cmd *cmd);

/*
 * Write "s" to stdout between single quotes, where each ' becomes "quote"
 * and each character of "special" gets a backslash in front.
 */
void complete_quoted(const char *s, const char *quote, const char *special);

/* Write the script of a shell to stdout. */
void complete_bash(void);
void complete_zsh(void);
void complete_fish(void);

#endif
