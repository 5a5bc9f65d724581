/*
 * Where a walk goes: patterns, links, what vanishes and what cannot be read.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "fleet/recall.h"
#include "unit/forest.h"

START_TEST(the_tree_of_the_manual_is_found)
{
	make_file("data/p1/databases/d1/branches/b1/tenants/t1.db");
	make_file("data/p1/databases/d1/branches/b2/tenants/t2.db");
	make_file("data/p2/databases/d1/branches/b1/tenants/t3.db");
	make_file("data/p2/databases/d1/branches/b1/tenants/t3.db-wal");
	make_file("data/p2/databases/d1/branches/b1/tenants/notes.txt");
	make_file("data/p2/databases/d1/branches/b1/other/t4.db");
	make_file("data/p2/other/d1/branches/b1/tenants/t5.db");
	make_file("data/p3.db");
	make_file("data/p4/databases");
	expect("data/*/databases/*/branches/*/tenants/*.db",
	    "data/p1/databases/d1/branches/b1/tenants/t1.db "
	    "data/p1/databases/d1/branches/b2/tenants/t2.db "
	    "data/p2/databases/d1/branches/b1/tenants/t3.db+w");
	expect("data/p1/databases/d1/branches/b1/tenants/t1.db",
	    "data/p1/databases/d1/branches/b1/tenants/t1.db");
	expect("data/*/databases/d1/branches/b1/tenants/t3.db",
	    "data/p2/databases/d1/branches/b1/tenants/t3.db+w");
	expect("data/*/nowhere/*.db", "");
}
END_TEST

START_TEST(two_stars_are_any_depth)
{
	make_file("x.db");
	make_file("a/x.db");
	make_file("a/b/x.db");
	make_file("a/b/end/x.db");
	make_file("end/x.db");
	make_file("end/y.txt");
	expect("**/*.db", "a/b/end/x.db a/b/x.db a/x.db end/x.db x.db");
	expect("**/end/*.db", "a/b/end/x.db end/x.db");
	expect("a/**/x.db", "a/b/end/x.db a/b/x.db a/x.db");
	expect("**/a/b/x.db", "a/b/x.db");
}
END_TEST

START_TEST(links_are_followed_only_if_told)
{
	make_file("d/x.db");
	make_file("far/sub/y.db");
	make_link("../far", "d/link");
	expect("d/**/*.db", "d/x.db");
	expect("d/link/sub/*.db", "d/link/sub/y.db");
	cfg.follow = true;
	expect("d/**/*.db", "d/link/sub/y.db d/x.db");
	expect("d/*/sub/y.db", "d/link/sub/y.db");
	say_real = true;
	expect("d/**/*.db", "d/x.db far/sub/y.db");
}
END_TEST

START_TEST(a_loop_of_links_ends)
{
	make_file("d/sub/x.db");
	make_link("..", "d/sub/up");
	make_link(".", "d/sub/self");
	make_link("../..", "d/sub/above");
	make_link("b", "d/a");
	make_link("a", "d/b");
	cfg.follow = true;
	expect("d/**/*.db", "d/sub/x.db");
	/* Twice is no loop. */
	make_file("one/x.db");
	make_link("../one", "d/first");
	make_link("../one", "d/second");
	expect("d/**/*.db", "d/first/x.db d/second/x.db d/sub/x.db");
}
END_TEST

/* Directory number i of "in", with a database and links to number i + 1. */
static void
make_rung(const char *in, int i, int nlinks)
{
	char name[64], target[32];
	int k;

	(void)snprintf(name, sizeof(name), "%s/d%d/x.db", in, i);
	make_file(name);
	(void)snprintf(target, sizeof(target), "../d%d", i + 1);
	for (k = 0; k < nlinks; k++) {
		(void)snprintf(name, sizeof(name), "%s/d%d/%c", in, i,
		    'a' + k);
		make_link(target, name);
	}
}

START_TEST(a_way_of_many_links_is_a_fault)
{
	static const char *const pattern = "c/**/*.db";
	enum { NRUNGS = WALK_LINKS_MAX + 2 };
	int i;

	for (i = 0; i < NRUNGS; i++)
		make_rung("c", i, i + 1 < NRUNGS);
	cfg.follow = true;
	/* Only from the first one are there too many to the last. */
	ck_assert_int_eq(walk_by(1, &pattern), 0);
	ck_assert_uint_eq(nlines, NRUNGS * (NRUNGS + 1) / 2 - 1);
	ck_assert_uint_eq(nfaults, 1);
	ck_assert_int_eq(last_fault.cls, ERR_LIMIT);
	ck_assert_ptr_nonnull(strstr(last_fault.msg,
	    "c/d0/a/a/a/a/a/a/a/a/a:"));
}
END_TEST

