/*
 * Which failures are tried again, and when.
 */
#include <stdlib.h>

#include "store/retry.h"
#include "unit/suite.h"

static const struct {
	struct retry_facts facts;
	enum retry_verdict want;
} judged[] = {
	{ { false, false, 200, "" }, RETRY_DONE },
	{ { false, false, 204, "" }, RETRY_DONE },
	{ { false, false, 206, "" }, RETRY_DONE },
	{ { false, false, 200, "InternalError" }, RETRY_AGAIN },
	{ { false, false, 200, "InvalidPart" }, RETRY_NEVER },
	{ { true, true, 0, "" }, RETRY_AGAIN },
	{ { true, true, 200, "" }, RETRY_AGAIN },
	{ { true, false, 0, "" }, RETRY_NEVER },
	{ { false, false, 500, "" }, RETRY_AGAIN },
	{ { false, false, 503, "SlowDown" }, RETRY_AGAIN },
	{ { false, false, 400, "SlowDown" }, RETRY_AGAIN },
	{ { false, false, 429, "" }, RETRY_AGAIN },
	{ { false, false, 400, "RequestTimeout" }, RETRY_AGAIN },
	{ { false, false, 409, "ConditionalRequestConflict" }, RETRY_AGAIN },
	{ { false, false, 501, "NotImplemented" }, RETRY_NEVER },
	{ { false, false, 501, "" }, RETRY_NEVER },
	{ { false, false, 400, "InvalidArgument" }, RETRY_NEVER },
	{ { false, false, 403, "AccessDenied" }, RETRY_NEVER },
	{ { false, false, 403, "SignatureDoesNotMatch" }, RETRY_NEVER },
	{ { false, false, 404, "NoSuchBucket" }, RETRY_NEVER },
	{ { false, false, 412, "PreconditionFailed" }, RETRY_NEVER },
	{ { false, false, 403, "RequestTimeTooSkewed" }, RETRY_CLOCK },
	{ { false, false, 400, "ExpiredToken" }, RETRY_KEYS },
	{ { false, false, 301, "PermanentRedirect" }, RETRY_MOVED },
	{ { false, false, 307, "" }, RETRY_MOVED },
};

START_TEST(a_failure_is_judged)
{
	ck_assert_int_eq(retry_judge(&judged[_i].facts), judged[_i].want);
}
END_TEST

START_TEST(the_wait_grows_within_its_bounds)
{
	unsigned i;
	int64_t top, last = 0;

	for (i = 1; i < RETRY_TRIES; i++) {
		ck_assert_int_eq(retry_delay_ms(i, 0, 0), RETRY_MIN_MS);
		top = retry_delay_ms(i, UINT32_MAX, 0);
		ck_assert_int_gt(top, last);
		ck_assert_int_lt(retry_delay_ms(i, UINT32_MAX / 2, 0), top);
		last = top;
	}
	ck_assert_int_eq(last, RETRY_MAX_MS);
	ck_assert_int_eq(retry_delay_ms(100, UINT32_MAX, 0), RETRY_MAX_MS);
}
END_TEST

START_TEST(what_a_run_hangs_on_is_tried_longer_but_not_if_it_hangs)
{
	ck_assert_uint_eq(retry_awaited_tries(0), RETRY_AWAITED_TRIES);
	ck_assert_uint_eq(retry_awaited_tries(RETRY_AWAITED_MS - 1),
	    RETRY_AWAITED_TRIES);
	ck_assert_uint_eq(retry_awaited_tries(RETRY_AWAITED_MS), RETRY_TRIES);
}
END_TEST

START_TEST(the_server_may_ask_for_more)
{
	/* 2026-11-20T10:30:00Z */
	int64_t now = INT64_C(1795170600) * 1000;

	ck_assert_int_eq(retry_delay_ms(1, 0, 7000), 7000);
	ck_assert_int_eq(retry_after_ms(NULL, now), 0);
	ck_assert_int_eq(retry_after_ms("7", now), 7000);
	ck_assert_int_eq(retry_after_ms("99999999999999999999", now),
	    RETRY_AFTER_MAX_MS);
	ck_assert_int_eq(retry_after_ms("7x", now), 0);
	ck_assert_int_eq(retry_after_ms("soon", now), 0);
	ck_assert_int_eq(retry_after_ms("Fri, 20 Nov 2026 10:30:09 GMT", now),
	    9000);
	ck_assert_int_eq(retry_after_ms("Fri, 20 Nov 2026 10:29:09 GMT", now),
	    0);
}
END_TEST

START_TEST(a_store_is_down_after_a_long_row_of_failures)
{
	struct retry_row r = { 0 };
	int i;

	/* Many at one moment are one event. */
	for (i = 0; i < 1000; i++)
		ck_assert(!retry_row_failure(&r, 50));
	ck_assert(!retry_row_failure(&r, 50 + RETRY_DOWN_MS - 1));
	ck_assert(retry_row_failure(&r, 50 + RETRY_DOWN_MS));
	retry_row_success(&r);
	for (i = 0; i < RETRY_DOWN_FAILURES - 1; i++)
		ck_assert(!retry_row_failure(&r, i * 1000));
	ck_assert(retry_row_failure(&r, i * 1000));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("retry");

	tcase_add_loop_test(tc, a_failure_is_judged, 0, LENGTH(judged));
	tcase_add_test(tc, the_wait_grows_within_its_bounds);
	tcase_add_test(tc,
	    what_a_run_hangs_on_is_tried_longer_but_not_if_it_hangs);
	tcase_add_test(tc, the_server_may_ask_for_more);
	tcase_add_test(tc, a_store_is_down_after_a_long_row_of_failures);
	return (run_suite(tc));
}
