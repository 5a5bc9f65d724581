/*
 * report -- what a restore of many says: lines and objects on standard output,
 * the error report, the log's line for a database, the summary.
 */
#ifndef CMD_REPORT_H
#define CMD_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "cmd/bulklist.h"
#include "cmd/bulkplan.h"
#include "fleet/order.h"
#include "job/bulk.h"

/* Databases, but for bytes. */
struct report_count {
	uint64_t found, restored;
	uint64_t there;		/* already, with the same content */
	uint64_t skipped;	/* something was there; or too young */
	uint64_t failed;
	uint64_t bytes;		/* of the restored databases */
};

struct report;

/* The plan must outlive it.  Never NULL. */
struct report *report_new(const struct bulkplan *p);
/* Closes the error report; what it could not write, it has said. */
void report_free(struct report *r);

/* Begin the error report, if one is wanted (cmd/errorfile.h).  Class denied,
 * io, space. */
int report_open(struct report *r, struct err *e);
/* All was gone through: it is complete.  Logs what is not so. */
void report_finish(struct report *r);

/* A retry is about what its report says; of lines that name no time, that is
 * the newest (a warning). */
void report_timeless(struct report *r);

/* A line (or object) of a dry run. */
void report_would(struct report *r, const struct order *o);

/* What became of a database. */
void report_outcome(struct report *r, const struct bulk_outcome *o);
/* The journal has it. */
void report_finished(struct report *r, const struct order *o);
/* It has failed before it was begun. */
void report_refused(struct report *r, const struct bulklist_refused *what,
    const struct err *why);

/* A database had no backup at the time (a warning). */
void report_young(struct report *r, const char *key, int64_t oldest_ms);

/* A database has come since the restore began (a warning). */
void report_late(struct report *r, const char *key, int64_t began_ms);

/* Objects that are no backups were passed over. */
void report_foreign(struct report *r, uint64_t n);

/* All that was found was too young (a warning). */
void report_all_young(struct report *r);

/* Nothing was found: a warning, unless others are in other shards, or there is
 * nothing to retry. */
void report_nothing(struct report *r, bool elsewhere);

/* Has the error report lost a line? */
bool report_is_torn(const struct report *r);

/*
 * "Restore complete: 1,541 found, 1,500 restored, ...": on stderr, and with
 * --json as an object.
 */
void report_summary(struct report *r, const struct report_count *n,
    bool complete, int64_t took_ms);

#endif
