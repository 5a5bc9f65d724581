/*
 * How deep a walk gets, with how many descriptors, and what it does where a
 * path has no room for more.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fleet/trail.h"
#include "unit/forest.h"

/*
 * Make a chain of n directories "name", each with a file x.db if "files", and
 * return a descriptor of the last.
 */
static int
make_chain(const char *name, size_t n, bool files)
{
	int fd, sub, file;

	fd = open(top, O_RDONLY | O_DIRECTORY);
	ck_assert_int_ne(fd, -1);
	for (; n > 0; n--) {
		ck_assert_int_eq(mkdirat(fd, name, 0755), 0);
		sub = openat(fd, name, O_RDONLY | O_DIRECTORY);
		ck_assert_int_ne(sub, -1);
		(void)close(fd);
		fd = sub;
		if (!files)
			continue;
		ck_assert_int_eq(mkdirat(fd, "side", 0755), 0);
		file = openat(fd, "side/x.db", O_CREAT | O_WRONLY, 0600);
		ck_assert_int_ne(file, -1);
		(void)close(file);
	}
	return (fd);
}

START_TEST(a_thousand_levels_take_few_descriptors)
{
	static const char *const pattern[] = { "**/*.db" };
	struct rlimit few, old;

	(void)close(make_chain("d", 1000, true));
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = old;
	few.rlim_cur = 64;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	ck_assert_int_eq(walk_by(1, pattern), 0);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	ck_assert_uint_eq(nfaults, 0);
	ck_assert_uint_eq(nlines, 1000);
	ck_assert_uint_eq(strlen(lines[0]), 2000 + strlen("side/x.db"));
}
END_TEST

/* Go n directories "d" deep. */
static void
go_down(struct trail *t, size_t n)
{
	struct pattern_pos pos = { 0, false };
	struct stat st;
	int fd;

	fd = open(top, O_RDONLY | O_DIRECTORY);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(fstat(fd, &st), 0);
	(void)trail_push(t, fd, &st, top, pos);
	for (; n > 0; n--) {
		fd = openat(trail_fd(t), "d", O_RDONLY | O_DIRECTORY);
		ck_assert_int_ne(fd, -1);
		ck_assert_int_eq(fstat(fd, &st), 0);
		(void)trail_push(t, fd, &st, trail_path(t, "d", 1), pos);
	}
}

START_TEST(a_closed_directory_is_opened_again)
{
	struct trail t = { 0 };
	struct stat st;

	(void)close(make_chain("d", TRAIL_FDS + 4, false));
	go_down(&t, TRAIL_FDS + 4);
	while (t.ndirs > 3)
		trail_pop(&t);
	ck_assert_int_eq(trail_last(&t)->fd, -1);
	ck_assert_int_ne(trail_fd(&t), -1);
	ck_assert_int_eq(fstat(trail_fd(&t), &st), 0);
	ck_assert_uint_eq(st.st_ino, trail_last(&t)->ino);
	trail_fini(&t);
}
END_TEST

START_TEST(a_directory_in_the_place_of_another_is_not_taken_for_it)
{
	struct trail t = { 0 };
	char *old = at("d"), *away = at("away");

	(void)close(make_chain("d", TRAIL_FDS + 4, false));
	go_down(&t, TRAIL_FDS + 4);
	while (t.ndirs > 3)
		trail_pop(&t);
	ck_assert_int_eq(rename(old, away), 0);
	ck_assert_int_eq(trail_fd(&t), -1);
	ck_assert_int_eq(errno, ENOENT);
	make_dir("d/d/d");
	ck_assert_int_eq(trail_fd(&t), -1);
	ck_assert_int_eq(errno, ENOENT);
	trail_fini(&t);
	free(old);
	free(away);
}
END_TEST

START_TEST(no_descriptor_is_left_open)
{
	static const char *const pattern[] = { "**/*.db" };
	int before, after;

	(void)close(make_chain("d", 40, true));
	before = dup(0);
	(void)close(before);
	ck_assert_int_eq(walk_by(1, pattern), 0);
	walk_result = 1;
	ck_assert_int_eq(walk_by(1, pattern), 1);
	after = dup(0);
	(void)close(after);
	ck_assert_int_eq(before, after);
}
END_TEST

START_TEST(without_descriptors_the_walk_says_so)
{
	static const char *const pattern[] = { "*/*.db" };
	struct rlimit few, old;

	make_file("d/x.db");
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = old;
	few.rlim_cur = 3;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	ck_assert_int_eq(walk_by(1, pattern), -1);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	ck_assert_uint_eq(nfaults, 0);
	ck_assert_int_eq(last_fault.cls, ERR_IO);
}
END_TEST

START_TEST(too_long_a_path_is_a_fault_that_names_it)
{
	static const char *const patterns[] = { "**/*.db", "d*/**/*.db" };
	char name[256], file[256];
	size_t left, levels;
	int fd, f;

	memset(name, 'd', 255);
	name[255] = '\0';
	/* Directories as far as they go, and two files: one fits exactly. */
	levels = (PATH_MAX - 1 - strlen(top) - 20) / 256;
	left = PATH_MAX - 1 - strlen(top) - levels * 256 - 1;
	fd = make_chain(name, levels, false);
	memset(file, 'f', left);
	memcpy(file + left - 3, ".db", 4);
	f = openat(fd, file, O_CREAT | O_WRONLY, 0600);
	ck_assert_int_ne(f, -1);
	(void)close(f);
	ck_assert_int_eq(walk_by(2, patterns), 0);
	ck_assert_uint_eq(nlines, 1);
	ck_assert_uint_eq(nfaults, 0);
	file[0] = 'g';
	memcpy(file + left - 3, "x.db", 5);
	f = openat(fd, file, O_CREAT | O_WRONLY, 0600);
	ck_assert_int_ne(f, -1);
	(void)close(f);
	ck_assert_int_eq(walk_by(2, patterns), 0);
	ck_assert_uint_eq(nlines, 1);
	ck_assert_uint_eq(nfaults, 1);
	ck_assert_int_eq(last_fault.cls, ERR_LIMIT);
	ck_assert_ptr_nonnull(strstr(last_fault.msg, file));
	/* So for a directory, whatever is in it. */
	ck_assert_int_eq(unlinkat(fd, file, 0), 0);
	ck_assert_int_eq(mkdirat(fd, name, 0755), 0);
	ck_assert_int_eq(walk_by(2, patterns), 0);
	ck_assert_uint_eq(nlines, 1);
	ck_assert_uint_eq(nfaults, 1);
	ck_assert_int_eq(last_fault.cls, ERR_LIMIT);
	(void)close(fd);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_thousand_levels_take_few_descriptors,
		a_closed_directory_is_opened_again,
		a_directory_in_the_place_of_another_is_not_taken_for_it,
		no_descriptor_is_left_open,
		without_descriptors_the_walk_says_so,
		too_long_a_path_is_a_fault_that_names_it,
	};

	return (forest_main("trail", tests, LENGTH(tests)));
}
