#include "cmd/bulkfeed.h"

#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/reach.h"
#include "fleet/finding.h"
#include "proc/pool.h"

enum {
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
say(struct role_self *self, const struct finding *f)
{
	struct buf msg = { 0 };

	finding_put(&msg, f);
	role_say(self, msg.data, msg.len);
	buf_fini(&msg);
}

static void
flush(struct lister *l)
{
	struct finding f = { .kind = FINDING_ORDERS,
	    .parcel = (const uint8_t *)l->parcel.data,
	    .nparcel = l->parcel.len };

	if (l->parcel.len == 0)
		return;
	say(l->self, &f);
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

/* In the order in which it was found. */
static void
say_next(struct lister *l, const struct finding *f)
{
	flush(l);
	say(l->self, f);
}

static void
say_refused(void *ctx, const struct bulklist_refused *what,
    const struct err *why)
{
	struct finding f = { .kind = FINDING_REFUSED, .key = what->key,
	    .target = what->target, .ms = what->ms, .cls = why->cls,
	    .text = why->msg };

	say_next(ctx, &f);
}

static void
say_young(void *ctx, const struct bulklist_refused *what, int64_t oldest_ms)
{
	struct finding f = { .kind = FINDING_YOUNG, .key = what->key,
	    .target = what->target, .ms = oldest_ms };

	say_next(ctx, &f);
}

static void
say_elsewhere(void *ctx, bool young)
{
	struct finding f = { .kind = FINDING_ELSEWHERE, .n = young };

	say_next(ctx, &f);
}

static void
say_foreign(void *ctx, uint64_t n)
{
	struct finding f = { .kind = FINDING_FOREIGN, .n = n };

	say_next(ctx, &f);
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
	struct finding f = { .kind = FINDING_STORE };
	size_t up;

	if (bulklist_probe(ctx, &up, &f.id, e) == -1)
		return (-1);
	f.n = up;
	say(self, &f);
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
	struct finding f;
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
		else if (finding_parse(msg, len, &f) &&
		    f.kind == FINDING_STORE) {
			up = f.n;
			p->store_id = f.id;
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

/* What is malformed is passed over. */
static void
take(const struct bulklist_out *out, const uint8_t *msg, size_t len)
{
	struct bulklist_refused what;
	struct finding f;
	struct err why;

	if (!finding_parse(msg, len, &f))
		return;
	if (f.kind == FINDING_ORDERS)
		take_orders(out, f.parcel, f.nparcel);
	else if (f.kind == FINDING_REFUSED) {
		err_set(&why, f.cls, "%s", f.text);
		what = (struct bulklist_refused){ .key = f.key,
		    .target = f.target, .ms = f.ms };
		out->refused(out->ctx, &what, &why);
	} else if (f.kind == FINDING_YOUNG) {
		what = (struct bulklist_refused){ .key = f.key,
		    .target = f.target };
		out->young(out->ctx, &what, f.ms);
	} else if (f.kind == FINDING_ELSEWHERE)
		out->elsewhere(out->ctx, f.n != 0);
	else if (f.kind == FINDING_FOREIGN)
		out->foreign(out->ctx, f.n);
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
