/*
 * Well-formed UTF-8, held against the definition of the encoding itself.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "unit/suite.h"

/* The encoding of code point c; returns its length. */
static size_t
encode(uint32_t c, unsigned char *s)
{
	if (c < 0x80) {
		s[0] = (unsigned char)c;
		return (1);
	}
	if (c < 0x800) {
		s[0] = (unsigned char)(0xc0 | c >> 6);
		s[1] = (unsigned char)(0x80 | (c & 63));
		return (2);
	}
	if (c < 0x10000) {
		s[0] = (unsigned char)(0xe0 | c >> 12);
		s[1] = (unsigned char)(0x80 | (c >> 6 & 63));
		s[2] = (unsigned char)(0x80 | (c & 63));
		return (3);
	}
	s[0] = (unsigned char)(0xf0 | c >> 18);
	s[1] = (unsigned char)(0x80 | (c >> 12 & 63));
	s[2] = (unsigned char)(0x80 | (c >> 6 & 63));
	s[3] = (unsigned char)(0x80 | (c & 63));
	return (4);
}

START_TEST(every_code_point_is_one_step_and_surrogates_are_none)
{
	unsigned char s[5];
	size_t len, i;
	uint32_t c;

	for (c = 0; c < 0x110000; c++) {
		len = encode(c, s);
		s[len] = 'x';
		if (c >= 0xd800 && c < 0xe000) {
			if (utf8_step(s, len + 1) != 0)
				ck_abort_msg("U+%04X", c);
			continue;
		}
		if (utf8_step(s, len) != len || utf8_step(s, len + 1) != len)
			ck_abort_msg("U+%04X", c);
		for (i = 1; i < len; i++)
			if (utf8_step(s, i) != 0)
				ck_abort_msg("U+%04X cut short", c);
		if (utf8_is_control(s, len) !=
		    (c < 0x20 || (c >= 0x7f && c < 0xa0)))
			ck_abort_msg("U+%04X as a control", c);
	}
}
END_TEST

/* All sequences of three bytes: those of the definition, and no others. */
START_TEST(nothing_else_is_well_formed)
{
	unsigned char s[3];
	uint32_t v, n[4] = { 0 };
	size_t len;

	for (v = 0; v < 1 << 24; v++) {
		s[0] = (unsigned char)(v >> 16);
		s[1] = (unsigned char)(v >> 8);
		s[2] = (unsigned char)v;
		len = utf8_step(s, 3);
		if (len > 3)
			ck_abort_msg("%06X", v);
		n[len]++;
	}
	ck_assert_uint_eq(n[1], 0x80 << 16);
	ck_assert_uint_eq(n[2], (0x800 - 0x80) << 8);
	ck_assert_uint_eq(n[3], 0x10000 - 0x800 - 0x800);
}
END_TEST

START_TEST(four_bytes_are_well_formed_up_to_the_last_plane)
{
	unsigned char s[4];
	uint32_t v, n = 0;

	/* First bytes that can begin four, all seconds, edges of the rest. */
	for (v = 0; v < 1 << 16; v++) {
		s[0] = (unsigned char)(0xf0 | (v & 15));
		s[1] = (unsigned char)(v >> 8);
		s[2] = (unsigned char)((v & 0x10) != 0 ? 0x80 : 0x7f);
		s[3] = (unsigned char)((v & 0x20) != 0 ? 0xbf : 0xc0);
		if (utf8_step(s, 4) == 4)
			n++;
		else if (utf8_step(s, 4) != 0)
			ck_abort_msg("%02X%02X%02X%02X", s[0], s[1], s[2],
			    s[3]);
	}
	/* Of f0: 48 seconds, f1 to f3: 64, f4: 16; bits 6 and 7 are free. */
	ck_assert_uint_eq(n, (48 + 3 * 64 + 16) * 4);
}
END_TEST

static const struct {
	const char *s;
	bool valid;
} texts[] = {
	{ "", true },
	{ "plain", true },
	{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", true },
	{ "a\x80", false },
	{ "\xc3", false },
	{ "\xc3\xa4\xe2\x82", false },
	{ "\xc0\xaf", false },
	{ "\xe0\x80\xaf", false },
	{ "\xf0\x80\x80\xaf", false },
	{ "\xed\xa0\x80", false },
	{ "\xf4\x90\x80\x80", false },
	{ "\xf5\x80\x80\x80", false },
	{ "\xff", false },
	{ "ok\xfe", false },
};

START_TEST(a_text_is_valid_only_as_a_whole)
{
	ck_assert_int_eq(utf8_valid((const unsigned char *)texts[_i].s,
	    strlen(texts[_i].s)), texts[_i].valid);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("utf8");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc,
	    every_code_point_is_one_step_and_surrogates_are_none);
	tcase_add_test(tc, nothing_else_is_well_formed);
	tcase_add_test(tc, four_bytes_are_well_formed_up_to_the_last_plane);
	tcase_add_loop_test(tc, a_text_is_valid_only_as_a_whole, 0,
	    LENGTH(texts));
	return (run_suite(tc));
}
