/*
 * The face over real sockets: what it answers to whom, and that nothing that
 * is sent to it harms it.
 */
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/io.h"
#include "unit/chance.h"
#include "unit/facebed.h"

static struct buf out;

static void
setup(void)
{
	bed_figures_begin(100);
	bed_upload("p", "d");
	bed_start("127.0.0.1:0");
}

static void
teardown(void)
{
	bed_stop();
	bed_figures_end();
	buf_fini(&out);
}

static bool
has(const char *part)
{
	return (strstr(buf_str(&out), part) != NULL);
}

/* The role is there, and serves. */
static void
lives(void)
{
	static char body[64 * 1024];
	struct err e = { .msg = "" };
	size_t len;

	ck_assert_msg(role_recv(bed_role, body, &len, &e) == ROLE_NOTHING,
	    "%s", e.msg);
	ck_assert_int_eq(bed_get("/healthz", &out), 200);
	ck_assert_str_eq(bed_body(&out), "ok\n");
}

static const struct {
	const char *path, *type, *part;
} pages[] = {
	{ "/", "text/html; charset=utf-8", "<!DOCTYPE html>" },
	{ "/stats", "application/json", "\"uploads_success\":1," },
	{ "/failures", "application/json", "\"failures\":[]" },
	{ "/metrics", "text/plain; version=0.0.4; charset=utf-8",
	    "\nlitefleet_uploads_total 1\n" },
	{ "/healthz", "text/plain; charset=utf-8", "ok\n" },
	{ "/readyz", "text/plain; charset=utf-8", "ok\n" },
	{ "/stats?x=y", "application/json", "\"uploads_success\":1," },
	{ "/%73tats", "application/json", "\"uploads_success\":1," },
};

START_TEST(each_path_has_its_type_and_headers)
{
	char type[80], head[200];

	bed_cycle(NULL, 0, NULL);
	ck_assert_int_eq(bed_get(pages[_i].path, &out), 200);
	(void)snprintf(type, sizeof(type), "\r\nContent-Type: %s\r\n",
	    pages[_i].type);
	ck_assert(has(type));
	ck_assert(has("\r\nCache-Control: no-store\r\n"));
	ck_assert(has("\r\nX-Content-Type-Options: nosniff\r\n"));
	ck_assert(has("\r\nReferrer-Policy: no-referrer\r\n"));
	ck_assert(has("\r\nContent-Security-Policy: default-src 'none'; "
	    "style-src 'sha256-"));
	ck_assert(has("frame-ancestors 'none'; base-uri 'none'; form-action "
	    "'none'\r\n"));
	ck_assert_ptr_nonnull(strstr(bed_body(&out), pages[_i].part));
	(void)snprintf(head, sizeof(head), "HEAD %s HTTP/1.1\r\nHost: a.b\r\n"
	    "Host: c\r\n", pages[_i].path);
	ck_assert_int_eq(bed_ask(head, &out), 400);
	(void)snprintf(head, sizeof(head), "HEAD %s HTTP/1.1\r\n"
	    "Host: 127.0.0.1\r\nConnection: close\r\n", pages[_i].path);
	ck_assert_int_eq(bed_ask(head, &out), 200);
	ck_assert(has(type));
	ck_assert(!has("\r\nContent-Length: 0\r\n"));
	ck_assert_str_eq(bed_body(&out), "");
}
END_TEST

START_TEST(what_is_wrong_has_another_status)
{
	ck_assert_int_eq(bed_get("/readyz", &out), 503);
	ck_assert_int_eq(bed_get("/healthz", &out), 200);
	bed_cycle(NULL, 0, "the store is down");
	ck_assert_int_eq(bed_get("/healthz", &out), 503);
	ck_assert_str_eq(bed_body(&out), "the store is down\n");
	ck_assert_int_eq(bed_get("/", &out), 200);
	ck_assert_int_eq(bed_get("/nothing", &out), 404);
	ck_assert_ptr_nonnull(strstr(bed_body(&out), "\n/metrics\n"));
	ck_assert_int_eq(bed_get("/stats/", &out), 404);
	ck_assert_int_eq(bed_get("//stats", &out), 404);
	ck_assert_int_eq(bed_get("/../stats", &out), 404);
}
END_TEST

