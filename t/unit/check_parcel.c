/*
 * Parcels: what was packed comes out again, a full one says so, and bytes
 * that are no parcel are not read beyond their end.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fleet/parcel.h"
#include "fleet/walk.h"
#include "unit/suite.h"

static const struct {
	const char *path;
	const char *real;
	const char *name;
	uint8_t flags;
	bool newdir;
} packed[] = {
	{ "/data/a", "/data/a", "x.db", 0, true },
	{ "/data/a", "/data/a", "y.db", WALK_WAL | WALK_SHM, false },
	{ "/data/b", "/mnt/b", "x.db", WALK_JOURNAL, true },
	{ "/data/b", "/mnt/b", "new\nline\t\xff.db", 0, false },
	{ "", "", "root.db", 0, true },
	{ "/link", "", "root.db", 0, true },
	{ "", "/elsewhere", "...", 255, true },
};

START_TEST(what_is_packed_comes_out)
{
	struct parcel p = { 0 };
	struct parcel_reader r;
	size_t i, n = LENGTH(packed);

	for (i = 0; i < n; i++)
		ck_assert(parcel_add(&p, packed[i].path, packed[i].real,
		    packed[i].newdir, packed[i].name, packed[i].flags));
	parcel_reader_init(&r, p.b.data, p.b.len);
	for (i = 0; i < n; i++) {
		ck_assert(parcel_next(&r));
		ck_assert_str_eq(r.path, packed[i].path);
		ck_assert_str_eq(r.real, packed[i].real);
		ck_assert_str_eq(r.name, packed[i].name);
		ck_assert_uint_eq(r.flags, packed[i].flags);
		ck_assert_int_eq(r.newdir, packed[i].newdir);
	}
	ck_assert(!parcel_next(&r));
	ck_assert(!parcel_next(&r));
	buf_fini(&p.b);
}
END_TEST

START_TEST(the_longest_path_and_name_fit)
{
	struct parcel p = { 0 };
	struct parcel_reader r;
	char path[PATH_MAX], real[PATH_MAX], name[256];

	memset(path, 'p', sizeof(path) - 1);
	memset(real, 'r', sizeof(real) - 1);
	memset(name, 'n', sizeof(name) - 1);
	path[PATH_MAX - 1] = real[PATH_MAX - 1] = name[255] = '\0';
	ck_assert(parcel_add(&p, path, real, true, name, 0));
	parcel_reader_init(&r, p.b.data, p.b.len);
	ck_assert(parcel_next(&r));
	ck_assert_str_eq(r.path, path);
	ck_assert_str_eq(r.real, real);
	ck_assert_str_eq(r.name, name);
	ck_assert(!parcel_next(&r));
	buf_fini(&p.b);
}
END_TEST

START_TEST(a_first_name_begins_a_group_whatever_is_said)
{
	struct parcel p = { 0 };
	struct parcel_reader r;

	ck_assert(parcel_add(&p, "/a", "/a", false, "x", 0));
	parcel_reset(&p);
	ck_assert_uint_eq(p.b.len, 0);
	ck_assert(parcel_add(&p, "/b", "/b", false, "y", 0));
	parcel_reader_init(&r, p.b.data, p.b.len);
	ck_assert(parcel_next(&r));
	ck_assert_str_eq(r.path, "/b");
	ck_assert_str_eq(r.name, "y");
	buf_fini(&p.b);
}
END_TEST

/* With short names, long names and a group a name. */
START_TEST(a_full_parcel_says_so_and_stays_as_it_is)
{
	struct parcel p = { 0 };
	struct parcel_reader r;
	char name[256];
	size_t n, got, len;

	for (n = 0;; n++) {
		(void)snprintf(name, sizeof(name), "%zu", n);
		if (_i == 1) {
			memset(name, 'x', 255);
			name[255] = '\0';
		}
		len = p.b.len;
		if (!parcel_add(&p, "/some/where", "/some/where", _i == 2,
		    name, 0))
			break;
	}
	ck_assert_uint_eq(p.b.len, len);
	ck_assert_uint_le(p.b.len, PARCEL_MAX);
	ck_assert_uint_gt(p.b.len, PARCEL_MAX - 300);
	parcel_reader_init(&r, p.b.data, p.b.len);
	for (got = 0; parcel_next(&r); got++)
		ck_assert_str_eq(r.path, "/some/where");
	ck_assert_uint_eq(got, n);
	parcel_reset(&p);
	ck_assert(parcel_add(&p, "/some/where", "/some/where", true, name,
	    0));
	buf_fini(&p.b);
}
END_TEST

