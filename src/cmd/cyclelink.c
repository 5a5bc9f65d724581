#include "cmd/cyclelink.h"

#include <stdlib.h>

#include "base/mem.h"

struct link {
	struct job_backup *job;
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
	struct job_backup_env jenv = { .index = env->index,
	    .first_seg = env->first_seg, .end_seg = env->end_seg,
	    .tally = env->tally,
	    .gate = env->gate, .complaint = env->complaint,
	    .again = env->again,
	    .tell = tell, .stopping = stopping, .ctx = l };

	l->worker = env->worker;
	*out = l;
	return (job_backup_open(cfg, &jenv, &l->job, e));
}

static int
op_quarantine(void *l, const char *path, const char *how, struct err *e)
{
	return (job_backup_quarantine(((struct link *)l)->job, path, how,
	    e));
}

static int
op_start(void *l, const void *msg, size_t len, struct err *e)
{
	return (job_backup_start(((struct link *)l)->job, msg, len, e));
}

static int
op_wait(void *l, int fd, bool more, struct err *e)
{
	return (job_backup_wait(((struct link *)l)->job, fd, more, e));
}

static int
op_drain(void *l, int64_t grace_ms, struct err *e)
{
	return (job_backup_drain(((struct link *)l)->job, grace_ms, e));
}

static void
op_close(void *ctx)
{
	struct link *l = ctx;

	if (l == NULL)
		return;
	job_backup_close(l->job);
	free(l);
}

const struct job_ops cyclelink_ops = {
	.open = op_open,
	.quarantine = op_quarantine,
	.start = op_start,
	.wait = op_wait,
	.drain = op_drain,
	.close = op_close,
};
