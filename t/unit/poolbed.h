/*
 * poolbed -- what the tests of the pool stand on: toy workers, which count
 * what comes, and die, hang or fail where a message says so; a feed of such
 * messages; and shared memory, in which lies what they saw.
 */
#ifndef UNIT_POOLBED_H
#define UNIT_POOLBED_H

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "proc/pool.h"
#include "unit/suite.h"

enum act {
	ACT_NOTHING,
	ACT_SEGV,		/* with the path in hand */
	ACT_EXIT,		/* status 0, with the path in hand */
	ACT_SEGV_IDLE,		/* with nothing in hand */
	ACT_KILL_IDLE,		/* so, by SIGKILL, in the first life */
	ACT_KILL_IDLE_ALWAYS,	/* ... and in each */
	ACT_FATAL,
	ACT_SAY,		/* say it back, three times */
	ACT_STOP,		/* SIGSTOP */
	ACT_HANG,
	ACT_CUT_OFF,		/* ... with the channel closed */
	ACT_TERM,		/* TERM to the supervisor, and wait for it */
	ACT_TERM_HANG,		/* ... and never return */
	ACT_TERM_TWICE,
	ACT_TERM_TWICE_SLOWLY	/* ... and never return */
};

enum {
	NQUARANTINED = 64,
	DB_BYTES = 100
};

struct msg {
	uint32_t worker, seq;
	uint32_t act;
	char path[32];		/* "" for none */
	uint8_t fill[POOL_MSG_MAX - 44];
};
enum {
	MSG_MIN = offsetof(struct msg, fill)
};

/* What worker "index", all lives of it, saw. */
struct seen {
	pid_t pid;
	unsigned first_seg, end_seg;
	unsigned opens, agains, closes, drains;
	unsigned msgs;			/* of its last life */
	unsigned all_msgs;
	unsigned disorder;
	int64_t grace_ms;
	char how[32];
};

struct shared {
	struct seen seen[POOL_WORKERS_MAX];
	char quarantined[NQUARANTINED][32];
	unsigned nquarantined;
	unsigned lives;
	char note[256];
};

struct job {
	const struct worker_env *env;
	struct worker_env copy;
	struct seen *seen;
	uint32_t next;
};

/* What the feed of a test is to do. */
struct feed {
	unsigned nworkers;
	unsigned nmsgs;			/* for each worker */
	size_t size;			/* of each; 0: of all sizes */
	unsigned act_worker;		/* where special messages go ... */
	unsigned act_seq, act_step, nacts;	/* ... and which they are */
	enum act act;
	int raise_at;			/* seq at which to raise it, or -1 */
	int raise;			/* 0: TERM */
	bool fail;
	unsigned calls;
	unsigned wanted[8];		/* segments, by call */
	unsigned posted;
	unsigned said;
	unsigned said_wrong;
	bool wake_stopped;
};

static struct shared *sh;
static int log_fd = -1;

static inline bool
is_quarantined(const char *path)
{
	for (unsigned i = 0; i < sh->nquarantined; i++)
		if (strcmp(sh->quarantined[i], path) == 0)
			return (true);
	return (false);
}

static inline int
toy_open(void *cfg, const struct worker_env *env, void **job, struct err *e)
{
	struct job *j = mem_zero(sizeof(*j));

	(void)cfg;
	(void)e;
	j->copy = *env;
	j->env = &j->copy;
	j->seen = &sh->seen[env->index];
	j->seen->pid = getpid();
	j->seen->first_seg = env->first_seg;
	j->seen->end_seg = env->end_seg;
	j->seen->opens++;
	j->seen->agains += env->again;
	j->seen->msgs = 0;
	*job = j;
	return (0);
}

static inline int
toy_quarantine(void *job, const char *path, const char *how, struct err *e)
{
	struct job *j = job;

	(void)e;
	(void)snprintf(j->seen->how, sizeof(j->seen->how), "%s", how);
	if (!is_quarantined(path) && sh->nquarantined < NQUARANTINED)
		(void)snprintf(sh->quarantined[sh->nquarantined++], 32, "%s",
		    path);
	return (0);
}

static inline void
hang(void)
{
	for (;;)
		(void)pause();
}

static inline void
term(struct job *j)
{
	(void)kill(getppid(), SIGTERM);
	while (!worker_stopping(j->env->worker))
		clock_sleep_ms(1);
}

