/*
 * s3 -- the S3 store: objects of a bucket below a prefix.  See store.h for
 * its rules and s3call.h for how a request goes.
 *
 * An object of a database is one plain PUT (multipart above
 * S3_MULTIPART_BYTES): a name holds the moment of its backup, so that whoever
 * writes it again writes what belongs there.  Only what must not be replaced
 * (store_op.only_new: the marker) asks first, with If-None-Match.
 */
#ifndef STORE_S3_H
#define STORE_S3_H

#include "base/err.h"
#include "store/store.h"

/* store_open() of an s3 URL. */
struct store *s3_open(const struct store_cfg *cfg, struct err *e);

/*
 * Is there a store, a marker, at the prefix of the URL that s was opened with,
 * after "u" (a copy of it) went up?  1, and s is the store there; 0; or -1.
 * One GET; where the server does not tell, for want of the right to list the
 * bucket, class denied.
 */
int s3_settle(struct store *s, const struct store_url *u, struct err *e);

#endif
