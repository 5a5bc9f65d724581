/*
 * Lines that ask for databases: of a dry run, of an error report, keys alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/wish.h"
#include "unit/suite.h"

enum { MS = 1795170600 };	/* 2026-11-20T10:30:00Z in seconds */

static const struct {
	const char *line;
	const char *key;
	const char *target;
	int64_t ms;
	uint64_t bytes;
} taken[] = {
	{ "a/b.db", "a/b.db", "", WISH_NEWEST, 0 },
	{ "a/b.db\n", "a/b.db", "", WISH_NEWEST, 0 },
	{ "a\\\\b.db\n", "a\\b.db", "", WISH_NEWEST, 0 },
	{ "k\t\t\ta\\tb\\\\.db\n", "k", "a\tb\\.db", WISH_NEWEST, 0 },
	{ "k\t2026-11-20T10:30:00.123Z\n", "k", "", MS * 1000LL + 123, 0 },
	{ "k\t20261120T103000.123Z\t7\n", "k", "", MS * 1000LL + 123, 7 },
	{ "k\t2026-11-20T10:30:00.123Z\t7\tout/k\\n\n", "k", "out/k\n",
	    MS * 1000LL + 123, 7 },
	{ "k\t\t\tout/k\n", "k", "out/k", WISH_NEWEST, 0 },
	{ "k\t\t\t\n", "k", "", WISH_NEWEST, 0 },
	{ "k\tout/k\tcorrupt\tit is damaged\n", "k", "out/k", WISH_NEWEST,
	    0 },
	{ "k\t\tnot-found\t\n", "k", "", WISH_NEWEST, 0 },
	{ "k\tout/k\tcorrupt\tm\t\n", "k", "out/k", WISH_NEWEST, 0 },
	{ "k\tout/k\tcorrupt\tm\t2026-11-20T10:30:00.123Z\n", "k", "out/k",
	    MS * 1000LL + 123, 0 },
};

START_TEST(a_line_is_taken_for_what_wrote_it)
{
	struct wish w = { 0 };
	struct err e = { 0 };
	FILE *in = fmemopen((void *)(uintptr_t)taken[_i].line,
	    strlen(taken[_i].line), "r");

	ck_assert_msg(wish_read(in, false, &w, &e) == 1, "%s", e.msg);
	ck_assert_str_eq(buf_str(&w.key), taken[_i].key);
	ck_assert_str_eq(buf_str(&w.target), taken[_i].target);
	ck_assert_int_eq(w.ms, taken[_i].ms);
	ck_assert_uint_eq(w.bytes, taken[_i].bytes);
	ck_assert_int_eq(wish_read(in, false, &w, &e), 0);
	wish_fini(&w);
	(void)fclose(in);
}
END_TEST

static const struct {
	const char *line;
	size_t n;
} refused[] = {
	{ "\n", 1 },
	{ "../k\n", 5 },
	{ "/etc/passwd\n", 12 },
	{ "a//b\n", 5 },
	{ "a/.\n", 4 },
	{ ".litefleet/store\n", 17 },
	{ "a\\x\n", 4 },
	{ "a\0b\n", 4 },
	{ "k\tyesterday\n", 12 },
	{ "k\t\tmany\n", 8 },
	{ "k\t\t-1\n", 6 },
	{ "k\tt\tunknown\tm\n", 14 },
	{ "k\tt\tcorrupt\tm\tn\n", 16 },
	{ "k\tt\tcorrupt\tm\t2026-11-20\t\n", 27 },
	{ "k\tt\tcorrupt\tm\t\\\n", 17 },
	{ "k\t\t\tt\t\n", 8 },
};

START_TEST(a_line_that_is_none_is_refused)
{
	struct wish w = { 0 };
	struct err e = { 0 };
	FILE *in = fmemopen((void *)(uintptr_t)refused[_i].line,
	    refused[_i].n, "r");

	ck_assert_int_eq(wish_read(in, false, &w, &e), -1);
	ck_assert_int_eq(e.cls, ERR_USAGE);
	wish_fini(&w);
	(void)fclose(in);
}
END_TEST

START_TEST(raw_items_end_in_nul_and_are_not_escaped)
{
	static const char items[] = "a\\t\t\t7\to\\t\n\0b";
	struct wish w = { 0 };
	struct err e = { 0 };
	FILE *in = fmemopen((void *)(uintptr_t)items, sizeof(items) - 1, "r");

	ck_assert_int_eq(wish_read(in, true, &w, &e), 1);
	ck_assert_str_eq(buf_str(&w.key), "a\\t");
	ck_assert_str_eq(buf_str(&w.target), "o\\t\n");
	ck_assert_uint_eq(w.bytes, 7);
	ck_assert_int_eq(wish_read(in, true, &w, &e), 1);
	ck_assert_str_eq(buf_str(&w.key), "b");
	ck_assert_int_eq(wish_read(in, true, &w, &e), 0);
	wish_fini(&w);
	(void)fclose(in);
}
END_TEST

/* A key holds no tab, nor do the others: the target is all that is left. */
START_TEST(the_target_of_a_raw_item_may_hold_tabs)
{
	static const char items[] = "k\t2026-11-20T10:30:00.123Z\t7\t"
	    "a\tb\t\0k\t\t\t\t\0k\tt\tcorrupt\tm\tn"
	    "\0k\tt\tcorrupt\tm\tn\t2026-11-20T10:30:00.123Z";
	struct wish w = { 0 };
	struct err e = { 0 };
	FILE *in = fmemopen((void *)(uintptr_t)items, sizeof(items) - 1, "r");

	ck_assert_msg(wish_read(in, true, &w, &e) == 1, "%s", e.msg);
	ck_assert_str_eq(buf_str(&w.target), "a\tb\t");
	ck_assert_uint_eq(w.bytes, 7);
	ck_assert_int_eq(wish_read(in, true, &w, &e), 1);
	ck_assert_str_eq(buf_str(&w.target), "\t");
	ck_assert_int_eq(wish_read(in, true, &w, &e), 1);
	ck_assert_str_eq(buf_str(&w.target), "t");
	ck_assert_int_eq(w.ms, WISH_NEWEST);
	ck_assert_int_eq(wish_read(in, true, &w, &e), 1);
	ck_assert_str_eq(buf_str(&w.target), "t");
	ck_assert_int_eq(w.ms, MS * 1000LL + 123);
	ck_assert_int_eq(wish_read(in, true, &w, &e), 0);
	wish_fini(&w);
	(void)fclose(in);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("wish");

	tcase_add_loop_test(tc, a_line_is_taken_for_what_wrote_it, 0,
	    LENGTH(taken));
	tcase_add_loop_test(tc, a_line_that_is_none_is_refused, 0,
	    LENGTH(refused));
	tcase_add_test(tc, raw_items_end_in_nul_and_are_not_escaped);
	tcase_add_test(tc, the_target_of_a_raw_item_may_hold_tabs);
	return (run_suite(tc));
}
