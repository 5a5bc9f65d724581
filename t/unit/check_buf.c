#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "unit/suite.h"

START_TEST(an_empty_buffer_is_an_empty_string)
{
	struct buf b = { 0 };
	char *s;

	ck_assert_str_eq(buf_str(&b), "");
	buf_reset(&b);
	ck_assert_str_eq(buf_str(&b), "");
	s = buf_take(&b);
	ck_assert_str_eq(s, "");
	free(s);
	buf_put(&b, NULL, 0);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_str_eq(buf_str(&b), "");
	buf_fini(&b);
	buf_fini(&b);
}
END_TEST

START_TEST(a_nul_stands_behind_whatever_was_put)
{
	struct buf b = { 0 };

	buf_puts(&b, "abc");
	ck_assert_uint_eq(b.len, 3);
	ck_assert_str_eq(buf_str(&b), "abc");
	buf_putc(&b, 'd');
	ck_assert_str_eq(buf_str(&b), "abcd");
	buf_putc(&b, 0xff);
	ck_assert_str_eq(buf_str(&b), "abcd\xff");
	buf_put(&b, "\0x", 2);
	ck_assert_uint_eq(b.len, 7);
	ck_assert_mem_eq(b.data, "abcd\xff\0x\0", 8);
	buf_reset(&b);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_str_eq(buf_str(&b), "");
	ck_assert_uint_ge(b.cap, 8);
	buf_printf(&b, "%s-%05d%%", "x", 42);
	ck_assert_str_eq(buf_str(&b), "x-00042%");
	buf_printf(&b, "%s", "");
	ck_assert_uint_eq(b.len, 8);
	buf_fini(&b);
	ck_assert_ptr_null(b.data);
	ck_assert_uint_eq(b.cap, 0);
}
END_TEST

START_TEST(growth_keeps_the_content)
{
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < 100000; i++) {
		buf_putc(&b, (int)(i % 251));
		ck_assert(b.cap > b.len && b.data[b.len] == '\0');
	}
	for (i = 0; i < b.len; i++)
		if (b.data[i] != i % 251)
			ck_abort_msg("byte %zu", i);
	ck_assert_uint_eq(b.len, 100000);
	ck_assert_uint_le(b.cap, 200000);
	buf_fini(&b);
}
END_TEST

START_TEST(room_is_there_and_counts_when_added)
{
	struct buf b = { 0 };
	uint8_t *p;

	buf_puts(&b, "ab");
	p = buf_room(&b, 5000);
	ck_assert_ptr_eq(p, b.data + 2);
	ck_assert_uint_ge(b.cap, 5003);
	memset(p, 'x', 5000);
	ck_assert_uint_eq(b.len, 2);
	b.len += 5000;
	buf_putc(&b, 'c');
	ck_assert_uint_eq(b.len, 5003);
	ck_assert_int_eq(b.data[5001], 'x');
	ck_assert_int_eq(b.data[5002], 'c');
	buf_fini(&b);
}
END_TEST

START_TEST(what_was_taken_is_the_callers)
{
	struct buf b = { 0 };
	char *s;

	buf_puts(&b, "mine");
	s = buf_take(&b);
	ck_assert_str_eq(s, "mine");
	ck_assert_uint_eq(b.len, 0);
	ck_assert_ptr_null(b.data);
	buf_puts(&b, "another");
	ck_assert_str_eq(s, "mine");
	free(s);
	buf_fini(&b);
}
END_TEST

START_TEST(long_formats_fit)
{
	struct buf b = { 0 };
	char *s = malloc(10001);

	ck_assert_ptr_nonnull(s);
	memset(s, 'y', 10000);
	s[10000] = '\0';
	buf_printf(&b, "<%s>", s);
	ck_assert_uint_eq(b.len, 10002);
	ck_assert_int_eq(b.data[10001], '>');
	ck_assert_uint_eq(strlen(buf_str(&b)), 10002);
	free(s);
	buf_fini(&b);
}
END_TEST

START_TEST(an_absurd_size_ends_the_process)
{
	struct buf b = { 0 };

	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	buf_puts(&b, "x");
	(void)buf_room(&b, SIZE_MAX);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("buf");

	tcase_add_test(tc, an_empty_buffer_is_an_empty_string);
	tcase_add_test(tc, a_nul_stands_behind_whatever_was_put);
	tcase_add_test(tc, growth_keeps_the_content);
	tcase_add_test(tc, room_is_there_and_counts_when_added);
	tcase_add_test(tc, what_was_taken_is_the_callers);
	tcase_add_test(tc, long_formats_fit);
	tcase_add_test_raise_signal(tc, an_absurd_size_ends_the_process,
	    SIGABRT);
	return (run_suite(tc));
}
