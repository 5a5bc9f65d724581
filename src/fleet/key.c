#include "fleet/key.h"

#include <string.h>

#include "base/clock.h"
#include "base/escape.h"
#include "fleet/template.h"

enum {
	STAMP_LEN = CLOCK_STAMP_BYTES - 1,
	SUFFIX_LEN = sizeof(KEY_SUFFIX) - 1,
	/* What an object's name has behind its key. */
	TAIL_LEN = 1 + STAMP_LEN + SUFFIX_LEN
};

/* Is s[0 .. len-1] made of components, none of them empty, "." or ".."? */
static bool
is_normal(const char *s, size_t len)
{
	const char *end;
	size_t n;

	for (;;) {
		end = memchr(s, '/', len);
		n = end == NULL ? len : (size_t)(end - s);
		if (n == 0 || (n == 1 && s[0] == '.') ||
		    (n == 2 && s[0] == '.' && s[1] == '.'))
			return (false);
		if (end == NULL)
			return (true);
		s = end + 1;
		len -= n + 1;
	}
}

/* Is the first component the store's own? */
static bool
is_reserved(const char *key, size_t len)
{
	size_t n = sizeof(KEY_RESERVED) - 1;

	return (len >= n && memcmp(key, KEY_RESERVED, n) == 0 &&
	    (len == n || key[n] == '/'));
}

/* The pattern that the path belongs to, and its values. */
static const struct pattern *
find_pattern(const struct key_template *t, const char *path,
    struct pattern_value *values)
{
	size_t i;

	for (i = 0; i < t->npatterns; i++)
		if (pattern_match(t->patterns[i], path, values))
			return (t->patterns[i]);
	return (NULL);
}

static void
put_parts(const struct key_template *t, const struct pattern *p,
    const char *path, const struct pattern_value *values, struct buf *key)
{
	const struct template_part *part;
	struct pattern_value v;
	size_t i;
	bool some = false;

	for (i = 0; i < t->nparts; i++) {
		part = &t->parts[i];
		v = (struct pattern_value){ "", 0 };
		if (part->kind == TEMPLATE_PATH)
			v = (struct pattern_value){ path + 1,
			    strlen(path + 1) };
		else if (part->kind == TEMPLATE_VAR)
			v = values[pattern_var(p, part->name, part->name_len)];
		if (part->deep && v.len == 0 && part->before_len == 0 &&
		    part->after_len == 0)
			continue;
		if (some)
			buf_putc(key, '/');
		some = true;
		buf_put(key, part->before, part->before_len);
		escape_put(key, v.p, v.len);
		buf_put(key, part->after, part->after_len);
	}
}

static int
check_lengths(const struct buf *key, const char *path, bool components,
    struct err *e)
{
	const char *s = buf_str(key), *end;

	if (key->len + TAIL_LEN > KEY_OBJECT_MAX) {
		err_set(e, ERR_LIMIT, "%s: the name of its object would have "
		    "%zu bytes, and %d is the most", path,
		    key->len + TAIL_LEN, KEY_OBJECT_MAX);
		return (-1);
	}
	for (; components && s != NULL; s = *end == '/' ? end + 1 : NULL) {
		end = strchrnul(s, '/');
		if (end - s > KEY_COMPONENT_MAX) {
			err_set(e, ERR_LIMIT, "%s: a component of its key "
			    "would have %zu bytes, and %d is the most that a "
			    "directory store can hold", path,
			    (size_t)(end - s), KEY_COMPONENT_MAX);
			return (-1);
		}
	}
	return (0);
}

int
key_render(const struct key_template *t, const char *path, bool components,
    struct buf *key, struct err *e)
{
	struct pattern_value values[PATTERN_VARS_MAX];
	const struct pattern *p = NULL;

