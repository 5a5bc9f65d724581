/* Which Host headers are ours. */
#include <string.h>

#include "serve/host.h"
#include "unit/suite.h"

static const char *const names[] = { "Box.example", "metrics", NULL };

static const struct {
	const char *value;
	bool ours;
} rows[] = {
	{ "localhost", true },
	{ "LOCALHOST:9090", true },
	{ "127.0.0.1", true },
	{ "127.0.0.1:1", true },
	{ "10.20.30.40:", true },
	{ "[::1]", true },
	{ "[::1]:9090", true },
	{ "[2001:db8::7]:80", true },
	{ "box.EXAMPLE:9090", true },
	{ "Metrics", true },

	{ "", false },
	{ ":9090", false },
	{ "evil.example", false },
	{ "localhost.evil.example", false },
	{ "evil.example:9090", false },
	{ "localhost:9090.evil.example", false },
	{ "localhost:9090:1", false },
	{ "localhost:-1", false },
	{ "localhost evil", false },
	{ "127.0.0.1.evil.example", false },
	{ "127.1", false },
	{ "0x7f000001", false },
	{ "::1", false },
	{ "[::1", false },
	{ "[::1]x", false },
	{ "[localhost]", false },
	{ "[]", false },
	{ "box.example.evil.example", false },
	{ "metric", false },
	{ "evil.example, localhost", false },
	{ "user@localhost", false },
};

START_TEST(a_host_is_ours_or_not)
{
	ck_assert_msg(host_is_ours(rows[_i].value, names) == rows[_i].ours,
	    "\"%s\"", rows[_i].value);
}
END_TEST

START_TEST(a_host_too_long_for_any_is_not)
{
	char value[100 * 1000];

	memset(value, 'a', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	ck_assert(!host_is_ours(value, names));
	value[0] = '[';
	ck_assert(!host_is_ours(value, names));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("host");

	tcase_add_loop_test(tc, a_host_is_ours_or_not, 0, LENGTH(rows));
	tcase_add_test(tc, a_host_too_long_for_any_is_not);
	return (run_suite(tc));
}
