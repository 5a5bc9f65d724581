/*
 * An object of any bytes, in pieces whose sizes follow from them: whatever is
 * taken as whole has the size and the hash that its trailer says, comes out
 * the same in one piece, and from liblz4 alone.  Then the bytes as content of
 * an object that is damaged somewhere: it is refused, or not damaged.
 */
#include <stdlib.h>
#include <string.h>

#include <lz4frame.h>

#include "base/bytes.h"
#include "codec/frame.h"
#include "fuzz/driver.h"

enum {
	CONTENT_MAX = 4 << 20	/* a bomb is cut off here */
};

/* Decode; 1 if it is whole, with its content in *out. */
static int
decode(struct frame_dec *d, const uint8_t *p, size_t n, size_t nin,
    size_t nout, struct buf *out)
{
	const struct trailer *t;
	struct err e;
	size_t at = 0, in, put;

	frame_dec_reset(d);
	frame_dec_limit(d, CONTENT_MAX);
	do {
		in = n - at < nin ? n - at : nin;
		put = nout;
		if (frame_dec_step(d, p + at, &in, buf_room(out, nout), &put,
		    &e) == -1)
			return (0);
		if (in > n - at || put > nout)
			abort();
		at += in;
		out->len += put;
		if (out->len > CONTENT_MAX)
			abort();
	} while (in > 0 || put > 0);
	if (frame_dec_finish(d, &t, &e) == -1)
		return (0);
	if (at != n || t->size != out->len ||
	    !hash128_eq(t->xxh3, hash128(out->data, out->len)))
		abort();
	return (1);
}

/* The content, as "lz4 -d" has it. */
static void
ask_lz4(const uint8_t *p, size_t n, const struct buf *ours)
{
	LZ4F_dctx *ctx;
	struct buf theirs = { 0 };
	size_t r = 1, in = 0, take, put;

	must(!LZ4F_isError(LZ4F_createDecompressionContext(&ctx,
	    LZ4F_VERSION)));
	while (r != 0) {
		take = n - in;
		put = 65536;
		r = LZ4F_decompress(ctx, buf_room(&theirs, put), &put, p + in,
		    &take, NULL);
		must(!LZ4F_isError(r) && take + put > 0);
		in += take;
		theirs.len += put;
	}
	must(theirs.len == ours->len);
	must(ours->len == 0 || memcmp(theirs.data, ours->data,
	    ours->len) == 0);
	(void)LZ4F_freeDecompressionContext(ctx);
	buf_fini(&theirs);
}

/* What is added to which byte follows from the first three of the content. */
static void
try_damaged(struct frame_dec *d, const uint8_t *p, size_t n)
{
	static struct frame_enc *enc;
	struct trailer t = { .size = n, .xxh3 = hash128(p, n), .host = "h",
	    .path = "/p" };
	struct buf object = { 0 }, back = { 0 };
	struct err e;
	size_t at;

	if (n < 3)
		return;
	if (enc == NULL)
		enc = frame_enc_new();
	must(frame_enc_mem(enc, p, n, &t, &object, &e) == 0);
	at = le16_get(p) % object.len;
	object.data[at] = (uint8_t)(object.data[at] + p[2]);
	if (decode(d, object.data, object.len, object.len, 65536, &back))
		must(back.len == n && memcmp(back.data, p, n) == 0);
	else
		must(p[2] != 0);
	buf_fini(&object);
	buf_fini(&back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct frame_dec *d;
	struct buf whole = { 0 }, pieces = { 0 };
	uint64_t h = hash64(data, size);
	int good;

	if (d == NULL)
		d = frame_dec_new();
	good = decode(d, data, size, size, 65536, &whole);
	/* At most 4,096 at once, so that no run takes a byte each time. */
	must(good == decode(d, data, size, 1 + h % 4096,
	    64 + h / 4096 % 4096, &pieces));
	if (good)
		ask_lz4(data, size, &whole);
	buf_fini(&pieces);
	buf_fini(&whole);
	try_damaged(d, data, size);
	return (0);
}