#define HOST	"Host: localhost\r\n"

static const struct {
	const char *head;
	int status;
} requests[] = {
	{ "GET /healthz HTTP/1.1\r\n" HOST "Connection: close\r\n", 200 },
	{ "GET /healthz HTTP/1.0\r\n", 200 },
	{ "GET /healthz HTTP/1.0\r\nHost: evil.example\r\n", 421 },
	{ "GET /healthz HTTP/1.1\r\n", 400 },
	{ "GET /healthz HTTP/1.1\r\n" HOST HOST, 400 },
	{ "GET /healthz HTTP/1.1\r\nHost:\r\n", 421 },
	{ "GET /healthz HTTP/1.1\r\nHost: evil.example\r\n", 421 },
	{ "GET /healthz HTTP/1.1\r\nHost: 10.20.30.40:9090\r\n", 421 },
	{ "GET /healthz HTTP/1.1\r\nhost: LOCALHOST:1\r\n"
	    "Connection: close\r\n", 200 },
	{ "GET /healthz HTTP/1.1\r\nHost: box.example:9090\r\n"
	    "Connection: close\r\n", 200 },
	{ "GET /healthz HTTP/1.1\r\nHost: [::1]:9090\r\n"
	    "Connection: close\r\n", 200 },
	{ "POST /healthz HTTP/1.1\r\n" HOST "Content-Length: 0\r\n", 405 },
	{ "POST /healthz HTTP/1.1\r\n" HOST "Content-Length: 9\r\n", 405 },
	{ "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n", 405 },
	{ "DELETE / HTTP/1.1\r\n" HOST, 405 },
	{ "OPTIONS / HTTP/1.1\r\n" HOST, 405 },
	{ "CONNECT x:1 HTTP/1.1\r\n" HOST, 405 },
	{ "TRACE / HTTP/1.1\r\n" HOST, 405 },
	{ "get / HTTP/1.1\r\n" HOST, 405 },
	{ "POST / HTTP/1.1\r\nHost: evil.example\r\n", 421 },
	{ "GET / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n", 413 },
	{ "GET / HTTP/1.1\r\n" HOST "Content-Length: 99999999999\r\n", 413 },
	{ "GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n", 413 },
	{ "GET / HTTP/1.1\r\n" HOST "Content-Length: 00\r\n"
	    "Connection: close\r\n", 200 },
	{ "GET http://localhost/stats HTTP/1.1\r\n" HOST
	    "Connection: close\r\n", 404 },
};

START_TEST(a_request_is_granted_or_not)
{
	int status = bed_ask(requests[_i].head, &out);

	ck_assert_msg(status == requests[_i].status, "%d: %s: %s", status,
	    requests[_i].head, buf_str(&out));
	if (status == 405)
		ck_assert(has("\r\nAllow: GET, HEAD\r\n"));
	if (status != 200 && status != 404)
		ck_assert(has("\r\nConnection: close\r\n"));
	lives();
}
END_TEST

START_TEST(the_name_given_to_listen_is_ours)
{
	role_stop(bed_role);
	free(bed_where.host);
	bed_where.host = strdup("metrics.example");
	bed_serve();
	ck_assert_int_eq(bed_ask("GET / HTTP/1.1\r\nHost: Metrics.Example:1"
	    "\r\nConnection: close\r\n", &out), 200);
	ck_assert_int_eq(bed_ask("GET / HTTP/1.1\r\nHost: metrics.example.x"
	    "\r\nConnection: close\r\n", &out), 421);
}
END_TEST

