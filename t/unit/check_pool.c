/*
 * Messages on their way to workers and back, and what a worker is given.
 */
#include <dirent.h>
#include <sys/prctl.h>

#include "unit/poolbed.h"

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
			if (is_ours_fd(atoi(d->d_name)) &&
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

int
main(void)
{
	TCase *tc = poolbed("pool");

	tcase_add_loop_test(tc, every_message_arrives_once_and_in_order, 0, 3);
	tcase_add_loop_test(tc, each_segment_has_one_owner, 0, 3);
	tcase_add_test(tc, a_stopped_worker_does_not_hold_up_the_feed);
	tcase_add_test(tc, floods_in_both_directions_pass_each_other);
	tcase_add_loop_test(tc,
	    a_worker_keeps_nothing_but_its_channel_and_the_lock, 0, 3);
	return (run_suite(tc));
}
