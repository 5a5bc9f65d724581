/*
 * figures -- what a service shows of itself: memory that the supervisor writes
 * and the face (serve/face.h) reads, mapped before that is forked.
 *
 * The writer never waits.  What a cycle came to, and the failing databases,
 * are written at its ends under a sequence lock: a reader copies, and copies
 * again if the writer came between, so what it gets belongs together.  What
 * counts single uploads (histograms, series, minutes) are atomics of one
 * writer.  Counters only grow; none is lost when a worker dies.
 *
 * Owner: the supervisor.  Times are milliseconds: "mono" since an unknown
 * moment, "ms" since 1970.
 */
#ifndef SERVE_FIGURES_H
#define SERVE_FIGURES_H

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/tally.h"
#include "proc/board.h"

enum {
	FIGURES_FAILURES = 1000,	/* that are kept by name */
	FIGURES_MINUTES = 60,
	FIGURES_BUCKETS = 16,		/* the last has no bound */
	FIGURES_LABEL_BYTES = 256,	/* a component of a path */
	FIGURES_SERIES_MAX = 100 * 1000
};

/* Upper bounds of the buckets in seconds: FIGURES_BUCKETS - 1 of them, 0.001
 * to 3600, each about 3 times the one before. */
extern const double figures_bounds[FIGURES_BUCKETS - 1];

struct figures_histogram {
	_Atomic uint64_t bucket[FIGURES_BUCKETS];	/* not cumulated */
	_Atomic uint64_t sum_ms;
};

/* A failing database. */
struct figures_failure {
	enum err_class cls;
	bool quarantined;	/* a worker died of it */
	unsigned tries;		/* in a row, at most 255 */
	int64_t since_ms;	/* 0: not known */
	char path[PATH_MAX + 1];
};

/* Uploads of one project, or of one database (as the pattern has it) of a
 * project. */
struct figures_series {
	char project[FIGURES_LABEL_BYTES];
	char database[FIGURES_LABEL_BYTES];	/* "": of the project */
	_Atomic uint64_t uploads, bytes;
	_Atomic int64_t last_ms;		/* the latest upload */
};

struct figures_minute {
	_Atomic int64_t minute;			/* since 1970; else stale */
	_Atomic uint64_t uploads, bytes;
};

/* What a cycle came to. */
struct figures_cycle {
	const uint64_t *count;	/* TALLY_NCOUNT */
	uint64_t nfaults;	/* directories that were not read */
	int64_t took_ms;	/* the whole */
	int64_t scan_ms;	/* until the last name was handed out */
	bool complete;		/* all was looked at, and the store was not
				 * down */
	bool aborted;		/* not even begun: of the databases there is
				 * no news, and what was shown of them stays */
	const char *why;	/* not complete: why not, a sentence */
	const char *undone;	/* what was due beside and was not done, a
				 * sentence; or NULL */
	int64_t oldest_ms;	/* the oldest change that it could not store,
				 * 0: none that it knows of */
	const struct figures_failure *failures;
	size_t nfailures;	/* at most FIGURES_FAILURES */
};

/* All that is under the sequence lock but the failures. */
struct figures_now {
	int64_t interval_ms;
	int64_t started_mono, started_ms;	/* of the service */
	bool running;			/* a cycle is under way */
	int64_t begun_mono;		/* the latest cycle began */
	int64_t complete_mono;		/* the latest complete one ended, */
	int64_t complete_ms;		/* 0: there was none yet */
	int64_t ended_ms;		/* the latest one ended; 0: none yet */
	int64_t took_ms, scan_ms;	/* it took */
	uint64_t ncycles, nbad;		/* nbad: not complete, with failures,
					 * or with something undone */
	uint64_t last[TALLY_NCOUNT];	/* what it counted, */
	uint64_t last_nfaults;
	uint64_t total[TALLY_NCOUNT];	/* and all cycles; SYNCED and
					 * BYTES_STORED grow while one runs */
	int64_t oldest_ms;		/* the oldest change that is not
					 * stored; one that is known stays
					 * until a complete cycle has seen */
	char why[512];			/* the latest cycle was not complete:
					 * why; "" */
	char undone[128];		/* what it left undone, "" */
	size_t nfailures;		/* how many are kept by name */
};

struct figures;

/* Map it; "board" (or NULL) is where the cycles' workers will be, with
 * max_series rows of series.  Class io. */
struct figures *figures_new(const struct board *board, int64_t interval_ms,
    size_t max_series, struct err *e);
void figures_free(struct figures *f);

/* The writer. */
void figures_begin(struct figures *f);
void figures_end(struct figures *f, const struct figures_cycle *c);
/* An object was stored: took_ms from the look at its database on, lag_ms after
 * that was last changed (-1: not to be counted); project and database may be
 * NULL. */
struct figures_upload {
	uint64_t bytes;
	int64_t took_ms, lag_ms;
	const char *project, *database;
};
void figures_upload(struct figures *f, const struct figures_upload *u);

/* Readers.  figures_read() copies; figures_failures() copies at most "max" into
 * v and returns how many. */
void figures_read(const struct figures *f, struct figures_now *now);
size_t figures_failures(const struct figures *f, struct figures_failure *v,
    size_t max);
enum figures_kind { FIGURES_CYCLE, FIGURES_SCAN, FIGURES_UPLOAD, FIGURES_LAG,
    FIGURES_NKIND };
const struct figures_histogram *figures_histogram(const struct figures *f,
    enum figures_kind kind);
/* Row i, or NULL behind the last.  Those for which there was no room are in
 * rows whose project (and database) is "other". */
const struct figures_series *figures_series(const struct figures *f, size_t i);
/* Minute "ago" (0: this one) as seen from now_ms; zeros if nothing was. */
void figures_minute(const struct figures *f, int64_t now_ms, unsigned ago,
    uint64_t *uploads, uint64_t *bytes);
/* Worker i's row, as of the cycle that runs or ran last; false: there is none.
 * *phase: TALLY_IDLE while it waits. */
bool figures_worker(const struct figures *f, unsigned i,
    uint64_t count[TALLY_NCOUNT], enum tally_phase *phase);

/* Is it well?  False with the reason: no cycle was complete for three
 * intervals, or the store does not answer. */
bool figures_healthy(const struct figures_now *now, int64_t mono,
    char *why, size_t size);

#endif