START_TEST(too_many_ways_to_a_directory_are_a_fault)
{
	static const char *const pattern = "d/**/*.db";
	char name[32];
	int i;

	make_file("shared/x.db");
	make_dir("d/t");
	for (i = 0; i < WALK_WAYS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "d/t/%d", i);
		make_link("../../shared", name);
	}
	cfg.follow = true;
	ck_assert_int_eq(walk_by(1, &pattern), 0);
	ck_assert_uint_eq(nlines, WALK_WAYS_MAX);
	ck_assert_uint_eq(nfaults, 0);
	/* The others' ways are not used up. */
	make_link("../../shared", "d/t/one-more");
	make_link("../../shared", "d/t/another");
	make_dir("d/u");
	make_link("../../shared", "d/u/x");
	make_link("../shared", "d/v");
	ck_assert_int_eq(walk_by(1, &pattern), 0);
	ck_assert_uint_eq(nlines, WALK_WAYS_MAX + 2);
	ck_assert_uint_eq(nfaults, 1);
	ck_assert_int_eq(last_fault.cls, ERR_LIMIT);
	ck_assert_ptr_nonnull(strstr(last_fault.msg, "/d/t/"));
	/* And no way that is no link's is counted. */
	expect("shared/**/*.db", "shared/x.db");
}
END_TEST

START_TEST(links_do_not_multiply_without_end)
{
	static const char *const pattern = "ln/**/*.db";
	enum { NRUNGS = 30 };
	int i;

	for (i = 0; i < NRUNGS; i++)
		make_rung("ln", i, i + 1 < NRUNGS ? 9 : 0);
	cfg.follow = true;
	ck_assert_int_eq(walk_by(1, &pattern), 0);
	ck_assert_uint_ge(nlines, NRUNGS);
	ck_assert_uint_le(nlines, NRUNGS * (1 + WALK_LINKS_MAX *
	    WALK_WAYS_MAX));
	/* Each that one can begin with is told once. */
	ck_assert_uint_ge(nfaults, 1);
	ck_assert_uint_le(nfaults, NRUNGS);
}
END_TEST

START_TEST(the_literal_directory_may_be_a_link)
{
	make_file("real/sub/x.db");
	make_link("real", "link");
	expect("link/*/*.db", "link/sub/x.db");
	say_real = true;
	expect("link/*/*.db", "real/sub/x.db");
	expect("link/sub/x.db", "real/sub/x.db");
}
END_TEST

START_TEST(the_root_is_an_empty_path)
{
	expect("/etc/passw?", "/etc/passwd");
	expect("/et?/passwd", "/etc/passwd");
	make_link("/", "root");
	say_real = true;
	expect("root/et?/passwd", "/etc/passwd");
	cfg.follow = true;
	expect("root/et?/passwd", "/etc/passwd");
	/* It is one of its own parents. */
	expect("roo?/etc/passwd", "");
}
END_TEST

static bool leave_link;		/* in the place of what vanishes */

static void
vanish(const struct walk_dir *d)
{
	const char *other = strstr(d->path, "/one") != NULL ? "two" : "one";
	char *cmd = mem_printf("rm -r '%s/%s'", top, other);

	ck_assert_int_eq(system(cmd), 0);
	free(cmd);
	if (leave_link)
		make_link("three", other);
}

START_TEST(what_vanishes_is_nothing_to_speak_of)
{
	static const char *const pattern[] = { "{one,two}/*.db" };

	make_file("one/x.db");
	make_file("two/x.db");
	when_found = vanish;
	ck_assert_int_eq(walk_by(1, pattern), 0);
	ck_assert_uint_eq(nlines, 1);
	ck_assert_uint_eq(nfaults, 0);
}
END_TEST

START_TEST(a_link_put_in_the_place_of_a_directory_is_not_followed)
{
	static const char *const pattern[] = { "{one,two}/*.db" };

	make_file("one/x.db");
	make_file("two/x.db");
	make_file("three/x.db");
	leave_link = true;
	when_found = vanish;
	ck_assert_int_eq(walk_by(1, pattern), 0);
	ck_assert_uint_eq(nlines, 1);
	ck_assert_uint_eq(nfaults, 0);
}
END_TEST

