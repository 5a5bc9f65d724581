#include "store/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "store/backend.h"
#include "store/dir.h"
#include "store/s3.h"

struct store *
store_open(const struct store_cfg *cfg, struct err *e)
{
	return (cfg->url->kind == STORE_S3 ? s3_open(cfg, e) :
	    dir_open(cfg, e));
}

void
store_close(struct store *s)
{
	if (s != NULL)
		s->be->close(s);
}

void
store_init(struct store *s, const struct store_backend *be, const char *name)
{
	s->be = be;
	s->name = mem_strdup(name);
	TAILQ_INIT(&s->done);
	TAILQ_INIT(&s->doomed);
}

static void
free_ops(struct store_queue *q)
{
	struct store_op *op;

	while ((op = TAILQ_FIRST(q)) != NULL) {
		TAILQ_REMOVE(q, op, entry);
		store_op_free(op);
	}
}

void
store_fini(struct store *s)
{
	free_ops(&s->done);
	free_ops(&s->doomed);
	free(s->name);
}

const char *
store_name(const struct store *s)
{
	return (s->name);
}

bool
store_has_components(const struct store *s)
{
	return (s->be->components);
}

struct store_op *
store_op_new(enum store_verb verb, char *name)
{
	struct store_op *op = mem_zero(sizeof(*op));

	op->verb = verb;
	op->name = name;
	op->fd = -1;
	return (op);
}

void
store_op_unload(struct store_op *op)
{
	buf_fini(&op->mem);
	io_close(&op->fd);
}

void
store_op_free(struct store_op *op)
{
	if (op == NULL)
		return;
	store_op_unload(op);
	free(op->tag);
	free(op->name);
	free(op->err);
	free(op);
}

static struct err *
copy(const struct err *e)
{
	struct err *c = mem_zero(sizeof(*c));

	c->cls = e->cls;
	memcpy(c->msg, e->msg, strlen(e->msg) + 1);
	return (c);
}

void
store_done(struct store *s, struct store_op *op, const struct err *e)
{
	if (op->verb != STORE_GET || e != NULL)
		store_op_unload(op);
	if (e != NULL)
		op->err = copy(e);
	TAILQ_INSERT_TAIL(&s->done, op, entry);
}

void
store_doom(struct store *s, struct store_queue *ops, const struct err *e)
{
	struct store_op *op;

	/* Those of an earlier reason get it before it is forgotten. */
	while ((op = TAILQ_FIRST(&s->doomed)) != NULL) {
		TAILQ_REMOVE(&s->doomed, op, entry);
		store_done(s, op, &s->doom);
	}
	TAILQ_CONCAT(&s->doomed, ops, entry);
	s->doom = *e;
}

/*
 * Would a file system take this name, and below the store's root?  Keys are
 * made so; this guards against a caller's mistake.
 */
static bool
proper(const char *name)
{
	size_t n;

	for (;;) {
		n = strcspn(name, "/");
		if (n == 0 || (n == 1 && name[0] == '.') ||
		    (n == 2 && name[0] == '.' && name[1] == '.'))
			return (false);
		if (name[n] == '\0')
			return (true);
		name += n + 1;
	}
}

void
store_submit(struct store *s, struct store_op *op)
{
	struct err e;

	s->inflight++;
	if (!proper(op->name)) {
		err_set(&e, ERR_BUG, "store %s: \"%s\" cannot name an object",
		    s->name, op->name);
		store_done(s, op, &e);
		return;
	}
	s->be->submit(s, op);
}

bool
store_is_full(const struct store *s)
{
	return (s->be->is_full != NULL && s->be->is_full(s));
}

struct store_op *
store_next(struct store *s)
{
	struct store_op *op;

	if ((op = TAILQ_FIRST(&s->done)) != NULL)
		TAILQ_REMOVE(&s->done, op, entry);
	else if ((op = TAILQ_FIRST(&s->doomed)) != NULL) {
		TAILQ_REMOVE(&s->doomed, op, entry);
		op->err = copy(&s->doom);
	} else
		return (NULL);
	s->inflight--;
	return (op);
}

void
store_wait(struct store *s, int fd, int timeout_ms)
{
	if (TAILQ_EMPTY(&s->done) && TAILQ_EMPTY(&s->doomed))
		s->be->wait(s, fd, timeout_ms);
}

size_t
store_inflight(const struct store *s)
{
	return (s->inflight);
}

void
store_flush(struct store *s, int64_t timeout_ms)
{
	s->be->flush(s, timeout_ms);
}

int
store_spool(struct store *s, struct err *e)
{
	return (s->be->spool(s, e));
}

