/*
 * decode -- an object's bytes, as they come, become the content of a file:
 * LZ4 frame and trailer are checked on the way and at the end (codec/frame.h).
 *
 * Its memory is used again for the next object.
 */
#ifndef JOB_DECODE_H
#define JOB_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "codec/trailer.h"

struct decode;

/* Content above max_bytes is refused (class limit). */
struct decode *decode_new(uint64_t max_bytes);
void decode_free(struct decode *d);

/* Begin an object whose content is written to fd; "name" (for errors) lives
 * until decode_end(). */
void decode_begin(struct decode *d, int fd, const char *name);

/*
 * Of this object, begun at the beginning of a file: where there is no room,
 * yield(ctx) is called, and if it made some (true) what is written goes on.
 */
void decode_on_full(struct decode *d, bool (*yield)(void *ctx), void *ctx);

/* Take its next n bytes.  Class corrupt; limit; space, io of the file. */
int decode_feed(struct decode *d, const void *p, size_t n, struct err *e);

/*
 * It has ended: was it whole?  Then *t is its trailer, whose strings live
 * until the next decode_begin().  Class corrupt; limit for a trailer of a
 * format version of the future.
 */
int decode_end(struct decode *d, const struct trailer **t, struct err *e);

#endif
