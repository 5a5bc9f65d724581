#include "cmd/bulklink.h"

static int
op_open(void *cfg, const struct worker_env *env, void **job, struct err *e)
{
	struct bulk_env benv = { .index = env->index, .again = env->again,
	    .tally = env->tally, .tell = worker_say,
	    .stopping = worker_stopping, .ctx = env->worker };
	struct bulk *opened = NULL;
	int ret = bulk_open(cfg, &benv, &opened, e);

	*job = opened;
	return (ret);
}

static int
op_quarantine(void *job, const char *key, const char *how, struct err *e)
{
	return (bulk_quarantine(job, key, how, e));
}

static int
op_start(void *job, const void *msg, size_t len, struct err *e)
{
	return (bulk_start(job, msg, len, e));
}

static int
op_wait(void *job, int fd, bool more, struct err *e)
{
	return (bulk_wait(job, fd, more, e));
}

static int
op_drain(void *job, int64_t grace_ms, struct err *e)
{
	return (bulk_drain(job, grace_ms, e));
}

static void
op_close(void *job)
{
	bulk_close(job);
}

const struct job_ops bulklink_ops = {
	.open = op_open,
	.quarantine = op_quarantine,
	.start = op_start,
	.wait = op_wait,
	.drain = op_drain,
	.close = op_close,
};
