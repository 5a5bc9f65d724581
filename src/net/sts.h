/*
 * sts -- keys for a web identity: a signed token in a file (Kubernetes, CI)
 * is exchanged for them.  Source: AWS STS API Reference,
 * AssumeRoleWithWebIdentity (version 2011-06-15; unsigned POST, XML answer).
 */
#ifndef NET_STS_H
#define NET_STS_H

#include "base/err.h"
#include "net/http.h"
#include "net/lease.h"

struct sts_cfg {
	const char *token_file;	/* read at each call */
	const char *role_arn;
	const char *session;	/* name of the session, or NULL */
	const char *endpoint;	/* or NULL: https://sts.<region>... */
	const char *region;
};

/* Blocks.  Class config: the file, the region, an answer that cannot be
 * understood; denied: STS says no; throttled; network.  The token is in no
 * message. */
int sts_assume(struct http *h, const struct sts_cfg *cfg, struct lease *l,
    struct err *e);

#endif
