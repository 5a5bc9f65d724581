/*
 * The second round of tries, against a server that fails as often as it is
 * told.  Objects are empty: the server looks at what is in others.
 */
#include "base/clock.h"
#include "store/s3call.h"
#include "unit/httpbed.h"
#include "unit/storebed.h"

static struct store *
open_bed(void)
{
	char *text = mem_printf("s3://bucket?endpoint=http://127.0.0.1:%d",
	    bed_port);
	struct store_url url;
	struct store_cfg cfg = { .url = &url, .write = true, .tag = "w0",
	    .s3 = { .concurrent = 4, .access = "a", .secret = "s" } };
	struct store *s;
	struct err e;

	ck_assert_int_eq(store_url_parse(text, "--to", &url, &e), 0);
	s = store_open(&cfg, &e);
	ck_assert_msg(s != NULL, "%s", e.msg);
	store_url_fini(&url);
	free(text);
	return (s);
}

START_TEST(what_failed_five_times_is_tried_again_when_others_got_through)
{
	struct store *s = open_bed();

	put(s, "flaky/7", "");
	put(s, "fine", "");
	all_safe(s);
	ck_assert_uint_eq(bed->flaky, 8);
	ck_assert_uint_eq(store_requests(s, STORE_REQ_AGAIN), 7);
	store_close(s);
}
END_TEST

START_TEST(there_is_no_third_round)
{
	struct store *s = open_bed();
	struct err e;

	put(s, "flaky/100", "");
	put(s, "fine", "");
	ck_assert_int_eq(settle(s, &e), 1);
	ck_assert_int_eq(e.cls, ERR_NETWORK);
	ck_assert_ptr_nonnull(strstr(e.msg, "s3://bucket/flaky/100: 500"));
	ck_assert_uint_eq(bed->flaky, 2 * RETRY_TRIES);
	store_close(s);
}
END_TEST

START_TEST(a_server_that_answers_nobody_is_not_waited_for_twice)
{
	struct store *s = open_bed();
	struct err e;

	put(s, "flaky/100", "");
	put(s, "flaky/100/b", "");
	ck_assert_int_eq(settle(s, &e), 2);
	ck_assert_uint_eq(bed->flaky, 2 * RETRY_TRIES);
	store_close(s);
}
END_TEST

START_TEST(many_that_rest_do_not_stop_the_others)
{
	struct store *s = open_bed();
	struct err e;
	int i;

	/* More of them than may be in hand at once. */
	for (i = 0; i < 9; i++) {
		put(s, "flaky/45", "");
		put(s, "fine", "");
	}
	/* One that fails for good has used up two rounds of the 45. */
	ck_assert_int_le(settle(s, &e), 45 / (2 * RETRY_TRIES));
	ck_assert_uint_ge(bed->flaky, 46);
	store_close(s);
}
END_TEST

START_TEST(what_rests_is_abandoned_with_the_others)
{
	struct store *s = open_bed();
	int64_t end = clock_mono_ms() + 20000;
	struct err e;

	put(s, "flaky/100", "");
	put(s, "fine", "");
	put(s, "silence", "");
	while (s3_of(s)->nresting == 0 && clock_mono_ms() < end)
		s3_move(s3_of(s), -1, 50);
	ck_assert_uint_eq(bed->flaky, RETRY_TRIES);
	ck_assert_uint_eq(s3_of(s)->nresting, 1);
	store_flush(s, 0);
	ck_assert_int_eq(settle(s, &e), 2);
	ck_assert_ptr_nonnull(strstr(e.msg, "when the time was over"));
	ck_assert_uint_eq(bed->flaky, RETRY_TRIES);
	ck_assert_uint_eq(store_inflight(s), 0);
	store_close(s);
}
END_TEST

int
main(void)
{
	TCase *tc = storebed("rest");

	(void)setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	(void)setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
	(void)setenv("AWS_CONFIG_FILE", "/dev/null", 1);
	(void)unsetenv("http_proxy");
	(void)unsetenv("all_proxy");
	tcase_add_checked_fixture(tc, bed_start, bed_stop);
	tcase_add_test(tc,
	    what_failed_five_times_is_tried_again_when_others_got_through);
	tcase_add_test(tc, there_is_no_third_round);
	tcase_add_test(tc,
	    a_server_that_answers_nobody_is_not_waited_for_twice);
	tcase_add_test(tc, many_that_rest_do_not_stop_the_others);
	tcase_add_test(tc, what_rests_is_abandoned_with_the_others);
	return (run_suite(tc));
}
