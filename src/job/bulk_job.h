/*
 * bulk_job -- the inside of job/bulk.h, shared by its files only:
 *     bulk.c       its life, what is in flight, what waits
 *     bulk_make.c  one object: is it there already, fetch it, make it a file
 *     bulk_tell.c  what became of it, and again or not
 */
#ifndef JOB_BULK_JOB_H
#define JOB_BULK_JOB_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "codec/trailer.h"
#include "job/bulk.h"
#include "job/decode.h"
#include "job/land.h"
#include "job/part.h"

/* One database on its way. */
struct bulk_item {
	char *key, *rel, *tag;
	char *object;		/* key and ms as the store names it */
	int64_t ms;
	uint64_t bytes;		/* of the object, 0: unknown */
	bool stream;		/* too large for memory */
	bool compare;		/* something is at its target, which may be
				 * its content */
	bool there;		/* it is: its file is to be synced */
	bool anew;		/* what was kept of it is not to be trusted */
	unsigned ntries;	/* that failed */
	int64_t due_ms;		/* of the next */
	uint64_t size;		/* of the database */
	struct hash128 xxh3;
	char *remark;		/* or NULL */
	struct part *part;
	int dirfd;		/* part's */
	TAILQ_ENTRY(bulk_item) entry;
};

TAILQ_HEAD(bulk_queue, bulk_item);

struct bulk_killer {
	char *key, *how;
};

struct bulk {
	const struct bulk_cfg *cfg;
	struct bulk_env env;
	struct store *store;
	struct land *land;
	struct decode *decode;
	unsigned share;			/* of cfg->parallel */
	struct bulk_queue waiting;	/* to be fetched */
	struct bulk_queue delayed;	/* failed; by due_ms */
	struct bulk_queue fetching;	/* with the store */
	struct bulk_queue landing;	/* files of the batch */
	unsigned ndelayed, ninflight;
	uint64_t inflight_bytes;
	int64_t batch_ms;		/* when the batch began */
	int64_t landing_ms;		/* what the last one took */
	bool full;			/* there was no room once */
	bool draining;			/* what is left out is not told */
	struct err down;		/* the store is, if its class is set */
	struct bulk_killer *killer;
	size_t nkillers;
	uint64_t nrequests[STORE_NREQUEST];
	struct buf msg;
	uint8_t *in;			/* of the stream */
};

/* bulk_make.c */

/* May it be fetched?  False: it is settled, and gone. */
bool bulk_look(struct bulk *b, struct bulk_item *it);
/* The whole object has come: make it a file of the batch. */
void bulk_make(struct bulk *b, struct bulk_item *it, const void *p, size_t n);
/* Fetch a large one and make it a file. */
void bulk_stream(struct bulk *b, struct bulk_item *it);
/* Land the batch and tell. */
void bulk_land(struct bulk *b);

/* bulk_tell.c: all take the item over. */

/* It is safe, or was, or is left as it is; "why" may be "". */
void bulk_settle(struct bulk *b, struct bulk_item *it, enum bulk_end end,
    const char *why);
/* It failed: try it again later, if that may help, or tell. */
void bulk_fail(struct bulk *b, struct bulk_item *it, const struct err *why);
void bulk_item_free(struct bulk_item *it);

#endif
