/*
 * child -- what a forked worker and a forked role (proc/role.h) have in
 * common: how they are cut off from the supervisor, how they say that they
 * give up, and how their end is told.
 */
#ifndef PROC_CHILD_H
#define PROC_CHILD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "proc/chan.h"
#include "proc/sandbox.h"

enum {
	CHILD_HOW_BYTES = 80,
	/* Of OOM_SCORE_ADJ_MAX: half of what memory there is. */
	CHILD_OOM_ADJ = 500
};

struct child_cfg {
	const char *name;	/* of the process, at most 15 bytes */
	int fd;			/* its end of the channel */
	int keep_fd;		/* stays open too, or -1 */
	pid_t supervisor;	/* with whom it dies */
	const struct sandbox *sandbox;	/* or NULL */
};

/*
 * In a fresh child: keep 0 to 2 (stdin becomes /dev/null), fd and keep_fd, and
 * close all else; ignore INT, TERM, HUP and PIPE; take the name; be ended
 * before the supervisor where memory runs out; enter the sandbox.  Does not
 * return if the supervisor has died meanwhile.  Class of errno, and config:
 * the sandbox.
 */
int child_detach(const struct child_cfg *cfg, struct err *e);

/* In the child: send e as WIRE_FATAL. */
void child_give_up(struct chan *c, const struct err *e);

/* In the supervisor: the body of such a message, as *e. */
void child_gave_up(const uint8_t *body, size_t len, struct err *e);

/* "died of signal 11 (Segmentation fault)", "left with status 1 and no word",
 * for a wait(2) status; returns buf. */
const char *child_how(int status, char *buf, size_t size);

#endif
