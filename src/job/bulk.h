/*
 * bulk -- restore many databases: each is fetched, decoded as it streams,
 * checked (LZ4, size, xxh3; SQLite's own on demand), and landed in batches
 * (job/land.h).  A worker drives it through these calls, which have the shape
 * of proc's job_ops.  Nothing here forks, logs or knows of a command line.
 *
 * Up to a share of "parallel" small objects are in flight at once (STORE_GET,
 * BULK_INFLIGHT_BYTES of them); one above BULK_STREAM_BYTES is streamed alone.
 * A large one of S3 leaves what has come of it beside its target (job/part.h),
 * so that the next run goes on where this one was killed.
 *
 * A batch is landed when it is full, when there is nothing else to do, and
 * when its oldest file is BULK_BATCH_MS old (later where landing is slow: ten
 * times what the last one took, at most BULK_BATCH_MAX_MS).
 *
 * What fails for a reason that may pass (err_retriable()) is tried again, up
 * to max_retries times, after bulk_retry_ms().  Once the store is down, or the
 * disk is full and has no room for the object, what would need it fails at
 * once.
 *
 * Hooks, in the durability order: bulk-fetched, bulk-decoded, land-written,
 * land-synced, land-linked, bulk-told.
 */
#ifndef JOB_BULK_H
#define JOB_BULK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/tally.h"
#include "db/image.h"
#include "job/restore.h"
#include "store/store.h"

enum {
	BULK_STREAM_BYTES = 8 * 1024 * 1024,
	BULK_INFLIGHT_BYTES = 64 * 1024 * 1024,	/* of one worker */
	BULK_SPARE_BYTES = 1024 * 1024,	/* once a disk was full, it is if less
					 * than the object and this is free */
	BULK_DELAYED_MAX = 1024,	/* wait to be tried again, in a worker
					 * that takes on more */
	BULK_BATCH_MS = 1000,
	BULK_BATCH_MAX_MS = 10 * 1000,
	BULK_RETRY_MAX_MS = 5 * 60 * 1000
};

#define BULK_CONTENT_MAX	(1ULL << 40)	/* bytes of a database */

struct bulk_cfg {
	const struct store_url *url;
	struct store_s3_cfg s3;	/* what all workers share out */
	const char *root;	/* targets lie below it */
	enum job_restore_exists exists;
	bool resume;		/* a target that is the object's content
				 * counts as done (outcome BULK_THERE), once
				 * its batch is synced */
	bool preserve;		/* permission bits and owner from the
				 * trailer (else 0600, ours) */
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
	bool again;		/* takes over from a dead worker, which may
				 * have landed what it did not tell: as
				 * "resume" */
	struct tally *tally;
	void (*tell)(void *ctx, const void *msg, size_t len);
	bool (*stopping)(void *ctx);
	void *ctx;
};

/* What became of one database; a worker tells it once for each order. */
enum bulk_end {
	BULK_RESTORED,
	BULK_THERE,		/* it was there already, the same */
	BULK_SKIPPED,		/* --if-db-not-exists: a database was there */
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
/* Read a message of a worker; false if it is malformed, or of a moment that no
 * stamp can say.  Strings live as long as *strings, which is reset first. */
bool bulk_outcome_parse(const void *msg, size_t len, struct buf *strings,
    struct bulk_outcome *o);

/*
 * How long to wait after try number "tried" (from 1) failed: base_ms, doubled
 * for each try before it, at most BULK_RETRY_MAX_MS, and up to half of that
 * more, as "random" says.
 */
int64_t bulk_retry_ms(int64_t base_ms, unsigned tried, uint32_t random);

struct bulk;

/* Opens the root and the store; *cfg must outlive it.  Class as land_new() and
 * store_open() say. */
int bulk_open(const struct bulk_cfg *cfg, const struct bulk_env *env,
    struct bulk **b, struct err *e);
/* A worker died of this key: it fails (class bug) when its order comes, and is
 * not tried again. */
int bulk_quarantine(struct bulk *b, const char *key, const char *how,
    struct err *e);
/* Take on a parcel of orders (fleet/order.h).  Returns when the last of them
 * is on its way, or waits for a retry, with less than BULK_DELAYED_MAX others:
 * what fails is to stay bounded, too. */
int bulk_start(struct bulk *b, const void *parcel, size_t len, struct err *e);
/* Until fd is readable, or nothing is left to be moved. */
int bulk_wait(struct bulk *b, int fd, bool more, struct err *e);
/*
 * Finish all; after a stop, what comes within grace_ms is landed, the rest is
 * left out (no outcome is told of it).  -1 with class network: the store went
 * down, after an outcome of each was told.
 */
int bulk_drain(struct bulk *b, int64_t grace_ms, struct err *e);
void bulk_close(struct bulk *b);

#endif
