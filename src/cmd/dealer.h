/*
 * dealer -- sends each database to the worker that owns it, packed into
 * parcels.  One for each feed of the pool.
 */
#ifndef CMD_DEALER_H
#define CMD_DEALER_H

#include <stdbool.h>
#include <stdint.h>

#include "proc/pool.h"

struct cycle;
struct dealer;

/* Segments without want[] are passed over; want is copied. */
struct dealer *dealer_new(const struct cycle *c, struct pool *pool,
    const bool want[POOL_SEGMENTS]);
void dealer_free(struct dealer *d);

/*
 * Names of a directory "path" ("" for the root; really "real") follow.  The
 * strings must live until the next call or dealer_flush().
 */
void dealer_enter(struct dealer *d, const char *path, const char *real);

/* One name in it; flags: enum walk_flag. */
void dealer_put(struct dealer *d, const char *name, uint8_t flags);

/* Nothing was put for a while: do what the pool has to do, if it is time. */
void dealer_turn(struct dealer *d);

/* Send what is packed. */
void dealer_flush(struct dealer *d);

/* How many names were put that are this run's and wanted. */
uint64_t dealer_count(const struct dealer *d);

/* Has the run been told to stop? */
bool dealer_stopping(const struct dealer *d);

#endif