	buf_reset(key);
	if (path[0] != '/' || !is_normal(path + 1, strlen(path + 1))) {
		err_set(e, ERR_USAGE, "%s: not an absolute path without empty, "
		    "\".\" and \"..\" components", path);
		return (-1);
	}
	if (t->npatterns > 0 && (p = find_pattern(t, path, values)) == NULL) {
		err_set(e, ERR_USAGE, "%s: no pattern matches it", path);
		return (-1);
	}
	put_parts(t, p, path, values, key);
	if (!is_normal(buf_str(key), key->len)) {
		err_set(e, ERR_USAGE, "%s: its key would have a component that "
		    "is empty, \".\" or \"..\"; --key \"{{path}}\" would do",
		    path);
		return (-1);
	}
	if (is_reserved(buf_str(key), key->len)) {
		err_set(e, ERR_USAGE, "%s: its key would begin with \"%s/\", "
		    "which is the store's own", path, KEY_RESERVED);
		return (-1);
	}
	return (check_lengths(key, path, components, e));
}

static size_t
count_slashes(const char *s)
{
	size_t n = 0;

	while ((s = strchr(s, '/')) != NULL) {
		s++;
		n++;
	}
	return (n);
}

/* How a key divides: how many components {{path}} and "**" have. */
struct layout {
	size_t path;
	size_t deep;
};

static size_t
count_comps(const struct template_part *part, struct layout at)
{
	if (part->kind == TEMPLATE_PATH)
		return (at.path);
	if (!part->deep)
		return (1);
	/* With text around it, "**" that holds nothing is a component too. */
	if (at.deep == 0 && part->before_len + part->after_len > 0)
		return (1);
	return (at.deep);
}

/*
 * Take the part that has "comps" components from the front of *s (NULL at the
 * end) and decode its variable into *value.
 */
static bool
take_part(const struct template_part *part, const char **s, size_t comps,
    struct buf *value)
{
	const char *start = *s, *end;
	size_t len;

	buf_reset(value);
	if (comps == 0)
		return (true);
	for (;;) {
		if (*s == NULL)
			return (false);
		end = strchrnul(*s, '/');
		*s = *end == '/' ? end + 1 : NULL;
		if (--comps == 0)
			break;
	}
	len = (size_t)(end - start);
	if (len < part->before_len ||
	    memcmp(start, part->before, part->before_len) != 0)
		return (false);
	start += part->before_len;
	len -= part->before_len;
	if (len < part->after_len || (part->after_len > 0 &&
	    memcmp(end - part->after_len, part->after, part->after_len) != 0))
		return (false);
	return (escape_undo(value, start, len - part->after_len));
}

/* Read the key with this layout; what comes out may still be no match. */
static bool
read_key(const struct key_template *t, const char *key, struct layout at,
    struct buf *path)
{
	struct buf got[PATTERN_VARS_MAX] = { { 0 } }, b = { 0 };
	struct pattern_value values[PATTERN_VARS_MAX];
	const struct template_part *part;
	size_t i;
	int var;
	bool ok = false;

	buf_reset(path);
	for (i = 0; i < t->nparts; i++) {
		part = &t->parts[i];
		if (!take_part(part, &key, count_comps(part, at), &b))
			goto out;
		if (part->kind == TEMPLATE_PATH) {
			buf_reset(path);
			buf_putc(path, '/');
			buf_put(path, b.data, b.len);
		} else if (part->kind == TEMPLATE_VAR && !t->has_path) {
			var = pattern_var(t->patterns[0], part->name,
			    part->name_len);
			buf_reset(&got[var]);
			buf_put(&got[var], b.data, b.len);
		}
	}
	if (key != NULL)
		goto out;
	for (i = 0; i < PATTERN_VARS_MAX; i++)
		values[i] = (struct pattern_value){ buf_str(&got[i]),
		    got[i].len };
	ok = t->has_path || pattern_build(t->patterns[0], values, path);
out:
	for (i = 0; i < PATTERN_VARS_MAX; i++)
		buf_fini(&got[i]);
	buf_fini(&b);
	return (ok);
}

/* Is "key" what key_render() makes of "path"?  (Not if that holds a NUL.) */
static bool
renders_to(const struct key_template *t, const char *path, const char *key)
{
	struct buf again = { 0 };
	struct err e;
	bool ok;

	ok = key_render(t, path, false, &again, &e) == 0 &&
	    strcmp(buf_str(&again), key) == 0;
	buf_fini(&again);
	return (ok);
}

