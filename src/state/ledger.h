/*
 * journal -- what a restore of many has finished, so that --resume does only
 * the rest: ".litefleet-restore" in the output directory, append-only text.
 *
 * File: lines of tab-separated fields, escaped as base/line.h does.
 *     litefleet-restore  1  <what was asked>...  <store id>  <moment>
 *     <key>  <timestamp>  <bytes>  <xxh3, 32 hex digits>
 * The first line pins the command: the words that say what is restored from
 * where (glob, template, pattern, --timestamp), the id in the store's marker,
 * and the moment the restore began.  Then a line for each database that is
 * safe.  A last line without its newline is torn: ignored, and cut off.
 *
 * Owner: the supervisor, which holds an flock(2) on it.
 */
#ifndef STATE_JOURNAL_H
#define STATE_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"

struct journal_cfg {
	const char *path;
	const char *const *asked;	/* words that must be the same */
	size_t nasked;
	struct hash128 store;
	bool resume;
	int64_t now_ms;
};

struct journal;

/*
 * Begin one, or with "resume" go on with the one that is there (or begin if
 * there is none).  Class busy: another restore holds it; usage: there is one
 * and "resume" is not set, or it is another command's (says what differs and
 * what to do); state: not a journal, damaged; denied, space, io.
 */
struct journal *journal_open(const struct journal_cfg *cfg, struct err *e);
void journal_close(struct journal *j);

/* Is this a journal that was there before, and when did it begin? */
bool journal_resumed(const struct journal *j);
int64_t journal_began_ms(const struct journal *j);
/* Finished databases that it holds. */
uint64_t journal_count(const struct journal *j);

/* Is this version in the list, or was journal_settle() called for it?  Costs
 * no system call; 16 bytes of memory for each in the list. */
bool journal_has(const struct journal *j, const char *key, int64_t ms);

/* It is safe: add its line, with one write(2).  Class space, io. */
int journal_add(struct journal *j, const char *key, int64_t ms, uint64_t bytes,
    struct hash128 xxh3, struct err *e);

/* It is over for this run, but not safe: journal_has() is true from now on,
 * and nothing is written. */
void journal_settle(struct journal *j, const char *key, int64_t ms);

/* All is done and nothing failed: remove the file. */
int journal_finish(struct journal *j, struct err *e);

#endif
