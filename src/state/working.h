/*
 * working -- the file "working" of a state: a run was begun, in this boot of
 * the machine, and not all that it recorded is known to be on the disk.  It
 * holds the boot's id as the kernel says it; found in another boot, it says
 * that the power failed amid the run.  Where the kernel does not say it, each
 * process is a boot of its own, so that being killed counts as that, too.
 */
#ifndef STATE_WORKING_H
#define STATE_WORKING_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/* Which boot this is.  Call it beforehand: a process in its sandbox may not
 * read that.  buf_fini() after, also if it failed: then *boot is like no other,
 * and *e says why the kernel was not heard. */
int working_boot(struct buf *boot, struct err *e);

/*
 * A run begins in the state dirfd, called "dir" in messages: when this
 * returns, the file is on the disk.  One that is there stays as it is.  Class
 * state, space, io.
 */
int working_begin(int dirfd, const char *dir, const struct buf *boot,
    struct err *e);

/* Is there one, of another boot? */
bool working_was_cut(int dirfd, const struct buf *boot);

/* Is there one, of whatever boot? */
bool working_is(int dirfd);

/* Have all that was recorded on the disk; fd: of any file there.  Blocks, for
 * minutes if much was written by others.  Class io. */
int working_sync(int fd, const char *dir, struct err *e);

/* Remove the file: all is on the disk. */
void working_end(int dirfd);

#endif
