#include "db/wal.h"

#include <stdlib.h>
#include <string.h>

#include "db/walindex.h"
#include "unit/suite.h"
#include "unit/waltext.h"

enum {
	PAGE = 512,
	FRAME = WAL_FRAME_BYTES + PAGE
};

/* Two commits: pages 1, 2, 3, then 2 again; then one that is none. */
static void
make(struct buf *b, uint32_t page_size, bool big_endian)
{
	put_header(b, page_size, big_endian);
	put_frame(b, page_size, 1, 0, 'a');
	put_frame(b, page_size, 2, 0, 'b');
	put_frame(b, page_size, 3, 3, 'c');
	put_frame(b, page_size, 2, 3, 'd');
	put_frame(b, page_size, 1, 0, 'e');
	sign_log(b->data, b->len);
}

static void
feed_all(struct wal *w, const struct buf *b)
{
	ck_assert_int_eq(wal_begin(w, b->data, b->len), WAL_GOOD);
	(void)wal_feed(w, b->data + WAL_HEADER_BYTES,
	    b->len - WAL_HEADER_BYTES);
}

START_TEST(the_newest_committed_frame_of_each_page_counts)
{
	static const uint32_t sizes[] = { 512, 4096, 65536 };
	static const uint32_t pages[] = { 1, 3, 2 }, frames[] = { 1, 3, 4 };
	struct buf b = { 0 };
	struct wal w = { 0 };
	uint32_t frame;
	size_t i;

	make(&b, sizes[_i / 2], _i % 2 == 1);
	feed_all(&w, &b);
	ck_assert_uint_eq(w.page_size, sizes[_i / 2]);
	ck_assert_uint_eq(w.nframes, 5);
	ck_assert_uint_eq(w.ncommitted, 4);
	ck_assert_uint_eq(w.npages, 3);
	ck_assert_uint_eq(wal_seal(&w), 3);
	for (i = 0; i < 3; i++) {
		ck_assert_uint_eq(wal_page(&w, i, &frame), pages[i]);
		ck_assert_uint_eq(frame, frames[i]);
	}
	ck_assert_uint_eq(wal_frame_offset(&w, 3), WAL_HEADER_BYTES +
	    2 * (WAL_FRAME_BYTES + (uint64_t)sizes[_i / 2]));
	wal_fini(&w);
	buf_fini(&b);
}
END_TEST

START_TEST(a_flipped_byte_ends_the_log_there)
{
	struct wal w = { 0 };
	struct buf b = { 0 };
	size_t off;
	uint32_t at;

	make(&b, PAGE, false);
	for (off = 0; off < b.len; off += off < 60 ? 1 : 37) {
		b.data[off] ^= 0x10;
		if (off < WAL_HEADER_BYTES)
			ck_assert_int_ne(wal_begin(&w, b.data, b.len),
			    WAL_GOOD);
		else {
			at = (uint32_t)((off - WAL_HEADER_BYTES) / FRAME);
			feed_all(&w, &b);
			ck_assert_uint_eq(w.nframes, at);
			ck_assert_uint_eq(w.ncommitted,
			    at < 3 ? 0 : at < 4 ? 3 : 4);
		}
		b.data[off] ^= 0x10;
	}
	wal_fini(&w);
	buf_fini(&b);
}
END_TEST

/* As they lie behind the end after the log has started anew. */
START_TEST(frames_of_another_generation_do_not_count)
{
	struct buf old = { 0 }, new = { 0 };
	struct wal w = { 0 };

	make(&old, PAGE, false);
	put_header(&new, PAGE, false);
	memcpy(new.data + 16, "SALTsalt", WAL_SALT_BYTES);
	put_frame(&new, PAGE, 7, 9, 'x');
	sign_log(new.data, new.len);
	memcpy(old.data, new.data, new.len);
	feed_all(&w, &old);
	ck_assert_uint_eq(w.nframes, 1);
	ck_assert_uint_eq(w.npages, 9);
	wal_fini(&w);
	buf_fini(&old);
	buf_fini(&new);
}
END_TEST

START_TEST(pages_beyond_the_last_commit_are_dropped)
{
	struct buf b = { 0 };
	struct wal w = { 0 };
	uint32_t frame;

	put_header(&b, PAGE, false);
	put_frame(&b, PAGE, 9, 9, 'a');
	put_frame(&b, PAGE, 1, 2, 'b');
	sign_log(b.data, b.len);
	feed_all(&w, &b);
	ck_assert_uint_eq(wal_seal(&w), 1);
	ck_assert_uint_eq(wal_page(&w, 0, &frame), 1);
	wal_fini(&w);
	buf_fini(&b);
}
END_TEST

START_TEST(page_zero_ends_the_log)
{
	struct buf b = { 0 };
	struct wal w = { 0 };

	put_header(&b, PAGE, false);
	put_frame(&b, PAGE, 1, 1, 'a');
	put_frame(&b, PAGE, 0, 1, 'b');
	sign_log(b.data, b.len);
	feed_all(&w, &b);
	ck_assert_uint_eq(w.nframes, 1);
	wal_fini(&w);
	buf_fini(&b);
}
END_TEST

