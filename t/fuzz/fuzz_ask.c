/*
 * fuzz_ask -- a server of any bytes: what answers a request, and what hands
 * out keys (a container's endpoint, the instance's metadata, STS).  Whatever
 * it says: an answer within its bounds, keys that are fit for a header, or one
 * sentence.
 *
 * Input: a byte that says who asks, then what is sent on the first, the
 * second, ... connection, separated by 0xff.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "fuzz/claims.h"
#include "fuzz/driver.h"
#include "net/ask.h"
#include "net/container.h"
#include "net/imds.h"
#include "net/sts.h"

enum {
	MAX_BYTES = 100		/* of an answer's body, where that is asked */
};

/* What is still to be sent. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint8_t script[1 << 16];
static const uint8_t *next, *end;

static int listener = -1;
static char url[64], token_file[64];
static struct http *h;

/* Pauses between tries are for servers that may recover. */
int
nanosleep(const struct timespec *t, struct timespec *left)
{
	(void)t;
	(void)left;
	return (0);
}

/* Read the whole request: what is left unread would reset the connection. */
static void
read_request(int fd)
{
	static char in[1 << 17];
	size_t n = 0, want = SIZE_MAX;
	const char *p;
	ssize_t got;

	while (n < want && n < sizeof(in) - 1 &&
	    (got = read(fd, in + n, sizeof(in) - 1 - n)) > 0) {
		n += (size_t)got;
		in[n] = '\0';
		if (want == SIZE_MAX && (p = strstr(in, "\r\n\r\n")) != NULL) {
			want = (size_t)(p + 4 - in);
			if ((p = strstr(in, "Content-Length: ")) != NULL)
				want += strtoul(p + 16, NULL, 10);
		}
	}
}

static void *
serve(void *arg)
{
	const uint8_t *stop;
	int fd;

	(void)arg;
	while ((fd = accept(listener, NULL, NULL)) != -1) {
		read_request(fd);
		/* What was asked may be answered before all is sent. */
		(void)pthread_mutex_lock(&lock);
		stop = next == end ? NULL :
		    memchr(next, 0xff, (size_t)(end - next));
		if (stop == NULL)
			stop = end;
		(void)send(fd, next, (size_t)(stop - next), MSG_NOSIGNAL);
		next = stop + (stop < end);
		(void)pthread_mutex_unlock(&lock);
		(void)close(fd);
	}
	return (NULL);
}

static void
cleanup(void)
{
	http_free(h);
	(void)unlink(token_file);
}

static void
start(void)
{
	struct http_cfg cfg = { .concurrent = 1, .connect_timeout_ms = 5000,
	    .stall_timeout_ms = 5000, .direct = true };
	struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	struct err e;
	pthread_t id;
	int fd;

	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(bind(listener, (struct sockaddr *)&sin, len) == 0);
	must(listen(listener, 16) == 0);
	must(getsockname(listener, (struct sockaddr *)&sin, &len) == 0);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d",
	    ntohs(sin.sin_port));
	(void)snprintf(token_file, sizeof(token_file), "%s/fuzz_ask.XXXXXX",
	    fuzz_scratch());
	must((fd = mkstemp(token_file)) != -1 && write(fd, "t0ken", 5) == 5);
	(void)close(fd);
	must((h = http_new(&cfg, &e)) != NULL);
	must(pthread_create(&id, NULL, serve, NULL) == 0);
	(void)pthread_detach(id);
	(void)atexit(cleanup);
}

static void
check_lease(int ret, struct lease *l, const struct err *e)
{
	if (ret == -1) {
		must(e->cls > ERR_NONE && e->cls < ERR_NCLASS);
		must(e->msg[0] != '\0' && strstr(e->msg, "t0ken") == NULL);
		return;
	}
	must_fit(l->access);
	must_fit(l->secret);
	if (l->token != NULL)
		must_fit(l->token);
	lease_fini(l);
}

static void
try_request(bool pull)
{
	struct http_req r = { .method = "GET", .url = url, .body_fd = -1,
	    .pull = pull, .max_bytes = pull ? 0 : MAX_BYTES };
	char piece[1000];
	struct err e = { 0 };
	ssize_t n = 0;

	http_start(h, &r);
	if (pull)
		while ((n = http_pull(h, &r, piece, sizeof(piece), &e)) > 0)
			must((size_t)n <= sizeof(piece));
	while (!r.finished)
		http_move(h, -1, 5000);
	while (http_next(h) != NULL)
		continue;
	must(n != -1 || e.msg[0] != '\0');
	must(!r.failed || r.err.msg[0] != '\0');
	must(pull || r.failed || r.status < 200 || r.status >= 300 ||
	    r.answer.len <= MAX_BYTES);
	must(r.date_ms >= 0 && r.date_ms < INT64_C(221900000000000));
	(void)http_header(&r, "etag");
	(void)http_header(&r, "retry-after");
	http_fini_req(h, &r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct container_cfg container = { .full = url, .token = "t0ken" };
	struct sts_cfg sts = { .token_file = token_file, .role_arn = "r",
	    .endpoint = url, .region = "us-east-1" };
	struct lease l = { 0 };
	struct err e = { .cls = ERR_NONE };

	if (listener == -1)
		start();
	if (size == 0 || size > sizeof(script))
		return (0);
	(void)pthread_mutex_lock(&lock);
	memcpy(script, data, size);
	next = script + 1;
	end = script + size;
	(void)pthread_mutex_unlock(&lock);
	switch (data[0] % 5) {
	case 0:
	case 1:
		try_request(data[0] % 5 == 1);
		break;
	case 2:
		check_lease(container_ask(h, &container, &l, &e), &l, &e);
		break;
	case 3:
		check_lease(imds_ask(h, url, &l, &e), &l, &e);
		break;
	case 4:
		check_lease(sts_assume(h, &sts, &l, &e), &l, &e);
		break;
	}
	return (0);
}