static inline int
do_act(struct job *j, const struct msg *m, size_t len, struct err *e)
{
	switch ((enum act)m->act) {
	case ACT_NOTHING:
		break;
	case ACT_SEGV:
		(void)raise(SIGSEGV);
		break;
	case ACT_EXIT:
		_exit(0);
	case ACT_SEGV_IDLE:
		tally_drop(j->env->tally);
		(void)raise(SIGSEGV);
		break;
	case ACT_KILL_IDLE:
		if (j->env->again)
			break;
		/* FALLTHROUGH */
	case ACT_KILL_IDLE_ALWAYS:
		tally_drop(j->env->tally);
		(void)raise(SIGKILL);
		break;
	case ACT_FATAL:
		err_set(e, ERR_NETWORK, "the store said no to %s", m->path);
		return (-1);
	case ACT_SAY:
		for (int i = 0; i < 3; i++)
			worker_say(j->env->worker, m, len);
		break;
	case ACT_STOP:
		(void)raise(SIGSTOP);
		break;
	case ACT_CUT_OFF:
		(void)close_range(STDERR_FILENO + 1, ~0U, 0);
		/* FALLTHROUGH */
	case ACT_HANG:
		hang();
		break;
	case ACT_TERM:
		term(j);
		break;
	case ACT_TERM_HANG:
		term(j);
		hang();
		break;
	case ACT_TERM_TWICE:
		term(j);
		(void)kill(getppid(), SIGTERM);
		clock_sleep_ms(4 * POOL_ECHO_MS);
		break;
	case ACT_TERM_TWICE_SLOWLY:
		term(j);
		clock_sleep_ms(2 * POOL_ECHO_MS);
		(void)kill(getppid(), SIGTERM);
		hang();
	}
	return (0);
}

static inline int
toy_start(void *job, const void *msg, size_t len, struct err *e)
{
	struct job *j = job;
	const struct msg *m = msg;
	struct tally *t = j->env->tally;
	size_t nfill = len - MSG_MIN;
	int rc;

	if (len < MSG_MIN || m->worker != j->env->index ||
	    m->seq != j->next++ || (nfill > 0 &&
	    (m->fill[0] != (uint8_t)m->seq ||
	    m->fill[nfill - 1] != (uint8_t)m->seq)))
		j->seen->disorder++;
	j->seen->msgs++;
	j->seen->all_msgs++;
	tally_add(t, TALLY_LOOKED, 1);
	if (is_quarantined(m->path)) {
		tally_add(t, TALLY_FAILED, 1);
		return (0);
	}
	tally_take(t, m->path, TALLY_IMAGE);
	rc = do_act(j, m, len, e);
	tally_drop(t);
	/* One of each counter, synced only in the first life. */
	if (j->env->again)
		tally_add(t, TALLY_REFRESHED, 1);
	else {
		tally_add(t, TALLY_SYNCED, 1);
		tally_add(t, TALLY_BYTES_READ, DB_BYTES);
		tally_add(t, TALLY_BYTES_STORED, DB_BYTES / 2);
	}
	return (rc);
}

static inline int
toy_wait(void *job, int fd, bool more, struct err *e)
{
	(void)more;
	(void)job;
	(void)fd;
	(void)e;
	return (0);
}

static inline int
toy_drain(void *job, int64_t grace_ms, struct err *e)
{
	struct job *j = job;

	(void)e;
	j->seen->drains++;
	j->seen->grace_ms = grace_ms;
	return (0);
}

static inline void
toy_close(void *job)
{
	struct job *j = job;

	j->seen->closes++;
	free(j);
}

static const struct job_ops toy = {
	.open = toy_open,
	.quarantine = toy_quarantine,
	.start = toy_start,
	.wait = toy_wait,
	.drain = toy_drain,
	.close = toy_close
};

static inline size_t
msg_size(const struct feed *f, unsigned seq)
{
	if (f->size != 0)
		return (f->size);
	return (MSG_MIN + (seq * 7919u) % (POOL_MSG_MAX - MSG_MIN + 1));
}

