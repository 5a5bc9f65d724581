/*
 * said -- what a worker tells the supervisor: of each database that it has
 * stored, for those who want it on stdout; of those that fail, for --listen;
 * and that its store is down, for the run to say that once.
 *
 * Wire (little endian):
 *     'S', u64 stored bytes, u64 database bytes, i64 timestamp, i64 took_ms,
 *     i64 lag_ms, u16 path bytes, path, key
 *     'F', u8 class, u8 quarantined, u8 tries, u32 since, path
 *     'D', why
 */
#ifndef JOB_SAID_H
#define JOB_SAID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	SAID_FAILURES_MAX = 1000	/* are told of by a worker in a run */
};

enum said_kind {
	SAID_STORED = 'S',
	SAID_FAILED = 'F',
	SAID_DOWN = 'D'
};

struct said {
	enum said_kind kind;
	char *path;		/* but for DOWN */

	/* STORED */
	char *key;
	uint64_t stored_bytes;	/* of the object */
	uint64_t db_bytes;
	int64_t ms;		/* timestamp of the object */
	int64_t took_ms;	/* from the look at the database on */
	int64_t lag_ms;		/* since its last change; -1: it had never
				 * been stored before */

	/* FAILED */
	enum err_class cls;
	bool quarantined;
	unsigned tries;		/* in a row, at most 255 */
	uint32_t since_s;	/* seconds since 1970; 0: unknown */

	/* DOWN */
	char *why;
};

/* In the worker: tell what s->kind says. */
struct job_backup_env;
void said_tell(const struct job_backup_env *env, const struct said *s);

/* In the supervisor: false if it is malformed, or of a moment that no stamp
 * can say.  said_fini() after. */
bool said_parse(const void *msg, size_t len, struct said *s);
void said_fini(struct said *s);

#endif
