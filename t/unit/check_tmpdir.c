/*
 * Opening and closing a store for writing, and what lies in .litefleet/tmp.
 * mkdirat(2) and flock(2) are replaced here, so that somebody can come in
 * between, and clock_gettime(2), so that this host's clock is not the store's.
 */
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "unit/storebed.h"

static int nintrusions, nremovals;
static time_t ahead_s;		/* this host's clock */

int
mkdirat(int dirfd, const char *path, mode_t mode)
{
	if (nintrusions > 0 && strcmp(path, ".litefleet/tmp/w0") == 0) {
		nintrusions--;
		ck_assert_int_eq(unlinkat(dirfd, ".litefleet/tmp",
		    AT_REMOVEDIR), 0);
		ck_assert_int_eq(unlinkat(dirfd, ".litefleet",
		    AT_REMOVEDIR), 0);
	}
	return ((int)syscall(SYS_mkdirat, dirfd, path, mode));
}

int
flock(int fd, int operation)
{
	if (nremovals > 0) {
		nremovals--;
		ck_assert_int_eq(rmdir(at(".litefleet/tmp/w0")), 0);
	}
	return ((int)syscall(SYS_flock, fd, operation));
}

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	int ret = (int)syscall(SYS_clock_gettime, id, ts);

	if (id == CLOCK_REALTIME)
		ts->tv_sec += ahead_s;
	return (ret);
}

START_TEST(a_closed_store_leaves_nothing_that_was_not_put)
{
	struct store *s = open_tag("w0");

	put(s, "a/b", "x");
	store_close(s);
	ck_assert_int_eq(count("."), 0);
}
END_TEST

START_TEST(leftovers_go_and_the_work_of_others_stays)
{
	struct timespec old[2] = { { 0 } };
	struct store *s;

	ck_assert_int_eq(mkdir(at(".litefleet"), 0700), 0);
	ck_assert_int_eq(mkdir(at(".litefleet/tmp"), 0700), 0);
	ck_assert_int_eq(mkdir(at(".litefleet/tmp/w0"), 0700), 0);
	ck_assert_int_eq(mkdir(at(".litefleet/tmp/old"), 0700), 0);
	ck_assert_int_eq(mkdir(at(".litefleet/tmp/new"), 0700), 0);
	write_file(".litefleet/tmp/w0/0", "x");
	write_file(".litefleet/tmp/old/0", "x");
	write_file(".litefleet/tmp/new/0", "x");
	old[0].tv_sec = old[1].tv_sec = clock_real_ms() / 1000 - 25 * 3600;
	ck_assert_int_eq(utimensat(AT_FDCWD, at(".litefleet/tmp/old"), old,
	    0), 0);
	s = open_tag("w0");
	ck_assert_int_eq(count(".litefleet/tmp/w0"), 0);
	ck_assert(!exists(".litefleet/tmp/old"));
	ck_assert(exists(".litefleet/tmp/new/0"));
	put(s, "a", "a");
	all_safe(s);
	store_close(s);
	ck_assert(exists(".litefleet/tmp/new/0"));
}
END_TEST

START_TEST(who_is_at_work_is_not_dead_when_the_clock_is_set_forward)
{
	struct store *s = open_tag("w0"), *other;

	write_file(".litefleet/tmp/w0/mine", "x");
	ahead_s = 25 * 3600;
	other = open_tag("w1");
	ahead_s = 0;
	ck_assert(exists(".litefleet/tmp/w0/mine"));
	put(s, "a", "a");
	all_safe(s);
	store_close(other);
	store_close(s);
}
END_TEST

/* Two that prune; or a state that was copied. */
START_TEST(two_writers_of_one_tag_do_not_meet)
{
	struct store *s = open_tag("w0"), *other;

	write_file(".litefleet/tmp/w0/mine", "x");
	other = open_tag("w0");
	ck_assert(exists(".litefleet/tmp/w0/mine"));
	ck_assert_int_eq(count(".litefleet/tmp"), 2);
	put(s, "a", "a");
	put(other, "b", "b");
	all_safe(other);
	store_close(other);
	ck_assert(exists(".litefleet/tmp/w0/mine"));
	all_safe(s);
	holds(s, "a", "a");
	holds(s, "b", "b");
	store_close(s);
	ck_assert(!exists(".litefleet/tmp"));
}
END_TEST

