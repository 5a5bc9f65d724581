/*
 * The file beside a target: what was left goes, what others have stays.
 */
#include "db/partial.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "unit/suite.h"

static char dir[64];
static char *target;

static void
setup(void)
{
	(void)strcpy(dir, "/tmp/check_partial.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	target = mem_printf("%s/t.db", dir);
}

static void
teardown(void)
{
	struct err e;

	ck_assert_int_eq(io_remove_tree(AT_FDCWD, dir, &e), 0);
	free(target);
}

static char *
slot(int i)
{
	return (mem_printf("%s/.t.db.litefleet-%d", dir, i));
}

static bool
is_there(int i)
{
	char *name = slot(i);
	struct stat st;
	bool there = lstat(name, &st) == 0;

	free(name);
	return (there);
}

static void
open_at(struct partial *p, int i)
{
	struct err e = { 0 };
	char *want = slot(i);

	ck_assert_msg(partial_open(p, target, &e) == 0, "%s", e.msg);
	ck_assert_str_eq(p->name, want);
	free(want);
}

/* A process that has one, with something in it, and waits to be killed. */
static pid_t
holder(int i)
{
	struct partial p;
	struct err e;
	int fds[2];
	pid_t pid;
	char c;

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_ne(pid = fork(), -1);
	if (pid == 0) {
		if (partial_open(&p, target, &e) == -1 ||
		    write(p.fd, "abc", 3) != 3 || write(fds[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			(void)pause();
	}
	(void)close(fds[1]);
	ck_assert_int_eq(read(fds[0], &c, 1), 1);
	(void)close(fds[0]);
	ck_assert(is_there(i));
	return (pid);
}

static void
end(pid_t pid)
{
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

START_TEST(what_a_killed_process_left_is_removed)
{
	struct partial p;
	struct stat st;

	end(holder(0));
	ck_assert(is_there(0));
	open_at(&p, 0);
	ck_assert_int_eq(fstat(p.fd, &st), 0);
	ck_assert_int_eq(st.st_size, 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	partial_close(&p);
	ck_assert(!is_there(0));
	partial_close(&p);
}
END_TEST

START_TEST(what_a_living_process_has_stays)
{
	pid_t one = holder(0), two = holder(1), three = holder(2);
	struct partial p;

	end(two);
	open_at(&p, 1);
	ck_assert(is_there(0) && is_there(2));
	partial_close(&p);
	end(three);
	open_at(&p, 1);
	ck_assert(is_there(0) && !is_there(2));
	partial_close(&p);
	end(one);
	open_at(&p, 0);
	partial_close(&p);
	ck_assert(!is_there(0) && !is_there(1) && !is_there(2));
}
END_TEST

static void
make(int i, mode_t mode)
{
	char *name = slot(i);

	ck_assert_int_eq(mknod(name, mode, 0), 0);
	ck_assert_int_eq(chmod(name, mode & 07777), 0);
	free(name);
}

START_TEST(what_is_not_ours_stays)
{
	char *name = slot(0), *link = slot(1);
	struct partial p;
	int i;

	ck_assert_int_eq(mkdir(name, 0700), 0);
	ck_assert_int_eq(symlink("own", link), 0);
	free(name);
	name = mem_printf("%s/own", dir);
	ck_assert_int_eq(mknod(name, S_IFREG | 0600, 0), 0);
	make(2, S_IFREG | 0640);
	make(3, S_IFIFO | 0600);
	make(4, S_IFREG | 0600);
	free(link);
	link = slot(4);
	/* Only root can give a file away. */
	i = chown(link, 65534, 65534) == 0 ? 5 : 4;
	open_at(&p, i);
	while (i-- > 0)
		ck_assert(is_there(i));
	ck_assert_int_eq(access(name, F_OK), 0);
	partial_close(&p);
	free(name);
	free(link);
}
END_TEST

START_TEST(when_it_was_renamed_the_name_is_anybodys)
{
	struct partial p, q;

	open_at(&p, 0);
	ck_assert_int_eq(rename(p.name, target), 0);
	open_at(&q, 0);
	partial_close(&p);
	ck_assert(is_there(0));
	ck_assert_int_eq(access(target, F_OK), 0);
	partial_close(&q);
	ck_assert(!is_there(0));
}
END_TEST

START_TEST(when_all_names_are_taken_it_is_busy)
{
	struct err e = { 0 };
	struct partial p;
	int i;

	for (i = 0; i < PARTIAL_FILES; i++)
		make(i, S_IFREG | 0644);
	ck_assert_int_eq(partial_open(&p, target, &e), -1);
	ck_assert_int_eq(e.cls, ERR_BUSY);
	ck_assert_ptr_nonnull(strstr(e.msg, target));
	partial_close(&p);
}
END_TEST

START_TEST(a_directory_that_takes_none_is_named)
{
	struct err e = { 0 };
	struct partial p;

	free(target);
	target = mem_printf("%s/nowhere/t.db", dir);
	ck_assert_int_eq(partial_open(&p, target, &e), -1);
	ck_assert_int_eq(e.cls, ERR_GONE);
	ck_assert_ptr_nonnull(strstr(e.msg, target));
	partial_close(&p);
}
END_TEST

/* Nobody's file is taken away while he has it. */
static void
crowd(void)
{
	struct stat st, named;
	struct partial p;
	struct err e;
	int i;

	for (i = 0; i < 1000; i++) {
		if (partial_open(&p, target, &e) == -1)
			_exit(e.cls == ERR_BUSY ? 2 : 3);
		if (fstat(p.fd, &st) == -1 || lstat(p.name, &named) == -1 ||
		    st.st_ino != named.st_ino || st.st_nlink != 1)
			_exit(4);
		partial_close(&p);
	}
	_exit(0);
}

START_TEST(many_at_once_do_not_disturb_each_other)
{
	int i, st, left = 0;
	pid_t pid;

	for (i = 0; i < 4; i++) {
		ck_assert_int_ne(pid = fork(), -1);
		if (pid == 0)
			crowd();
	}
	for (i = 0; i < 4; i++) {
		ck_assert_int_ne(wait(&st), -1);
		ck_assert_int_eq(WIFEXITED(st) ? WEXITSTATUS(st) : -1, 0);
	}
	for (i = 0; i < PARTIAL_FILES; i++)
		left += is_there(i);
	ck_assert_int_eq(left, 0);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("partial");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, what_a_killed_process_left_is_removed);
	tcase_add_test(tc, what_a_living_process_has_stays);
	tcase_add_test(tc, what_is_not_ours_stays);
	tcase_add_test(tc, when_it_was_renamed_the_name_is_anybodys);
	tcase_add_test(tc, when_all_names_are_taken_it_is_busy);
	tcase_add_test(tc, a_directory_that_takes_none_is_named);
	tcase_add_test(tc, many_at_once_do_not_disturb_each_other);
	return (run_suite(tc));
}
