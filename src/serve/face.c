#include "serve/face.h"

#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <microhttpd.h>

#include "base/clock.h"
#include "base/hook.h"
#include "base/log.h"
#include "serve/crowd.h"
#include "serve/host.h"
#include "serve/page.h"

enum {
	/* Those beyond FACE_CONNECTIONS are being ended: a fifth of all. */
	MOST_OPEN = FACE_CONNECTIONS + FACE_CONNECTIONS / 4,
	OTHER_DESCRIPTORS = 16,
	ANSWER_BYTES_PER_MS = 1000,	/* at least, of a large answer */
	ANSWERS_BYTES = 32 * 1024 * 1024,	/* of all that is not taken */
	CSP_BYTES = 512
};

struct face {
	const struct face_cfg *cfg;
	const char *hosts[3];		/* names of ours, and NULL */
	bool loopback;			/* nobody comes by another address */
	char csp[CSP_BYTES];
	struct crowd crowd;
	unsigned nopen, open_max;	/* connections, the ended among them */
	bool was_full;			/* open_max was reached in this run */
	struct MHD_Daemon *daemon;
};

/* What is answered to a request that is not granted. */
struct refusal {
	unsigned status;
	const char *why;
};

static void __attribute__((__format__(__printf__, 2, 0)))
log_mhd(void *ctx, const char *fmt, va_list ap)
{
	char line[512];

	(void)ctx;
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	line[strcspn(line, "\n")] = '\0';
	log_debug("--listen: %s", line);
}

struct host_header {
	const char *value;
	unsigned n;
};

static enum MHD_Result
see_host(void *ctx, enum MHD_ValueKind kind, const char *key,
    const char *value)
{
	struct host_header *h = ctx;

	(void)kind;
	if (strcasecmp(key, MHD_HTTP_HEADER_HOST) == 0) {
		h->value = value == NULL ? "" : value;
		h->n++;
	}
	return (MHD_YES);
}

static bool
has_body(struct MHD_Connection *conn)
{
	const char *length = MHD_lookup_connection_value(conn,
	    MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);

	return ((length != NULL && length[strspn(length, "0")] != '\0') ||
	    MHD_lookup_connection_value(conn, MHD_HEADER_KIND,
	    MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL);
}

/* May it be answered?  Else r says why not. */
static bool
is_granted(const struct face *f, struct MHD_Connection *conn,
    const char *method, const char *version, struct refusal *r)
{
	struct host_header h = { 0 };

	(void)MHD_get_connection_values(conn, MHD_HEADER_KIND, see_host, &h);
	if (h.n > 1 || (h.n == 0 &&
	    strcmp(version, MHD_HTTP_VERSION_1_1) == 0))
		*r = (struct refusal){ MHD_HTTP_BAD_REQUEST,
		    "A request has one Host header.\n" };
	else if (h.n == 1 && !f->cfg->where->local &&
	    !host_is_ours(h.value, f->hosts, f->loopback))
		*r = (struct refusal){ MHD_HTTP_MISDIRECTED_REQUEST,
		    "That Host is not here.  Ask by an address, by localhost, "
		    "by the name of the host, or by that given to --listen.\n"
		    };
	else if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 &&
	    strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		*r = (struct refusal){ MHD_HTTP_METHOD_NOT_ALLOWED,
		    "Only GET and HEAD.\n" };
	else if (has_body(conn))
		*r = (struct refusal){ MHD_HTTP_CONTENT_TOO_LARGE,
		    "A request has no body here.\n" };
	else
		return (true);
	return (false);
}

static struct crowd_one *
one_of(struct MHD_Connection *conn)
{
	return (MHD_get_connection_info(conn,
	    MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context);
}

/* Send the body, which is taken over. */
static enum MHD_Result
answer(struct face *f, struct MHD_Connection *conn, unsigned status,
    const char *type, struct buf *body, bool close)
{
	const struct {
		const char *name, *value;
	} headers[] = {
		{ MHD_HTTP_HEADER_CONTENT_TYPE, type },
		{ MHD_HTTP_HEADER_CACHE_CONTROL, "no-store" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "Content-Security-Policy", f->csp },
		{ "Referrer-Policy", "no-referrer" },
		{ MHD_HTTP_HEADER_ALLOW,
		    status == MHD_HTTP_METHOD_NOT_ALLOWED ? "GET, HEAD" :
		    NULL },
		{ MHD_HTTP_HEADER_CONNECTION, close ? "close" : NULL },
	};
	size_t i, n = body->len;
	struct MHD_Response *r;
	enum MHD_Result rc;

	if ((r = MHD_create_response_from_buffer(n, buf_take(body),
	    MHD_RESPMEM_MUST_FREE)) == NULL)
		log_fatal("out of memory");
	for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		if (headers[i].value != NULL && MHD_add_response_header(r,
		    headers[i].name, headers[i].value) != MHD_YES)
			log_fatal("out of memory");
	crowd_answer(&f->crowd, one_of(conn), n, clock_mono_ms() +
	    FACE_REQUEST_MS + (int64_t)(n / ANSWER_BYTES_PER_MS));
	rc = MHD_queue_response(conn, status, r);
	MHD_destroy_response(r);
	return (rc);
}

static enum MHD_Result
handle(void *ctx, struct MHD_Connection *conn, const char *url,
    const char *method, const char *version, const char *upload,
    size_t *upload_bytes, void **request)
{
	struct face *f = ctx;
	struct face_view view = f->cfg->view;
	struct buf body = { 0 };
	const char *type = "text/plain; charset=utf-8";
	struct refusal refusal;
	unsigned status;

	(void)upload;
	(void)upload_bytes;
	/* Called twice: an answer to the first call closes the connection, as
	 * the rest of the request is not read then. */
	if (*request == NULL) {
		if (is_granted(f, conn, method, version, &refusal)) {
			*request = f;
			return (MHD_YES);
		}
		log_debug("--listen: %s %s: %u", method, url, refusal.status);
		buf_puts(&body, refusal.why);
		return (answer(f, conn, refusal.status, type, &body, true));
	}
	HOOK("face", url);
	view.now_ms = clock_real_ms();
	view.mono = clock_mono_ms();
	face_render(&view, url, &status, &type, &body);
	log_debug("--listen: %s %s: %u", method, url, status);
	return (answer(f, conn, status, type, &body, false));
}

/* The answer is sent, or will never be. */
static void
completed(void *ctx, struct MHD_Connection *conn, void **request,
    enum MHD_RequestTerminationCode why)
{
	struct face *f = ctx;

	(void)request;
	(void)why;
	crowd_answer(&f->crowd, one_of(conn), 0, clock_mono_ms() +
	    FACE_REQUEST_MS);
}

static void
come_and_go(void *ctx, struct MHD_Connection *conn, void **socket,
    enum MHD_ConnectionNotificationCode what)
{
	struct face *f = ctx;

	if (what != MHD_CONNECTION_NOTIFY_STARTED) {
		crowd_leave(&f->crowd, *socket);
		f->nopen--;
		return;
	}
	*socket = crowd_enter(&f->crowd, MHD_get_connection_info(conn,
	    MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd,
	    clock_mono_ms() + FACE_REQUEST_MS);
	if (++f->nopen >= f->open_max)
		f->was_full = true;
}

/*
 * How many connections may be open.  libmicrohttpd does not recover from a want
 * of descriptors, so there must be none.
 */
static unsigned
most_open(void)
{
	rlim_t want = MOST_OPEN + OTHER_DESCRIPTORS;
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) == -1 || lim.rlim_cur >= want)
		return (MOST_OPEN);
	lim.rlim_cur = lim.rlim_max < want ? lim.rlim_max : want;
	(void)setrlimit(RLIMIT_NOFILE, &lim);
	if (lim.rlim_cur <= OTHER_DESCRIPTORS + 5)
		return (5);
	return ((unsigned)lim.rlim_cur - OTHER_DESCRIPTORS);
}

static int
start(struct face *f, struct err *e)
{
	f->open_max = most_open();
	(void)snprintf(f->csp, sizeof(f->csp), "default-src 'none'; "
	    "style-src '%s'; img-src data:; frame-ancestors 'none'; "
	    "base-uri 'none'; form-action 'none'", page_style_hash);
	crowd_init(&f->crowd, f->open_max / 5 * 4, ANSWERS_BYTES);
	/* Without its time-out: the crowd's are shorter, and end in order. */
	f->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0,
	    NULL, NULL, handle, f,
	    MHD_OPTION_EXTERNAL_LOGGER, log_mhd, NULL,
	    MHD_OPTION_LISTEN_SOCKET, f->cfg->where->fd,
	    MHD_OPTION_NOTIFY_CONNECTION, come_and_go, f,
	    MHD_OPTION_NOTIFY_COMPLETED, completed, f,
	    MHD_OPTION_CONNECTION_LIMIT, f->open_max,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)FACE_HEAD_BYTES,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1,
	    MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
	    MHD_OPTION_END);
	if (f->daemon == NULL) {
		err_set(e, ERR_IO, "what --listen shows cannot be served: "
		    "libmicrohttpd does not start (-v has its reason)");
		return (-1);
	}
	return (0);
}

