#include "net/transfer.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

enum {
	IDLE_MAX_S = 15,		/* a connection without a request */
	HEADERS_MAX_BYTES = 256 * 1024,	/* of an answer, interim ones too */
	REFUSAL_MAX_BYTES = 64 * 1024,	/* what is kept of its body */
	WHOLE_MAX_BYTES = 64 * 1024,	/* bodies that curl gets at once */
	EXPECT_MIN_BYTES = 1024 * 1024,	/* the server may refuse these first */
	PULL_BUFFER_BYTES = 128 * 1024,
	UNSENT_MAX_BYTES = 64 * 1024,	/* that the kernel takes ahead */
	SLOW_STALLS = 20,		/* in so many times the time to stall */
	SLOW_BYTES = 64 * 1024		/* ... so much has to come */
};

static long
status_of(const struct http_transfer *t)
{
	long status = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	return (status);
}

bool
transfer_is_pulled(const struct http_transfer *t)
{
	long status = t->easy != NULL ? status_of(t) : t->req->status;

	return (t->req->pull && status >= 200 && status < 300);
}

static size_t
on_header(char *p, size_t size, size_t n, void *arg)
{
	struct http_transfer *t = arg;
	size_t len = size * n;

	t->nheaders_bytes += len;
	if (t->nheaders_bytes > HEADERS_MAX_BYTES) {
		t->too_long = true;
		return (0);
	}
	/* A status line: what came before was of an interim answer. */
	if (len >= 5 && memcmp(p, "HTTP/", 5) == 0) {
		buf_reset(&t->headers);
		t->headed = false;
		/* curl would send it again itself, or, later, not at all. */
		if (t->expects && status_of(t) == 417) {
			t->unmet = t->http->no_expect = true;
			return (0);
		}
		return (len);
	}
	n = len;
	while (n > 0 && (p[n - 1] == '\n' || p[n - 1] == '\r'))
		n--;
	if (n == 0)
		t->headed = true;
	else if (memchr(p, '\0', n) == NULL) {
		buf_put(&t->headers, p, n);
		buf_putc(&t->headers, '\0');
	}
	return (len);
}

/* Does the request want no more than what comes?  If it is known beforehand
 * how much that is, not a byte of it is taken. */
static bool
is_too_large(const struct http_transfer *t, size_t len)
{
	size_t max = t->req->max_bytes;
	long status = status_of(t);
	curl_off_t whole = -1;

	if (max == 0 || status < 200 || status >= 300)
		return (false);
	(void)curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T,
	    &whole);
	return (whole > (curl_off_t)max || len > max - t->req->answer.len);
}

/* Many may be refused at once: the beginning of what is said with it does. */
static size_t
kept(const struct http_transfer *t, size_t len)
{
	long status = status_of(t);
	size_t room = REFUSAL_MAX_BYTES - t->req->answer.len;

	return ((status >= 200 && status < 300) || len < room ? len : room);
}

static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
	struct http_transfer *t = arg;
	struct http *h = t->http;
	size_t len = size * n, have = t->window.len - t->taken_bytes;

	if (transfer_is_pulled(t)) {
		if (have > 0 && have + len > HTTP_WINDOW_BYTES) {
			t->held = true;
			h->nrunning--;
			return (CURL_WRITEFUNC_PAUSE);
		}
	} else if (is_too_large(t, len)) {
		t->too_large = true;
		return (0);
	} else if (len > HTTP_BODY_MAX - t->nbody_bytes) {
		t->too_long = true;
		return (0);
	}
	if (pace_room(&h->pace) == 0) {
		t->slowed = true;
		return (CURL_WRITEFUNC_PAUSE);
	}
	pace_take(&h->pace, len);
	if (!transfer_is_pulled(t)) {
		t->nbody_bytes += len;
		buf_put(&t->req->answer, p, kept(t, len));
		return (len);
	}
	if (t->taken_bytes > 0) {
		memmove(t->window.data, t->window.data + t->taken_bytes, have);
		t->window.len = have;
		t->taken_bytes = 0;
	}
	buf_put(&t->window, p, len);
	return (len);
}

