#include "db/header.h"
#include "unit/suite.h"

#include <stdlib.h>
#include <string.h>

static uint8_t good[HEADER_BYTES];

/* Two pages of 4096, counted, change counter 7. */
static void
setup(void)
{
	memset(good, 0, sizeof(good));
	memcpy(good, "SQLite format 3", 16);
	good[16] = 0x10;
	good[18] = good[19] = 1;
	memcpy(good + 21, "\x40\x20\x20", 3);
	good[27] = good[95] = 7;
	good[31] = 2;
	good[47] = 4;
	good[59] = 1;
}

static int
parse(uint64_t size, struct header *h)
{
	struct err e = { .cls = ERR_NONE };
	int ret = header_parse(good, sizeof(good), size, h, &e);

	ck_assert_int_eq(e.cls, ret == -1 ? ERR_CORRUPT : ERR_NONE);
	return (ret);
}

START_TEST(a_good_header_is_read)
{
	struct header h;

	ck_assert_int_eq(parse(8192, &h), 0);
	ck_assert_uint_eq(h.page_size, 4096);
	ck_assert_uint_eq(h.npages, 2);
	ck_assert(h.counted);
}
END_TEST

START_TEST(the_magic_is_all_of_sixteen_bytes)
{
	int i;

	ck_assert(header_magic(good, 16));
	ck_assert(!header_magic(good, 15));
	for (i = 0; i < 16; i++) {
		good[i] ^= 1;
		ck_assert(!header_magic(good, sizeof(good)));
		good[i] ^= 1;
	}
}
END_TEST

START_TEST(page_sizes_are_powers_of_two_from_512)
{
	static const struct {
		uint8_t hi;
		uint8_t lo;
		uint32_t size;	/* 0: refused */
	} sizes[] = {
		{ 0x02, 0x00, 512 }, { 0x04, 0x00, 1024 },
		{ 0x80, 0x00, 32768 }, { 0x00, 0x01, 65536 },
		{ 0x00, 0x00, 0 }, { 0x01, 0x00, 0 }, { 0x03, 0x00, 0 },
		{ 0x02, 0x01, 0 }, { 0xff, 0xff, 0 }, { 0x00, 0x02, 0 }
	};
	struct header h;
	int i;

	for (i = 0; i < LENGTH(sizes); i++) {
		good[16] = sizes[i].hi;
		good[17] = sizes[i].lo;
		ck_assert_int_eq(parse(1 << 20, &h),
		    sizes[i].size == 0 ? -1 : 0);
		if (sizes[i].size != 0)
			ck_assert_uint_eq(h.page_size, sizes[i].size);
	}
}
END_TEST

/* Offset, a value that is right there, and one that is not. */
static const struct {
	int off;
	uint8_t right;
	uint8_t wrong;
} fields[] = {
	{ 19, 2, 3 },			/* read version */
	{ 21, 64, 63 },			/* payload fractions */
	{ 22, 32, 33 },
	{ 23, 32, 0 },
	{ 47, 0, 5 },			/* schema format */
	{ 44, 0, 1 },
	{ 59, 3, 4 },			/* encoding */
	{ 56, 0, 0x80 },
	{ 31, 1, 3 },			/* pages */
};

START_TEST(a_field_out_of_range_is_corrupt)
{
	struct header h;

	good[fields[_i].off] = fields[_i].right;
	ck_assert_int_eq(parse(8192, &h), 0);
	good[fields[_i].off] = fields[_i].wrong;
	ck_assert_int_eq(parse(8192, &h), -1);
}
END_TEST

START_TEST(reserved_bytes_leave_480_of_a_page)
{
	struct header h;

	good[16] = 2;
	good[20] = 32;
	ck_assert_int_eq(parse(8192, &h), 0);
	good[20] = 33;
	ck_assert_int_eq(parse(8192, &h), -1);
	good[16] = 0x10;
	good[20] = 255;
	ck_assert_int_eq(parse(8192, &h), 0);
}
END_TEST

START_TEST(the_page_count_counts_if_it_is_of_the_last_change)
{
	struct header h;

	ck_assert_int_eq(parse(8191, &h), -1);
	ck_assert_int_eq(parse(8192 + 1000, &h), 0);
	good[95] = 6;
	ck_assert_int_eq(parse(8191, &h), 0);
	ck_assert(!h.counted);
	ck_assert_int_eq(parse(4095, &h), -1);
	good[95] = 7;
	good[31] = 0;
	ck_assert_int_eq(parse(4096, &h), 0);
	ck_assert(!h.counted);
	memset(good + 28, 0xff, 4);
	ck_assert_int_eq(parse(1 << 30, &h), -1);
	ck_assert_int_eq(parse(UINT64_C(0xffffffff) * 4096, &h), 0);
}
END_TEST

START_TEST(less_than_a_header_is_corrupt)
{
	struct header h;
	struct err e;

	ck_assert_int_eq(header_parse(good, 99, 8192, &h, &e), -1);
	ck_assert_int_eq(parse(99, &h), -1);
	ck_assert_int_eq(parse(0, &h), -1);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("header");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, a_good_header_is_read);
	tcase_add_test(tc, the_magic_is_all_of_sixteen_bytes);
	tcase_add_test(tc, page_sizes_are_powers_of_two_from_512);
	tcase_add_loop_test(tc, a_field_out_of_range_is_corrupt, 0,
	    LENGTH(fields));
	tcase_add_test(tc, reserved_bytes_leave_480_of_a_page);
	tcase_add_test(tc,
	    the_page_count_counts_if_it_is_of_the_last_change);
	tcase_add_test(tc, less_than_a_header_is_corrupt);
	return (run_suite(tc));
}