START_TEST(one_who_closes_leaves_a_place_for_who_opens)
{
	struct store *s;

	nremovals = 3;
	s = open_tag("w0");
	ck_assert_int_eq(nremovals, 0);
	put(s, "a", "a");
	all_safe(s);
	store_close(s);
}
END_TEST

START_TEST(the_own_directory_stays_whatever_the_clocks_say)
{
	struct store *s;

	ck_assert_int_eq(mkdir(at(".litefleet"), 0700), 0);
	ck_assert_int_eq(mkdir(at(".litefleet/tmp"), 0700), 0);
	ck_assert_int_eq(mkdir(at(".litefleet/tmp/other"), 0700), 0);
	ahead_s = 25 * 3600;
	s = open_tag("w0");
	ck_assert(exists(".litefleet/tmp/w0"));
	ck_assert(!exists(".litefleet/tmp/other"));
	store_close(s);
}
END_TEST

START_TEST(a_temporary_directory_that_was_swept_away_is_made_again)
{
	struct store *s = open_tag("w0");
	struct err e;
	int fd;

	ck_assert_int_eq(rmdir(at(".litefleet/tmp/w0")), 0);
	put(s, "a", "a");
	all_safe(s);
	holds(s, "a", "a");
	ck_assert_int_eq(rmdir(at(".litefleet/tmp/w0")), 0);
	fd = store_spool(s, &e);
	ck_assert_int_ne(fd, -1);
	put_fd(s, "b", fd);
	all_safe(s);
	holds(s, "b", "");
	store_close(s);
}
END_TEST

START_TEST(a_writer_that_leaves_may_take_empty_directories_along)
{
	struct store *s;

	nintrusions = 3;
	s = open_tag("w0");
	ck_assert_int_eq(nintrusions, 0);
	put(s, "a", "a");
	all_safe(s);
	store_close(s);
}
END_TEST

START_TEST(a_full_store_is_found_out_when_it_is_opened)
{
	struct err e;
	char *big = mem_zero(65536);
	int fd;

	if (!mount_small("size=64k"))
		SKIP("only root can mount a small file system");
	fd = open(at("filler"), O_WRONLY | O_CREAT, 0600);
	ck_assert_int_eq(write(fd, big, 65536), 65536);
	io_close(&fd);
	ck_assert_ptr_null(try_open(root, false, "w0", &e));
	ck_assert_int_eq(e.cls, ERR_SPACE);
	ck_assert_ptr_nonnull(strstr(e.msg, root));
	ck_assert_ptr_nonnull(strstr(e.msg, "not writable"));
	ck_assert_int_eq(count("."), 1);
	free(big);
}
END_TEST

START_TEST(a_read_only_file_system_is_read_and_not_written)
{
	struct store *s;
	struct err e;

	if (!mount_small("size=64k"))
		SKIP("only root can mount a small file system");
	s = open_tag("w0");
	put(s, "a", "a");
	all_safe(s);
	store_close(s);
	ck_assert_int_eq(mount(NULL, root, NULL, MS_REMOUNT | MS_RDONLY,
	    NULL), 0);
	ck_assert_ptr_null(try_open(root, true, "w0", &e));
	ck_assert_int_eq(e.cls, ERR_DENIED);
	ck_assert_ptr_nonnull(strstr(e.msg, "Read-only file system"));
	s = open_tag(NULL);
	holds(s, "a", "a");
	store_close(s);
}
END_TEST

START_TEST(a_directory_of_somebody_else_is_not_writable)
{
	char want[200];
	struct err e;

	ck_assert_int_eq(chmod(root, 0755), 0);
	if (!become_nobody())
		SKIP("only root can become another user");
	ck_assert_ptr_null(try_open(root, true, "w0", &e));
	ck_assert_int_eq(e.cls, ERR_DENIED);
	(void)snprintf(want, sizeof(want), "store %s: not writable: "
	    "Permission denied", root);
	ck_assert_str_eq(e.msg, want);
}
END_TEST

