#include "fleet/template.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/escape.h"
#include "base/hash.h"
#include "base/mem.h"

enum {
	PROPOSED_BYTES = 1024
};

/* What is being compiled. */
struct source {
	struct key_template *t;
	const char *host;
	struct err *e;
};

/* Append the templates that would do: every wildcard a component, unless that
 * is longer than anybody reads, and {{path}}. */
static void
propose(const struct key_template *t, struct buf *b)
{
	const char *host = t->has_host ? "{{host}}/" : "";
	size_t i, n = t->npatterns == 1 ? pattern_nvars(t->patterns[0]) : 0;

	for (i = 0; i < n && b->len < PROPOSED_BYTES; i++)
		buf_printf(b, "%s%s{{%s}}", i == 0 ? "\"" : "/",
		    i == 0 ? host : "",
		    pattern_var_name(t->patterns[0], i));
	if (b->len >= PROPOSED_BYTES)
		buf_reset(b);
	else if (n > 0)
		buf_puts(b, "\" or ");
	buf_printf(b, "\"%s{{path}}\"", host);
}

/* Refuse the template: what is wrong, and what to use. */
static int __attribute__((__format__(__printf__, 2, 3)))
refuse(const struct source *src, const char *fmt, ...)
{
	struct buf b = { 0 };
	char why[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	propose(src->t, &b);
	err_set(src->e, ERR_USAGE, "--key: %s; use %s", why, buf_str(&b));
	buf_fini(&b);
	return (-1);
}

static bool
is_reserved(const char *s)
{
	return (strcmp(s, ".") == 0 || strcmp(s, "..") == 0 ||
	    strcmp(s, KEY_RESERVED) == 0);
}

/* Is {{host}} wanted, and can its value be (part of) a component? */
static int
check_host(const struct source *src, const char *text)
{
	if (strstr(text, "{{host}}") == NULL)
		return (0);
	if (src->host == NULL || *src->host == '\0')
		return (refuse(src, "{{host}} has no value; name this host "
		    "with --host, or"));
	if (is_reserved(src->host) || strchr(src->host, '/') != NULL)
		return (refuse(src, "\"%.255s\" cannot be {{host}}, as it "
		    "would be no single component; give another --host, or",
		    src->host));
	src->t->has_host = true;
	return (0);
}

/* Note the variable s[0 .. n-1] as the one of the component. */
static int
set_var(const struct source *src, struct template_part *part, const char *s,
    size_t n)
{
	struct key_template *t = src->t;
	int len = (int)(n < 64 ? n : 64), var;
	size_t i;

	if (part->kind != TEMPLATE_TEXT)
		return (refuse(src, "{{%.64s}} and {{%.*s}} share a component "
		    "and cannot be told apart there", part->name, len, s));
	part->kind = TEMPLATE_VAR;
	part->name = mem_strndup(s, n);
	part->name_len = n;
	if (n == 4 && memcmp(s, "path", 4) == 0) {
		part->kind = TEMPLATE_PATH;
		t->has_path = true;
		return (0);
	}
	t->has_vars = true;
	if (t->npatterns == 0)
		return (refuse(src, "{{%.*s}} is a variable of a pattern, and "
		    "there is none", len, s));
	for (i = 0; i < t->npatterns; i++) {
		if ((var = pattern_var(t->patterns[i], s, n)) == -1)
			return (refuse(src, "pattern \"%.512s\" has no "
			    "variable {{%.*s}}",
			    pattern_text(t->patterns[i]), len, s));
		if (var == pattern_doublestar(t->patterns[i]))
			part->deep = true;
	}
	if (part->deep && t->npatterns > 1)
		return (refuse(src, "{{%.*s}} is a \"**\", which several "
		    "patterns cannot share", len, s));
	return (0);
}

static void
set_text(struct template_part *part, const struct buf *raw)
{
	struct buf b = { 0 };

	escape_put(&b, (const char *)raw->data, raw->len);
	if (part->kind == TEMPLATE_TEXT) {
		part->before_len = b.len;
		part->before = buf_take(&b);
	} else {
		part->after_len = b.len;
		part->after = buf_take(&b);
	}
}

static int
read_part(const struct source *src, struct template_part *part, const char *s,
    size_t len)
{
	struct buf raw = { 0 };
	const char *name, *close, *end = s + len;
	int rc = -1;

	while (s < end) {
		if (end - s < 2 || s[0] != '{' || s[1] != '{') {
			buf_putc(&raw, *s++);
			continue;
		}
		name = s + 2;
		close = memmem(name, (size_t)(end - name), "}}", 2);
		if (close == NULL) {
			(void)refuse(src, "a \"{{\" is not closed in its "
			    "component");
			goto out;
		}
		s = close + 2;
		if (close - name == 4 && memcmp(name, "host", 4) == 0) {
			buf_puts(&raw, src->host);
			continue;
		}
		set_text(part, &raw);
		if (set_var(src, part, name, (size_t)(close - name)) == -1)
			goto out;
		buf_reset(&raw);
	}
	set_text(part, &raw);
	rc = 0;
out:
	buf_fini(&raw);
	return (rc);
}

static int
read_parts(const struct source *src, const char *text)
{
	struct key_template *t = src->t;
	struct template_part *part;
	const char *s, *end;

	if (*text == '\0')
		return (refuse(src, "the template is empty"));
	if (text[0] == '/' || text[strlen(text) - 1] == '/')
		return (refuse(src, "a template neither begins nor ends with "
		    "a slash"));
	for (s = text; s != NULL; s = *end == '/' ? end + 1 : NULL) {
		end = strchrnul(s, '/');
		if (end == s)
			return (refuse(src, "the template has an empty "
			    "component (\"//\")"));
		t->parts = mem_resize(t->parts, t->nparts + 1,
		    sizeof(*t->parts));
		part = &t->parts[t->nparts++];
		memset(part, 0, sizeof(*part));
		if (read_part(src, part, s, (size_t)(end - s)) == -1)
			return (-1);
		if (part->kind != TEMPLATE_TEXT || !is_reserved(part->before))
			continue;
		if (part->before[1] != 'l' || t->nparts == 1)
			return (refuse(src, "a key %s component \"%s\"",
			    part->before[1] == 'l' ? "cannot begin with a" :
			    "cannot have a", part->before));
	}
	return (0);
}

/* Does the template tell any two paths of the patterns apart? */
static int
prove(const struct source *src)
{
	const struct key_template *t = src->t;
	const struct pattern *p;
	size_t i, k, n;

	if (t->has_path)
		return (0);
	if (t->npatterns != 1)
		return (refuse(src, "without {{path}} databases of %s could "
		    "share a key", t->npatterns == 0 ? "no pattern" :
		    "different patterns"));
	p = t->patterns[0];
	n = pattern_nvars(p);
	for (i = 0; i < n; i++) {
		for (k = 0; k < t->nparts; k++)
			if (t->parts[k].kind == TEMPLATE_VAR && pattern_var(p,
			    t->parts[k].name, t->parts[k].name_len) == (int)i)
				break;
		if (k == t->nparts)
			return (refuse(src, "the template does not tell {{%s}} "
			    "apart; two databases would share a key",
			    pattern_var_name(p, i)));
	}
	return (0);
}

static uint32_t
hash_naming(const struct source *src, const char *text)
{
	const struct key_template *t = src->t;
	struct buf b = { 0 };
	uint32_t naming;
	size_t i;

	buf_put(&b, text, strlen(text) + 1);
	if (t->has_host)
		buf_put(&b, src->host, strlen(src->host) + 1);
	for (i = 0; t->has_vars && i < t->npatterns; i++)
		buf_put(&b, pattern_text(t->patterns[i]),
		    strlen(pattern_text(t->patterns[i])) + 1);
	naming = (uint32_t)hash64(b.data, b.len);
	buf_fini(&b);
	return (naming);
}

struct key_template *
key_template_new(const char *text, const struct pattern *const *patterns,
    size_t npatterns, const char *host, struct err *e)
{
	struct key_template *t = mem_zero(sizeof(*t));
	struct source src = { t, host, e };

	t->patterns = mem_resize(NULL, npatterns + 1, sizeof(*t->patterns));
	if (npatterns > 0)
		memcpy(t->patterns, patterns,
		    npatterns * sizeof(*t->patterns));
	t->npatterns = npatterns;
	if (check_host(&src, text) == -1 || read_parts(&src, text) == -1 ||
	    prove(&src) == -1) {
		key_template_free(t);
		return (NULL);
	}
	t->naming = hash_naming(&src, text);
	return (t);
}

void
key_template_free(struct key_template *t)
{
	size_t i;

	if (t == NULL)
		return;
	for (i = 0; i < t->nparts; i++) {
		free(t->parts[i].before);
		free(t->parts[i].after);
		free(t->parts[i].name);
	}
	free(t->parts);
	free(t->patterns);
	free(t);
}

bool
key_template_has_host(const struct key_template *t)
{
	return (t->has_host);
}

uint32_t
key_template_naming(const struct key_template *t)
{
	return (t->naming);
}
