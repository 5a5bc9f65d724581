/*
 * Every source against a responder of our own on the loopback: a forked
 * server with answers in shared memory that counts what it is asked.
 */
#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "net/container.h"
#include "net/credentials.h"

#define ROLES	"/latest/meta-data/iam/security-credentials/"
#define N(a)	((int)(sizeof(a) / sizeof((a)[0])))

enum {
	NROUTES = 4,
	TEXT_BYTES = 4096
};

struct route {
	char line[128];			/* how the request begins */
	char needs[128];		/* must be in it, else 403; or "" */
	int status;
	char body[TEXT_BYTES];
	unsigned count;
};

static struct board {
	struct route routes[NROUTES];
	unsigned count;
	char last[2 * TEXT_BYTES];
} *board;

static char scratch[64], base[64];
static pid_t server;

static void
answer(int fd)
{
	char head[256], *body, *len;
	struct route *r = NULL;
	size_t n = 0, want = 0, i;
	ssize_t got;

	while (n < sizeof(board->last) - 1 && (got = read(fd, board->last + n,
	    sizeof(board->last) - 1 - n)) > 0) {
		n += (size_t)got;
		board->last[n] = '\0';
		if ((body = strstr(board->last, "\r\n\r\n")) == NULL)
			continue;
		len = strcasestr(board->last, "\r\nContent-Length:");
		want = (size_t)(body + 4 - board->last) +
		    (len != NULL ? strtoul(len + 17, NULL, 10) : 0);
		if (n >= want)
			break;
	}
	board->count++;
	for (i = 0; i < NROUTES && r == NULL; i++)
		if (board->routes[i].line[0] != '\0' &&
		    strncmp(board->last, board->routes[i].line,
		    strlen(board->routes[i].line)) == 0)
			r = &board->routes[i];
	if (r != NULL)
		r->count++;
	if (r != NULL && strstr(board->last, r->needs) == NULL) {
		(void)snprintf(head, sizeof(head), "HTTP/1.1 403 No\r\n"
		    "Content-Length: 0\r\nConnection: close\r\n\r\n");
		r = NULL;
	} else
		(void)snprintf(head, sizeof(head), "HTTP/1.1 %d X\r\n"
		    "Content-Length: %zu\r\nConnection: close\r\n\r\n",
		    r != NULL ? r->status : 404,
		    r != NULL ? strlen(r->body) : 0);
	if (write(fd, head, strlen(head)) == -1 || (r != NULL &&
	    write(fd, r->body, strlen(r->body)) == -1))
		return;
}

static void
serve(int listener)
{
	int fd;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGPIPE, SIG_IGN);
	for (;;) {
		if ((fd = accept(listener, NULL, NULL)) == -1)
			_exit(1);
		answer(fd);
		(void)close(fd);
	}
}