int
key_invert(const struct key_template *t, const char *key, struct buf *path)
{
	struct layout at;
	size_t fixed = 0, have, want, i, x;
	bool deep, grows = t->has_path;

	buf_reset(path);
	if (strlen(key) + TAIL_LEN > KEY_OBJECT_MAX)
		return (-1);
	deep = t->npatterns == 1 && pattern_doublestar(t->patterns[0]) != -1;
	if (deep) {
		grows = true;
		fixed = count_slashes(pattern_text(t->patterns[0])) - 1;
	}
	have = count_slashes(key) + 1;
	/* At most two of these layouts have as many components as the key. */
	for (x = 0; x <= have; x++) {
		at.path = fixed + x;
		at.deep = deep ? x : 0;
		for (want = i = 0; i < t->nparts; i++)
			want += count_comps(&t->parts[i], at);
		if (want == have && read_key(t, key, at, path) &&
		    renders_to(t, buf_str(path), key))
			return (0);
		if (!grows)
			break;
	}
	buf_reset(path);
	return (-1);
}

/* The key of the one path that a pattern without wildcards matches. */
static bool
render_only(const struct key_template *t, const struct pattern *which,
    struct buf *key)
{
	const char *literal = pattern_literal(which), *name;
	struct buf path = { 0 };
	struct err e;
	bool ok;

	name = pattern_only(which, pattern_start(which));
	if (pattern_nvars(which) > 0 || name == NULL)
		return (false);
	buf_printf(&path, "%s/%s", literal[1] == '\0' ? "" : literal, name);
	ok = key_render(t, buf_str(&path), false, key, &e) == 0;
	buf_fini(&path);
	return (ok);
}

/* Append the directories, encoded, that all paths of "which" lie in.  What
 * ends in "**" matches its literal itself, whose name goes on in the key. */
static void
put_literal(const struct template_part *part, const struct pattern *which,
    struct buf *prefix)
{
	const char *literal = pattern_literal(which) + 1;
	size_t len = strlen(literal);

	if (part->after_len > 0 && pattern_match(which, literal - 1, NULL))
		while (len > 0 && literal[len - 1] != '/')
			len--;
	if (len > 0 && literal[len - 1] == '/')
		len--;
	if (len == 0)
		return;
	buf_put(prefix, part->before, part->before_len);
	escape_put(prefix, literal, len);
	buf_putc(prefix, '/');
}

void
key_prefix(const struct key_template *t, const struct pattern *which,
    struct buf *prefix)
{
	const struct template_part *part;
	size_t i;

	if (render_only(t, which, prefix)) {
		buf_putc(prefix, '/');
		return;
	}
	buf_reset(prefix);
	for (i = 0; i < t->nparts; i++) {
		part = &t->parts[i];
		if (part->kind == TEMPLATE_PATH)
			put_literal(part, which, prefix);
		if (part->kind != TEMPLATE_TEXT)
			return;
		buf_put(prefix, part->before, part->before_len);
		buf_putc(prefix, '/');
	}
}

void
key_object(struct buf *b, const char *key, int64_t ms)
{
	char stamp[CLOCK_STAMP_BYTES];

	clock_stamp(ms, stamp);
	buf_printf(b, "%s/%s%s", key, stamp, KEY_SUFFIX);
}

size_t
key_object_parse(const char *name, int64_t *ms)
{
	size_t len = strlen(name), n;

	if (len <= TAIL_LEN || len > KEY_OBJECT_MAX)
		return (0);
	n = len - TAIL_LEN;
	if (name[n] != '/' ||
	    strcmp(name + n + 1 + STAMP_LEN, KEY_SUFFIX) != 0 ||
	    !is_normal(name, n) || is_reserved(name, n) ||
	    !escape_is(name, n) ||
	    !clock_stamp_parse(name + n + 1, STAMP_LEN, ms))
		return (0);
	return (n);
}