#define BYTES(s)	(s), sizeof(s) - 1

static const struct {
	const char *bytes;
	size_t n;
	size_t names;		/* good ones before it breaks off */
} malformed[] = {
	{ BYTES(""), 0 },
	{ BYTES("\x02"), 0 },
	{ BYTES("\x02\0\xff\xff\1\0/a\0\1x"), 1 },	/* a good one */
	{ BYTES("\x02\0\xff\xff\0\0/a\0\1x"), 0 },	/* no names */
	{ BYTES("\x02\0\xff\xff\2\0/a\0\1x"), 1 },	/* one is missing */
	{ BYTES("\x02\0\xff\xff\2\0/a\0\1x\0"), 1 },
	{ BYTES("\x02\0\xff\xff\1\0/a\0\2x"), 0 },	/* name cut off */
	{ BYTES("\x02\0\xff\xff\1\0/a\0\0"), 0 },	/* empty */
	{ BYTES("\x02\0\xff\xff\1\0/a\0\1."), 0 },
	{ BYTES("\x02\0\xff\xff\1\0/a\0\2.."), 0 },
	{ BYTES("\x02\0\xff\xff\1\0/a\0\3a/b"), 0 },
	{ BYTES("\x02\0\xff\xff\1\0/a\0\3a\0b"), 0 },
	{ BYTES("\x02\0\xff\xff\1\0/\0\0\1x"), 0 },	/* NUL in path */
	{ BYTES("\x02\0\1\0\1\0/a\0\0\1x"), 0 },	/* NUL in real */
	{ BYTES("\x09\0\xff\xff\1\0/a\0\1x"), 0 },	/* path cut off */
	{ BYTES("\x02\0\x09\0\1\0/a\0\1x"), 0 },	/* real cut off */
	{ BYTES("\x01\x10\xff\xff\1\0/a\0\1x"), 0 },	/* 4,097 bytes */
	{ BYTES("\x02\0\xff\xff\1\0/a\0\1x\2\0"), 1 },	/* half a group */
};

/* In memory of just that size, so that the sanitizer sees a step beyond. */
START_TEST(a_malformed_message_ends_early)
{
	struct parcel_reader r;
	uint8_t *copy = mem_zero(malformed[_i].n);
	size_t n;

	memcpy(copy, malformed[_i].bytes, malformed[_i].n);
	parcel_reader_init(&r, copy, malformed[_i].n);
	for (n = 0; parcel_next(&r); n++)
		ck_assert_str_eq(r.name, "x");
	ck_assert_uint_eq(n, malformed[_i].names);
	ck_assert(!parcel_next(&r));
	free(copy);
}
END_TEST

START_TEST(too_long_a_path_is_malformed)
{
	struct parcel_reader r;
	size_t i, n = 6 + 4097 + 3;
	uint8_t *bytes = mem_zero(n);

	memset(bytes, 'x', n);
	for (i = 0; i < 2; i++) {
		/* 4,096 bytes are the most that path[] takes. */
		memcpy(bytes, i == 0 ? "\x00\x10\xff\xff\1\0" :
		    "\x01\x10\xff\xff\1\0", 6);
		bytes[6 + 4096 + i + 1] = 1;
		parcel_reader_init(&r, bytes, n);
		ck_assert_int_eq(parcel_next(&r), i == 0);
	}
	free(bytes);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("parcel");

	tcase_add_test(tc, what_is_packed_comes_out);
	tcase_add_test(tc, the_longest_path_and_name_fit);
	tcase_add_test(tc, a_first_name_begins_a_group_whatever_is_said);
	tcase_add_loop_test(tc, a_full_parcel_says_so_and_stays_as_it_is, 0,
	    3);
	tcase_add_loop_test(tc, a_malformed_message_ends_early, 0,
	    LENGTH(malformed));
	tcase_add_test(tc, too_long_a_path_is_malformed);
	return (run_suite(tc));
}
