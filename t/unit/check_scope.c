/*
 * What a walk leaves alone: excludes, avoided directories, other file systems,
 * and what belongs to an earlier pattern.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/mem.h"
#include "unit/forest.h"

START_TEST(a_path_belongs_to_the_first_pattern)
{
	static const char *const wide_first[] = { "**/*.db", "a/*.db",
	    "a/x.db" };
	static const char *const narrow_first[] = { "a/x.db", "a/*.db",
	    "**/*.db" };

	make_file("x.db");
	make_file("a/x.db");
	make_file("a/y.db");
	ck_assert_int_eq(walk_by(3, wide_first), 0);
	expect_lines("a/x.db a/y.db x.db");
	ck_assert_int_eq(walk_by(3, narrow_first), 0);
	expect_lines("a/x.db a/y.db x.db");
}
END_TEST

START_TEST(a_path_is_left_only_to_a_pattern_that_gets_there)
{
	static const char *const linked[] = { "*/x.db", "link/x.db" };
	static const char *const excluded[] = { "*/x.db", "away/x.db" };
	static const char *const exclude[] = { "away" };

	make_file("real/x.db");
	make_file("away/x.db");
	make_link("real", "link");
	ck_assert_int_eq(walk_by(2, linked), 0);
	expect_lines("away/x.db link/x.db real/x.db");
	cfg.excludes = exclude;
	cfg.nexcludes = 1;
	ck_assert_int_eq(walk_by(2, excluded), 0);
	expect_lines("away/x.db real/x.db");
}
END_TEST

START_TEST(excludes_look_at_names_or_at_paths)
{
	static const char *names[] = { "tmp", "b*.db" };
	const char *paths[] = { NULL, NULL };
	char *file = at("keep/*/c.db"), *dir = at("gone");

	make_file("a.db");
	make_file("b1.db");
	make_file("tmp/a.db");
	make_file("keep/tmp/a.db");
	make_file("keep/sub/a.db");
	make_file("keep/sub/c.db");
	make_file("gone/deep/a.db");
	cfg.excludes = names;
	cfg.nexcludes = 2;
	expect("**/*.db", "a.db gone/deep/a.db keep/sub/a.db keep/sub/c.db");
	expect("b1.db", "");
	expect("keep/*/a.db", "keep/sub/a.db");
	/* A directory that the pattern itself names is meant. */
	expect("tmp/*.db", "tmp/a.db");
	paths[0] = file;
	paths[1] = dir;
	cfg.excludes = paths;
	expect("**/*.db", "a.db b1.db keep/sub/a.db keep/tmp/a.db tmp/a.db");
	expect("keep/sub/*.db", "keep/sub/a.db");
	expect("keep/sub/c.db", "");
	expect("gone/deep/*.db", "");
	free(file);
	free(dir);
}
END_TEST

START_TEST(an_avoided_directory_is_never_entered)
{
	const char *avoid[3];
	char *store = at("link-to-store"), *missing = at("missing");

	make_file("a.db");
	make_file("store/b.db");
	make_file("store/sub/c.db");
	make_file("storehouse/d.db");
	make_link("store", "link-to-store");
	avoid[0] = missing;
	avoid[1] = store;
	cfg.avoid = avoid;
	cfg.navoid = 2;
	expect("**/*.db", "a.db storehouse/d.db");
	expect("store/*.db", "");
	expect("store/sub/*.db", "");
	expect("link-to-store/sub/c.db", "");
	free(store);
	free(missing);
}
END_TEST

START_TEST(the_kernels_file_systems_are_never_entered)
{
	expect("/proc/uptime", "");
	expect("/proc/*", "");
	expect("/pro?/uptime", "");
	expect("/sys/kernel/*", "");
}
END_TEST

/* Mount a tmpfs there, for this process alone. */
static bool
mount_there(const char *name, const char *source, const char *type,
    unsigned long flags)
{
	char *path = at(name);
	bool done;

	make_dir(name);
	done = unshare(CLONE_NEWNS) == 0 &&
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount(source, path, type, flags, NULL) == 0;
	if (!done)
		printf("# skipped: no right to mount (%s)\n",
		    strerror(errno));
	free(path);
	return (done);
}

static void
unmount_there(const char *name)
{
	char *path = at(name);

	ck_assert_int_eq(umount2(path, MNT_DETACH), 0);
	free(path);
}

START_TEST(another_file_system_is_entered_unless_told_not_to)
{
	static const char *const both[] = { "**/*.db", "mnt/*.db" };

	make_file("x.db");
	if (!mount_there("mnt", "none", "tmpfs", 0))
		return;
	make_file("mnt/y.db");
	make_file("mnt/sub/z.db");
	expect("**/*.db", "mnt/sub/z.db mnt/y.db x.db");
	cfg.one_file_system = true;
	expect("**/*.db", "x.db");
	expect("mnt/**/*.db", "mnt/sub/z.db mnt/y.db");
	/* The first pattern does not get there, so the second has it. */
	ck_assert_int_eq(walk_by(2, both), 0);
	expect_lines("mnt/y.db x.db");
	unmount_there("mnt");
}
END_TEST

START_TEST(proc_mounted_elsewhere_is_not_entered)
{
	make_file("uptime");
	if (!mount_there("mnt", "/proc", NULL, MS_BIND))
		return;
	expect("**/uptime", "uptime");
	unmount_there("mnt");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_path_belongs_to_the_first_pattern,
		a_path_is_left_only_to_a_pattern_that_gets_there,
		excludes_look_at_names_or_at_paths,
		an_avoided_directory_is_never_entered,
		the_kernels_file_systems_are_never_entered,
		another_file_system_is_entered_unless_told_not_to,
		proc_mounted_elsewhere_is_not_entered,
	};

	return (forest_main("scope", tests, LENGTH(tests)));
}