START_TEST(a_log_without_a_good_header_holds_nothing)
{
	struct buf b = { 0 };
	struct wal w = { 0 };

	make(&b, PAGE, false);
	ck_assert_int_eq(wal_begin(&w, b.data, 31), WAL_EMPTY);
	ck_assert_int_eq(wal_begin(&w, b.data, 0), WAL_EMPTY);
	put_be32(b.data + 8, 1000);
	sign_log(b.data, b.len);
	ck_assert_int_eq(wal_begin(&w, b.data, b.len), WAL_EMPTY);
	put_be32(b.data + 8, PAGE);
	put_be32(b.data + 4, WAL_VERSION + 1);
	sign_log(b.data, b.len);
	ck_assert_int_eq(wal_begin(&w, b.data, b.len), WAL_UNKNOWN);
	ck_assert_uint_eq(w.page_size, 0);
	ck_assert_uint_eq(wal_seal(&w), 0);
	wal_fini(&w);
	buf_fini(&b);
}
END_TEST

START_TEST(nothing_is_left_of_the_log_before)
{
	struct buf b = { 0 }, small = { 0 };
	struct wal w = { 0 };

	make(&b, PAGE, false);
	feed_all(&w, &b);
	(void)wal_seal(&w);
	put_header(&small, 1024, true);
	put_frame(&small, 1024, 1, 0, 'a');
	sign_log(small.data, small.len);
	feed_all(&w, &small);
	ck_assert_uint_eq(w.nframes, 1);
	ck_assert_uint_eq(w.ncommitted, 0);
	ck_assert_uint_eq(wal_seal(&w), 0);
	wal_fini(&w);
	buf_fini(&b);
	buf_fini(&small);
}
END_TEST

/* A wal-index as SQLite would write it. */
static void
make_index(uint8_t index[WALINDEX_READ_BYTES])
{
	uint32_t words[12] = { WAL_VERSION, 0, 5, 0, 44, 3, 0x11, 0x22 };
	uint32_t s[2] = { 0, 0 }, nbackfill = 17;
	uint8_t flags[4] = { 1, 0 };
	uint16_t page_size = 4096;

	memcpy(flags + 2, &page_size, sizeof(page_size));
	memcpy(&words[3], flags, sizeof(flags));
	memcpy(&words[8], "saltSALT", WAL_SALT_BYTES);
	wal_checksum(words, 40, false, s);
	memcpy(&words[10], s, sizeof(s));
	memcpy(index, words, 48);
	memcpy(index + 48, words, 48);
	memcpy(index + 96, &nbackfill, 4);
}

START_TEST(a_settled_index_is_read)
{
	_Alignas(4) uint8_t index[WALINDEX_READ_BYTES];
	struct walindex x;

	make_index(index);
	ck_assert_int_eq(walindex_read(index, &x), WALINDEX_GOOD);
	ck_assert_uint_eq(x.page_size, 4096);
	ck_assert_uint_eq(x.mx_frame, 44);
	ck_assert_uint_eq(x.npages, 3);
	ck_assert_uint_eq(x.cksum[0], 0x11);
	ck_assert_uint_eq(x.cksum[1], 0x22);
	ck_assert_mem_eq(x.salt, "saltSALT", WAL_SALT_BYTES);
	ck_assert_uint_eq(x.nbackfill, 17);
}
END_TEST

START_TEST(a_half_written_index_is_unsettled)
{
	_Alignas(4) uint8_t index[WALINDEX_READ_BYTES];
	struct walindex x;
	int i;

	make_index(index);
	for (i = 0; i < 96; i++) {
		index[i] ^= 1;
		ck_assert_int_eq(walindex_read(index, &x),
		    WALINDEX_UNSETTLED);
		index[i] ^= 1;
	}
	/* Both alike, and yet not what their checksum says. */
	for (i = 8; i < 48; i++) {
		index[i] ^= 2;
		index[48 + i] ^= 2;
		ck_assert_int_eq(walindex_read(index, &x),
		    WALINDEX_UNSETTLED);
		index[i] ^= 2;
		index[48 + i] ^= 2;
	}
	memset(index, 0, sizeof(index));
	ck_assert_int_eq(walindex_read(index, &x), WALINDEX_UNSETTLED);
}
END_TEST

START_TEST(an_index_of_another_version_is_unknown)
{
	_Alignas(4) uint8_t index[WALINDEX_READ_BYTES];
	struct walindex x;

	make_index(index);
	index[0] ^= 1;
	index[48] ^= 1;
	ck_assert_int_eq(walindex_read(index, &x), WALINDEX_UNKNOWN);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("wal");

	tcase_add_loop_test(tc,
	    the_newest_committed_frame_of_each_page_counts, 0, 6);
	tcase_add_test(tc, a_flipped_byte_ends_the_log_there);
	tcase_add_test(tc, frames_of_another_generation_do_not_count);
	tcase_add_test(tc, pages_beyond_the_last_commit_are_dropped);
	tcase_add_test(tc, page_zero_ends_the_log);
	tcase_add_test(tc, a_log_without_a_good_header_holds_nothing);
	tcase_add_test(tc, nothing_is_left_of_the_log_before);
	tcase_add_test(tc, a_settled_index_is_read);
	tcase_add_test(tc, a_half_written_index_is_unsettled);
	tcase_add_test(tc, an_index_of_another_version_is_unknown);
	return (run_suite(tc));
}
