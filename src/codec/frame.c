#include "codec/frame.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <lz4frame.h>

#include "base/bytes.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "codec/blocks.h"

enum {
	LEVEL = 1,
	SMALL_BYTES = 1 << 20,	/* up to here the blocks are smaller */
	LET_GO_BYTES = 16 << 20
};

/* In front of each block: its bytes, with this bit if they are the content. */
#define STORED		0x80000000U

struct frame_enc {
	LZ4F_cctx *lz4;
	struct hash32 *sum;
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
	enc->sum = hash32_new();
	return (enc);
}

void
frame_enc_free(struct frame_enc *enc)
{
	if (enc == NULL)
		return;
	(void)LZ4F_freeCompressionContext(enc->lz4);
	hash32_free(enc->sum);
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
			    size <= SMALL_BYTES ? LZ4F_max1MB : LZ4F_max4MB,
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

static void
put_number(struct buf *out, uint32_t v)
{
	uint8_t le[4];

	le32_put(le, v);
	buf_put(out, le, sizeof(le));
}

/*
 * What has been compressed is not needed again.  Its memory serves for the
 * object at once, and the disk need not take what is deleted soon.  Where
 * files cannot have holes, it stays until the end.
 */
static void
let_go(int fd, uint64_t done, uint64_t *gone)
{
	if (done - *gone < LET_GO_BYTES)
		return;
	(void)fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
	    (off_t)*gone, (off_t)(done - *gone));
	*gone = done;
}

/* The frame of a file, which LZ4F begins and blocks.h goes on with. */
static int
put_blocks(struct frame_enc *enc, int in_fd, uint64_t size, int out_fd,
    uint64_t *written, struct err *e)
{
	const LZ4F_preferences_t prefs = prefs_for(size);
	uint64_t done = 0, gone = 0;
	struct blocks *b = NULL;
	struct block k;
	int r = -1;

	hash32_reset(enc->sum);
	if (begin(enc, &prefs, &enc->out, e) == -1)
		goto out;
	b = blocks_new(in_fd, size);
	while ((r = blocks_next(b, &k, e)) == 1) {
		hash32_put(enc->sum, k.content, k.ncontent);
		put_number(&enc->out, (uint32_t)k.ndata |
		    (k.ndata == k.ncontent ? STORED : 0));
		if (drain(enc, out_fd, written, e) == -1 ||
		    io_write(out_fd, k.data, k.ndata, "the object", e) == -1) {
			r = -1;
			goto out;
		}
		*written += k.ndata;
		done += k.ncontent;
		let_go(in_fd, done, &gone);
	}
	put_number(&enc->out, 0);	/* end mark */
	put_number(&enc->out, hash32_get(enc->sum));
out:
	blocks_free(b);
	return (r);
}

/* One block or few; they are smaller than those of blocks.h. */
static int
put_small(struct frame_enc *enc, int in_fd, size_t size,
    const struct trailer *t, struct err *e)
{
	uint8_t *p = mem_resize(NULL, size, 1);
	ssize_t got;
	int ret = -1;

	if ((got = io_pread(in_fd, p, size, 0, "the image", e)) == -1)
		goto out;
	if ((size_t)got < size) {
		err_set(e, ERR_BUG, "the image has become shorter than %zu "
		    "bytes", size);
		goto out;
	}
	ret = frame_enc_mem(enc, p, size, t, &enc->out, e);
out:
	free(p);
	return (ret);
}

int
frame_enc_fd(struct frame_enc *enc, int in_fd, uint64_t size,
    const struct trailer *t, int out_fd, uint64_t *out_bytes, struct err *e)
{
	uint64_t written = 0;

	if (check(t, size, e) == -1)
		return (-1);
	buf_reset(&enc->out);
	if (size <= SMALL_BYTES) {
		if (put_small(enc, in_fd, (size_t)size, t, e) == -1)
			return (-1);
	} else {
		if (put_blocks(enc, in_fd, size, out_fd, &written, e) == -1)
			return (-1);
		trailer_put(t, &enc->out);
	}
	if (drain(enc, out_fd, &written, e) == -1)
		return (-1);
	*out_bytes = written;
	return (0);
}
