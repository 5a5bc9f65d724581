/*
 * replaced -- the flags of the tools that litefleet replaces, so that their
 * command lines go on working:
 *     -bucket B -region R -path TEMPLATE -pattern P -access-key K
 *     -secret-key K
 * They become a store's URL, a key template and a pattern.  (-concurrent and
 * -dry-run mean the same here and there.)
 */
#ifndef CMD_REPLACED_H
#define CMD_REPLACED_H

#include <stdbool.h>

#include "base/err.h"
#include "cmd/cycle.h"

enum {
	REPLACED_OPT_BUCKET = CYCLE_OPT_END, REPLACED_OPT_REGION,
	REPLACED_OPT_PATH, REPLACED_OPT_PATTERN, REPLACED_OPT_ACCESS,
	REPLACED_OPT_SECRET, REPLACED_OPT_END
};

#define REPLACED_OPTIONS						\
	{ "bucket", REPLACED_OPT_BUCKET, "B",				\
	    "as --to s3://B" },						\
	{ "region", REPLACED_OPT_REGION, "R",				\
	    "of --bucket, as in --to 's3://B?region=R'" },		\
	{ "path", REPLACED_OPT_PATH, "TEMPLATE", "as --key" },		\
	{ "pattern", REPLACED_OPT_PATTERN, "P", "as the operand" },	\
	{ "access-key", REPLACED_OPT_ACCESS, "K",			\
	    "better: $AWS_ACCESS_KEY_ID" },				\
	{ "secret-key", REPLACED_OPT_SECRET, "K",			\
	    "better: $AWS_SECRET_ACCESS_KEY" }

struct replaced {
	const char *bucket, *region, *path, *pattern;
	char *access, *secret;	/* copies: in argv they are wiped */
	char *url;
};

void replaced_fini(struct replaced *r);

/* Take one of REPLACED_OPTIONS; false if it is another's.  A key that lies in
 * "arg" is wiped there. */
bool replaced_option(struct replaced *r, int key, char *arg);

/*
 * Put what was given into the run's settings; *r must live as long as they.
 * Warns of keys that stood on the command line.  Class usage: what cannot go
 * together.
 */
int replaced_apply(struct replaced *r, struct cycle *c, struct err *e);

#endif
