/*
 * transfer -- one request of http.h on its way: the curl handle that carries
 * it, what has come of its answer, and whether it moves.  Only the files of
 * http include it.
 */
#ifndef NET_TRANSFER_H
#define NET_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include <curl/curl.h>

#include "base/buf.h"
#include "base/err.h"
#include "net/events.h"
#include "net/http.h"
#include "net/pace.h"

enum transfer_state {
	TRANSFER_QUEUED,
	TRANSFER_RUNNING,
	TRANSFER_DONE,		/* finished, on the way to http_next() */
	TRANSFER_TAKEN		/* in no list */
};

TAILQ_HEAD(transfer_list, http_transfer);

struct http {
	CURLM *multi;
	struct events events;
	unsigned concurrent;
	int64_t connect_timeout_ms;
	int64_t stall_timeout_ms;
	char *ca_file;			/* NULL: the system's */
	bool skip_verify;
	bool direct;
	bool no_expect;			/* somebody refuses to be asked first */
	char *origin;			/* of a URL: scheme, host, port ... */
	char *peer;			/* ... and whom a message names so */
	struct pace pace;

	struct transfer_list queued;
	struct transfer_list running;
	struct transfer_list done;
	unsigned nrunning;		/* without those that are held back */
	size_t inflight;
	int64_t watch_ms;		/* when to look for stalls */
};

struct http_transfer {
	TAILQ_ENTRY(http_transfer) entry;
	struct http *http;
	struct http_req *req;
	enum transfer_state state;

	CURL *easy;			/* while it runs */
	struct curl_slist *list;
	char errbuf[CURL_ERROR_SIZE];
	char *peer;			/* "host:port" */

	struct buf headers;		/* lines of the answer, each with NUL */
	uint64_t nheaders_bytes;	/* ever received */
	uint64_t sent_bytes;		/* of the body, given to curl */
	bool headed;			/* they ended as they should */
	bool began;			/* on a connection */
	bool expects;			/* to be let send its body ... */
	bool unmet;			/* ... which was answered with 417 */
	bool too_long;			/* an answer over the limit */
	bool too_large;			/* ... that the request set */
	uint64_t nbody_bytes;	/* that came for the answer in memory */
	struct err body_err;		/* of reading the request's body */

	struct buf window;		/* of a pulled body ... */
	size_t taken_bytes;		/* ... and its part that is gone */
	bool held;			/* paused: the window is full */
	bool slowed;			/* paused: above the rate */

	uint64_t seen_bytes;		/* at seen_ms, when it last moved */
	int64_t seen_ms;
	uint64_t slow_bytes;	/* at slow_ms, when it last moved enough */
	int64_t slow_ms;
	bool slow;		/* why it is given up: it moves, but hardly */
};

/* Make easy carry the transfer; -1: the URL is none. */
int transfer_setup(struct http_transfer *t, CURL *easy, struct err *e);

/* Look whether it moves; true: it has not for the time that it may take, or
 * too slowly for many times that time ("slow"). */
bool transfer_stalled(struct http_transfer *t, int64_t now_ms);

/* Will a transfer that ended with "code" fail as often as it is made? */
bool transfer_hopeless(const struct http_transfer *t, CURLcode code);

/* The sentence of a transfer that ended with "code". */
void transfer_failure(const struct http_transfer *t, CURLcode code,
    struct err *e);

/* Answers that are pulled and successful go to the window. */
bool transfer_is_pulled(const struct http_transfer *t);

#endif