static size_t
on_read(char *to, size_t size, size_t n, void *arg)
{
	struct http_transfer *t = arg;
	const struct http_req *r = t->req;
	uint64_t left = r->body_bytes - t->sent_bytes;
	size_t want = size * n, room = pace_room(&t->http->pace);
	ssize_t got;

	if (want > left)
		want = (size_t)left;
	if (want == 0)
		return (0);
	if (room == 0) {
		t->slowed = true;
		return (CURL_READFUNC_PAUSE);
	}
	if (want > room)
		want = room;
	if (r->body_fd == -1) {
		memcpy(to, (const uint8_t *)r->body + t->sent_bytes, want);
		got = (ssize_t)want;
	} else {
		do {
			got = pread(r->body_fd, to, want,
			    (off_t)(r->body_off + t->sent_bytes));
		} while (got == -1 && errno == EINTR);
		if (got == -1)
			err_io(&t->body_err, "read what is to be sent");
		else if (got == 0)
			err_set(&t->body_err, ERR_IO,
			    "the file that is to be sent has become shorter");
		if (got <= 0)
			return (CURL_READFUNC_ABORT);
	}
	t->sent_bytes += (uint64_t)got;
	pace_take(&t->http->pace, (size_t)got);
	return ((size_t)got);
}

/*
 * Called between connecting and sending.  curl sends a request again by itself
 * when a kept connection turns out to be dead; here a try is one try, so that
 * whoever counts and spaces them knows of each.
 */
static int
on_begin(void *arg, char *ip, char *local_ip, int port, int local_port)
{
	struct http_transfer *t = arg;

	(void)ip;
	(void)local_ip;
	(void)port;
	(void)local_port;
	if (t->began)
		return (CURL_PREREQFUNC_ABORT);
	t->began = true;
	return (CURL_PREREQFUNC_OK);
}

/*
 * The kernel would take megabytes that a slow line has not carried yet, and
 * all that time nothing would seem to move.
 */
static int
on_socket(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	int n = UNSENT_MAX_BYTES;

	(void)arg;
	(void)purpose;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &n, sizeof(n));
	return (CURL_SOCKOPT_OK);
}

static void
add_header(struct http_transfer *t, const char *line)
{
	struct curl_slist *l = curl_slist_append(t->list, line);

	if (l == NULL)
		log_fatal("out of memory");
	t->list = l;
}

static void
set_headers(struct http_transfer *t)
{
	const char *const *line = t->req->headers;

	/* What curl would add of itself.  A line of the request with such a
	 * name comes later and is sent. */
	add_header(t, "Accept:");
	add_header(t, "Content-Type:");
	t->expects = t->req->body_bytes >= EXPECT_MIN_BYTES &&
	    !t->http->no_expect;
	if (!t->expects)
		add_header(t, "Expect:");
	for (; line != NULL && *line != NULL; line++)
		add_header(t, *line);
}

/* A host and port for messages, and nothing else of the URL. */
static char *
read_peer(const char *url)
{
	char *host = NULL, *port = NULL, *peer = NULL;
	CURLU *u;

	if ((u = curl_url()) == NULL)
		log_fatal("out of memory");
	if (curl_url_set(u, CURLUPART_URL, url, CURLU_PATH_AS_IS) ==
	    CURLUE_OK &&
	    curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) ==
	    CURLUE_OK)
		peer = mem_printf("%s:%s", host, port);
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(u);
	return (peer);
}

/* Nearly all requests go where the one before went. */
static char *
peer_of(struct http *h, const char *url)
{
	const char *host = strstr(url, "://");
	size_t n = host == NULL ? 0 : (size_t)(host - url) + 3;

	n += strcspn(url + n, "/?#");
	if (h->peer == NULL || strncmp(h->origin, url, n) != 0 ||
	    h->origin[n] != '\0') {
		free(h->origin);
		free(h->peer);
		h->origin = mem_strndup(url, n);
		h->peer = read_peer(url);
	}
	return (h->peer == NULL ? NULL : mem_strdup(h->peer));
}

#define SET(easy, option, value)	do {				\
	CURLcode code_ = curl_easy_setopt(easy, option, value);		\
									\
	if (code_ != CURLE_OK)						\
		log_fatal("libcurl: %s: %s", #option,			\
		    curl_easy_strerror(code_));				\
} while (0)

static void
set_body(struct http_transfer *t, CURL *easy)
{
	const struct http_req *r = t->req;
	bool carries = r->body_bytes > 0 || strcmp(r->method, "PUT") == 0 ||
	    strcmp(r->method, "POST") == 0;

	if (strcmp(r->method, "HEAD") == 0) {
		SET(easy, CURLOPT_NOBODY, 1L);
	} else if (!carries) {
		SET(easy, CURLOPT_HTTPGET, 1L);
		SET(easy, CURLOPT_CUSTOMREQUEST, r->method);
	} else if (r->body_fd == -1 && r->body_bytes <= WHOLE_MAX_BYTES) {
		/* Goes out with its headers in one piece. */
		SET(easy, CURLOPT_POST, 1L);
		SET(easy, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)r->body_bytes);
		SET(easy, CURLOPT_POSTFIELDS,
		    r->body != NULL ? r->body : "");
		SET(easy, CURLOPT_CUSTOMREQUEST, r->method);
		pace_take(&t->http->pace, (size_t)r->body_bytes);
	} else {
		SET(easy, CURLOPT_UPLOAD, 1L);
		SET(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)r->body_bytes);
		SET(easy, CURLOPT_READFUNCTION, on_read);
		SET(easy, CURLOPT_READDATA, t);
		SET(easy, CURLOPT_CUSTOMREQUEST, r->method);
	}
}

