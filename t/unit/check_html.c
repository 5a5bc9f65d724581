/* Foreign text within a page. */
#include "serve/html.h"
#include "unit/suite.h"

static const struct {
	const char *s, *text, *path;	/* NULL: as the text */
} rows[] = {
	{ "", "", NULL },
	{ "/a/b.db", "/a/b.db", NULL },
	{ "<script>", "&lt;script&gt;", NULL },
	{ "\"'&", "&quot;&#39;&amp;", NULL },
	{ "&lt;", "&amp;lt;", NULL },
	{ "100 %", "100 %", "100 %25" },
	{ "a\nb\tc\x1b\x7f", "a%0Ab%09c%1B%7F", NULL },
	{ "\xc2\x85", "%C2%85", NULL },
	{ "\xc3\xa9", "\xc3\xa9", NULL },
	{ "\xf0\x9f\x90\x98", "\xf0\x9f\x90\x98", NULL },
	{ "\xff" "a\xc3", "%FFa%C3", NULL },
	{ "\xc3<", "%C3&lt;", NULL },
	{ "\xed\xa0\x80", "%ED%A0%80", NULL },
	{ "\xe2\x80\xae" "gnp", "%E2%80%AEgnp", NULL },
	{ "\xe2\x81\xa6\xd8\x9c\xe2\x80\x8f", "%E2%81%A6%D8%9C%E2%80%8F",
	    NULL },
	{ "\xe2\x80\xa6", "\xe2\x80\xa6", NULL },	/* an ellipsis */
};

START_TEST(nothing_in_a_text_is_markup)
{
	struct buf b = { 0 };

	html_text(&b, rows[_i].s);
	ck_assert_str_eq(buf_str(&b), rows[_i].text);
	buf_reset(&b);
	html_path(&b, rows[_i].s);
	ck_assert_str_eq(buf_str(&b), rows[_i].path != NULL ? rows[_i].path :
	    rows[_i].text);
	buf_fini(&b);
}
END_TEST

START_TEST(numbers_are_written_for_people)
{
	struct buf b = { 0 };

	html_count(&b, 0);
	buf_putc(&b, ' ');
	html_count(&b, 999);
	buf_putc(&b, ' ');
	html_count(&b, 1000);
	buf_putc(&b, ' ');
	html_count(&b, UINT64_MAX);
	buf_putc(&b, ' ');
	html_bytes(&b, 1234);
	buf_putc(&b, ' ');
	html_duration(&b, 30000);
	buf_putc(&b, ' ');
	html_duration(&b, 1500);
	buf_putc(&b, ' ');
	html_duration(&b, 200000);
	ck_assert_str_eq(buf_str(&b), "0 999 1,000 18,446,744,073,709,551,615"
	    " 1.2 kB 30s 1.5s 3m20s");
	buf_fini(&b);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("html");

	tcase_add_loop_test(tc, nothing_in_a_text_is_markup, 0,
	    LENGTH(rows));
	tcase_add_test(tc, numbers_are_written_for_people);
	return (run_suite(tc));
}
