/*
 * source -- which place the keys come from: the first that is set up
 * (credentials.h has the order).
 */
#ifndef NET_SOURCE_H
#define NET_SOURCE_H

#include "base/buf.h"
#include "base/err.h"
#include "net/container.h"
#include "net/lease.h"
#include "net/settings.h"

enum source_kind {
	SOURCE_FIXED,			/* given, environment, profile */
	SOURCE_STS,
	SOURCE_CONTAINER,
	SOURCE_IMDS,
	SOURCE_NONE
};

struct source {
	enum source_kind kind;
	struct lease fixed;		/* of SOURCE_FIXED */
	struct buf looked;		/* places without keys, for a message */
};

/* Makes no request; the classes are those of credentials_new().  "given": of
 * the command line.  source_fini() also after an error; it wipes. */
int source_choose(struct source *src, const struct settings *s,
    const struct lease_cfg *given, struct err *e);
void source_fini(struct source *src);

/* What the environment says about a container's endpoint. */
void source_container(struct container_cfg *cfg);

#endif