static void
set_connection(const struct http *h, CURL *easy)
{
	SET(easy, CURLOPT_NOSIGNAL, 1L);
	SET(easy, CURLOPT_QUICK_EXIT, 1L);
	SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(easy, CURLOPT_TCP_NODELAY, 1L);
	SET(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	SET(easy, CURLOPT_SOCKOPTFUNCTION, on_socket);
	SET(easy, CURLOPT_MAXAGE_CONN, (long)IDLE_MAX_S);
	SET(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)h->connect_timeout_ms);
	SET(easy, CURLOPT_FOLLOWLOCATION, 0L);
	SET(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (h->ca_file != NULL) {
		SET(easy, CURLOPT_CAINFO, h->ca_file);
		SET(easy, CURLOPT_CAPATH, NULL);
	}
	if (h->direct)
		SET(easy, CURLOPT_PROXY, "");
	if (h->skip_verify) {
		SET(easy, CURLOPT_SSL_VERIFYPEER, 0L);
		SET(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	}
}

int
transfer_setup(struct http_transfer *t, CURL *easy, struct err *e)
{
	const struct http_req *r = t->req;

	if ((t->peer = peer_of(t->http, r->url)) == NULL) {
		err_set(e, ERR_NETWORK, "not the URL of a server");
		return (-1);
	}
	/* libcurl takes none of over 8 MB, and what is in it may be others'. */
	if (curl_easy_setopt(easy, CURLOPT_URL, r->url) != CURLE_OK) {
		err_set(e, ERR_NETWORK, "%s: no request to it can be as long "
		    "as this one", t->peer);
		return (-1);
	}
	set_connection(t->http, easy);
	/* A key may hold "/../". */
	SET(easy, CURLOPT_PATH_AS_IS, 1L);
	SET(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
	SET(easy, CURLOPT_USERAGENT, "litefleet");
	SET(easy, CURLOPT_ERRORBUFFER, t->errbuf);
	SET(easy, CURLOPT_PRIVATE, t);
	SET(easy, CURLOPT_HEADERFUNCTION, on_header);
	SET(easy, CURLOPT_HEADERDATA, t);
	SET(easy, CURLOPT_WRITEFUNCTION, on_body);
	SET(easy, CURLOPT_WRITEDATA, t);
	SET(easy, CURLOPT_PREREQFUNCTION, on_begin);
	SET(easy, CURLOPT_PREREQDATA, t);
	/* Only for speed; refused while a buffer of another size is there. */
	if (r->pull)
		(void)curl_easy_setopt(easy, CURLOPT_BUFFERSIZE,
		    (long)PULL_BUFFER_BYTES);
	set_body(t, easy);
	set_headers(t);
	SET(easy, CURLOPT_HTTPHEADER, t->list);
	t->easy = easy;
	return (0);
}

/* Bytes that have gone out or come in, headers included. */
static uint64_t
moved(const struct http_transfer *t)
{
	curl_off_t up = 0, down = 0;
	long request = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_SIZE_UPLOAD_T, &up);
	(void)curl_easy_getinfo(t->easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
	(void)curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &request);
	return ((uint64_t)up + (uint64_t)down + (uint64_t)request +
	    t->nheaders_bytes);
}

bool
transfer_stalled(struct http_transfer *t, int64_t now_ms)
{
	int64_t stall_ms = t->http->stall_timeout_ms;
	uint64_t bytes;

	/* Before, the time to connect is what counts. */
	if (!t->began)
		return (false);
	bytes = moved(t);
	if (t->held || t->slowed || t->seen_ms == 0 ||
	    bytes - t->slow_bytes >= SLOW_BYTES) {
		t->slow_bytes = bytes;
		t->slow_ms = now_ms;
	}
	if (t->held || t->slowed || t->seen_ms == 0 ||
	    bytes != t->seen_bytes) {
		t->seen_bytes = bytes;
		t->seen_ms = now_ms;
	}
	t->slow = now_ms - t->slow_ms >= SLOW_STALLS * stall_ms;
	return (t->slow || now_ms - t->seen_ms >= stall_ms);
}
