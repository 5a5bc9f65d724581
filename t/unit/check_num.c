#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "unit/suite.h"

#define MS_MAX	((int64_t)36525 * 86400 * 1000)

START_TEST(what_does_not_fit_is_said_and_leaves_the_result)
{
	uint64_t v = 7;

	ck_assert(num_add(UINT64_MAX - 1, 1, &v));
	ck_assert_uint_eq(v, UINT64_MAX);
	v = 7;
	ck_assert(!num_add(UINT64_MAX, 1, &v));
	ck_assert_uint_eq(v, 7);
	ck_assert(num_mul((uint64_t)1 << 32, UINT32_MAX, &v));
	ck_assert_uint_eq(v, (uint64_t)UINT32_MAX << 32);
	v = 7;
	ck_assert(!num_mul((uint64_t)1 << 32, (uint64_t)1 << 32, &v));
	ck_assert_uint_eq(v, 7);
	ck_assert(num_mul(UINT64_MAX, 0, &v));
	ck_assert_uint_eq(v, 0);
	v = 3;
	ck_assert(num_mul(v, 5, &v));	/* in and out may be one */
	ck_assert_uint_eq(v, 15);
}
END_TEST

static const struct {
	const char *s;
	uint64_t min, max;
	bool good;
	uint64_t want;
} numbers[] = {
	{ "0", 0, 10, true, 0 },
	{ "10", 0, 10, true, 10 },
	{ "007", 0, 10, true, 7 },
	{ "11", 0, 10, false, 0 },
	{ "0", 1, 10, false, 0 },
	{ "", 0, 10, false, 0 },
	{ " 1", 0, 10, false, 0 },
	{ "1 ", 0, 10, false, 0 },
	{ "+1", 0, 10, false, 0 },
	{ "-1", 0, 10, false, 0 },
	{ "-0", 0, 10, false, 0 },
	{ "1.0", 0, 10, false, 0 },
	{ "0x1", 0, 10, false, 0 },
	{ "1K", 0, 10, false, 0 },
	{ "9223372036854775807", 0, UINT64_MAX, true, INT64_MAX },
	{ "9223372036854775808", 0, UINT64_MAX, false, 0 },
	{ "99999999999999999999999", 0, UINT64_MAX, false, 0 },
};

START_TEST(a_whole_number_lies_in_its_range)
{
	uint64_t v = 77;
	struct err e = { 0 };
	int ret = num_parse(numbers[_i].s, numbers[_i].min, numbers[_i].max,
	    "--jobs", &v, &e);

	ck_assert_msg((ret == 0) == numbers[_i].good, "\"%s\"",
	    numbers[_i].s);
	if (numbers[_i].good) {
		ck_assert_uint_eq(v, numbers[_i].want);
		ck_assert_int_eq(e.cls, ERR_NONE);
	} else {
		ck_assert_uint_eq(v, 77);
		ck_assert_int_eq(e.cls, ERR_USAGE);
		ck_assert_ptr_nonnull(strstr(e.msg, "--jobs"));
		ck_assert_ptr_nonnull(strstr(e.msg, numbers[_i].s));
	}
}
END_TEST

static const struct {
	const char *s;
	int64_t want;		/* -1: refused */
} durations[] = {
	{ "0", 0 },
	{ "0s", 0 },
	{ "500ms", 500 },
	{ "5s", 5000 },
	{ "10m", 600000 },
	{ "1h30m", 5400000 },
	{ "1m1ms", 60001 },
	{ "7d", (int64_t)7 * 86400 * 1000 },
	{ "2w", (int64_t)14 * 86400 * 1000 },
	{ "1s1s", 2000 },
	{ "36525d", MS_MAX },
	{ "36525d1ms", -1 },
	{ "", -1 },
	{ "5", -1 },
	{ "5 s", -1 },
	{ "s", -1 },
	{ "5S", -1 },
	{ "5y", -1 },
	{ "-5s", -1 },
	{ "+5s", -1 },
	{ "1.5s", -1 },
	{ "1h30", -1 },
	{ "00", -1 },
	{ "5sec", -1 },
	{ "18446744073709551616s", -1 },
	{ "18446744073709551615w", -1 },
};

START_TEST(a_duration_has_units)
{
	int64_t ms = 77;
	struct err e = { 0 };
	int ret = num_parse_duration(durations[_i].s, "--grace", &ms, &e);

	if (durations[_i].want == -1) {
		ck_assert_msg(ret == -1, "\"%s\"", durations[_i].s);
		ck_assert_int_eq(e.cls, ERR_USAGE);
		ck_assert_int_eq(ms, 77);
		ck_assert_ptr_nonnull(strstr(e.msg, "--grace"));
	} else {
		ck_assert_msg(ret == 0, "\"%s\": %s", durations[_i].s, e.msg);
		ck_assert_int_eq(ms, durations[_i].want);
	}
}
END_TEST

