/*
 * keep -- which versions of a database are kept when old ones are removed.  A
 * pure function of their moments and of now: knows no store and no clock.
 *
 * Each rule names versions to keep, and what any rule names is kept:
 *
 *     retention  those no older than so long before now
 *     within     those no older than so long before the newest, or before now
 *                if the newest is of later
 *     last       the N newest
 *     hourly     of each of the last N hours that have versions, the newest;
 *     daily      so of days,
 *     weekly     of weeks as in ISO 8601, which begin on Monday: the first
 *                and last days of a year may be of a week of its neighbour,
 *     monthly    and of months
 *
 * The calendar is that of UTC.  An hour, day, week or month in which nothing
 * was backed up does not count.  The newest version is kept whatever the rules
 * say.  A version that is named later than now is simply newer than others, but
 * it may be the older one, of a clock that was ahead: so the newest of those
 * that are not is kept like it.
 */
#ifndef FLEET_KEEP_H
#define FLEET_KEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Why a version is kept: a set of these. */
enum keep_why {
	KEEP_NEWEST = 1 << 0,
	KEEP_RETENTION = 1 << 1,
	KEEP_WITHIN = 1 << 2,
	KEEP_LAST = 1 << 3,
	KEEP_HOURLY = 1 << 4,
	KEEP_DAILY = 1 << 5,
	KEEP_WEEKLY = 1 << 6,
	KEEP_MONTHLY = 1 << 7
};

/* A zero is no rule. */
struct keep_rules {
	int64_t retention_ms, within_ms;
	uint64_t last, hourly, daily, weekly, monthly;
};

/* Is there any rule? */
bool keep_has_rule(const struct keep_rules *r);

/*
 * The versions of one database, ms[0 .. n-1] since 1970, the oldest first: put
 * into why[i] the set of all that keep version i, or 0: it may be removed.
 */
void keep_decide(const struct keep_rules *r, int64_t now_ms,
    const int64_t *ms, size_t n, uint8_t *why);

/* Append the words of a set ("newest,daily"), or "none". */
void keep_words(uint8_t why, struct buf *b);

#endif
