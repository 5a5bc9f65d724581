/*
 * header -- the first 100 bytes of a SQLite database, and whether they can be
 * true of a file of this size.
 *
 * Source: SQLite file format, section 1.3 ("The Database Header").  The
 * checks are those that make SQLite itself refuse a file.
 */
#ifndef DB_HEADER_H
#define DB_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	HEADER_BYTES = 100,
	HEADER_MAGIC_BYTES = 16
};

struct header {
	uint32_t page_size;	/* 512 to 65536, a power of two */
	uint32_t npages;	/* as the header says */
	bool counted;		/* npages counts: it was written together
				 * with the change counter */
};

/* Do p[0 .. n-1] begin with SQLite's magic? */
bool header_magic(const void *p, size_t n);

/* Is this a page size that SQLite uses? */
bool header_page_size_ok(uint32_t page_size);

/*
 * Read the header at p[0 .. n-1] of a database of "size" bytes, and see
 * whether it makes sense.  Class corrupt: fewer than 100 bytes, a field out
 * of its range, less than one page, or fewer pages than counted.
 */
int header_parse(const uint8_t *p, size_t n, uint64_t size,
    struct header *h, struct err *e);

#endif
