#include "fleet/pattern.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/path.h"
#include "fleet/compiled.h"
#include "fleet/glob.h"

static const struct {
	const char *dir;
	const char *var;
} places[] = {
	{ "data", "project" },
	{ "projects", "project" },
	{ "databases", "database" },
	{ "branches", "branch" },
	{ "tenants", "tenant" },
};

/* The working directory, as a pattern that only it matches. */
static int
put_cwd(struct buf *b, struct err *e)
{
	char *cwd;
	const char *s;

	if ((cwd = path_absolute(".", "the working directory", e)) == NULL)
		return (-1);
	for (s = cwd; *s != '\0'; s++) {
		if (strchr("*?[]{}\\", *s) != NULL)
			buf_putc(b, '\\');
		buf_putc(b, *s);
	}
	free(cwd);
	return (0);
}

static size_t
add_var(struct pattern *p)
{
	struct var *v = &p->vars[p->nvars];

	(void)snprintf(v->number, sizeof(v->number), "%zu", p->nvars + 1);
	return (p->nvars++);
}

static bool
is_dots(const char *s)
{
	return (strcmp(s, ".") == 0 || strcmp(s, "..") == 0);
}

/* Take up the component s[0 .. len-1]. */
static int
add_comp(struct pattern *p, const char *s, size_t len, const char *what,
    struct err *e)
{
	struct comp *c;
	size_t i, n;

	p->comps = mem_resize(p->comps, p->ncomps + 1, sizeof(*p->comps));
	c = &p->comps[p->ncomps++];
	memset(c, 0, sizeof(*c));
	c->first_var = p->nvars;
	if (len == 2 && memcmp(s, "**", 2) == 0) {
		if (p->deep_var != -1) {
			err_set(e, ERR_USAGE, "%s: more than one \"**\"", what);
			return (-1);
		}
		n = 1;
	} else {
		if ((c->glob = glob_new(s, len, what, e)) == NULL)
			return (-1);
		n = glob_nvars(c->glob);
		c->literal = glob_literal(c->glob);
	}
	if (n > PATTERN_VARS_MAX - p->nvars) {
		err_set(e, ERR_USAGE, "%s: more than %d wildcards", what,
		    PATTERN_VARS_MAX);
		return (-1);
	}
	if (c->literal != NULL && is_dots(c->literal)) {
		err_set(e, ERR_USAGE, "%s: a component \"%s\" names no file",
		    what, c->literal);
		return (-1);
	}
	for (i = 0; i < n; i++)
		(void)add_var(p);
	if (c->glob == NULL) {
		p->deep = p->ncomps - 1;
		p->deep_var = (int)c->first_var;
	} else
		for (i = 0; i < n; i++)
			p->vars[c->first_var + i].name =
			    glob_var_name(c->glob, i);
	return (0);
}

/* Cut the text into components; "//" and "." vanish. */
static int
split(struct pattern *p, const char *s, const char *what, struct err *e)
{
	struct buf text = { 0 };
	const char *end;
	size_t len;
	int rc = -1;

	for (; *s != '\0'; s = *end == '/' ? end + 1 : end) {
		end = strchrnul(s, '/');
		len = (size_t)(end - s);
		if (len == 0 || (len == 1 && s[0] == '.'))
			continue;
		if (len == 2 && s[0] == '.' && s[1] == '.') {
			err_set(e, ERR_USAGE, "%s: \"..\" is not followed; "
			    "write the directory that is meant", what);
			goto out;
		}
		if (add_comp(p, s, len, what, e) == -1)
			goto out;
		buf_putc(&text, '/');
		buf_put(&text, s, len);
	}
	if (p->ncomps == 0) {
		err_set(e, ERR_USAGE, "%s: it names no file", what);
		goto out;
	}
	p->text = buf_take(&text);
	rc = 0;
out:
	buf_fini(&text);
	return (rc);
}

