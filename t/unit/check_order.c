/*
 * Orders: what was packed comes out again, a full parcel says so, bytes that
 * are no parcel are not read beyond their end, and those who must not meet
 * have one owner.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fleet/order.h"
#include "unit/suite.h"

static const struct order packed[] = {
	{ "data/t.db", "t.db", "\"abc\"", 1763721052123, 1234 },
	{ "k", "a/b/c", "", 0, ORDER_BYTES_UNKNOWN },
	{ "new\nline\t\xff.db", "\x01", "W/\"x\"", 1, UINT64_MAX },
	{ "k", "r", "", 253402300799999, 1 },
};

static void
is_same(const struct order *a, const struct order *b)
{
	ck_assert_str_eq(a->key, b->key);
	ck_assert_str_eq(a->rel, b->rel);
	ck_assert_str_eq(a->tag, b->tag);
	ck_assert_int_eq(a->ms, b->ms);
	ck_assert_uint_eq(a->bytes, b->bytes);
}

START_TEST(what_is_packed_comes_out)
{
	struct buf b = { 0 };
	struct order_reader r;
	struct order o;
	int i;

	for (i = 0; i < LENGTH(packed); i++)
		ck_assert(order_put(&b, &packed[i]));
	order_reader_init(&r, b.data, b.len);
	for (i = 0; i < LENGTH(packed); i++) {
		ck_assert(order_next(&r, &o));
		is_same(&o, &packed[i]);
	}
	ck_assert(!order_next(&r, &o));
	ck_assert(!order_next(&r, &o));
	order_reader_fini(&r);
	buf_fini(&b);
}
END_TEST

/* Of a lister that was taken over. */
START_TEST(a_moment_that_no_stamp_can_say_ends_the_parcel)
{
	struct order o = packed[0];
	struct order_reader r;
	struct buf b = { 0 };

	o.ms = _i == 0 ? -1 : 253402300800000;
	ck_assert(order_put(&b, &o));
	order_reader_init(&r, b.data, b.len);
	ck_assert(!order_next(&r, &o));
	order_reader_fini(&r);
	buf_fini(&b);
}
END_TEST

static char *
of_length(size_t n)
{
	char *s = mem_zero(n + 1);

	memset(s, 'x', n);
	return (s);
}

START_TEST(the_longest_names_fit_and_longer_ones_do_not)
{
	char *most = of_length(ORDER_NAME_MAX);
	char *more = of_length(ORDER_NAME_MAX + 1);
	char *tag = of_length(ORDER_TAG_MAX + 1);
	struct order o = { most, most, tag, 1, 1 }, got;
	struct order_reader r;
	struct buf b = { 0 };

	ck_assert(order_fits(&o));
	ck_assert(order_put(&b, &o));
	o.tag = tag + 1;
	order_reader_init(&r, b.data, b.len);
	ck_assert(order_next(&r, &got));
	ck_assert_str_eq(got.tag, "");
	buf_reset(&b);
	ck_assert(order_put(&b, &o));
	order_reader_fini(&r);
	order_reader_init(&r, b.data, b.len);
	ck_assert(order_next(&r, &got));
	is_same(&got, &o);
	order_reader_fini(&r);
	o.key = more;
	ck_assert(!order_fits(&o));
	o.key = "";
	ck_assert(!order_fits(&o));
	o.key = "k";
	ck_assert(order_fits(&o));
	o.rel = more;
	ck_assert(!order_fits(&o));
	o.rel = "";
	ck_assert(!order_fits(&o));
	buf_fini(&b);
	free(most);
	free(more);
	free(tag);
}
END_TEST

START_TEST(a_full_parcel_says_so_and_stays_as_it_is)
{
	char *name = of_length(_i == 0 ? 20 : 5000);
	struct order o = { name, name, "t", 1, 1 }, got;
	struct order_reader r;
	struct buf b = { 0 };
	size_t n, len = 0, back;

	for (n = 0; order_put(&b, &o); n++)
		len = b.len;
	ck_assert_uint_eq(b.len, len);
	ck_assert_uint_le(len, ORDER_PARCEL_MAX);
	ck_assert_uint_gt(len, ORDER_PARCEL_MAX - 2 * strlen(name) - 30);
	order_reader_init(&r, b.data, b.len);
	for (back = 0; order_next(&r, &got); back++)
		is_same(&got, &o);
	ck_assert_uint_eq(back, n);
	order_reader_fini(&r);
	buf_fini(&b);
	free(name);
}
END_TEST

