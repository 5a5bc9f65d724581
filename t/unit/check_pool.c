/*
 * The pool with toy workers: they count what comes, and die, hang or fail
 * where a message says so.  What they saw lies in shared memory.
 */
#include "proc/pool.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/mem.h"

enum act {
	ACT_NOTHING,
	ACT_SEGV,		/* with the path in hand */
	ACT_EXIT,		/* status 0, with the path in hand */
	ACT_SEGV_IDLE,		/* with nothing in hand */
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

static bool
is_quarantined(const char *path)
{
	for (unsigned i = 0; i < sh->nquarantined; i++)
		if (strcmp(sh->quarantined[i], path) == 0)
			return (true);
	return (false);
}

static int
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

static int
toy_quarantine(void *job, const char *path, const char *how, struct err *e)
{
	struct job *j = job;

	(void)e;
	(void)snprintf(j->seen->how, sizeof(j->seen->how), "%s", how);
	if (sh->nquarantined < NQUARANTINED)
		(void)snprintf(sh->quarantined[sh->nquarantined++], 32, "%s",
		    path);
	return (0);
}

static void
hang(void)
{
	for (;;)
		(void)pause();
}

static void
term(struct job *j)
{
	(void)kill(getppid(), SIGTERM);
	while (!worker_stopping(j->env->worker))
		clock_sleep_ms(1);
}

static int
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

static int
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

static int
toy_wait(void *job, int fd, bool more, struct err *e)
{
	(void)more;
	(void)job;
	(void)fd;
	(void)e;
	return (0);
}

static int
toy_drain(void *job, int64_t grace_ms, struct err *e)
{
	struct job *j = job;

	(void)e;
	j->seen->drains++;
	j->seen->grace_ms = grace_ms;
	return (0);
}

static void
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

static size_t
msg_size(const struct feed *f, unsigned seq)
{
	if (f->size != 0)
		return (f->size);
	return (MSG_MIN + (seq * 7919u) % (POOL_MSG_MAX - MSG_MIN + 1));
}

/* Post message "seq" to worker w. */
static void
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
static void
await_stop(const struct feed *f)
{
	volatile pid_t *pid = &sh->seen[f->act_worker].pid;
	siginfo_t si;

	while (*pid == 0)
		clock_sleep_ms(1);
	ck_assert_int_eq(waitid(P_PID, (id_t)*pid, &si, WSTOPPED | WNOWAIT),
	    0);
}

static int
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

static void
toy_said(void *ctx, const void *msg, size_t len)
{
	struct feed *f = ctx;
	const struct msg *m = msg;

	f->said++;
	if (len != msg_size(f, m->seq) || m->act != ACT_SAY ||
	    m->fill[0] != (uint8_t)m->seq)
		f->said_wrong++;
}

static struct pool_cfg
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
static int
run(struct pool_cfg cfg, struct pool_result *res, struct err *e)
{
	int rc = pool_run(&cfg, res, e);

	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
	return (rc);
}

static unsigned
disorder(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < POOL_WORKERS_MAX; i++)
		n += sh->seen[i].disorder;
	return (n);
}

/* What was logged so far. */
static const char *
logged(void)
{
	static char text[16384];
	ssize_t n = pread(log_fd, text, sizeof(text) - 1, 0);

	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	return (text);
}

static void
setup(void)
{
	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(sh, MAP_FAILED);
	ck_assert_int_ne(log_fd = memfd_create("log", MFD_CLOEXEC), -1);
	ck_assert_int_ne(dup2(log_fd, STDERR_FILENO), -1);
}

static const unsigned sizes[] = { 1, 3, 64 };