START_TEST(a_literal_directory_that_vanished_is_a_fault)
{
	static const char *const patterns[] = { "nowhere/*.db", "d/*.db" };

	make_file("d/x.db");
	ck_assert_int_eq(walk_by(2, patterns), 0);
	expect_lines("d/x.db");
	ck_assert_uint_eq(nfaults, 1);
	ck_assert_int_eq(last_fault.cls, ERR_GONE);
	ck_assert_ptr_nonnull(strstr(last_fault.msg, "nowhere"));
}
END_TEST

/* In a child that is not root: 0 if it went as it should. */
static int
walk_as_nobody(void)
{
	static const char *const patterns[] = { "*/*.db", "**/*.db",
	    "closed/x.db" };
	static const char *const named[] = { "search/x.db" };

	if (geteuid() == 0 && (setgid(65534) == -1 || setuid(65534) == -1))
		return (77);
	/* "closed" and "search", by two patterns each. */
	if (walk_by(3, patterns) != 0 || nlines != 1 ||
	    strcmp(lines[0], "open/x.db") != 0)
		return (1);
	if (nfaults != 2 || last_fault.cls != ERR_DENIED)
		return (2);
	/* One may not read "search", but find what one can name. */
	if (walk_by(1, named) != 0 || nlines != 1 || nfaults != 0)
		return (3);
	return (0);
}

START_TEST(a_directory_that_may_not_be_read_is_told_once)
{
	char *closed = at("closed"), *search = at("search");
	int status;
	pid_t pid;

	make_file("closed/x.db");
	make_file("open/x.db");
	make_file("search/x.db");
	ck_assert_int_eq(chmod(closed, 0), 0);
	ck_assert_int_eq(chmod(search, 0311), 0);
	if ((pid = fork()) == 0)
		_exit(walk_as_nobody());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		printf("# skipped: no right to become another user\n");
	else
		ck_assert_int_eq(WEXITSTATUS(status), 0);
	free(closed);
	free(search);
}
END_TEST

enum {
	NLONG = 30000
};

/* Milliseconds of this process for a walk by n patterns. */
static long
walk_ms(size_t n, const char *const *patterns)
{
	clock_t began = clock();

	ck_assert_int_eq(walk_by(n, patterns), 0);
	ck_assert_uint_eq(nfaults, NLONG);
	return ((long)((clock() - began) / (CLOCKS_PER_SEC / 1000)));
}

START_TEST(many_faults_are_told_once_and_soon)
{
	static const char *const patterns[] = { "**/*.db", "*/**/*.db" };
	char name[256];
	long one_ms, two_ms;
	int dirfd, fd, i;

	/* So deep that no path of a file in it is short enough. */
	ck_assert_int_ne(dirfd = open(top, O_PATH | O_DIRECTORY), -1);
	for (i = 0; i < PATH_MAX / 251; i++) {
		(void)snprintf(name, sizeof(name), "%0250d", i);
		ck_assert_int_eq(mkdirat(dirfd, name, 0755), 0);
		fd = openat(dirfd, name, O_PATH | O_DIRECTORY);
		ck_assert_int_ne(fd, -1);
		io_close(&dirfd);
		dirfd = fd;
	}
	for (i = 0; i < NLONG; i++) {
		(void)snprintf(name, sizeof(name), "%0100d.db", i);
		ck_assert_int_ne(fd = openat(dirfd, name, O_WRONLY | O_CREAT,
		    0600), -1);
		io_close(&fd);
	}
	io_close(&dirfd);
	one_ms = walk_ms(1, patterns);
	two_ms = walk_ms(2, patterns);
	ck_assert_msg(two_ms < 4 * one_ms + 100, "%ld ms, and %ld ms by two "
	    "patterns", one_ms, two_ms);
}
END_TEST

START_TEST(found_may_end_the_walk)
{
	static const char *const patterns[] = { "{a,b}/*.db", "c/*.db" };

	make_file("a/x.db");
	make_file("b/x.db");
	make_file("c/x.db");
	walk_result = 1;
	ck_assert_int_eq(walk_by(2, patterns), 1);
	ck_assert_uint_eq(nlines, 1);
}
END_TEST

static unsigned nturns, last_turn;

static int
count_turn(void *ctx)
{
	(void)ctx;
	return (++nturns == last_turn);
}

