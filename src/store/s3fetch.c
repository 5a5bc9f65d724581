/*
 * s3fetch -- a whole object into memory with one GET, as an operation.
 */
#include <string.h>

#include "store/s3call.h"

static void
fetched(struct s3 *s, struct s3_call *c)
{
	struct store_op *op = c->owner;

	s->memory_bytes -= op->bytes;
	op->bytes = 0;
	if (c->ok && s3_is_other(&c->req, op->tag)) {
		c->ok = false;
		s3_gone(s, c->key, &c->err);
	}
	if (c->ok) {
		op->mem = c->req.answer;
		op->bytes = op->mem.len;
		memset(&c->req.answer, 0, sizeof(c->req.answer));
	} else if (c->fault.status == 412)
		s3_gone(s, c->key, &c->err);
	store_done(&s->base, op, c->ok ? NULL : &c->err);
	s3_call_free(s, c);
}

static size_t
limit(const struct store_op *op)
{
	return (op->max_bytes == 0 || op->max_bytes > STORE_GET_BYTES ?
	    STORE_GET_BYTES : op->max_bytes);
}

size_t
s3_fetch_bytes(const struct store_op *op)
{
	size_t max = limit(op);

	/* One that is known to be too large will bring nothing. */
	return (op->bytes == 0 || op->bytes > max ? max : (size_t)op->bytes);
}

void
s3_fetch(struct s3 *s, struct store_op *op)
{
	struct s3_call *c = s3_call_new(s, STORE_REQ_GET, "GET", op->name);

	op->bytes = s3_fetch_bytes(op);
	s->memory_bytes += op->bytes;
	c->max_bytes = limit(op);
	c->done = fetched;
	c->owner = op;
	if (op->tag != NULL && op->tag[0] != '\0')
		s3_if_match(c, op->tag);
	s3_call_start(s, c);
}
