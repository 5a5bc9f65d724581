/*
 * s3multi -- storing a large object in parts:
 *
 *     list uploads	under the same database's key; those older than a day
 *			were left by somebody who died, and are aborted
 *     create		gives the upload its id
 *     put part		several at once
 *     complete		the object is there; or abort
 *
 * An upload carries a random word, so that after a lost answer to "complete"
 * the object that is found there can be told from an older one.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hook.h"
#include "base/mem.h"
#include "net/xml.h"
#include "store/s3call.h"
#include "store/s3page.h"

#define MIB		((uint64_t)1024 * 1024)
#define OBJECT_MAX	(5 * MIB * MIB)
#define NONCE_HEADER	"x-amz-meta-litefleet-upload"

enum {
	PARALLEL = 8,
	STALE_MS = 24 * 60 * 60 * 1000,
	LISTED_MAX = 100,		/* of an answer; more come next time */
	LISTED_MAX_BYTES = 1024 * 1024
};

struct s3_multi {
	LIST_ENTRY(s3_multi) entry;
	struct store_op *op;	/* NULL: handed back */
	char *name;
	char *id;		/* NULL: none yet */
	char nonce[17];
	uint64_t bytes, part_bytes;
	unsigned nparts, next, nflying, ndone;
	char **etags;
	bool failed;
	struct err err;
};

uint64_t
s3_part_bytes(uint64_t bytes, uint64_t wish)
{
	uint64_t part = wish > 0 ? wish : S3_PART_BYTES;
	uint64_t least = (bytes + S3_PARTS - 1) / S3_PARTS;

	if (part < least)
		part = (least + MIB - 1) / MIB * MIB;
	return (part);
}

static void
forget(struct s3_multi *m)
{
	unsigned i;

	LIST_REMOVE(m, entry);
	for (i = 0; m->etags != NULL && i < m->nparts; i++)
		free(m->etags[i]);
	free(m->etags);
	free(m->name);
	free(m->id);
	free(m);
}

static struct s3_call *
call(struct s3 *s, struct s3_multi *m, enum store_request kind,
    const char *method, s3_done *done)
{
	struct s3_call *c = s3_call_new(s, kind, method, m->name);

	c->done = done;
	c->owner = m;
	return (c);
}

static void
aborted(struct s3 *s, struct s3_call *c)
{
	/* One that could not be sent may go when the store is closed. */
	if (!c->dead && !s->abandoning)
		forget(c->owner);
	s3_call_free(s, c);
}

static void
abort_upload(struct s3 *s, struct s3_multi *m)
{
	struct s3_call *c = call(s, m, STORE_REQ_REMOVE, "DELETE", aborted);

	s3_call_query(c, "uploadId", m->id);
	s3_call_start(s, c);
}

void
s3_multi_abort_all(struct s3 *s)
{
	struct s3_multi *m;

	for (m = LIST_FIRST(&s->multis); m != NULL; m = LIST_NEXT(m, entry))
		abort_upload(s, m);
}

void
s3_multi_forget_all(struct s3 *s)
{
	struct s3_multi *m;

	while ((m = LIST_FIRST(&s->multis)) != NULL)
		forget(m);
}

/* The operation goes back, and what is left of a failed upload away. */
static void
end(struct s3 *s, struct s3_multi *m, const struct err *e)
{
	s3_op_done(s, m->op, e);
	m->op = NULL;
	if (e != NULL && m->id != NULL)
		abort_upload(s, m);
	else
		forget(m);
}

static void
looked(struct s3 *s, struct s3_call *c)
{
	struct s3_multi *m = c->owner;
	const char *nonce = http_header(&c->req, NONCE_HEADER);

	if (c->ok && nonce != NULL && strcmp(nonce, m->nonce) == 0)
		end(s, m, NULL);
	else
		end(s, m, &m->err);
	s3_call_free(s, c);
}

/* Nobody said that it is there, nor that it is not: look. */
static void
look(struct s3 *s, struct s3_multi *m)
{
	s3_call_start(s, call(s, m, STORE_REQ_HEAD, "HEAD", looked));
}

/* Does the answer to "complete" say that it is? */
static bool
says_so(const struct s3_call *c)
{
	const char *text = buf_str(&c->req.answer);
	size_t blanks = strspn(text, " \t\r\n");
	struct err ignored;
	struct xml *x = xml_parse(text + blanks, c->req.answer.len - blanks,
	    &ignored);
	bool ret = x != NULL && xml_text(x, "CompleteMultipartUploadResult") !=
	    NULL;

	xml_free(x);
	return (ret);
}

