/*
 * frame -- the body of an object: one LZ4 frame (content size, content
 * checksum, independent blocks) and one skippable frame, the trailer
 * (codec/trailer.h).  "lz4 -d" alone turns it back into the database.
 * Format: LZ4 Frame Format Description 1.6.x.
 */
#ifndef CODEC_FRAME_H
#define CODEC_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "codec/trailer.h"

/* A compressor whose memory is used again for each frame. */
struct frame_enc;
struct frame_enc *frame_enc_new(void);
void frame_enc_free(struct frame_enc *enc);

/*
 * Append the frame of src[0 .. n-1] and the trailer to *out, which is as it
 * was after a failure.  Class limit: the trailer's strings are too long; bug:
 * its size is not n, or LZ4 fails.
 */
int frame_enc_mem(struct frame_enc *enc, const void *src, size_t n,
    const struct trailer *t, struct buf *out, struct err *e);

/*
 * Write the frame of the first "size" bytes of in_fd (from offset 0) and the
 * trailer to out_fd (at its current offset); *out_bytes is what was written.
 * Reads and writes in chunks of at most 4 MiB.  Class io, space; a file that
 * has become shorter: class bug (nobody else may write to it); and as
 * frame_enc_mem().
 */
int frame_enc_fd(struct frame_enc *enc, int in_fd, uint64_t size,
    const struct trailer *t, int out_fd, uint64_t *out_bytes, struct err *e);

/*
 * A decoder that is fed the object piece by piece, in pieces of any size.
 * It checks everything that there is to check: frame and block checksums,
 * content size, and the trailer's size and xxh3 against the content.
 */
struct frame_dec;
struct frame_dec *frame_dec_new(void);
void frame_dec_free(struct frame_dec *d);
void frame_dec_reset(struct frame_dec *d);

/*
 * Take up to *nin bytes at "in" and put up to *nout bytes of content at
 * "out".  On return *nin and *nout say how many were taken and put.  Call
 * again while either moves.  Class corrupt: not LZ4, no content size in the
 * header, damaged, more content than the header says, or anything but one
 * trailer behind the frame; limit: it says more than frame_dec_limit() allows.
 */
int frame_dec_step(struct frame_dec *d, const void *in, size_t *nin,
    void *out, size_t *nout, struct err *e);

/* Refuse a header that says more than max_bytes (default: none). */
void frame_dec_limit(struct frame_dec *d, uint64_t max_bytes);

/*
 * The object has ended: was it whole?  If so *t is its trailer (strings live
 * until the decoder is reset or freed).  Class corrupt; limit for a trailer of
 * a format version of the future.
 */
int frame_dec_finish(struct frame_dec *d, const struct trailer **t,
    struct err *e);

#endif
