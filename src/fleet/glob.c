#include "fleet/glob.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fleet/token.h"

struct glob {
	struct token_list l;
	size_t nvars;
	bool braces;
	size_t stars;
	size_t star;		/* the first and the last one, if any */
	size_t last_star;
	size_t head_bytes;	/* before the first star, behind the last; */
	size_t tail_bytes;	/* without a star: all is head */
	size_t min_bytes;
};

/* Positions in a name, 0 .. GLOB_NAME_MAX. */
struct places {
	uint64_t w[(GLOB_NAME_MAX + 1) / 64];
};

enum {
	NWORDS = (GLOB_NAME_MAX + 1) / 64,
	/* Wildcards with literal text before, between and behind them. */
	NTOKENS_MAX = 2 * PATTERN_VARS_MAX + 1
};

static void
measure(struct glob *g)
{
	const struct token *t;
	size_t i;

	for (i = 0; i < g->l.n; i++) {
		t = &g->l.t[i];
		if (t->kind == TOKEN_BRACE)
			g->braces = true;
		if (t->kind == TOKEN_STAR) {
			if (g->stars++ == 0)
				g->star = i;
			g->last_star = i;
			g->tail_bytes = 0;
		} else if (g->stars == 0)
			g->head_bytes += t->len;
		else
			g->tail_bytes += t->len;
		g->min_bytes += t->len;
		if (t->kind != TOKEN_TEXT)
			g->nvars++;
	}
}

struct glob *
glob_new(const char *text, size_t len, const char *what, struct err *e)
{
	struct glob *g = mem_zero(sizeof(*g));

	if (len == 0) {
		err_set(e, ERR_USAGE, "%s: it is empty", what);
		goto out;
	}
	if (token_parse(&g->l, text, len, what, e) == -1)
		goto out;
	measure(g);
	if (g->nvars > PATTERN_VARS_MAX) {
		err_set(e, ERR_USAGE, "%s: more than %d wildcards", what,
		    PATTERN_VARS_MAX);
		goto out;
	}
	return (g);
out:
	glob_free(g);
	return (NULL);
}

void
glob_free(struct glob *g)
{
	if (g == NULL)
		return;
	token_fini(&g->l);
	free(g);
}

static inline bool
in_set(const struct token *t, char c)
{
	unsigned char u = (unsigned char)c;

	return ((t->set[u / 64] >> (u % 64) & 1) != 0);
}

/* Does a token of fixed length match the bytes at s? */
static inline bool
match_fixed(const struct token *t, const char *s)
{
	switch (t->kind) {
	case TOKEN_TEXT:
		return (memcmp(t->text, s, t->len) == 0);
	case TOKEN_SET:
		return (in_set(t, *s));
	default:
		return (true);
	}
}

/* Do tokens t[0 .. n-1], all of fixed length, match the bytes at s? */
static bool
match_run(const struct token *t, size_t n, const char *s)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (!match_fixed(&t[i], s))
			return (false);
		s += t[i].len;
	}
	return (true);
}

/* Note the values of the wildcards in a run that matched. */
static struct pattern_value *
fill_run(const struct token *t, size_t n, const char *s,
    struct pattern_value *v)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (t[i].kind != TOKEN_TEXT) {
			v->p = s;
			v->len = 1;
			v++;
		}
		s += t[i].len;
	}
	return (v);
}

/*
 * Stars and runs of fixed length.  The leftmost place of each run that comes
 * between two stars is also the best for all that follows, so there is
 * nothing to go back to.
 */
static bool
match_plain(const struct glob *g, const char *s, size_t n,
    struct pattern_value *v)
{
	const struct token *t = g->l.t;
	size_t first = g->stars > 0 ? g->star : g->l.n;
	size_t at, end, i, k, bytes, start;

	if (n < g->min_bytes || (g->stars == 0 && n > g->min_bytes))
		return (false);
	end = n - g->tail_bytes;
	if (g->stars > 0 && !match_run(t + g->last_star + 1,
	    g->l.n - g->last_star - 1, s + end))
		return (false);
	if (!match_run(t, first, s))
		return (false);
	if (v != NULL)
		v = fill_run(t, first, s, v);
	if (g->stars == 0)
		return (true);
	at = g->head_bytes;
	for (i = first; i < g->last_star; i = k) {
		bytes = 0;
		for (k = i + 1; t[k].kind != TOKEN_STAR; k++)
			bytes += t[k].len;
		for (start = at; bytes <= end - at; at++)
			if (match_run(t + i + 1, k - i - 1, s + at))
				break;
		if (bytes > end - at)
			return (false);
		if (v != NULL) {
			v->p = s + start;
			v->len = at - start;
			v = fill_run(t + i + 1, k - i - 1, s + at, v + 1);
		}
		at += bytes;
	}
	if (v != NULL) {
		v->p = s + at;
		v->len = end - at;
		(void)fill_run(t + i + 1, g->l.n - i - 1, s + end, v + 1);
	}
	return (true);
}

static inline bool
has(const struct places *p, size_t i)
{
	return ((p->w[i / 64] >> (i % 64) & 1) != 0);
}

static inline void
put(struct places *p, size_t i)
{
	p->w[i / 64] |= 1ULL << (i % 64);
}

/* The first place from "i" on, or GLOB_NAME_MAX + 1. */
static size_t
next(const struct places *p, size_t i)
{
	size_t k = i / 64;
	uint64_t w;

	if (k >= NWORDS)
		return (GLOB_NAME_MAX + 1);
	w = p->w[k] & (~0ULL << (i % 64));
	while (w == 0) {
		if (++k == NWORDS)
			return (GLOB_NAME_MAX + 1);
		w = p->w[k];
	}
	return (k * 64 + (size_t)__builtin_ctzll(w));
}