static int
start_listener(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	int fd;

	if ((fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1 ||
	    bind(fd, (struct sockaddr *)&sin, len) == -1 ||
	    listen(fd, 16) == -1 ||
	    getsockname(fd, (struct sockaddr *)&sin, &len) == -1)
		abort();
	(void)snprintf(base, sizeof(base), "http://127.0.0.1:%d",
	    ntohs(sin.sin_port));
	return (fd);
}

/* An empty home, no variable of ours, a server with nothing to say. */
static void
setup(void)
{
	extern char **environ;
	const char *tmp = getenv("TMPDIR");
	int fd;

	(void)snprintf(scratch, sizeof(scratch), "%.30s/check_cred.XXXXXX",
	    tmp == NULL ? "/tmp" : tmp);
	if (mkdtemp(scratch) == NULL)
		abort();
	environ = NULL;
	if (setenv("HOME", scratch, 1) == -1 ||
	    setenv("AWS_EC2_METADATA_DISABLED", "true", 1) == -1)
		abort();
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (board == MAP_FAILED)
		abort();
	fd = start_listener();
	if ((server = fork()) == 0)
		serve(fd);
	(void)close(fd);
}

static void
stop_server(void)
{
	if (server <= 0)
		return;
	(void)kill(server, SIGKILL);
	(void)waitpid(server, NULL, 0);
	server = 0;
}

static void
teardown(void)
{
	struct err e;

	stop_server();
	(void)munmap(board, sizeof(*board));
	if (io_remove_tree(AT_FDCWD, scratch, &e) == -1)
		abort();
}

static void
route(size_t i, const char *line, const char *needs, int status,
    const char *body)
{
	struct route *r = &board->routes[i];

	(void)snprintf(r->line, sizeof(r->line), "%s", line);
	(void)snprintf(r->needs, sizeof(r->needs), "%s", needs);
	(void)snprintf(r->body, sizeof(r->body), "%s", body);
	r->status = status;
}

static void
put_file(const char *name, const char *text)
{
	char path[256];
	struct err e;

	(void)snprintf(path, sizeof(path), "%s/%s", scratch, name);
	if (io_replace_file(AT_FDCWD, path, text, strlen(text), 0600, &e) ==
	    -1)
		ck_abort_msg("%s", e.msg);
}

static void
put_home(const char *credentials, const char *config)
{
	char path[256];
	struct err e;

	(void)snprintf(path, sizeof(path), "%s/.aws", scratch);
	ck_assert_int_eq(io_mkdirs(path, 0700, &e), 0);
	put_file(".aws/credentials", credentials);
	put_file(".aws/config", config);
}

static void
set(const char *name, const char *value1, const char *value2)
{
	char value[512];

	(void)snprintf(value, sizeof(value), "%s%s", value1, value2);
	ck_assert_int_eq(setenv(name, value, 1), 0);
}

static struct credentials *
create(void)
{
	struct credentials_cfg cfg = { 0 };
	struct credentials *c;
	struct err e;

	c = credentials_new(&cfg, &e);
	ck_assert_msg(c != NULL, "%s", c == NULL ? e.msg : "");
	return (c);
}

static void
expect(struct credentials *c, const char *access, const char *secret,
    const char *token)
{
	struct sigv4_keys k;
	struct err e;

	if (credentials_get(c, &k, &e) == -1)
		ck_abort_msg("%s", e.msg);
	ck_assert_str_eq(k.access, access);
	ck_assert_str_eq(k.secret, secret);
	ck_assert_pstr_eq(k.token, token);
}

/* Making or getting fails with this class, naming "says". */
static void
expect_failure(enum err_class cls, const char *says)
{
	struct credentials_cfg cfg = { 0 };
	struct credentials *c;
	struct sigv4_keys k;
	struct err e = { 0 };

	if ((c = credentials_new(&cfg, &e)) != NULL)
		ck_assert_int_eq(credentials_get(c, &k, &e), -1);
	ck_assert_msg(e.cls == cls, "%s: %s", err_class_name(e.cls), e.msg);
	ck_assert_msg(strstr(e.msg, says) != NULL, "%s", e.msg);
	ck_assert_msg(strstr(e.msg, "hidden") == NULL, "%s", e.msg);
	credentials_free(c);
}

/* An answer whose keys expire in "s" seconds. */
static const char *
json(const char *access, int64_t s)
{
	static char text[512];
	char stamp[CLOCK_STAMP_BYTES];

	clock_stamp(clock_real_ms() + s * 1000, stamp);
	(void)snprintf(text, sizeof(text), "{\"Code\": \"Success\", "
	    "\"AccessKeyId\": \"%s\", \"SecretAccessKey\": \"hidden1\", "
	    "\"Token\": \"hidden2\", \"Expiration\": \"%s\"}", access, stamp);
	return (text);
}

static const char *
xml(const char *access)
{
	static char text[1024];

	(void)snprintf(text, sizeof(text), "<AssumeRoleWithWebIdentityResponse"
	    " xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
	    "<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>%s"
	    "</AccessKeyId><SecretAccessKey>hidden1</SecretAccessKey>"
	    "<SessionToken>hidden2</SessionToken><Expiration>"
	    "2099-01-01T00:00:00Z</Expiration></Credentials>"
	    "</AssumeRoleWithWebIdentityResult>"
	    "</AssumeRoleWithWebIdentityResponse>", access);
	return (text);
}

static void
use_sts(void)
{
	put_file("token", "hidden.web+token\n");
	set("AWS_WEB_IDENTITY_TOKEN_FILE", scratch, "/token");
	set("AWS_ROLE_ARN", "arn:aws:iam::1:role/", "r");
	set("AWS_ENDPOINT_URL_STS", base, "/");
	route(0, "POST / ", "WebIdentityToken=hidden.web%2Btoken", 200,
	    xml("STS"));
}

static void
use_container(void)
{
	set("AWS_CONTAINER_CREDENTIALS_FULL_URI", base, "/keys?id=hidden");
	set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "hidden", "3");
	route(1, "GET /keys?id=hidden ", "Authorization: hidden3\r\n", 200,
	    json("CONTAINER", 3600));
}

