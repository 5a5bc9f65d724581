/*
 * cycle -- one run of backup or upload, as the supervisor sees it: options,
 * the state's lock, the pool of workers, what is fed to them, the summary.
 * cycle_setup.c is what is done once, before the first.
 */
#ifndef CMD_CYCLE_H
#define CMD_CYCLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "cmd/before.h"
#include "cmd/cmd.h"
#include "cmd/dealer.h"
#include "cmd/keepopt.h"
#include "cmd/network.h"
#include "cmd/progress.h"
#include "cmd/pruning.h"
#include "cmd/values.h"
#include "fleet/key.h"
#include "fleet/pattern.h"
#include "fleet/walk.h"
#include "job/backup.h"
#include "job/said.h"
#include "proc/pool.h"
#include "store/url.h"

struct listen;

struct cycle {
	const struct cmd *cmd;
	const char *doing;		/* "Backing up" */

	/* what the command line says; cycle_init() sets the defaults */
	const char *to;			/* --to, else $LITEFLEET_TO */
	bool to_given, key_given;	/* on the command line */
	const char *key;
	const char *state;
	const char *spool;
	const char *host;
	uint64_t jobs;
	struct shard shard;
	int64_t busy_timeout_ms;
	int64_t grace_ms;
	int64_t lock_wait_ms;
	int64_t resolution_ms;
	struct store_s3_cfg s3;		/* of all workers together */
	enum image_check check;
	enum progress_when progress;
	int64_t interval_ms;		/* of a service; 0: one run */
	int64_t log_every_ms;		/* at least one line in this time */
	bool strict, new_store, shared, json, raw, follow, force, say;
	struct before before;
	struct pruning pruning;

	/* made of them by cycle_setup() */
	struct pattern **patterns;
	size_t npatterns;
	struct key_template *template;
	struct store_url url;
	char hostname[256];
	char *spool_dir;
	char *state_base;
	struct gate *clock;

	char *const *paths;		/* absolute and sorted: only these are
					 * read; or NULL */
	size_t npaths;

	struct listen *listen;		/* shows all this, or NULL */

	/* the run */
	struct statedir *statedir;
	struct state_id id;
	uint64_t nfaults;		/* directories that were not read, and
					 * what the supervisor itself failed */

	/* of all cycles up to now */
	struct pool_result last;	/* the latest cycle, */
	int64_t took_ms;		/* the time it took, */
	uint64_t last_nfaults;		/* and nfaults, */
	bool last_incomplete, last_unreconciled;	/* and before.failed */
	uint64_t total[TALLY_NCOUNT];
	bool whole_once;		/* one was complete, and so has named
					 * all that was not well */
	uint64_t ncycles, nbad;		/* nbad: with another status than 0 */
	int64_t settled_ms;		/* when statedir_end() was */
	int64_t said_ms;		/* when a summary was last said */
};

/* Rows of the option table that backup and upload share, and their keys. */
enum {
	CYCLE_OPT_TO = KEEP_OPT_END, CYCLE_OPT_KEY, CYCLE_OPT_JOBS,
	CYCLE_OPT_STATE, CYCLE_OPT_SPOOL, CYCLE_OPT_BUSY, CYCLE_OPT_GRACE,
	CYCLE_OPT_HOST, CYCLE_OPT_CHECK, CYCLE_OPT_NEW_STORE,
	CYCLE_OPT_SHARED, CYCLE_OPT_FOLLOW, CYCLE_OPT_STRICT, CYCLE_OPT_JSON,
	CYCLE_OPT_RESOLUTION, CYCLE_OPT_PROGRESS, CYCLE_OPT_NO_PROGRESS,
	CYCLE_OPT_END
};

#define CYCLE_OPTIONS							\
	{ "to", CYCLE_OPT_TO, "URL",					\
	    "the store: a directory or s3://... (default $LITEFLEET_TO)" }, \
	{ "key", CYCLE_OPT_KEY, "TEMPLATE",				\
	    "what a database is called there (default {{path}})" },	\
	{ "jobs", CYCLE_OPT_JOBS, "N", "workers (default: online CPUs)" }, \
	{ "state", CYCLE_OPT_STATE, "DIR",				\
	    "what is remembered between runs (default /var/lib/litefleet)" }, \
	{ "spool", CYCLE_OPT_SPOOL, "DIR",				\
	    "room for copies of large databases ($TMPDIR, /var/tmp)" },	\
	{ "busy-timeout", CYCLE_OPT_BUSY, "D",				\
	    "how long to wait for a locked database (default 5s)" },	\
	{ "grace", CYCLE_OPT_GRACE, "D",				\
	    "for what is under way after TERM or INT (default 10s)" },	\
	{ "host", CYCLE_OPT_HOST, "NAME",				\
	    "name of this host (default: gethostname)" },		\
	{ "check", CYCLE_OPT_CHECK, "HOW",				\
	    "look for damage: none, quick, full (default none)" },	\
	{ "resolution", CYCLE_OPT_RESOLUTION, "D",			\
	    "one backup in this time: later ones replace it (S3)" },	\
	{ "follow", CYCLE_OPT_FOLLOW, NULL, "follow symbolic links" },	\
	{ "strict", CYCLE_OPT_STRICT, NULL,				\
	    "what is not a database has failed, and is not only skipped" }, \
	{ "new-store", CYCLE_OPT_NEW_STORE, NULL,			\
	    "forget the state and begin with this store again" },	\
	{ "shared", CYCLE_OPT_SHARED, NULL,				\
	    "accept a store that another host began" },			\
	NETWORK_OPTIONS,						\
	{ "progress", CYCLE_OPT_PROGRESS, NULL,				\
	    "show how far it has come (default: on a terminal)" },	\
	{ "no-progress", CYCLE_OPT_NO_PROGRESS, NULL, "do not" },	\
	{ "json", CYCLE_OPT_JSON, NULL, "write one JSON object a line" }, \
	{ "null", '0', NULL, "items end in NUL and are not escaped" }

/* "doing" is for the progress: "Backing up". */
void cycle_init(struct cycle *c, const struct cmd *cmd, const char *doing);
void cycle_fini(struct cycle *c);

/*
 * Take an option of CYCLE_OPTIONS; false if it is another's.  Errors (class
 * usage) are in *e, *ok is false then.
 */
bool cycle_option(struct cycle *c, int key, const char *arg, bool *ok,
    struct err *e);

/*
 * Check everything that can be checked without touching anything: patterns,
 * template, store URL (must be there unless "dry"), directories.  Class usage.
 */
int cycle_setup(struct cycle *c, char *const *patterns, size_t npatterns,
    bool dry, struct err *e);

/*
 * Lock the state, run the workers, call deal() to feed them (again for the
 * ranges of workers that died, "again" is true then), say the summary.
 * Returns the exit status.
 */
int cycle_run(struct cycle *c, int (*deal)(void *ctx, struct dealer *d,
    bool again, struct err *e), void *ctx);

#endif