static int
check_names(const struct pattern *p, const char *what, struct err *e)
{
	size_t i, k;

	for (i = 0; i < p->nvars; i++)
		for (k = 0; p->vars[i].name != NULL && k < i; k++)
			if (p->vars[k].name != NULL &&
			    strcmp(p->vars[i].name, p->vars[k].name) == 0) {
				err_set(e, ERR_USAGE, "%s: {{%s}} occurs twice",
				    what, p->vars[i].name);
				return (-1);
			}
	return (0);
}

/* The place name behind directory "dir", unless it is taken. */
static const char *
place_name(const struct pattern *p, const char *dir)
{
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (strcmp(places[i].dir, dir) == 0 && pattern_var(p,
		    places[i].var, strlen(places[i].var)) == -1)
			return (places[i].var);
	return (NULL);
}

static void
name_places(struct pattern *p)
{
	struct var *v;
	size_t i, n;

	for (i = 1; i < p->ncomps; i++) {
		n = p->comps[i].glob == NULL ? 1 :
		    glob_nvars(p->comps[i].glob);
		v = &p->vars[p->comps[i].first_var];
		if (n == 1 && v->name == NULL &&
		    p->comps[i - 1].literal != NULL)
			v->place = place_name(p, p->comps[i - 1].literal);
	}
}

static void
find_literal(struct pattern *p)
{
	struct buf b = { 0 };

	while (p->start < p->ncomps - 1 &&
	    p->comps[p->start].literal != NULL) {
		buf_putc(&b, '/');
		buf_puts(&b, p->comps[p->start++].literal);
	}
	if (b.len == 0)
		buf_putc(&b, '/');
	p->literal = buf_take(&b);
}

struct pattern *
pattern_new(const char *text, struct err *e)
{
	struct pattern *p = mem_zero(sizeof(*p));
	struct buf b = { 0 };
	char *what = mem_printf("pattern \"%s\"", text);
	int rc = -1;

	p->deep_var = -1;
	if (*text == '\0') {
		err_set(e, ERR_USAGE, "%s: it is empty", what);
		goto out;
	}
	if (*text != '/') {
		if (put_cwd(&b, e) == -1)
			goto out;
		buf_putc(&b, '/');
	}
	buf_puts(&b, text);
	p->deep = SIZE_MAX;
	if (split(p, buf_str(&b), what, e) == -1 ||
	    check_names(p, what, e) == -1)
		goto out;
	if (p->deep == SIZE_MAX)
		p->deep = p->ncomps;
	name_places(p);
	find_literal(p);
	rc = 0;
out:
	buf_fini(&b);
	free(what);
	if (rc == -1) {
		pattern_free(p);
		p = NULL;
	}
	return (p);
}

void
pattern_free(struct pattern *p)
{
	size_t i;

	if (p == NULL)
		return;
	for (i = 0; i < p->ncomps; i++)
		glob_free(p->comps[i].glob);
	free(p->comps);
	free(p->literal);
	free(p->text);
	free(p);
}

const char *
pattern_text(const struct pattern *p)
{
	return (p->text);
}

const char *
pattern_literal(const struct pattern *p)
{
	return (p->literal);
}

size_t
pattern_nvars(const struct pattern *p)
{
	return (p->nvars);
}

static bool
is(const char *s, const char *name, size_t len)
{
	return (s != NULL && strlen(s) == len && memcmp(s, name, len) == 0);
}

int
pattern_var(const struct pattern *p, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < p->nvars; i++)
		if (is(p->vars[i].name, name, len) ||
		    is(p->vars[i].place, name, len) ||
		    is(p->vars[i].number, name, len))
			return ((int)i);
	return (-1);
}

const char *
pattern_var_name(const struct pattern *p, size_t i)
{
	const struct var *v = &p->vars[i];

	assert(i < p->nvars);
	return (v->name != NULL ? v->name : v->place != NULL ? v->place :
	    v->number);
}

int
pattern_doublestar(const struct pattern *p)
{
	return (p->deep_var);
}
