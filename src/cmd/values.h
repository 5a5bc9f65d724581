/*
 * values -- what option values mean that several commands take: --check,
 * --shard, --host, --spool, --jobs, and a glob over a store's keys.
 */
#ifndef CMD_VALUES_H
#define CMD_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "db/image.h"
#include "store/url.h"

/* The i-th of n parts, from 1; 0 of 0: all. */
struct shard {
	uint64_t i, n;
};

/* All errors are of class usage and name the option. */
int value_check(const char *arg, enum image_check *check, struct err *e);
int value_shard(const char *arg, struct shard *shard, struct err *e);

/* Does what has this name fall into the part? */
bool shard_has(const struct shard *shard, const char *name, size_t len);

/* As many workers as there are processors online. */
uint64_t value_default_jobs(void);

/*
 * The name of this host: "host" if not NULL, else what the kernel says, which
 * is put into name[0 .. size-1].  NULL: no name for a host (usage), or there
 * is none (config).
 */
const char *value_host(const char *host, char *name, size_t size,
    struct err *e);

/* The spool: "dir" if not NULL, else $TMPDIR, else /var/tmp; absolute, freed
 * by the caller. */
char *value_spool(const char *dir, struct err *e);

/* What is below a store in an operand, as a glob for find/find.h: in an S3 URL
 * '?' is no wildcard.  Freed by the caller. */
char *value_glob(const struct store_url *url, const char *below);

#endif
