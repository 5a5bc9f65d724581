/*
 * credbed -- what the tests of credentials stand on: an environment without
 * any of ours, and a server that plays STS, the container endpoint and the
 * metadata of an instance.
 */
#ifndef UNIT_CREDBED_H
#define UNIT_CREDBED_H
#include <arpa/inet.h>
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
#include "unit/suite.h"

#define ROLES	"/latest/meta-data/iam/security-credentials/"

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

static inline void
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

static inline void
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

static inline int
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
static inline void
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

static inline void
stop_server(void)
{
	if (server <= 0)
		return;
	(void)kill(server, SIGKILL);
	(void)waitpid(server, NULL, 0);
	server = 0;
}

static inline void
teardown(void)
{
	struct err e;

	stop_server();
	(void)munmap(board, sizeof(*board));
	if (io_remove_tree(AT_FDCWD, scratch, &e) == -1)
		abort();
}

static inline void
route(size_t i, const char *line, const char *needs, int status,
    const char *body)
{
	struct route *r = &board->routes[i];

	(void)snprintf(r->line, sizeof(r->line), "%s", line);
	(void)snprintf(r->needs, sizeof(r->needs), "%s", needs);
	(void)snprintf(r->body, sizeof(r->body), "%s", body);
	r->status = status;
}

static inline void
put_file(const char *name, const char *text)
{
	char path[256];
	struct err e;

	(void)snprintf(path, sizeof(path), "%s/%s", scratch, name);
	if (io_replace_file(AT_FDCWD, path, text, strlen(text), 0600, &e) ==
	    -1)
		ck_abort_msg("%s", e.msg);
}

static inline void
put_home(const char *credentials, const char *config)
{
	char path[256];
	struct err e;

	(void)snprintf(path, sizeof(path), "%s/.aws", scratch);
	ck_assert_int_eq(io_mkdirs(path, 0700, &e), 0);
	put_file(".aws/credentials", credentials);
	put_file(".aws/config", config);
}

static inline void
set(const char *name, const char *value1, const char *value2)
{
	char value[512];

	(void)snprintf(value, sizeof(value), "%s%s", value1, value2);
	ck_assert_int_eq(setenv(name, value, 1), 0);
}

static inline struct credentials *
create(void)
{
	struct credentials_cfg cfg = { 0 };
	struct credentials *c;
	struct err e;

	c = credentials_new(&cfg, &e);
	ck_assert_msg(c != NULL, "%s", c == NULL ? e.msg : "");
	return (c);
}

static inline void
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
static inline void
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

static inline void
use_sts(void)
{
	put_file("token", "hidden.web+token\n");
	set("AWS_WEB_IDENTITY_TOKEN_FILE", scratch, "/token");
	set("AWS_ROLE_ARN", "arn:aws:iam::1:role/", "r");
	set("AWS_ENDPOINT_URL_STS", base, "/");
	route(0, "POST / ", "WebIdentityToken=hidden.web%2Btoken", 200,
	    xml("STS"));
}

static inline void
use_container(void)
{
	set("AWS_CONTAINER_CREDENTIALS_FULL_URI", base, "/hidden5?id=hidden");
	set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "hidden", "3");
	route(1, "GET /hidden5?id=hidden ", "Authorization: hidden3\r\n", 200,
	    json("CONTAINER", 3600));
}

static inline void
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

#endif
