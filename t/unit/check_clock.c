#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "unit/suite.h"

#define LAST_MS	253402300799999LL	/* 9999-12-31T23:59:59.999Z */

START_TEST(the_clocks_agree_and_go_on)
{
	int64_t mono = clock_mono_ms(), real = clock_real_ms();

	ck_assert_int_le(llabs(real / 1000 - (int64_t)time(NULL)), 1);
	ck_assert_int_le(llabs(clock_real_ns() / 1000000 - real), 1000);
	clock_sleep_ms(20);
	ck_assert_int_ge(clock_mono_ms() - mono, 20);
	ck_assert_int_lt(clock_mono_ms() - mono, 5000);
}
END_TEST

static const struct {
	int64_t ms;
	const char *stamp;
} stamps[] = {
	{ 0, "19700101T000000.000Z" },
	{ 1, "19700101T000000.001Z" },
	{ 951782400000, "20000229T000000.000Z" },
	{ 1795170600123, "20261120T103000.123Z" },
	{ 4102444799999, "20991231T235959.999Z" },
	{ 4107542400000, "21000301T000000.000Z" },
	{ LAST_MS, "99991231T235959.999Z" },
};

START_TEST(a_stamp_is_written_and_read)
{
	char buf[CLOCK_STAMP_BYTES];
	int64_t ms = -1;
	struct err e = { 0 };

	clock_stamp(stamps[_i].ms, buf);
	ck_assert_str_eq(buf, stamps[_i].stamp);
	ck_assert(clock_stamp_parse(buf, strlen(buf), &ms));
	ck_assert_int_eq(ms, stamps[_i].ms);
	ms = -1;
	ck_assert_int_eq(clock_parse(buf, "--timestamp", &ms, &e), 0);
	ck_assert_int_eq(ms, stamps[_i].ms);
}
END_TEST

START_TEST(a_person_reads_rfc_3339_and_can_write_it_back)
{
	char buf[CLOCK_RFC3339_BYTES], small[11];
	int64_t ms = -1;
	struct err e = { 0 };

	ck_assert_ptr_eq(clock_rfc3339(stamps[_i].ms, buf, sizeof(buf)), buf);
	ck_assert_uint_eq(strlen(buf), sizeof(buf) - 1);
	ck_assert_int_eq(clock_parse(buf, "--timestamp", &ms, &e), 0);
	ck_assert_int_eq(ms, stamps[_i].ms);
	ck_assert_str_eq(clock_rfc3339(1795170600123, buf, sizeof(buf)),
	    "2026-11-20T10:30:00.123Z");
	ck_assert_str_eq(clock_rfc3339(1795170600123, small, sizeof(small)),
	    "2026-11-20");
}
END_TEST

START_TEST(stamps_sort_as_times_do)
{
	char a[CLOCK_STAMP_BYTES], b[CLOCK_STAMP_BYTES];
	int i;

	for (i = 1; i < LENGTH(stamps); i++) {
		clock_stamp(stamps[i - 1].ms, a);
		clock_stamp(stamps[i].ms, b);
		ck_assert_int_lt(strcmp(a, b), 0);
	}
}
END_TEST

START_TEST(a_stamp_does_not_depend_on_the_time_zone)
{
	char buf[CLOCK_STAMP_BYTES];
	int64_t ms = -1;

	ck_assert_int_eq(setenv("TZ", "Asia/Kathmandu", 1), 0);
	tzset();
	clock_stamp(1795170600123, buf);
	ck_assert_str_eq(buf, "20261120T103000.123Z");
	ck_assert(clock_stamp_parse(buf, 20, &ms));
	ck_assert_int_eq(ms, 1795170600123);
}
END_TEST

static const char *const no_stamps[] = {
	"", "20261120T103000.123", "20261120T103000.123Z ",
	"20261120t103000.123Z", "20261120T103000.123z",
	"20261120T103000,123Z", "20261120 103000.123Z",
	"2026-120T103000.123Z", " 0261120T103000.123Z",
	"+0261120T103000.123Z", "20261320T103000.123Z",
	"20260020T103000.123Z", "20260230T103000.123Z",
	"20270229T103000.123Z", "21000229T000000.000Z",
	"20261100T103000.123Z", "20261131T103000.123Z",
	"20261120T240000.123Z", "20261120T106000.123Z",
	"20261120T103060.123Z", "20261120T1030\xb2\x30.123Z",
	"19691231T235959.999Z", "00000101T000000.000Z",
};