/*
 * Until libmicrohttpd or a deadline wants to be looked at; -1: for ever.  While
 * as many are open as may be, libmicrohttpd does not listen, and where some of
 * them close it listens again only in the next run: that must not wait for an
 * event.
 */
static int
wait_ms(struct face *f)
{
	int64_t now_ms = clock_mono_ms();
	int64_t until_ms = crowd_expire(&f->crowd, now_ms);
	MHD_UNSIGNED_LONG_LONG ms;

	if (f->was_full && f->nopen < f->open_max)
		return (0);
	if (MHD_get_timeout(f->daemon, &ms) == MHD_YES &&
	    until_ms - now_ms > (int64_t)ms)
		until_ms = now_ms + (int64_t)ms;
	if (until_ms == INT64_MAX)
		return (-1);
	return (until_ms - now_ms > INT_MAX ? INT_MAX :
	    (int)(until_ms - now_ms));
}

int
face_run(void *cfg, struct role_self *self, struct err *e)
{
	struct face f = { .cfg = cfg };
	struct pollfd pfd[2];

	f.hosts[0] = f.cfg->view.host;
	f.hosts[1] = f.cfg->where->host;	/* NULL if it is local */
	f.loopback = face_is_loopback(f.cfg->where);
	if (start(&f, e) == -1)
		return (-1);
	pfd[0] = (struct pollfd){ .events = POLLIN,
	    .fd = MHD_get_daemon_info(f.daemon,
	    MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd };
	pfd[1] = (struct pollfd){ .events = POLLIN,
	    .fd = role_self_fd(self) };
	while (!role_stopping(self)) {
		(void)poll(pfd, 2, wait_ms(&f));
		f.was_full = f.nopen >= f.open_max;
		if (MHD_run(f.daemon) != MHD_YES) {
			err_set(e, ERR_BUG, "libmicrohttpd failed");
			return (-1);
		}
	}
	/* What is under way is cut off with the process. */
	return (0);
}