START_TEST(every_message_arrives_once_and_in_order)
{
	struct feed f = { .nmsgs = 300, .raise_at = -1 };
	unsigned n = sizes[_i];
	struct pool_result res;
	struct err e;

	f.nmsgs = n == 64 ? 50 : 400;
	ck_assert_int_eq(run(config(&f, n), &res, &e), 0);
	for (unsigned i = 0; i < n; i++) {
		ck_assert_uint_eq(sh->seen[i].opens, 1);
		ck_assert_uint_eq(sh->seen[i].agains, 0);
		ck_assert_uint_eq(sh->seen[i].all_msgs, f.nmsgs);
		ck_assert_uint_eq(sh->seen[i].drains, 1);
		ck_assert_int_eq(sh->seen[i].grace_ms, -1);
		ck_assert_uint_eq(sh->seen[i].closes, 1);
	}
	ck_assert_uint_eq(disorder(), 0);
	ck_assert_uint_eq(f.calls, 1);
	ck_assert_uint_eq(f.wanted[0], POOL_SEGMENTS);
	ck_assert_uint_eq(res.count[TALLY_LOOKED], n * f.nmsgs);
	ck_assert_uint_eq(res.deaths, 0);
	ck_assert_int_eq(res.signal, 0);
	ck_assert_uint_eq(res.unstarted, 0);
	ck_assert_str_eq(logged(), "");
}
END_TEST

static int
owner_feed(void *ctx, struct pool *pool, const bool want[POOL_SEGMENTS],
    struct err *e)
{
	unsigned *owner = ctx;

	(void)e;
	for (unsigned s = 0; s < POOL_SEGMENTS; s++)
		owner[s] = want[s] ? pool_owner(pool, s) : POOL_WORKERS_MAX;
	return (0);
}

START_TEST(each_segment_has_one_owner)
{
	unsigned owner[POOL_SEGMENTS], n = sizes[_i], end = 0;
	struct feed f = { .raise_at = -1 };
	struct pool_cfg cfg = config(&f, n);
	struct pool_result res;
	struct err e;

	cfg.feed = owner_feed;
	cfg.said = NULL;
	cfg.ctx = owner;
	ck_assert_int_eq(run(cfg, &res, &e), 0);
	for (unsigned i = 0; i < n; i++) {
		ck_assert_uint_eq(sh->seen[i].first_seg, end);
		end = sh->seen[i].end_seg;
		ck_assert_uint_gt(end, sh->seen[i].first_seg);
		for (unsigned s = sh->seen[i].first_seg; s < end; s++)
			ck_assert_uint_eq(owner[s], i);
	}
	ck_assert_uint_eq(end, POOL_SEGMENTS);
}
END_TEST

static const struct {
	enum act act;
	const char *how;
	const char *line;
} deaths[] = {
	{ ACT_SEGV, "signal 11", "litefleet: error: worker 1 died of signal 11 "
	    "(Segmentation fault) while reading /data/70.db: it is left out "
	    "for now, the others go on\n" },
	{ ACT_EXIT, "exit status 0", "litefleet: error: worker 1 left with "
	    "status 0 and no word while reading /data/70.db: it is left out "
	    "for now, the others go on\n" },
	{ ACT_CUT_OFF, "signal 9", "litefleet: error: worker 1 died of "
	    "signal 9 (Killed) while reading /data/70.db: it is left out for "
	    "now, the others go on\n" },
};

