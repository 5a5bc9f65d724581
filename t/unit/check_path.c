#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "unit/suite.h"

/* From the working directory /usr. */
static const struct {
	const char *path, *want;	/* NULL: refused */
} paths[] = {
	{ "/", "/" },
	{ "//", "/" },
	{ "/.", "/" },
	{ "/a", "/a" },
	{ "/a/", "/a" },
	{ "//a///b//", "/a/b" },
	{ "/a/./b/.", "/a/b" },
	{ "/a/.b/c..", "/a/.b/c.." },
	{ "/a/...", "/a/..." },
	{ "/a/..b", "/a/..b" },
	{ "x", "/usr/x" },
	{ "x/y/", "/usr/x/y" },
	{ "./x", "/usr/x" },
	{ ".", "/usr" },
	{ "./", "/usr" },
	{ "/ \n\xff", "/ \n\xff" },
	{ "", NULL },
	{ "..", NULL },
	{ "/..", NULL },
	{ "a/../b", NULL },
	{ "/a/b/..", NULL },
	{ "../x", NULL },
};

START_TEST(a_path_is_made_absolute_and_normal)
{
	struct err e = { 0 };
	char *got;

	ck_assert_int_eq(chdir("/usr"), 0);
	got = path_absolute(paths[_i].path, "--to", &e);
	if (paths[_i].want == NULL) {
		ck_assert_ptr_null(got);
		ck_assert_int_eq(e.cls, ERR_USAGE);
		ck_assert_ptr_nonnull(strstr(e.msg, "--to"));
	} else {
		ck_assert_msg(got != NULL, "%s", e.msg);
		ck_assert_str_eq(got, paths[_i].want);
	}
	free(got);
}
END_TEST

START_TEST(the_root_as_working_directory_gives_no_double_slash)
{
	struct err e = { 0 };
	char *got;

	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_ptr_nonnull(got = path_absolute("x", "--to", &e));
	ck_assert_str_eq(got, "/x");
	free(got);
	ck_assert_ptr_nonnull(got = path_absolute(".", "--to", &e));
	ck_assert_str_eq(got, "/");
	free(got);
}
END_TEST

START_TEST(without_a_working_directory_only_absolute_paths_do)
{
	char dir[] = "/tmp/check_path.XXXXXX", *got;
	struct err e = { 0 };

	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	ck_assert_int_eq(rmdir(dir), 0);
	ck_assert_ptr_null(path_absolute("x", "--to", &e));
	ck_assert_int_eq(e.cls, ERR_IO);
	ck_assert_ptr_nonnull(got = path_absolute("/x", "--to", &e));
	free(got);
}
END_TEST

static const struct {
	const char *path, *dir;
	int want;
} within[] = {
	{ "/a/b", "/a", 1 },
	{ "/a", "/a", 1 },
	{ "/a/b/c", "/a/b", 1 },
	{ "/ab", "/a", 0 },
	{ "/a", "/a/b", 0 },
	{ "/b", "/a", 0 },
	{ "/a-b/c", "/a", 0 },
	{ "/", "/a", 0 },
	{ "/", "/", 1 },
	{ "/a/b", "/", 1 },
};

START_TEST(within_is_about_whole_components)
{
	ck_assert_msg(path_within(within[_i].path, within[_i].dir) ==
	    within[_i].want, "%s in %s", within[_i].path, within[_i].dir);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("path");

	tcase_add_loop_test(tc, a_path_is_made_absolute_and_normal, 0,
	    LENGTH(paths));
	tcase_add_test(tc,
	    the_root_as_working_directory_gives_no_double_slash);
	tcase_add_test(tc,
	    without_a_working_directory_only_absolute_paths_do);
	tcase_add_loop_test(tc, within_is_about_whole_components, 0,
	    LENGTH(within));
	return (run_suite(tc));
}
