/*
 * http -- many HTTP/1.1 requests at once over kept-alive connections: one
 * curl multi handle.  No callbacks in callers: start a request, move them
 * all, take finished ones.  One try each: who retries decides above.
 *
 * Owner: one worker (never before fork(2)).  TLS is verified unless told
 * otherwise; redirects are not followed (a redirect could carry credentials
 * to another host): the caller sees the 3xx.  No header or body is ever
 * logged; nothing here logs.
 */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

struct http_cfg {
	unsigned concurrent;		/* connections in use at once, >= 1 */
	int64_t connect_timeout_ms;
	int64_t stall_timeout_ms;	/* without progress; less than 64 KiB
					 * in 20 times this is none, too */
	uint64_t limit_rate;		/* bytes/s of this worker, 0: none */
	const char *ca_file;		/* or NULL: $SSL_CERT_FILE,
					 * $AWS_CA_BUNDLE, the system's */
	bool skip_verify;
	bool direct;			/* past the environment's proxies */
};

struct http;

/* Class config: curl without what is needed, a CA file that cannot be read. */
struct http *http_new(const struct http_cfg *cfg, struct err *e);
void http_free(struct http *h);		/* abandons what is in flight */

enum {
	HTTP_BODY_MAX = 16 * 1024 * 1024,	/* of an answer in memory */
	HTTP_WINDOW_BYTES = 256 * 1024	/* of an answer that is pulled */
};

/* A request; zero it, fill in, http_start().  Everything in the first part
 * must live until it is finished. */
struct http_req {
	const char *method;		/* "GET", "PUT", "HEAD", ... */
	const char *url;		/* encoded, whole */
	const char *const *headers;	/* "Name: value", NULL at the end */
	const void *body;		/* body_bytes; or, if body_fd is */
	int body_fd;			/* not -1, of this file from body_off */
	uint64_t body_off;
	uint64_t body_bytes;
	bool pull;			/* a 2xx answer's body is taken with
					 * http_pull(), not kept in memory */
	size_t max_bytes;		/* of a 2xx answer's body in memory, at
					 * most HTTP_BODY_MAX; 0: that */
	void *owner;			/* the caller's */

	/* The answer. */
	bool finished;			/* whole, or failed */
	bool failed;			/* no whole answer: err says why */
	bool sent;			/* bytes of the request went out, so
					 * the server may have acted on it */
	int status;			/* 200, 404, ...; 0: none came */
	struct buf answer;		/* body; http_fini_req() frees it; of
					 * one that is not 2xx its first
					 * 64 KiB */
	bool hopeless;			/* and will as often as it is made: the
					 * server is not trusted, no URL */
	struct err err;			/* class network or io; one sentence
					 * naming the host: DNS, refused, TLS,
					 * timeout, reset, cut short.  Class
					 * limit: more than max_bytes */
	int64_t date_ms;		/* of its Date header; 0: none, or one
					 * that is not of 2000 to 8999 */
	struct http_transfer *transfer;	/* http's own */
};

/* Start.  Queued behind the others where "concurrent" is reached; one that
 * waits for its puller does not count there. */
void http_start(struct http *h, struct http_req *r);

/* A header of the answer (any case of its name), or NULL; lives as long as
 * the request's answer. */
const char *http_header(const struct http_req *r, const char *name);

/* Release what the answer holds (and abandon the request if it is not
 * finished); the request may be used again after zeroing its answer. */
void http_fini_req(struct http *h, struct http_req *r);

/*
 * Move everything until something is there for http_next(), fd (if not -1) is
 * readable or at its end, or timeout_ms (-1: none) is over.  Returns at once
 * where nothing of these can come.  Time between two calls is not held
 * against stall_timeout_ms.
 */
void http_move(struct http *h, int fd, int timeout_ms);

/* The next finished request, each once; or NULL.  Does not block. */
struct http_req *http_next(struct http *h);

/* Started and not yet taken with http_next(); without pulled ones. */
size_t http_inflight(const struct http *h);

/*
 * Of a request with "pull": up to n bytes of the body of a 2xx answer, in
 * order; blocks, moving the others too.  0: the end, or not a 2xx answer
 * (look at r->status: then the body is in r->answer); -1 with e: it broke,
 * and all that came before has been handed out.  Such requests do not come
 * from http_next().
 */
ssize_t http_pull(struct http *h, struct http_req *r, void *p, size_t n,
    struct err *e);

/* "libcurl/7.88.1 OpenSSL/3.0.11", for the version command. */
const char *http_lib_version(void);

#endif
