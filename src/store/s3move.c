/*
 * s3move -- calls on their way: sent, waited for, sent again, delivered.
 */
#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "store/s3call.h"

/* The call will not be sent, for *e. */
static void
give_up(struct s3_call *c, const struct err *e)
{
	c->dead = true;
	c->err = *e;
	c->due_ms = 0;
}

/* Build, sign and send one try. */
static int
send_try(struct s3 *s, struct s3_call *c, struct err *e)
{
	http_fini_req(s->http, &c->req);
	memset(&c->req, 0, sizeof(c->req));
	if (s3_req_build(s, c, e) == -1)
		return (-1);
	c->tried++;
	c->started_ms = clock_mono_ms();
	if (c->tried == 1)
		c->first_ms = c->started_ms;
	s->nrequests[c->kind]++;
	if (c->tried > 1)
		s->nrequests[STORE_REQ_AGAIN]++;
	http_start(s->http, &c->req);
	return (0);
}

static void
launch(struct s3 *s, struct s3_call *c)
{
	struct err e;

	if (s->down || s->abandoning)
		give_up(c, &s->why);
	else if (send_try(s, c, &e) == -1)
		give_up(c, &e);
	else
		TAILQ_INSERT_TAIL(&s->flying, c, entry);
}

void
s3_call_start(struct s3 *s, struct s3_call *c)
{
	struct err e;

	s->ncalls++;
	c->nanswers = s->nanswers;
	if (c->md5 && s3_call_md5(c, &e) == -1)
		give_up(c, &e);
	else
		launch(s, c);
	if (c->dead)
		TAILQ_INSERT_TAIL(&s->waiting, c, entry);
}

/* The call is over: its function takes it. */
static void
deliver(struct s3 *s, struct s3_call *c)
{
	s->ncalls--;
	c->done(s, c);
}

static void
finish(struct s3 *s, struct s3_call *c)
{
	TAILQ_REMOVE(&s->flying, c, entry);
	if (s3_call_judge(s, c))
		TAILQ_INSERT_TAIL(&s->waiting, c, entry);
	else if (s3_call_may_rest(s, c))
		s3_call_rest(s, c);
	else
		deliver(s, c);
}

/*
 * Send what has waited long enough, and deliver the dead.  Returns how long
 * until there is more of it: 0 if something was delivered, -1 for never.
 */
static int64_t
wake(struct s3 *s)
{
	struct s3_calls due = TAILQ_HEAD_INITIALIZER(due);
	struct s3_call *c, *next;
	int64_t now = clock_mono_ms(), left = -1;
	bool any = false;

	s3_rouse(s);
	for (c = TAILQ_FIRST(&s->waiting); c != NULL; c = next) {
		next = TAILQ_NEXT(c, entry);
		if (c->due_ms <= now) {
			TAILQ_REMOVE(&s->waiting, c, entry);
			TAILQ_INSERT_TAIL(&due, c, entry);
		} else if (left == -1 || c->due_ms - now < left)
			left = c->due_ms - now;
	}
	while ((c = TAILQ_FIRST(&due)) != NULL) {
		TAILQ_REMOVE(&due, c, entry);
		if (!c->dead)
			launch(s, c);
		if (c->dead) {
			any = true;
			deliver(s, c);
		}
	}
	return (any ? 0 : left);
}

void
s3_move(struct s3 *s, int fd, int timeout_ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	struct http_req *r;
	int64_t left;
	int wait_ms = timeout_ms;

	left = wake(s);
	if (left != -1 && (wait_ms == -1 || left < wait_ms))
		wait_ms = (int)left;
	if (!TAILQ_EMPTY(&s->flying))
		http_move(s->http, fd, wait_ms);
	else if (fd != -1 || wait_ms > 0)
		(void)poll(&pfd, fd == -1 ? 0 : 1, wait_ms);
	while ((r = http_next(s->http)) != NULL)
		finish(s, r->owner);
	if (s->down && (s->ncalls > 0 || s->nremovals > 0))
		s3_abandon(s, &s->why);
}

void
s3_abandon(struct s3 *s, const struct err *e)
{
	struct store_queue ops = TAILQ_HEAD_INITIALIZER(ops);
	struct s3_call *c;

	if (s->abandoning)
		return;
	s->abandoning = true;
	s->why = *e;
	TAILQ_CONCAT(&ops, &s->removals, entry);
	s->nremovals = 0;
	store_doom(&s->base, &ops, e);
	for (;;) {
		if ((c = TAILQ_FIRST(&s->flying)) != NULL) {
			TAILQ_REMOVE(&s->flying, c, entry);
			http_fini_req(s->http, &c->req);
			memset(&c->req, 0, sizeof(c->req));
		} else if ((c = TAILQ_FIRST(&s->waiting)) != NULL)
			TAILQ_REMOVE(&s->waiting, c, entry);
		else if ((c = TAILQ_FIRST(&s->resting)) != NULL)
			TAILQ_REMOVE(&s->resting, c, entry);
		else
			break;
		c->ok = false;
		c->err = *e;
		deliver(s, c);
	}
	s->nresting = 0;
	s->resting_bytes = 0;
	s->abandoning = false;
}

static void
mark(struct s3 *s, struct s3_call *c)
{
	bool *done = c->owner;

	(void)s;
	*done = true;
}

int
s3_call_run(struct s3 *s, struct s3_call *c, struct err *e)
{
	bool done = false;

	c->done = mark;
	c->awaited = true;
	/* cppcheck-suppress autoVariables; it is taken back below */
	c->owner = &done;
	s3_call_start(s, c);
	while (!done)
		s3_move(s, -1, -1);
	c->owner = NULL;
	if (!c->ok) {
		*e = c->err;
		return (-1);
	}
	return (0);
}

int
s3_call_pull(struct s3 *s, struct s3_call *c, void *p, size_t n,
    size_t *got, struct err *e)
{
	ssize_t r;

	c->pull = true;
	c->awaited = true;
	for (;;) {
		if (s->down) {
			*e = s->why;
			return (-1);
		}
		if (send_try(s, c, e) == -1)
			return (-1);
		if ((r = http_pull(s->http, &c->req, p, n, e)) == -1) {
			c->req.failed = true;
			c->req.err = *e;
		}
		/* Only a good answer gives bytes before its status is set. */
		if (r > 0 && c->req.status == 0)
			c->req.status = http_header(&c->req,
			    "content-range") != NULL ? 206 : 200;
		if (!s3_call_judge(s, c))
			break;
		while (c->due_ms > clock_mono_ms())
			s3_move(s, -1, (int)(c->due_ms - clock_mono_ms()) + 1);
	}
	if (!c->ok) {
		*e = c->err;
		return (-1);
	}
	*got = (size_t)r;
	return (0);
}
