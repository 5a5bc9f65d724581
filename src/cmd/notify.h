/*
 * notify -- what a service manager hears of us: sd_notify(3).  Built without
 * libsystemd, or with no manager that listens, all of it does nothing.
 *
 * Owner: the supervisor.  The messages follow sd_notify(3): READY, STATUS,
 * STOPPING, WATCHDOG; and before READY, since a first backup may take hours,
 * EXTEND_TIMEOUT_USEC.
 */
#ifndef CMD_NOTIFY_H
#define CMD_NOTIFY_H

#include <stdint.h>

/* The first cycle is over; the end has begun; what was done last. */
void notify_ready(void);
void notify_stopping(void);
void notify_status(const char *text);

/*
 * The supervisor still turns.  Costs nothing where it was said just now.
 * Returns after how many ms it wants to be called again at the latest (an
 * hour where there is no watchdog and READY was said).
 */
int64_t notify_alive(void);

#endif
