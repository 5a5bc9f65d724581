/*
 * Any bytes as an answer of S3: refused, or a list of texts that are all
 * there, within the bounds, and end with the root; the same in pieces of any
 * size, but for tags that are too long.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/driver.h"
#include "net/xml.h"

static void
look(const struct xml *x)
{
	const struct xml_item *it;
	size_t i, n = xml_nitems(x), depth;
	const char *p;

	if (n == 0 || strchr(xml_item(x, n - 1)->path, '/') != NULL)
		abort();
	for (i = 0; i < n; i++) {
		it = xml_item(x, i);
		for (depth = 1, p = it->path; *p != '\0'; p++)
			depth += *p == '/';
		if (depth > XML_MAX_DEPTH || p == it->path)
			abort();
		if (it->end > 1 || (it->end == 1 && it->text[0] != '\0') ||
		    strlen(it->text) > XML_MAX_BYTES)
			abort();
		if (xml_text(x, it->path) == NULL)
			abort();
		if (i > 64)
			break;
	}
}

static void
must_be_the_same(const struct xml *x, const struct xml *y)
{
	const struct xml_item *a, *b;
	size_t i;

	must((x == NULL) == (y == NULL));
	if (x == NULL)
		return;
	must(xml_nitems(x) == xml_nitems(y));
	for (i = 0; i < xml_nitems(x); i++) {
		a = xml_item(x, i);
		b = xml_item(y, i);
		must(a->end == b->end && strcmp(a->path, b->path) == 0 &&
		    strcmp(a->text, b->text) == 0);
	}
}

/* So long at least is the first tag, or a comment before it.  0: not known, as
 * in UTF-16. */
static size_t
first_tag(const uint8_t *p, size_t n)
{
	const uint8_t *end;
	size_t i = 0;

	while (i + 1 < n && (p[i] != '<' || p[i + 1] == '?' || p[i + 1] == '!'))
		i++;
	if (i + 1 >= n || !isalpha(p[i + 1]) || memchr(p, '\0', n) != NULL)
		return (0);
	end = memchr(p + i, '>', n - i);
	return (end == NULL ? 0 : (size_t)(end - p) - i);
}

/* In pieces that the size tells: few bytes, or no more than 64 of them, since
 * a tag without an end is looked at again with each. */
static void
cut(const uint8_t *p, size_t n, const struct xml *whole)
{
	struct xml_cfg cfg = { .piece_bytes = 1 + n % 13 + n / 64,
	    .tag_bytes = n };
	struct err e = { 0 };
	struct xml *x = xml_parse_with(p, n, &cfg, &e);

	must_be_the_same(x, whole);
	xml_free(x);
	cfg.tag_bytes = 1 + n / 4;
	if ((x = xml_parse_with(p, n, &cfg, &e)) != NULL) {
		must_be_the_same(x, whole);
		must(first_tag(p, n) <= cfg.tag_bytes + cfg.piece_bytes);
	} else if (whole != NULL)
		must(strstr(e.msg, "a tag without an end") != NULL);
	xml_free(x);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = { 0 };
	struct xml *x = xml_parse(data, size, &e);

	if (x == NULL)
		must(e.cls == ERR_NETWORK && e.msg[0] != '\0');
	else
		look(x);
	cut(data, size, x);
	xml_free(x);
	return (0);
}
