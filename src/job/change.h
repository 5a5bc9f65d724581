/*
 * change -- has a database changed since its record was written?  Decided
 * from stat(2) alone; a worker asks for every database in every cycle, so
 * this is the path that an idle fleet's cost is made of.
 */
#ifndef JOB_CHANGE_H
#define JOB_CHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "state/state.h"

enum change {
	CHANGE_NONE,
	CHANGE_NEW,		/* nothing was ever stored of it */
	CHANGE_DIFFERS		/* stat values differ, prove nothing (racy), or
				 * the last try failed */
};

/*
 * Open a directory of which a walk said that its real path (no links in it)
 * is "real".  A link that has been put in the way since is refused: a tenant
 * might choose what it shows.  Returns a descriptor for change_stat(), or -1.
 * Class gone (or replaced by something else), denied, io.
 */
int change_open_dir(const char *real, struct err *e);

/*
 * Read the stat values of "name" in the directory dirfd, and of its -wal if
 * "has_wal" says that one was seen.  With "follow" the name may be a symbolic
 * link.  Class gone: vanished, or is no regular file any more; denied, io.
 */
int change_stat(int dirfd, const char *name, bool has_wal, bool follow,
    struct state_stat *out, struct err *e);

/*
 * Put the real path of "name", which may be a link, into *out (reset first).
 * Class gone, denied, io.
 */
int change_real(int dirfd, const char *name, struct buf *out,
    struct err *e);

/*
 * Compare with a record, NULL if there is none.  "fingerprint" is
 * state_fingerprint() of what change_stat() read.
 */
enum change change_compare(const struct state_rec *rec,
    struct hash128 fingerprint);

/* When the database was last changed, itself or by its WAL: milliseconds since
 * 1970. */
int64_t change_last_ms(const struct state_stat *s);

/*
 * Does one of the times lie within 2 s of "now", so that a later write could
 * leave the same values?  (git calls an index entry of that kind racy.)
 */
bool change_is_racy(const struct state_stat *s, int64_t now_ns);

#endif