START_TEST(a_connection_serves_many_requests)
{
	static const char ask[] = "GET /stats HTTP/1.1\r\n" HOST "\r\n"
	    "HEAD / HTTP/1.1\r\n" HOST "\r\n"
	    "GET /healthz HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n";
	int fd = bed_connect(), n = 0;
	const char *p;

	bed_send(fd, ask, strlen(ask));
	ck_assert(bed_read(fd, &out, 20000));
	for (p = buf_str(&out); (p = strstr(p, "HTTP/1.1 200 OK")) != NULL;
	    p++)
		n++;
	ck_assert_int_eq(n, 3);
	(void)close(fd);
}
END_TEST

START_TEST(a_head_too_large_is_refused)
{
	static char head[300 * 1000];
	size_t n;
	int status;

	n = (size_t)snprintf(head, sizeof(head),
	    "GET /healthz HTTP/1.1\r\n" HOST "X: ");
	memset(head + n, 'x', 4000);
	memcpy(head + n + 4000, "\r\nConnection: close\r\n", 22);
	ck_assert_int_eq(bed_ask(head, &out), 200);
	memset(head + n, 'x', sizeof(head) - n - 3);
	memcpy(head + sizeof(head) - 3, "\r\n", 3);
	status = bed_ask(head, &out);
	ck_assert_msg(status == 431 || status == 413 || status == 0, "%d",
	    status);
	memset(head, '/', sizeof(head) - 3);
	memcpy(head, "GET ", 4);
	status = bed_ask(head, &out);
	ck_assert_msg(status == 414 || status == 431 || status == 0, "%d",
	    status);
	lives();
}
END_TEST

enum {
	SCRAPERS = 50
};

/* All ask before the first reads. */
START_TEST(fifty_scrape_at_once)
{
	static const char ask[] = "GET /metrics HTTP/1.1\r\n" HOST
	    "Connection: close\r\n\r\n";
	int fd[SCRAPERS], i;
	char name[16];

	for (i = 0; i < 100; i++) {
		(void)snprintf(name, sizeof(name), "p%d", i);
		bed_upload(name, "d");
	}
	for (i = 0; i < SCRAPERS; i++) {
		fd[i] = bed_connect();
		bed_send(fd[i], ask, strlen(ask));
	}
	for (i = 0; i < SCRAPERS; i++) {
		ck_assert(bed_read(fd[i], &out, 20000));
		ck_assert(strncmp(buf_str(&out), "HTTP/1.1 200 ", 13) == 0);
		ck_assert(has("\nlitefleet_uploads_total 101\n"));
		(void)close(fd[i]);
	}
}
END_TEST

START_TEST(a_local_socket_takes_any_host)
{
	static const char ask[] = "GET /healthz HTTP/1.1\r\nHost: any thing"
	    "\r\nConnection: close\r\n\r\n";
	char dir[] = "/tmp/litefleet-face.XXXXXX", where[64];
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct err e;
	int fd;

	bed_stop();
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(where, sizeof(where), "unix:%s/s", dir);
	bed_start(where);
	(void)strcpy(sun.sun_path, where + 5);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&sun, sizeof(sun)),
	    0);
	bed_send(fd, ask, strlen(ask));
	ck_assert(bed_read(fd, &out, 20000));
	ck_assert(strncmp(buf_str(&out), "HTTP/1.1 200 ", 13) == 0);
	(void)close(fd);
	ck_assert_int_eq(io_remove_tree(AT_FDCWD, dir, &e), 0);
}
END_TEST

