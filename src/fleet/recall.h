/*
 * recall -- what stood in directories, kept from one walk to the next: where
 * the times of a directory are those of when it was read, so are its entries,
 * and it need not be read again.
 *
 * That is so where each name that comes or goes sets them, which the local
 * file systems known here do; others are always read.  A change within the
 * same tick of the clock as the one before it sets the same times, so what had
 * just changed when it was read is not kept.  And whatever the times say, each
 * directory is read anew after RECALL_TURNS walks.
 *
 * Owner: the supervisor of a service.
 */
#ifndef FLEET_RECALL_H
#define FLEET_RECALL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/buf.h"

enum {
	RECALL_TURNS = 16,
	RECALL_SETTLE_MS = 2500		/* as long ago the last change must be;
					 * the coarsest clock ticks in 2 s */
};

struct recall;

/* Keeps at most about max_bytes; what is beyond them is read each time. */
struct recall *recall_new(size_t max_bytes);
void recall_free(struct recall *r);

/* A walk begins.  What the last one did not ask for is forgotten. */
void recall_turn(struct recall *r);

/*
 * What was kept of the directory with these stat values, or NULL: it is to be
 * read.  Valid until the next call for the same directory or recall_turn().
 */
const struct buf *recall_get(struct recall *r, const struct stat *st);

/*
 * Keep this, which was read from fd whole, if it may be: st is from before it
 * was read, at now_ms of clock_real_ms().  What it consists of is the caller's
 * business; the bytes are copied.
 */
void recall_keep(struct recall *r, int fd, const struct stat *st,
    int64_t now_ms, const struct buf *entries);

#endif
