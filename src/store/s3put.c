/*
 * s3put -- storing an object with one PUT.
 */
#include <string.h>

#include "base/hook.h"
#include "store/s3call.h"

void
s3_put_headers(const struct s3 *s, struct s3_call *c)
{
	const struct store_url_s3 *u = &s->url;

	s3_call_header(c, "content-type", "application/octet-stream");
	if (u->storage_class != NULL)
		s3_call_header(c, "x-amz-storage-class", u->storage_class);
	if (u->sse != NULL)
		s3_call_header(c, "x-amz-server-side-encryption", u->sse);
	if (u->sse_kms_key_id != NULL)
		s3_call_header(c,
		    "x-amz-server-side-encryption-aws-kms-key-id",
		    u->sse_kms_key_id);
	if (u->acl != NULL)
		s3_call_header(c, "x-amz-acl", u->acl);
}

static void start(struct s3 *s, struct store_op *op, bool conditional);

void
s3_op_done(struct s3 *s, struct store_op *op, const struct err *e)
{
	s->memory_bytes -= op->mem.len;
	if (e == NULL)
		HOOK("store-stored", op->name);
	store_done(&s->base, op, e);
}

/* The server knows no condition: it was asked whether there is one. */
static void
asked(struct s3 *s, struct s3_call *c)
{
	struct store_op *op = c->owner;
	struct err e;

	if (c->ok) {
		err_set(&e, ERR_EXISTS, "s3://%s/%s: there is such an object",
		    s->site.bucket, c->key);
		s3_op_done(s, op, &e);
	} else if (c->fault.status == 404)
		start(s, op, false);
	else
		s3_op_done(s, op, &c->err);
	s3_call_free(s, c);
}

static void
ask(struct s3 *s, struct store_op *op)
{
	struct s3_call *c = s3_call_new(s, STORE_REQ_HEAD, "HEAD", op->name);

	c->done = asked;
	c->owner = op;
	s3_call_start(s, c);
}

static void
stored(struct s3 *s, struct s3_call *c)
{
	struct store_op *op = c->owner;

	if (!c->ok && op->only_new && (c->fault.status == 501 ||
	    strcmp(c->fault.code, "NotImplemented") == 0)) {
		s->no_if_none_match = true;
		ask(s, op);
	} else
		s3_op_done(s, op, c->ok ? NULL : &c->err);
	s3_call_free(s, c);
}

static void
start(struct s3 *s, struct store_op *op, bool conditional)
{
	struct s3_call *c = s3_call_new(s, STORE_REQ_PUT, "PUT", op->name);

	c->body = op->mem.data;
	c->fd = op->fd;
	c->body_bytes = op->bytes;
	c->md5 = s->url.require_content_md5;
	c->done = stored;
	c->owner = op;
	s3_put_headers(s, c);
	if (conditional)
		s3_call_header(c, "if-none-match", "*");
	s3_call_start(s, c);
}

void
s3_put(struct s3 *s, struct store_op *op)
{
	HOOK("store-put", op->name);
	if (op->only_new && s->no_if_none_match)
		ask(s, op);
	else
		start(s, op, op->only_new);
}
