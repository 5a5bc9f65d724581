/*
 * An object of any bytes, in pieces whose sizes follow from them: whatever is
 * taken as whole has the size and the hash that its trailer says, and comes
 * out the same in one piece.
 */
#include <stdlib.h>
#include <string.h>

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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct frame_dec *d;
	struct buf whole = { 0 }, pieces = { 0 };
	uint64_t h = hash64(data, size);

	if (d == NULL)
		d = frame_dec_new();
	/* At most 4,096 at once, so that no run takes a byte each time. */
	if (decode(d, data, size, size, 65536, &whole) !=
	    decode(d, data, size, 1 + h % 4096, 64 + h / 4096 % 4096, &pieces))
		abort();
	buf_fini(&pieces);
	buf_fini(&whole);
	return (0);
}
