#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/io.h"
#include "base/mem.h"
#include "codec/frame.h"
#include "unit/suite.h"

enum {
	KIB = 1024,
	MIB = 1024 * 1024
};

/* Half random, half repeated: as databases are. */
static uint8_t *
content(size_t n)
{
	uint8_t *p = mem_zero(n);
	uint64_t x = 88172645463325252ULL;
	size_t i;

	for (i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		p[i] = (i / 256) % 2 == 0 ? (uint8_t)x : (uint8_t)(i % 16);
	}
	return (p);
}

static struct trailer
trailer_for(const void *p, size_t n)
{
	return ((struct trailer){ .size = n, .xxh3 = hash128(p, n),
	    .page_size = 4096, .mtime_ns = 1, .mode = 0100600, .uid = 1,
	    .gid = 2, .host = "h", .path = "/a/b.db" });
}

/* The object of p[0 .. n-1]. */
static void
encode(const void *p, size_t n, struct buf *out)
{
	struct frame_enc *enc = frame_enc_new();
	struct trailer t = trailer_for(p, n);
	struct err e = { 0 };

	ck_assert_msg(frame_enc_mem(enc, p, n, &t, out, &e) == 0, "%s", e.msg);
	frame_enc_free(enc);
}

/*
 * Decode obj[0 .. n-1] with input and output pieces of at most nin and nout
 * bytes; 0 if it is whole.  What came out goes to *out.
 */
static int
decode_with(struct frame_dec *d, const uint8_t *obj, size_t n, size_t nin,
    size_t nout, struct buf *out, struct err *e)
{
	const struct trailer *t;
	size_t at = 0, in, put;

	do {
		in = n - at < nin ? n - at : nin;
		put = nout;
		if (frame_dec_step(d, obj + at, &in, buf_room(out, nout), &put,
		    e) == -1)
			return (-1);
		at += in;
		out->len += put;
	} while (in > 0 || put > 0);
	buf_put(out, "", 0);	/* the NUL behind it */
	if (frame_dec_finish(d, &t, e) == -1)
		return (-1);
	ck_assert_uint_eq(at, n);
	ck_assert_str_eq(t->path, "/a/b.db");
	ck_assert_uint_eq(t->size, out->len);
	return (0);
}

static int
decode(const uint8_t *obj, size_t n, struct buf *out, struct err *e)
{
	struct frame_dec *d = frame_dec_new();
	int ret;

	memset(out, 0, sizeof(*out));
	ret = decode_with(d, obj, n, n, 64 * KIB, out, e);
	frame_dec_free(d);
	return (ret);
}

static void
assert_corrupt(const uint8_t *obj, size_t n)
{
	struct buf out;
	struct err e = { 0 };

	ck_assert_int_eq(decode(obj, n, &out, &e), -1);
	ck_assert_int_eq(e.cls, ERR_CORRUPT);
	ck_assert_uint_gt(strlen(e.msg), 0);
	buf_fini(&out);
}

static const size_t sizes[] = { 0, 1, 512, 8 * KIB, 64 * KIB - 1, 64 * KIB,
    64 * KIB + 1, 256 * KIB, 256 * KIB + 1, MIB, MIB + 1, 4 * MIB + 1 };
static const size_t pieces[] = { 1, 7, 4096, 9 * MIB };

START_TEST(content_comes_back_in_pieces_of_any_size)
{
	size_t n = sizes[_i], i, k;
	uint8_t *p = content(n);
	struct frame_dec *d = frame_dec_new();
	struct buf obj = { 0 }, out = { 0 };
	struct err e = { 0 };

	encode(p, n, &obj);
	for (i = 0; i < LENGTH(pieces); i++)
		for (k = 0; k < LENGTH(pieces); k++) {
			/* Byte by byte, both ways, is for what is small. */
			if (n > 300 * KIB && (pieces[i] < 4096 ||
			    pieces[k] < 4096))
				continue;
			frame_dec_reset(d);
			buf_reset(&out);
			ck_assert_msg(decode_with(d, obj.data, obj.len,
			    pieces[i], pieces[k], &out, &e) == 0, "%s", e.msg);
			ck_assert_uint_eq(out.len, n);
			ck_assert(memcmp(out.data, p, n) == 0);
		}
	frame_dec_free(d);
	buf_fini(&out);
	buf_fini(&obj);
	free(p);
}
END_TEST

