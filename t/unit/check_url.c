#include <check.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "store/url.h"

static char scratch[64];

static void
make_scratch(void)
{
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(scratch, sizeof(scratch), "%.30s/check_url.XXXXXX",
	    tmp == NULL ? "/tmp" : tmp);
	if (mkdtemp(scratch) == NULL || chmod(scratch, 0755) == -1 ||
	    chdir(scratch) == -1)
		abort();
}

static void
remove_scratch(void)
{
	struct err e;

	if (chdir("/") == -1 || io_remove_tree(AT_FDCWD, scratch, &e) == -1)
		abort();
}

static const struct {
	const char *text, *path;
} good[] = {
	{ "/backup", "/backup" },
	{ "file:///backup", "/backup" },
	{ "file:///backup/", "/backup" },
	{ "//backup//./x/", "/backup/x" },
	{ "file:////backup", "/backup" },
	{ "/odd?name", "/odd?name" },
	{ "/100%25", "/100%25" },
	{ "file:///100%25", "/100%25" },
	{ "/with://inside", "/with:/inside" },
};

START_TEST(one_store_has_one_canonical_url)
{
	struct store_url u;
	struct err e;
	char want[64];

	ck_assert_msg(store_url_parse(good[_i].text, "--to", &u, &e) == 0,
	    "%s", e.msg);
	ck_assert_str_eq(u.path, good[_i].path);
	(void)snprintf(want, sizeof(want), "file://%s", good[_i].path);
	ck_assert_str_eq(u.canonical, want);
	store_url_fini(&u);
	store_url_fini(&u);
}
END_TEST

START_TEST(a_relative_path_is_below_the_working_directory)
{
	struct store_url u;
	struct err e;
	char want[PATH_MAX + 16], *cwd = getcwd(NULL, 0);

	ck_assert_int_eq(store_url_parse("backup", "--to", &u, &e), 0);
	(void)snprintf(want, sizeof(want), "%s/backup", cwd);
	ck_assert_str_eq(u.path, want);
	store_url_fini(&u);
	free(cwd);
}
END_TEST

static const struct {
	const char *text, *says;
} bad[] = {
	{ "", "empty" },
	{ "/", "root" },
	{ "file:///", "root" },
	{ "file://", "three slashes" },
	{ "file:", "three slashes" },
	{ "file:/backup", "three slashes" },
	{ "file://host/backup", "no host" },
	{ "file:backup", "three slashes" },
	{ "file:///backup?x=1", "no options" },
	{ "file:///a/../b", "\"..\"" },
	{ "/a/..", "\"..\"" },
	{ "s3://bucket/prefix", "directories only" },
	{ "s3:bucket", "directories only" },
	{ "ftp://host/x", "\"ftp\"" },
	{ "FILE:///x", "\"FILE\"" },
};

START_TEST(a_wrong_url_is_a_usage_error_that_names_it)
{
	struct store_url u;
	struct err e;

	ck_assert_int_eq(store_url_parse(bad[_i].text, "--to", &u, &e), -1);
	ck_assert_int_eq(e.cls, ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(e.msg, "--to"));
	ck_assert_msg(strstr(e.msg, bad[_i].says) != NULL, "%s", e.msg);
	ck_assert_ptr_null(u.path);
	ck_assert_ptr_null(u.canonical);
}
END_TEST

/* Make directory "name" below the scratch directory a store. */
static void
make_store(const char *name)
{
	char path[256];
	struct err e;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s/.litefleet", scratch, name);
	ck_assert_int_eq(io_mkdirs(path, 0755, &e), 0);
	(void)snprintf(path, sizeof(path), "%s/%s/.litefleet/store", scratch,
	    name);
	ck_assert_int_ne(fd = open(path, O_WRONLY | O_CREAT, 0600), -1);
	io_close(&fd);
}

static const struct {
	const char *text;	/* below the scratch directory */
	const char *store, *below;
} places[] = {
	{ "st", "st", "" },
	{ "st/", "st", "" },
	{ "st/data/t1.db", "st", "data/t1.db" },
	{ "st/data/", "st", "data/" },
	{ "st/data//x/./y", "st", "data/x/y" },
	{ "st/*", "st", "*" },
	{ "st/**/t?.db", "st", "**/t?.db" },
	{ "st/{a,b}/[c]/", "st", "{a,b}/[c]/" },
	{ "st/what?.db", "st", "what?.db" },
	{ "st/inner/x", "st/inner", "x" },
	{ "st/inne*/x", "st", "inne*/x" },
	{ "odd[1]/x*", "odd[1]", "x*" },
	/* A directory of the marker's name is none. */
	{ "st/fake/x", "st", "fake/x" },
};

