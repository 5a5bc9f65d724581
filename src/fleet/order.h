/*
 * order -- one database that is to be restored, on its way from who found it
 * to the worker that owns it; many are packed into one message.
 *
 * Wire (little endian, within one host), for each:
 *     u64 bytes, i64 timestamp, u16 key bytes, u16 rel bytes, u8 tag bytes,
 *     key, rel, tag
 */
#ifndef FLEET_ORDER_H
#define FLEET_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/hash.h"

enum {
	ORDER_BYTES_UNKNOWN = 0,
	ORDER_NAME_MAX = 16 * 1024,	/* bytes of a key, of a target */
	ORDER_TAG_MAX = 255,
	ORDER_PARCEL_MAX = 60 * 1024
};

struct order {
	const char *key;	/* of the database, in the store */
	const char *rel;	/* where to, below the root of the restore */
	const char *tag;	/* ETag of the object, or "" */
	int64_t ms;		/* of the object: key and ms are its name */
	uint64_t bytes;		/* of the object, or ORDER_BYTES_UNKNOWN */
};

/* Do key and rel fit (1 to ORDER_NAME_MAX bytes)?  What does not cannot be
 * packed, nor can a file system hold it. */
bool order_fits(const struct order *o);

/*
 * Append an order that fits to a parcel; false, and nothing added, if it would
 * be longer than ORDER_PARCEL_MAX (an empty one takes any order).  A tag above
 * ORDER_TAG_MAX is left out.
 */
bool order_put(struct buf *parcel, const struct order *o);

/*
 * Unpacking: point at the message, call order_next() until it is false.  A
 * malformed message ends early: also where the moment is beyond those that a
 * stamp can say (base/clock.h), key or rel is empty or longer than
 * ORDER_NAME_MAX, or anything holds a NUL.  Strings live until the next call.
 */
struct order_reader {
	const uint8_t *p;
	size_t left;
	struct buf strings;
};
void order_reader_init(struct order_reader *r, const void *p, size_t n);
void order_reader_fini(struct order_reader *r);
bool order_next(struct order_reader *r, struct order *o);

/*
 * Who owns it: the unseeded hash of its target without companions' suffixes
 * (so "x.db" and "x.db-wal", which must not meet, have one owner).  The top 8
 * bits are the segment.
 */
struct hash128 order_owner(const char *rel);

#endif
