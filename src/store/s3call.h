/*
 * s3call -- one request to S3 as the files of the S3 store make it: built,
 * signed, sent, judged, tried again, and handed back to the function that it
 * names.  Only s3*.c include this.
 *
 *     s3put s3multi s3del                what is asked, and what it means
 *     s3get s3fetch s3list s3page s3order
 *     s3call                             a call and what is in it
 *     s3move                             sent, waited for, delivered
 *     s3rest                             the second round
 *     s3judge                            another try?  is the store down?
 *     s3req s3site s3err                 one try: address, signature, error
 */
#ifndef STORE_S3CALL_H
#define STORE_S3CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "base/err.h"
#include "net/credentials.h"
#include "net/http.h"
#include "net/sigv4.h"
#include "store/backend.h"
#include "store/retry.h"

enum {
	S3_KEY_BYTES = 1024,		/* the longest key */
	S3_CODE_BYTES = 64,
	S3_MULTIPART_BYTES = 64 * 1024 * 1024,	/* above: in parts */
	S3_PART_BYTES = 16 * 1024 * 1024,	/* unless the URL says */
	S3_PARTS = 10000,
	S3_MEMORY_BYTES = 32 * 1024 * 1024,	/* objects in memory */
	S3_PAIRS = 8,
	S3_DELETE_KEYS = 1000		/* of one DeleteObjects */
};

/* Where requests go. */
struct s3_site {
	char *bucket;
	char *scheme;		/* "https" */
	char *host;		/* as in the Host header */
	char *base;		/* path before the key: "/" or "/bucket/" */
	char *region;
	bool aws;		/* AWS's own, whose address has the region */
	bool path_style;
	unsigned nmoves;	/* how often all this has changed */
};

/* What the answer of a failed try says. */
struct s3_fault {
	int status;
	char code[S3_CODE_BYTES];
	char message[256];
	char request_id[128];
	char region[64];	/* the right one */
	char endpoint[256];	/* host of the right one */
};

struct s3;
struct s3_call;
struct s3_multi;
typedef void s3_done(struct s3 *s, struct s3_call *c);

/* From s3_call_new() to its "done", which frees it. */
struct s3_call {
	enum store_request kind;
	const char *method;
	char *key;		/* whole; "" for the bucket itself */
	struct sigv4_pair query[S3_PAIRS], headers[S3_PAIRS];
	size_t nquery, nheaders;
	const void *body;	/* body_bytes; or, if fd is not -1, there */
	int fd;
	uint64_t body_off, body_bytes;
	bool md5;		/* send Content-MD5 */
	bool pull;		/* http.h; not retried once bytes came */
	bool once;		/* one try only */
	bool awaited;		/* the run hangs on it: more tries at once,
				 * and no second round */
	bool in_body;		/* a 200 may still carry an error */
	size_t max_bytes;	/* of the answer (http.h) */
	s3_done *done;
	void *owner;

	/* When it is done. */
	bool ok;
	bool unsure;		/* a try before the last may have worked */
	struct err err;		/* unless ok */
	struct s3_fault fault;

	/* s3call's own. */
	struct http_req req;
	struct buf url, lines;
	const char *list[2 * S3_PAIRS + 8];
	char payload[SIGV4_HASH_BYTES];
	unsigned nmoves;	/* the site's, when it was sent */
	char *moved;		/* "scheme://host/" and maybe "bucket/", where
				 * the key goes; of a redirect */
	bool dead;		/* err is set, and is to be delivered */
	bool clock_set, keys_renewed, redirected;
	bool spent;		/* its tries are used up */
	bool second;		/* and given to it once more ... */
	unsigned tried;
	unsigned tried_first;	/* ... after so many */
	uint64_t nanswers;	/* s->nanswers when it began */
	int64_t first_ms;	/* the first try began; monotonic, as are */
	int64_t started_ms, due_ms;	/* this one, and the next */
	TAILQ_ENTRY(s3_call) entry;
};

TAILQ_HEAD(s3_calls, s3_call);

struct s3 {
	struct store base;
	struct http *http;
	struct credentials *credentials;
	struct sigv4 *sigv4;
	struct s3_site site;
	struct store_url_s3 url;	/* own copy of what is needed */
	char *prefix;		/* "" or "a/b/" */
	unsigned concurrent;
	int64_t clock_off_ms;	/* what requests carry minus our time */
	int64_t date_off_ms;	/* the server's time minus ours, as the last
				 * answer said, if "dated" */
	bool dated;
	bool met;		/* the server has answered something */

	struct s3_calls flying;	/* with http */
	struct s3_calls waiting;	/* until due */
	struct s3_calls resting;	/* until the second round */
	size_t nresting;
	uint64_t resting_bytes;	/* of objects in memory */
	size_t ncalls;		/* of all three */
	uint64_t nanswers;	/* that broke the row of failures */
	uint64_t memory_bytes;	/* of objects in hand */
	uint64_t held_bytes;	/* of names that lists hold (s3list.c) */
	struct store_queue removals;	/* to go into one request */
	size_t nremovals;
	struct retry_row row;
	bool down;
	struct err why;		/* if down */
	bool doomed;		/* base.doom is "why" */
	bool abandoning;
	LIST_HEAD(s3_multis, s3_multi) multis;	/* uploads that are begun */
	bool no_multi_delete, no_if_none_match;	/* the server has not */
	uint64_t nrequests[STORE_NREQUEST];
};