START_TEST(the_deepest_store_above_a_key_or_glob_is_found)
{
	char text[300], path[300], *below;
	struct store_url u;
	struct err e;
	int form;

	make_store("st");
	make_store("st/inner");
	make_store("odd[1]");
	(void)snprintf(path, sizeof(path), "%s/st/fake/.litefleet/store",
	    scratch);
	ck_assert_int_eq(io_mkdirs(path, 0755, &e), 0);
	(void)snprintf(path, sizeof(path), "%s/%s", scratch, places[_i].store);
	for (form = 0; form < 2; form++) {
		(void)snprintf(text, sizeof(text), "%s%s/%s",
		    form == 0 ? "" : "file://", scratch, places[_i].text);
		ck_assert_msg(store_url_locate(text, "URL", &u, &below, &e) ==
		    0, "%s", e.msg);
		ck_assert_str_eq(u.path, path);
		ck_assert_str_eq(below, places[_i].below);
		store_url_fini(&u);
		free(below);
	}
}
END_TEST

START_TEST(where_there_is_no_store_none_is_found)
{
	struct store_url u;
	struct err e;
	char text[300], *below;

	(void)snprintf(text, sizeof(text), "%s/nowhere/data/*", scratch);
	ck_assert_int_eq(store_url_locate(text, "URL", &u, &below, &e), -1);
	ck_assert_int_eq(e.cls, ERR_NOTFOUND);
	ck_assert_ptr_nonnull(strstr(e.msg, text));
	ck_assert_ptr_null(below);
	ck_assert_int_eq(store_url_locate("ftp://x", "URL", &u, &below, &e),
	    -1);
	ck_assert_int_eq(e.cls, ERR_USAGE);
	ck_assert_int_eq(store_url_locate("/", "URL", &u, &below, &e), -1);
	ck_assert_int_eq(e.cls, ERR_NOTFOUND);
}
END_TEST

START_TEST(a_store_that_cannot_be_looked_into_is_said_to_be_hidden)
{
	struct store_url u;
	struct err e;
	char text[300], *below;

	make_store("closed/st");
	(void)snprintf(text, sizeof(text), "%s/closed", scratch);
	ck_assert_int_eq(chmod(text, 0700), 0);
	if (geteuid() != 0 || setresgid(65534, 65534, 65534) == -1 ||
	    setresuid(65534, 65534, 65534) == -1) {
		(void)printf("# skipped: only root can become another user\n");
		return;
	}
	(void)snprintf(text, sizeof(text), "%s/closed/st/key", scratch);
	ck_assert_int_eq(store_url_locate(text, "URL", &u, &below, &e), -1);
	ck_assert_int_eq(e.cls, ERR_DENIED);
	ck_assert_ptr_nonnull(strstr(e.msg, "/closed"));
}
END_TEST

#define N(a)	((int)(sizeof(a) / sizeof((a)[0])))

static Suite *
suite(void)
{
	Suite *s = suite_create("url");
	TCase *tc = tcase_create("url");

	tcase_add_unchecked_fixture(tc, make_scratch, remove_scratch);
	tcase_add_loop_test(tc, one_store_has_one_canonical_url, 0, N(good));
	tcase_add_test(tc, a_relative_path_is_below_the_working_directory);
	tcase_add_loop_test(tc, a_wrong_url_is_a_usage_error_that_names_it, 0,
	    N(bad));
	tcase_add_loop_test(tc,
	    the_deepest_store_above_a_key_or_glob_is_found, 0, N(places));
	tcase_add_test(tc, where_there_is_no_store_none_is_found);
	tcase_add_test(tc,
	    a_store_that_cannot_be_looked_into_is_said_to_be_hidden);
	suite_add_tcase(s, tc);
	return (s);
}

int
main(void)
{
	SRunner *sr = srunner_create(suite());
	int nfailed;

	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	nfailed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return (nfailed != 0);
}