START_TEST(writers_that_come_and_go_do_not_disturb_each_other)
{
	struct store *s;
	char tag[8], name[48];
	struct err e = { 0 };
	pid_t pid[4];
	int w, i, status;

	for (w = 0; w < 4; w++) {
		if ((pid[w] = fork()) != 0)
			continue;
		(void)snprintf(tag, sizeof(tag), "w%d", w);
		for (i = 0; i < 50; i++) {
			if ((s = try_open(root, false, tag, &e)) == NULL)
				_exit(1);
			(void)snprintf(name, sizeof(name), "d/e/%d.%d", w, i);
			put(s, name, name);
			if (settle(s, &e) != 0)
				_exit(2);
			take_away(s, name);
			if (settle(s, &e) != 0)
				_exit(3);
			store_close(s);
		}
		_exit(0);
	}
	for (w = 0; w < 4; w++) {
		ck_assert_int_eq(waitpid(pid[w], &status, 0), pid[w]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_int_eq(count("."), 0);
}
END_TEST

START_TEST(a_missing_directory_is_gone_unless_it_may_be_made)
{
	struct store *s;
	struct stat st;
	struct err e;
	char path[160];

	(void)snprintf(path, sizeof(path), "%s/new/deep", root);
	ck_assert_ptr_null(try_open(path, false, "w0", &e));
	ck_assert_int_eq(e.cls, ERR_GONE);
	ck_assert_ptr_nonnull(strstr(e.msg, path));
	ck_assert(!exists("new"));
	s = try_open(path, true, "w0", &e);
	ck_assert_msg(s != NULL, "%s", e.msg);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0700);
	ck_assert_str_eq(store_name(s), path);
	ck_assert(store_has_components(s));
	store_close(s);
}
END_TEST

START_TEST(a_file_is_no_store)
{
	char name[301];
	struct err e;

	write_file("file", "");
	ck_assert_ptr_null(try_open(at("file"), true, "w0", &e));
	ck_assert_int_eq(e.cls, ERR_STATE);
	ck_assert_ptr_nonnull(strstr(e.msg, "is not a directory"));
	ck_assert_ptr_null(try_open(at("file/x"), true, "w0", &e));
	ck_assert_int_eq(e.cls, ERR_STATE);
	/* A name that no directory can have is a wrong URL. */
	(void)snprintf(name, sizeof(name), "%0300d", 0);
	ck_assert_ptr_null(try_open(at(name), false, "w0", &e));
	ck_assert_int_eq(e.cls, ERR_USAGE);
	ck_assert_ptr_null(try_open(at(name), true, "w0", &e));
	ck_assert_int_eq(e.cls, ERR_USAGE);
}
END_TEST

int
main(void)
{
	TCase *tc = storebed("tmpdir");

	tcase_add_test(tc, a_closed_store_leaves_nothing_that_was_not_put);
	tcase_add_test(tc, leftovers_go_and_the_work_of_others_stays);
	tcase_add_test(tc, two_writers_of_one_tag_do_not_meet);
	tcase_add_test(tc, one_who_closes_leaves_a_place_for_who_opens);
	tcase_add_test(tc,
	    who_is_at_work_is_not_dead_when_the_clock_is_set_forward);
	tcase_add_test(tc, the_own_directory_stays_whatever_the_clocks_say);
	tcase_add_test(tc,
	    a_temporary_directory_that_was_swept_away_is_made_again);
	tcase_add_test(tc,
	    a_writer_that_leaves_may_take_empty_directories_along);
	tcase_add_test(tc, a_full_store_is_found_out_when_it_is_opened);
	tcase_add_test(tc, a_read_only_file_system_is_read_and_not_written);
	tcase_add_test(tc, a_directory_of_somebody_else_is_not_writable);
	tcase_add_test(tc,
	    writers_that_come_and_go_do_not_disturb_each_other);
	tcase_add_test(tc, a_missing_directory_is_gone_unless_it_may_be_made);
	tcase_add_test(tc, a_file_is_no_store);
	return (run_suite(tc));
}
