#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "store/url.h"
#include "unit/suite.h"

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
	{ "s3:bucket", "two slashes" },
	{ "s3://", "no bucket" },
	{ "s3:///prefix", "no bucket" },
	{ "s3://ab/prefix", "no bucket" },
	{ "s3://Bucket/prefix", "no bucket" },
	{ "s3://-bucket", "no bucket" },
	{ "s3://bucket-", "no bucket" },
	{ "s3://bu..cket", "no bucket" },
	{ "s3://192.168.1.1/x", "no bucket" },
	{ "s3://buck*/x", "no bucket" },
	{ "s3://a123456789b123456789c123456789d123456789e123456789f123456789"
	    "1234", "no bucket" },
	{ "s3://AKIA:secret@bucket/x", "keys do not belong" },
	{ "s3://bucket/a//b", "empty component" },
	{ "s3://bucket/a/../b", "\"..\"" },
	{ "s3://bucket/./b", "\"..\"" },
	{ "s3://bucket/a\tb", "control" },
	{ "s3://bucket/a\xff", "UTF-8" },
	{ "s3://bucket?secret=hidden", "endpoint, region, path-style, "
	    "storage-class, sse, sse-kms-key-id, acl, require-content-md5, "
	    "part-size, sign-payload, skip-verify" },
	{ "s3://bucket/x?Region=hidden", "\"Region\"" },
	{ "s3://bucket/x?region", "needs a value" },
	{ "s3://bucket/x?region=", "needs a name" },
	{ "s3://bucket/x?region=a&region=b", "twice" },
	{ "s3://bucket/x?region=%4", "percent-encoded" },
	{ "s3://bucket/x?region=%zz", "percent-encoded" },
	{ "s3://bucket/x?region=a%00", "percent-encoded" },
	{ "s3://bucket/x?region=a%0Ab", "percent-encoded" },
	{ "s3://bucket/x?path-style=maybe", "1 or 0" },
	{ "s3://bucket/x?part-size=4M", "5M to 5G" },
	{ "s3://bucket/x?part-size=6G", "5M to 5G" },
	{ "s3://bucket/x?part-size=big", "5M to 5G" },
	{ "s3://bucket/x?sse=rot13", "AES256" },
	{ "s3://bucket/x?sse-kms-key-id=k", "sse=aws:kms" },
	{ "s3://bucket/x?sse=AES256&sse-kms-key-id=k", "sse=aws:kms" },
	{ "s3://bucket/x?endpoint=ftp://hidden", "http://host:port" },
	{ "s3://bucket/x?endpoint=http://u:hidden@host", "http://host:port" },
	{ "s3://bucket/x?endpoint=http://host/hidden", "http://host:port" },
	{ "s3://bucket/x?endpoint=", "http://host:port" },
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
	if (strncmp(bad[_i].text, "s3:", 3) == 0)
		ck_assert_ptr_null(strstr(e.msg, "hidden"));
	ck_assert_ptr_null(strstr(e.msg, "AKIA"));
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

static const struct {
	const char *text, *bucket, *prefix, *endpoint, *canonical;
} s3[] = {
	{ "s3://bucket", "bucket", "", NULL, "s3://bucket" },
	{ "s3://bucket/", "bucket", "", NULL, "s3://bucket" },
	{ "s3://a.b-c/x/y/", "a.b-c", "x/y", NULL, "s3://a.b-c/x/y" },
	{ "s3://bucket//x", "bucket", "x", NULL, "s3://bucket/x" },
	{ "s3://bucket/a%20b%/\xc3\xa4 #", "bucket", "a%20b%/\xc3\xa4 #", NULL,
	    "s3://bucket/a%20b%/\xc3\xa4 #" },
	{ "s3://bucket/x?", "bucket", "x", NULL, "s3://bucket/x" },
	{ "s3://bucket?region=eu-west-1", "bucket", "", NULL, "s3://bucket" },
	{ "s3://bucket/x?endpoint=http%3A%2F%2FLocalHost%3a9000/", "bucket",
	    "x", "http://localhost:9000",
	    "s3://bucket/x?endpoint=localhost:9000" },
	{ "s3://bucket/x?endpoint=minio:9000&region=a", "bucket", "x",
	    "https://minio:9000", "s3://bucket/x?endpoint=minio:9000" },
	{ "s3://bucket/x?endpoint=https://[::1]:9000", "bucket", "x",
	    "https://[::1]:9000", "s3://bucket/x?endpoint=[::1]:9000" },
	{ "s3://bucket/x?endpoint=s3.eu-west-1.amazonaws.com", "bucket", "x",
	    "https://s3.eu-west-1.amazonaws.com", "s3://bucket/x" },
};

START_TEST(an_s3_url_is_bucket_prefix_and_endpoint)
{
	struct store_url u;
	struct err e;

	ck_assert_msg(store_url_parse(s3[_i].text, "--to", &u, &e) == 0,
	    "%s", e.msg);
	ck_assert_int_eq(u.kind, STORE_S3);
	ck_assert_ptr_null(u.path);
	ck_assert_str_eq(u.s3.bucket, s3[_i].bucket);
	ck_assert_str_eq(u.s3.prefix, s3[_i].prefix);
	ck_assert_pstr_eq(u.s3.endpoint, s3[_i].endpoint);
	ck_assert_str_eq(u.canonical, s3[_i].canonical);
	ck_assert_int_eq(u.s3.path_style, -1);
	ck_assert_int_eq(u.s3.sign_payload, -1);
	store_url_fini(&u);
	store_url_fini(&u);
}
END_TEST