static const struct {
	const char *s;
	bool good;
	uint64_t want;
} byte_sizes[] = {
	{ "0", true, 0 },
	{ "1", true, 1 },
	{ "512K", true, 512 << 10 },
	{ "512k", true, 512 << 10 },
	{ "64M", true, 64 << 20 },
	{ "2G", true, (uint64_t)2 << 30 },
	{ "2GiB", true, (uint64_t)2 << 30 },
	{ "2GB", true, (uint64_t)2 << 30 },
	{ "1T", true, (uint64_t)1 << 40 },
	{ "8388607T", true, (uint64_t)8388607 << 40 },
	{ "9223372036854775807", true, INT64_MAX },
	{ "8388608T", false, 0 },
	{ "9223372036854775808", false, 0 },
	{ "", false, 0 },
	{ "K", false, 0 },
	{ "-1", false, 0 },
	{ "1.5G", false, 0 },
	{ "1Gi", false, 0 },
	{ "1B", false, 0 },
	{ "1KK", false, 0 },
	{ "1 K", false, 0 },
	{ "1P", false, 0 },
	{ "99999999999999999999", false, 0 },
};

START_TEST(a_size_may_have_a_unit)
{
	uint64_t v = 77;
	struct err e = { 0 };
	int ret = num_parse_size(byte_sizes[_i].s, "--part", &v, &e);

	ck_assert_msg((ret == 0) == byte_sizes[_i].good, "\"%s\"",
	    byte_sizes[_i].s);
	ck_assert_uint_eq(v, byte_sizes[_i].good ? byte_sizes[_i].want : 77);
	if (!byte_sizes[_i].good) {
		ck_assert_int_eq(e.cls, ERR_USAGE);
		ck_assert_ptr_nonnull(strstr(e.msg, "--part"));
	}
}
END_TEST

static const struct {
	uint64_t bytes;
	const char *want;
} formats[] = {
	{ 0, "0 bytes" }, { 7, "7 bytes" }, { 999, "999 bytes" },
	{ 1000, "1.0 kB" }, { 1234, "1.2 kB" }, { 999949, "999.9 kB" },
	{ 999950, "1.0 MB" }, { 3400000, "3.4 MB" },
	{ 1500000000, "1.5 GB" }, { 2000000000000, "2.0 TB" },
	{ UINT64_MAX, "18.4 EB" },
};

START_TEST(bytes_are_written_for_people)
{
	char buf[32];

	ck_assert_ptr_eq(num_format_bytes(formats[_i].bytes, buf,
	    sizeof(buf)), buf);
	ck_assert_str_eq(buf, formats[_i].want);
}
END_TEST

static const struct {
	int64_t ms;
	const char *want;
} times[] = {
	{ 0, "0ms" }, { 78, "78ms" }, { 999, "999ms" }, { 1000, "1.0s" },
	{ 1234, "1.2s" }, { 59999, "59.9s" }, { 60000, "1m00s" },
	{ 200000, "3m20s" }, { 3599999, "59m59s" }, { 3600000, "1h00m" },
	{ 7500000, "2h05m" }, { 360000000, "100h00m" },
};

START_TEST(a_duration_is_written_for_people)
{
	char buf[32];

	ck_assert_str_eq(num_format_duration(times[_i].ms, buf, sizeof(buf)),
	    times[_i].want);
}
END_TEST

START_TEST(a_short_buffer_is_not_overrun)
{
	char buf[8] = "1234567";

	(void)num_format_bytes(1234, buf, 4);
	ck_assert_str_eq(buf, "1.2");
	ck_assert_str_eq(buf + 4, "567");
	(void)num_format_duration(1234, buf, 2);
	ck_assert_str_eq(buf, "1");
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("num");

	tcase_add_test(tc, what_does_not_fit_is_said_and_leaves_the_result);
	tcase_add_loop_test(tc, a_whole_number_lies_in_its_range, 0,
	    LENGTH(numbers));
	tcase_add_loop_test(tc, a_duration_has_units, 0, LENGTH(durations));
	tcase_add_loop_test(tc, a_size_may_have_a_unit, 0, LENGTH(byte_sizes));
	tcase_add_loop_test(tc, bytes_are_written_for_people, 0,
	    LENGTH(formats));
	tcase_add_loop_test(tc, a_duration_is_written_for_people, 0,
	    LENGTH(times));
	tcase_add_test(tc, a_short_buffer_is_not_overrun);
	return (run_suite(tc));
}
