/*
 * dents -- the entries of one directory, read with getdents64(2) into blocks
 * that are used again for the next one: no allocation and no copy per name.
 * Or they are recalled (fleet/recall.h) from an earlier walk.
 */
#ifndef FLEET_DENTS_H
#define FLEET_DENTS_H

#include <stddef.h>
#include <stdint.h>

#include "fleet/recall.h"

enum {
	DENTS_BLOCK_BYTES = 256 * 1024
};

/* Zero it before use; dents_fini() after. */
struct dents {
	struct recall *recall;	/* may be set: the caller's, who outlives it */
	uint8_t **blocks;
	size_t nblocks;		/* allocated */
	size_t cur;		/* the block that is being read */
	size_t off, len;	/* next entry, and the end, in that block */
	int fd;

	/* With recall: */
	struct stat st;		/* of the directory, before it is read */
	int64_t now_ms;		/* then */
	const struct buf *known;	/* its entries; NULL: they are read, */
	struct buf seen;	/* and these are those so far: of each its
				 * type, a byte, and its name with the NUL */
};

struct dent {
	const char *name;	/* lives until the next dents_start() */
	size_t len;
	unsigned char type;	/* DT_REG, ..., or DT_UNKNOWN */
};

/* Begin with the directory fd, which must stay open until the end, and which
 * has these stat values now.  It may be -1 if recall_get() knows them. */
void dents_start(struct dents *d, int fd, const struct stat *st);

/*
 * The next entry, "." and ".." left out.  Returns 1, 0 at the end, or -1 with
 * errno as getdents64(2) sets it.
 */
int dents_next(struct dents *d, struct dent *out);

void dents_fini(struct dents *d);

#endif
