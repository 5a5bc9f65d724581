/*
 * walindex -- what a -shm says: up to which frame the log is committed, and
 * how much of it was copied into the database.
 *
 * Layout (native byte order): [header: 48] [the same again: 48] [nBackfill: 4]
 * (SQLite: "WAL-mode file format", section 4.4; wal.c, WalIndexHdr and
 * WalCkptInfo).  Unchanged since 3.7.0, and its version says so.
 *
 * Others write to it at any time; it is only read here.
 */
#ifndef DB_WALINDEX_H
#define DB_WALINDEX_H

#include <stdint.h>

#include "db/wal.h"

enum {
	WALINDEX_REGION_BYTES = 32768,	/* first region of a -shm */
	WALINDEX_READ_BYTES = 100	/* of it, what walindex_read() reads */
};

enum walindex_state {
	WALINDEX_GOOD,
	WALINDEX_UNSETTLED,	/* being written, or never initialised */
	WALINDEX_UNKNOWN	/* another version */
};

struct walindex {
	uint32_t page_size;
	uint32_t mx_frame;	/* last committed frame; 0: the log is empty */
	uint32_t npages;	/* size of the database at that commit */
	uint32_t cksum[2];	/* of the log up to that frame */
	uint8_t salt[WAL_SALT_BYTES];
	uint32_t nbackfill;	/* frames that are in the database file */
};

/* Read one consistent state of the wal-index mapped at p, or see that there
 * is none at the moment. */
enum walindex_state walindex_read(const volatile void *p,
    struct walindex *x);

#endif
