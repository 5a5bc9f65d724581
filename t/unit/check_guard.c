/*
 * Nothing of a source is touched, in whatever state it is and whoever reads
 * it; and SQLite could not if it wanted to.
 */
#include "base/clock.h"
#include "db/guard.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "unit/sourcedb.h"
#include "unit/suite.h"

#define WAL		"PRAGMA journal_mode = WAL;"			\
			"PRAGMA wal_autocheckpoint = 0;"

enum {
	NOBODY = 65534
};

enum how {
	CLOSED,
	CRASHED,
	HELD
};

/* "unlink", "empty": what then happens to that companion. */
static const struct {
	const char *what;
	enum how how;
	const char *sql;
	const char *unlink;
	const char *empty;
	int64_t sum;
} states[] = {
	{ "closed, rollback", CLOSED, FILL, NULL, NULL, SUM_OLD },
	{ "closed, WAL", CLOSED, WAL FILL, NULL, NULL, SUM_OLD },
	{ "dead, WAL", CRASHED, WAL FILL, NULL, NULL, SUM_OLD },
	{ "dead, WAL, no -shm", CRASHED, WAL FILL, "-shm", NULL, SUM_OLD },
	{ "dead, WAL, empty -shm", CRASHED, WAL FILL, NULL, "-shm", SUM_OLD },
	{ "dead, checkpointed, -wal emptied", CRASHED, WAL FILL
	    "PRAGMA wal_checkpoint", NULL, "-wal", SUM_OLD },
	{ "dead, checkpointed, -wal emptied, no -shm", CRASHED, WAL FILL
	    "PRAGMA wal_checkpoint", "-shm", "-wal", SUM_OLD },
	{ "hot journal", CRASHED, FILL SPILL, NULL, NULL, SUM_OLD },
	{ "persistent journal", CRASHED, "PRAGMA journal_mode = PERSIST;"
	    FILL CHANGE, NULL, NULL, SUM_NEW },
	{ "truncated journal", CRASHED, "PRAGMA journal_mode = TRUNCATE;"
	    FILL CHANGE, NULL, NULL, SUM_NEW },
	{ "zero bytes beside a log", CRASHED, WAL FILL, NULL, "", -1 },
	{ "live, WAL", HELD, WAL FILL, NULL, NULL, SUM_OLD },
	{ "live, WAL, in a transaction", HELD, WAL FILL SPILL, NULL, NULL,
	    SUM_OLD },
	{ "live, WAL, just checkpointed", HELD, WAL FILL
	    "PRAGMA wal_checkpoint", NULL, NULL, SUM_OLD },
	{ "live, rollback, in a transaction", HELD, FILL "BEGIN;" CHANGE,
	    NULL, NULL, SUM_OLD },
};

static void
change_companion(const char *suffix, bool empty)
{
	char *path;

	if (suffix == NULL)
		return;
	path = beside(source, suffix);
	if (!empty)
		ck_assert_int_eq(unlink(path), 0);
	else {
		/* Another mode than the database's, which SQLite mends. */
		ck_assert_int_eq(truncate(path, 0), 0);
		ck_assert_int_eq(chmod(path, 0604), 0);
	}
	free(path);
}

static pid_t
make_state(int i)
{
	pid_t pid = -1;

	switch (states[i].how) {
	case CLOSED:
		make_db(source, states[i].sql);
		break;
	case CRASHED:
		crash_db(source, states[i].sql);
		break;
	case HELD:
		pid = hold_db(source, states[i].sql);
		break;
	}
	change_companion(states[i].unlink, false);
	change_companion(states[i].empty, true);
	return (pid);
}

