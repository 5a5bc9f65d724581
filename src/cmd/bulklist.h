/*
 * bulklist -- the databases that a restore of many is about, one by one: as
 * the store lists them, or as lines name them, each with its target.
 *
 * Owner: a process that may speak with the store: the lister (cmd/bulkfeed.h),
 * or a dry run.  Nothing here logs.
 */
#ifndef CMD_BULKLIST_H
#define CMD_BULKLIST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "cmd/bulkplan.h"
#include "fleet/order.h"

/* One that is not restored. */
struct bulklist_refused {
	const char *key;
	const char *target;	/* as a person wrote it, or would; "": none
				 * can be said */
	int64_t ms;		/* of its backup; 0: none is known */
};

/* Who is told; what is pointed to lives for the call. */
struct bulklist_out {
	void (*order)(void *ctx, const struct order *o);
	/* It is not restored: its key or target is unfit, or there is none. */
	void (*refused)(void *ctx, const struct bulklist_refused *what,
	    const struct err *why);
	/* It had no backup at the time (or at the cutoff), so what->ms is 0;
	 * its oldest is of oldest_ms. */
	void (*young)(void *ctx, const struct bulklist_refused *what,
	    int64_t oldest_ms);
	/* There are some in other shards; once of those that had a backup at
	 * the time or were not asked for one, and once of young ones. */
	void (*elsewhere)(void *ctx, bool young);
	/* At the end: objects that are no backups. */
	void (*foreign)(void *ctx, uint64_t n);
	bool (*stopping)(void *ctx);
	void *ctx;
};

/*
 * Ask the store where it is and which: *up for bulkplan_settle(), and its id.
 * Also whether the glob is one.  Class state, not-found, usage, and what a
 * request to the store says.
 */
int bulklist_probe(const struct bulkplan *p, size_t *up, struct hash128 *id,
    struct err *e);

/*
 * Go through them.  cutoff_ms: only versions that were there at this moment
 * (INT64_MAX: all).  -1: the listing cannot go on.
 */
int bulklist_run(const struct bulkplan *p, int64_t cutoff_ms,
    const struct bulklist_out *out, struct err *e);

#endif
