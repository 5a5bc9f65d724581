#include <stdlib.h>
#include <string.h>

#include "base/jsonread.h"
#include "unit/suite.h"

START_TEST(members_are_found_by_name_and_kind)
{
	static const char text[] = " {\"a\": \"x\\u00e4\", \"n\": -7, "
	    "\"f\": 1.5, \"null\": null, \"o\": {\"a\": \"inner\"}} \n";
	struct jsonread *j;
	struct err e;
	int64_t n = 1;

	ck_assert_ptr_nonnull(j = jsonread_parse(text, strlen(text), &e));
	ck_assert_str_eq(jsonread_str(j, "a"), "x\xc3\xa4");
	ck_assert_ptr_null(jsonread_str(j, "A"));
	ck_assert_ptr_null(jsonread_str(j, "n"));
	ck_assert_ptr_null(jsonread_str(j, "null"));
	ck_assert_ptr_null(jsonread_str(j, "o"));
	ck_assert(!jsonread_int(j, "a", &n));
	ck_assert(!jsonread_int(j, "f", &n));
	ck_assert(!jsonread_int(j, "none", &n));
	ck_assert_int_eq(n, 1);
	ck_assert(jsonread_int(j, "n", &n));
	ck_assert_int_eq(n, -7);
	jsonread_free(j);
	jsonread_free(NULL);
}
END_TEST

static const char *const bad[] = {
	"", " ", "hidden", "{", "}", "[]", "[{\"a\": \"hidden\"}]",
	"\"hidden\"", "17", "null",
	"{\"a\": \"hidden\"", "{\"a\": \"hidden\"} x",
	"{\"a\": \"hidden\", \"a\": 1}", "{\"a\": \"hidden\\u0000\"}",
	"{\"a\": \"hidden\xff\"}", "{\"a\": \"\\ud800\"}", "{a: 1}",
	"{\"a\": 99999999999999999999}",
};

START_TEST(what_is_no_object_is_refused_and_not_quoted)
{
	struct err e;

	ck_assert_ptr_null(jsonread_parse(bad[_i], strlen(bad[_i]), &e));
	ck_assert_int_eq(e.cls, ERR_CORRUPT);
	ck_assert_ptr_null(strstr(e.msg, "hidden"));
}
END_TEST

START_TEST(size_and_depth_are_bounded)
{
	size_t n = JSONREAD_MAX_BYTES + 1;
	char *s = malloc(n);
	struct jsonread *j;
	struct err e;

	memset(s, ' ', n);
	memcpy(s, "{}", 2);
	ck_assert_ptr_null(jsonread_parse(s, n, &e));
	ck_assert_int_eq(e.cls, ERR_LIMIT);
	ck_assert_ptr_nonnull(j = jsonread_parse(s, n - 1, &e));
	jsonread_free(j);
	memset(s, '[', n);
	memcpy(s, "{\"a\":", 5);
	ck_assert_ptr_null(jsonread_parse(s, n - 1, &e));
	ck_assert_int_eq(e.cls, ERR_CORRUPT);
	free(s);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("jsonread");

	tcase_add_test(tc, members_are_found_by_name_and_kind);
	tcase_add_loop_test(tc, what_is_no_object_is_refused_and_not_quoted, 0,
	    LENGTH(bad));
	tcase_add_test(tc, size_and_depth_are_bounded);
	return (run_suite(tc));
}
