/*
 * wal -- the frames of a write-ahead log: which are valid, where the last
 * commit is, and which frame holds the newest content of each page.
 *
 * File (big endian):
 *     [header: 32 bytes] ([frame header: 24 bytes] [page]) *
 * A frame is valid if its salts are the header's and its checksum, which goes
 * on from frame to frame, is right (SQLite: "WAL-mode file format", sections
 * 4.1 to 4.3).  The checksum's words are read in the byte order that the
 * header's magic names.
 *
 * Bytes in, map out: no file is touched.  Memory: 8 bytes a frame, kept from
 * one log to the next.
 */
#ifndef DB_WAL_H
#define DB_WAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	WAL_HEADER_BYTES = 32,
	WAL_FRAME_BYTES = 24,
	WAL_SALT_BYTES = 8,
	WAL_VERSION = 3007000
};

enum wal_kind {
	WAL_GOOD,
	WAL_EMPTY,	/* no header, or not a valid one: holds nothing */
	WAL_UNKNOWN	/* a valid header of another version */
};

/* Everything is for reading only. */
struct wal {
	uint32_t page_size;
	uint8_t salt[WAL_SALT_BYTES];	/* as in the file */
	uint32_t nframes;	/* valid frames so far */
	uint32_t ncommitted;	/* of them, up to the last commit */
	uint32_t npages;	/* size of the database after that commit */
	uint32_t cksum[2];	/* over all up to that commit */

	uint32_t running[2];	/* the checksum so far */
	bool big_endian;
	uint64_t *map;
	size_t nmap;
	size_t cap;
};

/* A zeroed struct wal is ready for wal_begin(). */
void wal_fini(struct wal *w);

/* Forget everything but the memory: a log that holds nothing. */
void wal_reset(struct wal *w);

/*
 * Start a log from its first n bytes; 32 are looked at.  If it is not good,
 * page_size is 0 and nothing may be fed.
 */
enum wal_kind wal_begin(struct wal *w, const uint8_t *p, size_t n);

/*
 * After wal_begin(): go on behind frame n, which is a commit, with its checksum
 * (wal.cksum), without what came before.  For wal_feed() alone: of frames not
 * fed there are no pages.
 */
void wal_resume(struct wal *w, uint32_t n, const uint32_t cksum[2]);

/* Bytes of a frame, header and page. */
size_t wal_frame_bytes(const struct wal *w);

/* Where frame 1, 2, ... begins in the file. */
uint64_t wal_frame_offset(const struct wal *w, uint32_t frame);

/*
 * Take in the next frames: as many whole ones as p[0 .. n-1] holds.  Returns
 * false once one is not valid: the log ends before it.
 */
bool wal_feed(struct wal *w, const uint8_t *p, size_t n);

/*
 * Forget what comes after the last commit, older content of pages, and pages
 * beyond the database's size.  Returns how many pages are left: wal_page(w,
 * 0), ..., in the order of their frames.
 */
size_t wal_seal(struct wal *w);

/* The i-th page's number (from 1); *frame: the frame that holds it. */
uint32_t wal_page(const struct wal *w, size_t i, uint32_t *frame);

/*
 * Go on with the checksum s[0], s[1] over n bytes, a multiple of 8, whose
 * words are in the machine's order or, if "swap", in the other.
 */
void wal_checksum(const void *p, size_t n, bool swap, uint32_t s[2]);

#endif