#define BYTES(s)	(s), sizeof(s) - 1
#define FIXED		"\1\0\0\0\0\0\0\0" "\2\0\0\0\0\0\0\0"

static const struct {
	const char *bytes;
	size_t n;
	size_t orders;		/* good ones before it breaks off */
} malformed[] = {
	{ BYTES(""), 0 },
	{ BYTES(FIXED "\1\0\1\0\1" "krt"), 1 },		/* a good one */
	{ BYTES(FIXED "\1\0\1\0\0" "kr"), 1 },
	{ BYTES(FIXED "\1\0\1\0"), 0 },			/* cut off */
	{ BYTES(FIXED "\1\0\1\0\1" "kr"), 0 },
	{ BYTES(FIXED "\1\0\2\0\0" "kr"), 0 },
	{ BYTES(FIXED "\3\0\1\0\0" "kr"), 0 },
	{ BYTES(FIXED "\0\0\1\0\0" "r"), 0 },		/* empty */
	{ BYTES(FIXED "\1\0\0\0\0" "k"), 0 },
	{ BYTES(FIXED "\2\0\1\0\0" "k\0r"), 0 },	/* NUL */
	{ BYTES(FIXED "\1\0\2\0\0" "kr\0"), 0 },
	{ BYTES(FIXED "\1\0\1\0\1" "kr\0"), 0 },
	{ BYTES(FIXED "\1\0\1\0\0" "kr" "\1"), 1 },	/* something behind */
};

/* In memory of just that size, so that the sanitizer sees a step beyond. */
START_TEST(a_malformed_message_ends_early)
{
	uint8_t *copy = mem_zero(malformed[_i].n);
	struct order_reader r;
	struct order o;
	size_t n;

	memcpy(copy, malformed[_i].bytes, malformed[_i].n);
	order_reader_init(&r, copy, malformed[_i].n);
	for (n = 0; order_next(&r, &o); n++)
		ck_assert_str_eq(o.key, "k");
	ck_assert_uint_eq(n, malformed[_i].orders);
	ck_assert(!order_next(&r, &o));
	order_reader_fini(&r);
	free(copy);
}
END_TEST

static const struct {
	const char *a, *b;
	bool same;
} owners[] = {
	{ "x.db", "x.db", true },
	{ "a/x.db", "a/x.db-wal", true },
	{ "a/x.db", "a/x.db-shm", true },
	{ "a/x.db", "a/x.db-journal", true },
	{ "x.db-wal", "x.db-journal", true },
	{ "x.db", "x.db-wal-wal", true },
	{ "x.db", "y.db", false },
	{ "a/x.db", "b/x.db", false },
	{ "x.db", "x.db-wat", false },
	{ "a/-wal", "a/-shm", false },	/* names of their own */
	{ "-wal", "-journal", false },
	{ "-wal", "-wal-shm", true },
};

START_TEST(those_who_must_not_meet_have_one_owner)
{
	ck_assert_int_eq(hash128_eq(order_owner(owners[_i].a),
	    order_owner(owners[_i].b)), owners[_i].same);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("order");

	tcase_add_test(tc, what_is_packed_comes_out);
	tcase_add_loop_test(tc,
	    a_moment_that_no_stamp_can_say_ends_the_parcel, 0, 2);
	tcase_add_test(tc, the_longest_names_fit_and_longer_ones_do_not);
	tcase_add_loop_test(tc, a_full_parcel_says_so_and_stays_as_it_is, 0,
	    2);
	tcase_add_loop_test(tc, a_malformed_message_ends_early, 0,
	    LENGTH(malformed));
	tcase_add_loop_test(tc, those_who_must_not_meet_have_one_owner, 0,
	    LENGTH(owners));
	return (run_suite(tc));
}
