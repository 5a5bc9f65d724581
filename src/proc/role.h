/*
 * role -- a forked process that is no worker: it calls what the supervisor
 * must not (the store, a web server) and streams messages up to it.
 *
 * It is cut off like a worker (proc/child.h): it keeps its channel and one
 * descriptor, ignores INT, TERM and HUP, enters its sandbox
 * (proc/sandbox.h), and dies with the supervisor.  One message is one packet
 * of at most POOL_MSG_MAX bytes.  EOF from above means stop.
 *
 * It may live in the feed() of a pool, whose workers are reaped by their
 * numbers and leave it alone; pool_await() waits for it without holding them
 * up.
 */
#ifndef PROC_ROLE_H
#define PROC_ROLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "proc/sandbox.h"

enum {
	ROLE_STOP_MS = 500
};

struct role;			/* as the supervisor holds it */
struct role_self;		/* as the process itself does */

struct role_cfg {
	const char *name;	/* of the process: "litefleet-list"; at
				 * most 15 bytes, outlives the role */
	int keep_fd;		/* stays open, or -1 */
	const struct sandbox *sandbox;	/* that it enters, or NULL */
	/* In the process: do all there is to do.  -1 with e: it failed. */
	int (*run)(void *ctx, struct role_self *self, struct err *e);
	void *ctx;
};

/* Fork it; cfg may go, once it has.  Class io. */
struct role *role_start(const struct role_cfg *cfg, struct err *e);

/* Readable when role_recv() has something to say. */
int role_fd(const struct role *r);

enum role_said {
	ROLE_FAILED = -1,	/* e says why: what run() said, or how it
				 * died (class bug) */
	ROLE_NOTHING,		/* yet */
	ROLE_MESSAGE,
	ROLE_DONE		/* run() returned 0, and all was received */
};

/*
 * Receive a message into body[0 .. POOL_MSG_MAX-1].  Never blocks.  All that
 * was sent comes before DONE or FAILED, which then come for ever.
 */
enum role_said role_recv(struct role *r, void *body, size_t *len,
    struct err *e);

/*
 * Ask the process to end: role_stopping() is true there from now on, and what
 * it says until it has returned is received as before.
 */
void role_hang_up(struct role *r);

/*
 * End the process if it still runs, reap it, free.  It has ROLE_STOP_MS from
 * EOF on before it is killed.  NULL does nothing.
 */
void role_stop(struct role *r);

/*
 * In the process: send a message; blocks while the supervisor is behind.
 * After role_stop() it does nothing.
 */
void role_say(struct role_self *self, const void *msg, size_t len);

/*
 * In the process: has the supervisor hung up?  Asks the kernel.  And a
 * descriptor that is readable once it has.
 */
bool role_stopping(struct role_self *self);
int role_self_fd(const struct role_self *self);

#endif
