/*
 * chan -- one end of a SOCK_SEQPACKET pair between the supervisor and a
 * worker (proc/wire.h).  The supervisor posts: what the kernel does not take
 * at once is queued in memory, without bound, and freed as it is sent.  The
 * worker says: it waits until the kernel has taken the message.
 *
 * An end that is closed, or whose peer has gone, swallows what is sent; from
 * the latter chan_recv() still gives what the peer had sent, then EOF.  A
 * failure of the socket itself is a broken invariant and ends the process.
 */
#ifndef PROC_CHAN_H
#define PROC_CHAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/err.h"
#include "proc/wire.h"

struct chan_msg;

struct chan {
	int fd;			/* -1: closed */
	bool broken;		/* the peer has gone, or it is closed */
	size_t queued_bytes;	/* not with the kernel yet */
	STAILQ_HEAD(chan_queue, chan_msg) queue;
};

/*
 * Make a pair: *c for the supervisor, *other (close-on-exec) for the worker
 * to be forked.  Class io.
 */
int chan_pair(struct chan *c, int *other, struct err *e);

/* Make *c an end of its own of descriptor "fd" (-1: a closed one). */
void chan_init(struct chan *c, int fd);

/* Close it and forget what is queued.  May be called again. */
void chan_fini(struct chan *c);

/* Send a message after all that is queued, or queue it.  Never blocks. */
void chan_post(struct chan *c, enum wire_kind kind, const void *body,
    size_t len);

/* Send what is queued as far as the kernel takes it.  Never blocks. */
void chan_flush(struct chan *c);

/* Is something queued? */
bool chan_pending(const struct chan *c);

/*
 * No more comes from here: forget what is queued, and let the peer read EOF
 * after what the kernel already has.  Returns how many messages of "kind"
 * were forgotten.  Receiving goes on.
 */
uint64_t chan_hangup(struct chan *c, enum wire_kind kind);

/* Send a message; blocks until the kernel has taken it. */
void chan_say(struct chan *c, enum wire_kind kind, const void *body,
    size_t len);

/*
 * Receive a message with a body of at most "size" bytes: 1 with *kind and
 * *len, 0 if there is none yet, -1 at EOF.  Never blocks.
 */
int chan_recv(struct chan *c, uint8_t *kind, void *body, size_t size,
    size_t *len);

/* Block until chan_recv() has something, or EOF. */
void chan_wait(const struct chan *c);

#endif
