/*
 * fuzz_profile -- any bytes as a shared file: refused for a line that is
 * wrong, while those before it are not; or read as settings that are the same
 * when they are written again, with other ends of lines, and with more behind.
 * Input: the text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "fuzz/driver.h"
#include "net/profile.h"

#define LENGTH(a)	(sizeof(a) / sizeof((a)[0]))

/* What is asked for. */
static const char *const sections[] = { "default", "x", "profile x",
    "profile x y", "services y" };
static const char *const names[] = { "aws_access_key_id",
    "aws_secret_access_key", "region", "s3", "s3.endpoint_url",
    "endpoint_url", "u", "k" };

static int
read_text(struct profile *p, const struct buf *b, struct err *e)
{
	memset(e, 0, sizeof(*e));
	return (profile_parse(p, buf_str(b), b->len, "f", e));
}

static void
must_say(const struct profile *p, const char *section, const char *name,
    const char *want)
{
	const char *s = profile_get(p, section, name);

	must(s != NULL && strcmp(s, want) == 0);
}

/* A value is what stood on a line, without what is around it. */
static void
must_be_trimmed(const char *s, const uint8_t *text, size_t n)
{
	size_t len = strlen(s), i;

	if (len == 0)
		return;
	must(memmem(text, n, s, len) != NULL && strchr(s, '\n') == NULL);
	must(strchr(" \t\r", s[0]) == NULL && strchr(" \t\r", s[len - 1]) ==
	    NULL);
	for (i = 1; i < len; i++)
		must((s[i] != '#' && s[i] != ';') || strchr(" \t\r",
		    s[i - 1]) == NULL);
}

static void
must_be_the_same(const struct profile *p, const struct profile *q)
{
	const char *s, *t;
	size_t i, k;

	for (i = 0; i < LENGTH(sections); i++) {
		must(profile_has(p, sections[i]) == profile_has(q,
		    sections[i]));
		for (k = 0; k < LENGTH(names); k++) {
			s = profile_get(p, sections[i], names[k]);
			t = profile_get(q, sections[i], names[k]);
			must((s == NULL) == (t == NULL) &&
			    (s == NULL || strcmp(s, t) == 0));
			must(s == NULL || profile_has(p, sections[i]));
		}
	}
}

/* All that is asked for, as plainly as it can be said. */
static void
write_again(const struct profile *p, struct buf *b)
{
	const char *s, *dot;
	size_t i, k;

	for (i = 0; i < LENGTH(sections); i++) {
		if (!profile_has(p, sections[i]))
			continue;
		buf_printf(b, "[%s]\n", sections[i]);
		for (k = 0; k < LENGTH(names); k++) {
			if ((s = profile_get(p, sections[i], names[k])) == NULL)
				continue;
			if ((dot = strchr(names[k], '.')) == NULL)
				buf_printf(b, "%s=%s\n", names[k], s);
			else
				buf_printf(b, "%.*s=\n %s=%s\n",
				    (int)(dot - names[k]), names[k], dot + 1,
				    s);
		}
	}
}

/* The text, with this for each end of a line. */
static void
put_lines(struct buf *b, const uint8_t *p, size_t n, const char *end)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (p[i] == '\n')
			buf_puts(b, end);
		else
			buf_putc(b, (char)p[i]);
}

/* Where line "n" ends; 0 is the beginning. */
static size_t
end_of_line(const uint8_t *p, size_t size, size_t n)
{
	const uint8_t *end = p;

	for (; n > 0; n--) {
		end = memchr(end, '\n', size - (size_t)(end - p));
		if (end == NULL)
			return (size);
		end++;
	}
	return ((size_t)(end - p));
}

static void
refused(const uint8_t *data, size_t size, const struct err *e)
{
	struct profile *p = profile_new(), *q = profile_new();
	struct buf b = { 0 };
	struct err why;
	size_t n = 0;

	must(e->cls == ERR_CONFIG);
	must(sscanf(e->msg, "f: line %zu is no section", &n) == 1 && n > 0);
	if (n > 1)
		buf_put(&b, data, end_of_line(data, size, n - 1));
	must(b.len < size && read_text(p, &b, &why) == 0);
	buf_reset(&b);
	buf_put(&b, data, end_of_line(data, size, n));
	must(read_text(q, &b, &why) == -1 && strcmp(why.msg, e->msg) == 0);
	buf_fini(&b);
	profile_free(p);
	profile_free(q);
}

static void
accepted(const uint8_t *data, size_t size, const struct profile *p)
{
	struct profile *again = profile_new(), *other = profile_new(),
	    *more = profile_new();
	struct buf b = { 0 };
	struct err e;
	const char *s;
	size_t i, k;

	for (i = 0; i < LENGTH(sections); i++)
		for (k = 0; k < LENGTH(names); k++)
			if ((s = profile_get(p, sections[i], names[k])) !=
			    NULL)
				must_be_trimmed(s, data, size);
	write_again(p, &b);
	must(read_text(again, &b, &e) == 0);
	for (i = 0; i < LENGTH(sections); i++)
		for (k = 0; k < LENGTH(names); k++) {
			/* To write the one below it, it was given no value. */
			if (strcmp(names[k], "s3") == 0)
				continue;
			s = profile_get(p, sections[i], names[k]);
			if (s != NULL)
				must_say(again, sections[i], names[k], s);
		}
	buf_reset(&b);
	put_lines(&b, data, size, "\r\n");
	must(read_text(other, &b, &e) == 0);
	must_be_the_same(p, other);
	buf_reset(&b);
	put_lines(&b, data, size, "\n");
	buf_puts(&b, "\n [ more ] # k = w\nk=1\n one=2\nK =  v w\t; x\n"
	    "up=\n Two = 3");
	must(read_text(more, &b, &e) == 0);
	must_be_the_same(p, more);
	must_say(more, "more", "k", "v w");
	must_say(more, "more", "one", "2");
	must_say(more, "more", "up.two", "3");
	buf_fini(&b);
	profile_free(again);
	profile_free(other);
	profile_free(more);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct profile *p = profile_new();
	struct err e = { 0 };

	if (profile_parse(p, (const char *)data, size, "f", &e) == -1)
		refused(data, size, &e);
	else
		accepted(data, size, p);
	profile_free(p);
	return (0);
}
