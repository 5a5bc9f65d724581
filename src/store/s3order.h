/*
 * s3order -- is a page what was asked for?  Everything that is made of a
 * listing stands on its order and on its prefix: the newest backup is the one
 * that comes last, a database is decided on when its directory is left, and
 * what is not below the prefix was not asked for.  A server that does not keep
 * to them, by malice or because it knows no prefix or delimiter, is not
 * listed.
 */
#ifndef STORE_S3ORDER_H
#define STORE_S3ORDER_H

#include <stdbool.h>

#include "base/err.h"
#include "store/s3page.h"

enum {
	S3_ORDER_KEY_BYTES = 1024,	/* S3 has no longer keys */
	S3_ORDER_TOKEN_BYTES = 16 * 1024
};

struct s3_order {
	const char *prefix;
	bool shallow;		/* "/" was the delimiter */
	const char *reached;	/* NULL: it is the first page; else all of the
				 * pages before are up to here */
};

/*
 * Hold a page against what was asked for: each object and each common prefix
 * begins with the prefix, comes after the one before it, and has no more
 * slashes than was asked for; the token and the keys are not too long.  Class
 * network.
 */
int s3_order_check(const struct s3_order *o, const struct s3_page *page,
    struct err *e);

#endif
