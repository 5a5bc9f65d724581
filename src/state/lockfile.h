/*
 * lockfile -- one run at a time: flock(2) on a file that says who has it.
 *
 * The lock belongs to the open file, so children that inherit the descriptor
 * hold it too, and a run that dies leaves nothing behind to clean up.
 */
#ifndef STATE_LOCKFILE_H
#define STATE_LOCKFILE_H

#include <stdint.h>

#include "base/err.h"

/*
 * Lock "lock" in the directory dirfd, whose name is "path"; waits up to
 * wait_ms.  Returns the descriptor that holds the lock, or -1.  Class busy:
 * names the holder; state: the file cannot be made or locked.
 */
int lockfile_take(int dirfd, const char *path, int64_t wait_ms,
    struct err *e);

#endif
