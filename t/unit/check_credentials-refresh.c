/*
 * Keys that expire, refreshes that fail, answers that are wrong.
 */
#include "unit/credbed.h"

START_TEST(good_keys_are_asked_for_once)
{
	struct credentials *c;
	int i;

	use_container();
	c = create();
	ck_assert_uint_eq(board->count, 0);
	for (i = 0; i < 10; i++)
		expect(c, "CONTAINER", "hidden1", "hidden2");
	/* The server means the ones before these. */
	ck_assert(credentials_expired(c));
	expect(c, "CONTAINER", "hidden1", "hidden2");
	ck_assert_uint_eq(board->count, 1);
	credentials_free(c);
}
END_TEST

/* Take keys until they change, or the requests have reached n. */
static void
until(struct credentials *c, const char *access, unsigned n, bool expired)
{
	int64_t end_ms = clock_mono_ms() + 8000;
	struct sigv4_keys k;
	struct err e;

	do {
		if (expired)
			(void)credentials_expired(c);
		if (credentials_get(c, &k, &e) == -1)
			ck_abort_msg("%s", e.msg);
		if (strcmp(k.access, access) == 0 && board->count >= n)
			return;
		clock_sleep_ms(10);
	} while (clock_mono_ms() < end_ms);
	ck_abort_msg("still %s after %u requests", k.access, board->count);
}

