/*
 * keepopt -- the options that say which backups stay when old ones are
 * removed (fleet/keep.h): of prune, and of a service that prunes.
 */
#ifndef CMD_KEEPOPT_H
#define CMD_KEEPOPT_H

#include <stdbool.h>

#include "base/err.h"
#include "cmd/network.h"
#include "fleet/keep.h"

enum {
	KEEP_OPT_RETENTION = NETWORK_OPT_END, KEEP_OPT_LAST, KEEP_OPT_WITHIN,
	KEEP_OPT_HOURLY, KEEP_OPT_DAILY, KEEP_OPT_WEEKLY, KEEP_OPT_MONTHLY,
	KEEP_OPT_END
};

#define KEEP_OPTIONS							\
	{ "retention", KEEP_OPT_RETENTION, "D",				\
	    "keep what is no older than D: only older ones may go" },	\
	{ "keep-last", KEEP_OPT_LAST, "N",				\
	    "keep the N newest of each database" },			\
	{ "keep-within", KEEP_OPT_WITHIN, "D",				\
	    "keep what is no older than D before its newest" },		\
	{ "keep-hourly", KEEP_OPT_HOURLY, "N",				\
	    "keep the newest of each of the last N hours that have any" }, \
	{ "keep-daily", KEEP_OPT_DAILY, "N", "of each of the last N days" }, \
	{ "keep-weekly", KEEP_OPT_WEEKLY, "N",				\
	    "of each of the last N weeks (Monday to Sunday)" },		\
	{ "keep-monthly", KEEP_OPT_MONTHLY, "N",			\
	    "of each of the last N months" }

/*
 * Take an option of KEEP_OPTIONS; false if it is another's.  Errors (class
 * usage) are in *e, *ok is false then.
 */
bool keepopt_take(struct keep_rules *r, int key, const char *arg, bool *ok,
    struct err *e);

#endif
