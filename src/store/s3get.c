/*
 * s3get -- reading one object.  Where the answer breaks off, it goes on from
 * there by Range, and only if the object is still the same (If-Match).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/num.h"
#include "store/s3call.h"

enum {
	FIRST_BYTES = 32 * 1024,
	MOVED_BYTES = 64 * 1024	/* that make up for a break */
};

struct s3_reader {
	struct store_reader base;
	struct s3 *s;
	char *name;
	char *etag;		/* NULL: nobody gave one */
	bool asked;		/* the caller gave it */
	bool known;		/* the size is, and whose bytes come */
	struct s3_call *call;
	uint64_t at, size;
	unsigned nbroken;	/* without MOVED_BYTES between them */
	uint64_t broken_at;
	size_t nfirst, first_at;
	uint8_t first[FIRST_BYTES];	/* came with the headers */
};

/* The size of the whole object; false if the answer is not what was asked
 * for.  *from: where its bytes begin. */
static bool
read_size(const struct http_req *req, uint64_t *from, uint64_t *size)
{
	const char *range = http_header(req, "content-range");
	const char *length = http_header(req, "content-length");
	const char *slash;
	struct err ignored;
	uint64_t last;

	*from = 0;
	if (req->status != 206)
		return (length != NULL && num_parse(length, 0, INT64_MAX,
		    "Content-Length", size, &ignored) == 0);
	return (range != NULL &&
	    sscanf(range, "bytes %" SCNu64 "-%" SCNu64 "/", from,
	    &last) == 2 && (slash = strchr(range, '/')) != NULL &&
	    num_parse(slash + 1, 0, INT64_MAX, "Content-Range", size,
	    &ignored) == 0);
}

/* Read and throw away n bytes: the server knows no Range. */
static int
skip(struct s3_reader *r, uint64_t n, struct err *e)
{
	ssize_t got;

	while (n > 0) {
		if (r->nfirst > 0) {
			got = (ssize_t)(r->nfirst < n ? r->nfirst : n);
			memmove(r->first, r->first + got,
			    r->nfirst - (size_t)got);
			r->nfirst -= (size_t)got;
			n -= (uint64_t)got;
			continue;
		}
		got = http_pull(r->s->http, &r->call->req, r->first,
		    FIRST_BYTES, e);
		if (got <= 0) {
			if (got == 0)
				err_set(e, ERR_NETWORK, "the answer was cut "
				    "short");
			return (-1);
		}
		r->nfirst = (size_t)got;
	}
	return (0);
}

void
s3_if_match(struct s3_call *c, const char *tag)
{
	char *quoted;

	/* HTTP has it that a weak one is never met: s3_is_other() looks. */
	if (strncmp(tag, "W/\"", 3) == 0)
		return;
	/* Some servers list it bare, but HTTP has it in quotes. */
	if (strchr(tag, '"') != NULL) {
		s3_call_header(c, "if-match", tag);
		return;
	}
	quoted = mem_printf("\"%s\"", tag);
	s3_call_header(c, "if-match", quoted);
	free(quoted);
}

/* A tag without what some servers put around it. */
static const char *
bare(const char *tag, size_t *n)
{
	if (strncmp(tag, "W/", 2) == 0)
		tag += 2;
	tag += *tag == '"';
	*n = strcspn(tag, "\"");
	return (tag);
}

bool
s3_is_other(const struct http_req *req, const char *tag)
{
	const char *etag = http_header(req, "etag");
	size_t n, m;

	if (etag == NULL || tag == NULL || *tag == '\0')
		return (false);
	etag = bare(etag, &n);
	tag = bare(tag, &m);
	return (n != m || memcmp(etag, tag, n) != 0);
}

void
s3_gone(const struct s3 *s, const char *key, struct err *e)
{
	err_set(e, ERR_GONE, "s3://%s/%s is another object than it was when "
	    "it was listed", s->site.bucket, key);
}

/* The condition is not met: the object is another now. */
static void
changed(const struct s3_reader *r, const char *key, struct err *e)
{
	if (r->asked)
		s3_gone(r->s, key, e);
	else
		err_set(e, ERR_IO, "s3://%s/%s was replaced while it was read",
		    r->s->site.bucket, key);
}

