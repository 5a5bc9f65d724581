#include "net/ask.h"

#include <stdbool.h>
#include <string.h>

#include "base/clock.h"

enum {
	PAUSE_MS = 100,
	ANSWER_MAX_BYTES = 256 * 1024
};

void
ask_fini(struct ask_answer *a)
{
	if (a->body.data != NULL)
		explicit_bzero(a->body.data, a->body.len);
	buf_fini(&a->body);
	a->status = 0;
}

/* Names the server, and no more of the URL: that may be a secret. */
static void
say_silent(const struct ask *q, struct err *e)
{
	const char *host = strstr(q->url, "://"), *at;
	size_t n;

	host = host != NULL ? host + 3 : q->url;
	n = strcspn(host, "/?#");
	if ((at = memrchr(host, '@', n)) != NULL) {
		n -= (size_t)(at + 1 - host);
		host = at + 1;
	}
	err_set(e, ERR_NETWORK, "%.*s: no whole answer within %d ms", (int)n,
	    host, (int)q->timeout_ms);
}

static int
try(struct http *h, const struct ask *q, struct ask_answer *a, struct err *e)
{
	struct http_req r = {
		.method = q->method, .url = q->url, .headers = q->headers,
		.body = q->body, .body_bytes = q->body_bytes, .body_fd = -1,
		.max_bytes = ANSWER_MAX_BYTES
	};
	int64_t end_ms = clock_mono_ms() + q->timeout_ms, left_ms;
	int ret = -1;

	http_start(h, &r);
	while (!r.finished && (left_ms = end_ms - clock_mono_ms()) > 0)
		http_move(h, -1, (int)left_ms);
	if (!r.finished)
		say_silent(q, e);
	else if (r.failed)
		*e = r.err;
	else {
		a->status = r.status;
		buf_put(&a->body, r.answer.data, r.answer.len);
		ret = 0;
	}
	while (http_next(h) != NULL)
		continue;
	if (r.answer.data != NULL)
		explicit_bzero(r.answer.data, r.answer.len);
	http_fini_req(h, &r);
	return (ret);
}

static bool
may_help(int ret, int status)
{
	return (ret == -1 || status == 429 || status >= 500);
}

int
ask(struct http *h, const struct ask *q, struct ask_answer *a, struct err *e)
{
	struct err why;
	unsigned n;
	int ret;

	memset(a, 0, sizeof(*a));
	for (n = 1; ; n++) {
		ret = try(h, q, a, &why);
		if (!may_help(ret, a->status) || n >= q->ntries)
			break;
		ask_fini(a);
		clock_sleep_ms((int64_t)PAUSE_MS * n);
	}
	if (ret == -1)
		*e = why;
	return (ret);
}
