/*
 * ledger -- what a restore of many has finished, so that --resume does only
 * the rest: ".litefleet-restore" in the output directory, append-only text.
 *
 * File: lines of tab-separated fields, escaped as base/line.h does.
 *     litefleet-restore  1  <store id>  <moment>  <what was asked>...
 *     <key>  <timestamp>  <bytes>  <xxh3, 32 hex digits>
 *     <nothing>  <number>
 *     <nothing>  <nothing>  <timestamp>
 * The first line pins the command: the id in the store's marker, the moment
 * that the restore began, and the words that say what is restored from where
 * (glob, template, pattern, --timestamp).  Then a line for each database that
 * is safe.  A line without a key says that all of the listing was gone
 * through, and how many databases are in the journal when none of it is
 * missing any more; the last such line counts.  One with a timestamp alone,
 * which is later than the beginning, says that a backup of this moment was
 * found; so it is only there where the clocks of two hosts differ, or backups
 * are named later than they are (--resolution).  A last line without its
 * newline is torn: ignored, and cut off; so is all from a line with a zero
 * byte on, which is what a power failure leaves of what was not on the disk
 * yet.
 *
 * Owner: the supervisor, which holds an flock(2) on it.
 */
#ifndef STATE_LEDGER_H
#define STATE_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"

struct ledger_cfg {
	const char *path;
	const char *const *asked;	/* words that must be the same */
	size_t nasked;
	bool more;		/* the journal's words may go on after them */
	struct hash128 store;
	bool any_version;	/* a key that is over is over, whichever
				 * version was restored */
	bool resume;
	int64_t now_ms;
};

struct ledger;

/*
 * Begin one, or with "resume" go on with the one that is there (or begin if
 * there is none).  Class busy: another restore holds it; usage: there is one
 * and "resume" is not set, or it is another command's (says what differs and
 * what to do); state: not a ledger, damaged; denied, space, io.
 */
struct ledger *ledger_open(const struct ledger_cfg *cfg, struct err *e);
void ledger_close(struct ledger *l);

/* Of the lock; for workers that shall hold it as long as they live. */
int ledger_fd(const struct ledger *l);

/* Was it there before, and when did the restore begin? */
bool ledger_resumed(const struct ledger *l);
int64_t ledger_began_ms(const struct ledger *l);
/* Finished databases that it holds. */
uint64_t ledger_count(const struct ledger *l);
/* The latest backup that is known to have been there: of what is finished, and
 * of ledger_reach() (0: none). */
int64_t ledger_youngest_ms(const struct ledger *l);
/* A backup of this moment was found: if that is the latest by now, and later
 * than the beginning, add the line that says so.  Class space, io. */
int ledger_reach(struct ledger *l, int64_t ms, struct err *e);

/*
 * All was gone through, and "count" databases will be in the journal when
 * nothing is missing: add the line that says so.  Class space, io.
 */
int ledger_expect(struct ledger *l, uint64_t count, struct err *e);
/* Was all gone through once?  And is nothing missing by now, but for "nleft"
 * that need not come any more? */
bool ledger_is_listed(const struct ledger *l);
bool ledger_is_whole(const struct ledger *l, uint64_t nleft);

/* Is this version (any_version: any of the key) in the list, or was
 * ledger_settle() called for it?  Costs no system call; at most 32 bytes of
 * memory for each. */
bool ledger_has(const struct ledger *l, const char *key, int64_t ms);

/* It is safe: add its line, with one write(2).  Class space, io; then the
 * line is not there, nor half of it. */
int ledger_add(struct ledger *l, const char *key, int64_t ms, uint64_t bytes,
    struct hash128 xxh3, struct err *e);

/* It is over for this run, but not safe: ledger_has() is true from now on,
 * and nothing is written. */
void ledger_settle(struct ledger *l, const char *key, int64_t ms);

/* All is done and nothing failed: remove the file. */
int ledger_finish(struct ledger *l, struct err *e);

#endif