START_TEST(a_dead_workers_range_goes_on_without_the_path)
{
	struct feed f = { .nmsgs = 200, .act = deaths[_i].act, .act_worker = 1,
	    .act_seq = 70, .nacts = 1, .raise_at = -1 };
	const struct seen *s = &sh->seen[1];
	struct pool_result res;
	struct err e;

	ck_assert_int_eq(run(config(&f, 3), &res, &e), 0);
	ck_assert_uint_eq(disorder(), 0);
	ck_assert_uint_eq(sh->seen[0].all_msgs, 200);
	ck_assert_uint_eq(sh->seen[2].all_msgs, 200);
	ck_assert_uint_eq(s->all_msgs, 71 + 200);
	ck_assert_uint_eq(s->msgs, 200);
	ck_assert_uint_eq(s->opens, 2);
	ck_assert_uint_eq(s->agains, 1);
	ck_assert_uint_eq(sh->nquarantined, 1);
	ck_assert_str_eq(sh->quarantined[0], "/data/70.db");
	ck_assert_str_eq(s->how, deaths[_i].how);
	ck_assert_uint_eq(f.calls, 2);
	ck_assert_uint_eq(f.wanted[1], s->end_seg - s->first_seg);
	/* Looked at again, but stored once. */
	ck_assert_uint_eq(res.count[TALLY_LOOKED], 600);
	ck_assert_uint_eq(res.count[TALLY_FAILED], 1);
	ck_assert_uint_eq(res.count[TALLY_SYNCED], 400 + 70);
	ck_assert_uint_eq(res.count[TALLY_REFRESHED], 199);
	ck_assert_uint_eq(res.count[TALLY_BYTES_READ], 470 * DB_BYTES);
	ck_assert_uint_eq(res.count[TALLY_BYTES_STORED], 470 * DB_BYTES / 2);
	ck_assert_uint_eq(res.deaths, 1);
	ck_assert_str_eq(logged(), deaths[_i].line);
}
END_TEST

static int
dying_drain(void *job, int64_t grace_ms, struct err *e)
{
	struct job *j = job;

	if (j->env->index == 2 && !j->env->again) {
		tally_take(j->env->tally, "/data/7.db", TALLY_STORE);
		(void)raise(SIGKILL);
	}
	return (toy_drain(job, grace_ms, e));
}

START_TEST(a_death_while_draining_is_taken_over_too)
{
	struct feed f = { .nmsgs = 10, .raise_at = -1 };
	struct pool_cfg cfg = config(&f, 3);
	struct job_ops ops = toy;
	struct pool_result res;
	struct err e;

	ops.drain = dying_drain;
	cfg.ops = &ops;
	ck_assert_int_eq(run(cfg, &res, &e), 0);
	ck_assert_uint_eq(sh->seen[2].all_msgs, 20);
	ck_assert_uint_eq(sh->seen[1].all_msgs, 10);
	ck_assert_uint_eq(res.count[TALLY_LOOKED], 30);
	ck_assert_uint_eq(res.deaths, 1);
	ck_assert_str_eq(sh->quarantined[0], "/data/7.db");
	ck_assert_str_eq(sh->seen[2].how, "signal 9");
}
END_TEST

START_TEST(deaths_with_progress_between_are_survived)
{
	struct feed f = { .nmsgs = 100, .act = ACT_SEGV, .act_seq = 3,
	    .act_step = 2, .nacts = POOL_DEATHS_MAX + 4, .raise_at = -1 };
	struct pool_result res;
	struct err e;

	ck_assert_int_eq(run(config(&f, 2), &res, &e), 0);
	ck_assert_uint_eq(res.deaths, POOL_DEATHS_MAX + 4);
	ck_assert_uint_eq(res.count[TALLY_FAILED], POOL_DEATHS_MAX + 4);
	ck_assert_uint_eq(res.count[TALLY_LOOKED], 200);
	ck_assert_uint_eq(disorder(), 0);
}
END_TEST

START_TEST(a_death_with_nothing_in_hand_ends_the_run)
{
	struct feed f = { .nmsgs = 50, .act = ACT_SEGV_IDLE, .act_worker = 1,
	    .act_seq = 20, .nacts = 1, .raise_at = -1 };
	struct pool_result res;
	struct err e;

	ck_assert_int_eq(run(config(&f, 2), &res, &e), -1);
	ck_assert_int_eq(e.cls, ERR_BUG);
	ck_assert_str_eq(e.msg, "worker 1 died of signal 11 (Segmentation "
	    "fault), with no database in its hand");
	ck_assert_uint_eq(sh->seen[1].opens, 1);
	ck_assert_uint_eq(res.deaths, 0);
}
END_TEST

/* Quarantine does not help; "progress" makes each life look different. */
static bool progress;

