/*
 * fuzz_key -- any template over any patterns.  Input: template, host, two
 * patterns (empty: none), a path, a key; separated by NULs.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "fleet/key.h"
#include "fleet/pattern.h"
#include "fleet/target.h"
#include "fuzz/driver.h"

enum {
	NFIELDS = 6
};

/* The sentence ends in templates that are accepted. */
static void
try_proposals(const struct err *e, const struct pattern *const *p, size_t n,
    const char *host)
{
	struct key_template *t;
	struct err again = { 0 };
	const char *s, *next, *end;
	char *text;

	must(e->cls == ERR_USAGE);
	for (s = NULL, next = e->msg;
	    (next = strstr(next, "use \"")) != NULL; next++)
		s = next + 4;
	must(s != NULL);
	while (*s == '"') {
		must((end = strchr(s + 1, '"')) != NULL);
		text = strndup(s + 1, (size_t)(end - s - 1));
		must((t = key_template_new(text, p, n, host, &again)) != NULL);
		key_template_free(t);
		free(text);
		s = end + 1 + (strncmp(end + 1, " or ", 4) == 0 ? 4 : 0);
	}
	must(*s == '\0');
}

/* What is listed to find the databases of a pattern holds this one's. */
static void
try_prefix(const struct key_template *t, const struct pattern *which,
    const char *path, const struct buf *key)
{
	struct buf prefix = { 0 }, object = { 0 };

	if (which != NULL && pattern_match(which, path, NULL)) {
		key_prefix(t, which, &prefix);
		buf_printf(&object, "%s/", buf_str(key));
		must(strncmp(buf_str(&object), buf_str(&prefix),
		    prefix.len) == 0);
		must(prefix.len == 0 || prefix.data[prefix.len - 1] == '/');
	}
	buf_fini(&prefix);
	buf_fini(&object);
}

static void
try_path(const struct key_template *t, const struct pattern *which,
    const char *path)
{
	struct buf key = { 0 }, back = { 0 };
	struct err e = { 0 };

	if (key_render(t, path, true, &key, &e) == -1)
		must(e.cls == ERR_USAGE || e.cls == ERR_LIMIT);
	else {
		must(utf8_valid(key.data, key.len));
		must(strlen(buf_str(&key)) == key.len);
		must(key_invert(t, buf_str(&key), &back) == 0);
		must(strcmp(buf_str(&back), path) == 0);
		try_prefix(t, which, path, &key);
	}
	buf_fini(&key);
	buf_fini(&back);
}

static void
try_key(const struct key_template *t, const char *key)
{
	struct buf path = { 0 }, again = { 0 };
	struct err e = { 0 };

	if (key_invert(t, key, &path) == 0) {
		must(path.len == strlen(buf_str(&path)));
		must(key_render(t, buf_str(&path), false, &again, &e) == 0);
		must(strcmp(buf_str(&again), key) == 0);
	}
	buf_fini(&path);
	buf_fini(&again);
}

/* Where a restore puts it: the path again, below the pattern's directory. */
static void
try_target(const struct key_template *t, const struct pattern *which,
    const char *key)
{
	struct target *to = target_by_path(t, which);
	struct buf rel = { 0 }, path = { 0 }, whole = { 0 };
	const char *literal = pattern_literal(which);
	struct err e = { 0 };

	switch (target_of(to, key, &rel, &e)) {
	case 1:
		must(key_invert(t, key, &path) == 0);
		buf_printf(&whole, "%s/%s", literal[1] == '\0' ? "" : literal,
		    buf_str(&rel));
		must(strcmp(buf_str(&whole), buf_str(&path)) == 0);
		break;
	case -1:
		must(e.cls == ERR_DENIED || e.cls == ERR_LIMIT);
		must(e.msg[0] != '\0');
		break;
	}
	buf_fini(&rel);
	buf_fini(&path);
	buf_fini(&whole);
	target_free(to);
}

static void
try_object(const char *name)
{
	struct buf b = { 0 };
	int64_t ms;
	size_t n;
	char *key;

	if ((n = key_object_parse(name, &ms)) > 0) {
		key = strndup(name, n);
		key_object(&b, key, ms);
		must(strcmp(buf_str(&b), name) == 0);
		free(key);
	}
	buf_fini(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *in = malloc(size + 1), *s = in;
	const char *field[NFIELDS];
	struct pattern *p[2] = { NULL, NULL };
	struct key_template *t = NULL;
	struct err e = { 0 };
	size_t i, n = 0;

	memcpy(in, data, size);
	in[size] = '\0';
	for (i = 0; i < NFIELDS; i++) {
		field[i] = s;
		s += strlen(s);
		s += s < in + size;
	}
	for (i = 2; i < 4; i++)
		if (field[i][0] == '/' &&
		    (p[n] = pattern_new(field[i], &e)) != NULL)
			n++;
	t = key_template_new(field[0], (const struct pattern *const *)p, n,
	    field[1], &e);
	if (t == NULL)
		try_proposals(&e, (const struct pattern *const *)p, n,
		    field[1]);
	else {
		try_path(t, p[0], field[4]);
		try_key(t, field[5]);
		try_key(t, field[4] + (field[4][0] == '/'));
		for (i = 0; i < n; i++) {
			try_target(t, p[i], field[5]);
			try_target(t, p[i], field[4] + (field[4][0] == '/'));
		}
	}
	try_object(field[5]);
	key_template_free(t);
	pattern_free(p[0]);
	pattern_free(p[1]);
	free(in);
	return (0);
}
