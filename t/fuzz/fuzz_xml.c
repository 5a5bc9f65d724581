/*
 * Any bytes as an answer of S3: refused, or a list of texts that are all
 * there, within the bounds, and end with the root.
 */
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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = { 0 };
	struct xml *x = xml_parse(data, size, &e);

	if (x == NULL) {
		if (e.cls != ERR_NETWORK || e.msg[0] == '\0')
			abort();
		return (0);
	}
	look(x);
	xml_free(x);
	return (0);
}
