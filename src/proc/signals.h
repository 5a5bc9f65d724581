/*
 * signals -- TERM, INT and CHLD for the supervisor, and what a worker makes
 * of all signals.  The handlers only set flags; nothing is interrupted by
 * them but signals_poll().  One user at a time in a process.
 */
#ifndef PROC_SIGNALS_H
#define PROC_SIGNALS_H

#include <poll.h>
#include <stdbool.h>

/*
 * Catch TERM, INT and CHLD, and forget what came before.  TERM or INT that
 * is ignored stays so: nohup(1) and shells mean it.
 */
void signals_catch(void);

/* Put back what signals_catch() replaced. */
void signals_restore(void);

/* How many TERM and INT have come, and the last one's number. */
unsigned signals_stops(void);
int signals_last(void);

/* Has a child changed since the last call? */
bool signals_child(void);

/*
 * poll(2) that one of these signals ends at once with 0, also if it came
 * since "stops" was read or before a child's end was asked for.  timeout_ms
 * -1 is for ever.  Returns how many descriptors are ready.
 */
int signals_poll(struct pollfd *pfd, nfds_t n, int timeout_ms,
    unsigned stops);

/*
 * In a worker: INT, TERM, HUP and PIPE are ignored, all others do what they
 * do by default, none is blocked.
 */
void signals_worker(void);

#endif
