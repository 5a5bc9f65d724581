/*
 * restore -- one object becomes a database file again: decoded as it streams
 * into a temporary file beside the target, checked (LZ4 checksums, size,
 * xxh3), synced, renamed without replacing, the directory synced.
 *
 * Nothing here logs, forks or knows of a command line.
 */
#ifndef JOB_RESTORE_H
#define JOB_RESTORE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "store/store.h"

enum job_restore_exists {
	JOB_RESTORE_REFUSE,	/* class exists */
	JOB_RESTORE_SKIP,	/* --if-db-not-exists */
	JOB_RESTORE_FORCE
};

struct job_restore_cfg {
	struct store *store;
	const char *object;
	const char *target;	/* path; NULL: the one in the trailer */
	enum job_restore_exists exists;
	int64_t busy_timeout_ms;
	/* NULL; or give up (class gone) when it is not 0. */
	const volatile sig_atomic_t *stop;
};

struct job_restored {
	bool skipped;		/* the target was there */
	char *target;		/* freed by the caller, also after failure */
	char *moved;		/* where the old file went, or NULL; likewise */
	bool unknown;		/* could not be found out whether the old
				 * database is open elsewhere */
	uint64_t size;
	struct hash128 xxh3;
};

/*
 * Restore one object to a file of mode 0600.  On failure nothing is left
 * behind but what was there (what could not be put back is said).
 *
 * Class exists: the target or a companion is there (the message says --force),
 * or the target has the name of a companion of what is there; busy: it is open
 * elsewhere; not-found: no such object, or the directory of the target is
 * missing; corrupt: the object is damaged, or (target NULL) names no absolute
 * path; else denied, space, io.
 */
int job_restore(const struct job_restore_cfg *cfg, struct job_restored *out,
    struct err *e);
void job_restored_fini(struct job_restored *out);

/*
 * Stream the content to fd; a damaged object is found out at its end at the
 * latest, after bytes were written.
 */
int job_restore_stream(struct store *store, const char *object, int fd,
    struct err *e);

#endif
