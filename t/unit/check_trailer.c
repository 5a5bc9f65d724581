#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "codec/trailer.h"
#include "unit/suite.h"

static const struct trailer sample = {
	.size = 0x123456789aULL,
	.xxh3 = { .hi = 0x0102030405060708ULL, .lo = 0x1112131415161718ULL },
	.page_size = 4096,
	.mtime_ns = 1763640000123456789LL,
	.mode = 0100640,
	.uid = 1000,
	.gid = 100,
	.host = "db7",
	.path = "/data/p/databases/d/t1.db"
};

static void
put(struct buf *b, const struct trailer *t)
{
	memset(b, 0, sizeof(*b));
	trailer_put(t, b);
}

/* Make the checksum right again after a change, so that only sense is left. */
static void
seal(struct buf *b)
{
	le32_put(b->data + b->len - 8, (uint32_t)hash64(b->data + 8,
	    b->len - 16));
}

static void
assert_class(const struct buf *b, enum err_class cls)
{
	struct trailer t;
	struct err e = { 0 };

	ck_assert_int_eq(trailer_parse(b->data, b->len, &t, &e), -1);
	ck_assert_int_eq(e.cls, cls);
	ck_assert_uint_gt(strlen(e.msg), 0);
}

START_TEST(what_was_put_is_parsed)
{
	struct trailer t;
	struct buf b;
	struct err e;

	put(&b, &sample);
	ck_assert_uint_eq(b.len, TRAILER_FIXED_BYTES + strlen(sample.host) +
	    strlen(sample.path));
	ck_assert_int_eq(trailer_parse(b.data, b.len, &t, &e), 0);
	ck_assert_uint_eq(t.size, sample.size);
	ck_assert(hash128_eq(t.xxh3, sample.xxh3));
	ck_assert_uint_eq(t.page_size, sample.page_size);
	ck_assert_int_eq(t.mtime_ns, sample.mtime_ns);
	ck_assert_uint_eq(t.mode, sample.mode);
	ck_assert_uint_eq(t.uid, sample.uid);
	ck_assert_uint_eq(t.gid, sample.gid);
	ck_assert_str_eq(t.host, sample.host);
	ck_assert_str_eq(t.path, sample.path);
	trailer_fini(&t);
	buf_fini(&b);
}
END_TEST

START_TEST(the_bytes_lie_where_the_manual_says)
{
	static const uint8_t xxh3[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x12,
	    0x13, 0x14, 0x15, 0x16, 0x17, 0x18 };
	const uint8_t *p;
	struct buf b;

	put(&b, &sample);
	p = b.data;
	ck_assert_uint_eq(le32_get(p), 0x184D2A5F);
	ck_assert_uint_eq(le32_get(p + 4), b.len - 8);
	ck_assert_mem_eq(p + 8, "LFLEET1\0", 8);
	ck_assert_uint_eq(le32_get(p + 16), 1);
	ck_assert_uint_eq(le32_get(p + 20), sample.page_size);
	ck_assert_uint_eq(le64_get(p + 24), sample.size);
	ck_assert_mem_eq(p + 32, xxh3, 16);
	ck_assert_uint_eq(le64_get(p + 48), (uint64_t)sample.mtime_ns);
	ck_assert_uint_eq(le32_get(p + 56), sample.mode);
	ck_assert_uint_eq(le32_get(p + 60), sample.uid);
	ck_assert_uint_eq(le32_get(p + 64), sample.gid);
	ck_assert_uint_eq(le16_get(p + 68), strlen(sample.host));
	ck_assert_uint_eq(le16_get(p + 70), strlen(sample.path));
	ck_assert_mem_eq(p + 72, "db7/data/p", 10);
	ck_assert_uint_eq(le32_get(p + b.len - 8),
	    (uint32_t)hash64(p + 8, b.len - 16));
	ck_assert_uint_eq(le32_get(p + b.len - 4), b.len);
	buf_fini(&b);
}
END_TEST

START_TEST(every_flipped_bit_is_noticed)
{
	struct buf b;
	size_t i;

	put(&b, &sample);
	for (i = 0; i < b.len * 8; i++) {
		b.data[i / 8] ^= (uint8_t)(1U << (i % 8));
		assert_class(&b, ERR_CORRUPT);
		b.data[i / 8] ^= (uint8_t)(1U << (i % 8));
	}
	buf_fini(&b);
}
END_TEST

START_TEST(no_part_of_it_is_enough)
{
	struct buf b;
	size_t n;

	put(&b, &sample);
	for (n = b.len; n-- > 0; ) {
		b.len = n;
		assert_class(&b, ERR_CORRUPT);
	}
	buf_fini(&b);
}
END_TEST

START_TEST(nothing_may_follow_it)
{
	struct buf b;
	size_t n;

	put(&b, &sample);
	buf_putc(&b, 0);
	assert_class(&b, ERR_CORRUPT);
	buf_fini(&b);

	put(&b, &sample);
	n = b.len;
	buf_room(&b, n);
	buf_put(&b, b.data, n);
	assert_class(&b, ERR_CORRUPT);
	buf_fini(&b);
}
END_TEST

