/*
 * said -- what a worker tells the supervisor: of each database that it has
 * stored, for those who want it on stdout; and that its store is down, for
 * the run to say that once.
 *
 * Wire (little endian):
 *     'S', u64 stored bytes, u64 database bytes, i64 timestamp, u16 path
 *     bytes, path, key
 *     'D', why
 */
#ifndef JOB_SAID_H
#define JOB_SAID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct said {
	char *down;		/* why the store is; then the rest is zero */
	uint64_t stored_bytes;	/* of the object */
	uint64_t db_bytes;
	int64_t ms;		/* timestamp of the object */
	char *path;
	char *key;
};

/* In the worker. */
struct job_backup_env;
void said_tell(const struct job_backup_env *env, const struct said *s);
void said_tell_down(const struct job_backup_env *env, const char *why);

/* In the supervisor: false if it is malformed.  said_fini() after. */
bool said_parse(const void *msg, size_t len, struct said *s);
void said_fini(struct said *s);

#endif
