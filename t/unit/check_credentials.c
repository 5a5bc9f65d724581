/*
 * Every source against a responder of our own on the loopback: a forked
 * server with answers in shared memory that counts what it is asked.
 */
#include "unit/credbed.h"

START_TEST(the_order_of_the_sources_is_kept)
{
	struct credentials_cfg cfg = { .access = "GIVEN", .secret = "s" };
	struct credentials *c;
	struct err e;

	use_imds();
	expect(c = create(), "IMDS", "hidden1", "hidden2");
	credentials_free(c);
	board->routes[1].line[0] = '\0';
	use_container();
	expect(c = create(), "CONTAINER", "hidden1", "hidden2");
	credentials_free(c);
	use_sts();
	expect(c = create(), "STS", "hidden1", "hidden2");
	credentials_free(c);
	ck_assert_ptr_nonnull(strstr(board->last, "Action=AssumeRoleWithWeb"
	    "Identity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3A"
	    "role%2Fr&RoleSessionName=litefleet&"));
	put_home("[default]\naws_access_key_id = FILE\n"
	    "aws_secret_access_key = fs\n", "");
	expect(c = create(), "FILE", "fs", NULL);
	credentials_free(c);
	set("LITESTREAM_ACCESS_KEY_ID", "LS", "");
	set("LITESTREAM_SECRET_ACCESS_KEY", "lss", "");
	expect(c = create(), "LS", "lss", NULL);
	credentials_free(c);
	set("AWS_ACCESS_KEY_ID", "ENV", "");
	set("AWS_SECRET_ACCESS_KEY", "es", "");
	set("AWS_SESSION_TOKEN", "et", "");
	expect(c = create(), "ENV", "es", "et");
	credentials_free(c);
	ck_assert_ptr_nonnull(c = credentials_new(&cfg, &e));
	expect(c, "GIVEN", "s", NULL);
	ck_assert(!credentials_expired(c));
	expect(c, "GIVEN", "s", NULL);
	credentials_free(c);
	ck_assert_uint_eq(board->count, 5);
}
END_TEST

/* Nobody listens at port 1: what goes through the proxy gets no answer. */
START_TEST(a_token_for_those_nearby_goes_through_no_proxy)
{
	struct credentials *c;

	set("http_proxy", "http://127.0.0.1:", "1");
	use_imds();
	expect(c = create(), "IMDS", "hidden1", "hidden2");
	credentials_free(c);
	use_container();
	expect(c = create(), "CONTAINER", "hidden1", "hidden2");
	credentials_free(c);
	ck_assert_int_eq(unsetenv("http_proxy"), 0);
}
END_TEST

START_TEST(what_is_empty_is_not_set)
{
	set("AWS_ACCESS_KEY_ID", "", "");
	set("AWS_SECRET_ACCESS_KEY", "", "");
	set("AWS_PROFILE", "", "");
	set("AWS_WEB_IDENTITY_TOKEN_FILE", "", "");
	set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "", "");
	expect_failure(ERR_CONFIG, "no credentials found");
}
END_TEST

static const char *const places[] = {
	"no -access-key", "AWS_ACCESS_KEY_ID", "LITESTREAM_ACCESS_KEY_ID",
	"\"default\"", "/.aws/credentials (not there)",
	"/.aws/config (not there)", "AWS_WEB_IDENTITY_TOKEN_FILE",
	"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_EC2_METADATA_DISABLED",
};

START_TEST(without_keys_every_place_is_named)
{
	expect_failure(ERR_CONFIG, places[_i]);
}
END_TEST

