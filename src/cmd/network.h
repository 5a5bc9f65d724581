/*
 * network -- the options that say how a store behind a network is reached:
 * the same in every command that has a store.  A directory store needs none
 * of them.
 */
#ifndef CMD_NETWORK_H
#define CMD_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "cmd/cmd.h"
#include "store/store.h"

/* Keys of NETWORK_OPTIONS; a command's own begin at NETWORK_OPT_END. */
enum {
	NETWORK_OPT_CA = CMD_OPT_OWN, NETWORK_OPT_CONCURRENT,
	NETWORK_OPT_CONNECT, NETWORK_OPT_REQUEST, NETWORK_OPT_RATE,
	NETWORK_OPT_END
};

#define NETWORK_OPTIONS							\
	{ "ca-file", NETWORK_OPT_CA, "FILE",				\
	    "certificates to trust ($SSL_CERT_FILE, $AWS_CA_BUNDLE)" },	\
	{ "concurrent", NETWORK_OPT_CONCURRENT, "N",			\
	    "requests to S3 at once (default 100)" },			\
	{ "connect-timeout", NETWORK_OPT_CONNECT, "D",			\
	    "for a connection to the store (default 5s)" },		\
	{ "request-timeout", NETWORK_OPT_REQUEST, "D",			\
	    "for a request that makes no progress (default 30s)" },	\
	{ "limit-rate", NETWORK_OPT_RATE, "SIZE",			\
	    "bytes a second to and from the store" }

/* The defaults. */
void network_init(struct store_s3_cfg *s3);

/*
 * Take an option of NETWORK_OPTIONS; false if it is another's.  Errors (class
 * usage) are in *e, *ok is false then.
 */
bool network_option(struct store_s3_cfg *s3, int key, const char *arg,
    bool *ok, struct err *e);

#endif
