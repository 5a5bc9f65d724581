/*
 * crowd -- who is connected to the face, and until when.  libmicrohttpd's
 * time-out begins anew with each byte, so a client that sends or takes a byte
 * a second would stay for ever; here each has a deadline for the whole of what
 * it does.  And where there are too many, who has waited longest without a
 * request makes room, so that connections that are only opened keep nobody
 * out.
 *
 * To end one is to shut its socket down; libmicrohttpd sees that and says when
 * it is gone.  Owner: the face.  Times are of clock_mono_ms().
 */
#ifndef SERVE_CROWD_H
#define SERVE_CROWD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct crowd_one {
	int fd;
	int64_t until_ms;	/* its deadline; INT64_MAX once shut down */
	size_t bytes;		/* of the answer that it gets, 0: none */
	TAILQ_ENTRY(crowd_one) entry;
};

struct crowd {
	TAILQ_HEAD(crowd_list, crowd_one) list;	/* by deadline */
	/* Of those that are not shut down: */
	unsigned n, max;
	size_t bytes, max_bytes;	/* of all answers under way */
};

/* At most "max" at once, whose answers are max_bytes together, unless one
 * alone is more. */
void crowd_init(struct crowd *c, unsigned max, size_t max_bytes);

/* One has come, with socket fd; it has until until_ms to ask.  Freed by
 * crowd_leave(). */
struct crowd_one *crowd_enter(struct crowd *c, int fd, int64_t until_ms);
void crowd_leave(struct crowd *c, struct crowd_one *one);

/* It has asked and gets so many bytes, or (0) it has got them; until then it
 * has time for that, or to ask again. */
void crowd_answer(struct crowd *c, struct crowd_one *one, size_t bytes,
    int64_t until_ms);

/* End those whose time is over; returns the next deadline, INT64_MAX: there is
 * none. */
int64_t crowd_expire(struct crowd *c, int64_t now_ms);

#endif
