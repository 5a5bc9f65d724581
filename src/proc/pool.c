#include "proc/pool.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "proc/board.h"
#include "proc/chan.h"
#include "proc/child.h"
#include "proc/member.h"
#include "proc/signals.h"
#include "proc/toll.h"

enum {
	PUMP_POSTS = 32,	/* pool_post() does the rest this often ... */
	PUMP_MS = 5,		/* ... or after this long */
	PUMP_MSGS = 32		/* messages of one worker before the next's */
};

struct pool {
	const struct pool_cfg *cfg;
	struct board *board;
	struct toll toll;
	struct member member[POOL_WORKERS_MAX];
	uint8_t owner[POOL_SEGMENTS];
	uint8_t *msg;			/* POOL_MSG_MAX bytes */
	uint64_t unstarted;
	unsigned nposts;
	int64_t pumped_ms;
	int64_t ticked_ms;

	bool stopping;			/* the workers were told */
	bool killed;			/* or not asked any more */
	int64_t deadline_ms;
	int signal;
	int64_t signal_ms;
	unsigned nheeded;		/* signals that were acted upon */
	bool failed;
	struct err err;
};

static void
stop(struct pool *p, int64_t grace_ms)
{
	int64_t deadline_ms = clock_mono_ms() + grace_ms + POOL_SLACK_MS;
	struct member *m;

	if (p->stopping && deadline_ms >= p->deadline_ms)
		return;
	p->deadline_ms = deadline_ms;
	board_stop(p->board, grace_ms);
	for (unsigned i = 0; i < p->cfg->nworkers && !p->stopping; i++) {
		m = &p->member[i];
		if (m->pid != 0)
			p->unstarted += chan_hangup(&m->chan, WIRE_WORK);
	}
	p->stopping = true;
}

/* The run is lost, of the first reason that is given. */
static void
fail(struct pool *p, const struct err *e)
{
	int64_t grace_ms = p->cfg->grace_ms;

	if (!p->failed)
		p->err = *e;
	p->failed = true;
	stop(p, grace_ms < POOL_FAIL_GRACE_MS ? grace_ms : POOL_FAIL_GRACE_MS);
}

static void
kill_all(struct pool *p)
{
	p->killed = true;
	for (unsigned i = 0; i < p->cfg->nworkers; i++)
		member_kill(&p->member[i]);
}

/* Has every worker been given all, and said that it is done? */
static bool
complete(const struct pool *p)
{
	for (unsigned i = 0; i < p->cfg->nworkers; i++)
		if (!p->member[i].ended || !p->member[i].left)
			return (false);
	return (true);
}

/* Act upon TERM and INT. */
static void
heed(struct pool *p)
{
	unsigned n = signals_stops();
	int64_t now_ms;

	if (n == p->nheeded)
		return;
	now_ms = clock_mono_ms();
	if (p->nheeded == 0) {
		p->signal_ms = now_ms;
		if (!complete(p))
			p->signal = signals_last();
		stop(p, p->cfg->grace_ms);
	} else if (now_ms - p->signal_ms > POOL_ECHO_MS)
		kill_all(p);
	p->nheeded = n;
}

static void
take(struct pool *p, struct member *m, uint8_t kind, const uint8_t *body,
    size_t len)
{
	struct err e;

	switch (kind) {
	case WIRE_SAID:
		if (p->cfg->said != NULL)
			p->cfg->said(p->cfg->ctx, body, len);
		break;
	case WIRE_FATAL:
		m->left = true;
		child_gave_up(body, len, &e);
		fail(p, &e);
		break;
	case WIRE_BYE:
		m->left = true;
		if (len == sizeof(uint64_t))
			p->unstarted += le64_get(body);
		break;
	default:
		/* It is out of its mind: its death will be dealt with. */
		m->expelled = true;
		member_kill(m);
	}
}

/* Take up to "max" messages of a worker; false at the end of them all. */
static bool
receive(struct pool *p, struct member *m, unsigned max)
{
	uint8_t kind;
	size_t len;
	int rc;

	while (max-- > 0) {
		rc = chan_recv(&m->chan, &kind, p->msg, POOL_MSG_MAX, &len);
		if (rc <= 0)
			return (rc == 0);
		take(p, m, kind, p->msg, len);
	}
	return (true);
}

static void
reap(struct pool *p)
{
	struct member *m;
	struct err e;
	int status;

	for (unsigned i = 0; i < p->cfg->nworkers; i++) {
		m = &p->member[i];
		if (!member_reap(m, &status))
			continue;
		/* What it had still said counts, BYE above all. */
		if (m->chan.fd != -1)
			(void)receive(p, m, UINT_MAX);
		chan_fini(&m->chan);
		if (!m->left && !p->killed &&
		    toll_take(&p->toll, m, status, p->stopping, &e) == -1)
			fail(p, &e);
	}
}

