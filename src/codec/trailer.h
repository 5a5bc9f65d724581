/*
 * trailer -- what an object says of itself: an LZ4 skippable frame behind the
 * content, so that every tool that copies the file keeps it.
 *
 * Bytes (little endian; litefleet-state(5)):
 *     0   u32  0x184D2A5F, the skippable frame's magic
 *     4   u32  bytes that follow
 *     8   8    "LFLEET1\0"
 *     16  u32  format version, 1
 *     20  u32  page size of the database, 0 if empty
 *     24  u64  size of the content in bytes
 *     32  16   XXH3-128 of the content, canonical (big endian, as printed)
 *     48  u64  modification time of the source, ns since 1970
 *     56  u32  mode, 60 u32 uid, 64 u32 gid of the source
 *     68  u16  bytes of host, 70 u16 bytes of path
 *     72       host, path (no NUL)
 *     ..  u32  low half of XXH3-64 of the payload so far (from 8)
 *     ..  u32  the whole frame's length, so that it is found from the end
 */
#ifndef CODEC_TRAILER_H
#define CODEC_TRAILER_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"

#define TRAILER_MAGIC	0x184D2A5FU

enum {
	TRAILER_FIXED_BYTES = 80,	/* without host and path */
	TRAILER_MAX_BYTES = 80 + 255 + 4096
};

struct trailer {
	uint64_t size;		/* bytes of content */
	struct hash128 xxh3;	/* of the content */
	uint32_t page_size;
	int64_t mtime_ns;
	uint32_t mode;
	uint32_t uid;
	uint32_t gid;
	const char *host;	/* at most 255 bytes */
	const char *path;	/* absolute, at most 4,096 bytes */
};

/*
 * Can it be written?  Class limit: host or path too long; bug: the path is
 * not absolute.
 */
int trailer_check(const struct trailer *t, struct err *e);

/* Append the frame to *b.  trailer_check() has found nothing wrong. */
void trailer_put(const struct trailer *t, struct buf *b);

/*
 * Read the frame at p[0 .. n-1], which must be exactly one.  The strings of
 * *t are allocated: trailer_fini().  Class corrupt; limit for a format
 * version of the future.
 */
int trailer_parse(const void *p, size_t n, struct trailer *t, struct err *e);
void trailer_fini(struct trailer *t);

#endif
