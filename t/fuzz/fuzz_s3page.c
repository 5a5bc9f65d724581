/*
 * fuzz_s3page -- any bytes as a page of a listing, of keys or of unfinished
 * uploads: refused in a sentence, or entries that are whole; and any text is
 * itself again after it went through XML.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fuzz/driver.h"
#include "net/xml.h"
#include "store/s3page.h"

static void
try_page(const uint8_t *p, size_t n)
{
	struct s3_page page = { 0 };
	struct err e = { 0 };
	size_t i;

	if (s3_page_parse(p, n, &page, &e) == -1)
		must(e.cls == ERR_NETWORK && e.msg[0] != '\0');
	else
		must(page.next == NULL || page.next[0] != '\0');
	for (i = 0; i < page.n; i++) {
		must(page.v[i].key != NULL && strlen(page.v[i].key) <= n);
		must(page.v[i].bytes <= INT64_MAX && page.v[i].ms >= 0);
	}
	s3_page_fini(&page);
}

static void
try_uploads(const uint8_t *p, size_t n)
{
	struct s3_uploads all = { 0 };
	struct err e = { 0 };
	size_t i;

	if (s3_uploads_parse(p, n, &all, &e) == -1)
		must(e.cls == ERR_NETWORK && e.msg[0] != '\0');
	for (i = 0; i < all.n; i++)
		must(all.v[i].key != NULL && all.v[i].ms > 0 &&
		    all.v[i].id[0] != '\0' &&
		    strlen(all.v[i].id) <= S3_UPLOAD_ID_BYTES);
	s3_uploads_fini(&all);
}

static void
try_text(const char *text)
{
	struct buf b = { 0 };
	struct err e = { 0 };
	struct xml *x;
	char *key;

	if ((key = s3_key_decode(text)) != NULL)
		must(strlen(key) <= strlen(text));
	free(key);
	if (!s3_xml_can(text))
		return;
	buf_puts(&b, "<a>");
	s3_xml_put(&b, text);
	buf_puts(&b, "</a>");
	must((x = xml_parse(b.data, b.len, &e)) != NULL);
	must(strcmp(xml_text(x, "a"), text) == 0);
	xml_free(x);
	buf_fini(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_strndup((const char *)data, size);

	try_page(data, size);
	try_uploads(data, size);
	try_text(text);
	free(text);
	return (0);
}
