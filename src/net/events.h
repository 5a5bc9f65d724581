/*
 * events -- what moves the transfers of a curl multi handle: its sockets in an
 * epoll set, and its timer.  Only what has come is looked at, however many
 * transfers there are.  Only the files of http include it.
 */
#ifndef NET_EVENTS_H
#define NET_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include <curl/curl.h>

#include "base/err.h"

struct events {
	CURLM *multi;
	int epfd;
	int64_t due_ms;			/* of clock_mono_ms(); -1: no timer */
};

/* For all transfers that "multi" will have; it outlives *ev, and *ev does not
 * move.  Class config: no descriptor is left. */
int events_init(struct events *ev, CURLM *multi, struct err *e);
void events_fini(struct events *ev);

/* Move what can move, without blocking. */
void events_move(struct events *ev);

/* After how many ms is the timer due?  -1: there is none. */
int64_t events_due_ms(const struct events *ev);

/* Wait until something can move, fd (if not -1) is readable or at its end, or
 * ms are over.  True: fd is.  The timer is for the caller to look after. */
bool events_wait(const struct events *ev, int fd, int64_t ms);

#endif
