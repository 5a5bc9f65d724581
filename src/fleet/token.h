/*
 * token -- a glob taken apart into literal text and wildcards, in order.
 */
#ifndef FLEET_TOKEN_H
#define FLEET_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum token_kind {
	TOKEN_TEXT,		/* literal bytes, at least one */
	TOKEN_ANY,		/* '?' */
	TOKEN_SET,		/* '[...]' */
	TOKEN_STAR,		/* '*' and "{{name}}" */
	TOKEN_BRACE		/* '{...}' */
};

struct token {
	enum token_kind kind;
	size_t len;		/* bytes it takes; STAR and BRACE: 0 */
	char *text;		/* TEXT: terminated.  STAR: its name or NULL */
	uint64_t set[4];	/* SET: a bit for each byte */
	struct token_list *alts;	/* BRACE */
	size_t nalts;
};

struct token_list {
	struct token *t;
	size_t n;
};

/*
 * Take text[0 .. len-1] apart into *l, to be given to token_fini() in any
 * case.  "what" begins the sentence of an error (class usage).
 */
int token_parse(struct token_list *l, const char *text, size_t len,
    const char *what, struct err *e);
void token_fini(struct token_list *l);

#endif