static int
dying_quarantine(void *job, const char *path, const char *how, struct err *e)
{
	struct job *j = job;

	(void)how;
	(void)e;
	if (progress)
		tally_add(j->env->tally, TALLY_LOOKED, ++sh->lives);
	tally_take(j->env->tally, path, TALLY_RECORD);
	(void)raise(SIGABRT);
	return (0);
}

START_TEST(sixteen_deaths_in_a_row_end_the_run)
{
	struct feed f = { .nmsgs = 10, .act = ACT_SEGV, .act_worker = 1,
	    .act_seq = 3, .nacts = 1, .raise_at = -1 };
	struct pool_cfg cfg = config(&f, 2);
	struct job_ops ops = toy;
	struct pool_result res;
	struct err e;

	progress = _i == 1;
	ops.quarantine = dying_quarantine;
	cfg.ops = &ops;
	ck_assert_int_eq(run(cfg, &res, &e), -1);
	ck_assert_int_eq(e.cls, ERR_BUG);
	ck_assert_ptr_ne(strstr(e.msg, "16 workers died in a row"), NULL);
	ck_assert_ptr_ne(strstr(e.msg, "worker 1, died of signal 6 (Aborted) "
	    "while recording /data/3.db"), NULL);
	/* The first two may differ in what the other worker did. */
	ck_assert_uint_ge(res.deaths, POOL_DEATHS_MAX);
	ck_assert_uint_le(res.deaths, POOL_DEATHS_MAX + 2);
}
END_TEST

START_TEST(a_workers_fatal_error_ends_the_run)
{
	struct feed f = { .nmsgs = 5000, .act = ACT_FATAL, .act_worker = 2,
	    .act_seq = 5, .nacts = 2, .raise_at = -1 };
	struct pool_result res;
	struct err e;

	ck_assert_int_eq(run(config(&f, 3), &res, &e), -1);
	ck_assert_int_eq(e.cls, ERR_NETWORK);
	ck_assert_str_eq(e.msg, "the store said no to /data/5.db");
	ck_assert_uint_eq(sh->seen[2].opens, 1);
	ck_assert_uint_eq(sh->seen[2].all_msgs, 6);
	ck_assert_uint_eq(sh->seen[2].closes, 1);
	/* The others had their end in order, with the short grace. */
	ck_assert_uint_eq(sh->seen[0].drains, 1);
	ck_assert_int_eq(sh->seen[0].grace_ms, POOL_FAIL_GRACE_MS);
	ck_assert_int_eq(res.signal, 0);
	ck_assert_str_eq(logged(), "");
}
END_TEST

static int
failing_open(void *cfg, const struct worker_env *env, void **job,
    struct err *e)
{
	if (env->index != 1)
		return (toy_open(cfg, env, job, e));
	err_set(e, ERR_STATE, "segment 7 is another host's");
	return (-1);
}

static int
failing_drain(void *job, int64_t grace_ms, struct err *e)
{
	const struct job *j = job;

	if (j->env->index != 1)
		return (toy_drain(job, grace_ms, e));
	err_set(e, ERR_SPACE, "no room for the last record");
	return (-1);
}

START_TEST(an_error_at_either_end_of_a_worker_ends_the_run)
{
	struct feed f = { .nmsgs = 10, .raise_at = -1 };
	struct pool_cfg cfg = config(&f, 3);
	struct job_ops ops = toy;
	struct pool_result res;
	struct err e;

	if (_i == 0)
		ops.open = failing_open;
	else
		ops.drain = failing_drain;
	cfg.ops = &ops;
	ck_assert_int_eq(run(cfg, &res, &e), -1);
	ck_assert_int_eq(e.cls, _i == 0 ? ERR_STATE : ERR_SPACE);
	ck_assert_str_eq(e.msg, _i == 0 ? "segment 7 is another host's" :
	    "no room for the last record");
}
END_TEST

/* Something is in flight until fd is readable. */
static int
busy_wait(void *job, int fd, bool more, struct err *e)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	(void)job;
	(void)more;
	(void)e;
	(void)poll(&pfd, 1, -1);
	return (0);
}

