/*
 * Which versions are kept: tables of moments and, for each rule, what is left.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "fleet/keep.h"
#include "unit/suite.h"

enum {
	VERSIONS_MAX = 64
};

#define HOUR	(INT64_C(60) * 60 * 1000)
#define DAY	(24 * HOUR)

static int64_t
at(const char *text)
{
	struct err e;
	int64_t ms;

	ck_assert_msg(clock_parse(text, "a table", &ms, &e) == 0, "%s", text);
	return (ms);
}

/* Moments with blanks between them, the oldest first. */
static size_t
moments(const char *text, int64_t *ms)
{
	char *copy = mem_strdup(text), *rest = copy, *item;
	size_t n = 0;

	while ((item = strsep(&rest, " ")) != NULL)
		if (item[0] != '\0') {
			ck_assert_uint_lt(n, VERSIONS_MAX);
			ms[n++] = at(item);
		}
	free(copy);
	return (n);
}

/* What is kept of the versions: exactly "want". */
static void
keeps(const char *what, const struct keep_rules *r, const char *versions,
    const char *want)
{
	int64_t now_ms = at("2026-11-20T12:00:00Z");
	int64_t ms[VERSIONS_MAX], kept[VERSIONS_MAX];
	size_t n = moments(versions, ms), nkept = moments(want, kept), i, k;
	uint8_t why[VERSIONS_MAX];
	char text[CLOCK_RFC3339_BYTES];

	memset(why, 0xff, sizeof(why));
	keep_decide(r, now_ms, ms, n, why);
	for (i = k = 0; i < n; i++) {
		(void)clock_rfc3339(ms[i], text, sizeof(text));
		if (k < nkept && kept[k] == ms[i]) {
			ck_assert_msg(why[i] != 0, "%s: %s is removed", what,
			    text);
			k++;
		} else
			ck_assert_msg(why[i] == 0, "%s: %s is kept", what,
			    text);
		ck_assert_int_eq((why[i] & KEEP_NEWEST) != 0, i + 1 == n ||
		    (ms[i] <= now_ms && ms[i + 1] > now_ms));
	}
	ck_assert_uint_eq(k, nkept);
}