/* How long there is time before tick() is due, but timeout_ms (-1: for ever)
 * at most. */
static int
till_tick(const struct pool *p, int timeout_ms)
{
	int64_t left_ms;

	if (p->cfg->tick == NULL || timeout_ms == 0)
		return (timeout_ms);
	left_ms = p->ticked_ms + p->cfg->tick_ms - clock_mono_ms();
	if (left_ms < 0)
		left_ms = 0;
	return (timeout_ms == -1 || left_ms < timeout_ms ?
	    (int)left_ms : timeout_ms);
}

static void
tick(struct pool *p)
{
	uint64_t count[TALLY_NCOUNT];

	if (p->cfg->tick == NULL ||
	    p->pumped_ms - p->ticked_ms < p->cfg->tick_ms)
		return;
	p->ticked_ms = p->pumped_ms;
	toll_sum(&p->toll, count);
	p->cfg->tick(p->cfg->ctx, count);
}

/*
 * Send, receive, reap, heed signals and tick; wait for that for timeout_ms at
 * most.  Returns whether "fd" (-1: none) is readable.
 */
static bool
pump(struct pool *p, int timeout_ms, int fd)
{
	struct pollfd pfd[POOL_WORKERS_MAX + 1];
	struct member *who[POOL_WORKERS_MAX], *m;
	unsigned n = 0;
	int left;

	/* No places for who is not there: poll(2) takes no more of them than
	 * the limit of descriptors is. */
	for (unsigned i = 0; i < p->cfg->nworkers; i++) {
		m = &p->member[i];
		if (m->chan.fd == -1)
			continue;
		pfd[n].fd = m->chan.fd;
		pfd[n].events = POLLIN;
		if (chan_pending(&m->chan))
			pfd[n].events |= POLLOUT;
		who[n++] = m;
	}
	pfd[n].fd = fd;
	pfd[n].events = POLLIN;
	pfd[n].revents = 0;
	left = signals_poll(pfd, n + (fd != -1), till_tick(p, timeout_ms),
	    p->nheeded);
	for (unsigned i = 0; i < n && left > 0; i++) {
		m = who[i];
		if (pfd[i].revents == 0)
			continue;
		left--;
		if (pfd[i].revents & POLLOUT)
			chan_flush(&m->chan);
		if ((pfd[i].revents & ~POLLOUT) == 0 ||
		    receive(p, m, PUMP_MSGS))
			continue;
		/* A worker without a channel is none; SIGCHLD will tell. */
		chan_fini(&m->chan);
		if (!m->left)
			member_kill(m);
	}
	if (signals_child())
		reap(p);
	heed(p);
	p->pumped_ms = clock_mono_ms();
	p->nposts = 0;
	tick(p);
	return (pfd[n].revents != 0);
}

/* Enforce the end of the grace; returns how long pump() may wait, or -1. */
static int
time_left(struct pool *p)
{
	char path[PATH_MAX + 1];
	enum tally_phase phase;
	int64_t left_ms;

	if (!p->stopping || p->killed)
		return (-1);
	left_ms = p->deadline_ms - clock_mono_ms();
	if (left_ms > 0)
		return (left_ms < INT_MAX ? (int)left_ms : INT_MAX);
	for (unsigned i = 0; i < p->cfg->nworkers; i++) {
		if (!member_busy(&p->member[i]))
			continue;
		phase = board_in_hand(p->board, i, path, sizeof(path));
		log_warn("worker %u did not end in time and was killed%s%s"
		    "%s%s", i, *path ? " while " : "",
		    *path ? tally_phase_name(phase) : "", *path ? " " : "",
		    path);
	}
	kill_all(p);
	return (-1);
}

static bool
any(const struct pool *p, bool dead)
{
	for (unsigned i = 0; i < p->cfg->nworkers; i++)
		if (dead ? p->member[i].dead : p->member[i].pid != 0)
			return (true);
	return (false);
}

/* Tell all that there is no more, and wait until all are gone or one dies. */
static void
finish(struct pool *p)
{
	struct member *m;

	for (unsigned i = 0; i < p->cfg->nworkers && !p->stopping; i++) {
		m = &p->member[i];
		if (m->pid != 0 && !m->ended)
			chan_post(&m->chan, WIRE_END, NULL, 0);
		m->ended = true;
	}
	while (any(p, false) && (p->stopping || !any(p, true)))
		(void)pump(p, time_left(p), -1);
}

/*
 * Fork the workers that are not there, at first or because they died, and set
 * want[] to their segments.  Returns whether there is something to feed.
 */
