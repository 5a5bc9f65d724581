/*
 * backup -- one database: has it changed, take its image, frame it, store it,
 * record it.  Nothing here forks or knows of a command line; a worker drives
 * it through these calls, which have the shape of proc's job_ops.
 *
 * Durability order, for each database: values of stat(2) are read, then the
 * image is pinned, read and framed; the object is stored; only when the store
 * has confirmed it is the record written.
 *
 * A store that goes down (store_is_down()) does not end the run: why is told
 * (job/said.h), what it has not confirmed has failed, and so has each
 * database that is found to be new or changed from then on.  Those are looked
 * at, not read, not named and not recorded.
 */
#ifndef JOB_BACKUP_H
#define JOB_BACKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/gate.h"
#include "base/tally.h"
#include "db/image.h"
#include "fleet/key.h"
#include "state/statedir.h"
#include "store/store.h"

struct job_backup_cfg {
	struct statedir *statedir;	/* locked */
	const struct store_url *url;
	const struct key_template *key;
	const char *host;
	bool shared;		/* accept another host's marker */
	bool create;		/* the store may be made */
	bool strict;		/* not a database: failed, not skipped */
	bool force;		/* all of them, changed or not */
	bool follow;		/* names may be symbolic links */
	bool say;		/* report what was stored (job/said.h), */
	bool say_failures;	/* and what fails */
	int64_t started_ms;	/* of the run */
	int64_t resolution_ms;	/* the moments in names are multiples */
	int64_t interval_ms;	/* between the cycles of a service, or 0: what
				 * fails twice and more is tried 2, 4, ...
				 * cycles later, an hour at most; the marker
				 * in S3 is read once a day */
	bool first;		/* cycle of a service: none is held back but
				 * by quarantine */
	bool terse;		/* what is not well as before is counted and
				 * not named again */
	struct store_s3_cfg s3;	/* what all workers share out */
	unsigned nworkers;
	struct gate *clock;	/* to say once that the clock is behind: once
				 * in all cycles of a service */
	struct image_cfg image;
};

struct job_backup_env {
	unsigned index;
	unsigned first_seg, end_seg;
	struct tally *tally;
	struct gate *gate;	/* to read the store's marker once */
	struct gate *complaint;	/* to say once that the state is full */
	bool again;		/* takes over: what failed in this run is
				 * counted, and not tried again */
	void (*tell)(void *ctx, const void *msg, size_t len);
	bool (*stopping)(void *ctx);	/* has the run been told to stop? */
	void *ctx;		/* of both */
};

struct job_backup;

int job_backup_open(const struct job_backup_cfg *cfg,
    const struct job_backup_env *env, struct job_backup **job, struct err *e);
/* Remember that a worker died of "path", so that it is left out for a while:
 * a minute, twice as long for each death in a row, at most an hour. */
int job_backup_quarantine(struct job_backup *job, const char *path,
    const char *how, struct err *e);
/* Look at all databases of a parcel (fleet/parcel.h), or at fewer if the run
 * is told to stop. */
int job_backup_start(struct job_backup *job, const void *parcel, size_t len,
    struct err *e);
/* Until fd is readable (names, or the end that a stop puts there), or all is
 * finished. */
int job_backup_wait(struct job_backup *job, int fd, bool more,
    struct err *e);
int job_backup_drain(struct job_backup *job, int64_t grace_ms,
    struct err *e);
void job_backup_close(struct job_backup *job);

#endif
