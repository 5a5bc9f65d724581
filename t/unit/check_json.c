#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "unit/suite.h"

START_TEST(members_come_in_the_order_of_their_setting)
{
	struct json *j = json_new();
	struct buf b = { 0 };

	json_str(j, "z", "last letter");
	json_int(j, "a", -1);
	json_bool(j, "m", true);
	json_bool(j, "b", false);
	json_line(j, &b);
	ck_assert_str_eq(buf_str(&b),
	    "{\"z\":\"last letter\",\"a\":-1,\"m\":true,\"b\":false}\n");
	json_free(j);
	json_free(NULL);
	buf_fini(&b);
}
END_TEST

START_TEST(a_line_leaves_an_empty_object_and_is_appended)
{
	struct json *j = json_new();
	struct buf b = { 0 };

	buf_puts(&b, "before\n");
	json_int(j, "n", 1);
	json_line(j, &b);
	json_line(j, &b);
	json_int(j, "m", 2);
	json_line(j, &b);
	ck_assert_str_eq(buf_str(&b), "before\n{\"n\":1}\n{}\n{\"m\":2}\n");
	json_free(j);
	buf_fini(&b);
}
END_TEST

START_TEST(a_member_set_again_has_the_last_value)
{
	struct json *j = json_new();
	struct buf b = { 0 };

	json_int(j, "n", 1);
	json_int(j, "m", 2);
	json_str(j, "n", "x");
	json_line(j, &b);
	ck_assert_str_eq(buf_str(&b), "{\"n\":\"x\",\"m\":2}\n");
	json_free(j);
	buf_fini(&b);
}
END_TEST

START_TEST(integers_are_exact)
{
	struct json *j = json_new();
	struct buf b = { 0 };

	json_int(j, "max", INT64_MAX);
	json_int(j, "min", INT64_MIN);
	json_int(j, "zero", 0);
	json_line(j, &b);
	ck_assert_str_eq(buf_str(&b), "{\"max\":9223372036854775807,"
	    "\"min\":-9223372036854775808,\"zero\":0}\n");
	json_free(j);
	buf_fini(&b);
}
END_TEST

START_TEST(numbers_that_are_not_whole_and_nothing_at_all)
{
	struct json *j = json_new();
	struct buf b = { 0 };

	json_num(j, "tenth", 0.1);
	json_num(j, "one", 1);
	json_none(j, "none");
	json_line(j, &b);
	ck_assert_str_eq(buf_str(&b),
	    "{\"tenth\":0.1,\"one\":1.0,\"none\":null}\n");
	json_free(j);
	buf_fini(&b);
}
END_TEST

START_TEST(a_list_holds_what_was_pushed_and_may_be_empty)
{
	struct json *j = json_new(), *row = json_new();
	struct buf b = { 0 };

	json_list(j, "empty");
	json_int(row, "n", 1);
	json_push(j, "rows", row);
	json_str(row, "s", "two");
	json_push(j, "rows", row);
	json_int(j, "end", 3);
	json_line(j, &b);
	json_line(row, &b);
	ck_assert_str_eq(buf_str(&b), "{\"empty\":[],"
	    "\"rows\":[{\"n\":1},{\"s\":\"two\"}],\"end\":3}\n{}\n");
	json_free(row);
	json_free(j);
	buf_fini(&b);
}
END_TEST

#define BAD	"\xef\xbf\xbd"		/* U+FFFD */

static const struct {
	const char *value, *want;
} strings[] = {
	{ "", "{\"s\":\"\"}\n" },
	{ "/a b%", "{\"s\":\"/a b%\"}\n" },
	{ "\"\\/", "{\"s\":\"\\\"\\\\/\"}\n" },
	{ "a\nb\tc\x01\x1f", "{\"s\":\"a\\nb\\tc\\u0001\\u001F\"}\n" },
	{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
	    "{\"s\":\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"}\n" },
	{ "\xff", "{\"s\":\"" BAD "\",\"s_escaped\":\"%FF\"}\n" },
	{ "a\xe4%z", "{\"s\":\"a" BAD "%z\",\"s_escaped\":\"a%E4%25z\"}\n" },
	{ "\xe2\x82", "{\"s\":\"" BAD BAD "\",\"s_escaped\":\"%E2%82\"}\n" },
	{ "\xc3\xa4\xc0\xaf", "{\"s\":\"\xc3\xa4" BAD BAD
	    "\",\"s_escaped\":\"\xc3\xa4%C0%AF\"}\n" },
	{ "\xed\xa0\x80", "{\"s\":\"" BAD BAD BAD
	    "\",\"s_escaped\":\"%ED%A0%80\"}\n" },
};

START_TEST(strings_of_any_bytes_are_json)
{
	struct json *j = json_new();
	struct buf b = { 0 };

	json_str(j, "s", strings[_i].value);
	json_line(j, &b);
	ck_assert_str_eq(buf_str(&b), strings[_i].want);
	json_free(j);
	buf_fini(&b);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("json");

	tcase_add_test(tc, members_come_in_the_order_of_their_setting);
	tcase_add_test(tc, a_line_leaves_an_empty_object_and_is_appended);
	tcase_add_test(tc, a_member_set_again_has_the_last_value);
	tcase_add_test(tc, integers_are_exact);
	tcase_add_test(tc, numbers_that_are_not_whole_and_nothing_at_all);
	tcase_add_test(tc, a_list_holds_what_was_pushed_and_may_be_empty);
	tcase_add_loop_test(tc, strings_of_any_bytes_are_json, 0,
	    LENGTH(strings));
	return (run_suite(tc));
}