static const struct {
	const char *what;
	struct keep_rules rules;
	const char *versions, *want;
} rows[] = {
	{ "no rule leaves the newest", { 0 },
	    "2026-11-01 2026-11-02 2026-11-03", "2026-11-03" },
	{ "one version is the newest", { .daily = 1 },
	    "2020-01-01", "2020-01-01" },
	{ "last", { .last = 2 },
	    "2026-11-01 2026-11-02 2026-11-03", "2026-11-02 2026-11-03" },
	{ "last is more than there are", { .last = UINT64_MAX },
	    "2026-11-01 2026-11-02 2026-11-03",
	    "2026-11-01 2026-11-02 2026-11-03" },

	{ "retention counts from now, and what is as old stays",
	    { .retention_ms = 2 * DAY },
	    "2026-11-18T11:59:59.999Z 2026-11-18T12:00:00Z 2026-11-19",
	    "2026-11-18T12:00:00Z 2026-11-19" },
	{ "retention never takes the newest", { .retention_ms = DAY },
	    "2020-01-01 2020-01-02", "2020-01-02" },
	{ "within counts from the newest", { .within_ms = 2 * DAY },
	    "2020-01-01T00:00:00Z 2020-01-01T00:00:00.001Z "
	    "2020-01-03T00:00:00.001Z",
	    "2020-01-01T00:00:00.001Z 2020-01-03T00:00:00.001Z" },
	{ "a union is kept", { .retention_ms = DAY, .monthly = 2 },
	    "2026-09-01 2026-10-30 2026-10-31 2026-11-18 2026-11-20 "
	    "2026-11-20T11:00:00Z",
	    "2026-10-31 2026-11-20 2026-11-20T11:00:00Z" },

	{ "hours end with their last millisecond", { .hourly = 2 },
	    "2026-11-20T09:59:59.999Z 2026-11-20T10:00:00Z "
	    "2026-11-20T10:59:59.999Z 2026-11-20T11:00:00Z",
	    "2026-11-20T10:59:59.999Z 2026-11-20T11:00:00Z" },
	{ "hours of two days are two", { .hourly = 3 },
	    "2026-11-18T10:00:00Z 2026-11-18T10:30:00Z 2026-11-19T10:00:00Z "
	    "2026-11-20T10:00:00Z",
	    "2026-11-18T10:30:00Z 2026-11-19T10:00:00Z 2026-11-20T10:00:00Z" },
	{ "days without versions do not count", { .daily = 3 },
	    "2026-01-01T01:00:00Z 2026-01-01T23:59:59.999Z "
	    "2026-06-01T00:00:00Z 2026-06-01T12:00:00Z 2026-11-20T00:00:00Z",
	    "2026-01-01T23:59:59.999Z 2026-06-01T12:00:00Z "
	    "2026-11-20T00:00:00Z" },
	{ "days end at midnight UTC", { .daily = 2 },
	    "2026-11-18T23:59:59.999Z 2026-11-19T00:00:00Z "
	    "2026-11-19T23:59:59.999Z 2026-11-20T00:00:00Z",
	    "2026-11-19T23:59:59.999Z 2026-11-20T00:00:00Z" },
	{ "the 29th of February is a day", { .daily = 3 },
	    "2024-02-28T12:00:00Z 2024-02-29T01:00:00Z 2024-02-29T12:00:00Z "
	    "2024-03-01T12:00:00Z",
	    "2024-02-28T12:00:00Z 2024-02-29T12:00:00Z 2024-03-01T12:00:00Z" },

	{ "weeks begin on Monday", { .weekly = 2 },
	    "2026-11-08T23:59:59.999Z 2026-11-09T00:00:00Z "
	    "2026-11-15T23:59:59.999Z 2026-11-16T00:00:00Z",
	    "2026-11-15T23:59:59.999Z 2026-11-16T00:00:00Z" },
	/* Of 2020, a leap year with 53 weeks: its last one ends on Sunday,
	 * January 3, 2021. */
	{ "days of January may be of the last week", { .weekly = 2 },
	    "2020-12-27 2020-12-28 2021-01-01 2021-01-03 2021-01-04",
	    "2021-01-03 2021-01-04" },
	/* December 29 to 31, 2025, are of the first week of 2026. */
	{ "days of December may be of the first week", { .weekly = 3 },
	    "2025-12-20 2025-12-28 2025-12-29 2026-01-01 2026-01-04 "
	    "2026-01-05",
	    "2025-12-28 2026-01-04 2026-01-05" },
	/* A year that begins on Monday: December 31, 2023, is a Sunday. */
	{ "a year may begin with a week", { .weekly = 2 },
	    "2023-12-24 2023-12-25 2023-12-31 2024-01-01",
	    "2023-12-31 2024-01-01" },
	{ "equal weeks of two years are two", { .weekly = 3 },
	    "2024-01-03 2025-01-01 2026-01-01",
	    "2024-01-03 2025-01-01 2026-01-01" },

	{ "months of 31, 30 and 28 days", { .monthly = 4 },
	    "2026-01-31T23:59:59.999Z 2026-02-01 2026-02-28T23:59:59.999Z "
	    "2026-03-01 2026-03-31T23:59:59.999Z 2026-04-01 "
	    "2026-04-30T23:59:59.999Z 2026-05-01",
	    "2026-02-28T23:59:59.999Z 2026-03-31T23:59:59.999Z "
	    "2026-04-30T23:59:59.999Z 2026-05-01" },
	{ "February of a leap year has a day more", { .monthly = 2 },
	    "2024-02-28 2024-02-29T23:59:59.999Z 2024-03-01",
	    "2024-02-29T23:59:59.999Z 2024-03-01" },
	{ "so has that of 2000", { .monthly = 2 },
	    "2000-02-28 2000-02-29 2000-03-01", "2000-02-29 2000-03-01" },
	{ "but not that of 2100", { .monthly = 2 },
	    "2100-02-27 2100-02-28T23:59:59.999Z 2100-03-01",
	    "2100-02-28T23:59:59.999Z 2100-03-01" },
	{ "December and January are two", { .monthly = 2 },
	    "2025-11-30 2025-12-01 2025-12-31 2026-01-01",
	    "2025-12-31 2026-01-01" },
	{ "equal months of two years are two", { .monthly = 2 },
	    "2024-11-02 2025-11-02 2026-11-02", "2025-11-02 2026-11-02" },
	{ "1970 has a first hour, day, week and month",
	    { .hourly = 9, .daily = 9, .weekly = 9, .monthly = 9 },
	    "1970-01-01T00:00:00Z 1970-01-01T00:00:00.001Z",
	    "1970-01-01T00:00:00.001Z" },

	{ "one of later is the newest", { .last = 2, .daily = 2 },
	    "2026-11-18 2026-11-19 2026-11-20T10:00:00Z 2031-01-01",
	    "2026-11-20T10:00:00Z 2031-01-01" },
	{ "and takes nothing from the times before now",
	    { .within_ms = 2 * DAY },
	    "2026-11-17 2026-11-19 2026-11-20T10:00:00Z 2031-01-01",
	    "2026-11-19 2026-11-20T10:00:00Z 2031-01-01" },
	{ "nor from retention", { .retention_ms = 2 * DAY },
	    "2026-11-17 2026-11-19 2031-01-01 2031-01-02",
	    "2026-11-19 2031-01-01 2031-01-02" },
	{ "the newest that is not of later stays, too", { .last = 1 },
	    "2026-11-18 2026-11-19 2031-01-01 2031-01-02",
	    "2026-11-19 2031-01-02" },
	{ "of now is not of later", { .last = 1 },
	    "2026-11-19 2026-11-20T12:00:00Z 2026-11-20T12:00:00.001Z",
	    "2026-11-20T12:00:00Z 2026-11-20T12:00:00.001Z" },
	{ "all may be of later", { .last = 1 },
	    "2031-01-01 2031-01-02", "2031-01-02" },
};

