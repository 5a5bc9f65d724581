/*
 * The percent-encoding of keys: every byte string has one encoding, which is
 * text without controls, and nothing else decodes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/utf8.h"
#include "unit/chance.h"
#include "unit/suite.h"

static const struct {
	const char *raw;
	size_t len;
	const char *encoded;
} pairs[] = {
	{ "", 0, "" },
	{ "data/t 1.db", 11, "data/t 1.db" },
	{ "%", 1, "%25" },
	{ "%41", 3, "%2541" },
	{ "\0", 1, "%00" },
	{ "\t\n\x1f\x7f", 4, "%09%0A%1F%7F" },
	{ " !\"#$&'()*+,:;<=>?@[\\]^`{|}~", 28,
	    " !\"#$&'()*+,:;<=>?@[\\]^`{|}~" },
	{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9,
	    "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" },
	{ "\xc2\x80\xc2\x9f\xc2\xa0", 6, "%C2%80%C2%9F\xc2\xa0" },
	{ "\xff\xfe", 2, "%FF%FE" },
	{ "\xc3", 1, "%C3" },
	{ "\xc3" "a\xa4", 3, "%C3a%A4" },
	{ "\xe2\x82x", 3, "%E2%82x" },
	{ "\xed\xa0\x80", 3, "%ED%A0%80" },
	{ "\xc0\xaf", 2, "%C0%AF" },
};

START_TEST(bytes_have_the_encoding_of_the_table_and_come_back)
{
	struct buf b = { 0 };
	size_t n = strlen(pairs[_i].encoded);

	buf_puts(&b, "before");
	escape_put(&b, pairs[_i].raw, pairs[_i].len);
	ck_assert_uint_eq(b.len, 6 + n);
	ck_assert_mem_eq(b.data + 6, pairs[_i].encoded, n);
	buf_reset(&b);
	buf_puts(&b, "before");
	ck_assert(escape_undo(&b, pairs[_i].encoded, n));
	ck_assert(escape_is(pairs[_i].encoded, n));
	ck_assert_uint_eq(b.len, 6 + pairs[_i].len);
	ck_assert_mem_eq(b.data + 6, pairs[_i].raw, pairs[_i].len);
	buf_fini(&b);
}
END_TEST

static const char *const wrong[] = {
	"%", "a%", "%2", "%2g", "%g5", "%%", "%%25",
	"%0a",		/* lower case */
	"%c3%28",
	"%41",		/* without need */
	"%2F", "%20", "x%7E",
	"%C3%A4",	/* well-formed together */
	"%E2%82%AC", "%E2\x82\xac",
	"\xff",		/* in need of it */
	"a\n", "\xc2\x85", "\xc3", "\xc3%A4",
};

START_TEST(what_is_no_encoding_does_not_decode)
{
	struct buf b = { 0 };

	ck_assert(!escape_undo(&b, wrong[_i], strlen(wrong[_i])));
	ck_assert(!escape_is(wrong[_i], strlen(wrong[_i])));
	buf_fini(&b);
}
END_TEST

/* Bytes among which sequences, halves of them and escapes come about. */
static size_t
make(char *s, size_t max)
{
	static const char some[] = "%2541CFaf/.\xc3\xa4\xc2\x80\xe2\x82\xac"
	    "\xf0\x9f\x98\xed\xa0\xff\n\x7f";
	size_t i, n = below(max);

	for (i = 0; i < n; i++)
		s[i] = below(10) == 0 ? (char)below(256) :
		    some[below(sizeof(some))];
	return (n);
}

START_TEST(any_bytes_come_back_from_text_without_controls)
{
	struct buf text = { 0 }, back = { 0 };
	size_t i, k, n, step;
	char s[40];

	for (k = 0; k < 50000; k++) {
		n = make(s, sizeof(s));
		buf_reset(&text);
		buf_reset(&back);
		escape_put(&text, s, n);
		for (i = 0; i < text.len; i += step) {
			step = utf8_step(text.data + i, text.len - i);
			if (step == 0 ||
			    utf8_is_control(text.data + i, step))
				ck_abort_msg("no text: %s", buf_str(&text));
		}
		ck_assert(escape_undo(&back, buf_str(&text), text.len));
		ck_assert_uint_eq(back.len, n);
		ck_assert(n == 0 || memcmp(back.data, s, n) == 0);
	}
	buf_fini(&text);
	buf_fini(&back);
}
END_TEST

START_TEST(whatever_decodes_is_the_encoding_of_what_comes_out)
{
	struct buf text = { 0 }, back = { 0 };
	size_t k, n, decoded = 0;
	char s[6];

	for (k = 0; k < 100000; k++) {
		n = make(s, sizeof(s));
		buf_reset(&text);
		buf_reset(&back);
		if (!escape_undo(&back, s, n)) {
			ck_assert(!escape_is(s, n));
			continue;
		}
		ck_assert(escape_is(s, n));
		decoded++;
		escape_put(&text, buf_str(&back), back.len);
		ck_assert_uint_eq(text.len, n);
		ck_assert(n == 0 || memcmp(text.data, s, n) == 0);
	}
	ck_assert_uint_gt(decoded, 1000);
	buf_fini(&text);
	buf_fini(&back);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("escape");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc,
	    bytes_have_the_encoding_of_the_table_and_come_back, 0,
	    LENGTH(pairs));
	tcase_add_loop_test(tc, what_is_no_encoding_does_not_decode, 0,
	    LENGTH(wrong));
	tcase_add_test(tc, any_bytes_come_back_from_text_without_controls);
	tcase_add_test(tc,
	    whatever_decodes_is_the_encoding_of_what_comes_out);
	return (run_suite(tc));
}