START_TEST(the_header_has_size_checksum_and_the_least_block)
{
	static const int block_id[] = { 4, 4, 4, 4, 4, 4, 5, 5, 6, 6, 7, 7 };
	uint8_t *p = content(sizes[_i]);
	struct buf obj = { 0 };

	encode(p, sizes[_i], &obj);
	ck_assert_uint_eq(le32_get(obj.data), 0x184D2204);
	ck_assert_uint_eq(obj.data[4], 0x6c);
	ck_assert_int_eq(obj.data[5] >> 4, block_id[_i]);
	ck_assert_uint_eq(le64_get(obj.data + 6), sizes[_i]);
	buf_fini(&obj);
	free(p);
}
END_TEST

/* Put the object into a file, and feed it to lz4(1). */
static void
run_lz4(const char *options, const void *obj, size_t n, struct buf *out)
{
	char name[] = "/tmp/check_frame.XXXXXX", *cmd;
	char piece[4096];
	struct err e = { 0 };
	FILE *f;
	size_t got;
	int fd = mkstemp(name);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(io_write(fd, obj, n, name, &e), 0);
	ck_assert_int_eq(close(fd), 0);
	cmd = mem_printf("lz4 %s %s 2>&1", options, name);
	ck_assert_ptr_nonnull(f = popen(cmd, "r"));
	while ((got = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_put(out, piece, got);
	ck_assert_msg(pclose(f) == 0, "%s: %s", cmd, buf_str(out));
	(void)unlink(name);
	free(cmd);
}

START_TEST(lz4_itself_takes_the_object)
{
	uint8_t *p = content(sizes[_i]);
	struct buf obj = { 0 }, out = { 0 };

	if (system("lz4 --version >/dev/null 2>&1") != 0) {
		fprintf(stderr, "# skipped: lz4 is not installed\n");
		free(p);
		return;
	}
	encode(p, sizes[_i], &obj);
	run_lz4("-t -q", obj.data, obj.len, &out);
	buf_reset(&out);
	run_lz4("-d -c -q", obj.data, obj.len, &out);
	ck_assert_uint_eq(out.len, sizes[_i]);
	ck_assert(memcmp(buf_str(&out), p, sizes[_i]) == 0);
	buf_fini(&out);
	buf_fini(&obj);
	free(p);
}
END_TEST

static int
memory_file(const void *p, size_t n)
{
	struct err e = { 0 };
	int fd = memfd_create("check_frame", MFD_CLOEXEC);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(io_pwrite(fd, p, n, 0, "memfd", &e), 0);
	return (fd);
}

START_TEST(descriptors_give_the_same_object_as_memory)
{
	static const size_t ns[] = { 0, 1, 64 * KIB, 64 * KIB + 1, 4 * MIB - 1,
	    4 * MIB, 4 * MIB + 1, 9 * MIB };
	size_t n = ns[_i];
	uint8_t *p = content(n), *back;
	struct frame_enc *enc = frame_enc_new();
	struct trailer t = trailer_for(p, n);
	struct buf obj = { 0 }, out;
	struct err e = { 0 };
	uint64_t written = 7;
	int in = memory_file(p, n), to = memory_file("", 0);

	/* More in the file than asked for, and its offset elsewhere. */
	ck_assert_int_eq(io_pwrite(in, "more", 4, n, "memfd", &e), 0);
	ck_assert_int_eq(lseek(in, 1, SEEK_SET), 1);
	ck_assert_int_eq(write(to, "before", 6), 6);
	ck_assert_msg(frame_enc_fd(enc, in, n, &t, to, &written, &e) == 0,
	    "%s", e.msg);
	ck_assert_int_eq(lseek(to, 0, SEEK_CUR), (off_t)(6 + written));
	back = mem_zero(written);
	ck_assert_int_eq(io_pread(to, back, written, 6, "memfd", &e),
	    (ssize_t)written);
	encode(p, n, &obj);
	ck_assert_uint_eq(written, obj.len);
	ck_assert(memcmp(back, obj.data, obj.len) == 0);
	ck_assert_msg(decode(back, written, &out, &e) == 0, "%s", e.msg);
	ck_assert(memcmp(buf_str(&out), p, n) == 0);
	frame_enc_free(enc);
	(void)close(in);
	(void)close(to);
	buf_fini(&out);
	buf_fini(&obj);
	free(back);
	free(p);
}
END_TEST

START_TEST(a_file_that_became_shorter_is_an_error)
{
	uint8_t *p = content(1000);
	struct frame_enc *enc = frame_enc_new();
	struct trailer t = trailer_for(p, 1000);
	struct err e = { 0 };
	uint64_t written = 7;
	int in = memory_file(p, 999), to = memory_file("", 0);

	ck_assert_int_eq(frame_enc_fd(enc, in, 1000, &t, to, &written, &e),
	    -1);
	ck_assert_int_eq(e.cls, ERR_BUG);
	ck_assert_uint_eq(written, 7);
	frame_enc_free(enc);
	(void)close(in);
	(void)close(to);
	free(p);
}
END_TEST

START_TEST(a_full_disk_is_class_space)
{
	struct buf obj = { 0 };
	uint8_t *p = content(100000);
	struct frame_enc *enc = frame_enc_new();
	struct trailer t = trailer_for(p, 100000);
	struct err e = { 0 };
	uint64_t written;
	int in = memory_file(p, 100000), to = open("/dev/full", O_WRONLY);

	ck_assert_int_ne(to, -1);
	ck_assert_int_eq(frame_enc_fd(enc, in, 100000, &t, to, &written, &e),
	    -1);
	ck_assert_int_eq(e.cls, ERR_SPACE);
	(void)close(to);

	/* The same compressor then does its work. */
	to = memory_file("", 0);
	ck_assert_int_eq(frame_enc_fd(enc, in, 100000, &t, to, &written, &e),
	    0);
	encode(p, 100000, &obj);
	ck_assert_uint_eq(written, obj.len);
	ck_assert_int_eq(lseek(to, 0, SEEK_END), (off_t)written);
	buf_fini(&obj);
	frame_enc_free(enc);
	(void)close(in);
	(void)close(to);
	free(p);
}
END_TEST

START_TEST(one_compressor_makes_frames_of_all_sizes)
{
	struct frame_enc *enc = frame_enc_new();
	struct buf obj = { 0 }, fresh = { 0 };
	struct trailer t;
	struct err e = { 0 };
	uint8_t *p;
	int i, k;

	for (k = 0; k < 2; k++)
		for (i = LENGTH(sizes) - 1; i >= 0; i--) {
			p = content(sizes[i]);
			t = trailer_for(p, sizes[i]);
			buf_reset(&obj);
			buf_reset(&fresh);
			ck_assert_int_eq(frame_enc_mem(enc, p, sizes[i], &t,
			    &obj, &e), 0);
			encode(p, sizes[i], &fresh);
			ck_assert_uint_eq(obj.len, fresh.len);
			ck_assert(memcmp(obj.data, fresh.data, obj.len) == 0);
			free(p);
		}
	frame_enc_free(enc);
	buf_fini(&fresh);
	buf_fini(&obj);
}
END_TEST

START_TEST(the_object_is_appended)
{
	struct buf obj = { 0 }, out;
	struct err e = { 0 };

	buf_puts(&obj, "before");
	encode("content", 7, &obj);
	ck_assert_mem_eq(obj.data, "before", 6);
	ck_assert_int_eq(decode(obj.data + 6, obj.len - 6, &out, &e), 0);
	ck_assert_str_eq(buf_str(&out), "content");
	buf_fini(&out);
	buf_fini(&obj);
}
END_TEST

START_TEST(a_trailer_of_another_size_is_not_written)
{
	struct frame_enc *enc = frame_enc_new();
	struct trailer t = trailer_for("content", 7);
	struct buf obj = { 0 };
	struct err e = { 0 };

	ck_assert_int_eq(frame_enc_mem(enc, "content", 6, &t, &obj, &e), -1);
	ck_assert_int_eq(e.cls, ERR_BUG);
	ck_assert_uint_eq(obj.len, 0);
	frame_enc_free(enc);
	buf_fini(&obj);
}
END_TEST

/*
 * Corrupt object after object bit by bit.  The bytes of an LZ4 block may say
 * the same in two ways (a run repeats at distance 1 and at 2); where the
 * content is exactly right all the same, that is no wrong success.  Content
 * that does not compress lies in the object as it is: there every bit counts.
 */
START_TEST(every_flipped_bit_is_noticed)
{
	static const size_t ns[] = { 0, 1, 700, 700 };
	const bool random = _i < 3;
	size_t n = ns[_i], i;
	uint8_t *p = content(n);
	struct buf obj = { 0 }, out;
	struct err e = { 0 };

	for (i = 0; i < n && random; i++)
		p[i] = (uint8_t)hash64(&i, sizeof(i));
	encode(p, n, &obj);
	for (i = 0; i < obj.len * 8; i++) {
		obj.data[i / 8] ^= (uint8_t)(1U << (i % 8));
		if (decode(obj.data, obj.len, &out, &e) == 0) {
			ck_assert_msg(!random, "bit %zu", i);
			ck_assert_uint_eq(out.len, n);
			ck_assert(memcmp(out.data, p, n) == 0);
		} else
			ck_assert_int_eq(e.cls, ERR_CORRUPT);
		buf_fini(&out);
		obj.data[i / 8] ^= (uint8_t)(1U << (i % 8));
	}
	buf_fini(&obj);
	free(p);
}
END_TEST

START_TEST(a_cut_at_any_byte_is_noticed)
{
	static const size_t ns[] = { 0, 1, 700, 70000 };
	size_t n = ns[_i], cut, step = n > 1000 ? 61 : 1;
	uint8_t *p = content(n);
	struct buf obj = { 0 };

	encode(p, n, &obj);
	for (cut = 0; cut < obj.len; cut += step)
		assert_corrupt(obj.data, cut);
	assert_corrupt(obj.data, obj.len - 1);
	buf_fini(&obj);
	free(p);
}
END_TEST

/* What is put behind the frame of "content" in place of its trailer. */
enum behind { NOTHING, GARBAGE, TWO_TRAILERS, ANOTHER_FRAME, LONG_GARBAGE,
    WRONG_SIZE, WRONG_HASH, OTHER_SKIPPABLE, GARBAGE_TOO, NBEHIND };

START_TEST(anything_but_one_right_trailer_is_refused)
{
	struct buf obj = { 0 };
	struct trailer t = trailer_for("content", 7);
	size_t tail;

	encode("content", 7, &obj);
	trailer_put(&t, &obj);
	tail = obj.len;
	buf_reset(&obj);
	encode("content", 7, &obj);
	tail -= obj.len;	/* bytes of one trailer */
	if (_i != GARBAGE_TOO)
		obj.len -= tail;
	switch ((enum behind)_i) {
	case NOTHING:
	case NBEHIND:
		break;
	case GARBAGE:
		buf_puts(&obj, "garbage");
		break;
	case GARBAGE_TOO:
		buf_putc(&obj, 0);
		break;
	case LONG_GARBAGE:
		memset(buf_room(&obj, 100000), 0, 100000);
		obj.len += 100000;
		break;
	case TWO_TRAILERS:
		trailer_put(&t, &obj);
		trailer_put(&t, &obj);
		break;
	case ANOTHER_FRAME:
		encode("content", 7, &obj);
		break;
	case WRONG_SIZE:
		t.size = 8;
		trailer_put(&t, &obj);
		break;
	case WRONG_HASH:
		t.xxh3.lo ^= 1;
		trailer_put(&t, &obj);
		break;
	case OTHER_SKIPPABLE:
		buf_put(&obj, "\x50\x2a\x4d\x18\x04\0\0\0abcd", 12);
		break;
	}
	assert_corrupt(obj.data, obj.len);
	buf_fini(&obj);
}
END_TEST

START_TEST(garbage_behind_the_trailer_is_refused_as_it_comes)
{
	static const uint8_t zeros[5000];
	struct frame_dec *d = frame_dec_new();
	struct buf obj = { 0 }, out = { 0 };
	const struct trailer *t;
	struct err e = { 0 };
	size_t in = sizeof(zeros), put = 0;

	encode("content", 7, &obj);
	ck_assert_int_eq(decode_with(d, obj.data, obj.len, 99, 99, &out, &e),
	    0);
	ck_assert_int_eq(frame_dec_step(d, zeros, &in, NULL, &put, &e), -1);
	ck_assert_int_eq(e.cls, ERR_CORRUPT);
	ck_assert_uint_eq(in, 0);
	ck_assert_int_eq(frame_dec_finish(d, &t, &e), -1);
	frame_dec_free(d);
	buf_fini(&out);
	buf_fini(&obj);
}
END_TEST

START_TEST(an_object_without_trailer_is_cut_short)
{
	struct buf obj = { 0 }, out;
	struct err e = { 0 };

	encode("content", 7, &obj);
	obj.len -= TRAILER_FIXED_BYTES + strlen("h") + strlen("/a/b.db");
	ck_assert_int_eq(decode(obj.data, obj.len, &out, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "cut short"));
	ck_assert_str_eq(buf_str(&out), "content");
	buf_fini(&out);
	buf_fini(&obj);
}
END_TEST

/* Frames that lz4(1) takes and that are not ours. */
static const struct {
	const char *what;
	const char *bytes;
	size_t n;
} foreign[] = {
	{ "text", "SQLite format 3\0", 16 },
	{ "a skippable frame first", "\x50\x2a\x4d\x18\0\0\0\0" "0123456789",
	    18 },
	{ "legacy frame", "\x02\x21\x4c\x18\0\0\0\0" "0123456789", 18 },
	{ "no content size", "\x04\x22\x4d\x18\x64\x40\xa7\0\0\0\0\x05\x5d"
	    "\xcc\x02", 15 },
	{ "no checksum", "\x04\x22\x4d\x18\x68\x40\0\0\0\0\0\0\0\0\x05\0\0\0\0",
	    19 },
};

START_TEST(foreign_frames_are_refused)
{
	assert_corrupt((const uint8_t *)foreign[_i].bytes, foreign[_i].n);
}
END_TEST

START_TEST(content_above_the_limit_is_refused_at_once)
{
	uint8_t *p = content(5000);
	struct frame_dec *d = frame_dec_new();
	struct buf obj = { 0 }, out = { 0 };
	struct err e = { 0 };

	encode(p, 5000, &obj);
	frame_dec_limit(d, 4999);
	ck_assert_int_eq(decode_with(d, obj.data, obj.len, obj.len, 9000, &out,
	    &e), -1);
	ck_assert_int_eq(e.cls, ERR_LIMIT);
	ck_assert_uint_eq(out.len, 0);
	frame_dec_reset(d);
	frame_dec_limit(d, 5000);
	ck_assert_int_eq(decode_with(d, obj.data, obj.len, obj.len, 9000, &out,
	    &e), 0);
	frame_dec_free(d);
	buf_fini(&out);
	buf_fini(&obj);
	free(p);
}
END_TEST

START_TEST(content_has_no_limit_but_the_headers)
{
	/* As LZ4F writes it for 2^60 bytes. */
	static const uint8_t header[] = { 0x04, 0x22, 0x4d, 0x18, 0x6c, 0x40,
	    0, 0, 0, 0, 0, 0, 0, 0x10, 0x29 };
	struct frame_dec *d = frame_dec_new();
	size_t nin = sizeof(header), nout = 16;
	uint8_t out[16];
	struct err e = { 0 };

	ck_assert_msg(frame_dec_step(d, header, &nin, out, &nout, &e) == 0,
	    "%s", e.msg);
	ck_assert_uint_eq(nin, sizeof(header));
	ck_assert_uint_eq(nout, 0);
	frame_dec_free(d);
}
END_TEST

START_TEST(no_more_comes_out_than_the_header_says)
{
	/* The blocks of 300 bytes behind the header of one. */
	uint8_t *p = content(300);
	struct buf one = { 0 }, many = { 0 }, out = { 0 };
	struct frame_dec *d = frame_dec_new();
	struct err e = { 0 };

	encode(p, 1, &one);
	encode(p, 300, &many);
	memcpy(many.data, one.data, 15);
	ck_assert_int_eq(decode_with(d, many.data, many.len, 5, 9000, &out,
	    &e), -1);
	ck_assert_int_eq(e.cls, ERR_CORRUPT);
	ck_assert_uint_le(out.len, 1);
	frame_dec_free(d);
	buf_fini(&out);
	buf_fini(&many);
	buf_fini(&one);
	free(p);
}
END_TEST

START_TEST(a_failed_decoder_stays_failed_until_reset)
{
	struct frame_dec *d = frame_dec_new();
	const struct trailer *t;
	struct buf obj = { 0 }, out = { 0 };
	struct err e = { 0 };
	size_t in = 16, put = 0;

	encode("content", 7, &obj);
	ck_assert_int_eq(frame_dec_step(d, "0123456789012345", &in, NULL, &put,
	    &e), -1);
	ck_assert_int_eq(decode_with(d, obj.data, obj.len, 99, 99, &out, &e),
	    -1);
	ck_assert_int_eq(frame_dec_finish(d, &t, &e), -1);
	frame_dec_reset(d);
	ck_assert_int_eq(decode_with(d, obj.data, obj.len, 99, 99, &out, &e),
	    0);
	frame_dec_free(d);
	buf_fini(&out);
	buf_fini(&obj);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("frame");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, content_comes_back_in_pieces_of_any_size, 0,
	    LENGTH(sizes));
	tcase_add_loop_test(tc,
	    the_header_has_size_checksum_and_the_least_block, 0,
	    LENGTH(sizes));
	tcase_add_loop_test(tc, lz4_itself_takes_the_object, 0, LENGTH(sizes));
	tcase_add_loop_test(tc, descriptors_give_the_same_object_as_memory, 0,
	    8);
	tcase_add_test(tc, a_file_that_became_shorter_is_an_error);
	tcase_add_test(tc, a_full_disk_is_class_space);
	tcase_add_test(tc, one_compressor_makes_frames_of_all_sizes);
	tcase_add_test(tc, the_object_is_appended);
	tcase_add_test(tc, a_trailer_of_another_size_is_not_written);
	tcase_add_loop_test(tc, every_flipped_bit_is_noticed, 0, 4);
	tcase_add_loop_test(tc, a_cut_at_any_byte_is_noticed, 0, 4);
	tcase_add_loop_test(tc, anything_but_one_right_trailer_is_refused, 0,
	    NBEHIND);
	tcase_add_test(tc, garbage_behind_the_trailer_is_refused_as_it_comes);
	tcase_add_test(tc, an_object_without_trailer_is_cut_short);
	tcase_add_loop_test(tc, foreign_frames_are_refused, 0,
	    LENGTH(foreign));
	tcase_add_test(tc, content_above_the_limit_is_refused_at_once);
	tcase_add_test(tc, content_has_no_limit_but_the_headers);
	tcase_add_test(tc, no_more_comes_out_than_the_header_says);
	tcase_add_test(tc, a_failed_decoder_stays_failed_until_reset);
	return (run_suite(tc));
}