START_TEST(a_future_version_is_a_limit)
{
	struct buf b;

	put(&b, &sample);
	le32_put(b.data + 16, 2);
	assert_class(&b, ERR_CORRUPT);	/* the checksum comes first */
	seal(&b);
	assert_class(&b, ERR_LIMIT);
	le32_put(b.data + 16, 0);
	seal(&b);
	assert_class(&b, ERR_CORRUPT);
	buf_fini(&b);
}
END_TEST

/* Wrong although the checksum is right: at, and the u16 or byte there. */
static const struct {
	const char *what;
	int at, bytes;
	uint16_t value;
} senseless[] = {
	{ "host longer than there is", 68, 2, 4 },
	{ "host longer than it may be", 68, 2, 256 },
	{ "path longer than there is", 70, 2, 26 },
	{ "path shorter than there is", 70, 2, 24 },
	{ "lengths that wrap", 68, 2, 65535 },
	{ "NUL in the host", 73, 1, 0 },
	{ "NUL in the path", 80, 1, 0 },
	{ "relative path", 75, 1, 'x' },
};

START_TEST(sealed_nonsense_is_refused)
{
	struct buf b;

	put(&b, &sample);
	if (senseless[_i].bytes == 2)
		le16_put(b.data + senseless[_i].at, senseless[_i].value);
	else
		b.data[senseless[_i].at] = (uint8_t)senseless[_i].value;
	seal(&b);
	assert_class(&b, ERR_CORRUPT);
	buf_fini(&b);
}
END_TEST

/* One byte moved from the path to the host, or back; both still add up. */
START_TEST(a_string_above_its_bound_is_refused)
{
	char host[256], path[4097];
	struct trailer t = sample;
	struct buf b;

	memset(host, '/', sizeof(host));
	memset(path, '/', sizeof(path));
	host[255] = path[4096] = '\0';
	t.host = host;
	t.path = path;
	put(&b, &t);
	le16_put(b.data + 68, _i == 0 ? 256 : 254);
	le16_put(b.data + 70, _i == 0 ? 4095 : 4097);
	seal(&b);
	assert_class(&b, ERR_CORRUPT);
	buf_fini(&b);
}
END_TEST

START_TEST(the_longest_host_and_path_fit)
{
	char host[257], path[4098];
	struct trailer t = sample, back;
	struct buf b;
	struct err e = { 0 };

	memset(host, 'h', sizeof(host));
	memset(path, '/', sizeof(path));
	host[255] = path[4096] = '\0';
	t.host = host;
	t.path = path;
	ck_assert_int_eq(trailer_check(&t, &e), 0);
	put(&b, &t);
	ck_assert_uint_eq(b.len, TRAILER_MAX_BYTES);
	ck_assert_int_eq(trailer_parse(b.data, b.len, &back, &e), 0);
	ck_assert_str_eq(back.host, host);
	ck_assert_str_eq(back.path, path);
	trailer_fini(&back);
	buf_fini(&b);

	path[4096] = '/';
	path[4097] = '\0';
	ck_assert_int_eq(trailer_check(&t, &e), -1);
	ck_assert_int_eq(e.cls, ERR_LIMIT);
	path[4096] = '\0';
	host[255] = 'h';
	host[256] = '\0';
	ck_assert_int_eq(trailer_check(&t, &e), -1);
	ck_assert_int_eq(e.cls, ERR_LIMIT);
}
END_TEST

START_TEST(extremes_survive)
{
	const struct trailer t = { .size = UINT64_MAX, .mtime_ns = INT64_MIN,
	    .page_size = UINT32_MAX, .mode = UINT32_MAX, .uid = UINT32_MAX,
	    .gid = UINT32_MAX, .host = "", .path = "/\xff\n\t%" };
	struct trailer back;
	struct buf b;
	struct err e;

	put(&b, &t);
	ck_assert_int_eq(trailer_parse(b.data, b.len, &back, &e), 0);
	ck_assert_uint_eq(back.size, UINT64_MAX);
	ck_assert_int_eq(back.mtime_ns, INT64_MIN);
	ck_assert_uint_eq(back.uid, UINT32_MAX);
	ck_assert_str_eq(back.host, "");
	ck_assert_str_eq(back.path, t.path);
	trailer_fini(&back);
	trailer_fini(&back);	/* once more does no harm */
	buf_fini(&b);
}
END_TEST

START_TEST(a_relative_path_is_not_written)
{
	struct trailer t = sample;
	struct err e;

	ck_assert_int_eq(trailer_check(&t, &e), 0);
	t.path = "t1.db";
	ck_assert_int_eq(trailer_check(&t, &e), -1);
	ck_assert_int_eq(e.cls, ERR_BUG);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("trailer");

	tcase_add_test(tc, what_was_put_is_parsed);
	tcase_add_test(tc, the_bytes_lie_where_the_manual_says);
	tcase_add_test(tc, every_flipped_bit_is_noticed);
	tcase_add_test(tc, no_part_of_it_is_enough);
	tcase_add_test(tc, nothing_may_follow_it);
	tcase_add_test(tc, a_future_version_is_a_limit);
	tcase_add_loop_test(tc, sealed_nonsense_is_refused, 0,
	    LENGTH(senseless));
	tcase_add_loop_test(tc, a_string_above_its_bound_is_refused, 0, 2);
	tcase_add_test(tc, the_longest_host_and_path_fit);
	tcase_add_test(tc, extremes_survive);
	tcase_add_test(tc, a_relative_path_is_not_written);
	return (run_suite(tc));
}