START_TEST(every_s3_option_reaches_its_place)
{
	struct store_url u;
	struct err e;

	ck_assert_msg(store_url_parse("s3://bucket/x?endpoint=h&&region=eu-1&"
	    "path-style=0&storage-class=STANDARD_IA&sse=aws%3akms&"
	    "sse-kms-key-id=arn:aws:kms:eu:1:key/a-b&acl=bucket-owner-read&"
	    "require-content-md5=1&part-size=16M&sign-payload=true&"
	    "skip-verify=1", "--to", &u, &e) == 0, "%s", e.msg);
	ck_assert_str_eq(u.s3.endpoint, "https://h");
	ck_assert_str_eq(u.s3.region, "eu-1");
	ck_assert_int_eq(u.s3.path_style, 0);
	ck_assert_str_eq(u.s3.storage_class, "STANDARD_IA");
	ck_assert_str_eq(u.s3.sse, "aws:kms");
	ck_assert_str_eq(u.s3.sse_kms_key_id, "arn:aws:kms:eu:1:key/a-b");
	ck_assert_str_eq(u.s3.acl, "bucket-owner-read");
	ck_assert(u.s3.require_content_md5);
	ck_assert_uint_eq(u.s3.part_bytes, 16 * 1024 * 1024);
	ck_assert_int_eq(u.s3.sign_payload, 1);
	ck_assert(u.s3.skip_verify);
	store_url_fini(&u);
}
END_TEST

START_TEST(the_environments_endpoint_tells_stores_apart_too)
{
	struct store_url u;
	struct err e;

	ck_assert_int_eq(setenv("AWS_ENDPOINT_URL", "http://env:1", 1), 0);
	ck_assert_int_eq(store_url_parse("s3://bucket", "--to", &u, &e), 0);
	ck_assert_str_eq(u.canonical, "s3://bucket?endpoint=env:1");
	store_url_fini(&u);
	ck_assert_int_eq(store_url_parse("s3://bucket?endpoint=url", "--to",
	    &u, &e), 0);
	ck_assert_str_eq(u.canonical, "s3://bucket?endpoint=url");
	store_url_fini(&u);
	ck_assert_int_eq(setenv("AWS_ENDPOINT_URL", "http://a:pw@b", 1), 0);
	ck_assert_int_eq(store_url_parse("s3://bucket", "--to", &u, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "AWS_ENDPOINT_URL"));
	ck_assert_ptr_null(strstr(e.msg, "pw"));
}
END_TEST

static const struct {
	const char *text;
	const char *steps[5];	/* "prefix|below", going up */
} climbs[] = {
	{ "s3://bucket", { "|" } },
	{ "s3://bucket/a/b", { "a/b|", "a|b", "|a/b" } },
	{ "s3://bucket/a/b/", { "a/b|", "a|b/", "|a/b/" } },
	{ "s3://bucket/a/b*/c", { "a|b*/c", "|a/b*/c" } },
	{ "s3://bucket/a/b/**?region=x", { "a/b|**", "a|b/**", "|a/b/**" } },
	{ "s3://bucket/a/{b,c}/", { "a|{b,c}/", "|a/{b,c}/" } },
	{ "s3://bucket/[ab]", { "|[ab]" } },
	{ "s3://bucket/x/a\\*b", { "x|a\\*b", "|x/a\\*b" } },
};

START_TEST(going_up_an_s3_url_moves_components_below)
{
	const char *const *step = climbs[_i].steps;
	char got[128], want[128], *below;
	struct store_url u;
	struct err e;

	ck_assert_msg(store_url_locate(climbs[_i].text, "URL", &u, &below,
	    &e) == 0, "%s", e.msg);
	do {
		(void)snprintf(got, sizeof(got), "%s|%s", u.s3.prefix, below);
		ck_assert_ptr_nonnull(*step);
		ck_assert_str_eq(got, *step++);
		(void)snprintf(want, sizeof(want), "s3://bucket%s%s",
		    *u.s3.prefix != '\0' ? "/" : "", u.s3.prefix);
		ck_assert_str_eq(u.canonical, want);
	} while (store_url_up(&u, &below));
	ck_assert_ptr_null(*step);
	store_url_fini(&u);
	free(below);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("url");

	(void)unsetenv("AWS_ENDPOINT_URL_S3");
	(void)unsetenv("AWS_ENDPOINT_URL");
	(void)unsetenv("AWS_ENDPOINT");
	tcase_add_unchecked_fixture(tc, make_scratch, remove_scratch);
	tcase_add_loop_test(tc, one_store_has_one_canonical_url, 0,
	    LENGTH(good));
	tcase_add_test(tc, a_relative_path_is_below_the_working_directory);
	tcase_add_loop_test(tc, a_wrong_url_is_a_usage_error_that_names_it, 0,
	    LENGTH(bad));
	tcase_add_loop_test(tc, an_s3_url_is_bucket_prefix_and_endpoint, 0,
	    LENGTH(s3));
	tcase_add_test(tc, every_s3_option_reaches_its_place);
	tcase_add_test(tc, the_environments_endpoint_tells_stores_apart_too);
	tcase_add_loop_test(tc, going_up_an_s3_url_moves_components_below, 0,
	    LENGTH(climbs));
	tcase_add_loop_test(tc, the_deepest_store_above_a_key_or_glob_is_found,
	    0, LENGTH(places));
	tcase_add_test(tc, where_there_is_no_store_none_is_found);
	tcase_add_test(tc,
	    a_store_that_cannot_be_looked_into_is_said_to_be_hidden);
	return (run_suite(tc));
}
