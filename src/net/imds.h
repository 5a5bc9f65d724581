/*
 * imds -- keys of the EC2 instance's role, from its metadata.  Source: Amazon
 * EC2 User Guide, "Use the Instance Metadata Service" (version 2: a token by
 * PUT, then the role's name, then its keys).
 */
#ifndef NET_IMDS_H
#define NET_IMDS_H

#include "base/err.h"
#include "net/http.h"
#include "net/lease.h"

enum {
	IMDS_TIMEOUT_MS = 1000	/* of each question: there may be no IMDS */
};

/*
 * "endpoint": "http://169.254.169.254" or another, without a slash at its end.
 * Blocks.  Class network: nobody answers there; not-found: it is there, and
 * has no role; denied; config: an answer that cannot be understood.
 */
int imds_ask(struct http *h, const char *endpoint, struct lease *l,
    struct err *e);

#endif