/* The object has no byte at r->at: how large is it? */
static int
at_end(struct s3_reader *r, struct err *e)
{
	struct s3_call *c = s3_call_new(r->s, STORE_REQ_HEAD, "HEAD",
	    r->name);
	uint64_t from;
	int ret;

	if (r->etag != NULL)
		s3_if_match(c, r->etag);
	if ((ret = s3_call_run(r->s, c, e)) == -1 && c->fault.status == 412)
		changed(r, c->key, e);
	if (ret == 0 && !read_size(&c->req, &from, &r->size)) {
		err_set(e, ERR_NETWORK, "s3://%s/%s: the server does not say "
		    "how large it is", r->s->site.bucket, c->key);
		ret = -1;
	}
	s3_call_free(r->s, c);
	return (ret);
}

/* Ask for the object from r->at on. */
static int
ask(struct s3_reader *r, struct err *e)
{
	struct s3_call *c;
	const char *etag;
	uint64_t from, size;
	char range[48];

	s3_call_free(r->s, r->call);
	c = r->call = s3_call_new(r->s, STORE_REQ_GET, "GET", r->name);
	r->nfirst = r->first_at = 0;
	if (r->at > 0) {
		(void)snprintf(range, sizeof(range), "bytes=%" PRIu64 "-",
		    r->at);
		s3_call_header(c, "range", range);
	}
	if (r->etag != NULL)
		s3_if_match(c, r->etag);
	if (s3_call_pull(r->s, c, r->first, FIRST_BYTES, &r->nfirst,
	    e) == -1) {
		if (c->fault.status == 416 && !r->known)
			return (at_end(r, e));
		if (c->fault.status == 412)
			changed(r, c->key, e);
		return (-1);
	}
	/* A server may not know If-Match. */
	if (s3_is_other(&c->req, r->etag)) {
		changed(r, c->key, e);
		return (-1);
	}
	if (!read_size(&c->req, &from, &size) || from > r->at ||
	    (r->known && size != r->size)) {
		err_set(e, ERR_NETWORK, "s3://%s/%s: the answer is not the "
		    "part that was asked for", r->s->site.bucket, c->key);
		return (-1);
	}
	r->size = size;
	r->known = true;
	etag = http_header(&c->req, "etag");
	if (r->etag == NULL && etag != NULL)
		r->base.tag = r->etag = mem_strdup(etag);
	return (skip(r, r->at - from, e));
}

/* The answer broke off for *e: ask for the rest. */
static int
resume(struct s3_reader *r, struct err *e)
{
	int64_t due;

	if (r->at - r->broken_at >= MOVED_BYTES)
		r->nbroken = 0;
	r->broken_at = r->at;
	if (r->etag == NULL || ++r->nbroken >= RETRY_TRIES) {
		err_prefix(e, "s3://%s/%s%s", r->s->site.bucket,
		    r->s->prefix, r->name);
		return (-1);
	}
	r->s->nrequests[STORE_REQ_AGAIN]++;
	due = clock_mono_ms() + retry_delay_ms(r->nbroken, arc4random(), 0);
	while (due > clock_mono_ms())
		s3_move(r->s, -1, (int)(due - clock_mono_ms()) + 1);
	return (ask(r, e));
}

static ssize_t
read_some(struct store_reader *base, void *p, size_t n, struct err *e)
{
	struct s3_reader *r = (struct s3_reader *)base;
	ssize_t got;

	if (n == 0)
		return (0);
	while (r->at < r->size) {
		if (r->nfirst > r->first_at) {
			if (n > r->nfirst - r->first_at)
				n = r->nfirst - r->first_at;
			memcpy(p, r->first + r->first_at, n);
			r->first_at += n;
			got = (ssize_t)n;
		} else
			got = http_pull(r->s->http, &r->call->req, p, n, e);
		if (got > 0) {
			r->at += (uint64_t)got;
			return (got);
		}
		if (got == 0)
			err_set(e, ERR_NETWORK, "the answer was cut short");
		if (resume(r, e) == -1)
			return (-1);
	}
	return (0);
}

static void
release(struct store_reader *base)
{
	struct s3_reader *r = (struct s3_reader *)base;

	s3_call_free(r->s, r->call);
	free(r->etag);
	free(r->name);
	free(r);
}

struct store_reader *
s3_get(struct store *base, const struct store_get_cfg *cfg, uint64_t *size,
    struct err *e)
{
	struct s3_reader *r = mem_zero(sizeof(*r));

	r->base.read = read_some;
	r->base.free = release;
	r->s = s3_of(base);
	r->name = mem_strdup(cfg->name);
	r->at = r->broken_at = cfg->off;
	if (cfg->if_match != NULL && cfg->if_match[0] != '\0') {
		r->base.tag = r->etag = mem_strdup(cfg->if_match);
		r->asked = true;
	}
	if (ask(r, e) == -1) {
		release(&r->base);
		return (NULL);
	}
	if (size != NULL)
		*size = r->size;
	return (&r->base);
}
