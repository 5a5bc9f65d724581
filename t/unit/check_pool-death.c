/*
 * Workers that die, who goes on in their place, and errors that end the run.
 */
#include <sys/syscall.h>

#include "base/io.h"
#include "unit/poolbed.h"

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

/* waitpid(2) is replaced here: it finds a dead child so much later. */
static unsigned late;

pid_t
waitpid(pid_t pid, int *status, int options)
{
	if (pid > 0 && late > 0) {
		late--;
		(void)raise(SIGCHLD);
		return (0);
	}
	return ((pid_t)syscall(SYS_wait4, pid, status, options, NULL));
}

/* All is posted, and the worker dies of it, before the pool looks again. */
static int
deadly_feed(void *ctx, struct pool *pool, const bool want[POOL_SEGMENTS],
    struct err *e)
{
	volatile pid_t *pid = &sh->seen[0].pid;
	const struct feed *f = ctx;
	siginfo_t si;

	(void)toy_feed(ctx, pool, want, e);
	if (f->calls > 1)
		return (0);
	while (*pid == 0)
		clock_sleep_ms(1);
	ck_assert_int_eq(waitid(P_PID, (id_t)*pid, &si, WEXITED | WNOWAIT),
	    0);
	late = 2;
	return (0);
}

START_TEST(a_worker_whose_channel_ends_before_it_is_sent_nothing)
{
	struct feed f = { .nmsgs = 5, .act = ACT_SEGV, .act_seq = 2,
	    .nacts = 1, .raise_at = -1 };
	struct pool_cfg cfg = config(&f, 1);
	struct pool_result res;
	struct err e;

	cfg.feed = deadly_feed;
	ck_assert_int_eq(run(cfg, &res, &e), 0);
	ck_assert_uint_eq(late, 0);
	ck_assert_uint_eq(res.deaths, 1);
	ck_assert_uint_eq(sh->seen[0].all_msgs, 3 + 5);
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
	unsigned want = 100 - (POOL_DEATHS_MAX + 4);
	struct pool_result res;
	struct err e;

	ck_assert_int_eq(run(config(&f, 2), &res, &e), 0);
	ck_assert_uint_eq(res.deaths, POOL_DEATHS_MAX + 4);
	ck_assert_uint_eq(res.count[TALLY_FAILED], POOL_DEATHS_MAX + 4);
	ck_assert_uint_eq(res.count[TALLY_LOOKED], 200);
	/*
	 * What was refreshed for good stays counted: in life k, from the
	 * second on, all in front of message 2 k + 1 but those quarantined
	 * before, k - 1; in the last one all but 20.
	 */
	for (unsigned k = 2; k <= POOL_DEATHS_MAX + 4; k++)
		want += 2 * k + 1 - (k - 1);
	ck_assert_uint_eq(res.count[TALLY_REFRESHED], want);
	ck_assert_uint_eq(res.count[TALLY_SYNCED], 3 + 100);
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

/* It is killed before it has made a note of the path. */
static int
forgetful_quarantine(void *job, const char *path, const char *how,
    struct err *e)
{
	if (sh->lives++ == 0)
		(void)raise(SIGKILL);
	return (toy_quarantine(job, path, how, e));
}

START_TEST(a_worker_killed_with_nothing_in_hand_is_replaced)
{
	struct feed f = { .nmsgs = 50, .act = ACT_KILL_IDLE, .act_worker = 1,
	    .act_seq = 20, .nacts = 1, .raise_at = -1 };
	struct pool_result res;
	struct err e;

	ck_assert_int_eq(run(config(&f, 2), &res, &e), 0);
	ck_assert_uint_eq(disorder(), 0);
	ck_assert_uint_eq(sh->seen[0].all_msgs, 50);
	ck_assert_uint_eq(sh->seen[1].all_msgs, 21 + 50);
	ck_assert_uint_eq(sh->seen[1].opens, 2);
	ck_assert_uint_eq(sh->seen[1].agains, 1);
	ck_assert_uint_eq(sh->nquarantined, 0);
	ck_assert_uint_eq(res.count[TALLY_LOOKED], 100);
	ck_assert_uint_eq(res.count[TALLY_FAILED], 0);
	ck_assert_uint_eq(res.count[TALLY_SYNCED], 50 + 20);
	ck_assert_uint_eq(res.count[TALLY_REFRESHED], 50);
	ck_assert_uint_eq(res.deaths, 0);
	ck_assert_str_eq(logged(), "litefleet: warning: worker 1 died of "
	    "signal 9 (Killed), with no database in its hand (out of "
	    "memory?): another begins in its place\n");
}
END_TEST

/* One that died of a path before is named to the third one, too. */
START_TEST(a_killed_workers_killers_are_not_forgotten)
{
	struct feed f = { .nmsgs = 50, .act = ACT_SEGV, .act_worker = 1,
	    .act_seq = 20, .nacts = 1, .raise_at = -1 };
	struct pool_cfg cfg = config(&f, 2);
	struct job_ops ops = toy;
	struct pool_result res;
	struct err e;

	ops.quarantine = forgetful_quarantine;
	cfg.ops = &ops;
	ck_assert_int_eq(run(cfg, &res, &e), 0);
	ck_assert_uint_eq(sh->seen[1].opens, 3);
	ck_assert_uint_eq(sh->nquarantined, 1);
	ck_assert_str_eq(sh->quarantined[0], "/data/20.db");
	ck_assert_uint_eq(res.deaths, 1);
}
END_TEST

/* A database in use: each life stores it again. */
static int
storing_open(void *cfg, const struct worker_env *env, void **job,
    struct err *e)
{
	if (++sh->lives > 3 * POOL_DEATHS_MAX) {
		err_set(e, ERR_STATE, "nobody counts the deaths");
		return (-1);
	}
	tally_add(env->tally, TALLY_SYNCED, 1);
	return (toy_open(cfg, env, job, e));
}

START_TEST(sixteen_that_are_killed_end_the_run)
{
	struct feed f = { .nmsgs = 50, .act = ACT_KILL_IDLE_ALWAYS,
	    .act_worker = 1, .act_seq = 20, .nacts = 1, .raise_at = -1 };
	struct pool_cfg cfg = config(&f, 2);
	struct job_ops ops = toy;
	struct pool_result res;
	struct err e;

	if (_i == 1)
		ops.open = storing_open;
	cfg.ops = &ops;
	ck_assert_int_eq(run(cfg, &res, &e), -1);
	ck_assert_int_eq(e.cls, ERR_BUG);
	ck_assert_ptr_ne(strstr(e.msg, "16 workers were killed in this run"),
	    NULL);
	ck_assert_ptr_ne(strstr(e.msg, "worker 1, died of signal 9 (Killed), "
	    "with no database in its hand"), NULL);
	ck_assert_uint_eq(sh->seen[1].opens, POOL_DEATHS_MAX);
	ck_assert_uint_eq(sh->nquarantined, 0);
}
END_TEST

/* Quarantine does not help; "progress" makes each life do something first. */
static bool progress;

static int
dying_quarantine(void *job, const char *path, const char *how, struct err *e)
{
	struct job *j = job;

	(void)how;
	if (++sh->lives > 3 * POOL_DEATHS_MAX) {
		err_set(e, ERR_STATE, "nobody counts the deaths");
		return (-1);
	}
	if (progress)
		tally_add(j->env->tally, TALLY_DONE, 1);
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

int
main(void)
{
	TCase *tc = poolbed("death");

	tcase_add_loop_test(tc, a_dead_workers_range_goes_on_without_the_path,
	    0, 3);
	tcase_add_test(tc,
	    a_worker_whose_channel_ends_before_it_is_sent_nothing);
	tcase_add_test(tc, a_death_while_draining_is_taken_over_too);
	tcase_add_test(tc, deaths_with_progress_between_are_survived);
	tcase_add_test(tc, a_death_with_nothing_in_hand_ends_the_run);
	tcase_add_test(tc, a_worker_killed_with_nothing_in_hand_is_replaced);
	tcase_add_test(tc, a_killed_workers_killers_are_not_forgotten);
	tcase_add_loop_test(tc, sixteen_that_are_killed_end_the_run, 0, 2);
	tcase_add_loop_test(tc, sixteen_deaths_in_a_row_end_the_run, 0, 2);
	tcase_add_test(tc, a_workers_fatal_error_ends_the_run);
	tcase_add_loop_test(tc,
	    an_error_at_either_end_of_a_worker_ends_the_run, 0, 2);
	tcase_add_test(tc, only_the_first_error_counts);
	tcase_add_test(tc, an_error_of_the_feed_ends_the_run);
	tcase_add_test(tc, workers_do_not_outlive_the_supervisor);
	return (run_suite(tc));
}
