/*
 * fuzz_pattern -- any pattern against any path.  Input: pattern, NUL, path,
 * and from another NUL on values to build from, separated by NULs.  What
 * fnmatch(3) means by the same pattern is asked, too.
 */
#include <fnmatch.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "fleet/pattern.h"
#include "fuzz/driver.h"

/* The normal text of a pattern is the same pattern. */
static void
try_text(const struct pattern *p)
{
	struct err e = { 0 };
	struct pattern *again = pattern_new(pattern_text(p), &e);

	must(again != NULL);
	must(strcmp(pattern_text(again), pattern_text(p)) == 0);
	must(strcmp(pattern_literal(again), pattern_literal(p)) == 0);
	must(pattern_nvars(again) == pattern_nvars(p));
	pattern_free(again);
}

static bool
within(const struct pattern_value *v, const char *path)
{
	size_t len = strlen(path);

	return (v->len == 0 || (v->p >= path && v->p < path + len &&
	    v->len <= (size_t)(path + len - v->p)));
}

/* What matches is built again, and a walk gets there. */
static void
try_match(const struct pattern *p, const char *path)
{
	struct pattern_value v[PATTERN_VARS_MAX];
	struct buf b = { 0 };
	size_t i;
	bool ok = pattern_match(p, path, v);

	must(ok == pattern_match(p, path, NULL));
	if (ok) {
		for (i = 0; i < pattern_nvars(p); i++)
			must(within(&v[i], path));
		must(pattern_build(p, v, &b));
		must(strcmp(buf_str(&b), path) == 0);
	}
	buf_fini(&b);
}

/* What is built matches with exactly these values. */
static void
try_build(const struct pattern *p, const char *s, const char *end)
{
	struct pattern_value v[PATTERN_VARS_MAX], got[PATTERN_VARS_MAX];
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < pattern_nvars(p); i++) {
		v[i].p = s;
		v[i].len = strnlen(s, (size_t)(end - s));
		s += v[i].len;
		s += s < end;
	}
	if (pattern_build(p, v, &b)) {
		must(pattern_match(p, buf_str(&b), got));
		for (i = 0; i < pattern_nvars(p); i++)
			must(v[i].len == got[i].len &&
			    memcmp(v[i].p, got[i].p, v[i].len) == 0);
	} else
		must(b.len == 0);
	buf_fini(&b);
}

static void
try_walk(const struct pattern *p, const char *path)
{
	struct pattern_pos pos = pattern_start(p);
	const char *end, *lit = pattern_literal(p), *only;
	size_t n = strcmp(lit, "/") == 0 ? 0 : strlen(lit);
	bool match = pattern_match(p, path, NULL), ok;
	char *name;

	if (strncmp(path, lit, n) != 0 || path[n] != '/') {
		must(!match || strcmp(path, lit) == 0);
		return;
	}
	for (path += n + 1;; path = end + 1) {
		end = strchrnul(path, '/');
		name = strndup(path, (size_t)(end - path));
		only = pattern_only(p, pos);
		if (*end == '\0')
			break;
		ok = pattern_dir(p, pos, name, &pos);
		must(only == NULL || !ok || strcmp(only, name) == 0);
		free(name);
		if (!ok) {
			must(!match);
			return;
		}
	}
	ok = pattern_file(p, pos, name);
	must(only == NULL || !ok || strcmp(only, name) == 0);
	must(ok || !match);
	must(match || !ok || pattern_needs_match(p, pos));
	free(name);
}

/*
 * Where both mean the same: no "**", names, braces, no byte that begins a
 * class or an equivalence in fnmatch(3), no character of several bytes.
 */
static bool
is_common(const char *text)
{
	const char *p;

	if (strstr(text, "**") != NULL || strpbrk(text, "{}") != NULL)
		return (false);
	for (p = strchr(text, '['); p != NULL; p = strchr(p + 1, '['))
		if (strchr(":.=", p[1]) != NULL)
			return (false);
	for (; (unsigned char)*text >= ' ' && *text <= '~'; text++)
		continue;
	return (*text == '\0');
}

static void
try_fnmatch(const struct pattern *p, const char *path)
{
	char name[64];

	/* What is not normal matches nothing here. */
	if (path[0] != '/' || strstr(path, "//") != NULL ||
	    strstr(path, "/./") != NULL || strstr(path, "/../") != NULL)
		return;
	(void)snprintf(name, sizeof(name), "%s", strrchr(path, '/') + 1);
	if (*name == '\0' || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0 || strlen(path) > NAME_MAX ||
	    !is_common(pattern_text(p)))
		return;
	must(pattern_match(p, path, NULL) == (fnmatch(pattern_text(p), path,
	    FNM_PATHNAME | FNM_PERIOD) == 0));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *in = malloc(size + 2);
	const char *path, *values, *end = in + size;
	struct err e = { 0 };
	struct pattern *p;

	memcpy(in, data, size);
	in[size] = in[size + 1] = '\0';
	path = in + strlen(in);
	path += path < end;
	values = path + strlen(path);
	values += values < end;
	if ((p = pattern_new(in, &e)) == NULL)
		must(e.cls == ERR_USAGE && e.msg[0] != '\0');
	else {
		try_text(p);
		try_match(p, path);
		try_fnmatch(p, path);
		try_build(p, values, end);
		try_walk(p, path);
	}
	pattern_free(p);
	free(in);
	return (0);
}