START_TEST(only_the_first_error_counts)
{
	struct feed f = { .nmsgs = 10, .act = ACT_FATAL, .nacts = 1,
	    .act_seq = 9, .raise_at = -1 };
	struct pool_cfg cfg = config(&f, 2);
	struct job_ops ops = toy;
	struct pool_result res;
	struct err e;

	/* Worker 1 drains because worker 0 has failed, and fails then. */
	ops.wait = busy_wait;
	ops.drain = failing_drain;
	cfg.ops = &ops;
	ck_assert_int_eq(run(cfg, &res, &e), -1);
	ck_assert_int_eq(e.cls, ERR_NETWORK);
	ck_assert_int_eq(res.signal, 0);
}
END_TEST

START_TEST(an_error_of_the_feed_ends_the_run)
{
	struct feed f = { .nmsgs = 10, .fail = true, .raise_at = -1 };
	struct pool_result res;
	struct err e;

	ck_assert_int_eq(run(config(&f, 2), &res, &e), -1);
	ck_assert_int_eq(e.cls, ERR_IO);
	ck_assert_str_eq(e.msg, "the walk fell over");
	ck_assert_uint_eq(sh->seen[0].drains, 1);
	ck_assert_uint_eq(sh->seen[1].drains, 1);
}
END_TEST

START_TEST(term_ends_the_run_with_grace)
{
	struct feed f = { .nmsgs = 500, .size = POOL_MSG_MAX, .act = ACT_STOP,
	    .act_seq = 1, .nacts = 1, .wake_stopped = true, .raise_at = 250 };
	struct pool_result res;
	uint64_t begun;
	struct err e;

	ck_assert_int_eq(run(config(&f, 2), &res, &e), 0);
	ck_assert_int_eq(res.signal, SIGTERM);
	for (int i = 0; i < 2; i++) {
		ck_assert_uint_eq(sh->seen[i].drains, 1);
		ck_assert_int_eq(sh->seen[i].grace_ms, 5000);
		ck_assert_uint_eq(sh->seen[i].closes, 1);
	}
	begun = sh->seen[0].all_msgs + sh->seen[1].all_msgs;
	ck_assert_uint_eq(begun + res.unstarted, f.posted);
	/* Worker 0 had one in hand, and got none of those behind it. */
	ck_assert_uint_eq(sh->seen[0].all_msgs, 2);
	ck_assert_uint_eq(res.count[TALLY_LOOKED], begun);
	ck_assert_uint_eq(disorder(), 0);
	ck_assert_str_eq(logged(), "");
}
END_TEST

static int
interrupting_wait(void *job, int fd, bool more, struct err *e)
{
	if (!more)
		(void)kill(getppid(), SIGINT);
	return (more ? 0 : busy_wait(job, fd, more, e));
}

START_TEST(what_is_in_flight_after_the_last_message_gets_the_grace)
{
	struct feed f = { .nmsgs = 10, .raise_at = -1 };
	struct pool_cfg cfg = config(&f, 1);
	struct job_ops ops = toy;
	struct pool_result res;
	struct err e;

	ops.wait = interrupting_wait;
	cfg.ops = &ops;
	cfg.grace_ms = 4321;
	ck_assert_int_eq(run(cfg, &res, &e), 0);
	ck_assert_int_eq(res.signal, SIGINT);
	ck_assert_int_eq(sh->seen[0].grace_ms, 4321);
	ck_assert_uint_eq(sh->seen[0].all_msgs, 10);
}
END_TEST

START_TEST(a_long_message_can_see_the_stop)
{
	struct feed f = { .nmsgs = 10, .act = ACT_TERM, .act_seq = 3,
	    .nacts = 1, .raise_at = -1 };
	struct pool_result res;
	struct err e;

	ck_assert_int_eq(run(config(&f, 1), &res, &e), 0);
	ck_assert_int_eq(res.signal, SIGTERM);
	ck_assert_uint_eq(sh->seen[0].all_msgs, 4);
	ck_assert_uint_eq(sh->seen[0].drains, 1);
}
END_TEST