START_TEST(random_bytes_harm_nothing)
{
	static const char *const begin[] = { "", ("GET / HTTP/1.1\r\n" HOST),
	    "GET ", "HEAD /metrics HTTP/1.1\r\n", "\r\n\r\n", "GET /%",
	    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\x16\x03\x01" };
	int64_t until_ms = clock_mono_ms() + 3000;
	const char *first;
	unsigned n = 0;
	size_t i, len;
	char junk[2048];
	int fd;

	for (; clock_mono_ms() < until_ms; n++) {
		first = begin[below(LENGTH(begin))];
		fd = bed_connect();
		bed_send(fd, first, strlen(first));
		len = below(sizeof(junk));
		for (i = 0; i < len; i++)
			junk[i] = below(8) == 0 ?
			    "\r\n: /%\0?"[below(8)] :
			    (char)below(256);
		bed_send(fd, junk, len);
		if (below(4) == 0)
			(void)shutdown(fd, SHUT_WR);
		if (below(4) == 0)
			(void)recv(fd, junk, sizeof(junk), MSG_DONTWAIT);
		(void)close(fd);
	}
	ck_assert_uint_gt(n, 100);
	lives();
}
END_TEST

/* Of each path, on connections that live and on such that do not. */
START_TEST(ten_thousand_requests_leave_no_memory_behind)
{
	static const char *const paths[] = { "/", "/stats", "/metrics",
	    "/failures", "/nothing" };
	struct figures_failure *v = calloc(FIGURES_FAILURES, sizeof(*v));
	long before = 0, after;
	char head[128];
	size_t i, n;
	int fd = -1;

	for (i = 0; i < FIGURES_FAILURES; i++) {
		v[i].cls = ERR_CORRUPT;
		(void)snprintf(v[i].path, sizeof(v[i].path), "/f%zu", i);
	}
	bed_cycle(v, FIGURES_FAILURES, NULL);
	for (i = 0; i < 10000; i++) {
		if (i == 1000)
			before = bed_rss_kb();
		if (fd == -1)
			fd = bed_connect();
		n = (size_t)snprintf(head, sizeof(head), "%s %s HTTP/1.1\r\n"
		    HOST "\r\n", i % 8 == 7 ? "GET" : "HEAD",
		    paths[i % LENGTH(paths)]);
		bed_send(fd, head, n);
		if (i % 8 == 7) {
			ck_assert_int_gt(recv(fd, buf_room(&out, 65536),
			    65536, 0), 0);
			(void)close(fd);	/* in mid-answer, often */
			fd = -1;
		} else
			ck_assert_int_gt(recv(fd, head, sizeof(head), 0), 0);
		while (fd != -1 && recv(fd, buf_room(&out, 65536), 65536,
		    MSG_DONTWAIT) > 0)
			continue;
	}
	after = bed_rss_kb();
	ck_assert_int_gt(before, 0);
	printf("# memory: %ld kB after 1,000, %ld kB after 10,000\n", before,
	    after);
	ck_assert_int_lt(after, before + 4096);
	if (fd != -1)
		(void)close(fd);
	free(v);
}
END_TEST

START_TEST(it_ends_at_once_with_its_supervisor)
{
	int fd = bed_connect();
	int64_t began_ms;

	ck_assert_int_eq(bed_get("/metrics", &out), 200);
	began_ms = clock_mono_ms();
	role_stop(bed_role);
	ck_assert_int_lt(clock_mono_ms() - began_ms, ROLE_STOP_MS);
	bed_role = NULL;
	ck_assert(bed_read(fd, &out, 1000));
	(void)close(fd);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("face");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, each_path_has_its_type_and_headers, 0,
	    LENGTH(pages));
	tcase_add_test(tc, what_is_wrong_has_another_status);
	tcase_add_loop_test(tc, a_request_is_granted_or_not, 0,
	    LENGTH(requests));
	tcase_add_test(tc, the_name_given_to_listen_is_ours);
	tcase_add_test(tc, a_connection_serves_many_requests);
	tcase_add_test(tc, a_head_too_large_is_refused);
	tcase_add_test(tc, fifty_scrape_at_once);
	tcase_add_test(tc, a_local_socket_takes_any_host);
	tcase_add_test(tc, random_bytes_harm_nothing);
	tcase_add_test(tc, ten_thousand_requests_leave_no_memory_behind);
	tcase_add_test(tc, it_ends_at_once_with_its_supervisor);
	return (run_suite(tc));
}
