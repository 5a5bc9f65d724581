/*
 * Lines on stderr: whole, escaped, at the wanted level.
 */
#include "base/log.h"
#include "unit/suite.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int saved_stderr, out[2];

static void
setup(void)
{
	ck_assert_int_eq(pipe(out), 0);
	saved_stderr = dup(STDERR_FILENO);
	ck_assert_int_eq(dup2(out[1], STDERR_FILENO), STDERR_FILENO);
	log_setup(LOG_LVL_INFO, false);
}

static void
teardown(void)
{
	(void)dup2(saved_stderr, STDERR_FILENO);
	(void)close(saved_stderr);
	(void)close(out[0]);
	(void)close(out[1]);
}

/* What was written since the last call. */
static const char *
said(void)
{
	static char text[2 * PIPE_BUF];
	ssize_t n;

	ck_assert_int_eq(write(out[1], "", 1), 1);
	n = read(out[0], text, sizeof(text) - 1);
	ck_assert_int_gt(n, 0);
	text[n - 1] = '\0';
	return (text);
}

START_TEST(levels_have_their_words)
{
	log_error("one %d", 1);
	log_warn("two");
	log_info("three");
	log_debug("four");
	ck_assert_str_eq(said(), "litefleet: error: one 1\n"
	    "litefleet: warning: two\nthree\n");
}
END_TEST

START_TEST(what_a_child_said_first_is_said_once)
{
	pid_t pid;

	if ((pid = fork()) == 0) {
		log_first(LOG_ONCE_MOVED, LOG_LVL_WARN, "by the child");
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	log_first(LOG_ONCE_MOVED, LOG_LVL_WARN, "again");
	log_first(LOG_ONCE_CLOCK, LOG_LVL_WARN, "another thing");
	ck_assert_str_eq(said(), "litefleet: warning: by the child\n"
	    "litefleet: warning: another thing\n");
}
END_TEST

START_TEST(quiet_leaves_warnings)
{
	log_setup(LOG_LVL_WARN, false);
	log_info("three");
	log_warn("two");
	ck_assert_str_eq(said(), "litefleet: warning: two\n");
	ck_assert(!log_wants(LOG_LVL_INFO));
}
END_TEST

START_TEST(a_path_cannot_forge_a_line)
{
	log_info("/x\nlitefleet: error: forged\x1b[2J\x7f\xc2\x9b\xff");
	ck_assert_str_eq(said(), "/x\\x0Alitefleet: error: forged\\x1B[2J"
	    "\\x7F\\xC2\\x9B\\xFF\n");
}
END_TEST

START_TEST(good_utf8_stays)
{
	log_info("/data/zo\xc3\xab.db");
	ck_assert_str_eq(said(), "/data/zo\xc3\xab.db\n");
}
END_TEST

START_TEST(a_long_line_is_cut_and_still_a_line)
{
	char big[3 * PIPE_BUF];
	const char *s;

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	log_info("%s", big);
	s = said();
	ck_assert_uint_eq(strlen(s), PIPE_BUF);
	ck_assert_int_eq(s[PIPE_BUF - 1], '\n');
}
END_TEST

static const struct {
	bool json;
	const char *piece;	/* again and again, for longer than a line */
	const char *escaped;
} cuts[] = {
	{ false, "x", "x" },
	{ false, "\xe2\x82\xac", "\xe2\x82\xac" },
	{ false, "\x1b", "\\x1B" },
	{ true, "\"", "\\\"" },
	{ true, "\n", "\\\\x0A" },
};

/* Where something else than "piece" begins. */
static const char *
skip(const char *s, const char *piece)
{
	size_t n = strlen(piece);

	while (strncmp(s, piece, n) == 0)
		s += n;
	return (s);
}

START_TEST(a_long_line_keeps_its_reason)
{
	static const char reason[] = ": the path is longer than a path is",
	    dots[] = "...";
	const char *p, *from;
	char big[2 * PIPE_BUF], *end = big;

	while (end < big + PIPE_BUF + 512)
		end = stpcpy(end, cuts[_i].piece);
	log_setup(LOG_LVL_INFO, cuts[_i].json);
	log_error("/data/%s%s", big, reason);
	from = said();
	ck_assert_uint_le(strlen(from), PIPE_BUF);
	ck_assert_uint_gt(strlen(from), PIPE_BUF - 16);
	ck_assert_ptr_nonnull(p = strstr(from, "/data/"));
	/* Whole characters on both sides of the dots. */
	p = skip(p + strlen("/data/"), cuts[_i].escaped);
	ck_assert_int_eq(strncmp(p, dots, strlen(dots)), 0);
	from = p + strlen(dots);
	p = skip(from, cuts[_i].escaped);
	ck_assert_ptr_ne(p, from);
	ck_assert_int_eq(strncmp(p, reason, strlen(reason)), 0);
	ck_assert_str_eq(p + strlen(reason), cuts[_i].json ? "\"}\n" : "\n");
}
END_TEST

START_TEST(json_lines_are_objects)
{
	const char *s;

	log_setup(LOG_LVL_INFO, true);
	log_warn("a \"quoted\" \\ and\nmore");
	s = said();
	ck_assert_ptr_eq(strstr(s, "{\"time\":\""), s);
	ck_assert_ptr_nonnull(strstr(s, "\"level\":\"warning\",\"pid\":"));
	ck_assert_ptr_nonnull(strstr(s, "\"message\":\"a \\\"quoted\\\" \\\\ "
	    "and\\\\x0Amore\"}\n"));
}
END_TEST

START_TEST(errno_is_kept)
{
	errno = EXDEV;
	log_info("x");
	ck_assert_int_eq(errno, EXDEV);
}
END_TEST

START_TEST(fatal_aborts)
{
	log_fatal("the end");
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("log");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, levels_have_their_words);
	tcase_add_test(tc, what_a_child_said_first_is_said_once);
	tcase_add_test(tc, quiet_leaves_warnings);
	tcase_add_test(tc, a_path_cannot_forge_a_line);
	tcase_add_test(tc, good_utf8_stays);
	tcase_add_test(tc, a_long_line_is_cut_and_still_a_line);
	tcase_add_loop_test(tc, a_long_line_keeps_its_reason, 0, LENGTH(cuts));
	tcase_add_test(tc, json_lines_are_objects);
	tcase_add_test(tc, errno_is_kept);
	tcase_add_test_raise_signal(tc, fatal_aborts, SIGABRT);
	return (run_suite(tc));
}
