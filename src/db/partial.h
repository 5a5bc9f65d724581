/*
 * partial -- the file beside a target in which a restored database grows
 * until it is renamed: .NAME.litefleet-0, or the first number up to
 * PARTIAL_FILES - 1 that is free.
 *
 * Owner: a worker, or restore.  It holds flock(2) on the file as long as the
 * file is unfinished, so one whose lock can be had belongs to a process that
 * was killed.  Where there is no such lock, nothing that was left is removed.
 */
#ifndef DB_PARTIAL_H
#define DB_PARTIAL_H

#include "base/err.h"

enum {
	PARTIAL_FILES = 16
};

struct partial {
	char *name;		/* NULL: none */
	int fd;
};

/*
 * Create one beside "target", empty and of mode 0600, and remove those that
 * killed processes of this user have left for the same target.  Class busy:
 * all numbers are taken; else io, denied, space, gone.  On error *p is empty.
 * Does not block.
 */
int partial_open(struct partial *p, const char *target, struct err *e);

/* Give the lock up, and remove the file unless it was renamed.  Does nothing
 * if *p is empty. */
void partial_close(struct partial *p);

#endif