START_TEST(a_second_term_kills)
{
	struct feed f = { .nmsgs = 10, .act = ACT_TERM_TWICE_SLOWLY,
	    .act_seq = 3, .nacts = 1, .raise_at = -1 };
	int64_t start_ms = clock_mono_ms();
	struct pool_result res;
	struct err e;

	ck_assert_int_eq(run(config(&f, 2), &res, &e), 0);
	ck_assert_int_eq(res.signal, SIGTERM);
	ck_assert_int_lt(clock_mono_ms() - start_ms, 4000);
	ck_assert_uint_eq(sh->seen[0].drains, 0);
	ck_assert_uint_eq(sh->seen[1].drains, 1);
	ck_assert_uint_eq(res.deaths, 0);
	ck_assert_str_eq(logged(), "");
}
END_TEST

START_TEST(an_echo_of_a_signal_does_not_kill)
{
	struct feed f = { .nmsgs = 10, .act = ACT_TERM_TWICE, .act_seq = 3,
	    .nacts = 1, .raise_at = -1 };
	struct pool_result res;
	struct err e;

	/* On a busy machine an echo may come late; not five times. */
	for (int i = 0; i < 5 && sh->seen[0].drains == 0; i++) {
		ck_assert_int_eq(run(config(&f, 2), &res, &e), 0);
		ck_assert_int_eq(res.signal, SIGTERM);
	}
	ck_assert_uint_eq(sh->seen[0].drains, 1);
}
END_TEST

START_TEST(who_does_not_end_in_time_is_killed)
{
	struct feed f = { .nmsgs = 10, .act = ACT_TERM_HANG, .act_seq = 3,
	    .nacts = 1, .raise_at = -1 };
	struct pool_cfg cfg = config(&f, 2);
	struct pool_result res;
	struct err e;

	cfg.grace_ms = 10;
	ck_assert_int_eq(run(cfg, &res, &e), 0);
	ck_assert_int_eq(res.signal, SIGTERM);
	ck_assert_uint_eq(sh->seen[0].drains, 0);
	ck_assert_uint_eq(sh->seen[1].drains, 1);
	ck_assert_str_eq(logged(), "litefleet: warning: worker 0 did not end "
	    "in time and was killed while reading /data/3.db\n");
}
END_TEST

START_TEST(a_signal_before_the_first_message_is_kept)
{
	struct feed f = { .nmsgs = 10, .raise_at = 0 };
	struct pool_result res;
	struct err e;

	ck_assert_int_eq(run(config(&f, 1), &res, &e), 0);
	ck_assert_int_eq(res.signal, SIGTERM);
	ck_assert_uint_eq(res.unstarted + sh->seen[0].all_msgs, 10);
}
END_TEST

static void
hang_up(int sig)
{
	(void)sig;
}

START_TEST(handlers_are_put_back)
{
	struct feed f = { .nmsgs = 1, .raise_at = -1 };
	struct pool_result res;
	struct err e;

	(void)signal(SIGTERM, hang_up);
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGCHLD, SIG_DFL);
	ck_assert_int_eq(run(config(&f, 1), &res, &e), 0);
	ck_assert_ptr_eq(signal(SIGTERM, SIG_DFL), hang_up);
	ck_assert_ptr_eq(signal(SIGINT, SIG_DFL), SIG_DFL);
	ck_assert_ptr_eq(signal(SIGCHLD, SIG_DFL), SIG_DFL);
}
END_TEST

START_TEST(an_ignored_interrupt_stays_ignored)
{
	struct feed f = { .nmsgs = 10, .raise_at = 5, .raise = SIGINT };
	struct pool_result res;
	struct err e;

	(void)signal(SIGINT, SIG_IGN);
	ck_assert_int_eq(run(config(&f, 1), &res, &e), 0);
	ck_assert_int_eq(res.signal, 0);
	ck_assert_uint_eq(sh->seen[0].all_msgs, 10);
	ck_assert_ptr_eq(signal(SIGINT, SIG_DFL), SIG_IGN);
}
END_TEST

