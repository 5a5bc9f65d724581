#include "cmd/bulkfeed.h"

#include <poll.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "cmd/reach.h"
#include "proc/pool.h"

enum {
	HEAD_BYTES = 9,		/* type and one number */
	PROBE_BYTES = 25,
	FLUSH_MS = 50
};

/* In the lister. */
struct lister {
	const struct bulkplan *p;
	int64_t cutoff_ms;
	struct role_self *self;
	struct buf parcel;
	int64_t said_ms;
	unsigned nasked;
};

static void
flush(struct lister *l)
{
	struct buf msg = { 0 };

	if (l->parcel.len == 0)
		return;
	buf_putc(&msg, 'o');
	buf_put(&msg, l->parcel.data, l->parcel.len);
	role_say(l->self, msg.data, msg.len);
	buf_fini(&msg);
	buf_reset(&l->parcel);
	l->said_ms = clock_mono_ms();
}

static void
say_order(void *ctx, const struct order *o)
{
	struct lister *l = ctx;

	if (!order_put(&l->parcel, o)) {
		flush(l);
		(void)order_put(&l->parcel, o);
	}
}

/* A type, a number, and up to two strings, cut if need be. */
static void
say(struct lister *l, char type, uint64_t n, const char *s, const char *t)
{
	uint8_t head[HEAD_BYTES];
	struct buf msg = { 0 };

	flush(l);
	head[0] = (uint8_t)type;
	le64_put(head + 1, n);
	buf_put(&msg, head, sizeof(head));
	if (s != NULL)
		buf_put(&msg, s, strnlen(s, ORDER_NAME_MAX));
	buf_putc(&msg, '\0');
	if (t != NULL)
		buf_put(&msg, t, strnlen(t, ERR_MSG_BYTES));
	buf_putc(&msg, '\0');
	role_say(l->self, msg.data, msg.len);
	buf_fini(&msg);
}

static void
say_refused(void *ctx, const char *key, const struct err *why)
{
	say(ctx, 'r', why->cls, key, why->msg);
}

static void
say_young(void *ctx, const char *key, int64_t oldest_ms)
{
	say(ctx, 'y', (uint64_t)oldest_ms, key, NULL);
}

static void
say_elsewhere(void *ctx, bool young)
{
	say(ctx, 'e', young, NULL, NULL);
}

static void
say_foreign(void *ctx, uint64_t n)
{
	say(ctx, 'f', n, NULL, NULL);
}

static bool
stopping(void *ctx)
{
	struct lister *l = ctx;

	/* A slow listing shall keep the workers busy, too. */
	if (clock_mono_ms() - l->said_ms >= FLUSH_MS)
		flush(l);
	return (l->nasked++ % 256 == 0 && role_stopping(l->self));
}

static int
run_list(void *ctx, struct role_self *self, struct err *e)
{
	struct lister *l = ctx;
	struct bulklist_out out = { .order = say_order, .refused = say_refused,
	    .young = say_young, .elsewhere = say_elsewhere,
	    .foreign = say_foreign, .stopping = stopping, .ctx = l };
	int ret;

	l->self = self;
	ret = bulklist_run(l->p, l->cutoff_ms, &out, e);
	flush(l);
	buf_fini(&l->parcel);
	return (ret);
}

static int
run_probe(void *ctx, struct role_self *self, struct err *e)
{
	uint8_t msg[PROBE_BYTES] = { 'p' };
	struct hash128 id;
	size_t up;

	if (bulklist_probe(ctx, &up, &id, e) == -1)
		return (-1);
	le64_put(msg + 1, up);
	le64_put(msg + 9, id.hi);
	le64_put(msg + 17, id.lo);
	role_say(self, msg, sizeof(msg));
	return (0);
}

/* Start a role that reads the store. */
static struct role *
start(const struct bulkplan *p, struct role_cfg *cfg, struct err *e)
{
	struct sandbox *sandbox = reach_new();
	struct role *r;

	reach_store(sandbox, &p->url, &p->s3, SANDBOX_READ);
	cfg->sandbox = sandbox;
	r = role_start(cfg, e);
	sandbox_free(sandbox);
	return (r);
}

int
bulkfeed_probe(struct bulkplan *p, struct err *e)
{
	struct role_cfg cfg = { .name = "litefleet-find", .keep_fd = -1,
	    .run = run_probe, .ctx = p };
	uint8_t msg[POOL_MSG_MAX];
	enum role_said said;
	struct pollfd pfd;
	struct role *r;
	size_t len, up = 0;
	bool told = false;

	if ((r = start(p, &cfg, e)) == NULL)
		return (-1);
	pfd = (struct pollfd){ .fd = role_fd(r), .events = POLLIN };
	while ((said = role_recv(r, msg, &len, e)) == ROLE_NOTHING ||
	    said == ROLE_MESSAGE) {
		if (said == ROLE_NOTHING)
			(void)poll(&pfd, 1, -1);
		else if (len == PROBE_BYTES && msg[0] == 'p') {
			up = le64_get(msg + 1);
			p->store_id.hi = le64_get(msg + 9);
			p->store_id.lo = le64_get(msg + 17);
			told = true;
		}
	}
	role_stop(r);
	if (said == ROLE_FAILED)
		return (-1);
	if (!told) {
		err_set(e, ERR_BUG, "the process that asks for the store ended "
		    "without an answer");
		return (-1);
	}
	return (bulkplan_settle(p, up, e));
}

struct role *
bulkfeed_start(const struct bulkplan *p, int64_t cutoff_ms, int keep_fd,
    struct err *e)
{
	struct lister l = { .p = p, .cutoff_ms = cutoff_ms };
	struct role_cfg cfg = { .name = "litefleet-list", .keep_fd = keep_fd,
	    .run = run_list, .ctx = &l };

	/* The child has a copy of "l". */
	return (start(p, &cfg, e));
}

static void
take_orders(const struct bulklist_out *out, const uint8_t *p, size_t n)
{
	struct order_reader r;
	struct order o;

	order_reader_init(&r, p, n);
	while (order_next(&r, &o))
		out->order(out->ctx, &o);
	order_reader_fini(&r);
}

/* Messages are of our own process: what is malformed is passed over. */
static void
take(const struct bulklist_out *out, const uint8_t *msg, size_t len)
{
	const char *key = (const char *)msg + HEAD_BYTES, *text;
	struct err why;
	uint64_t n;

	if (len > 0 && msg[0] == 'o') {
		take_orders(out, msg + 1, len - 1);
		return;
	}
	if (len < HEAD_BYTES + 2 || msg[len - 1] != '\0' ||
	    (text = memchr(key, '\0', len - HEAD_BYTES)) == NULL ||
	    ++text >= (const char *)msg + len)
		return;
	n = le64_get(msg + 1);
	if (msg[0] == 'r') {
		err_set(&why, n < ERR_NCLASS ? (enum err_class)n : ERR_BUG,
		    "%s", text);
		out->refused(out->ctx, key, &why);
	} else if (msg[0] == 'y')
		out->young(out->ctx, key, (int64_t)n);
	else if (msg[0] == 'e')
		out->elsewhere(out->ctx, n != 0);
	else if (msg[0] == 'f')
		out->foreign(out->ctx, n);
}

enum role_said
bulkfeed_next(struct role *r, const struct bulklist_out *out, struct err *e)
{
	uint8_t msg[POOL_MSG_MAX];
	enum role_said said;
	size_t len;

	if ((said = role_recv(r, msg, &len, e)) == ROLE_MESSAGE)
		take(out, msg, len);
	return (said);
}
