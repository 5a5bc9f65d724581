/*
 * container -- keys from the endpoint that ECS and EKS (Pod Identity) put
 * beside a container.  Source: AWS SDKs and Tools Reference Guide, "Container
 * credential provider".
 */
#ifndef NET_CONTAINER_H
#define NET_CONTAINER_H

#include "base/err.h"
#include "net/http.h"
#include "net/lease.h"

struct container_cfg {
	const char *relative;	/* "/v2/credentials/...", or NULL: */
	const char *full;	/* a whole URL */
	const char *token;	/* for the Authorization header, or NULL */
	const char *token_file;	/* the same; read at each call; goes first */
};

/* Where it is: allocated; a secret.  NULL, class config: over http only to the
 * loopback and to the addresses that ECS and EKS use, and with no user. */
char *container_url(const struct container_cfg *cfg, struct err *e);

/* Blocks.  Class config: as above, the file, an answer that cannot be
 * understood; denied; throttled; network.  A message names the host, not the
 * path, nor a token. */
int container_ask(struct http *h, const struct container_cfg *cfg,
    struct lease *l, struct err *e);

#endif