static const struct {
	const char *name, *value, *says;
} broken[] = {
	{ "AWS_ACCESS_KEY_ID", "hidden", "secret key is missing" },
	{ "AWS_SECRET_ACCESS_KEY", "hidden", "access key is missing" },
	{ "LITESTREAM_SECRET_ACCESS_KEY", "hidden", "access key is missing" },
	{ "AWS_ACCESS_KEY_ID", "hidden\n", "access key holds" },
	{ "AWS_ACCESS_KEY_ID", "hid den", "access key holds" },
	{ "AWS_PROFILE", "nobody", "no profile \"nobody\"" },
	{ "AWS_WEB_IDENTITY_TOKEN_FILE", "/x", "AWS_ROLE_ARN is not" },
	{ "AWS_ENDPOINT_URL_STS", "http://u:hidden@h", "AWS_ENDPOINT_URL_STS" },
	{ "AWS_EC2_METADATA_SERVICE_ENDPOINT", "hidden",
	    "AWS_EC2_METADATA_SERVICE_ENDPOINT" },
	{ "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "hidden", "slash" },
	{ "AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://8.8.8.8/hidden",
	    "neither https nor" },
	{ "AWS_CONTAINER_CREDENTIALS_FULL_URI", "https://u:hidden@h/hidden",
	    "may not name a user" },
	{ "AWS_CONFIG_FILE", "/", "/" },
	{ "AWS_REGION", "r\nHost: hidden", "the region (AWS_REGION" },
	{ "AWS_DEFAULT_REGION", "hidden.org/", "the region (AWS_REGION" },
};

START_TEST(a_setting_that_makes_no_sense_is_named_without_its_secret)
{
	set(broken[_i].name, broken[_i].value, "");
	expect_failure(ERR_CONFIG, broken[_i].says);
}
END_TEST

static const struct {
	const char *url;
	bool good;
} urls[] = {
	{ "http://127.0.0.1/x", true },
	{ "http://127.9.9.9:80/x", true },
	{ "http://localhost:1/x", true },
	{ "http://[::1]:1/x", true },
	{ "http://[::1]", true },
	{ "http://169.254.170.2/x", true },
	{ "http://169.254.170.23/v1/credentials", true },
	{ "http://[fd00:ec2::23]/v1/credentials", true },
	{ "https://any.host/x", true },
	{ "https://any.host/x@y", true },
	{ "http://any.host/x", false },
	{ "http://128.0.0.1/x", false },
	{ "http://127.0.0.1.evil.org/x", false },
	{ "http://127.0.0.1@evil.org/x", false },
	{ "http://127.0.0.1:x@evil.org/x", false },
	{ "http://localhost.evil.org/x", false },
	{ "http://169.254.169.254/x", false },
	{ "http://[::2]/x", false },
	{ "http://[::1/x", false },
	{ "http://[::1]evil.org/x", false },
	{ "http:///x", false },
	{ "https://", false },
	{ "https:///u:p@any.host/x", false },
	{ "https://u:p@any.host/x", false },
	{ "https://any.host:x@evil.org", false },
	{ "ftp://127.0.0.1/x", false },
	{ "127.0.0.1", false },
};

START_TEST(a_token_goes_in_the_clear_to_near_hosts_only)
{
	struct container_cfg cfg = { .full = urls[_i].url };
	struct err e;
	char *url;

	url = container_url(&cfg, &e);
	ck_assert_int_eq(url != NULL, urls[_i].good);
	if (url != NULL)
		ck_assert_str_eq(url, urls[_i].url);
	free(url);
	cfg.relative = "/v2/x";
	ck_assert_ptr_nonnull(url = container_url(&cfg, &e));
	ck_assert_str_eq(url, "http://169.254.170.2/v2/x");
	free(url);
}
END_TEST

START_TEST(a_profile_is_found_in_either_file)
{
	struct credentials *c;
	char *s;

	put_home("[default]\naws_access_key_id = D\n"
	    "aws_secret_access_key = ds\n[x]\naws_access_key_id = X\n"
	    "aws_secret_access_key = xs\naws_session_token = xt\n",
	    "[default]\nregion = r-d\n[profile x]\nregion = r-x\n"
	    "aws_access_key_id = other\nservices = sv\n"
	    "[y]\naws_access_key_id = Y\naws_secret_access_key = ys\n"
	    "[profile z]\naws_access_key_id = Z\naws_secret_access_key = zs\n"
	    "endpoint_url = http://z\n[services sv]\ns3 =\n"
	    "  endpoint_url = http://sv\n");
	expect(c = create(), "D", "ds", NULL);
	s = credentials_region(c);
	ck_assert_str_eq(s, "r-d");
	free(s);
	ck_assert_ptr_null(credentials_endpoint(c));
	credentials_free(c);
	set("AWS_PROFILE", "x", "");
	expect(c = create(), "X", "xs", "xt");
	s = credentials_region(c);
	ck_assert_str_eq(s, "r-x");
	free(s);
	s = credentials_endpoint(c);
	ck_assert_str_eq(s, "http://sv");
	free(s);
	credentials_free(c);
	set("AWS_PROFILE", "z", "");
	expect(c = create(), "Z", "zs", NULL);
	s = credentials_endpoint(c);
	ck_assert_str_eq(s, "http://z");
	free(s);
	credentials_free(c);
	/* Only "profile y" would be one there. */
	set("AWS_PROFILE", "y", "");
	expect_failure(ERR_CONFIG, "no profile \"y\"");
}
END_TEST

START_TEST(files_elsewhere_and_broken_ones_are_seen)
{
	struct credentials *c;

	put_home("hidden\n", "");
	expect_failure(ERR_CONFIG, "credentials: line 1 ");
	put_file("other", "[default]\naws_access_key_id = O\n"
	    "aws_secret_access_key = os\n");
	set("AWS_SHARED_CREDENTIALS_FILE", scratch, "/other");
	expect(c = create(), "O", "os", NULL);
	credentials_free(c);
	put_file("other", "[default]\naws_access_key_id = hidden\n");
	expect_failure(ERR_CONFIG, "secret key is missing");
	put_file("other", "[default]\ncredential_process = hidden\n");
	expect_failure(ERR_CONFIG, "credential_process is not supported");
	put_file("other", "[default]\nrole_arn = r\nsource_profile = hidden\n");
	expect_failure(ERR_CONFIG, "source_profile is not supported");
}
END_TEST

/* Its keys are for assuming the role: who has the role may do other things. */
START_TEST(keys_that_are_to_assume_a_role_are_not_used_without_it)
{
	struct credentials *c;

	put_home("[prod]\naws_access_key_id = P\naws_secret_access_key = "
	    "hidden\n[base]\naws_access_key_id = B\n"
	    "aws_secret_access_key = bs\n",
	    "[profile prod]\nrole_arn = r\nsource_profile = prod\n");
	set("AWS_PROFILE", "prod", "");
	expect_failure(ERR_CONFIG, "source_profile is not supported");
	put_file(".aws/config", "[profile prod]\nrole_arn = r\n"
	    "credential_source = Environment\n");
	expect_failure(ERR_CONFIG, "credential_source is not supported");
	/* Alone it says nothing. */
	put_file(".aws/config", "[profile base]\nsource_profile = prod\n");
	set("AWS_PROFILE", "base", "");
	expect(c = create(), "B", "bs", NULL);
	credentials_free(c);
}
END_TEST

START_TEST(a_profile_may_name_a_web_identity)
{
	char config[512];
	struct credentials *c;

	use_sts();
	(void)unsetenv("AWS_WEB_IDENTITY_TOKEN_FILE");
	(void)unsetenv("AWS_ROLE_ARN");
	(void)snprintf(config, sizeof(config), "[profile w]\nrole_arn = arn\n"
	    "web_identity_token_file = %s/token\nrole_session_name = me\n",
	    scratch);
	put_home("", config);
	set("AWS_PROFILE", "w", "");
	expect(c = create(), "STS", "hidden1", "hidden2");
	ck_assert_ptr_nonnull(strstr(board->last,
	    "RoleArn=arn&RoleSessionName=me&"));
	credentials_free(c);
}
END_TEST

START_TEST(region_and_endpoint_come_from_the_environment_first)
{
	static const char *const regions[] = { "AWS_DEFAULT_REGION",
	    "AWS_REGION" };
	static const char *const endpoints[] = { "AWS_ENDPOINT",
	    "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3" };
	struct credentials *c = create();
	char *s;
	int i;

	s = credentials_region(c);
	ck_assert_str_eq(s, "us-east-1");
	free(s);
	ck_assert_ptr_null(credentials_endpoint(c));
	ck_assert_ptr_null(credentials_env_endpoint());
	for (i = 0; i < LENGTH(regions); i++) {
		set(regions[i], "r-", regions[i]);
		s = credentials_region(c);
		ck_assert_str_eq(s + 2, regions[i]);
		free(s);
	}
	for (i = 0; i < LENGTH(endpoints); i++) {
		set(endpoints[i], "e-", endpoints[i]);
		s = credentials_endpoint(c);
		ck_assert_str_eq(s + 2, endpoints[i]);
		ck_assert_str_eq(credentials_env_endpoint(), s);
		free(s);
	}
	credentials_free(c);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("credentials");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, the_order_of_the_sources_is_kept);
	tcase_add_test(tc, a_token_for_those_nearby_goes_through_no_proxy);
	tcase_add_test(tc, what_is_empty_is_not_set);
	tcase_add_loop_test(tc, without_keys_every_place_is_named, 0,
	    LENGTH(places));
	tcase_add_loop_test(tc,
	    a_setting_that_makes_no_sense_is_named_without_its_secret, 0,
	    LENGTH(broken));
	tcase_add_loop_test(tc, a_token_goes_in_the_clear_to_near_hosts_only,
	    0, LENGTH(urls));
	tcase_add_test(tc, a_profile_is_found_in_either_file);
	tcase_add_test(tc, files_elsewhere_and_broken_ones_are_seen);
	tcase_add_test(tc,
	    keys_that_are_to_assume_a_role_are_not_used_without_it);
	tcase_add_test(tc, a_profile_may_name_a_web_identity);
	tcase_add_test(tc,
	    region_and_endpoint_come_from_the_environment_first);
	return (run_suite(tc));
}