static bool
muster(struct pool *p, bool first, bool want[POOL_SEGMENTS])
{
	struct member *m;
	struct err e;
	bool found = false;

	memset(want, 0, POOL_SEGMENTS * sizeof(*want));
	for (unsigned i = 0; i < p->cfg->nworkers; i++) {
		m = &p->member[i];
		m->wanted = first || m->dead;
		if (!m->wanted)
			continue;
		if (pool_stopping(p))
			return (false);
		if (member_start(m, p->cfg, p->board, p->toll.carry,
		    &e) == -1) {
			fail(p, &e);
			return (false);
		}
		for (unsigned s = m->first_seg; s < m->end_seg; s++)
			want[s] = true;
		found = true;
	}
	return (found);
}

static void
run(struct pool *p)
{
	bool want[POOL_SEGMENTS];
	struct err e;

	for (bool first = true; muster(p, first, want); first = false) {
		if (p->cfg->feed(p->cfg->ctx, p, want, &e) == -1)
			fail(p, &e);
		(void)pump(p, 0, -1);
		if (!any(p, true))
			finish(p);
	}
	/* Stopped or failed on the way: the workers still have their grace. */
	heed(p);
	finish(p);
}

int
pool_run(const struct pool_cfg *cfg, struct pool_result *res, struct err *e)
{
	struct pool *p;
	int rc = -1;

	assert(cfg->nworkers >= 1 && cfg->nworkers <= POOL_WORKERS_MAX);
	memset(res, 0, sizeof(*res));
	p = mem_zero(sizeof(*p));
	p->cfg = cfg;
	for (unsigned i = 0; i < cfg->nworkers; i++) {
		member_init(&p->member[i], i, cfg->nworkers);
		for (unsigned s = p->member[i].first_seg;
		    s < p->member[i].end_seg; s++)
			p->owner[s] = (uint8_t)i;
	}
	if (cfg->board != NULL)
		board_reset(cfg->board);
	p->board = cfg->board != NULL ? cfg->board :
	    board_map(cfg->nworkers, e);
	if (p->board == NULL)
		goto out;
	p->toll.board = p->board;
	p->msg = mem_resize(NULL, POOL_MSG_MAX, 1);
	p->ticked_ms = clock_mono_ms();
	signals_catch();
	run(p);
	signals_restore();
	toll_sum(&p->toll, res->count);
	res->oldest_ms = board_oldest_ms(p->board);
	res->deaths = p->toll.deaths;
	res->signal = p->signal;
	res->unstarted = p->unstarted;
	if (p->failed)
		*e = p->err;
	else
		rc = 0;
out:
	for (unsigned i = 0; i < cfg->nworkers; i++)
		member_fini(&p->member[i]);
	if (cfg->board == NULL)
		board_unmap(p->board);
	free(p->msg);
	free(p);
	return (rc);
}

unsigned
pool_owner(const struct pool *pool, unsigned segment)
{
	assert(segment < POOL_SEGMENTS);
	return (pool->owner[segment]);
}

void
pool_post(struct pool *pool, unsigned worker, const void *msg, size_t len)
{
	struct member *m = &pool->member[worker];

	assert(worker < pool->cfg->nworkers && len <= POOL_MSG_MAX);
	assert(m->wanted);
	if (pool->stopping)
		pool->unstarted++;
	else if (member_busy(m) && m->chan.fd != -1)
		chan_post(&m->chan, WIRE_WORK, msg, len);
	if (++pool->nposts >= PUMP_POSTS)
		(void)pump(pool, 0, -1);
	else
		pool_turn(pool);
}

void
pool_turn(struct pool *pool)
{
	if (clock_mono_ms() - pool->pumped_ms >= PUMP_MS)
		(void)pump(pool, 0, -1);
}

/* Has a living worker more than so many bytes before it? */
static bool
full(const struct pool *p, size_t max_queued_bytes)
{
	const struct member *m;

	for (unsigned i = 0; i < p->cfg->nworkers; i++) {
		m = &p->member[i];
		if (member_busy(m) && m->chan.queued_bytes > max_queued_bytes)
			return (true);
	}
	return (false);
}

bool
pool_await(struct pool *pool, int fd, size_t max_queued_bytes)
{
	bool ready = false;

	/* While one is full, a readable fd must not keep pump() awake. */
	while (!ready && !pool_stopping(pool)) {
		if (full(pool, max_queued_bytes))
			(void)pump(pool, -1, -1);
		else
			ready = pump(pool, fd == -1 ? 0 : -1, fd) || fd == -1;
	}
	return (!pool_stopping(pool));
}

bool
pool_stopping(const struct pool *pool)
{
	return (pool->stopping || signals_stops() > 0);
}
