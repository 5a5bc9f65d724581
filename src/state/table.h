/*
 * table -- a segment file in memory: the mapping, and searches in it.  Open
 * addressing with linear probing; a slot with a damaged record counts as taken,
 * so that it ends nobody's search.
 */
#ifndef STATE_TABLE_H
#define STATE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/hash.h"
#include "state/state.h"

/* A zeroed one is empty, and every search in it ends at once. */
struct table {
	const uint8_t *map;
	size_t map_bytes;
	uint64_t capacity;	/* slots; set it once the header is believed */
	dev_t dev;		/* of the file */
	ino_t ino;
	bool damaged;		/* a damaged record was seen */
	unsigned patience_ms;	/* left for records that may only be half
				 * written; 0 where nobody else writes */
};

/*
 * Map the file behind fd (which may then be closed) read-only.  A file
 * without room for a header is not mapped: t->map stays NULL.  "name" is for
 * the error.  Class io.
 */
int table_map(struct table *t, int fd, const char *name, struct err *e);
void table_unmap(struct table *t);

/* Slot i, i < t->capacity. */
const uint8_t *table_slot(const struct table *t, uint64_t i);

/* The slot of the good record of h, which is put into *rec; or t->capacity.
 * This is the hot path: damage on the way is neither seen nor paid for. */
uint64_t table_find(struct table *t, struct hash128 h,
    struct state_rec *rec);

/*
 * Where to put the record of h, for which table_find() found nothing: the
 * first slot on its way with a damaged record, else a free one.  t->capacity
 * if there is neither.
 */
uint64_t table_place(struct table *t, struct hash128 h);

/*
 * Does slot i hold a good record, which is put into *rec, and the one that
 * searches find?  (After a power failure a page of zeros may hide a record,
 * and a second one be made of the same path.)
 */
bool table_live(struct table *t, uint64_t i, struct state_rec *rec);

/* How many slots are taken, and how many of them are live. */
void table_count(struct table *t, uint64_t *taken, uint64_t *nlive);

/*
 * How many slots between i and the next free one are live?  When slot i was
 * free and is taken, only those can have become so.
 */
uint64_t table_live_behind(struct table *t, uint64_t i);

/* Copy the live records into "capacity" zeroed slots, which must suffice. */
void table_copy(struct table *t, uint8_t *slots, uint64_t capacity);

#endif
