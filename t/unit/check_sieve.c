/*
 * What a walk takes in one directory: kinds of files, odd names, companions,
 * and many of them.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "unit/forest.h"

START_TEST(only_regular_files_count)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	char *fifo = at("fifo.db");
	int fd;

	make_file("real.db");
	make_dir("dir.db");
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	make_link("real.db", "link.db");
	make_link("nowhere", "dangling.db");
	ck_assert_int_eq(chdir(top), 0);
	strcpy(sun.sun_path, "socket.db");
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	(void)close(fd);
	expect("*.db", "real.db");
	expect("{dir,fifo,link,socket}.db", "");
	/* A single name is looked up in another way. */
	expect("real.db", "real.db");
	expect("dir.db", "");
	expect("fifo.db", "");
	expect("link.db", "");
	expect("dangling.db", "");
	expect("missing.db", "");
	free(fifo);
}
END_TEST

START_TEST(a_leading_dot_wants_a_literal_dot)
{
	make_file("x.db");
	make_file(".x.db");
	make_file(".hidden/y.db");
	make_file("seen/y.db");
	expect("*.db", "x.db");
	expect(".*.db", ".x.db");
	expect("*/*.db", "seen/y.db");
	expect(".*/*.db", ".hidden/y.db");
	expect("**/*.db", "seen/y.db x.db");
}
END_TEST

START_TEST(names_are_bytes)
{
	char name[256];

	make_file("new\nline.db");
	make_file("tab\there.db");
	make_file("bad\xff\xc3utf8.db");
	make_file("per%cent.db");
	make_file(" .db");
	expect("*.db", " .db bad\xff\xc3utf8.db new\nline.db per%cent.db "
	    "tab\there.db");
	memset(name, 'x', 255);
	name[255] = '\0';
	make_file(name);
	expect("x*", name);
	expect(name, name);
}
END_TEST

START_TEST(companions_are_no_databases_and_are_told_of)
{
	make_file("a.db");
	make_file("b.db");
	make_file("b.db-wal");
	make_file("c.db");
	make_file("c.db-wal");
	make_file("c.db-shm");
	make_file("d.db");
	make_file("d.db-journal");
	make_file("e.db-wal.db");
	expect("*", "a.db b.db+w c.db+ws d.db+j e.db-wal.db");
	expect("*.db", "a.db b.db+w c.db+ws d.db+j e.db-wal.db");
	/* The same where a single name is looked up. */
	expect("a.db", "a.db");
	expect("b.db", "b.db+w");
	expect("c.db", "c.db+ws");
	expect("d.db", "d.db+j");
}
END_TEST

START_TEST(a_companion_is_none_without_its_database)
{
	make_file("foo-journal");
	make_file("bar-wal");
	make_file("bar-wal-shm");
	make_file("dir-journal");
	make_dir("dir");
	make_file("-wal");
	make_file("x-wall");
	expect("*", "-wal bar-wal+s dir-journal foo-journal x-wall");
	expect("foo-journal", "foo-journal");
	expect("bar-wal", "bar-wal+s");
	expect("dir-journal", "dir-journal");
	make_file("foo");
	expect("foo-journal", "");
	expect("*", "-wal bar-wal+s dir-journal foo+j x-wall");
}
END_TEST

START_TEST(a_companion_is_one_though_its_database_is_not_wanted)
{
	static const char *const exclude[] = { "foo" };

	make_file("foo");
	make_file("foo-journal");
	make_file("foo-journal-wal");
	expect("*-journal", "");
	expect("*-wal", "");
	cfg.excludes = exclude;
	cfg.nexcludes = 1;
	expect("*", "");
}
END_TEST

START_TEST(excluding_companions_does_not_hide_them)
{
	static const char *const exclude[] = { "*-wal", "*-shm" };

	make_file("a.db");
	make_file("a.db-wal");
	make_file("lone-wal");
	cfg.excludes = exclude;
	cfg.nexcludes = 2;
	expect("*", "a.db+w");
}
END_TEST

START_TEST(many_companions_find_their_databases)
{
	char name[64], *found, *pair;
	size_t i;

	for (i = 0; i < 500; i++) {
		(void)snprintf(name, sizeof(name), "t%zu.db", i);
		make_file(name);
		(void)snprintf(name, sizeof(name), "t%zu.db-wal", i);
		if (i % 2 == 0)
			make_file(name);
		(void)snprintf(name, sizeof(name), "t%zu.db-shm", i);
		if (i % 3 == 0)
			make_file(name);
		(void)snprintf(name, sizeof(name), "alone%zu-journal", i);
		make_file(name);
	}
	found = at("*");
	ck_assert_int_eq(walk_by(1, (const char *const *)&found), 0);
	free(found);
	ck_assert_uint_eq(nlines, 1000);
	for (i = 0; i < 500; i++) {
		pair = mem_printf("t%zu.db%s%s%s", i,
		    i % 2 == 0 || i % 3 == 0 ? "+" : "",
		    i % 2 == 0 ? "w" : "", i % 3 == 0 ? "s" : "");
		ck_assert_ptr_nonnull(bsearch(&pair, lines, nlines,
		    sizeof(*lines), forest_compare));
		free(pair);
	}
}
END_TEST

/* More than one read of the directory, and more than one block of names. */
START_TEST(a_hundred_thousand_entries_are_one_directory)
{
	static const char *const pattern[] = { "*.db" };
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	char name[64], file[16];
	int dirfd;
	size_t i;

	/* Names of a few files: much faster, and names are all it is about. */
	dirfd = open(top, O_RDONLY | O_DIRECTORY);
	ck_assert_int_ne(dirfd, -1);
	for (i = 0; i < 100000; i++) {
		(void)snprintf(file, sizeof(file), "file%zu", i / 20000);
		if (i % 20000 == 0)
			make_file(file);
		(void)snprintf(name, sizeof(name), "tenant-%05zu.db%s", i / 3,
		    suffixes[i % 3]);
		ck_assert_int_eq(linkat(dirfd, file, dirfd, name, 0), 0);
	}
	(void)close(dirfd);
	ck_assert_int_eq(walk_by(1, pattern), 0);
	ck_assert_uint_eq(nlines, 33334);
	for (i = 0; i < 33333; i++) {
		(void)snprintf(name, sizeof(name), "tenant-%05zu.db+ws", i);
		ck_assert_str_eq(lines[i], name);
	}
	ck_assert_str_eq(lines[i], "tenant-33333.db");
}
END_TEST

START_TEST(links_count_with_follow)
{
	make_file("else/real.db");
	make_file("else/real.db-wal");
	make_dir("d");
	make_link("../else/real.db", "d/link.db");
	make_link("../else", "d/dir.db");
	make_link("nowhere", "d/dangling.db");
	make_link("loop.db", "d/loop.db");
	cfg.follow = true;
	/* What lies beside the target is not known. */
	expect("d/*.db", "d/link.db+wsj");
	expect("d/link.db", "d/link.db+wsj");
	expect("d/dangling.db", "");
	expect("d/loop.db", "");
	cfg.follow = false;
	expect("d/*.db", "");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		only_regular_files_count,
		a_leading_dot_wants_a_literal_dot,
		names_are_bytes,
		companions_are_no_databases_and_are_told_of,
		a_companion_is_none_without_its_database,
		a_companion_is_one_though_its_database_is_not_wanted,
		excluding_companions_does_not_hide_them,
		many_companions_find_their_databases,
		a_hundred_thousand_entries_are_one_directory,
		links_count_with_follow,
	};

	return (forest_main("sieve", tests, LENGTH(tests)));
}
