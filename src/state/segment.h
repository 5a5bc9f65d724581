/*
 * segment -- the bytes of a segment file (state/state.h has the layout):
 * headers and records, between memory and the file.
 */
#ifndef STATE_SEGMENT_H
#define STATE_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "state/state.h"
#include "state/statedir.h"

struct segment_hdr {
	unsigned seg;
	uint64_t capacity;	/* slots */
	uint64_t count;		/* records, as of the last close: a hint */
	struct state_id id;
};

/* The bytes of a header. */
void segment_hdr_put(const struct segment_hdr *h, uint8_t p[STATE_HDR_BYTES]);

/*
 * Read the header of a file of "size" bytes at p[0 .. size-1].  Returns NULL
 * if it is one of this format and the file holds all slots, else what is
 * wrong, for a person.
 */
const char *segment_hdr_get(const uint8_t *p, uint64_t size,
    struct segment_hdr *h);

/* The bytes of a file of this capacity; false if there is no such number. */
bool segment_bytes(uint64_t capacity, uint64_t *bytes);

/* The bytes of a record, with its checksum. */
void segment_rec_put(const struct state_rec *rec, uint8_t p[STATE_REC_BYTES]);

/* False, and *rec undefined, if the checksum is wrong. */
bool segment_rec_get(const uint8_t p[STATE_REC_BYTES], struct state_rec *rec);

/* Is this slot free?  Does it hold, well or badly, path hash h? */
bool segment_rec_free(const uint8_t p[STATE_REC_BYTES]);
bool segment_rec_is(const uint8_t p[STATE_REC_BYTES], struct hash128 h);

/* The slot that the search for h begins with. */
uint64_t segment_home(struct hash128 h, uint64_t capacity);

#endif
