/*
 * bulkfeed -- the lister, a process of its own (proc/role.h): it goes through
 * cmd/bulklist.h and streams what it finds up to the supervisor, which may not
 * speak with the store.
 *
 * A message is one byte and what it says:
 *     'o'  a parcel of orders (fleet/order.h)
 *     'r'  u32 class, key, NUL, message, NUL: refused
 *     'y'  i64 oldest, key, NUL: too young
 *     'e'  u64 0 or 1: there are some in other shards, or young ones
 *     'f'  u64 foreign objects
 *     'p'  u64 up, u64 u64 id of the store: what bulklist_probe() found
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