START_TEST(keys_are_refreshed_before_they_expire)
{
	struct credentials *c;

	use_container();
	route(1, "GET /hidden5", "", 200, json("FIRST", 3));
	expect(c = create(), "FIRST", "hidden1", "hidden2");
	/* The token is read anew. */
	(void)unsetenv("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	put_file("auth", "hidden5\n");
	set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", scratch, "/auth");
	route(1, "GET /hidden5", "Authorization: hidden5\r\n", 200,
	    json("SECOND", 3600));
	until(c, "SECOND", 2, false);
	expect(c, "SECOND", "hidden1", "hidden2");
	ck_assert_uint_eq(board->count, 2);
	credentials_free(c);
}
END_TEST

START_TEST(keys_that_the_server_calls_expired_are_replaced)
{
	struct credentials *c;

	use_container();
	expect(c = create(), "CONTAINER", "hidden1", "hidden2");
	route(1, "GET /hidden5", "", 200, json("NEW", 3600));
	until(c, "NEW", 2, true);
	ck_assert_uint_eq(board->count, 2);
	credentials_free(c);
}
END_TEST

START_TEST(a_refresh_that_fails_leaves_good_keys_in_use)
{
	struct credentials *c;
	int i;

	use_container();
	route(1, "GET /hidden5", "", 200, json("FIRST", 60));
	expect(c = create(), "FIRST", "hidden1", "hidden2");
	credentials_free(c);
	route(1, "GET /hidden5", "", 200, json("FIRST", 4));
	expect(c = create(), "FIRST", "hidden1", "hidden2");
	route(1, "GET /hidden5", "", 403, "");
	until(c, "FIRST", 3, false);
	for (i = 0; i < 10; i++)
		expect(c, "FIRST", "hidden1", "hidden2");
	ck_assert_uint_eq(board->count, 3);
	credentials_free(c);
}
END_TEST

START_TEST(a_failure_stands_for_a_while_and_asks_no_more)
{
	struct credentials *c;
	struct sigv4_keys k;
	struct err e;
	int i;

	use_container();
	route(1, "GET /hidden5", "", 403, "");
	c = create();
	for (i = 0; i < 10; i++) {
		ck_assert_int_eq(credentials_get(c, &k, &e), -1);
		ck_assert_int_eq(e.cls, ERR_DENIED);
	}
	ck_assert_uint_eq(board->count, 1);
	credentials_free(c);
}
END_TEST

static const struct {
	int status;
	const char *body;
	enum err_class cls;
	unsigned count;
} answers[] = {
	{ 200, "", ERR_CONFIG, 1 },
	{ 200, "hidden", ERR_CONFIG, 1 },
	{ 200, "<hidden>", ERR_CONFIG, 1 },
	{ 200, "[]", ERR_CONFIG, 1 },
	{ 200, "{}", ERR_CONFIG, 1 },
	{ 200, "{\"AccessKeyId\": \"hidden\"}", ERR_CONFIG, 1 },
	{ 200, "{\"AccessKeyId\": 1, \"SecretAccessKey\": \"hidden\"}",
	    ERR_CONFIG, 1 },
	{ 200, "{\"AccessKeyId\": \"hid\\r\\nden\", \"SecretAccessKey\": "
	    "\"hidden\"}", ERR_CONFIG, 1 },
	{ 200, "{\"AccessKeyId\": \"a\", \"SecretAccessKey\": \"hidden\", "
	    "\"Expiration\": \"hidden\"}", ERR_CONFIG, 1 },
	{ 302, "hidden", ERR_DENIED, 1 },
	{ 403, "hidden", ERR_DENIED, 1 },
	{ 429, "hidden", ERR_THROTTLED, 3 },
	{ 500, "hidden", ERR_NETWORK, 3 },
};

START_TEST(a_wrong_answer_of_a_container_is_said_without_its_text)
{
	use_container();
	route(1, "GET /hidden5", "", answers[_i].status, answers[_i].body);
	expect_failure(answers[_i].cls, "container credentials: ");
	ck_assert_uint_eq(board->count, answers[_i].count);
}
END_TEST

START_TEST(a_wrong_answer_of_the_metadata_is_said_without_its_text)
{
	use_imds();
	route(2, "GET " ROLES "role ", "", answers[_i].status,
	    answers[_i].body);
	expect_failure(answers[_i].cls == ERR_NETWORK ? ERR_CONFIG :
	    answers[_i].cls == ERR_THROTTLED ? ERR_DENIED : answers[_i].cls,
	    "instance metadata");
}
END_TEST

static const struct {
	int status;
	const char *body;
	enum err_class cls;
	const char *says;
} sts[] = {
	{ 200, "", ERR_CONFIG, "cannot be understood" },
	{ 200, "hidden", ERR_CONFIG, "cannot be understood" },
	{ 200, "<a><b>hidden</b>", ERR_CONFIG, "cannot be understood" },
	{ 200, "<a>hidden</a>", ERR_CONFIG, "access key is missing" },
	{ 403, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not "
	    "authorized to perform it</Message></Error></ErrorResponse>",
	    ERR_DENIED, "403, AccessDenied: Not authorized to perform it" },
	{ 400, "<ErrorResponse><Error><Code>InvalidIdentityToken</Code>"
	    "<Message>what is hidden.web+token</Message></Error>"
	    "</ErrorResponse>", ERR_DENIED, "InvalidIdentityToken" },
	{ 400, "<ErrorResponse><Error><Code>Throttling</Code></Error>"
	    "</ErrorResponse>", ERR_THROTTLED, "Throttling" },
	{ 400, "hidden", ERR_DENIED, "400, no code" },
	{ 503, "hidden", ERR_NETWORK, "503" },
};

START_TEST(what_sts_says_against_it_is_told)
{
	use_sts();
	route(0, "POST / ", "", sts[_i].status, sts[_i].body);
	expect_failure(sts[_i].cls, sts[_i].says);
}
END_TEST

START_TEST(a_missing_token_file_is_named)
{
	use_sts();
	set("AWS_WEB_IDENTITY_TOKEN_FILE", scratch, "/nowhere");
	expect_failure(ERR_CONFIG, "/nowhere");
	put_file("token", " \n");
	set("AWS_WEB_IDENTITY_TOKEN_FILE", scratch, "/token");
	expect_failure(ERR_CONFIG, "no token");
	put_file("token", "x");
	(void)unsetenv("AWS_ENDPOINT_URL_STS");
	set("AWS_REGION", "evil_org", "");
	expect_failure(ERR_CONFIG, "evil_org");
	ck_assert_uint_eq(board->count, 0);
}
END_TEST

START_TEST(where_nobody_answers_it_is_said_soon)
{
	int64_t began_ms = clock_mono_ms();

	use_container();
	stop_server();
	expect_failure(ERR_NETWORK, "127.0.0.1");
	(void)unsetenv("AWS_CONTAINER_CREDENTIALS_FULL_URI");
	use_imds();
	expect_failure(ERR_CONFIG, "no credentials found");
	ck_assert_int_lt(clock_mono_ms() - began_ms, 3000);
}
END_TEST

START_TEST(metadata_that_is_silent_holds_up_for_a_second)
{
	int64_t began_ms = clock_mono_ms();

	use_imds();
	(void)kill(server, SIGSTOP);
	expect_failure(ERR_CONFIG, "instance metadata: ");
	ck_assert_int_lt(clock_mono_ms() - began_ms, 2500);
}
END_TEST

START_TEST(an_instance_without_a_role_has_no_credentials)
{
	use_imds();
	route(3, "GET " ROLES " ", "", 404, "hidden");
	expect_failure(ERR_CONFIG, "the instance has no role");
	route(3, "GET " ROLES " ", "", 200, "../hidden");
	expect_failure(ERR_CONFIG, "no role's name");
	route(1, "PUT ", "", 200, "hidden\r\nX: y");
	expect_failure(ERR_CONFIG, "is no token");
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("refresh");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, good_keys_are_asked_for_once);
	tcase_add_test(tc, keys_are_refreshed_before_they_expire);
	tcase_add_test(tc, keys_that_the_server_calls_expired_are_replaced);
	tcase_add_test(tc, a_refresh_that_fails_leaves_good_keys_in_use);
	tcase_add_test(tc, a_failure_stands_for_a_while_and_asks_no_more);
	tcase_add_loop_test(tc,
	    a_wrong_answer_of_a_container_is_said_without_its_text, 0,
	    LENGTH(answers));
	tcase_add_loop_test(tc,
	    a_wrong_answer_of_the_metadata_is_said_without_its_text, 0,
	    LENGTH(answers));
	tcase_add_loop_test(tc, what_sts_says_against_it_is_told, 0,
	    LENGTH(sts));
	tcase_add_test(tc, a_missing_token_file_is_named);
	tcase_add_test(tc, where_nobody_answers_it_is_said_soon);
	tcase_add_test(tc, metadata_that_is_silent_holds_up_for_a_second);
	tcase_add_test(tc, an_instance_without_a_role_has_no_credentials);
	return (run_suite(tc));
}
