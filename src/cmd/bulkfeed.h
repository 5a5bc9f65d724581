/*
 * bulkfeed -- the lister, a process of its own (proc/role.h): it goes through
 * cmd/bulklist.h and streams what it finds up to the supervisor, which may not
 * speak with the store (fleet/finding.h).
 */
#ifndef CMD_BULKFEED_H
#define CMD_BULKFEED_H

#include <stdint.h>

#include "base/err.h"
#include "cmd/bulklist.h"
#include "proc/role.h"

/* Ask the store, in a process that is over when this returns, and settle the
 * plan.  Blocks. */
int bulkfeed_probe(struct bulkplan *p, struct err *e);

/* Start the lister; p and cutoff_ms as they are now.  keep_fd: proc/role.h. */
struct role *bulkfeed_start(const struct bulkplan *p, int64_t cutoff_ms,
    int keep_fd, struct err *e);

/* As role_recv(): of a message, the calls of "out" are made. */
enum role_said bulkfeed_next(struct role *r, const struct bulklist_out *out,
    struct err *e);

#endif
