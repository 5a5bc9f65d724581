#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "net/xml.h"
#include "unit/suite.h"

static struct xml *
parse(const char *s)
{
	struct err e;
	struct xml *x = xml_parse(s, strlen(s), &e);

	ck_assert_msg(x != NULL, "%s", e.msg);
	return (x);
}

static void
check_item(const struct xml *x, size_t i, const char *path, const char *text,
    unsigned end)
{
	ck_assert_uint_lt(i, xml_nitems(x));
	ck_assert_str_eq(xml_item(x, i)->path, path);
	ck_assert_str_eq(xml_item(x, i)->text, text);
	ck_assert_uint_eq(xml_item(x, i)->end, end);
}

START_TEST(a_listing_is_a_list_of_its_texts)
{
	struct xml *x = parse("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/\">\n"
	    "  <Name>b</Name><Prefix/>\n"
	    "  <Contents><Key>a</Key><Size>1</Size></Contents>\n"
	    "  <Contents><Key>b</Key><Size>22</Size></Contents>\n"
	    "  <CommonPrefixes><Prefix>c/</Prefix></CommonPrefixes>\n"
	    "</ListBucketResult>\n");

	ck_assert_uint_eq(xml_nitems(x), 11);
	check_item(x, 0, "ListBucketResult/Name", "b", 0);
	check_item(x, 1, "ListBucketResult/Prefix", "", 0);
	check_item(x, 2, "ListBucketResult/Contents/Key", "a", 0);
	check_item(x, 3, "ListBucketResult/Contents/Size", "1", 0);
	check_item(x, 4, "ListBucketResult/Contents", "", 1);
	check_item(x, 5, "ListBucketResult/Contents/Key", "b", 0);
	check_item(x, 6, "ListBucketResult/Contents/Size", "22", 0);
	check_item(x, 7, "ListBucketResult/Contents", "", 1);
	check_item(x, 8, "ListBucketResult/CommonPrefixes/Prefix", "c/", 0);
	check_item(x, 9, "ListBucketResult/CommonPrefixes", "", 1);
	check_item(x, 10, "ListBucketResult", "", 1);
	ck_assert_ptr_null(xml_item(x, 11));
	ck_assert_str_eq(xml_text(x, "ListBucketResult/Contents/Size"), "1");
	ck_assert_ptr_null(xml_text(x, "ListBucketResult/Content"));
	ck_assert_ptr_null(xml_text(x, "Contents/Key"));
	xml_free(x);
	xml_free(NULL);
}
END_TEST

static const struct {
	const char *document;
	const char *text;	/* of "a/b" */
} texts[] = {
	{ "<a><b>&lt;&amp;&gt;&quot;&apos;</b></a>", "<&>\"'" },
	{ "<a><b>&#228;&#x20AC;&#x1F600;</b></a>",
	    "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" },
	{ "<a><b><![CDATA[<x>&amp;]]></b></a>", "<x>&amp;" },
	{ "<a><b> x\n\ty </b></a>", " x\n\ty " },
	{ "<a>lost<b>kept</b>lost</a>", "kept" },
	{ "<a><b>one<!-- two -->three<?four?></b></a>", "onethree" },
	{ "<n:a xmlns:n='u'><m:b xmlns:m='v' c='d'>x</m:b></n:a>", "x" },
	{ "<?xml version='1.0' encoding='ISO-8859-1'?><a><b>\xe4</b></a>",
	    "\xc3\xa4" },
	{ "<a><b></b><b>second</b></a>", "" },
};

START_TEST(texts_are_what_stands_between_the_tags)
{
	struct xml *x = parse(texts[_i].document);

	ck_assert_str_eq(xml_text(x, "a/b"), texts[_i].text);
	xml_free(x);
}
END_TEST

static const struct {
	const char *document, *why;
} refused[] = {
	{ "", "no element found" },
	{ "not XML", "syntax error" },
	{ "<a><b></a></b>", "mismatched tag" },
	{ "<a>", "no element found" },
	{ "<a/><b/>", "junk after document element" },
	{ "<a>\xff</a>", "not well-formed" },
	{ "<a>&#0;</a>", "reference to invalid character" },
	{ "<a>&x;</a>", "undefined entity" },
	{ "<!DOCTYPE a><a/>", "it declares a document type" },
	{ "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
	    "it declares a document type" },
	{ "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
	    "it declares a document type" },
	{ "<1><1></1></1>", "not well-formed" },
};

START_TEST(what_is_no_plain_document_is_refused)
{
	struct err e;

	ck_assert_ptr_null(xml_parse(refused[_i].document,
	    strlen(refused[_i].document), &e));
	ck_assert_int_eq(e.cls, ERR_NETWORK);
	ck_assert_msg(strncmp(e.msg, "XML that cannot be read: line 1: ",
	    33) == 0 && strstr(e.msg, refused[_i].why) != NULL, "%s", e.msg);
}
END_TEST