/* Post message "seq" to worker w. */
static inline void
post(struct feed *f, struct pool *pool, unsigned w, unsigned seq)
{
	static struct msg m;
	unsigned k = seq - f->act_seq;

	m.worker = w;
	m.seq = seq;
	m.act = ACT_NOTHING;
	m.path[0] = '\0';
	if (f->nacts > 0 && w == f->act_worker && seq >= f->act_seq &&
	    k % f->act_step == 0 && k / f->act_step < f->nacts) {
		m.act = f->act;
		(void)snprintf(m.path, sizeof(m.path), "/data/%u.db", seq);
	}
	memset(m.fill, (int)(seq & 0xff), msg_size(f, seq) - MSG_MIN);
	pool_post(pool, w, &m, msg_size(f, seq));
	f->posted++;
}

/* Wait until the worker of ACT_STOP has stopped. */
static inline void
await_stop(const struct feed *f)
{
	volatile pid_t *pid = &sh->seen[f->act_worker].pid;
	siginfo_t si;

	while (*pid == 0)
		clock_sleep_ms(1);
	ck_assert_int_eq(waitid(P_PID, (id_t)*pid, &si, WSTOPPED | WNOWAIT),
	    0);
}

static inline int
toy_feed(void *ctx, struct pool *pool, const bool want[POOL_SEGMENTS],
    struct err *e)
{
	struct feed *f = ctx;
	bool mine[POOL_WORKERS_MAX] = { false };

	for (unsigned s = 0; s < POOL_SEGMENTS; s++) {
		if (!want[s])
			continue;
		f->wanted[f->calls % 8]++;
		mine[pool_owner(pool, s)] = true;
	}
	f->calls++;
	for (unsigned seq = 0; seq < f->nmsgs; seq++) {
		if ((int)seq == f->raise_at && f->wake_stopped)
			await_stop(f);
		if ((int)seq == f->raise_at)
			(void)raise(f->raise != 0 ? f->raise : SIGTERM);
		if (pool_stopping(pool) && f->raise_at < 0)
			break;
		for (unsigned w = 0; w < f->nworkers; w++)
			if (mine[w])
				post(f, pool, w, seq);
	}
	if (f->wake_stopped) {
		await_stop(f);
		(void)kill(sh->seen[f->act_worker].pid, SIGCONT);
	}
	if (f->fail) {
		err_set(e, ERR_IO, "the walk fell over");
		return (-1);
	}
	return (0);
}

static inline void
toy_said(void *ctx, const void *msg, size_t len)
{
	struct feed *f = ctx;
	const struct msg *m = msg;

	f->said++;
	if (len != msg_size(f, m->seq) || m->act != ACT_SAY ||
	    m->fill[0] != (uint8_t)m->seq)
		f->said_wrong++;
}

static inline struct pool_cfg
config(struct feed *f, unsigned nworkers)
{
	struct pool_cfg cfg = {
		.nworkers = nworkers,
		.grace_ms = 5000,
		.keep_fd = -1,
		.ops = &toy,
		.feed = toy_feed,
		.said = toy_said,
		.ctx = f
	};

	f->nworkers = nworkers;
	if (f->act_step == 0)
		f->act_step = 1;
	return (cfg);
}

/* Run, and see that no child is left, however it went. */
static inline int
run(struct pool_cfg cfg, struct pool_result *res, struct err *e)
{
	int rc = pool_run(&cfg, res, e);

	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
	return (rc);
}

static inline unsigned
disorder(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < POOL_WORKERS_MAX; i++)
		n += sh->seen[i].disorder;
	return (n);
}

/* What was logged so far. */
static inline const char *
logged(void)
{
	static char text[16384];
	ssize_t n = pread(log_fd, text, sizeof(text) - 1, 0);

	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	return (text);
}

static inline void
setup(void)
{
	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(sh, MAP_FAILED);
	ck_assert_int_ne(log_fd = memfd_create("log", MFD_CLOEXEC), -1);
	ck_assert_int_ne(dup2(log_fd, STDERR_FILENO), -1);
}

/* Something is in flight until fd is readable. */
static inline int
busy_wait(void *job, int fd, bool more, struct err *e)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	(void)job;
	(void)more;
	(void)e;
	(void)poll(&pfd, 1, -1);
	return (0);
}

/* A test case in which each test begins with nothing seen and logged. */
static inline TCase *
poolbed(const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_set_timeout(tc, 30);
	return (tc);
}

#endif
