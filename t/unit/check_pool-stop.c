/*
 * Signals to the supervisor: what ends, how soon, and what stays as it was.
 */
#include <sys/syscall.h>

#include "unit/poolbed.h"

/* A worker's end, after its last word, is replaced here. */
static bool term_at_exit;

void
_exit(int status)
{
	if (term_at_exit)
		(void)kill(getppid(), SIGTERM);
	for (;;)
		(void)syscall(SYS_exit_group, status);
}

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

START_TEST(a_signal_after_the_last_word_cuts_nothing_short)
{
	struct feed f = { .nmsgs = 10, .raise_at = -1 };
	struct pool_result res;
	struct err e;

	term_at_exit = true;
	ck_assert_int_eq(run(config(&f, 1), &res, &e), 0);
	term_at_exit = false;
	ck_assert_int_eq(res.signal, 0);
	ck_assert_uint_eq(res.unstarted, 0);
	ck_assert_uint_eq(sh->seen[0].closes, 1);
	ck_assert_str_eq(logged(), "");
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

int
main(void)
{
	TCase *tc = poolbed("stop");

	tcase_add_test(tc, term_ends_the_run_with_grace);
	tcase_add_test(tc,
	    what_is_in_flight_after_the_last_message_gets_the_grace);
	tcase_add_test(tc, a_long_message_can_see_the_stop);
	tcase_add_test(tc, a_signal_after_the_last_word_cuts_nothing_short);
	tcase_add_test(tc, a_second_term_kills);
	tcase_add_test(tc, an_echo_of_a_signal_does_not_kill);
	tcase_add_test(tc, who_does_not_end_in_time_is_killed);
	tcase_add_test(tc, a_signal_before_the_first_message_is_kept);
	tcase_add_test(tc, handlers_are_put_back);
	tcase_add_test(tc, an_ignored_interrupt_stays_ignored);
	return (run_suite(tc));
}
