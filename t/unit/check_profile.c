#include <stdlib.h>
#include <string.h>

#include "net/profile.h"
#include "unit/suite.h"

static const char text[] =
    "\xef\xbb\xbf# the first comment\n"
    "[default]\r\n"
    "aws_access_key_id = AKIA1\r\n"
    "AWS_Secret_Access_Key=a/b+c==\n"
    "empty =\n"
    "; another\n"
    "\n"
    "[ profile   x y ] # behind\n"
    "region\t=\teu-west-1 ; behind\n"
    "hash = a#b;c\n"
    "hash2 =#d\n"
    "s3 =\n"
    "  endpoint_url = http://h:1\n"
    "  # inside\n"
    "  Max_Concurrent_Requests = 20\n"
    "output = json\n"
    "   indented = 1\n"
    "[x]\n"
    "region = wrong\n"
    "[profile \"q  r\"]\n"
    "region = quoted\n"
    "[profile 'q s' ]\n"
    "region = single\n"
    "[profile \"]\n"
    "region = half\n"
    "[profile \"'] # \"\n"
    "region = odd\n"
    "[default]\n"
    "aws_access_key_id = AKIA2\n"
    "last = 1";

static const struct {
	const char *section, *name, *value;
} values[] = {
	{ "default", "aws_access_key_id", "AKIA2" },
	{ "default", "aws_secret_access_key", "a/b+c==" },
	{ "default", "empty", "" },
	{ "default", "last", "1" },
	{ "default", "region", NULL },
	{ "profile x y", "region", "eu-west-1" },
	{ "profile x y", "hash", "a#b;c" },
	{ "profile x y", "hash2", "#d" },
	{ "profile x y", "s3", "" },
	{ "profile x y", "s3.endpoint_url", "http://h:1" },
	{ "profile x y", "s3.max_concurrent_requests", "20" },
	{ "profile x y", "endpoint_url", NULL },
	{ "profile x y", "output", "json" },
	{ "profile x y", "indented", "1" },
	{ "x", "region", "wrong" },
	{ "profile q  r", "region", "quoted" },
	{ "profile q s", "region", "single" },
	{ "profile \"", "region", "half" },
	{ "profile \"'", "region", "odd" },
	{ "x", "output", NULL },
	{ "X", "region", NULL },
	{ "none", "region", NULL },
};

START_TEST(a_setting_is_found_in_its_own_section)
{
	struct profile *p = profile_new();
	struct err e;

	ck_assert_msg(profile_parse(p, text, strlen(text), "f", &e) == 0,
	    "%s", e.msg);
	ck_assert_pstr_eq(profile_get(p, values[_i].section, values[_i].name),
	    values[_i].value);
	ck_assert(profile_has(p, "profile x y"));
	ck_assert(!profile_has(p, "profile x"));
	profile_free(p);
	profile_free(NULL);
}
END_TEST

static const struct {
	const char *text;
	const char *line;
} bad[] = {
	{ "hidden = 1\n", "line 1 " },
	{ "[a]\nhidden\n", "line 2 " },
	{ "[a]\n\n= hidden\n", "line 3 " },
	{ "[hidden\n", "line 1 " },
	{ "[]\n", "line 1 " },
	{ "[a] hidden\n", "line 1 " },
	{ "# x\n hidden", "line 2 " },
};

START_TEST(a_line_that_is_nothing_is_named_by_number_not_by_text)
{
	struct profile *p = profile_new();
	struct err e;

	ck_assert_int_eq(profile_parse(p, bad[_i].text, strlen(bad[_i].text),
	    "/home/u/.aws/config", &e), -1);
	ck_assert_int_eq(e.cls, ERR_CONFIG);
	ck_assert_msg(strstr(e.msg, bad[_i].line) != NULL, "%s", e.msg);
	ck_assert_ptr_nonnull(strstr(e.msg, "/home/u/.aws/config"));
	ck_assert_ptr_null(strstr(e.msg, "hidden"));
	profile_free(p);
}
END_TEST

START_TEST(a_nul_and_a_huge_file_are_refused)
{
	struct profile *p = profile_new();
	char *s = malloc(PROFILE_MAX_BYTES + 1);
	struct err e;

	ck_assert_int_eq(profile_parse(p, "[a]\nb = c\0d\n", 12, "f", &e), -1);
	ck_assert_int_eq(e.cls, ERR_CONFIG);
	memset(s, '\n', PROFILE_MAX_BYTES + 1);
	ck_assert_int_eq(profile_parse(p, s, PROFILE_MAX_BYTES + 1, "f", &e),
	    -1);
	ck_assert_int_eq(e.cls, ERR_CONFIG);
	ck_assert_int_eq(profile_parse(p, s, PROFILE_MAX_BYTES, "f", &e), 0);
	free(s);
	profile_free(p);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("profile");

	tcase_add_loop_test(tc, a_setting_is_found_in_its_own_section, 0,
	    LENGTH(values));
	tcase_add_loop_test(tc,
	    a_line_that_is_nothing_is_named_by_number_not_by_text, 0,
	    LENGTH(bad));
	tcase_add_test(tc, a_nul_and_a_huge_file_are_refused);
	return (run_suite(tc));
}