static void
completed(struct s3 *s, struct s3_call *c)
{
	struct s3_multi *m = c->owner;

	if (c->ok && says_so(c))
		end(s, m, NULL);
	else if (c->ok) {
		/* 200 and another's page, or nothing. */
		err_set(&m->err, ERR_NETWORK, "s3://%s/%s: the server does not "
		    "say that it has put the parts together", s->site.bucket,
		    c->key);
		look(s, m);
	} else if (c->unsure && strcmp(c->fault.code, "NoSuchUpload") == 0) {
		/* The lost answer to an earlier try may have been a yes. */
		m->err = c->err;
		m->err.cls = ERR_NETWORK;
		look(s, m);
	} else
		end(s, m, &c->err);
	free((void *)c->body);
	s3_call_free(s, c);
}

static void
complete(struct s3 *s, struct s3_multi *m)
{
	struct s3_call *c = call(s, m, STORE_REQ_PART, "POST", completed);
	struct buf b = { 0 };
	unsigned i;

	buf_puts(&b, "<CompleteMultipartUpload xmlns=\""
	    "http://s3.amazonaws.com/doc/2006-03-01/\">");
	for (i = 0; i < m->nparts; i++) {
		buf_printf(&b, "<Part><PartNumber>%u</PartNumber><ETag>",
		    i + 1);
		s3_xml_put(&b, m->etags[i]);
		buf_puts(&b, "</ETag></Part>");
	}
	buf_puts(&b, "</CompleteMultipartUpload>");
	c->body_bytes = b.len;
	c->body = buf_take(&b);
	/* It begins with 200 and blanks, and ends as it may. */
	c->in_body = true;
	s3_call_query(c, "uploadId", m->id);
	s3_call_header(c, "content-type", "application/xml");
	s3_call_start(s, c);
}

static void pump(struct s3 *s, struct s3_multi *m);

static void
stored(struct s3 *s, struct s3_call *c)
{
	struct s3_multi *m = c->owner;
	const char *etag = c->ok ? http_header(&c->req, "etag") : NULL;
	unsigned i = (unsigned)(c->body_off / m->part_bytes);

	m->nflying--;
	if (etag != NULL) {
		m->etags[i] = mem_strdup(etag);
		m->ndone++;
		HOOK("store-part", m->name);
	} else if (!m->failed) {
		m->failed = true;
		if (c->ok)
			err_set(&m->err, ERR_NETWORK, "s3://%s/%s: the server "
			    "stored a part without an ETag", s->site.bucket,
			    c->key);
		else
			m->err = c->err;
	}
	s3_call_free(s, c);
	pump(s, m);
}

static void
put_part(struct s3 *s, struct s3_multi *m)
{
	struct s3_call *c = call(s, m, STORE_REQ_PART, "PUT", stored);
	char number[16];

	c->body_off = (uint64_t)m->next * m->part_bytes;
	c->body_bytes = m->bytes - c->body_off;
	if (c->body_bytes > m->part_bytes)
		c->body_bytes = m->part_bytes;
	c->fd = m->op->fd;
	if (c->fd == -1)
		c->body = m->op->mem.data + c->body_off;
	c->md5 = s->url.require_content_md5;
	(void)snprintf(number, sizeof(number), "%u", ++m->next);
	s3_call_query(c, "partNumber", number);
	s3_call_query(c, "uploadId", m->id);
	m->nflying++;
	s3_call_start(s, c);
}

/* Go on with an upload: more parts, or its end. */
static void
pump(struct s3 *s, struct s3_multi *m)
{
	unsigned most = s->concurrent < PARALLEL ? s->concurrent : PARALLEL;

	while (!m->failed && m->next < m->nparts && m->nflying < most)
		put_part(s, m);
	if (m->nflying > 0)
		return;
	if (m->failed)
		end(s, m, &m->err);
	else
		complete(s, m);
}

static void
created(struct s3 *s, struct s3_call *c)
{
	struct s3_multi *m = c->owner;
	const char *id = NULL;
	struct xml *x = NULL;
	struct err e = c->err;

	if (c->ok && (x = xml_parse(c->req.answer.data, c->req.answer.len,
	    &e)) != NULL && (id = xml_text(x,
	    "InitiateMultipartUploadResult/UploadId")) != NULL &&
	    id[0] == '\0')
		id = NULL;
	if (x != NULL && id == NULL)
		err_set(&e, ERR_NETWORK, "s3://%s/%s: the server began an "
		    "upload without an id", s->site.bucket, c->key);
	if (id == NULL)
		end(s, m, &e);
	else {
		m->id = mem_strdup(id);
		HOOK("store-upload", m->name);
		pump(s, m);
	}
	xml_free(x);
	s3_call_free(s, c);
}

