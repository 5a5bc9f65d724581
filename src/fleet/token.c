#include "fleet/token.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

/* What is still to be read, and what an error would say. */
struct reader {
	const char *p;
	const char *end;
	const char *what;
	struct err *e;
};

static int
refuse(const struct reader *r, const char *why)
{
	err_set(r->e, ERR_USAGE, "%s: %s", r->what, why);
	return (-1);
}

static struct token *
add(struct token_list *l, enum token_kind kind, size_t len)
{
	struct token *t;

	l->t = mem_resize(l->t, l->n + 1, sizeof(*l->t));
	t = &l->t[l->n++];
	memset(t, 0, sizeof(*t));
	t->kind = kind;
	t->len = len;
	return (t);
}

static void
add_text(struct token_list *l, struct buf *text)
{
	struct token *t;

	if (text->len == 0)
		return;
	t = add(l, TOKEN_TEXT, text->len);
	t->text = mem_strndup(text->data, text->len);
	buf_reset(text);
}

/* One byte of a bracket, its escape resolved; -1 at the end of the text. */
static int
read_member(struct reader *r)
{
	if (r->p < r->end && *r->p == '\\')
		r->p++;
	return (r->p < r->end ? (unsigned char)*r->p++ : -1);
}

/* What bash and POSIX read otherwise than the plain rules would. */
static int
check_bracket(const struct reader *r)
{
	if (r->p < r->end && *r->p == '^')
		return (refuse(r, "\"[^\" is no bracket here; write \"[!\" "
		    "for all others, or \"[\\^\" for the byte itself"));
	if (r->p < r->end && *r->p == ']')
		return (refuse(r, "a bracket is empty; a ']' in it is written "
		    "\"\\]\""));
	return (0);
}

static int
read_set(struct reader *r, struct token_list *l)
{
	struct token *t = add(l, TOKEN_SET, 1);
	bool negate = false;
	int lo, hi, i;

	r->p++;
	if (r->p < r->end && *r->p == '!') {
		negate = true;
		r->p++;
	}
	if (check_bracket(r) == -1)
		return (-1);
	while (r->p < r->end && *r->p != ']') {
		if (r->end - r->p > 1 && r->p[0] == '[' &&
		    strchr(":.=", r->p[1]) != NULL)
			return (refuse(r, "named classes such as [:digit:] are "
			    "not known; write a range such as [0-9]"));
		if ((lo = hi = read_member(r)) == -1)
			break;
		if (r->end - r->p > 1 && r->p[0] == '-' && r->p[1] != ']') {
			r->p++;
			if ((hi = read_member(r)) == -1)
				break;
		}
		if (lo > hi)
			return (refuse(r, "a range in a bracket runs "
			    "backwards"));
		for (i = lo; i <= hi; i++)
			t->set[i / 64] |= 1ULL << (i % 64);
	}
	if (r->p == r->end)
		return (refuse(r, "a '[' is not closed in its component; "
		    "write \"\\[\" for the byte itself"));
	r->p++;
	for (i = 0; negate && i < 4; i++)
		t->set[i] = ~t->set[i];
	return (0);
}

static bool
is_name(const char *s, size_t n)
{
	size_t i;

	if (n == 0 || s[0] < 'a' || s[0] > 'z')
		return (false);
	for (i = 1; i < n; i++)
		if ((s[i] < 'a' || s[i] > 'z') && (s[i] < '0' || s[i] > '9') &&
		    s[i] != '_')
			return (false);
	return (true);
}

static int
read_named(struct reader *r, struct token_list *l)
{
	const char *name = r->p + 2, *close;
	size_t n;

	close = memmem(name, (size_t)(r->end - name), "}}", 2);
	if (close == NULL)
		return (refuse(r, "a \"{{\" is not closed in its component"));
	n = (size_t)(close - name);
	if (!is_name(name, n))
		return (refuse(r, "the name of a variable is made of a-z, 0-9 "
		    "and _ and begins with a letter: \"{{tenant}}\""));
	if ((n == 4 && memcmp(name, "path", 4) == 0) ||
	    (n == 4 && memcmp(name, "host", 4) == 0))
		return (refuse(r, "{{path}} and {{host}} have a meaning "
		    "already; give the variable another name"));
	add(l, TOKEN_STAR, 0)->text = mem_strndup(name, n);
	r->p = close + 2;
	return (0);
}

static int read_list(struct reader *, struct token_list *, bool);

static int
read_brace(struct reader *r, struct token_list *l)
{
	struct token *t = add(l, TOKEN_BRACE, 0);
	bool some = false;

	do {
		r->p++;
		t->alts = mem_resize(t->alts, t->nalts + 1, sizeof(*t->alts));
		memset(&t->alts[t->nalts], 0, sizeof(*t->alts));
		if (read_list(r, &t->alts[t->nalts++], true) == -1)
			return (-1);
		some = some || t->alts[t->nalts - 1].n > 0;
	} while (r->p < r->end && *r->p == ',');
	if (r->p == r->end)
		return (refuse(r, "a '{' is not closed in its component; "
		    "write \"\\{\" for the byte itself"));
	r->p++;
	if (!some)
		return (refuse(r, "a brace is empty"));
	if (t->nalts == 1)
		return (refuse(r, "a brace has one alternative; write {a,b}, "
		    "or \"{{name}}\" for a wildcard with a name"));
	return (0);
}

/* Read the wildcard at r->p. */
static int
read_wildcard(struct reader *r, struct token_list *l, bool inside)
{
	bool twice = r->end - r->p > 1 && r->p[1] == r->p[0];

	switch (*r->p) {
	case '*':
		if (twice)
			return (refuse(r, "\"**\" must be a component of its "
			    "own: \"/**/\""));
		(void)add(l, TOKEN_STAR, 0);
		r->p++;
		return (0);
	case '?':
		(void)add(l, TOKEN_ANY, 1);
		r->p++;
		return (0);
	case '[':
		return (read_set(r, l));
	default:
		if (inside)
			return (refuse(r, "braces cannot be nested"));
		return (twice ? read_named(r, l) : read_brace(r, l));
	}
}

/* Read up to the end, or "inside" a brace up to its next ',' or '}'. */
static int
read_list(struct reader *r, struct token_list *l, bool inside)
{
	struct buf text = { 0 };
	int rc = -1;

	while (r->p < r->end) {
		if (inside && (*r->p == ',' || *r->p == '}'))
			break;
		if (strchr("*?[{", *r->p) != NULL) {
			add_text(l, &text);
			if (read_wildcard(r, l, inside) == -1)
				goto out;
			continue;
		}
		if (*r->p == '\\' && ++r->p == r->end) {
			(void)refuse(r, "a '\\' at the end of a component "
			    "escapes nothing");
			goto out;
		}
		buf_putc(&text, *r->p++);
	}
	add_text(l, &text);
	rc = 0;
out:
	buf_fini(&text);
	return (rc);
}

int
token_parse(struct token_list *l, const char *text, size_t len,
    const char *what, struct err *e)
{
	struct reader r = { text, text + len, what, e };

	memset(l, 0, sizeof(*l));
	return (read_list(&r, l, false));
}

void
token_fini(struct token_list *l)
{
	size_t i, k;

	for (i = 0; i < l->n; i++) {
		free(l->t[i].text);
		for (k = 0; k < l->t[i].nalts; k++)
			token_fini(&l->t[i].alts[k]);
		free(l->t[i].alts);
	}
	free(l->t);
	memset(l, 0, sizeof(*l));
}