/* <a><a>...</a></a>, n deep. */
static struct xml *
nested(size_t n, struct err *e)
{
	struct buf b = { 0 };
	struct xml *x;
	size_t i;

	for (i = 0; i < n; i++)
		buf_puts(&b, "<a>");
	buf_puts(&b, "deep");
	for (i = 0; i < n; i++)
		buf_puts(&b, "</a>");
	x = xml_parse(b.data, b.len, e);
	buf_fini(&b);
	return (x);
}

START_TEST(nesting_has_a_bound)
{
	struct err e;
	struct xml *x = nested(XML_MAX_DEPTH, &e);

	ck_assert_ptr_nonnull(x);
	ck_assert_str_eq(xml_item(x, 0)->text, "deep");
	ck_assert_uint_eq(xml_nitems(x), XML_MAX_DEPTH);
	xml_free(x);
	ck_assert_ptr_null(nested(XML_MAX_DEPTH + 1, &e));
	ck_assert_ptr_nonnull(strstr(e.msg, "nested too deeply"));
	ck_assert_ptr_null(nested(100000, &e));
}
END_TEST

START_TEST(size_has_a_bound)
{
	struct buf b = { 0 };
	struct err e;
	struct xml *x;
	size_t n = XML_MAX_BYTES - 7;

	buf_puts(&b, "<a>");
	memset(buf_room(&b, n), 'x', n);
	b.len += n;
	buf_puts(&b, "</a>");
	ck_assert_ptr_nonnull(x = xml_parse(b.data, b.len, &e));
	ck_assert_uint_eq(strlen(xml_text(x, "a")), n);
	xml_free(x);
	buf_putc(&b, '\n');
	ck_assert_ptr_null(xml_parse(b.data, b.len, &e));
	ck_assert_int_eq(e.cls, ERR_NETWORK);
	buf_fini(&b);
}
END_TEST

START_TEST(names_and_their_kinds_have_bounds)
{
	struct buf b = { 0 };
	struct err e;
	int i;

	buf_puts(&b, "<");
	for (i = 0; i < 1023; i++)
		buf_putc(&b, 'n');
	buf_puts(&b, "/>");
	ck_assert_ptr_null(xml_parse(b.data, b.len, &e));
	ck_assert_ptr_nonnull(strstr(e.msg, "too long"));
	buf_reset(&b);
	buf_puts(&b, "<a>");
	for (i = 0; i < 300; i++)
		buf_printf(&b, "<n%d/>", i);
	buf_puts(&b, "</a>");
	ck_assert_ptr_null(xml_parse(b.data, b.len, &e));
	ck_assert_ptr_nonnull(strstr(e.msg, "too many kinds"));
	buf_fini(&b);
}
END_TEST

/* The path of the second is as long as there is room; a third has none. */
START_TEST(names_within_names_have_a_bound)
{
	static const int lens[] = { 500, 522, 3000 };
	struct buf b = { 0 };
	struct err e;
	size_t i;
	int k;

	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		buf_puts(&b, "<");
		for (k = 0; k < lens[i]; k++)
			buf_putc(&b, 'n');
		buf_puts(&b, ">");
	}
	ck_assert_ptr_null(xml_parse(b.data, b.len, &e));
	ck_assert_ptr_nonnull(strstr(e.msg, "too long"));
	buf_fini(&b);
}
END_TEST

START_TEST(a_full_page_of_a_listing_is_read)
{
	struct buf b = { 0 };
	struct xml *x;
	char key[32];
	size_t i, n = 0;

	buf_puts(&b, "<L>");
	for (i = 0; i < 1000; i++)
		buf_printf(&b, "<C><K>key-%zu</K><S>%zu</S></C>", i, i);
	buf_puts(&b, "</L>");
	x = parse(buf_str(&b));
	ck_assert_uint_eq(xml_nitems(x), 3001);
	for (i = 0; i < xml_nitems(x); i++) {
		if (strcmp(xml_item(x, i)->path, "L/C/K") != 0)
			continue;
		(void)snprintf(key, sizeof(key), "key-%zu", n++);
		ck_assert_str_eq(xml_item(x, i)->text, key);
	}
	ck_assert_uint_eq(n, 1000);
	xml_free(x);
	buf_fini(&b);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("xml");

	tcase_add_test(tc, a_listing_is_a_list_of_its_texts);
	tcase_add_loop_test(tc, texts_are_what_stands_between_the_tags, 0,
	    LENGTH(texts));
	tcase_add_loop_test(tc, what_is_no_plain_document_is_refused, 0,
	    LENGTH(refused));
	tcase_add_test(tc, nesting_has_a_bound);
	tcase_add_test(tc, size_has_a_bound);
	tcase_add_test(tc, names_and_their_kinds_have_bounds);
	tcase_add_test(tc, names_within_names_have_a_bound);
	tcase_add_test(tc, a_full_page_of_a_listing_is_read);
	return (run_suite(tc));
}