START_TEST(it_turns_where_nothing_is_found)
{
	static const char *const pattern = "**/*.db";
	enum { NDIRS = 100 };
	char name[32];
	int i;

	for (i = 0; i < NDIRS; i++) {
		(void)snprintf(name, sizeof(name), "e/%d", i);
		make_dir(name);
	}
	cfg.turn = count_turn;
	nturns = last_turn = 0;
	expect(pattern, "");
	ck_assert_uint_ge(nturns, NDIRS);
	/* So it ends, and at once. */
	nturns = 0;
	last_turn = NDIRS / 2;
	ck_assert_int_eq(walk_by(1, &pattern), 1);
	ck_assert_uint_eq(nturns, last_turn);
}
END_TEST

START_TEST(it_turns_within_a_large_directory)
{
	static const char *const pattern = "*.db";
	struct recall *known = recall_new(1024 * 1024);
	enum { NFILES = 2000 };
	char name[32];
	unsigned all;
	int i;

	for (i = 0; i < NFILES; i++) {
		(void)snprintf(name, sizeof(name), "%d.db%s", i,
		    i % 2 == 0 ? "" : "-wal");
		make_file(name);
	}
	cfg.turn = count_turn;
	nturns = last_turn = 0;
	ck_assert_int_eq(walk_by(1, &pattern), 0);
	ck_assert_uint_eq(nlines, NFILES / 2);
	ck_assert_uint_ge(all = nturns, NFILES / 200);
	/* Wherever it is left, nothing is found, and all of it next time. */
	cfg.recall = known;
	for (last_turn = 1; last_turn < all; last_turn++) {
		nturns = 0;
		ck_assert_int_eq(walk_by(1, &pattern), 1);
		ck_assert_uint_eq(nturns, last_turn);
		ck_assert_uint_eq(nlines, 0);
	}
	last_turn = 0;
	ck_assert_int_eq(walk_by(1, &pattern), 0);
	ck_assert_uint_eq(nlines, NFILES / 2);
	ck_assert_uint_eq(nfaults, 0);
	recall_free(known);
}
END_TEST

static const struct {
	const char *pattern;
	const char *exclude;
	const char *says;	/* NULL: nothing to complain of */
} checks[] = {
	{ "d/*.db", "x*", NULL },
	{ "d/*.db", "/x/*", NULL },
	{ "d/x.db", NULL, NULL },
	{ "nowhere/*.db", NULL, "nowhere" },
	{ "d/x.db/*.db", NULL, "x.db" },
	{ "d/*.db", "[x", "[x" },
	{ "d/*.db", "/x/{", "/x/{" },
	{ "d/*.db", "/x/../y", ".." },
	{ "d/*.db", "", "\"\"" },
};

START_TEST(a_check_names_what_is_wrong)
{
	struct pattern *pattern;
	struct err e = { 0 };
	char *text;
	size_t i;
	int rv;

	make_file("d/x.db");
	for (i = 0; i < LENGTH(checks); i++) {
		text = at(checks[i].pattern);
		ck_assert_ptr_nonnull(pattern = pattern_new(text, &e));
		cfg.patterns = (const struct pattern *const *)&pattern;
		cfg.npatterns = 1;
		cfg.excludes = &checks[i].exclude;
		cfg.nexcludes = checks[i].exclude != NULL;
		rv = walk_check(&cfg, &e);
		ck_assert_int_eq(rv, checks[i].says == NULL ? 0 : -1);
		if (rv == -1) {
			ck_assert_int_eq(e.cls, ERR_USAGE);
			ck_assert_msg(strstr(e.msg, checks[i].says) != NULL,
			    "%s", e.msg);
		}
		pattern_free(pattern);
		free(text);
	}
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		the_tree_of_the_manual_is_found,
		two_stars_are_any_depth,
		links_are_followed_only_if_told,
		a_loop_of_links_ends,
		a_way_of_many_links_is_a_fault,
		too_many_ways_to_a_directory_are_a_fault,
		links_do_not_multiply_without_end,
		the_literal_directory_may_be_a_link,
		the_root_is_an_empty_path,
		what_vanishes_is_nothing_to_speak_of,
		a_link_put_in_the_place_of_a_directory_is_not_followed,
		a_literal_directory_that_vanished_is_a_fault,
		a_directory_that_may_not_be_read_is_told_once,
		many_faults_are_told_once_and_soon,
		found_may_end_the_walk,
		it_turns_where_nothing_is_found,
		it_turns_within_a_large_directory,
		a_check_names_what_is_wrong,
	};

	return (forest_main("walk", tests, LENGTH(tests)));
}
