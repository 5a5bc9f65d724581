/*
 * state -- one segment's memory between runs: a file of fixed records, mapped
 * read-only and written with pwrite(2), so that a full disk is an error and
 * not a SIGBUS, and no stray store can harm it.
 *
 * File (little endian; litefleet-state(5)):
 *     [header: STATE_HDR_BYTES] [record: STATE_REC_BYTES] * capacity
 * Header: magic "LFSEG\0\0\1", u32 format version, u32 record size, u32
 *     segment, u32 0, u64 capacity, u64 count, u64 seed, 16 store id, u64
 *     XXH3-64 of the header before it, zeros.
 * Record: 16 path hash (hi, lo), 16 fingerprint, 16 content hash, u64 key
 *     hash, u32 naming, u32 checksum (low half of XXH3-64 of the record with
 *     this field zero), i64 stored_ms, u8 fail_class, u8 fail_count, u16
 *     flags, u32 not_before, u32 failing_since, u32 0.  All zero: free.
 * Open addressing by the path hash, linear probing, load at most 0.85; grows
 * by 1.25, and by 45 slots (a page) at least, into a new file that is renamed
 * over the old.
 * <segment>.names: u16 length, u64 low half of the path hash, path; appended
 * when a path is first recorded; read by status (state/names.h).
 * <segment>.new: a larger segment that is being written.
 *
 * Owner: exactly one process.  Never open before fork(2) and use after.
 */
#ifndef STATE_STATE_H
#define STATE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "state/statedir.h"

enum {
	STATE_SEGMENTS = 256,
	STATE_HDR_BYTES = 128,
	STATE_REC_BYTES = 88
};

enum state_flag {
	STATE_RACY = 1,		/* its times were too close to the reading */
	STATE_HAS_DB = 2,	/* the last object stored was not empty */
	STATE_NOT_DB = 4,	/* skipped: not a database */
	STATE_DAMAGED = 8,	/* stored, but the check found damage */
	STATE_QUARANTINE = 16,	/* a worker died of it */
	STATE_LOST = 32,	/* the store has lost its last object, whose
				 * moment is kept: the next one's is later */
	STATE_UNNAMED = 64	/* its path is not among the names */
};

struct state_rec {
	struct hash128 path;	/* statedir_hash() */
	struct hash128 fingerprint;	/* state_fingerprint() as of the last
					 * reading; 0 if never read */
	struct hash128 content;	/* XXH3-128 of the last image stored */
	uint64_t key;		/* hash64 of the rendered key */
	uint32_t naming;	/* key_template_naming() */
	int64_t stored_ms;	/* timestamp of the last object, 0: none */
	uint8_t fail_class;	/* enum err_class of the last try, 0: good; one
				 * that is not known is read as ERR_BUG */
	uint8_t fail_count;	/* tries in a row, at most 255 */
	uint16_t flags;
	uint32_t not_before;	/* seconds since 1970: when to try again; for
				 * a failure without back-off, when it was */
	uint32_t failing_since;	/* seconds since 1970: of the first failure or
				 * damage since the last success; 0: none */
};

/* The stat(2) values that tell whether a database changed. */
struct state_stat {
	uint64_t dev, ino, size;
	int64_t mtime_ns, ctime_ns;
	bool has_wal;
	uint64_t wal_ino, wal_size;
	int64_t wal_mtime_ns;
};

/* One number for all of them: equal if and only if they are equal (but for
 * a chance of 2^-128); without a WAL, its fields do not count.  Never zero. */
struct hash128 state_fingerprint(const struct state_stat *s);

struct state;

/*
 * Open segment "seg" (0 to 255) of the state in dirfd, or none yet if there
 * is no file: nothing is created before the first state_put().  Another
 * format, seed, store or segment, a wrong checksum or a short file: said once
 * (log_warn), and the segment begins anew: the first state_put() replaces it
 * and its names.  A segment written while the store had no id (zeros) is any
 * store's.  *id is copied, and goes into what is written: open after the
 * store's id is known.  Holds no descriptor while it only reads,
 * and two once it writes.  Class io.
 */
struct state *state_open(int dirfd, unsigned seg, const struct state_id *id,
    struct err *e);

/*
 * Another process may be writing this segment, as while a run goes on: what is
 * half written when it is read is read again, for some ms in all.
 */
void state_share(struct state *st);

/* Write the count into the header if it changed, and release everything. */
void state_close(struct state *st);

/* The record of h will be asked for soon.  A hint, which costs nothing. */
void state_prefetch(const struct state *st, struct hash128 h);

/*
 * Copy the record of path hash h to *rec.  False if there is none or its
 * checksum is wrong (said once for a segment).
 */
bool state_find(struct state *st, struct hash128 h, struct state_rec *rec);

/*
 * Write the record rec->path, new or not.  "path" is put into the names if
 * the record is new or STATE_UNNAMED (class limit: it is longer than 4,096
 * bytes), unless it is empty.  Class
 * space, io: the old record is still there, or there is none.  Not synced:
 * losing records costs uploads, never a backup.
 */
int state_put(struct state *st, const struct state_rec *rec, const char *path,
    struct err *e);

/* Call "each" with every good record; and with every name that has one, once.
 * For status.  "each" may call state_find(), not state_put(). */
void state_each(struct state *st,
    void (*each)(void *ctx, const struct state_rec *rec), void *ctx);
int state_names(struct state *st,
    void (*each)(void *ctx, struct hash128 h, const char *path), void *ctx,
    struct err *e);

/* Call "each" with every good record that has no name: it was on the disk, and
 * its name not yet, when the power failed.  As state_names(). */
int state_unnamed(struct state *st,
    void (*each)(void *ctx, const struct state_rec *rec), void *ctx,
    struct err *e);

/* Records in use (exact). */
uint64_t state_count(struct state *st);

#endif