static void
put_stat(struct buf *b, const char *path, const char *name)
{
	struct stat st;

	ck_assert_int_eq(lstat(path, &st), 0);
	buf_printf(b, "%s ino %lu mode %o uid %u size %ld mtime %ld.%09ld "
	    "ctime %ld.%09ld\n", name, (unsigned long)st.st_ino,
	    st.st_mode, st.st_uid, (long)st.st_size, (long)st.st_mtim.tv_sec,
	    st.st_mtim.tv_nsec, (long)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
}

/* All that can be seen of the source's directory; *b must be empty. */
static void
look(struct buf *b)
{
	char *dir = mem_printf("%s/s", scratch), *path;
	struct buf bytes = { 0 };
	struct dirent **list;
	int i, n;

	put_stat(b, dir, ".");
	n = scandir(dir, &list, NULL, alphasort);
	ck_assert_int_ge(n, 3);
	for (i = 0; i < n; i++) {
		path = mem_printf("%s/%s", dir, list[i]->d_name);
		if (list[i]->d_name[0] != '.') {
			put_stat(b, path, list[i]->d_name);
			read_path(path, &bytes);
			buf_printf(b, "%016lx\n", (unsigned long)hash64(
			    bytes.data, bytes.len));
		}
		free(path);
		free(list[i]);
	}
	free(list);
	free(dir);
	buf_fini(&bytes);
}

/* Twice: what the first reader leaves, the second one would meet. */
static void
take_twice(int64_t sum)
{
	struct image_reader *r = new_reader(8 << 20, IMAGE_CHECK_NONE);
	struct image img;
	int i;

	for (i = 0; i < 2; i++) {
		must_take(r, source, &img);
		ck_assert_int_eq(image_query(&img, "SELECT sum(v) FROM t"),
		    sum);
	}
	image_free(r);
}

static void
take_as_nobody(int64_t sum)
{
	int status;
	pid_t pid;

	ck_assert_int_eq(chmod(scratch, 0777), 0);
	ck_assert_int_ne(pid = fork(), -1);
	if (pid == 0) {
		if (setgid(NOBODY) == -1 || setuid(NOBODY) == -1)
			_exit(2);
		take_twice(sum);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

static void
expect_untouched(int i, bool as_nobody)
{
	struct buf before = { 0 }, after = { 0 };
	pid_t pid = make_state(i);

	look(&before);
	if (as_nobody)
		take_as_nobody(states[i].sum);
	else
		take_twice(states[i].sum);
	look(&after);
	if (strcmp(buf_str(&before), buf_str(&after)) != 0)
		ck_abort_msg("%s:\n%s%s", states[i].what, buf_str(&before),
		    buf_str(&after));
	if (pid != -1)
		kill_db(pid);
	buf_fini(&before);
	buf_fini(&after);
}

START_TEST(nothing_of_a_source_is_touched)
{
	expect_untouched(_i, false);
}
END_TEST

START_TEST(nor_by_another_user)
{
	if (geteuid() == 0)
		expect_untouched(_i, true);
}
END_TEST

START_TEST(the_access_time_stays)
{
	struct stat before, after;

	make_db(source, FILL);
	ck_assert_int_eq(stat(source, &before), 0);
	take_twice(SUM_OLD);
	ck_assert_int_eq(stat(source, &after), 0);
	ck_assert_mem_eq(&before.st_atim, &after.st_atim,
	    sizeof(before.st_atim));
}
END_TEST

START_TEST(what_only_its_owner_may_read_is_denied)
{
	struct image_reader *r;
	struct image img;
	struct err e;
	int status;
	char *name;
	pid_t pid;

	if (geteuid() != 0)
		return;
	pid = hold_db(source, WAL FILL);
	name = beside(source, _i == 0 ? "" : _i == 1 ? "-wal" : "-shm");
	ck_assert_int_eq(chmod(name, 0600), 0);
	if (fork() == 0) {
		if (setgid(NOBODY) == -1 || setuid(NOBODY) == -1)
			_exit(2);
		r = new_reader(8 << 20, IMAGE_CHECK_NONE);
		_exit(image_take(r, source, &img, &e) == -1 &&
		    e.cls == ERR_DENIED ? 0 : 1);
	}
	ck_assert_int_ne(wait(&status), -1);
	ck_assert_int_eq(status, 0);
	kill_db(pid);
	free(name);
}
END_TEST

/* What a SQLite that is told to write gets. */
START_TEST(sqlite_cannot_write)
{
	static const char *const tries[] = {
		"INSERT INTO t VALUES (NULL, 1, 1)",
		"PRAGMA journal_mode = WAL",
		"VACUUM",
		"ATTACH 'new.db' AS n; CREATE TABLE n.t (v)",
	};
	struct buf before = { 0 }, after = { 0 };
	sqlite3 *db = NULL;
	struct err e;
	int i;

	make_db(source, FILL);
	look(&before);
	ck_assert_int_eq(guard_install(&e), 0);
	ck_assert_int_eq(guard_install(&e), 0);
	ck_assert_int_eq(sqlite3_open(source, &db), SQLITE_OK);
	for (i = 0; i < LENGTH(tries); i++)
		(void)sqlite3_exec(db, tries[i], NULL, NULL, NULL);
	(void)sqlite3_close(db);
	look(&after);
	ck_assert_str_eq(buf_str(&before), buf_str(&after));
	buf_fini(&before);
	buf_fini(&after);
}
END_TEST

static sqlite3_syscall_ptr
call(const char *name)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

	return (vfs->xGetSystemCall(vfs, name));
}

START_TEST(opening_for_more_than_reading_is_refused)
{
	static const int flags[] = { O_RDWR, O_WRONLY, O_RDONLY | O_CREAT,
	    O_RDONLY | O_TRUNC, O_RDWR | O_CREAT };
	int (*sys_open)(const char *, int, int);
	struct stat st;
	struct err e;
	int fd, i;

	make_db(source, FILL);
	ck_assert_int_eq(guard_install(&e), 0);
	sys_open = (int (*)(const char *, int, int))call("open");
	for (i = 0; i < LENGTH(flags); i++) {
		ck_assert_int_eq(sys_open(source, flags[i], 0644), -1);
		ck_assert_int_eq(errno, EACCES);
	}
	ck_assert_int_ne(fd = sys_open(source, O_RDONLY, 0), -1);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_gt(st.st_size, 0);
	(void)close(fd);
}
END_TEST

START_TEST(calls_that_change_something_are_refused)
{
	int (*sys_unlink)(const char *);
	int (*sys_ftruncate)(int, off_t);
	ssize_t (*sys_write)(int, const void *, size_t);
	ssize_t (*sys_pwrite)(int, const void *, size_t, off_t);
	int (*sys_mkdir)(const char *, mode_t);
	struct buf before = { 0 }, after = { 0 };
	struct err e;
	int fd;

	make_db(source, FILL);
	look(&before);
	ck_assert_int_ne(fd = open(source, O_RDWR), -1);
	ck_assert_int_eq(guard_install(&e), 0);
	sys_unlink = (int (*)(const char *))call("unlink");
	ck_assert_int_eq(sys_unlink(source), -1);
	ck_assert_int_eq(errno, EPERM);
	sys_ftruncate = (int (*)(int, off_t))call("ftruncate");
	ck_assert_int_eq(sys_ftruncate(fd, 0), -1);
	sys_write = (ssize_t (*)(int, const void *, size_t))call("write");
	ck_assert_int_eq(sys_write(fd, "x", 1), -1);
	sys_pwrite = (ssize_t (*)(int, const void *, size_t,
	    off_t))call("pwrite");
	if (sys_pwrite != NULL)
		ck_assert_int_eq(sys_pwrite(fd, "x", 1, 0), -1);
	sys_pwrite = (ssize_t (*)(int, const void *, size_t,
	    off_t))call("pwrite64");
	if (sys_pwrite != NULL)
		ck_assert_int_eq(sys_pwrite(fd, "x", 1, 0), -1);
	sys_mkdir = (int (*)(const char *, mode_t))call("mkdir");
	ck_assert_int_eq(sys_mkdir("new", 0755), -1);
	(void)close(fd);
	look(&after);
	ck_assert_str_eq(buf_str(&before), buf_str(&after));
	buf_fini(&before);
	buf_fini(&after);
}
END_TEST

START_TEST(the_exemption_lets_sqlite_write)
{
	sqlite3 *db = NULL;
	struct err e;

	ck_assert_int_eq(guard_install(&e), 0);
	ck_assert_int_eq(sqlite3_open(source, &db), SQLITE_CANTOPEN);
	(void)sqlite3_close(db);
	ck_assert(!guard_exempt(true));
	db = open_db(source);
	run_sql(db, FILL);
	(void)sqlite3_close(db);
	ck_assert(guard_exempt(false));
	take_twice(SUM_OLD);
}
END_TEST

START_TEST(sqlite_waits_no_longer_than_it_may)
{
	sqlite3_vfs *vfs;
	struct err e;
	int64_t began = clock_mono_ms();
	int i;

	ck_assert_int_eq(guard_install(&e), 0);
	vfs = sqlite3_vfs_find(NULL);
	guard_patience(clock_mono_ms() + 30);
	for (i = 0; i < 1000; i++)
		(void)vfs->xSleep(vfs, 20 * 1000);
	ck_assert_int_lt(clock_mono_ms() - began, 10 * 1000);
	ck_assert_int_ge(clock_mono_ms() - began, 20);
	guard_patience(INT64_MAX);
	began = clock_mono_ms();
	(void)vfs->xSleep(vfs, 20 * 1000);
	ck_assert_int_ge(clock_mono_ms() - began, 19);
}
END_TEST

START_TEST(the_last_descriptor_and_error_are_told)
{
	sqlite3 *db = NULL;
	struct stat st, fst;
	struct err e;

	make_db(source, FILL);
	ck_assert_int_eq(guard_install(&e), 0);
	guard_forget();
	ck_assert_int_eq(guard_last_fd(), -1);
	ck_assert_int_eq(sqlite3_open_v2(source, &db, SQLITE_OPEN_READONLY,
	    NULL), SQLITE_OK);
	ck_assert_int_eq(fstat(guard_last_fd(), &fst), 0);
	ck_assert_int_eq(stat(source, &st), 0);
	ck_assert(st.st_ino == fst.st_ino);
	ck_assert_int_eq(guard_last_errno(), 0);
	(void)sqlite3_close(db);
	ck_assert_int_eq(sqlite3_open_v2("/nowhere/x", &db,
	    SQLITE_OPEN_READONLY, NULL), SQLITE_CANTOPEN);
	ck_assert_int_eq(guard_last_errno(), ENOENT);
	(void)sqlite3_close(db);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("guard");

	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, scratch_make, scratch_remove);
	tcase_add_loop_test(tc, nothing_of_a_source_is_touched, 0,
	    LENGTH(states));
	tcase_add_loop_test(tc, nor_by_another_user, 0, LENGTH(states));
	tcase_add_test(tc, the_access_time_stays);
	tcase_add_loop_test(tc, what_only_its_owner_may_read_is_denied, 0, 3);
	tcase_add_test(tc, sqlite_cannot_write);
	tcase_add_test(tc, opening_for_more_than_reading_is_refused);
	tcase_add_test(tc, calls_that_change_something_are_refused);
	tcase_add_test(tc, the_exemption_lets_sqlite_write);
	tcase_add_test(tc, sqlite_waits_no_longer_than_it_may);
	tcase_add_test(tc, the_last_descriptor_and_error_are_told);
	return (run_suite(tc));
}
