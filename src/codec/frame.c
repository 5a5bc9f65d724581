#include "codec/frame.h"

#include <stdlib.h>
#include <string.h>

#include <lz4frame.h>

#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"

enum {
	LEVEL = 1,
	CHUNK_BYTES = 4 << 20	/* a multiple of every block size */
};

struct frame_enc {
	LZ4F_cctx *lz4;
	uint8_t *in;		/* CHUNK_BYTES, for descriptors only */
	struct buf out;
};

/*
 * The frame of nothing.  LZ4F writes no content size for it, and ours always
 * have one: magic, FLG (version 1, independent blocks, content size, content
 * checksum), BD (64 KiB), size 0, header checksum, end mark, XXH32 of "".
 */
static const uint8_t empty_frame[] = {
	0x04, 0x22, 0x4d, 0x18, 0x6c, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0x09,
	0, 0, 0, 0, 0x05, 0x5d, 0xcc, 0x02
};

struct frame_enc *
frame_enc_new(void)
{
	struct frame_enc *enc = mem_zero(sizeof(*enc));

	if (LZ4F_isError(LZ4F_createCompressionContext(&enc->lz4,
	    LZ4F_VERSION)))
		log_fatal("out of memory");
	return (enc);
}

void
frame_enc_free(struct frame_enc *enc)
{
	if (enc == NULL)
		return;
	(void)LZ4F_freeCompressionContext(enc->lz4);
	free(enc->in);
	buf_fini(&enc->out);
	free(enc);
}

/* autoFlush: LZ4F then compresses from where the input is, and copies none. */
static LZ4F_preferences_t
prefs_for(uint64_t size)
{
	return ((LZ4F_preferences_t){
		.frameInfo = {
			.blockSizeID = size <= 64 << 10 ? LZ4F_max64KB :
			    size <= 256 << 10 ? LZ4F_max256KB :
			    size <= 1 << 20 ? LZ4F_max1MB : LZ4F_max4MB,
			.blockMode = LZ4F_blockIndependent,
			.contentChecksumFlag = LZ4F_contentChecksumEnabled,
			.contentSize = size,
		},
		.compressionLevel = LEVEL,
		.autoFlush = 1,
	});
}

/* Take what an LZ4F call returned: bytes that it put behind *out. */
static int
took(struct buf *out, size_t n, struct err *e)
{
	if (LZ4F_isError(n)) {
		err_set(e, ERR_BUG, "LZ4: %s", LZ4F_getErrorName(n));
		return (-1);
	}
	out->len += n;
	return (0);
}

static int
begin(struct frame_enc *enc, const LZ4F_preferences_t *prefs,
    struct buf *out, struct err *e)
{
	void *at = buf_room(out, LZ4F_HEADER_SIZE_MAX);

	return (took(out, LZ4F_compressBegin(enc->lz4, at,
	    LZ4F_HEADER_SIZE_MAX, prefs), e));
}

static int
add(struct frame_enc *enc, const LZ4F_preferences_t *prefs,
    const void *src, size_t n, struct buf *out, struct err *e)
{
	size_t room = LZ4F_compressBound(n, prefs);
	void *at = buf_room(out, room);

	return (took(out, LZ4F_compressUpdate(enc->lz4, at, room, src, n,
	    NULL), e));
}

static int
end(struct frame_enc *enc, const LZ4F_preferences_t *prefs,
    const struct trailer *t, struct buf *out, struct err *e)
{
	size_t room = LZ4F_compressBound(0, prefs);
	void *at = buf_room(out, room);

	if (took(out, LZ4F_compressEnd(enc->lz4, at, room, NULL), e) == -1)
		return (-1);
	trailer_put(t, out);
	return (0);
}

static int
check(const struct trailer *t, uint64_t size, struct err *e)
{
	if (t->size != size) {
		err_set(e, ERR_BUG, "the trailer says %llu bytes, the content "
		    "has %llu", (unsigned long long)t->size,
		    (unsigned long long)size);
		return (-1);
	}
	return (trailer_check(t, e));
}

int
frame_enc_mem(struct frame_enc *enc, const void *src, size_t n,
    const struct trailer *t, struct buf *out, struct err *e)
{
	const LZ4F_preferences_t prefs = prefs_for(n);
	size_t old = out->len;

	if (check(t, n, e) == -1)
		return (-1);
	if (n == 0) {
		buf_put(out, empty_frame, sizeof(empty_frame));
		trailer_put(t, out);
		return (0);
	}
	if (begin(enc, &prefs, out, e) == -1 ||
	    add(enc, &prefs, src, n, out, e) == -1 ||
	    end(enc, &prefs, t, out, e) == -1) {
		out->len = old;
		return (-1);
	}
	return (0);
}

/* Write what has been compressed so far, and forget it. */
static int
drain(struct frame_enc *enc, int out_fd, uint64_t *out_bytes, struct err *e)
{
	if (io_write(out_fd, enc->out.data, enc->out.len, "the object", e) ==
	    -1)
		return (-1);
	*out_bytes += enc->out.len;
	buf_reset(&enc->out);
	return (0);
}

int
frame_enc_fd(struct frame_enc *enc, int in_fd, uint64_t size,
    const struct trailer *t, int out_fd, uint64_t *out_bytes, struct err *e)
{
	const LZ4F_preferences_t prefs = prefs_for(size);
	uint64_t done, written = 0;
	size_t want;
	ssize_t got;

	if (check(t, size, e) == -1)
		return (-1);
	buf_reset(&enc->out);
	if (enc->in == NULL)
		enc->in = mem_resize(NULL, CHUNK_BYTES, 1);
	if (size == 0) {
		if (frame_enc_mem(enc, "", 0, t, &enc->out, e) == -1)
			return (-1);
	} else if (begin(enc, &prefs, &enc->out, e) == -1)
		return (-1);
	for (done = 0; done < size; done += want) {
		want = size - done < CHUNK_BYTES ? (size_t)(size - done) :
		    CHUNK_BYTES;
		if ((got = io_pread(in_fd, enc->in, want, done, "the image",
		    e)) == -1)
			return (-1);
		if ((size_t)got < want) {
			err_set(e, ERR_BUG, "the image has become shorter "
			    "than %llu bytes", (unsigned long long)size);
			return (-1);
		}
		if (add(enc, &prefs, enc->in, want, &enc->out, e) == -1 ||
		    drain(enc, out_fd, &written, e) == -1)
			return (-1);
	}
	if (size > 0 && end(enc, &prefs, t, &enc->out, e) == -1)
		return (-1);
	if (drain(enc, out_fd, &written, e) == -1)
		return (-1);
	*out_bytes = written;
	return (0);
}
