/*
 * SQLite's exclusive lock, and nothing beside the file that it is held on.
 */
#include "db/fold.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "unit/olddb.h"
#include "unit/suite.h"

static char *dir, *path;

static void
setup(void)
{
	scratch_make();
	dir = mem_printf("%s/case", scratch);
	path = mem_printf("%s/t.db", dir);
}

static void
teardown(void)
{
	free(dir);
	free(path);
	scratch_remove();
}

START_TEST(who_has_locked_it_is_waited_for_until_the_deadline)
{
	int64_t begin_ms = clock_mono_ms();
	struct sqlite3 *mine, *db;
	struct err e;

	old_make(dir, _i == 0 ? OLD_ROLLBACK : OLD_WAL);
	mine = open_db(path);
	run_sql(mine, _i == 0 ? "BEGIN IMMEDIATE" : "SELECT * FROM w");
	ck_assert_int_eq(fold_lock(path, begin_ms + 100, &db, &e), -1);
	ck_assert_int_eq(e.cls, ERR_BUSY);
	ck_assert_int_ge(clock_mono_ms(), begin_ms + 100);
	ck_assert_int_eq(sqlite3_close(mine), SQLITE_OK);
	ck_assert_int_eq(fold_lock(path, 0, &db, &e), 1);
	fold_unlock(db);
}
END_TEST

START_TEST(while_it_is_held_nobody_reads)
{
	struct sqlite3 *mine, *db;
	struct err e;

	old_make(dir, OLD_DEAD_WAL);
	ck_assert_int_eq(fold_lock(path, 0, &db, &e), 1);
	ck_assert_int_eq(sqlite3_open(path, &mine), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(mine, "SELECT * FROM w", NULL, NULL,
	    NULL), SQLITE_BUSY);
	fold_unlock(db);
	run_sql(mine, "SELECT * FROM w");
	sqlite3_close(mine);
}
END_TEST

START_TEST(what_is_damaged_is_left_alone)
{
	struct sqlite3 *db;
	struct buf before, after;
	struct err e;

	old_make(dir, _i);
	before = bytes_of(path, "");
	ck_assert_int_eq(fold_lock(path, 0, &db, &e), 0);
	ck_assert_ptr_null(db);
	after = bytes_of(path, "");
	ck_assert(same(&before, &after));
	buf_fini(&before);
	buf_fini(&after);
}
END_TEST

static void
await_stop(pid_t pid)
{
	int st;

	ck_assert_int_eq(waitpid(pid, &st, WUNTRACED), pid);
	ck_assert(WIFSTOPPED(st));
}

START_TEST(a_file_that_is_exchanged_meanwhile_is_not_the_locked_one)
{
	char *other = mem_printf("%s/other.db", dir);
	struct sqlite3 *db;
	struct err e;
	pid_t pid;
	int st;

	old_make(dir, OLD_ROLLBACK);
	make_db(other, "DELETE", "other");
	ck_assert_int_ne(pid = fork(), -1);
	if (pid == 0) {
		(void)setenv("LITEFLEET_HOOK", "replace-locked=stop", 1);
		_exit(fold_lock(path, INT64_MAX, &db, &e));
	}
	await_stop(pid);
	ck_assert_int_eq(rename(other, path), 0);
	(void)kill(pid, SIGCONT);
	await_stop(pid);	/* it begins again */
	(void)kill(pid, SIGCONT);
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
	ck_assert(WIFEXITED(st) && WEXITSTATUS(st) == 1);
	free(other);
}
END_TEST

