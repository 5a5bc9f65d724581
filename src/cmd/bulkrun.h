/*
 * bulkrun -- a restore of many, as the supervisor sees it: the journal, the
 * lister that finds, the pool of workers that restore, what is said.  Binds
 * job/bulk.h to proc/pool.h.
 */
#ifndef CMD_BULKRUN_H
#define CMD_BULKRUN_H

#include "cmd/bulkplan.h"

/*
 * Do it, after bulkplan_setup(); returns the exit status:
 *     0   all that was found is restored, or was there, or was to be skipped
 *     1   some failed or were refused, or nothing was found (but for a shard
 *         or a retry)
 *     2   --resume is missing, or of another command
 *     3   the store, or the run itself, was lost or stopped
 *     75  another restore is at work here
 */
int bulkrun(struct bulkplan *p);

/* Only show what would be restored: 0, 1 (nothing found, as above, or some
 * refused), 2, 3. */
int bulkrun_dry(struct bulkplan *p);

#endif
