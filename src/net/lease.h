/*
 * lease -- keys for a while, as STS, a container's endpoint and the
 * instance's metadata hand them out.
 */
#ifndef NET_LEASE_H
#define NET_LEASE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct lease {
	char *access;
	char *secret;
	char *token;		/* or NULL */
	int64_t expires_ms;	/* since 1970; 0: never */
};

/* Wipes. */
void lease_fini(struct lease *l);

/*
 * Fill *l (empty before) with copies; token and expires (RFC 3339) may be
 * NULL.  "from" names the source in the error.  Class config: a key is missing
 * or empty, or holds a blank, a control or a byte above 0x7e (the headers are
 * made of them); expires is no time.  Then *l is empty.
 */
struct lease_cfg {
	const char *access;
	const char *secret;
	const char *token;
	const char *expires;
};
int lease_fill(struct lease *l, const struct lease_cfg *cfg, const char *from,
    struct err *e);

/* The same from the JSON of a container's endpoint or the metadata
 * (AccessKeyId, SecretAccessKey, Token, Expiration). */
int lease_parse(struct lease *l, const void *json, size_t n, const char *from,
    struct err *e);

#endif
