/*
 * ask -- one small question to a server that knows our keys, and its answer:
 * blocking, bounded in time, tried again where that may help.  On a handle of
 * its own: the caller's other requests are not taken from it.
 */
#ifndef NET_ASK_H
#define NET_ASK_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "net/http.h"

struct ask {
	const char *method;
	const char *url;
	const char *const *headers;	/* as http_req has them */
	const void *body;
	size_t body_bytes;
	int64_t timeout_ms;		/* of one try as a whole */
	unsigned ntries;		/* 1: once */
};

struct ask_answer {
	int status;
	struct buf body;
};

/*
 * Ask.  A failed connection, 429 and 5xx are tried again after 100, 200, ...
 * ms.  Returns 0 with any status; -1 if there was no whole answer (class
 * network or io), or one of more than 256 KiB (limit).
 */
int ask(struct http *h, const struct ask *q, struct ask_answer *a,
    struct err *e);

/* Wipes. */
void ask_fini(struct ask_answer *a);

#endif
