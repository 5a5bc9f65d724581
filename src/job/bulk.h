/*
 * bulk -- restore many databases: each is fetched, decoded as it streams,
 * checked (LZ4, size, xxh3; SQLite's own on demand), and landed in batches
 * (job/land.h).  A worker drives it through these calls, which have the shape
 * of proc's job_ops.  Nothing here forks or knows of a command line.
 *
 * Up to a share of "parallel" small objects are in flight at once
 * (STORE_GET); one above BULK_STREAM_BYTES is streamed alone.  A large one
 * of S3 leaves what has come of it beside its target (job/part.h), so that
 * the next run goes on where this one was killed.
 *
 * What fails for a reason that may pass (err_retriable()) is tried again, up
 * to max_retries times, after retry_delay_ms, twice as long each time, with
 * jitter.  Once the store is down, or the disk is full, what would need it
 * fails at once.
 */
#ifndef JOB_BULK_H
#define JOB_BULK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/tally.h"
#include "db/image.h"
#include "job/restore.h"
#include "store/store.h"

enum {
	BULK_STREAM_BYTES = 8 * 1024 * 1024
};

struct bulk_cfg {
	const struct store_url *url;
	struct store_s3_cfg s3;	/* what all workers share out */
	const char *root;	/* targets lie below it */
	enum job_restore_exists exists;
	bool resume;		/* a target that is the object's content
				 * counts as done (outcome BULK_THERE) */
	bool preserve;		/* mode and owner from the trailer */
	enum image_check check;
	const char *spool;
	unsigned parallel;	/* over all workers */
	unsigned nworkers;
	unsigned max_retries;
	int64_t retry_delay_ms;
	int64_t busy_timeout_ms;
};

struct bulk_env {
	unsigned index;
	struct tally *tally;
	void (*tell)(void *ctx, const void *msg, size_t len);
	bool (*stopping)(void *ctx);
	void *ctx;
};

/* What became of one database; a worker tells it once for each order. */
enum bulk_end {
	BULK_RESTORED,
	BULK_THERE,		/* it was there already, the same */
	BULK_SKIPPED,		/* --if-db-not-exists: something was there */
	BULK_FAILED
};
struct bulk_outcome {
	enum bulk_end end;
	const char *key;
	const char *rel;
	int64_t ms;
	uint64_t size;		/* of the database */
	struct hash128 xxh3;
	enum err_class cls;	/* of BULK_FAILED */
	const char *text;	/* why; or, of another end, a remark or "" */
};
/* Read a message of a worker; false if it is malformed.  Strings live as long
 * as *strings, which is reset first. */
bool bulk_outcome_parse(const void *msg, size_t len, struct buf *strings,
    struct bulk_outcome *o);

struct bulk;

int bulk_open(const struct bulk_cfg *cfg, const struct bulk_env *env,
    struct bulk **b, struct err *e);
/* A worker died of this key: it fails, and is not tried again. */
int bulk_quarantine(struct bulk *b, const char *key, const char *how,
    struct err *e);
/* Take on a parcel of orders (fleet/order.h). */
int bulk_start(struct bulk *b, const void *parcel, size_t len, struct err *e);
int bulk_wait(struct bulk *b, int fd, bool more, struct err *e);
/* After a stop: what was fetched is landed, the rest is left out (no outcome
 * is told of it). */
int bulk_drain(struct bulk *b, int64_t grace_ms, struct err *e);
void bulk_close(struct bulk *b);

#endif
