#include "cmd/complete.h"

#include <stdio.h>
#include <string.h>

/*
 * What the names of arguments stand for.  One that begins with two dashes is
 * about the value of that option alone, whatever it is called.
 */
static const struct {
	const char *name;
	enum complete_what what;
	const char *words;
} names[] = {
	{ "--ping", COMPLETE_NOTHING, NULL },
	{ "DIR", COMPLETE_DIR, NULL },
	{ "FILE", COMPLETE_FILE, NULL },
	{ "FORMAT", COMPLETE_WORDS, "text json" },
	{ "HOW", COMPLETE_WORDS, "none quick full" },
	{ "P", COMPLETE_FILE, NULL },
	{ "PATH", COMPLETE_FILE, NULL },
	{ "PATTERN", COMPLETE_FILE, NULL },
	/* Of a directory store, where each key is a directory of versions. */
	{ "URL", COMPLETE_DIR, NULL },
	{ "URL-GLOB", COMPLETE_DIR, NULL }
};

static struct complete
by_name(const char *name)
{
	struct complete c = { .what = COMPLETE_NOTHING };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].name, name) == 0) {
			c.what = names[i].what;
			if (names[i].words != NULL)
				(void)snprintf(c.words, sizeof(c.words), "%s",
				    names[i].words);
			break;
		}
	return (c);
}

struct complete
complete_value(const struct cmd_option *o)
{
	char option[64];
	size_t i;

	(void)snprintf(option, sizeof(option), "--%s", o->name);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].name, option) == 0)
			return (by_name(option));
	return (by_name(o->arg));
}

/* Is the word an option of the command that takes a value? */
static bool
takes_value(const struct cmd *cmd, const char *word)
{
	const struct cmd_option *o;

	for (o = cmd->options; o->name != NULL; o++)
		if (o->arg != NULL && ((word[1] == '-' &&
		    strcmp(o->name, word + 2) == 0) || (cmd_has_letter(o) &&
		    word[1] == o->key && word[2] == '\0')))
			return (true);
	return (false);
}

/* A word of a synopsis that stands for itself, as "bash". */
static bool
is_literal(const char *word)
{
	return (strspn(word, "abcdefghijklmnopqrstuvwxyz") == strlen(word));
}

struct complete
complete_operand(const struct cmd *cmd)
{
	struct complete c = { .what = COMPLETE_NOTHING }, found;
	char synopsis[256], *word, *rest;
	bool value = false;
	size_t n = 0;

	(void)snprintf(synopsis, sizeof(synopsis), "%s", cmd->synopsis);
	for (word = strtok_r(synopsis, " []()|.", &rest); word != NULL;
	    word = strtok_r(NULL, " []()|.", &rest)) {
		if (word[0] == '-') {
			value = takes_value(cmd, word);
			continue;
		}
		if (value) {
			value = false;
			continue;
		}
		found = by_name(word);
		if (strcmp(word, "COMMAND") == 0)
			found.what = COMPLETE_COMMAND;
		else if (is_literal(word)) {
			found.what = COMPLETE_WORDS;
			n += (size_t)snprintf(c.words + n, sizeof(c.words) - n,
			    "%s%s", n == 0 ? "" : " ", word);
		}
		if (found.what > c.what)
			c.what = found.what;
	}
	return (c);
}

void
complete_quoted(const char *s, const char *quote, const char *special)
{
	putchar('\'');
	for (; *s != '\0'; s++) {
		if (*s == '\'') {
			fputs(quote, stdout);
			continue;
		}
		if (strchr(special, *s) != NULL)
			putchar('\\');
		putchar(*s);
	}
	putchar('\'');
}
