#include "cmd/cyclelink.h"

static int
op_open(void *cfg, const struct worker_env *env, void **job, struct err *e)
{
	struct job_backup_env jenv = { .index = env->index,
	    .first_seg = env->first_seg, .end_seg = env->end_seg,
	    .tally = env->tally, .gate = env->gate,
	    .complaint = env->complaint, .again = env->again,
	    .tell = worker_say, .stopping = worker_stopping,
	    .ctx = env->worker };
	struct job_backup *opened = NULL;
	int ret = job_backup_open(cfg, &jenv, &opened, e);

	*job = opened;
	return (ret);
}

static int
op_quarantine(void *job, const char *path, const char *how, struct err *e)
{
	return (job_backup_quarantine(job, path, how, e));
}

static int
op_start(void *job, const void *msg, size_t len, struct err *e)
{
	return (job_backup_start(job, msg, len, e));
}

static int
op_wait(void *job, int fd, bool more, struct err *e)
{
	return (job_backup_wait(job, fd, more, e));
}

static int
op_drain(void *job, int64_t grace_ms, struct err *e)
{
	return (job_backup_drain(job, grace_ms, e));
}

static void
op_close(void *job)
{
	job_backup_close(job);
}

const struct job_ops cyclelink_ops = {
	.open = op_open,
	.quarantine = op_quarantine,
	.start = op_start,
	.wait = op_wait,
	.drain = op_drain,
	.close = op_close,
};
