/*
 * The line at the bottom of a real terminal, and log lines that pass it.
 */
#include "base/term.h"

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "unit/termbed.h"

START_TEST(a_terminal_is_one_unless_it_is_dumb)
{
	int fd[2];

	ck_assert(term_able());
	(void)setenv("TERM", "dumb", 1);
	ck_assert(!term_able());
	(void)unsetenv("TERM");
	ck_assert(!term_able());
	(void)setenv("TERM", "vt100", 1);
	ck_assert_int_eq(pipe(fd), 0);
	ck_assert_int_ne(dup2(fd[1], STDERR_FILENO), -1);
	ck_assert(!term_able());
	ck_assert_uint_eq(term_columns(), 80);
}
END_TEST

START_TEST(its_width_is_asked_for_each_time)
{
	ck_assert_uint_eq(term_columns(), 80);
	resize(132);
	ck_assert_uint_eq(term_columns(), 132);
	resize(7);
	ck_assert_uint_eq(term_columns(), TERM_COLUMNS_MIN);
	term_show("0123456789");
	ck_assert_str_eq(written(), "\r\033[K012345");
	resize(9);
	term_show("0123456789");
	ck_assert_str_eq(written(), "\r\033[K01234567");
	resize(11);
	term_show("0123456789");
	ck_assert_str_eq(written(), "\r\033[K0123456789");
}
END_TEST

START_TEST(only_what_is_shown_is_cleared)
{
	term_clear();
	ck_assert_str_eq(written(), "");
	term_show("one");
	term_show("two");
	ck_assert_str_eq(written(), "\r\033[Kone\r\033[Ktwo");
	term_clear();
	ck_assert_str_eq(written(), "\r\033[K");
	term_clear();
	ck_assert_str_eq(written(), "");
}
END_TEST

START_TEST(a_log_line_wipes_it_whoever_writes)
{
	pid_t pid;

	log_warn("before");
	ck_assert_str_eq(written(), "litefleet: warning: before\n");
	term_open();
	/* This one was forked before anything was shown. */
	if ((pid = fork()) == 0) {
		(void)raise(SIGSTOP);
		log_warn("forked");
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, NULL, WUNTRACED), pid);
	term_show("a line");
	log_info("own");
	(void)kill(pid, SIGCONT);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_str_eq(written(), "\r\033[Ka line\r\033[Kown\n"
	    "\r\033[Klitefleet: warning: forked\n");
	term_show("a line");
	term_close();
	log_info("after");
	ck_assert_str_eq(written(), "\r\033[Ka line\r\033[Kafter\n");
}
END_TEST

START_TEST(a_long_log_line_is_one_write_still)
{
	static char big[3 * 4096];
	const char *s;

	memset(big, 'x', sizeof(big) - 1);
	term_open();
	log_info("%s", big);
	s = written();
	ck_assert_uint_le(strlen(s), 4096);
	ck_assert_int_eq(s[strlen(s) - 1], '\n');
}
END_TEST

START_TEST(a_background_job_leaves_the_terminal_alone)
{
	pid_t session, job;
	int status;

	if ((session = fork()) == 0) {
		(void)setsid();
		if (ioctl(STDERR_FILENO, TIOCSCTTY, 0) == -1)
			_exit(1);
		term_show("front");
		if ((job = fork()) == 0) {
			(void)setpgid(0, 0);
			term_show("back");
			_exit(0);
		}
		/* Else the terminal hangs up with the test's "~" unread. */
		(void)signal(SIGHUP, SIG_IGN);
		_exit(waitpid(job, NULL, 0) == job ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(session, &status, 0), session);
	ck_assert_int_eq(status, 0);
	{
		char text[64] = "";
		ssize_t n = read(master, text, sizeof(text) - 1);

		ck_assert_int_gt(n, 0);
		ck_assert_str_eq(text, "\r\033[Kfront");
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("term");
	TCase *tc = tcase_create("term");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, terminal, NULL);
	tcase_add_test(tc, a_terminal_is_one_unless_it_is_dumb);
	tcase_add_test(tc, its_width_is_asked_for_each_time);
	tcase_add_test(tc, only_what_is_shown_is_cleared);
	tcase_add_test(tc, a_log_line_wipes_it_whoever_writes);
	tcase_add_test(tc, a_long_log_line_is_one_write_still);
	tcase_add_test(tc, a_background_job_leaves_the_terminal_alone);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return (failed == 0 ? 0 : 1);
}
