/*
 * signals -- TERM, INT and CHLD for the supervisor, what a service is wished
 * by HUP, USR1 and USR2, and what a worker makes of all signals.  The handlers
 * only set flags; nothing is interrupted by them but signals_poll().
 */
#ifndef PROC_SIGNALS_H
#define PROC_SIGNALS_H

#include <poll.h>
#include <stdbool.h>

/*
 * Catch TERM, INT and CHLD, and forget what came before.  TERM or INT that
 * is ignored stays so: nohup(1) and shells mean it.  Calls nest: within another
 * only the outermost does anything, so that no signal is lost between.
 */
void signals_catch(void);

/* The same, and HUP, USR1 and USR2, which are wishes and end nobody: also
 * under nohup(1).  Outermost. */
void signals_catch_wishes(void);

/* Put back what was replaced. */
void signals_restore(void);

/* Has this wish come since the last call? */
bool signals_wish(int sig);

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
 * In a worker: INT, TERM, HUP, USR1, USR2, PIPE and XFSZ are ignored, all
 * others do what they do by default, none is blocked.
 */
void signals_worker(void);

#endif