START_TEST(a_rule_keeps_what_it_says)
{
	keeps(rows[_i].what, &rows[_i].rules, rows[_i].versions, rows[_i].want);
}
END_TEST

/* One version an hour over seven years, by a calendar that counts. */
START_TEST(the_calendar_has_no_gaps)
{
	static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
	    30, 31 };
	enum { HOURS = 7 * 366 * 24 };
	struct keep_rules r = { .daily = HOURS, .weekly = HOURS,
	    .monthly = HOURS };
	int64_t *ms = mem_zero(HOURS * sizeof(*ms));
	uint8_t *why = mem_zero(HOURS);
	int i, y = 1995, mon = 0, d = 1, h = 0, wday = 0, want, leap;

	ms[0] = at("1995-01-01");	/* a Sunday */
	for (i = 1; i < HOURS; i++)
		ms[i] = ms[i - 1] + HOUR;
	keep_decide(&r, ms[HOURS - 1], ms, HOURS, why);
	for (i = 0; i + 1 < HOURS; i++) {
		leap = mon == 1 && y % 4 == 0;
		want = 0;
		if (h == 23)
			want |= KEEP_DAILY;
		if (h == 23 && wday == 0)
			want |= KEEP_WEEKLY;
		if (h == 23 && d == lengths[mon] + leap)
			want |= KEEP_MONTHLY;
		ck_assert_msg(why[i] == want, "%d-%d-%d, hour %d: %d", y,
		    mon + 1, d, h, why[i]);
		if (++h < 24)
			continue;
		h = 0;
		wday = (wday + 1) % 7;
		if (++d <= lengths[mon] + leap)
			continue;
		d = 1;
		if (++mon == 12) {
			mon = 0;
			y++;
		}
	}
	free(ms);
	free(why);
}
END_TEST

START_TEST(all_that_keep_it_are_told)
{
	struct keep_rules r = { .retention_ms = DAY, .within_ms = DAY,
	    .last = 1, .hourly = 1, .daily = 1, .weekly = 1, .monthly = 1 };
	int64_t ms = at("2026-11-20");
	struct buf b = { 0 };
	uint8_t why;

	ck_assert(keep_has_rule(&r));
	keep_decide(&r, ms, &ms, 1, &why);
	keep_words(why, &b);
	ck_assert_str_eq(buf_str(&b), "newest,retention,within,last,hourly,"
	    "daily,weekly,monthly");
	buf_reset(&b);
	keep_words(0, &b);
	ck_assert_str_eq(buf_str(&b), "none");
	buf_fini(&b);
}
END_TEST

static const struct keep_rules single[] = {
	{ .retention_ms = 1 }, { .within_ms = 1 }, { .last = 1 },
	{ .hourly = 1 }, { .daily = 1 }, { .weekly = 1 }, { .monthly = 1 },
};

START_TEST(each_is_a_rule)
{
	static const struct keep_rules none;

	ck_assert(!keep_has_rule(&none));
	ck_assert(keep_has_rule(&single[_i]));
	keep_decide(&single[_i], 0, NULL, 0, NULL);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("keep");

	tcase_add_loop_test(tc, a_rule_keeps_what_it_says, 0, LENGTH(rows));
	tcase_add_test(tc, the_calendar_has_no_gaps);
	tcase_add_test(tc, all_that_keep_it_are_told);
	tcase_add_loop_test(tc, each_is_a_rule, 0, LENGTH(single));
	return (run_suite(tc));
}
