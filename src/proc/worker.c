#include "proc/worker.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "proc/chan.h"
#include "proc/child.h"

struct worker {
	const struct job_ops *ops;
	struct board *board;
	struct chan chan;
	struct worker_env env;
	void *job;
	bool opened;
	uint8_t *msg;		/* POOL_MSG_MAX bytes */
	uint64_t unstarted;
};

static int
detach(const struct worker_start *ws, struct err *e)
{
	char name[16];
	struct child_cfg cfg = { .name = name, .fd = ws->fd,
	    .keep_fd = ws->cfg->keep_fd, .supervisor = ws->supervisor,
	    .sandbox = ws->cfg->sandbox };

	(void)snprintf(name, sizeof(name), "litefleet-w%u", ws->index);
	return (child_detach(&cfg, e));
}

static int
quarantine(struct worker *w, size_t len, struct err *e)
{
	const uint8_t *nul = memchr(w->msg, '\0', len);
	const char *how = (const char *)w->msg;
	char *path;
	int rc;

	assert(nul != NULL);
	path = mem_strndup(nul + 1, len - (size_t)(nul + 1 - w->msg));
	rc = w->ops->quarantine(w->job, path, how, e);
	free(path);
	return (rc);
}

/* All has come.  Wait for what is in flight while a stop can cut it short. */
static int
finish(struct worker *w, struct err *e)
{
	if (w->ops->wait(w->job, w->chan.fd, false, e) == -1)
		return (-1);
	return (w->ops->drain(w->job, worker_stopping(w) ?
	    w->board->shared->grace_ms : -1, e));
}

/* Until END or EOF. */
static int
obey(struct worker *w, struct err *e)
{
	uint8_t kind;
	size_t len;
	int rc;

	for (;;) {
		rc = chan_recv(&w->chan, &kind, w->msg, POOL_MSG_MAX, &len);
		if (rc == -1)
			return (w->ops->drain(w->job,
			    w->board->shared->grace_ms, e));
		if (rc == 0) {
			if (w->ops->wait(w->job, w->chan.fd, true, e) == -1)
				return (-1);
			chan_wait(&w->chan);
			continue;
		}
		switch (kind) {
		case WIRE_WORK:
			if (worker_stopping(w))
				w->unstarted++;
			else if (w->ops->start(w->job, w->msg, len, e) == -1)
				return (-1);
			break;
		case WIRE_QUARANTINE:
			if (quarantine(w, len, e) == -1)
				return (-1);
			break;
		case WIRE_END:
			return (finish(w, e));
		default:
			err_set(e, ERR_BUG, "worker %u was sent a message of "
			    "unknown kind %u", w->env.index, kind);
			return (-1);
		}
	}
}

static int
work(struct worker *w, const struct worker_start *ws, struct err *e)
{
	if (detach(ws, e) == -1)
		return (-1);
	if (w->ops->open(ws->cfg->job_cfg, &w->env, &w->job, e) == -1)
		return (-1);
	w->opened = true;
	w->msg = mem_resize(NULL, POOL_MSG_MAX, 1);
	return (obey(w, e));
}

void
worker_run(const struct worker_start *ws)
{
	struct worker w = {
		.ops = ws->cfg->ops,
		.board = ws->board,
		.env = {
			.index = ws->index,
			.nworkers = ws->board->nslots,
			.first_seg = ws->first_seg,
			.end_seg = ws->end_seg,
			.tally = &ws->board->slot[ws->index].tally,
			.gate = &ws->board->shared->gate,
			.complaint = &ws->board->shared->complaint,
			.again = ws->again,
		},
	};
	struct err e = { .cls = ERR_BUG };
	uint8_t bye[sizeof(uint64_t)];
	int rc;

	w.env.worker = &w;
	chan_init(&w.chan, ws->fd);
	/* The others are to stop soon, but BYE is the very last. */
	if ((rc = work(&w, ws, &e)) == -1)
		child_give_up(&w.chan, &e);
	if (w.opened)
		w.ops->close(w.job);
	if (rc == 0) {
		le64_put(bye, w.unstarted);
		chan_say(&w.chan, WIRE_BYE, bye, sizeof(bye));
	}
	/* Not exit(3): the supervisor's buffers and handlers are not ours. */
	_exit(0);
}

void
worker_say(void *worker, const void *msg, size_t len)
{
	struct worker *w = worker;

	assert(len <= POOL_MSG_MAX);
	chan_say(&w->chan, WIRE_SAID, msg, len);
}

bool
worker_stopping(void *worker)
{
	struct worker *w = worker;

	return (atomic_load_explicit(&w->board->shared->stopping,
	    memory_order_acquire));
}