/* A wildcard cannot stand before a leading dot, be it for nothing. */
static bool
may_stand(const struct token *t, const char *s, size_t at)
{
	return (t->kind == TOKEN_TEXT || t->kind == TOKEN_BRACE || at > 0 ||
	    s[0] != '.');
}

static struct places back(const struct token_list *, size_t, const char *,
    size_t, const struct places *);

/* From where does one token lead to a place in "to"? */
static struct places
back_one(const struct token *t, const char *s, size_t n,
    const struct places *to)
{
	struct places from = { { 0 } }, p;
	size_t i, k, at;

	switch (t->kind) {
	case TOKEN_BRACE:
		for (i = 0; i < t->nalts; i++) {
			p = back(&t->alts[i], 0, s, n, to);
			for (k = 0; k < NWORDS; k++)
				from.w[k] |= p.w[k];
		}
		break;
	case TOKEN_STAR:
		for (at = i = 0; (i = next(to, i)) <= n; i++)
			for (; at <= i; at++)
				if (may_stand(t, s, at))
					put(&from, at);
		break;
	default:
		for (i = t->len; (i = next(to, i)) <= n; i++)
			if (may_stand(t, s, i - t->len) &&
			    match_fixed(t, s + i - t->len))
				put(&from, i - t->len);
	}
	return (from);
}

/* From where do the tokens from "first" on lead to a place in "to"? */
static struct places
back(const struct token_list *l, size_t first, const char *s, size_t n,
    const struct places *to)
{
	struct places p = *to;
	size_t i;

	for (i = l->n; i > first; i--)
		p = back_one(&l->t[i - 1], s, n, &p);
	return (p);
}

/* Where do the tokens of an alternative lead from one place? */
static struct places
ahead(const struct token_list *l, const char *s, size_t n, size_t from)
{
	struct places p = { { 0 } }, q;
	const struct token *t;
	size_t i, k;

	put(&p, from);
	for (i = 0; i < l->n; i++) {
		t = &l->t[i];
		memset(&q, 0, sizeof(q));
		for (k = 0; (k = next(&p, k)) <= n; k++) {
			if (!may_stand(t, s, k))
				continue;
			if (t->kind == TOKEN_STAR) {
				for (; k <= n; k++)
					put(&q, k);
				break;
			}
			if (t->len <= n - k && match_fixed(t, s + k))
				put(&q, k + t->len);
		}
		p = q;
	}
	return (p);
}

/* The nearest place in "to" where the token leads from "at". */
static size_t
nearest(const struct token *t, const char *s, size_t n, size_t at,
    const struct places *to)
{
	struct places p;
	size_t i, k, best = GLOB_NAME_MAX + 1;

	switch (t->kind) {
	case TOKEN_STAR:
		return (next(to, at));
	case TOKEN_BRACE:
		for (i = 0; i < t->nalts; i++) {
			p = ahead(&t->alts[i], s, n, at);
			for (k = 0; k < NWORDS; k++)
				p.w[k] &= to->w[k];
			k = next(&p, at);
			best = k < best ? k : best;
		}
		return (best);
	default:
		return (at + t->len);
	}
}

/*
 * With braces: first from the end, from which places each token can lead to
 * the end; then from the beginning, always to the nearest such place.
 */
static bool
match_braces(const struct glob *g, const char *s, size_t n,
    struct pattern_value *v)
{
	struct places can[NTOKENS_MAX + 1];
	const struct token *t;
	size_t i, at, to;

	assert(g->l.n <= NTOKENS_MAX);
	memset(&can[g->l.n], 0, sizeof(can[0]));
	put(&can[g->l.n], n);
	for (i = g->l.n; i > 0; i--)
		can[i - 1] = back_one(&g->l.t[i - 1], s, n, &can[i]);
	if (!has(&can[0], 0))
		return (false);
	for (i = at = 0; v != NULL && i < g->l.n; i++, at = to) {
		t = &g->l.t[i];
		to = nearest(t, s, n, at, &can[i + 1]);
		assert(to <= n);
		if (t->kind == TOKEN_TEXT)
			continue;
		v->p = s + at;
		v->len = to - at;
		v++;
	}
	return (true);
}

bool
glob_match(const struct glob *g, const char *name, size_t len,
    struct pattern_value *values)
{
	if (len == 0 || len > GLOB_NAME_MAX)
		return (false);
	if (name[0] == '.') {
		if (len == 1 || (len == 2 && name[1] == '.'))
			return (false);
		if (!g->braces && g->l.t[0].kind != TOKEN_TEXT)
			return (false);
	}
	if (g->braces)
		return (match_braces(g, name, len, values));
	return (match_plain(g, name, len, values));
}

const char *
glob_literal(const struct glob *g)
{
	return (g->nvars == 0 ? g->l.t[0].text : NULL);
}

size_t
glob_nvars(const struct glob *g)
{
	return (g->nvars);
}

const char *
glob_var_name(const struct glob *g, size_t i)
{
	size_t k;

	for (k = 0; k < g->l.n; k++)
		if (g->l.t[k].kind != TOKEN_TEXT && i-- == 0)
			return (g->l.t[k].kind == TOKEN_STAR ?
			    g->l.t[k].text : NULL);
	return (NULL);
}

void
glob_build(const struct glob *g, const struct pattern_value *values,
    struct buf *b)
{
	size_t i;

	for (i = 0; i < g->l.n; i++) {
		if (g->l.t[i].kind == TOKEN_TEXT) {
			buf_put(b, g->l.t[i].text, g->l.t[i].len);
			continue;
		}
		buf_put(b, values->p, values->len);
		values++;
	}
}