START_TEST(a_wal_that_appears_before_the_lock_is_folded_too)
{
	struct sqlite3 *db;
	struct err e;
	pid_t pid;
	char *w;
	int st;

	old_make(dir, OLD_ROLLBACK);
	ck_assert_int_ne(pid = fork(), -1);
	if (pid == 0) {
		(void)setenv("LITEFLEET_HOOK", "replace-unwalled=stop", 1);
		_exit(fold_lock(path, INT64_MAX, &db, &e));
	}
	await_stop(pid);
	do_and_die(path, "PRAGMA journal_mode=WAL; UPDATE w SET w='late'");
	ck_assert(is_there(path, "-wal"));
	(void)kill(pid, SIGCONT);
	await_stop(pid);
	(void)kill(pid, SIGCONT);
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
	ck_assert(WIFEXITED(st) && WEXITSTATUS(st) == 1);
	ck_assert(!is_there(path, "-wal"));
	w = word_of(path);
	ck_assert_pstr_eq(w, "late");
	free(w);
}
END_TEST

/* So one that is busy has not been changed. */
START_TEST(wal_mode_is_left_under_the_lock_only)
{
	struct sqlite3 *mine, *db;
	struct err e;
	pid_t pid;
	int st;

	old_make(dir, _i == 0 ? OLD_WAL : OLD_DEAD_WAL);
	ck_assert_int_ne(pid = fork(), -1);
	if (pid == 0) {
		(void)setenv("LITEFLEET_HOOK", "replace-unwalled=stop", 1);
		_exit(fold_lock(path, 0, &db, &e));
	}
	await_stop(pid);
	ck_assert_int_eq(sqlite3_open(path, &mine), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(mine, "BEGIN; SELECT * FROM w", NULL,
	    NULL, NULL), SQLITE_BUSY);
	(void)kill(pid, SIGCONT);
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
	ck_assert(WIFEXITED(st) && WEXITSTATUS(st) == 1);
	sqlite3_close(mine);
}
END_TEST

START_TEST(a_commit_before_the_lock_is_folded_too)
{
	struct sqlite3 *db;
	struct err e;
	pid_t pid;
	char *w;
	int st;

	old_make(dir, OLD_DEAD_WAL);
	ck_assert_int_ne(pid = fork(), -1);
	if (pid == 0) {
		(void)setenv("LITEFLEET_HOOK", "replace-checkpointed=stop", 1);
		_exit(fold_lock(path, 0, &db, &e));
	}
	await_stop(pid);
	do_and_die(path, "UPDATE w SET w='later'");
	(void)kill(pid, SIGCONT);
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
	ck_assert(WIFEXITED(st) && WEXITSTATUS(st) == 1);
	ck_assert(!is_there(path, "-wal"));
	w = word_of(path);
	ck_assert_pstr_eq(w, "later");
	free(w);
}
END_TEST

/* What has its names by then is another's. */
START_TEST(giving_the_lock_back_removes_nothing)
{
	struct sqlite3 *db;
	struct err e;

	old_make(dir, _i);
	ck_assert_int_eq(fold_lock(path, 0, &db, &e), 1);
	put_bytes(path, "-journal", "new", 3);
	put_bytes(path, "-wal", "new", 3);
	put_bytes(path, "-shm", "new", 3);
	fold_unlock(db);
	ck_assert(is_there(path, "-journal"));
	ck_assert(is_there(path, "-wal"));
	ck_assert(is_there(path, "-shm"));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("fold");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc,
	    who_has_locked_it_is_waited_for_until_the_deadline, 0, 2);
	tcase_add_test(tc, while_it_is_held_nobody_reads);
	tcase_add_loop_test(tc, what_is_damaged_is_left_alone, OLD_DAMAGED,
	    OLD_ONLY_COMPANIONS);
	tcase_add_test(tc,
	    a_file_that_is_exchanged_meanwhile_is_not_the_locked_one);
	tcase_add_test(tc, a_wal_that_appears_before_the_lock_is_folded_too);
	tcase_add_loop_test(tc, wal_mode_is_left_under_the_lock_only, 0, 2);
	tcase_add_test(tc, a_commit_before_the_lock_is_folded_too);
	tcase_add_loop_test(tc, giving_the_lock_back_removes_nothing, 0,
	    OLD_DAMAGED);
	return (run_suite(tc));
}