static void
create(struct s3 *s, struct s3_multi *m)
{
	struct s3_call *c = call(s, m, STORE_REQ_PART, "POST", created);

	s3_call_query(c, "uploads", "");
	s3_put_headers(s, c);
	s3_call_header(c, NONCE_HEADER, m->nonce);
	s3_call_start(s, c);
}

static void
swept(struct s3 *s, struct s3_call *c)
{
	s3_call_free(s, c);
}

/* The directory of the object, as keys have it; the caller frees. */
static char *
dir_of(const struct s3 *s, const struct s3_multi *m)
{
	const char *slash = strrchr(m->name, '/');

	return (mem_printf("%s%.*s", s->prefix, slash == NULL ? 0 :
	    (int)(slash - m->name) + 1, m->name));
}

/* Is it one in this directory, begun so long ago that nobody is at it? */
static bool
is_left_over(const struct s3_upload *u, const char *dir, int64_t before)
{
	size_t n = strlen(dir);

	return (u->ms < before && strncmp(u->key, dir, n) == 0 &&
	    u->key[n] != '\0' && strchr(u->key + n, '/') == NULL);
}

/* Abort one upload of somebody who died; whether it works is not our
 * business. */
static void
sweep_one(struct s3 *s, const struct s3_upload *u)
{
	struct s3_call *c = s3_call_new(s, STORE_REQ_REMOVE, "DELETE",
	    u->key + strlen(s->prefix));

	c->once = true;
	c->done = swept;
	s3_call_query(c, "uploadId", u->id);
	s3_call_start(s, c);
}

static void
listed(struct s3 *s, struct s3_call *c)
{
	struct s3_multi *m = c->owner;
	struct s3_uploads all = { 0 };
	int64_t before = clock_real_ms() + s->clock_off_ms - STALE_MS;
	char *dir = dir_of(s, m);
	struct err ignored;
	size_t i;

	if (c->ok && s3_uploads_parse(c->req.answer.data, c->req.answer.len,
	    &all, &ignored) == 0)
		for (i = 0; i < all.n && i < LISTED_MAX; i++)
			if (is_left_over(&all.v[i], dir, before))
				sweep_one(s, &all.v[i]);
	s3_uploads_fini(&all);
	free(dir);
	if (s->abandoning)
		end(s, m, &c->err);
	else
		create(s, m);
	s3_call_free(s, c);
}

static void
sweep(struct s3 *s, struct s3_multi *m)
{
	struct s3_call *c = s3_call_new(s, STORE_REQ_LIST, "GET", NULL);
	char *dir = dir_of(s, m);

	c->done = listed;
	c->owner = m;
	c->once = true;
	c->max_bytes = LISTED_MAX_BYTES;
	s3_call_query(c, "uploads", "");
	s3_call_query(c, "encoding-type", "url");
	s3_call_query(c, "max-uploads", "100");
	s3_call_query(c, "prefix", dir);
	free(dir);
	s3_call_start(s, c);
}

void
s3_multi(struct s3 *s, struct store_op *op)
{
	struct s3_multi *m;
	struct err e;

	if (op->bytes > OBJECT_MAX) {
		err_set(&e, ERR_LIMIT, "s3://%s/%s%s: larger than 5 TiB",
		    s->site.bucket, s->prefix, op->name);
		s3_op_done(s, op, &e);
		return;
	}
	m = mem_zero(sizeof(*m));
	LIST_INSERT_HEAD(&s->multis, m, entry);
	m->op = op;
	m->name = mem_strdup(op->name);
	m->bytes = op->bytes;
	m->part_bytes = s3_part_bytes(op->bytes, s->url.part_bytes);
	m->nparts = (unsigned)((m->bytes + m->part_bytes - 1) /
	    m->part_bytes);
	m->etags = mem_zero(m->nparts * sizeof(*m->etags));
	(void)snprintf(m->nonce, sizeof(m->nonce), "%08" PRIx32 "%08" PRIx32,
	    arc4random(), arc4random());
	sweep(s, m);
}