START_TEST(what_is_no_stamp_is_refused)
{
	const char *s = no_stamps[_i];
	int64_t ms = 77;
	struct err e = { 0 };

	ck_assert_msg(!clock_stamp_parse(s, strlen(s), &ms), "\"%s\"", s);
	ck_assert_int_eq(ms, 77);
	ck_assert_int_eq(clock_parse(s, "--timestamp", &ms, &e), -1);
	ck_assert_int_eq(e.cls, ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(e.msg, "--timestamp"));
	ck_assert_int_eq(ms, 77);
}
END_TEST

START_TEST(only_the_given_bytes_are_read)
{
	int64_t ms = 77;

	ck_assert(clock_stamp_parse("20261120T103000.123Z.db.lz4", 20, &ms));
	ck_assert_int_eq(ms, 1795170600123);
	ck_assert(!clock_stamp_parse("20261120T103000.123Z", 19, &ms));
	ck_assert(!clock_stamp_parse("20261120T103000.123Z", 0, &ms));
}
END_TEST

static const struct {
	const char *s;
	int64_t want;
} moments[] = {
	{ "2026-11-20T10:30:00Z", 1795170600000 },
	{ "2026-11-20t10:30:00z", 1795170600000 },
	{ "2026-11-20 10:30:00Z", 1795170600000 },
	{ "2026-11-20T10:30:00.123Z", 1795170600123 },
	{ "2026-11-20T10:30:00.1Z", 1795170600100 },
	{ "2026-11-20T10:30:00.1239999999999Z", 1795170600123 },
	{ "2026-11-20T12:30:00+02:00", 1795170600000 },
	{ "2026-11-20T05:00:00-05:30", 1795170600000 },
	{ "2026-11-20T10:30:00.5+00:00", 1795170600500 },
	{ "2026-11-20T10:30:00-00:00", 1795170600000 },
	{ "2026-11-20", 1795132800000 },
	{ "2024-02-29", 1709164800000 },
};

START_TEST(a_person_may_write_a_moment_in_these_ways)
{
	int64_t ms = -1;
	struct err e = { 0 };

	ck_assert_msg(clock_parse(moments[_i].s, "--timestamp", &ms, &e) == 0,
	    "%s", e.msg);
	ck_assert_msg(ms == moments[_i].want, "%s: %lld", moments[_i].s,
	    (long long)ms);
}
END_TEST

static const char *const no_moments[] = {
	"now", "1795170600", "2026", "2026-11", "2026-11-20T", "2026-11-2",
	"2026-11-20T10:30", "2026-11-20T10:30Z", "2026-11-20T10:30:00",
	"2026-11-20T10:30:00.Z", "2026-11-20T10:30:00.5",
	"2026-11-20T10:30:00Zjunk", "2026-11-20T10:30:00 Z",
	"2026-11-20T10:30:00+2:00", "2026-11-20T10:30:00+0200",
	"2026-11-20T10:30:00+24:00", "2026-11-20T10:30:00+02:60",
	"2026-11-20T10:30:00+02:00Z", "2026-11-20_10:30:00Z",
	"2026-11-20T10-30-00Z", "2026-02-29", "2026-11-31", "2026-13-01",
	"2026-00-10", "2026-11-20T24:00:00Z", "2026-11-20T10:60:00Z",
	"2026-11-20T10:30:60Z", "1969-12-31", "2026/11/20", "20261120",
	"20261120T103000Z", "1970-01-01T00:00:00+00:01",
	"9999-12-31T23:59:59-00:01",
};

START_TEST(what_is_no_moment_is_refused)
{
	int64_t ms = 77;
	struct err e = { 0 };

	ck_assert_msg(clock_parse(no_moments[_i], "--timestamp", &ms, &e) ==
	    -1, "\"%s\": %lld", no_moments[_i], (long long)ms);
	ck_assert_int_eq(e.cls, ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(e.msg, no_moments[_i]));
	ck_assert_ptr_nonnull(strstr(e.msg, "2026-11-20T10:30:00Z"));
	ck_assert_int_eq(ms, 77);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("clock");

	tcase_add_test(tc, the_clocks_agree_and_go_on);
	tcase_add_loop_test(tc, a_stamp_is_written_and_read, 0,
	    LENGTH(stamps));
	tcase_add_loop_test(tc, a_person_reads_rfc_3339_and_can_write_it_back,
	    0, LENGTH(stamps));
	tcase_add_test(tc, stamps_sort_as_times_do);
	tcase_add_test(tc, a_stamp_does_not_depend_on_the_time_zone);
	tcase_add_loop_test(tc, what_is_no_stamp_is_refused, 0,
	    LENGTH(no_stamps));
	tcase_add_test(tc, only_the_given_bytes_are_read);
	tcase_add_loop_test(tc, a_person_may_write_a_moment_in_these_ways, 0,
	    LENGTH(moments));
	tcase_add_loop_test(tc, what_is_no_moment_is_refused, 0,
	    LENGTH(no_moments));
	return (run_suite(tc));
}
