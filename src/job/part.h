/*
 * part -- what has come of a large object, so that a restore that was killed
 * goes on with it: kept in a hidden file beside the target,
 * ".NAME.litefleet-part".
 *
 * File: "LFPART1\n"; 16 bytes, the hash of the object's name, length and tag;
 * the bytes of the object so far.  One with another hash is of another object,
 * or of what this one was before, and is begun anew.
 *
 * Reads as one stream: first what the file holds, then the store from there
 * on, if the object is still the same (its tag); that is appended to the file
 * as it comes.  Where the file cannot be had or cannot grow (no room), or
 * something better needs the room, it is removed, and the object simply read;
 * so is one that is small, or has no tag (of a directory store).
 *
 * The file is flock(2)ed while in use.  One that is another user's, or has
 * more names, is not touched.
 */
#ifndef JOB_PART_H
#define JOB_PART_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "store/store.h"

enum {
	PART_LEAST_BYTES = 64 * 1024 * 1024	/* smaller ones are not kept */
};

struct part;

struct part_cfg {
	struct store *store;
	const char *object;
	const char *tag;	/* its tag, or "" */
	uint64_t bytes;		/* of the object, 0: unknown */
	uint64_t least_bytes;	/* PART_LEAST_BYTES, less in a test */
	int dirfd;		/* of the directory of the target; borrowed
				 * until part_close() */
	const char *name;	/* of the target in it */
};

/*
 * Class busy: another restore is at it; gone: the object is another by now
 * (the file is removed); and what store_get() says.  The strings of *cfg are
 * copied.
 */
struct part *part_open(const struct part_cfg *cfg, struct err *e);
/* Up to n bytes; 0 at the end; -1 as store_read().  Blocks. */
ssize_t part_read(struct part *p, void *buf, size_t n, struct err *e);
/* The disk is full: remove the file, to read on without it.  False if there is
 * none. */
bool part_yield(struct part *p);
/* How many bytes of the file were taken.  If what was read is damaged, they may
 * be why. */
uint64_t part_resumed(const struct part *p);
/* All was read and is safe, or what there is is damaged: remove the file. */
void part_done(struct part *p);
/* Keeps the file, if there is anything in it. */
void part_close(struct part *p);

/* Nobody wants what has come for this target any more: remove the file. */
void part_forget(int dirfd, const char *name);

#endif
