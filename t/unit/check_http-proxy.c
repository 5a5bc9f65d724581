/* Requests that go by way of a proxy, as the environment says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/askbed.h"

static char proxy[64];

static void
set_up(void)
{
	ask_set_up(4, 2000, 3000);
	(void)snprintf(proxy, sizeof(proxy), "http://who:hidden@127.0.0.1:%d",
	    bed_port);
}

static struct http_req
get(const char *url)
{
	struct http_req r = { .method = "GET", .url = url, .body_fd = -1 };
	int64_t end = clock_mono_ms() + 8000;

	http_start(h, &r);
	while (!r.finished) {
		ck_assert_int_lt(clock_mono_ms(), end);
		http_move(h, -1, 1000);
	}
	ck_assert_ptr_eq(http_next(h), &r);
	return (r);
}

START_TEST(a_request_goes_by_way_of_the_proxy)
{
	struct http_req r;
	int i;

	ck_assert_int_eq(setenv("http_proxy", proxy, 1), 0);
	for (i = 0; i < 3; i++) {
		r = get("http://s3.invalid/ok");
		ck_assert_msg(!r.failed, "%s", r.err.msg);
		ck_assert_int_eq(r.status, 200);
		ck_assert_str_eq(buf_str(&r.answer), "hello");
		http_fini_req(h, &r);
	}
	ck_assert_ptr_nonnull(strstr(bed->head,
	    "GET http://s3.invalid/ok HTTP/1.1\r\n"));
	ck_assert_uint_eq(bed->connections, 1);
}
END_TEST

START_TEST(a_proxy_that_leads_nowhere_is_said_with_its_status)
{
	struct http_req r;

	ck_assert_int_eq(setenv("https_proxy", proxy, 1), 0);
	r = get("https://s3.invalid/ok?secret=1");
	ck_assert(r.failed);
	ck_assert_str_eq(r.err.msg, "the proxy that the environment names "
	    "does not lead to s3.invalid:443: it answers 403");
	ck_assert_ptr_nonnull(strstr(bed->head, "CONNECT s3.invalid:443 "));
	http_fini_req(h, &r);
}
END_TEST

static const struct {
	const char *name, *proxy, *url, *says;
} dead[] = {
	{ "http_proxy", "http://127.0.0.1:1", "http://s3.invalid/",
	    "s3.invalid:80 (or the proxy that the environment names) refuses "
	    "the connection" },
	{ "https_proxy", "http://127.0.0.1:1", "https://s3.invalid/",
	    "s3.invalid:443 (or the proxy that the environment names) refuses "
	    "the connection" },
	{ "ALL_PROXY", "http://127.0.0.1:1", "https://s3.invalid/",
	    "s3.invalid:443 (or the proxy that the environment names) refuses "
	    "the connection" },
	{ "http_proxy", "http://no.such.invalid:1", "http://s3.invalid/",
	    "the name of the proxy to s3.invalid:80 does not resolve" },
	{ "https_proxy", "http://127.0.0.1:1", "http://127.0.0.1:1/",
	    "127.0.0.1:1 refuses the connection" },
	{ "http_proxy", "", "http://127.0.0.1:1/",
	    "127.0.0.1:1 refuses the connection" },
};

START_TEST(a_proxy_that_is_not_there_is_thought_of)
{
	struct http_req r;

	ck_assert_int_eq(setenv(dead[_i].name, dead[_i].proxy, 1), 0);
	r = get(dead[_i].url);
	ck_assert(r.failed);
	ck_assert_str_eq(r.err.msg, dead[_i].says);
	http_fini_req(h, &r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("http-proxy");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, a_request_goes_by_way_of_the_proxy);
	tcase_add_test(tc, a_proxy_that_leads_nowhere_is_said_with_its_status);
	tcase_add_loop_test(tc, a_proxy_that_is_not_there_is_thought_of, 0,
	    LENGTH(dead));
	return (run_suite(tc));
}
