#include "cmd/bulklink.h"

#include <stdlib.h>

#include "base/mem.h"

struct link {
	struct bulk *bulk;
	struct worker *worker;
};

static void
tell(void *ctx, const void *msg, size_t len)
{
	worker_say(((struct link *)ctx)->worker, msg, len);
}

static bool
stopping(void *ctx)
{
	return (worker_stopping(((struct link *)ctx)->worker));
}

static int
op_open(void *cfg, const struct worker_env *env, void **out, struct err *e)
{
	struct link *l = mem_zero(sizeof(*l));
	struct bulk_env benv = { .index = env->index, .again = env->again,
	    .tally = env->tally, .tell = tell, .stopping = stopping,
	    .ctx = l };

	l->worker = env->worker;
	*out = l;
	return (bulk_open(cfg, &benv, &l->bulk, e));
}

static int
op_quarantine(void *l, const char *key, const char *how, struct err *e)
{
	return (bulk_quarantine(((struct link *)l)->bulk, key, how, e));
}

static int
op_start(void *l, const void *msg, size_t len, struct err *e)
{
	return (bulk_start(((struct link *)l)->bulk, msg, len, e));
}

static int
op_wait(void *l, int fd, bool more, struct err *e)
{
	return (bulk_wait(((struct link *)l)->bulk, fd, more, e));
}

static int
op_drain(void *l, int64_t grace_ms, struct err *e)
{
	return (bulk_drain(((struct link *)l)->bulk, grace_ms, e));
}

static void
op_close(void *ctx)
{
	struct link *l = ctx;

	if (l == NULL)
		return;
	bulk_close(l->bulk);
	free(l);
}

const struct job_ops bulklink_ops = {
	.open = op_open,
	.quarantine = op_quarantine,
	.start = op_start,
	.wait = op_wait,
	.drain = op_drain,
	.close = op_close,
};