START_TEST(a_stopped_worker_does_not_hold_up_the_feed)
{
	struct feed f = { .nmsgs = 500, .size = POOL_MSG_MAX, .act = ACT_STOP,
	    .act_seq = 1, .nacts = 1, .wake_stopped = true, .raise_at = -1 };
	struct pool_result res;
	struct err e;

	ck_assert_int_eq(run(config(&f, 2), &res, &e), 0);
	ck_assert_uint_eq(sh->seen[0].all_msgs, 500);
	ck_assert_uint_eq(sh->seen[1].all_msgs, 500);
	ck_assert_uint_eq(disorder(), 0);
}
END_TEST

START_TEST(floods_in_both_directions_pass_each_other)
{
	struct feed f = { .nmsgs = 300, .size = 60 * 1024, .act = ACT_SAY,
	    .nacts = 300, .raise_at = -1 };
	struct pool_result res;
	struct err e;

	ck_assert_int_eq(run(config(&f, 3), &res, &e), 0);
	ck_assert_uint_eq(sh->seen[0].all_msgs, 300);
	ck_assert_uint_eq(f.said, 3 * 300);
	ck_assert_uint_eq(f.said_wrong, 0);
	ck_assert_uint_eq(disorder(), 0);
}
END_TEST

/* What is open in a worker, and what it is. */
static int
nosy_open(void *cfg, const struct worker_env *env, void **job, struct err *e)
{
	struct sigaction sa;
	struct dirent *d;
	char name[32], link[64];
	ssize_t n;
	DIR *dir;

	if (env->index == 1 && (dir = opendir("/proc/self/fd")) != NULL) {
		while ((d = readdir(dir)) != NULL) {
			if (atoi(d->d_name) > 2 &&
			    atoi(d->d_name) != dirfd(dir)) {
				strcat(sh->note, d->d_name);
				strcat(sh->note, " ");
			}
		}
		(void)closedir(dir);
		n = readlink("/proc/self/fd/0", link, sizeof(link) - 1);
		link[n > 0 ? n : 0] = '\0';
		(void)prctl(PR_GET_NAME, name);
		(void)sigaction(SIGTERM, NULL, &sa);
		(void)snprintf(sh->note + strlen(sh->note), 128, "%s %s %s",
		    link, name, sa.sa_handler == SIG_IGN ? "ignored" : "-");
	}
	return (toy_open(cfg, env, job, e));
}

START_TEST(a_worker_keeps_nothing_but_its_channel_and_the_lock)
{
	struct feed f = { .nmsgs = 1, .raise_at = -1 };
	struct pool_cfg cfg = config(&f, 3);
	struct job_ops ops = toy;
	struct pool_result res;
	struct err e;
	char want[128];
	int keep, fd[3];

	ops.open = nosy_open;
	cfg.ops = &ops;
	ck_assert_int_ne(dup2(log_fd, STDIN_FILENO), -1);
	ck_assert_int_ne(dup(1), -1);
	ck_assert_int_ne(keep = dup(1), -1);
	ck_assert_int_ne(dup(1), -1);
	if (_i == 2)
		ck_assert_int_eq(keep = dup2(1, 200), 200);
	cfg.keep_fd = _i == 0 ? -1 : keep;
	/*
	 * The first pair takes the first two free descriptors and gives the
	 * second back, so worker 1 has the third.
	 */
	for (int i = 0; i < 3; i++)
		ck_assert_int_ne(fd[i] = dup(1), -1);
	for (int i = 0; i < 3; i++)
		(void)close(fd[i]);
	ck_assert_int_eq(run(cfg, &res, &e), 0);
	if (_i == 0)
		(void)snprintf(want, sizeof(want), "%d ", fd[2]);
	else
		(void)snprintf(want, sizeof(want), "%d %d ",
		    _i == 1 ? keep : fd[2], _i == 1 ? fd[2] : keep);
	strcat(want, "/dev/null litefleet-w1 ignored");
	ck_assert_str_eq(sh->note, want);
	/* And the supervisor has closed all that it opened. */
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(dup(1), fd[i]);
}
END_TEST

