/*
 * prepare -- before a database is read: is the store the one that the state
 * speaks of?  One worker asks for all of them (base/gate.h).
 */
#ifndef JOB_PREPARE_H
#define JOB_PREPARE_H

#include <stdbool.h>

#include "base/err.h"
#include "job/backup.h"
#include "store/store.h"

enum {
	PREPARE_DAY_MS = 86400000
};

/*
 * Open the store for this worker, and check its marker if no worker of this
 * run has done so; the state then carries its id (statedir_reload()).  The
 * store is made only where the state knows none.  Class state, config, gone,
 * denied, io: the run cannot go on.
 */
int prepare_store(const struct job_backup_cfg *cfg,
    const struct job_backup_env *env, struct store **store, struct err *e);

/*
 * A descriptor of an unnamed file to build a large object in: the store's
 * own, or one in "spool".  *ours, also where it fails: it is the latter, and
 * what goes wrong with it is no failure of the store.
 */
int prepare_spool(struct store *store, const char *spool, bool *ours,
    struct err *e);

#endif
