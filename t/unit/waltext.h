/*
 * waltext -- logs made by hand, in both byte orders of the checksum.
 */
#ifndef UNIT_WALTEXT_H
#define UNIT_WALTEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "db/wal.h"

#define HOST_IS_BE	(__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

static inline void
put_be32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static inline uint32_t
get_be32(const uint8_t *p)
{
	return ((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3]);
}

/* Give all whole frames of the log p[0 .. n-1] the header's salts and right
 * checksums. */
static inline void
sign_log(uint8_t *p, size_t n)
{
	uint32_t s[2] = { 0, 0 }, page_size;
	size_t off;
	bool swap;

	if (n < WAL_HEADER_BYTES)
		return;
	page_size = get_be32(p + 8);
	swap = ((p[3] & 1) != 0) != HOST_IS_BE;
	wal_checksum(p, 24, swap, s);
	put_be32(p + 24, s[0]);
	put_be32(p + 28, s[1]);
	if (page_size < 512 || page_size > 65536)
		return;
	for (off = WAL_HEADER_BYTES; n - off >= WAL_FRAME_BYTES + page_size;
	    off += WAL_FRAME_BYTES + page_size) {
		memcpy(p + off + 8, p + 16, WAL_SALT_BYTES);
		wal_checksum(p + off, 8, swap, s);
		wal_checksum(p + off + WAL_FRAME_BYTES, page_size, swap, s);
		put_be32(p + off + 16, s[0]);
		put_be32(p + off + 20, s[1]);
	}
}

/* The header of a log; frames follow with put_frame(), then sign_log(). */
static inline void
put_header(struct buf *b, uint32_t page_size, bool big_endian)
{
	uint8_t *p = buf_room(b, WAL_HEADER_BYTES);

	memset(p, 0, WAL_HEADER_BYTES);
	put_be32(p, 0x377f0682U | (big_endian ? 1 : 0));
	put_be32(p + 4, WAL_VERSION);
	put_be32(p + 8, page_size);
	memcpy(p + 16, "saltSALT", WAL_SALT_BYTES);
	b->len += WAL_HEADER_BYTES;
}

/* npages: 0, or the database's size if the frame is a commit. */
static inline void
put_frame(struct buf *b, uint32_t page_size, uint32_t pgno, uint32_t npages,
    int fill)
{
	uint8_t *p = buf_room(b, WAL_FRAME_BYTES + page_size);

	memset(p, 0, WAL_FRAME_BYTES);
	put_be32(p, pgno);
	put_be32(p + 4, npages);
	memset(p + WAL_FRAME_BYTES, fill, page_size);
	b->len += WAL_FRAME_BYTES + page_size;
}

#endif