static inline struct s3 *
s3_of(struct store *s)
{
	return ((struct s3 *)s);
}

/* A call for object "name" of the store (NULL: the bucket). */
struct s3_call *s3_call_new(struct s3 *s, enum store_request kind,
    const char *method, const char *name);
/* Values are copied; names are not. */
void s3_call_query(struct s3_call *c, const char *name, const char *value);
void s3_call_header(struct s3_call *c, const char *name, const char *value);
/* Content-MD5 of the body, wherever it is.  Class io. */
int s3_call_md5(struct s3_call *c, struct err *e);
void s3_call_free(struct s3 *s, struct s3_call *c);

/* Judge a try that has ended: true if there will be another, at c->due_ms
 * (s3judge.c). */
bool s3_call_judge(struct s3 *s, struct s3_call *c);

/* Go; never calls c->done itself.  What c->body and c->fd are must live
 * until then.  (This and the next in s3move.c.) */
void s3_call_start(struct s3 *s, struct s3_call *c);

/* Go, and move everything until it is done (c->done is not used). */
int s3_call_run(struct s3 *s, struct s3_call *c, struct err *e);

/* Move everything until something happened, fd is readable, or time is
 * over (-1: none). */
void s3_move(struct s3 *s, int fd, int timeout_ms);

/* End everything in hand with *e. */
void s3_abandon(struct s3 *s, const struct err *e);

/*
 * Go with a call whose answer is pulled, until its first bytes are there: *got
 * of them (0: the object is empty, or c is not ok).  It is not to be freed
 * before all was pulled from c->req.
 */
int s3_call_pull(struct s3 *s, struct s3_call *c, void *p, size_t n,
    size_t *got, struct err *e);

/*
 * The second round (s3rest.c).  A call whose tries are used up rests until
 * there is nothing else to do, or too much rests; then it is tried as often
 * again, once, if the server has answered others since it began.  So what a
 * bad network spoils five times by chance (one in a thousand, where one try
 * in four is lost) is stored by the same run all the same, and a server that
 * is gone is not waited for twice.
 */
bool s3_call_may_rest(const struct s3 *s, const struct s3_call *c);
void s3_call_rest(struct s3 *s, struct s3_call *c);
/* Is it time?  Then those that rest are put among those that wait. */
void s3_rouse(struct s3 *s);

/* Build and sign what c->req sends (s3req.c). */
int s3_req_build(struct s3 *s, struct s3_call *c, struct err *e);

/* Where requests go (s3site.c).  Class config. */
int s3_site_init(struct s3_site *site, const struct store_url_s3 *u,
    const char *region, const char *endpoint, struct err *e);
void s3_site_fini(struct s3_site *site);
/* Follow what an answer with 301 or 307 says; false: it does not say, or
 * nothing that may be followed (a foreign host, another scheme).  *moved: what
 * stands before the key for this request alone, or NULL: site is another now.
 * The server says where, never what: the path that it names is not looked
 * at. */
bool s3_site_follow(struct s3_site *site, const struct s3_fault *f,
    const char *location, char **moved);

/* Errors (s3err.c).  Reads what a failed answer says. */
void s3_fault_text(char *to, size_t size, const char *from);	/* one line */
void s3_fault_read(struct s3_fault *f, const struct http_req *r);
/* The sentence and the class: "s3://bucket/key: ...". */
void s3_fault_err(const struct s3_fault *f, const struct s3_site *site,
    const char *key, struct err *e);

/* Operations; each hands its op back. */
void s3_put(struct s3 *s, struct store_op *op);		/* s3put.c */
void s3_multi(struct s3 *s, struct store_op *op);	/* s3multi.c */
void s3_multi_abort_all(struct s3 *s);	/* those whose op is gone */
void s3_multi_forget_all(struct s3 *s);
void s3_remove(struct s3 *s, struct store_op *op);	/* s3del.c */
void s3_remove_all(struct s3 *s);	/* send what was collected */
void s3_fetch(struct s3 *s, struct store_op *op);	/* s3fetch.c */
/* What a get counts as memory in hand. */
size_t s3_fetch_bytes(const struct store_op *op);
/* The op of a put is finished. */
void s3_op_done(struct s3 *s, struct store_op *op, const struct err *e);
/* What every object is stored with: storage class, encryption, ACL. */
void s3_put_headers(const struct s3 *s, struct s3_call *c);

/* The backend's get and list (store/store.h): s3get.c, s3list.c. */
struct store_reader *s3_get(struct store *s, const struct store_get_cfg *cfg,
    uint64_t *size, struct err *e);
struct store_lister *s3_list(struct store *s,
    const struct store_list_cfg *cfg, struct err *e);
/* Only if this is still the object's tag (s3get.c), unless it is a weak one;
 * does the answer have another one all the same; and it is not. */
void s3_if_match(struct s3_call *c, const char *tag);
bool s3_is_other(const struct http_req *req, const char *tag);
void s3_gone(const struct s3 *s, const char *key, struct err *e);

#endif
