/*
 * unframe -- the decoder of codec/frame.h.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <lz4frame.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/mem.h"
#include "codec/frame.h"

/* Frame descriptor: magic, FLG, BD, content size, header checksum. */
enum {
	HEADER_BYTES = 15,
	FLG_VERSION_MASK = 0xc0,
	FLG_VERSION_1 = 0x40,
	FLG_INDEPENDENT = 0x20,
	FLG_CONTENT_SIZE = 0x08,
	FLG_CONTENT_SUM = 0x04,
	FLG_DICT_ID = 0x01
};

#define FRAME_MAGIC	0x184D2204U

enum phase {
	IN_HEADER,
	IN_CONTENT,
	IN_TRAILER,
	FAILED
};

struct frame_dec {
	LZ4F_dctx *lz4;
	struct hash_stream *hash;
	enum phase phase;
	uint8_t header[HEADER_BYTES];
	size_t nheader;
	uint64_t size;		/* of the content, as the header says */
	uint64_t done;		/* bytes of content put out */
	uint64_t limit;
	struct buf tail;	/* what came behind the frame */
	struct trailer trailer;
};

struct frame_dec *
frame_dec_new(void)
{
	struct frame_dec *d = mem_zero(sizeof(*d));

	if (LZ4F_isError(LZ4F_createDecompressionContext(&d->lz4,
	    LZ4F_VERSION)))
		log_fatal("out of memory");
	d->hash = hash_stream_new();
	d->limit = UINT64_MAX;
	return (d);
}

void
frame_dec_free(struct frame_dec *d)
{
	if (d == NULL)
		return;
	(void)LZ4F_freeDecompressionContext(d->lz4);
	hash_stream_free(d->hash);
	buf_fini(&d->tail);
	trailer_fini(&d->trailer);
	free(d);
}

void
frame_dec_reset(struct frame_dec *d)
{
	LZ4F_resetDecompressionContext(d->lz4);
	hash_stream_reset(d->hash);
	buf_reset(&d->tail);
	trailer_fini(&d->trailer);
	d->phase = IN_HEADER;
	d->nheader = 0;
	d->size = d->done = 0;
}

void
frame_dec_limit(struct frame_dec *d, uint64_t max_bytes)
{
	d->limit = max_bytes;
}

/*
 * LZ4F takes frames that we do not write: skippable ones, without content
 * size or checksum.  So the header is looked at before LZ4F gets it.
 */
static int
check_header(struct frame_dec *d, struct err *e)
{
	const unsigned want = FLG_VERSION_1 | FLG_INDEPENDENT |
	    FLG_CONTENT_SIZE | FLG_CONTENT_SUM;
	const unsigned mask = want | FLG_VERSION_MASK | FLG_DICT_ID;

	if (le32_get(d->header) != FRAME_MAGIC) {
		err_set(e, ERR_CORRUPT, "not an LZ4 frame");
		return (-1);
	}
	if ((d->header[4] & mask) != want) {
		err_set(e, ERR_CORRUPT, "not a frame as litefleet writes "
		    "them: content size, content checksum, independent blocks");
		return (-1);
	}
	d->size = le64_get(d->header + 6);
	if (d->size > d->limit) {
		err_set(e, ERR_LIMIT, "content of %llu bytes, where at most "
		    "%llu are taken", (unsigned long long)d->size,
		    (unsigned long long)d->limit);
		return (-1);
	}
	return (0);
}

/* One LZ4F call; the frame ends when it returns 0. */
static int
decode(struct frame_dec *d, const void *in, size_t *nin, void *out,
    size_t *nout, struct err *e)
{
	size_t r;

	r = LZ4F_decompress(d->lz4, out, nout, in, nin, NULL);
	if (LZ4F_isError(r)) {
		err_set(e, ERR_CORRUPT, "LZ4: %s", LZ4F_getErrorName(r));
		return (-1);
	}
	if (*nout > d->size - d->done) {
		err_set(e, ERR_CORRUPT, "more content than the %llu bytes that "
		    "the header says", (unsigned long long)d->size);
		return (-1);
	}
	if (*nout > 0)
		hash_stream_put(d->hash, out, *nout);
	d->done += *nout;
	if (r == 0)
		d->phase = IN_TRAILER;
	return (0);
}

/* Collect the header's bytes, and hand them on when they are all there. */
static int
take_header(struct frame_dec *d, const void *in, size_t *nin, struct err *e)
{
	size_t nothing = 0, n = HEADER_BYTES - d->nheader;
	uint8_t none[1];

	if (n > *nin)
		n = *nin;
	if (n > 0)
		memcpy(d->header + d->nheader, in, n);
	*nin = n;
	if ((d->nheader += n) < HEADER_BYTES)
		return (0);
	n = HEADER_BYTES;
	if (check_header(d, e) == -1 ||
	    decode(d, d->header, &n, none, &nothing, e) == -1)
		return (-1);
	if (n != HEADER_BYTES) {
		err_set(e, ERR_CORRUPT, "LZ4: a header of another length");
		return (-1);
	}
	d->phase = IN_CONTENT;
	return (0);
}

int
frame_dec_step(struct frame_dec *d, const void *in, size_t *nin, void *out,
    size_t *nout, struct err *e)
{
	const size_t room = *nout;
	int ret = -1;

	*nout = 0;
	switch (d->phase) {
	case IN_HEADER:
		ret = take_header(d, in, nin, e);
		break;
	case IN_CONTENT:
		*nout = room;
		ret = decode(d, in, nin, out, nout, e);
		break;
	case IN_TRAILER:
		if (*nin > TRAILER_MAX_BYTES - d->tail.len) {
			err_set(e, ERR_CORRUPT, "more than a trailer behind "
			    "the content");
			break;
		}
		buf_put(&d->tail, in, *nin);
		ret = 0;
		break;
	case FAILED:
		err_set(e, ERR_CORRUPT, "the object is damaged");
		break;
	}
	if (ret == -1) {
		d->phase = FAILED;
		*nin = *nout = 0;
	}
	return (ret);
}

int
frame_dec_finish(struct frame_dec *d, const struct trailer **t,
    struct err *e)
{
	struct trailer found;

	if (d->phase == FAILED) {
		err_set(e, ERR_CORRUPT, "the object is damaged");
		return (-1);
	}
	if (d->phase != IN_TRAILER || d->tail.len == 0) {
		err_set(e, ERR_CORRUPT, "the object is cut short");
		return (-1);
	}
	if (trailer_parse(d->tail.data, d->tail.len, &found, e) == -1)
		return (-1);
	if (d->done != d->size || found.size != d->size ||
	    !hash128_eq(found.xxh3, hash_stream_get(d->hash))) {
		err_set(e, ERR_CORRUPT, "the content is not what the trailer "
		    "says");
		trailer_fini(&found);
		return (-1);
	}
	trailer_fini(&d->trailer);
	d->trailer = found;
	*t = &d->trailer;
	return (0);
}