static int
dying_feed(void *ctx, struct pool *pool, const bool want[POOL_SEGMENTS],
    struct err *e)
{
	/* In the middle of their work, and with more in the queues. */
	(void)toy_feed(ctx, pool, want, e);
	while (sh->seen[0].msgs == 0 || sh->seen[1].msgs == 0)
		clock_sleep_ms(1);
	(void)raise(SIGKILL);
	return (0);
}

START_TEST(workers_do_not_outlive_the_supervisor)
{
	struct feed f = { .nmsgs = 100, .act = ACT_HANG, .nacts = 1,
	    .size = POOL_MSG_MAX, .raise_at = -1 };
	struct pool_cfg cfg = config(&f, 2);
	struct pollfd pfd = { .events = POLLIN };
	struct pool_result res;
	struct err e;
	int fds[2], status;
	pid_t pid;
	char c;

	ck_assert_int_eq(pipe(fds), 0);
	if ((pid = fork()) == 0) {
		cfg.feed = dying_feed;
		cfg.keep_fd = fds[1];
		(void)pool_run(&cfg, &res, &e);
		_exit(0);
	}
	io_close(&fds[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	/* EOF only when the last worker has gone, too. */
	pfd.fd = fds[0];
	ck_assert_int_eq(poll(&pfd, 1, 5000), 1);
	ck_assert_int_eq(read(fds[0], &c, 1), 0);
}
END_TEST

static Suite *
pool_suite(void)
{
	Suite *s = suite_create("pool");
	TCase *tc = tcase_create("pool");

	suite_add_tcase(s, tc);
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, every_message_arrives_once_and_in_order, 0, 3);
	tcase_add_loop_test(tc, each_segment_has_one_owner, 0, 3);
	tcase_add_loop_test(tc, a_dead_workers_range_goes_on_without_the_path,
	    0, 3);
	tcase_add_test(tc, a_death_while_draining_is_taken_over_too);
	tcase_add_test(tc, deaths_with_progress_between_are_survived);
	tcase_add_test(tc, a_death_with_nothing_in_hand_ends_the_run);
	tcase_add_loop_test(tc, sixteen_deaths_in_a_row_end_the_run, 0, 2);
	tcase_add_test(tc, a_workers_fatal_error_ends_the_run);
	tcase_add_loop_test(tc,
	    an_error_at_either_end_of_a_worker_ends_the_run, 0, 2);
	tcase_add_test(tc, only_the_first_error_counts);
	tcase_add_test(tc, an_error_of_the_feed_ends_the_run);
	tcase_add_test(tc, term_ends_the_run_with_grace);
	tcase_add_test(tc,
	    what_is_in_flight_after_the_last_message_gets_the_grace);
	tcase_add_test(tc, a_long_message_can_see_the_stop);
	tcase_add_test(tc, a_second_term_kills);
	tcase_add_test(tc, an_echo_of_a_signal_does_not_kill);
	tcase_add_test(tc, who_does_not_end_in_time_is_killed);
	tcase_add_test(tc,
	    a_signal_before_the_first_message_is_kept);
	tcase_add_test(tc, handlers_are_put_back);
	tcase_add_test(tc, an_ignored_interrupt_stays_ignored);
	tcase_add_test(tc, a_stopped_worker_does_not_hold_up_the_feed);
	tcase_add_test(tc, floods_in_both_directions_pass_each_other);
	tcase_add_loop_test(tc,
	    a_worker_keeps_nothing_but_its_channel_and_the_lock, 0, 3);
	tcase_add_test(tc, workers_do_not_outlive_the_supervisor);
	return (s);
}

int
main(void)
{
	SRunner *sr = srunner_create(pool_suite());
	int nfailed;

	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	nfailed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return (nfailed > 0);
}
