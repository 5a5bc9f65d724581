/*
 * Has a database changed?  On real files.
 */
#include "job/change.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "unit/suite.h"

static char dir[PATH_MAX];
static int dirfd_;
static struct err e;

static void
setup(void)
{
	const char *tmp = getenv("TMPDIR");
	char *real;

	(void)snprintf(dir, sizeof(dir), "%s/check-change.XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_ptr_nonnull(real = realpath(dir, NULL));
	(void)snprintf(dir, sizeof(dir), "%s", real);
	free(real);
	dirfd_ = change_open_dir(dir, &e);
	ck_assert_int_ne(dirfd_, -1);
}

static void
teardown(void)
{
	(void)close(dirfd_);
	ck_assert_int_eq(io_remove_tree(AT_FDCWD, dir, &e), 0);
}

static void
put(const char *name, const char *text)
{
	int fd = openat(dirfd_, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(close(fd), 0);
}

static struct hash128
look(const char *name, bool has_wal)
{
	struct state_stat st;

	ck_assert_int_eq(change_stat(dirfd_, name, has_wal, false, &st, &e),
	    0);
	return (state_fingerprint(&st));
}

START_TEST(the_same_file_has_the_same_fingerprint)
{
	put("x.db", "one");
	ck_assert(hash128_eq(look("x.db", false), look("x.db", false)));
	ck_assert(hash128_eq(look("x.db", false), look("x.db", true)));
}
END_TEST

START_TEST(a_write_of_the_same_size_moves_it)
{
	struct hash128 before;

	put("x.db", "one");
	before = look("x.db", true);
	clock_sleep_ms(20);
	put("x.db", "two");
	ck_assert(!hash128_eq(before, look("x.db", true)));
}
END_TEST

START_TEST(an_older_mtime_is_a_difference_too)
{
	struct timespec t[2] = { { 1000, 0 }, { 1000, 0 } };
	struct hash128 before;

	put("x.db", "one");
	before = look("x.db", true);
	ck_assert_int_eq(utimensat(dirfd_, "x.db", t, 0), 0);
	ck_assert(!hash128_eq(before, look("x.db", true)));
}
END_TEST

START_TEST(another_file_in_its_place_is_a_difference)
{
	struct timespec t[2] = { { 1000, 0 }, { 1000, 0 } };
	struct hash128 before;

	put("x.db", "one");
	ck_assert_int_eq(utimensat(dirfd_, "x.db", t, 0), 0);
	before = look("x.db", true);
	put("y.db", "one");
	ck_assert_int_eq(utimensat(dirfd_, "y.db", t, 0), 0);
	ck_assert_int_eq(renameat(dirfd_, "y.db", dirfd_, "x.db"), 0);
	ck_assert(!hash128_eq(before, look("x.db", true)));
}
END_TEST

START_TEST(a_wal_that_comes_grows_or_goes_is_a_difference)
{
	struct hash128 none, one, two;

	put("x.db", "one");
	none = look("x.db", true);
	put("x.db-wal", "frame");
	one = look("x.db", true);
	put("x.db-wal", "frames");
	two = look("x.db", true);
	ck_assert(!hash128_eq(none, one));
	ck_assert(!hash128_eq(one, two));
	ck_assert_int_eq(unlinkat(dirfd_, "x.db-wal", 0), 0);
	ck_assert(hash128_eq(none, look("x.db", true)));
}
END_TEST

START_TEST(the_wal_of_a_link_lies_beside_its_file)
{
	struct state_stat st;

	ck_assert_int_eq(mkdirat(dirfd_, "sub", 0700), 0);
	put("sub/x.db", "one");
	put("sub/x.db-wal", "frame");
	ck_assert_int_eq(symlinkat("sub/x.db", dirfd_, "l.db"), 0);
	ck_assert_int_eq(change_stat(dirfd_, "l.db", true, true, &st, &e), 0);
	ck_assert(st.has_wal);
	ck_assert_uint_eq(st.wal_size, 5);
	/* And without --follow a link is no database. */
	ck_assert_int_eq(change_stat(dirfd_, "l.db", true, false, &st, &e),
	    -1);
	ck_assert_int_eq(e.cls, ERR_GONE);
}
END_TEST

START_TEST(what_is_no_file_is_gone)
{
	struct state_stat st;

	ck_assert_int_eq(mkdirat(dirfd_, "d.db", 0700), 0);
	ck_assert_int_eq(mkfifoat(dirfd_, "f.db", 0600), 0);
	ck_assert_int_eq(change_stat(dirfd_, "d.db", true, false, &st, &e),
	    -1);
	ck_assert_int_eq(e.cls, ERR_GONE);
	ck_assert_int_eq(change_stat(dirfd_, "f.db", true, false, &st, &e),
	    -1);
	ck_assert_int_eq(e.cls, ERR_GONE);
	ck_assert_int_eq(change_stat(dirfd_, "n.db", true, false, &st, &e),
	    -1);
	ck_assert_int_eq(e.cls, ERR_GONE);
}
END_TEST

START_TEST(a_link_on_the_way_to_the_directory_is_refused)
{
	char path[PATH_MAX + 8];

	ck_assert_int_eq(mkdirat(dirfd_, "real", 0700), 0);
	ck_assert_int_eq(symlinkat("real", dirfd_, "link"), 0);
	(void)snprintf(path, sizeof(path), "%s/link", dir);
	ck_assert_int_eq(change_open_dir(path, &e), -1);
	ck_assert_int_eq(e.cls, ERR_GONE);
}
END_TEST

START_TEST(a_name_of_255_bytes_has_no_wal)
{
	char name[256];

	memset(name, 'x', 255);
	name[255] = '\0';
	put(name, "one");
	(void)look(name, true);
}
END_TEST

static const struct {
	int64_t age_ns;
	bool racy;
} ages[] = {
	{ 0, true }, { 1, true }, { 1999999999, true }, { 2000000000, false },
	{ 5000000000, false }, { -1, true }, { -1999999999, true },
	{ -2000000000, false },
};

START_TEST(within_two_seconds_is_racy)
{
	const int64_t now = 1700000000000000000, old = 1000;
	struct state_stat st = { .mtime_ns = old, .ctime_ns = old,
	    .wal_mtime_ns = old };

	ck_assert(!change_is_racy(&st, now));
	st.mtime_ns = now - ages[_i].age_ns;
	ck_assert_int_eq(change_is_racy(&st, now), ages[_i].racy);
	st.mtime_ns = old;
	st.ctime_ns = now - ages[_i].age_ns;
	ck_assert_int_eq(change_is_racy(&st, now), ages[_i].racy);
	st.ctime_ns = old;
	st.wal_mtime_ns = now - ages[_i].age_ns;
	ck_assert(!change_is_racy(&st, now));
	st.has_wal = true;
	ck_assert_int_eq(change_is_racy(&st, now), ages[_i].racy);
}
END_TEST

/* Which ext4 can have. */
START_TEST(a_time_that_is_far_away_is_late)
{
	const struct timespec far[2] = { { .tv_sec = 13569465600 },
	    { .tv_sec = 13569465600 } };	/* 2400 */
	struct state_stat st;
	struct stat sb;

	put("a", "x");
	ck_assert_int_eq(utimensat(dirfd_, "a", far, 0), 0);
	ck_assert_int_eq(fstatat(dirfd_, "a", &sb, 0), 0);
	if (sb.st_mtim.tv_sec != far[1].tv_sec)
		return;		/* not this file system */
	ck_assert_int_eq(change_stat(dirfd_, "a", false, false, &st, &e), 0);
	ck_assert_int_eq(st.mtime_ns, INT64_MAX);
	ck_assert_int_eq(change_last_ms(&st), INT64_MAX / 1000000);
	/* By its ctime. */
	ck_assert(change_is_racy(&st, clock_real_ns()));
}
END_TEST

START_TEST(records_decide)
{
	struct hash128 fp = { 1, 2 }, other = { 1, 3 };
	struct state_rec rec = { .fingerprint = fp, .stored_ms = 5 };

	ck_assert_int_eq(change_compare(NULL, fp), CHANGE_NEW);
	ck_assert_int_eq(change_compare(&rec, fp), CHANGE_NONE);
	ck_assert_int_eq(change_compare(&rec, other), CHANGE_DIFFERS);
	rec.flags = STATE_RACY;
	ck_assert_int_eq(change_compare(&rec, fp), CHANGE_DIFFERS);
	rec.flags = 0;
	rec.fail_class = ERR_BUSY;
	ck_assert_int_eq(change_compare(&rec, fp), CHANGE_DIFFERS);
	rec.fail_class = 0;
	rec.stored_ms = 0;
	ck_assert_int_eq(change_compare(&rec, fp), CHANGE_NEW);
	rec.flags = STATE_NOT_DB;
	ck_assert_int_eq(change_compare(&rec, fp), CHANGE_NONE);
	ck_assert_int_eq(change_compare(&rec, other), CHANGE_DIFFERS);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("change");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_same_file_has_the_same_fingerprint);
	tcase_add_test(tc, a_write_of_the_same_size_moves_it);
	tcase_add_test(tc, an_older_mtime_is_a_difference_too);
	tcase_add_test(tc, another_file_in_its_place_is_a_difference);
	tcase_add_test(tc, a_wal_that_comes_grows_or_goes_is_a_difference);
	tcase_add_test(tc, the_wal_of_a_link_lies_beside_its_file);
	tcase_add_test(tc, what_is_no_file_is_gone);
	tcase_add_test(tc, a_link_on_the_way_to_the_directory_is_refused);
	tcase_add_test(tc, a_name_of_255_bytes_has_no_wal);
	tcase_add_loop_test(tc, within_two_seconds_is_racy, 0, LENGTH(ages));
	tcase_add_test(tc, a_time_that_is_far_away_is_late);
	tcase_add_test(tc, records_decide);
	return (run_suite(tc));
}
