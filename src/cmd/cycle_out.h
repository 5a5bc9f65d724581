/*
 * cycle_out -- what a person and a pipeline see of a cycle: a line per stored
 * database (upload, --json), and the summary.
 */
#ifndef CMD_CYCLE_OUT_H
#define CMD_CYCLE_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "job/said.h"
#include "proc/pool.h"

struct cycle;
struct cycle_out;

struct cycle_out *cycle_out_new(const struct cycle *c);
void cycle_out_free(struct cycle_out *o);

/* A database is safe: path, key, bytes stored. */
void cycle_out_stored(struct cycle_out *o, const struct said *s);

/*
 * A database that would be looked at: "new" or "changed", bytes, path, key.
 */
struct cycle_out_dry {
	const char *what, *path, *key;
	uint64_t bytes;
};
void cycle_out_would(struct cycle_out *o, const struct cycle_out_dry *d);

/* "Scan complete: ..." ("Scan stopped: ..." if it was not), and with --json an
 * object of the same figures; without "say" only for the service manager. */
void cycle_out_summary(struct cycle_out *o, const struct pool_result *res,
    bool complete, int64_t took_ms, bool say);

/* What a service has done since it began, as a line. */
void cycle_out_figures(const struct cycle *c);

#endif
