#include "net/imds.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "net/ask.h"

#define ROLES	"/latest/meta-data/iam/security-credentials/"

enum {
	NTRIES = 2,
	TOKEN_MAX_BYTES = 4096,
	ROLE_MAX_BYTES = 64
};

/* The session's token as a header. */
static int
get_token(struct http *h, const char *endpoint, struct buf *line,
    struct err *e)
{
	static const char *const headers[] = {
		"X-aws-ec2-metadata-token-ttl-seconds: 21600", NULL
	};
	char *url = mem_printf("%s/latest/api/token", endpoint);
	/* Once: where there is no IMDS, this is what takes the time. */
	struct ask q = { .method = "PUT", .url = url, .headers = headers,
	    .timeout_ms = IMDS_TIMEOUT_MS, .ntries = 1 };
	struct ask_answer a;
	size_t i;
	int ret = -1;

	if (ask(h, &q, &a, e) == -1)
		goto out;
	if (a.status != 200) {
		err_set(e, a.status >= 500 ? ERR_NETWORK : ERR_DENIED,
		    "%s: HTTP status %d", url, a.status);
		goto out;
	}
	for (i = 0; i < a.body.len; i++)
		if (a.body.data[i] <= ' ' || a.body.data[i] > '~')
			break;
	if (i == 0 || i < a.body.len || i > TOKEN_MAX_BYTES) {
		err_set(e, ERR_CONFIG, "%s: the answer is no token", url);
		goto out;
	}
	buf_printf(line, "X-aws-ec2-metadata-token: %s", buf_str(&a.body));
	ret = 0;
out:
	ask_fini(&a);
	free(url);
	return (ret);
}

/* The first line of the list of roles. */
static int
get_role(struct http *h, const struct ask *q, struct buf *role, struct err *e)
{
	struct ask_answer a;
	size_t n;
	int ret = -1;

	if (ask(h, q, &a, e) == -1)
		goto out;
	n = strcspn(buf_str(&a.body), "\r\n");
	if (a.status == 404 || (a.status == 200 && n == 0)) {
		err_set(e, ERR_NOTFOUND, "%s: the instance has no role",
		    q->url);
		goto out;
	}
	if (a.status != 200) {
		err_set(e, a.status >= 500 ? ERR_NETWORK : ERR_DENIED,
		    "%s: HTTP status %d", q->url, a.status);
		goto out;
	}
	if (n > ROLE_MAX_BYTES || strspn(buf_str(&a.body), "abcdefghijklmnop"
	    "qrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@-") != n) {
		err_set(e, ERR_CONFIG, "%s: the answer is no role's name",
		    q->url);
		goto out;
	}
	buf_put(role, a.body.data, n);
	ret = 0;
out:
	ask_fini(&a);
	return (ret);
}

int
imds_ask(struct http *h, const char *endpoint, struct lease *l,
    struct err *e)
{
	const char *headers[] = { NULL, NULL };
	struct ask q = { .method = "GET", .headers = headers,
	    .timeout_ms = IMDS_TIMEOUT_MS, .ntries = NTRIES };
	struct ask_answer a = { 0 };
	struct buf line = { 0 }, role = { 0 };
	char *url = NULL;
	int ret = -1;

	if (get_token(h, endpoint, &line, e) == -1)
		goto out;
	headers[0] = buf_str(&line);
	url = mem_printf("%s" ROLES, endpoint);
	q.url = url;
	if (get_role(h, &q, &role, e) == -1)
		goto out;
	free(url);
	url = mem_printf("%s" ROLES "%s", endpoint, buf_str(&role));
	q.url = url;
	if (ask(h, &q, &a, e) == -1)
		goto out;
	if (a.status != 200)
		err_set(e, a.status >= 500 ? ERR_NETWORK : ERR_DENIED,
		    "%s: HTTP status %d", url, a.status);
	else
		ret = lease_parse(l, a.body.data, a.body.len, url, e);
out:
	ask_fini(&a);
	if (line.data != NULL)
		explicit_bzero(line.data, line.len);
	buf_fini(&line);
	buf_fini(&role);
	free(url);
	return (ret);
}
