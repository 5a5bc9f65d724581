/*
 * Databases that cannot be held still, and how that is said.
 */
#include "db/pin.h"

#include <sys/stat.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "unit/sourcedb.h"
#include "unit/suite.h"

START_TEST(an_exclusive_lock_is_busy_after_the_timeout)
{
	static const char *const how[] = {
		FILL "BEGIN EXCLUSIVE",
		FILL "PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE;"
		    "UPDATE t SET v = 1; COMMIT",
		"PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
		    FILL,
	};
	pid_t pid = hold_db(source, how[_i]);
	int64_t begin_ms = clock_mono_ms(), ms;

	expect_error(source, ERR_BUSY, "locked");
	ms = clock_mono_ms() - begin_ms;
	ck_assert_int_ge(ms, busy_timeout_ms);
	ck_assert_int_lt(ms, busy_timeout_ms + 5000);
	kill_db(pid);
}
END_TEST

START_TEST(a_symbolic_link_is_refused)
{
	char *link = mem_printf("%s/link", scratch);
	char *below = mem_printf("%s/a.db", link);
	char *dir = mem_printf("%s/s", scratch);

	make_db(source, FILL);
	ck_assert_int_eq(symlink(_i == 0 ? source : dir, link), 0);
	expect_error(_i == 0 ? link : below, ERR_DENIED, "symbolic link");
	free(link);
	free(below);
	free(dir);
}
END_TEST

START_TEST(companions_that_are_links_are_refused)
{
	char *wal = beside(source, "-wal"), *shm = beside(source, "-shm");
	char *elsewhere = mem_printf("%s/elsewhere", scratch);

	crash_db(source, "PRAGMA journal_mode = WAL;" FILL);
	if (_i == 0)
		ck_assert_int_eq(unlink(shm), 0);
	ck_assert_int_eq(rename(_i == 2 ? shm : wal, elsewhere), 0);
	ck_assert_int_eq(symlink(elsewhere, _i == 2 ? shm : wal), 0);
	expect_error(source, ERR_DENIED, "symbolic link");
	free(elsewhere);
	free(shm);
	free(wal);
}
END_TEST

START_TEST(what_is_no_regular_file_is_refused_at_once)
{
	if (_i == 0)
		ck_assert_int_eq(mkfifo(source, 0644), 0);
	else
		ck_assert_int_eq(mkdir(source, 0755), 0);
	expect_error(source, ERR_DENIED, "not a regular file");
	if (_i == 0)
		expect_error("/dev/null", ERR_DENIED, "not a regular file");
}
END_TEST

START_TEST(what_vanished_is_gone)
{
	char *below = beside(source, "/x.db");

	expect_error(source, ERR_GONE, source);
	write_path(source, "", 0);
	expect_error(below, ERR_GONE, below);
	free(below);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("pin");

	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, scratch_make, scratch_remove);
	tcase_add_loop_test(tc, an_exclusive_lock_is_busy_after_the_timeout,
	    0, 3);
	tcase_add_loop_test(tc, a_symbolic_link_is_refused, 0, 2);
	tcase_add_loop_test(tc, companions_that_are_links_are_refused, 0, 3);
	tcase_add_loop_test(tc, what_is_no_regular_file_is_refused_at_once, 0,
	    2);
	tcase_add_test(tc, what_vanished_is_gone);
	return (run_suite(tc));
}
