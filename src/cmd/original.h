/*
 * original -- where the database of a backup lay.  Only the backup says it, and
 * a process that has opened one is not to be given more to open: so a role
 * looks, and who asks can then make itself a sandbox with room for that path.
 */
#ifndef CMD_ORIGINAL_H
#define CMD_ORIGINAL_H

#include <stdint.h>

#include "base/err.h"
#include "proc/sandbox.h"

struct original {
	char *object;		/* that was meant */
	char *key;
	int64_t ms;		/* of the object */
	char *path;		/* absolute and normal, as the object says */
};

struct original_cfg {
	const struct sandbox *sandbox;	/* of the role */
	/* In the role: fill in *found.  -1 with e. */
	int (*find)(void *ctx, struct original *found, struct err *e);
	void *ctx;
};

/*
 * Ask a role; its answer in *out, original_fini().  -1: what find() says;
 * class io, bug.  Blocks.
 */
int original_ask(const struct original_cfg *cfg, struct original *out,
    struct err *e);
void original_fini(struct original *o);

#endif
