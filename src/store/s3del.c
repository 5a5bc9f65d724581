/*
 * s3del -- removing objects: a thousand in one DeleteObjects, or one by one
 * where the server has no such thing or XML cannot hold the key.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hook.h"
#include "base/mem.h"
#include "net/xml.h"
#include "store/s3call.h"
#include "store/s3page.h"

struct bundle {
	struct store_queue ops;
	struct buf body;
};

static void
removed(struct s3 *s, struct s3_call *c)
{
	bool gone = c->ok || (c->fault.status == 404 &&
	    strcmp(c->fault.code, "NoSuchBucket") != 0);

	store_done(&s->base, c->owner, gone ? NULL : &c->err);
	s3_call_free(s, c);
}

static void
remove_one(struct s3 *s, struct store_op *op)
{
	struct s3_call *c = s3_call_new(s, STORE_REQ_REMOVE, "DELETE",
	    op->name);

	c->done = removed;
	c->owner = op;
	s3_call_start(s, c);
}

static struct store_op *
find(struct bundle *b, const struct s3 *s, const char *key)
{
	size_t n = strlen(s->prefix);
	struct store_op *op;

	if (strncmp(key, s->prefix, n) == 0)
		TAILQ_FOREACH(op, &b->ops, entry)
			if (strcmp(op->name, key + n) == 0)
				return (op);
	return (NULL);
}

/* One that the server did not remove: it is tried alone if that may help.
 * False: it is none of these. */
static bool
spare(struct s3 *s, struct bundle *b, const char *key, struct s3_fault *f)
{
	struct retry_facts facts = { .status = f->status, .code = f->code };
	struct store_op *op;
	struct err e;

	if (strcmp(f->code, "NoSuchKey") == 0)
		return (true);
	if (key == NULL || (op = find(b, s, key)) == NULL)
		return (false);
	TAILQ_REMOVE(&b->ops, op, entry);
	if (retry_judge(&facts) == RETRY_AGAIN) {
		remove_one(s, op);
		return (true);
	}
	s3_fault_err(f, &s->site, key, &e);
	store_done(&s->base, op, &e);
	return (true);
}

/* Each alone, so that each has an answer of its own. */
static void
remove_each(struct s3 *s, struct bundle *b)
{
	struct store_op *op;

	while ((op = TAILQ_FIRST(&b->ops)) != NULL) {
		TAILQ_REMOVE(&b->ops, op, entry);
		remove_one(s, op);
	}
}

/* Take what failed out of the bundle: all, if it is not said which. */
static int
read_result(struct s3 *s, struct bundle *b, struct s3_call *c, struct err *e)
{
	static const char top[] = "DeleteResult/Error";
	const struct xml_item *it;
	const char *what, *key = NULL;
	struct s3_fault f = { .status = 200 };
	bool all = true;
	struct xml *x;
	size_t i;

	if ((x = xml_parse(c->req.answer.data, c->req.answer.len, e)) == NULL)
		return (-1);
	it = xml_item(x, xml_nitems(x) - 1);
	if (strcmp(it->path, "DeleteResult") != 0) {
		err_set(e, ERR_NETWORK, "the answer does not say what was "
		    "removed");
		xml_free(x);
		return (-1);
	}
	for (i = 0; i < xml_nitems(x); i++) {
		it = xml_item(x, i);
		if (strncmp(it->path, top, sizeof(top) - 1) != 0)
			continue;
		what = it->path + sizeof(top) - 1;
		if (it->end && *what == '\0') {
			all = spare(s, b, key, &f) && all;
			memset(&f, 0, sizeof(f));
			f.status = 200;
			key = NULL;
		} else if (strcmp(what, "/Key") == 0)
			key = it->text;
		else if (strcmp(what, "/Code") == 0)
			s3_fault_text(f.code, sizeof(f.code), it->text);
		else if (strcmp(what, "/Message") == 0)
			s3_fault_text(f.message, sizeof(f.message), it->text);
	}
	xml_free(x);
	if (!all)
		remove_each(s, b);
	return (0);
}

static bool
unknown(const struct s3_fault *f)
{
	return (f->status == 501 || f->status == 405 ||
	    strcmp(f->code, "NotImplemented") == 0);
}

static void
bundle_removed(struct s3 *s, struct s3_call *c)
{
	struct bundle *b = c->owner;
	struct store_op *op;
	struct err e;

	HOOK("store-removed", s->base.name);
	if (!c->ok && unknown(&c->fault)) {
		s->no_multi_delete = true;
		remove_each(s, b);
	} else if (!c->ok)
		store_doom(&s->base, &b->ops, &c->err);
	else if (read_result(s, b, c, &e) == -1) {
		err_prefix(&e, "store %s: remove objects", s->base.name);
		store_doom(&s->base, &b->ops, &e);
	}
	while ((op = TAILQ_FIRST(&b->ops)) != NULL) {
		TAILQ_REMOVE(&b->ops, op, entry);
		store_done(&s->base, op, NULL);
	}
	buf_fini(&b->body);
	free(b);
	s3_call_free(s, c);
}

static void
send(struct s3 *s, struct bundle *b)
{
	struct s3_call *c = s3_call_new(s, STORE_REQ_REMOVE, "POST", NULL);

	buf_puts(&b->body, "<Quiet>true</Quiet></Delete>");
	c->body = b->body.data;
	c->body_bytes = b->body.len;
	c->md5 = true;
	c->in_body = true;
	c->done = bundle_removed;
	c->owner = b;
	s3_call_query(c, "delete", "");
	s3_call_header(c, "content-type", "application/xml");
	s3_call_start(s, c);
}

void
s3_remove(struct s3 *s, struct store_op *op)
{
	if (s->no_multi_delete || !s3_xml_can(op->name) ||
	    !s3_xml_can(s->prefix)) {
		remove_one(s, op);
		return;
	}
	TAILQ_INSERT_TAIL(&s->removals, op, entry);
	if (++s->nremovals == S3_DELETE_KEYS)
		s3_remove_all(s);
}

void
s3_remove_all(struct s3 *s)
{
	struct store_op *op = TAILQ_FIRST(&s->removals);
	struct bundle *b;

	if (op == NULL)
		return;
	if (s->nremovals == 1) {
		TAILQ_REMOVE(&s->removals, op, entry);
		remove_one(s, op);
	} else {
		b = mem_zero(sizeof(*b));
		TAILQ_INIT(&b->ops);
		buf_puts(&b->body, "<Delete xmlns=\""
		    "http://s3.amazonaws.com/doc/2006-03-01/\">");
		TAILQ_FOREACH(op, &s->removals, entry) {
			buf_puts(&b->body, "<Object><Key>");
			s3_xml_put(&b->body, s->prefix);
			s3_xml_put(&b->body, op->name);
			buf_puts(&b->body, "</Key></Object>");
		}
		TAILQ_CONCAT(&b->ops, &s->removals, entry);
		send(s, b);
	}
	s->nremovals = 0;
}
