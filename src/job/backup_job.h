/*
 * backup_job -- what the files behind job/backup.h share: the job of one
 * worker, and a database on its way through it.
 *
 *     backup.c   the calls that a worker makes
 *     look.c     has it changed, and may it be tried?
 *     sync.c     image, frame, store
 *     reap.c     what the store has made of it
 *     record.c   the state's records, and naming what failed
 */
#ifndef JOB_BACKUP_JOB_H
#define JOB_BACKUP_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "codec/frame.h"
#include "db/image.h"
#include "job/backup.h"
#include "state/state.h"
#include "store/store.h"

struct job_backup {
	const struct job_backup_cfg *cfg;
	struct job_backup_env env;
	struct state_id id;
	struct state *segs[STATE_SEGMENTS];	/* NULL: not opened yet */
	bool state_full;	/* said that records cannot be written */
	struct hash128 *killers;	/* databases that workers of this run
					 * died of, recorded or not */
	size_t nkillers;
	unsigned ntold;		/* failures, to the supervisor */

	/* From the first database that has to be read (sync_prepare()). */
	bool ready;
	bool store_full;	/* no room in it to build an object */
	bool down;		/* the store is: look, and count as failed */
	struct store *store;
	uint64_t nrequests[STORE_NREQUEST];	/* as counted so far */
	struct image_reader *images;
	struct frame_enc *enc;
	struct hash_stream *hash;

	int dirfd;		/* directory of the names being looked at */
	struct err *direrr;	/* or why it cannot be opened; on the heap */
	size_t dir_bytes;	/* of it, with its slash, in path */
	size_t realdir_bytes;	/* and in real */
	struct buf path;	/* of the name, as the pattern has it */
	struct buf real;	/* the same without links */
	struct buf key;
};

/* A database being looked at. */
struct backup_item {
	const char *path;
	struct hash128 h;
	struct state_rec rec;	/* as the state has it; all zero: unknown */
	struct state_stat st;
	struct hash128 fingerprint;
	int64_t looked_ns;	/* when st was read */
};

/* A database whose object is under way: what to record once it is safe. */
struct pending {
	struct state_rec old;	/* as the state has it */
	struct state_rec rec;
	struct state_stat st;
	int64_t looked_ns;
	uint64_t db_bytes;
	char *path;
	char *key;
};

enum {
	RECORD_HOLD_MAX_S = 3600	/* a failure holds back no longer */
};

/* Seconds since 1970, as records have them. */
uint32_t record_now_s(void);

/* The open segment of hash h.  NULL: the state cannot be read. */
struct state *record_segment(struct job_backup *job, struct hash128 h,
    struct err *e);

/*
 * Write a record.  That it cannot be written loses nothing but time (the
 * database is read again in the next run), so it is said once, and no more.
 */
void record_put(struct job_backup *job, const struct state_rec *rec,
    const char *path);

/* Since when one fails that is found failing now. */
uint32_t record_since_s(const struct state_rec *rec);

/* Count a failed database by the class of its failure, and tell of it
 * (job/said.h); "unsaved": what it holds is not stored. */
void record_count_failure(struct job_backup *job, const struct backup_item *it,
    enum err_class cls, bool unsaved);

/* Name a failed database; one that the state knew to fail ("known") is not
 * named in a terse run. */
void record_name_failure(const struct job_backup *job,
    const struct backup_item *it, const struct err *e, bool known);

/* Name, remember and count it; or count it as gone. */
void record_failure(struct job_backup *job, struct backup_item *it,
    const struct err *e);

/* Is the store ours, and get what reading and storing need.  -1: the run
 * cannot go on.  Costs nothing when done before. */
int sync_prepare(struct job_backup *job, struct err *e);

/* Wait until the store takes another object without blocking, or the run is
 * told to stop: submitting could not be interrupted.  -1 as reap_stored(). */
int sync_make_room(struct job_backup *job, struct err *e);

/* Read a database at job->real and store it.  -1: the run cannot go on. */
int sync_item(struct job_backup *job, struct backup_item *it, struct err *e);

/* Record what the store has finished; the owner of an op is a struct pending
 * on the heap.  -1: the run cannot go on, and has waited for the rest. */
int reap_stored(struct job_backup *job, struct err *e);

/* The run is lost; what the store has got already is not.  Waits for it. */
void reap_rest(struct job_backup *job);

/* Name and count what was not well when it was read: no database, damaged.
 * "news": nobody has named it yet. */
void look_recall(struct job_backup *job, const struct backup_item *it,
    bool news);

/* Look at one name of the open directory; flags: enum walk_flag.  -1: the run
 * cannot go on. */
int look_at(struct job_backup *job, const char *name, uint8_t flags,
    struct err *e);

#endif
