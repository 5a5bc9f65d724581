/*
 * part -- what has come of a large object, so that a restore that was killed
 * goes on with it: the bytes of the object so far, in a hidden file beside
 * the target, ".NAME.litefleet-part-<16 hex digits>"; the digits are the
 * hash of the object's name, length and ETag, so another object's is never
 * taken for it.
 *
 * Reads as one stream: first what the file holds, then the store from there
 * on (Range, If-Match), which is appended to the file as it comes.  A
 * directory store, and an object without an ETag, is simply read.
 *
 * The file is flock(2)ed while in use; it is removed by part_done(), and by
 * a restore that finds out that the object has become another.
 */
#ifndef JOB_PART_H
#define JOB_PART_H

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
	const char *tag;	/* its ETag, or "" */
	uint64_t bytes;		/* of the object, 0: unknown */
	int dirfd;		/* of the directory of the target */
	const char *name;	/* of the target in it */
};

/* Class not-found, denied, io; space. */
struct part *part_open(const struct part_cfg *cfg, struct err *e);
/* Up to n bytes; 0 at the end; -1.  Blocks. */
ssize_t part_read(struct part *p, void *buf, size_t n, struct err *e);
/* All was read and is sound, or what there is is damaged: remove the file. */
void part_done(struct part *p);
void part_close(struct part *p);

#endif
