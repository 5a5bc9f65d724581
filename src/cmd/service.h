/*
 * service -- cycles at a fixed cadence (backup --interval), until TERM or INT.
 *
 * The first cycle begins at once, each other one a whole number of intervals
 * later, by the monotonic clock.  A cycle that takes longer than that skips
 * ticks, and this is said.  USR1 begins a cycle now, outside the cadence; USR2
 * has figures said at once; HUP has the log reopened (base/logfile.h; the next
 * cycle's workers are new, have it, and read credentials anew).
 */
#ifndef CMD_SERVICE_H
#define CMD_SERVICE_H

#include <stdint.h>

struct service_cfg {
	int64_t interval_ms;
	int (*cycle)(void *ctx);	/* returns an exit status */
	void (*figures)(void *ctx);	/* say them (log_info) */
	/*
	 * What goes on beside the cycles (may be NULL): called between them,
	 * again when the descriptor that it returns is readable (-1: none),
	 * and after *wait_ms, which it may lower.  And: see to its end.
	 */
	int (*beside)(void *ctx, int64_t *wait_ms);
	void (*end)(void *ctx);
	void *ctx;
};

/*
 * Returns the exit status: 0 after TERM or INT, whatever the cycles came to;
 * that of the first cycle if it can never succeed (2: usage and settings) or
 * another run is at work (75).
 */
int service_run(const struct service_cfg *cfg);

/*
 * Have HUP or USR2 come?  For whatever a cycle waits for, at least each
 * SERVICE_HEED_MS; does nothing where no service runs.
 */
enum {
	SERVICE_HEED_MS = 1000
};
void service_heed(void);

#endif
