/*
 * land_job -- the inside of job/land.h, shared by its files only:
 *     land.c        its life, a batch and its two syncs
 *     land_look.c   what is at a target
 *     land_place.c  one file gets its name
 */
#ifndef JOB_LAND_JOB_H
#define JOB_LAND_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/tally.h"
#include "job/below.h"
#include "job/land.h"

TAILQ_HEAD(land_list, land_file);

struct land {
	struct below *below;
	struct tally *tally;
	int procfd;		/* of /proc/self/fd */
	mode_t umask;		/* as it was */
	size_t files_max;	/* descriptors for files and directories */
	struct land_list added, synced;
	size_t nadded, nfiles;
	uint64_t bytes;
	struct err doom;	/* why the batch as a whole failed */
};

/* The directory of a target, held (made if missing and "make"), and the
 * target's name in it, part of "rel".  As land_begin(). */
struct below_dir *land_dir_of(struct land *l, const char *rel, bool make,
    const char **name, struct err *e);

/* Would SQLite take a file of this name for a part of a database there?  Then
 * -1, class exists; or io. */
int land_check_base(const struct land *l, const struct below_dir *dir,
    const char *rel, const char *name, struct err *e);

/* land_look() for "name" in its directory. */
int land_look_in(const struct land *l, const struct below_dir *dir,
    const char *rel, const char *name, const char **suffix, struct err *e);

/* A hidden name beside "name"; the caller frees. */
char *land_hidden(const char *name);

/* Give a file that is synced its name, and set its err. */
void land_place(struct land *l, struct land_file *f, int64_t busy_timeout_ms);

#endif
