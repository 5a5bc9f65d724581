/* Which Host headers are ours. */
#include <string.h>

#include "serve/host.h"
#include "unit/suite.h"

static const char *const names[] = { "Box.example", "metrics", NULL };

static const struct {
	const char *value;
	enum { NO, NOT_HERE, YES } ours;	/* NOT_HERE: by the loopback */
} rows[] = {
	{ "localhost", YES },
	{ "LOCALHOST:9090", YES },
	{ "127.0.0.1", YES },
	{ "127.0.0.1:1", YES },
	{ "127.9.9.9:80", YES },
	{ "10.20.30.40:", NOT_HERE },
	{ "126.255.255.255", NOT_HERE },
	{ "128.0.0.1:9090", NOT_HERE },
	{ "0.0.0.0", NOT_HERE },
	{ "[::]", NOT_HERE },
	{ "[::ffff:10.0.0.1]", NOT_HERE },
	{ "[::1]", YES },
	{ "[::1]:9090", YES },
	{ "[2001:db8::7]:80", NOT_HERE },
	{ "box.EXAMPLE:9090", YES },
	{ "Metrics", YES },

	{ "", NO },
	{ ":9090", NO },
	{ "evil.example", NO },
	{ "localhost.evil.example", NO },
	{ "evil.example:9090", NO },
	{ "localhost:9090.evil.example", NO },
	{ "localhost:9090:1", NO },
	{ "localhost:-1", NO },
	{ "localhost evil", NO },
	{ "127.0.0.1.evil.example", NO },
	{ "127.1", NO },
	{ "0x7f000001", NO },
	{ "::1", NO },
	{ "[::1", NO },
	{ "[::1]x", NO },
	{ "[localhost]", NO },
	{ "[]", NO },
	{ "box.example.evil.example", NO },
	{ "metric", NO },
	{ "evil.example, localhost", NO },
	{ "user@localhost", NO },
};

START_TEST(a_host_is_ours_or_not)
{
	ck_assert_msg(host_is_ours(rows[_i].value, names, false) ==
	    (rows[_i].ours != NO), "\"%s\"", rows[_i].value);
	ck_assert_msg(host_is_ours(rows[_i].value, names, true) ==
	    (rows[_i].ours == YES), "loopback, \"%s\"",
	    rows[_i].value);
}
END_TEST

START_TEST(a_host_too_long_for_any_is_not)
{
	char value[100 * 1000];

	memset(value, 'a', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	ck_assert(!host_is_ours(value, names, false));
	value[0] = '[';
	ck_assert(!host_is_ours(value, names, false));
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