static void
use_imds(void)
{
	(void)unsetenv("AWS_EC2_METADATA_DISABLED");
	set("AWS_EC2_METADATA_SERVICE_ENDPOINT", base, "/");
	route(1, "PUT /latest/api/token ",
	    "X-aws-ec2-metadata-token-ttl-seconds: 21600\r\n", 200, "hidden4");
	route(2, "GET " ROLES "role ", "X-aws-ec2-metadata-token: hidden4\r\n",
	    200, json("IMDS", 3600));
	route(3, "GET " ROLES " ", "X-aws-ec2-metadata-token: hidden4\r\n",
	    200, "role\n");
}

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
	credentials_expired(c);
	expect(c, "GIVEN", "s", NULL);
	credentials_free(c);
	ck_assert_uint_eq(board->count, 5);
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
	{ "AWS_CONFIG_FILE", "/", "/" },
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
	for (i = 0; i < N(regions); i++) {
		set(regions[i], "r-", regions[i]);
		s = credentials_region(c);
		ck_assert_str_eq(s + 2, regions[i]);
		free(s);
	}
	for (i = 0; i < N(endpoints); i++) {
		set(endpoints[i], "e-", endpoints[i]);
		s = credentials_endpoint(c);
		ck_assert_str_eq(s + 2, endpoints[i]);
		ck_assert_str_eq(credentials_env_endpoint(), s);
		free(s);
	}
	credentials_free(c);
}
END_TEST

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
	credentials_expired(c);
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
			credentials_expired(c);
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
	route(1, "GET /keys", "", 200, json("FIRST", 3));
	expect(c = create(), "FIRST", "hidden1", "hidden2");
	/* The token is read anew. */
	(void)unsetenv("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	put_file("auth", "hidden5\n");
	set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", scratch, "/auth");
	route(1, "GET /keys", "Authorization: hidden5\r\n", 200,
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
	route(1, "GET /keys", "", 200, json("NEW", 3600));
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
	route(1, "GET /keys", "", 200, json("FIRST", 60));
	expect(c = create(), "FIRST", "hidden1", "hidden2");
	credentials_free(c);
	route(1, "GET /keys", "", 200, json("FIRST", 4));
	expect(c = create(), "FIRST", "hidden1", "hidden2");
	route(1, "GET /keys", "", 403, "");
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
	route(1, "GET /keys", "", 403, "");
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
	route(1, "GET /keys", "", answers[_i].status, answers[_i].body);
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
	set("AWS_REGION", "evil.org/", "");
	expect_failure(ERR_CONFIG, "evil.org/");
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

static Suite *
suite(void)
{
	Suite *s = suite_create("credentials");
	TCase *tc = tcase_create("credentials");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, the_order_of_the_sources_is_kept);
	tcase_add_test(tc, what_is_empty_is_not_set);
	tcase_add_loop_test(tc, without_keys_every_place_is_named, 0,
	    N(places));
	tcase_add_loop_test(tc,
	    a_setting_that_makes_no_sense_is_named_without_its_secret, 0,
	    N(broken));
	tcase_add_loop_test(tc, a_token_goes_in_the_clear_to_near_hosts_only,
	    0, N(urls));
	tcase_add_test(tc, a_profile_is_found_in_either_file);
	tcase_add_test(tc, files_elsewhere_and_broken_ones_are_seen);
	tcase_add_test(tc, a_profile_may_name_a_web_identity);
	tcase_add_test(tc,
	    region_and_endpoint_come_from_the_environment_first);
	tcase_add_test(tc, good_keys_are_asked_for_once);
	tcase_add_test(tc, keys_are_refreshed_before_they_expire);
	tcase_add_test(tc, keys_that_the_server_calls_expired_are_replaced);
	tcase_add_test(tc, a_refresh_that_fails_leaves_good_keys_in_use);
	tcase_add_test(tc, a_failure_stands_for_a_while_and_asks_no_more);
	tcase_add_loop_test(tc,
	    a_wrong_answer_of_a_container_is_said_without_its_text, 0,
	    N(answers));
	tcase_add_loop_test(tc,
	    a_wrong_answer_of_the_metadata_is_said_without_its_text, 0,
	    N(answers));
	tcase_add_loop_test(tc, what_sts_says_against_it_is_told, 0, N(sts));
	tcase_add_test(tc, a_missing_token_file_is_named);
	tcase_add_test(tc, where_nobody_answers_it_is_said_soon);
	tcase_add_test(tc, metadata_that_is_silent_holds_up_for_a_second);
	tcase_add_test(tc, an_instance_without_a_role_has_no_credentials);
	suite_add_tcase(s, tc);
	return (s);
}

int
main(void)
{
	SRunner *sr = srunner_create(suite());
	int nfailed;

	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	nfailed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return (nfailed != 0);
}
