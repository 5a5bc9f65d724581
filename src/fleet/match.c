#include "fleet/compiled.h"

#include <string.h>

#include "base/buf.h"

static bool
match_comp(const struct comp *c, const char *s, size_t len,
    struct pattern_value *values)
{
	return (glob_match(c->glob, s, len,
	    values == NULL ? NULL : values + c->first_var));
}

/* May "**" hold a component of this name? */
static bool
match_deep(const char *s, size_t len)
{
	return (len > 0 && len <= GLOB_NAME_MAX && s[0] != '.');
}

/* Let "**" take n components of *s, which may be at its end (NULL). */
static bool
take_deep(const struct pattern *p, const char **s, size_t n,
    struct pattern_value *values)
{
	const char *start = *s, *end;
	size_t len = 0;

	for (; n > 0; n--) {
		if (*s == NULL)
			return (false);
		end = strchrnul(*s, '/');
		if (!match_deep(*s, (size_t)(end - *s)))
			return (false);
		len = (size_t)(end - start);
		*s = *end == '/' ? end + 1 : NULL;
	}
	if (values != NULL) {
		values[p->deep_var].p = start != NULL ? start : "";
		values[p->deep_var].len = len;
	}
	return (true);
}

static size_t
count_comps(const char *s)
{
	size_t n = 0;

	for (; s != NULL; s = strchr(s, '/')) {
		s += n > 0;
		n++;
	}
	return (n);
}

bool
pattern_match(const struct pattern *p, const char *path,
    struct pattern_value *values)
{
	const char *end, *s = path + 1;
	size_t i, n, tail;

	if (path[0] != '/')
		return (false);
	for (i = 0; i < p->ncomps; i++) {
		if (i == p->deep) {
			n = count_comps(s);
			tail = p->ncomps - 1 - i;
			if (n < tail || !take_deep(p, &s, n - tail, values))
				return (false);
			continue;
		}
		if (s == NULL)
			return (false);
		end = strchrnul(s, '/');
		if (!match_comp(&p->comps[i], s, (size_t)(end - s), values))
			return (false);
		s = *end == '/' ? end + 1 : NULL;
	}
	return (s == NULL);
}

static bool
same_values(const struct pattern_value *a, const struct pattern_value *b,
    size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (a[i].len != b[i].len || (a[i].len > 0 &&
		    memcmp(a[i].p, b[i].p, a[i].len) != 0))
			return (false);
	return (true);
}

bool
pattern_build(const struct pattern *p, const struct pattern_value *values,
    struct buf *b)
{
	struct pattern_value again[PATTERN_VARS_MAX];
	const struct comp *c;
	size_t i, start = b->len;

	for (i = 0; i < p->ncomps; i++) {
		c = &p->comps[i];
		if (i == p->deep && values[c->first_var].len == 0)
			continue;
		buf_putc(b, '/');
		if (i == p->deep)
			buf_put(b, values[c->first_var].p,
			    values[c->first_var].len);
		else
			glob_build(c->glob, values + c->first_var, b);
	}
	/* A value with a NUL in it does not come back either. */
	if (b->len > start && pattern_match(p, buf_str(b) + start, again) &&
	    same_values(values, again, p->nvars))
		return (true);
	b->len = start;
	if (b->data != NULL)
		b->data[start] = '\0';
	return (false);
}

struct pattern_pos
pattern_start(const struct pattern *p)
{
	return ((struct pattern_pos){ .comp = (unsigned)p->start,
	    .deep = p->start == p->deep });
}

bool
pattern_file(const struct pattern *p, struct pattern_pos pos,
    const char *name)
{
	size_t len = strlen(name), last = p->ncomps - 1;

	if (pos.deep && last == p->deep)
		return (match_deep(name, len));
	if (pos.deep)
		return (match_comp(&p->comps[last], name, len, NULL));
	/* An ending "**" may stand for nothing. */
	if (pos.comp != last && !(pos.comp + 1 == last && last == p->deep))
		return (false);
	return (match_comp(&p->comps[pos.comp], name, len, NULL));
}

/* May a component between "**" and the last one be a directory "name"? */
static bool
match_between(const struct pattern *p, const char *name, size_t len)
{
	size_t i;

	for (i = p->deep + 1; i + 1 < p->ncomps; i++)
		if (match_comp(&p->comps[i], name, len, NULL))
			return (true);
	return (false);
}

bool
pattern_dir(const struct pattern *p, struct pattern_pos pos,
    const char *name, struct pattern_pos *next)
{
	size_t len = strlen(name);

	if (pos.deep) {
		*next = pos;
		return (match_deep(name, len) || match_between(p, name, len));
	}
	if (pos.comp + 1 >= p->ncomps ||
	    !match_comp(&p->comps[pos.comp], name, len, NULL))
		return (false);
	*next = (struct pattern_pos){ .comp = pos.comp + 1,
	    .deep = pos.comp + 1 == p->deep };
	return (true);
}

bool
pattern_needs_match(const struct pattern *p, struct pattern_pos pos)
{
	/* With one component behind "**" the walk has seen them all. */
	return (pos.deep && p->ncomps - p->deep > 2);
}

const char *
pattern_only(const struct pattern *p, struct pattern_pos pos)
{
	return (pos.deep ? NULL : p->comps[pos.comp].literal);
}
