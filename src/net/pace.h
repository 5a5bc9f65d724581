/*
 * pace -- at most so many bytes a second, whoever moves them: an account that
 * fills with time, may be overdrawn by what cannot be split, and is waited
 * for until it is positive again.  A rate of 0 sets no limit.
 */
#ifndef NET_PACE_H
#define NET_PACE_H

#include <stddef.h>
#include <stdint.h>

struct pace {
	uint64_t rate;		/* bytes/s */
	int64_t have;		/* bytes, negative: overdrawn */
	int64_t at_ms;		/* when it was filled */
};

void pace_init(struct pace *p, uint64_t rate);

/* How many bytes may be moved now: 0, or SIZE_MAX without a limit. */
size_t pace_room(struct pace *p);

/* n bytes were moved. */
void pace_take(struct pace *p, size_t n);

/* Until there is room again, in ms; at least 1. */
int64_t pace_wait_ms(struct pace *p);

#endif
