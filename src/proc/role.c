#include "proc/role.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/mem.h"
#include "proc/chan.h"
#include "proc/child.h"
#include "proc/pool.h"

struct role {
	const char *name;
	struct chan chan;
	pid_t pid;		/* 0: reaped */
	enum role_said last;	/* ROLE_DONE, ROLE_FAILED: it ended so */
	struct err err;		/* of ROLE_FAILED */
};

struct role_self {
	struct chan chan;
};

/* Be the process: never returns. */
static void be(const struct role_cfg *cfg, int fd, pid_t supervisor)
    __attribute__((__noreturn__));

static void
be(const struct role_cfg *cfg, int fd, pid_t supervisor)
{
	struct child_cfg child = { .name = cfg->name, .fd = fd,
	    .keep_fd = cfg->keep_fd, .supervisor = supervisor,
	    .sandbox = cfg->sandbox };
	struct role_self self;
	struct err e = { .cls = ERR_BUG };

	chan_init(&self.chan, fd);
	if (child_detach(&child, &e) == -1 ||
	    cfg->run(cfg->ctx, &self, &e) == -1)
		child_give_up(&self.chan, &e);
	else
		chan_say(&self.chan, WIRE_BYE, NULL, 0);
	/* Not exit(3): the supervisor's buffers and handlers are not ours. */
	_exit(0);
}

struct role *
role_start(const struct role_cfg *cfg, struct err *e)
{
	struct role *r = mem_zero(sizeof(*r));
	pid_t supervisor = getpid();
	int fd;

	if (chan_pair(&r->chan, &fd, e) == -1)
		goto out;
	r->name = cfg->name;
	r->last = ROLE_NOTHING;
	if ((r->pid = fork()) == 0)
		be(cfg, fd, supervisor);
	io_close(&fd);
	if (r->pid != -1)
		return (r);
	err_sys(e, ERR_IO, "start %s", cfg->name);
	chan_fini(&r->chan);
out:
	free(r);
	return (NULL);
}

int
role_fd(const struct role *r)
{
	return (r->chan.fd);
}

static int
reap(struct role *r)
{
	int status = 0;

	while (waitpid(r->pid, &status, 0) == -1 && errno == EINTR)
		continue;
	r->pid = 0;
	return (status);
}

/*
 * Its channel ended and it had not said that it is done.  What ends otherwise
 * than by an exit that is under way is ended here, so this does not last.
 */
static void
mourn(struct role *r)
{
	char how[CHILD_HOW_BYTES];

	(void)kill(r->pid, SIGKILL);
	err_set(&r->err, ERR_BUG, "%s %s", r->name,
	    child_how(reap(r), how, sizeof(how)));
	r->last = ROLE_FAILED;
}

enum role_said
role_recv(struct role *r, void *body, size_t *len, struct err *e)
{
	uint8_t kind = 0;
	int rc;

	if (r->last == ROLE_NOTHING) {
		rc = chan_recv(&r->chan, &kind, body, POOL_MSG_MAX, len);
		if (rc == 0)
			return (ROLE_NOTHING);
		if (rc == 1 && kind == WIRE_SAID)
			return (ROLE_MESSAGE);
		if (rc == 1 && kind == WIRE_BYE)
			r->last = ROLE_DONE;
		else if (rc == 1 && kind == WIRE_FATAL) {
			child_gave_up(body, *len, &r->err);
			r->last = ROLE_FAILED;
		} else
			mourn(r);
	}
	if (r->last == ROLE_FAILED)
		*e = r->err;
	return (r->last);
}

void
role_hang_up(struct role *r)
{
	(void)chan_hangup(&r->chan, WIRE_WORK);
}

void
role_stop(struct role *r)
{
	int64_t until_ms = clock_mono_ms() + ROLE_STOP_MS;

	if (r == NULL)
		return;
	chan_fini(&r->chan);
	while (r->pid != 0 && waitpid(r->pid, NULL, WNOHANG) == 0) {
		if (clock_mono_ms() >= until_ms) {
			(void)kill(r->pid, SIGKILL);
			(void)reap(r);
			break;
		}
		clock_sleep_ms(1);
	}
	free(r);
}

void
role_say(struct role_self *self, const void *msg, size_t len)
{
	assert(len <= POOL_MSG_MAX);
	chan_say(&self->chan, WIRE_SAID, msg, len);
}

bool
role_stopping(struct role_self *self)
{
	struct pollfd pfd = { .fd = self->chan.fd, .events = POLLIN };

	/* Nothing is ever sent down: what can be read is the end. */
	return (self->chan.broken || poll(&pfd, 1, 0) == 1);
}

int
role_self_fd(const struct role_self *self)
{
	return (self->chan.fd);
}