struct store_reader *
store_get(struct store *s, const struct store_get_cfg *cfg, uint64_t *size,
    struct err *e)
{
	if (!proper(cfg->name)) {
		err_set(e, ERR_NOTFOUND, "store %s: \"%s\" cannot name an "
		    "object", s->name, cfg->name);
		return (NULL);
	}
	return (s->be->get(s, cfg, size, e));
}

const char *
store_reader_tag(const struct store_reader *r)
{
	return (r->tag == NULL ? "" : r->tag);
}

ssize_t
store_read(struct store_reader *r, void *p, size_t n, struct err *e)
{
	return (r->read(r, p, n, e));
}

void
store_reader_free(struct store_reader *r)
{
	if (r != NULL)
		r->free(r);
}

int
store_get_all(struct store *s, const char *name, size_t max, struct buf *b,
    struct err *e)
{
	enum { STEP = 32 * 1024 };
	struct store_get_cfg cfg = { .name = name };
	struct store_reader *r;
	size_t start = b->len;
	uint64_t size;
	ssize_t n;
	int ret = -1;

	if ((r = store_get(s, &cfg, &size, e)) == NULL)
		return (-1);
	for (;;) {
		if (size > max || b->len - start > max) {
			err_set(e, ERR_LIMIT, "store %s: object %s is larger "
			    "than %zu bytes", s->name, name, max);
			goto out;
		}
		if ((n = store_read(r, buf_room(b, STEP), STEP, e)) == -1)
			goto out;
		if (n == 0)
			break;
		b->len += (size_t)n;
	}
	*(uint8_t *)buf_room(b, 1) = '\0';
	ret = 0;
out:
	store_reader_free(r);
	return (ret);
}

/* Take one operation out of a queue of finished ones, if it is there. */
static bool
pick(struct store_queue *q, struct store_op *op)
{
	struct store_op *o;

	TAILQ_FOREACH(o, q, entry)
		if (o == op) {
			TAILQ_REMOVE(q, op, entry);
			return (true);
		}
	return (false);
}

int
store_put_now(struct store *s, const char *name, const void *p, size_t n,
    struct err *e)
{
	struct store_op *op = store_op_new(STORE_PUT, mem_strdup(name));
	const struct err *why = NULL;
	int ret = -1;

	op->only_new = true;
	buf_put(&op->mem, p, n);
	store_submit(s, op);
	store_flush(s, -1);
	if (pick(&s->done, op))
		why = op->err;
	else if (pick(&s->doomed, op))
		why = &s->doom;
	else {
		/* It is still with the backend, which frees it. */
		err_set(e, ERR_BUG, "store %s: object %s never finished",
		    s->name, name);
		return (-1);
	}
	s->inflight--;
	if (why != NULL)
		*e = *why;
	else
		ret = 0;
	store_op_free(op);
	return (ret);
}

struct store_lister *
store_list(struct store *s, const struct store_list_cfg *cfg, struct err *e)
{
	return (s->be->list(s, cfg, e));
}

int
store_list_next(struct store_lister *l, struct store_entry *out,
    struct err *e)
{
	return (l->next(l, out, e));
}

void
store_lister_free(struct store_lister *l)
{
	if (l != NULL)
		l->free(l);
}

bool
store_list_ready(struct store_lister *l)
{
	return (l->ready == NULL || l->ready(l));
}

void
store_list_wait(struct store_lister *const *v, size_t n)
{
	if (n > 0 && v[0]->wait != NULL)
		v[0]->wait(v, n);
}

bool
store_list_goes_on(const struct store_lister *l)
{
	return (l->goes_on != NULL && l->goes_on(l));
}

bool
store_is_down(const struct store *s, struct err *e)
{
	return (s->be->is_down != NULL && s->be->is_down(s, e));
}

bool
store_clock(const struct store *s, int64_t *off_ms)
{
	return (s->be->clock != NULL && s->be->clock(s, off_ms));
}

uint64_t
store_requests(const struct store *s, enum store_request kind)
{
	return (s->be->requests == NULL ? 0 : s->be->requests(s, kind));
}

const char *
store_request_name(enum store_request kind)
{
	static const char *const names[STORE_NREQUEST] = {
		[STORE_REQ_GET] = "get",
		[STORE_REQ_HEAD] = "head",
		[STORE_REQ_LIST] = "list",
		[STORE_REQ_PUT] = "put",
		[STORE_REQ_PART] = "part",
		[STORE_REQ_REMOVE] = "remove",
		[STORE_REQ_AGAIN] = "again",
	};

	return (kind < STORE_NREQUEST ? names[kind] : "");
}
