#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit/askbed.h"

static void
set_up(void)
{
	ask_set_up(4, 2000, 3000);
}

static void
run(struct http_req *r)
{
	int64_t end = clock_mono_ms() + 8000;
	struct http_req *got;

	http_start(h, r);
	while ((got = http_next(h)) == NULL) {
		ck_assert_int_lt(clock_mono_ms(), end);
		http_move(h, -1, 1000);
	}
	ck_assert_ptr_eq(got, r);
	ck_assert(r->finished);
}

static struct http_req
get(const char *path)
{
	struct http_req r = request("GET", path);

	run(&r);
	return (r);
}

static void
check_message(const struct http_req *r, const char *want)
{
	char peer[64], got[256];
	const char *p;

	(void)snprintf(peer, sizeof(peer), "127.0.0.1:%d", bed_port);
	ck_assert(r->failed);
	ck_assert_int_eq(r->err.cls, ERR_NETWORK);
	ck_assert_ptr_nonnull(p = strstr(r->err.msg, peer));
	(void)snprintf(got, sizeof(got), "%.*sPEER%s",
	    (int)(p - r->err.msg), r->err.msg, p + strlen(peer));
	ck_assert_str_eq(got, want);
}

START_TEST(an_answer_has_status_body_headers_and_date)
{
	struct http_req r = get("/ok");

	ck_assert(!r.failed);
	ck_assert(r.sent);
	ck_assert_int_eq(r.status, 200);
	ck_assert_str_eq(buf_str(&r.answer), "hello");
	ck_assert_str_eq(http_header(&r, "x-odd"), "v w ");
	ck_assert_str_eq(http_header(&r, "CONTENT-TYPE"), "text/plain");
	ck_assert_ptr_null(http_header(&r, "X-Od"));
	ck_assert_int_eq(r.date_ms, 1795170600000);
	ck_assert_uint_eq(http_inflight(h), 0);
	http_fini_req(h, &r);
	http_fini_req(h, &r);
	ck_assert_ptr_null(http_header(&r, "x-odd"));
}
END_TEST

static const struct {
	const char *path;
	int status;
	const char *body;
} answers[] = {
	{ "/missing", 404, "<Error/>" },
	{ "/nothing", 204, "" },
	{ "/moved", 307, "elsewhere" },
	{ "/gzip", 200, "not gzip" },
	{ "/interim", 200, "then" },
	{ "/early", 403, "denied" },
	{ "/drip", 200, "dddddd" },
};

START_TEST(answers_are_handed_over_as_they_are)
{
	struct http_req r;

	cfg.stall_timeout_ms = 1000;
	again();
	r = get(answers[_i].path);
	ck_assert_msg(!r.failed, "%s", r.err.msg);
	ck_assert_int_eq(r.status, answers[_i].status);
	ck_assert_str_eq(buf_str(&r.answer), answers[_i].body);
	ck_assert_uint_eq(bed->requests, 1);
	ck_assert_ptr_null(http_header(&r, "X-Early"));
	http_fini_req(h, &r);
}
END_TEST

START_TEST(chunks_are_put_together)
{
	struct http_req r = get("/chunked");

	ck_assert(!r.failed);
	ck_assert_uint_eq(r.answer.len, 30000);
	ck_assert_ptr_null(memchr(r.answer.data, '\r', r.answer.len));
	http_fini_req(h, &r);
}
END_TEST

START_TEST(only_the_headers_that_were_asked_for_are_sent)
{
	static const char *const lines[] = { "X-A: 1", "Content-Type: text/x",
	    NULL };
	static const char *const methods[] = { "GET", "PUT", "POST", "DELETE",
	    "PUT" };
	struct http_req r = request(methods[_i], "/a/../%2e/b//c?q=1&r=");
	char want[512], body[2] = { bed_byte(0), bed_byte(1) };

	r.headers = lines;
	r.body = body;
	r.body_bytes = _i == 1 || _i == 2 ? 2 : 0;
	run(&r);
	ck_assert_int_eq(r.status, 200);
	(void)snprintf(want, sizeof(want), "%s /a/../%%2e/b//c?q=1&r= "
	    "HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: litefleet\r\n"
	    "X-A: 1\r\nContent-Type: text/x\r\n%s\r\n", methods[_i], bed_port,
	    _i == 1 || _i == 2 ? "Content-Length: 2\r\n" :
	    _i == 4 ? "Content-Length: 0\r\n" : "");
	ck_assert_str_eq(bed->head, want);
	http_fini_req(h, &r);
}
END_TEST

START_TEST(a_head_has_no_body)
{
	struct http_req r = request("HEAD", "/head");

	run(&r);
	ck_assert_msg(!r.failed, "%s", r.err.msg);
	ck_assert_str_eq(http_header(&r, "Content-Length"), "77");
	ck_assert_uint_eq(r.answer.len, 0);
	ck_assert_int_eq(strncmp(bed->head, "HEAD ", 5), 0);
	http_fini_req(h, &r);
}
END_TEST

static const uint64_t sizes[] = { 0, 1, 1500, 64 * 1024, 64 * 1024 + 1,
    1000 * 1000, 3 * 1024 * 1024 + 7 };

/* Of memory (even) or of a file from an offset (odd). */
START_TEST(bodies_arrive_whole)
{
	char path[] = "/tmp/check_http.XXXXXX", *body;
	struct http_req r = request("PUT", "/put");
	uint64_t i, n = sizes[_i / 2];
	int fd;

	ck_assert_ptr_nonnull(body = malloc(n + 1));
	for (i = 0; i < n; i++)
		body[i] = bed_byte(i);
	ck_assert_int_ne(fd = mkstemp(path), -1);
	(void)unlink(path);
	ck_assert_int_eq(pwrite(fd, body, n, 5), (ssize_t)n);
	r.body_bytes = n;
	if (_i % 2 == 0) {
		r.body = body;
	} else {
		r.body_fd = fd;
		r.body_off = 5;
	}
	run(&r);
	ck_assert_msg(!r.failed, "%s", r.err.msg);
	ck_assert_int_eq(r.status, 200);
	ck_assert_uint_eq(bed->body_bytes, n);
	ck_assert(n > 1000 * 1000 ||
	    strstr(bed->head, "Expect") == NULL);
	http_fini_req(h, &r);
	(void)close(fd);
	free(body);
}
END_TEST

/* As some proxies do; curl would send it again by itself. */
START_TEST(who_refuses_to_be_expected_of_is_not_again)
{
	struct http_req r = request("PUT", _i == 0 ? "/unmet" : "/unmetlate");
	uint64_t i, n = 3 * 1024 * 1024, before;
	char *body;

	ck_assert_ptr_nonnull(body = malloc(n));
	for (i = 0; i < n; i++)
		body[i] = bed_byte(i);
	r.body = body;
	r.body_bytes = n;
	run(&r);
	check_message(&r, "PEER answers 417 to \"Expect: 100-continue\", "
	    "which it is not sent again");
	ck_assert(!r.hopeless);
	ck_assert_uint_eq(bed->requests, 1);
	http_fini_req(h, &r);
	for (i = 0; i < 2; i++) {
		r.finished = r.failed = false;
		before = bed->body_bytes;
		run(&r);
		ck_assert_msg(!r.failed, "%s", r.err.msg);
		ck_assert_int_eq(r.status, 200);
		ck_assert_uint_ge(bed->body_bytes - before, n);
		http_fini_req(h, &r);
	}
	ck_assert_uint_eq(bed->requests, 3);
	free(body);
}
END_TEST

START_TEST(a_body_that_has_become_shorter_is_an_io_error)
{
	char path[] = "/tmp/check_http.XXXXXX";
	struct http_req r = request("PUT", "/put");

	ck_assert_int_ne(r.body_fd = mkstemp(path), -1);
	(void)unlink(path);
	ck_assert_int_eq(ftruncate(r.body_fd, 200 * 1000), 0);
	r.body_bytes = 200 * 1000 + 1;
	run(&r);
	ck_assert(r.failed);
	ck_assert_int_eq(r.err.cls, ERR_IO);
	ck_assert_str_eq(r.err.msg,
	    "the file that is to be sent has become shorter");
	(void)close(r.body_fd);
	http_fini_req(h, &r);
}
END_TEST

static const struct {
	const char *path;
	int status;
	const char *msg;
} failures[] = {
	{ "/reset?secret=1", 0, "PEER reset the connection without an answer" },
	{ "/close", 0, "PEER closed the connection without an answer" },
	{ "/short", 200, "the answer of PEER was cut short" },
	{ "/shortreset", 200, "the answer of PEER was cut short" },
	{ "/shorthead", 200, "the answer of PEER was cut short" },
	{ "/silence", 0, "PEER: no progress for 500ms" },
	{ "/half", 200, "PEER: no progress for 500ms" },
	{ "/headers", 200, "the answer of PEER is too long" },
	{ "/endless", 200, "the answer of PEER is too long" },
	{ "/big/16777217", 200, "the answer of PEER is too long" },
};

START_TEST(every_way_to_fail_has_its_sentence)
{
	struct http_req r;
	int64_t begin;

	cfg.stall_timeout_ms = 500;
	again();
	begin = clock_mono_ms();
	r = get(failures[_i].path);
	check_message(&r, failures[_i].msg);
	ck_assert_int_eq(r.status, failures[_i].status);
	ck_assert(r.sent);
	ck_assert_uint_eq(bed->requests, 1);
	if (strstr(failures[_i].msg, "progress") != NULL) {
		ck_assert_int_ge(clock_mono_ms() - begin, 490);
		ck_assert_int_lt(clock_mono_ms() - begin, patient_ms(1200));
	}
	http_fini_req(h, &r);
}
END_TEST

START_TEST(an_upload_that_nobody_reads_is_given_up)
{
	struct http_req r = request("PUT", "/deaf");
	size_t n = 24 * 1024 * 1024;
	void *body = calloc(n, 1);

	cfg.stall_timeout_ms = 500;
	again();
	r.body = body;
	r.body_bytes = n;
	run(&r);
	check_message(&r, "PEER: no progress for 500ms");
	http_fini_req(h, &r);
	free(body);
}
END_TEST

/* The kernel must not take all of it at once. */
START_TEST(a_slow_upload_is_seen_to_move)
{
	static char body[1600 * 1000];
	struct http_req r = request("PUT", "/sip");
	size_t i;

	cfg.stall_timeout_ms = 800;
	again();
	for (i = 0; i < sizeof(body); i++)
		body[i] = bed_byte(i);
	r.body = body;
	r.body_bytes = sizeof(body);
	run(&r);
	ck_assert_msg(!r.failed, "%s", r.err.msg);
	ck_assert_int_eq(r.status, 200);
	http_fini_req(h, &r);
}
END_TEST

START_TEST(a_largest_answer_still_fits)
{
	struct http_req r = get("/big/16777216");
	size_t i;

	ck_assert_msg(!r.failed, "%s", r.err.msg);
	ck_assert_uint_eq(r.answer.len, HTTP_BODY_MAX);
	for (i = 0; i < r.answer.len; i++)
		if ((char)r.answer.data[i] != bed_byte(i))
			ck_abort_msg("byte %zu", i);
	http_fini_req(h, &r);
}
END_TEST

START_TEST(nothing_is_sent_where_nobody_listens)
{
	struct http_req r;
	int fd = bed_socket(-1, &bed_port);

	r = get("/x?secret");
	check_message(&r, "PEER refuses the connection");
	ck_assert(!r.sent);
	ck_assert_int_eq(r.status, 0);
	http_fini_req(h, &r);
	(void)close(fd);
}
END_TEST

START_TEST(a_connection_that_does_not_come_about_times_out)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = bed_socket(0, &bed_port), fill[4];
	struct http_req r;
	int64_t begin;
	int i;

	/* The queue of those to be accepted is full. */
	a.sin_port = htons((uint16_t)bed_port);
	for (i = 0; i < 4; i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(fill[i], (struct sockaddr *)&a, sizeof(a));
	}
	cfg.connect_timeout_ms = 300;
	again();
	begin = clock_mono_ms();
	r = get("/x");
	check_message(&r, "timed out connecting to PEER");
	ck_assert(!r.sent);
	ck_assert_int_lt(clock_mono_ms() - begin, patient_ms(900));
	http_fini_req(h, &r);
	for (i = 0; i < 4; i++)
		(void)close(fill[i]);
	(void)close(fd);
}
END_TEST

static const struct {
	const char *url, *msg;
} wrong_urls[] = {
	{ "http://no.such.invalid/k?q",
	    "the name of no.such.invalid:80 does not resolve" },
	{ "http://bad host/", "not the URL of a server" },
	{ "", "not the URL of a server" },
	{ "ftp://h/", "h:21 is not spoken to by http or https" },
	{ "file:///etc/hostname", "not the URL of a server" },
};

START_TEST(urls_that_lead_nowhere_fail)
{
	struct http_req r = request("GET", "/");

	r.url = wrong_urls[_i].url;
	run(&r);
	ck_assert(r.failed);
	ck_assert_int_eq(r.err.cls, ERR_NETWORK);
	ck_assert_str_eq(r.err.msg, wrong_urls[_i].msg);
	ck_assert_int_eq(r.hopeless, _i > 0);	/* a name may come */
	ck_assert(!r.sent);
	http_fini_req(h, &r);
}
END_TEST

START_TEST(connections_are_kept)
{
	struct http_req r;
	int i;

	for (i = 0; i < 50; i++) {
		r = get(i % 2 ? "/ok" : "/missing");
		ck_assert(!r.failed);
		http_fini_req(h, &r);
	}
	ck_assert_uint_eq(bed->requests, 50);
	ck_assert_uint_eq(bed->connections, 1);
}
END_TEST

/* curl would send it again by itself. */
START_TEST(a_kept_connection_that_dies_is_one_failed_try)
{
	static const char *const methods[] = { "GET", "PUT", "POST", "PUT" };
	struct http_req r = request(methods[_i], "/once");
	char body[100 * 1000];
	size_t i;

	for (i = 0; i < sizeof(body); i++)
		body[i] = bed_byte(i);
	r.body = body;
	r.body_bytes = _i == 0 ? 0 : _i == 3 ? sizeof(body) : 10;
	run(&r);
	ck_assert_msg(!r.failed, "%s", r.err.msg);
	http_fini_req(h, &r);
	r.finished = false;
	run(&r);
	ck_assert(r.failed);
	ck_assert_ptr_nonnull(strstr(r.err.msg, "connection without an"));
	ck_assert(r.sent);
	ck_assert_uint_eq(bed->requests, 2);
	http_fini_req(h, &r);
	r.finished = r.failed = false;
	run(&r);
	ck_assert_msg(!r.failed, "%s", r.err.msg);
	http_fini_req(h, &r);
}
END_TEST

START_TEST(a_hundred_move_at_once_and_no_more)
{
	static struct http_req r[250];
	struct http_req *got;
	size_t i, n = 0;

	cfg.concurrent = 100;
	again();
	for (i = 0; i < 250; i++) {
		r[i] = request("GET", "/late");
		r[i].owner = &r[i];
		http_start(h, &r[i]);
	}
	ck_assert_uint_eq(http_inflight(h), 250);
	while (http_inflight(h) > 0) {
		http_move(h, -1, 1000);
		while ((got = http_next(h)) != NULL) {
			ck_assert_ptr_eq(got->owner, got);
			ck_assert_msg(!got->failed, "%s", got->err.msg);
			ck_assert_str_eq(buf_str(&got->answer), "late");
			http_fini_req(h, got);
			n++;
		}
	}
	ck_assert_uint_eq(n, 250);
	ck_assert_uint_eq(bed->requests, 250);
	ck_assert_uint_le(bed->connections, 100);
	ck_assert_uint_gt(bed->connections, 20);
}
END_TEST

START_TEST(moving_ends_for_a_descriptor_and_for_the_time)
{
	struct http_req r = request("GET", "/silence");
	int64_t begin = clock_mono_ms();
	int p[2];

	http_move(h, -1, -1);		/* nothing to wait for */
	http_move(h, -1, 60);
	ck_assert_int_ge(clock_mono_ms() - begin, 59);
	http_start(h, &r);
	begin = clock_mono_ms();
	http_move(h, -1, 150);
	ck_assert_int_ge(clock_mono_ms() - begin, 149);
	ck_assert_int_lt(clock_mono_ms() - begin, patient_ms(600));
	ck_assert_int_eq(pipe(p), 0);
	ck_assert_int_eq(write(p[1], "x", 1), 1);
	http_move(h, p[0], -1);
	(void)close(p[0]);
	(void)close(p[1]);
	ck_assert_int_eq(pipe(p), 0);
	(void)close(p[1]);
	http_move(h, p[0], -1);		/* an end is readable, too */
	(void)close(p[0]);
	ck_assert_ptr_null(http_next(h));
	ck_assert_uint_eq(http_inflight(h), 1);
	http_fini_req(h, &r);
	ck_assert_uint_eq(http_inflight(h), 0);
}
END_TEST

START_TEST(abandoned_requests_are_let_go)
{
	static struct http_req r[10];
	struct http_req ok;
	size_t i;

	for (i = 0; i < 10; i++) {
		r[i] = request("GET", i % 2 ? "/silence" : "/ok");
		http_start(h, &r[i]);
	}
	http_move(h, -1, 200);
	for (i = 0; i < 9; i++)
		http_fini_req(h, &r[i]);
	ok = get("/ok");
	ck_assert(!ok.failed);
	http_fini_req(h, &ok);
}
END_TEST

START_TEST(time_away_does_not_count_as_a_stall)
{
	struct http_req r = request("GET", "/later");

	cfg.stall_timeout_ms = 500;
	again();
	http_start(h, &r);
	http_move(h, -1, 150);
	(void)usleep(500 * 1000);
	while (http_next(h) == NULL)
		http_move(h, -1, 1000);
	ck_assert_msg(!r.failed, "%s", r.err.msg);
	http_fini_req(h, &r);
}
END_TEST

static void
check_pull(struct http_req *r, uint64_t n, size_t step)
{
	char *p = malloc(step);
	uint64_t seen = 0;
	struct err e;
	ssize_t k, i;

	while ((k = http_pull(h, r, p, step, &e)) > 0)
		for (i = 0; i < k; i++)
			if (p[i] != bed_byte(seen++))
				ck_abort_msg("byte %lu", seen - 1);
	ck_assert_int_eq(k, 0);
	ck_assert_uint_eq(seen, n);
	ck_assert(r->finished);
	ck_assert_int_eq(r->status, 200);
	ck_assert_uint_eq(r->answer.len, 0);
	ck_assert_int_eq(http_pull(h, r, p, step, &e), 0);
	free(p);
}

START_TEST(a_pulled_body_comes_in_order)
{
	static const size_t steps[] = { 100, 4096, 1 << 20 };
	struct http_req r = request("GET", "/big/5000000");

	r.pull = true;
	http_start(h, &r);
	ck_assert_uint_eq(http_inflight(h), 0);
	check_pull(&r, 5000000, steps[_i]);
	ck_assert_ptr_null(http_next(h));
	http_fini_req(h, &r);
}
END_TEST

START_TEST(a_pulled_body_waits_for_its_puller)
{
	struct http_req r = request("GET", "/endless"), ok;
	char p[1000];
	struct err e;

	cfg.concurrent = 1;
	cfg.stall_timeout_ms = 300;
	again();
	r.pull = true;
	http_start(h, &r);
	ck_assert_int_gt(http_pull(h, &r, p, sizeof(p), &e), 0);
	http_move(h, -1, 400);
	ck_assert(!r.finished);
	/* Its window, and what the kernel holds for both ends. */
	ck_assert_uint_lt(bed->sent_bytes, 16 * 1024 * 1024);
	/* The one place is free meanwhile. */
	ok = get("/ok");
	ck_assert_msg(!ok.failed, "%s", ok.err.msg);
	http_fini_req(h, &ok);
	(void)usleep(500 * 1000);
	ck_assert_int_gt(http_pull(h, &r, p, sizeof(p), &e), 0);
	http_fini_req(h, &r);
}
END_TEST

START_TEST(several_are_pulled_in_turn)
{
	struct http_req r[3];
	char urls[3][64], p[3000];
	uint64_t seen[3] = { 0 };
	struct err e;
	ssize_t k, i;
	int j, left = 3;

	cfg.concurrent = 1;
	again();
	for (j = 0; j < 3; j++) {
		r[j] = request("GET", "/");
		(void)snprintf(urls[j], sizeof(urls[j]),
		    "http://127.0.0.1:%d/big/%d", bed_port, 900000 + j);
		r[j].url = urls[j];
		r[j].pull = true;
		http_start(h, &r[j]);
	}
	while (left > 0) {
		for (j = left = 0; j < 3; j++) {
			k = http_pull(h, &r[j], p, sizeof(p), &e);
			ck_assert_int_ge(k, 0);
			for (i = 0; i < k; i++)
				if (p[i] != bed_byte(seen[j]++))
					ck_abort_msg("byte %lu", seen[j] - 1);
			left += k > 0;
		}
	}
	for (j = 0; j < 3; j++) {
		ck_assert_uint_eq(seen[j], 900000 + (unsigned)j);
		http_fini_req(h, &r[j]);
	}
}
END_TEST

START_TEST(pulling_what_is_refused_gives_the_body_of_the_refusal)
{
	struct http_req r = request("GET", "/missing");
	struct err e;
	char p[100];

	r.pull = true;
	http_start(h, &r);
	ck_assert_int_eq(http_pull(h, &r, p, sizeof(p), &e), 0);
	ck_assert(r.finished);
	ck_assert_int_eq(r.status, 404);
	ck_assert_str_eq(buf_str(&r.answer), "<Error/>");
	http_fini_req(h, &r);
}
END_TEST

START_TEST(a_pulled_body_that_is_cut_short_gives_what_came_then_fails)
{
	struct http_req r = request("GET", "/short");
	struct err e;
	char p[100];

	r.pull = true;
	http_start(h, &r);
	ck_assert_int_eq(http_pull(h, &r, p, sizeof(p), &e), 10);
	ck_assert_int_eq(http_pull(h, &r, p, sizeof(p), &e), -1);
	ck_assert_int_eq(e.cls, ERR_NETWORK);
	ck_assert_ptr_nonnull(strstr(e.msg, "was cut short"));
	http_fini_req(h, &r);
}
END_TEST

/* 0: up, from memory; 1: up, in pieces; 2: down; 3: pulled. */
START_TEST(the_rate_is_kept_over_all_requests)
{
	static struct http_req r[4];
	static char body[200 * 1000];
	int64_t begin;
	size_t i, n = _i == 0 ? 50 * 1000 : 100 * 1000;

	cfg.limit_rate = _i == 0 ? 400 * 1000 : 800 * 1000;
	cfg.stall_timeout_ms = 300;
	again();
	for (i = 0; i < sizeof(body); i++)
		body[i] = bed_byte(i);
	begin = clock_mono_ms();
	for (i = 0; i < 4; i++) {
		r[i] = request(_i < 2 ? "PUT" : "GET",
		    _i < 2 ? "/put" : "/big/100000");
		r[i].body = body;
		r[i].body_bytes = _i < 2 ? n : 0;
		r[i].pull = _i == 3;
		http_start(h, &r[i]);
	}
	while (http_inflight(h) > 0) {
		http_move(h, -1, -1);
		while (http_next(h) != NULL)
			continue;
	}
	for (i = 0; i < 4; i++) {
		if (_i == 3)
			check_pull(&r[i], n, 1 << 16);
		ck_assert_msg(!r[i].failed, "%s", r[i].err.msg);
		ck_assert_int_eq(r[i].status, 200);
		http_fini_req(h, &r[i]);
	}
	ck_assert_int_ge(clock_mono_ms() - begin, 300);
	ck_assert_int_lt(clock_mono_ms() - begin, patient_ms(1500));
}
END_TEST

START_TEST(a_ca_file_must_be_one)
{
	struct err e;

	cfg.ca_file = "/no/such.pem";
	ck_assert_ptr_null(http_new(&cfg, &e));
	ck_assert_int_eq(e.cls, ERR_CONFIG);
	ck_assert_str_eq(e.msg,
	    "CA file /no/such.pem: No such file or directory");
	cfg.ca_file = "/dev/null";
	ck_assert_ptr_null(http_new(&cfg, &e));
	ck_assert_str_eq(e.msg, "CA file /dev/null: no certificate in it");
	cfg.ca_file = NULL;
	(void)setenv("AWS_CA_BUNDLE", "/no/such.pem", 1);
	(void)setenv("SSL_CERT_FILE", "", 1);
	ck_assert_ptr_null(http_new(&cfg, &e));
	ck_assert_str_eq(e.msg,
	    "AWS_CA_BUNDLE /no/such.pem: No such file or directory");
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("http");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, an_answer_has_status_body_headers_and_date);
	tcase_add_loop_test(tc, answers_are_handed_over_as_they_are, 0,
	    LENGTH(answers));
	tcase_add_test(tc, chunks_are_put_together);
	tcase_add_loop_test(tc,
	    only_the_headers_that_were_asked_for_are_sent, 0, 5);
	tcase_add_test(tc, a_head_has_no_body);
	tcase_add_loop_test(tc, bodies_arrive_whole, 0, 2 * LENGTH(sizes));
	tcase_add_loop_test(tc, who_refuses_to_be_expected_of_is_not_again, 0,
	    2);
	tcase_add_test(tc, a_body_that_has_become_shorter_is_an_io_error);
	tcase_add_loop_test(tc, every_way_to_fail_has_its_sentence, 0,
	    LENGTH(failures));
	tcase_add_test(tc, an_upload_that_nobody_reads_is_given_up);
	tcase_add_test(tc, a_slow_upload_is_seen_to_move);
	tcase_add_test(tc, a_largest_answer_still_fits);
	tcase_add_test(tc, nothing_is_sent_where_nobody_listens);
	tcase_add_test(tc, a_connection_that_does_not_come_about_times_out);
	tcase_add_loop_test(tc, urls_that_lead_nowhere_fail, 0,
	    LENGTH(wrong_urls));
	tcase_add_test(tc, connections_are_kept);
	tcase_add_loop_test(tc, a_kept_connection_that_dies_is_one_failed_try,
	    0, 4);
	tcase_add_test(tc, a_hundred_move_at_once_and_no_more);
	tcase_add_test(tc, moving_ends_for_a_descriptor_and_for_the_time);
	tcase_add_test(tc, abandoned_requests_are_let_go);
	tcase_add_test(tc, time_away_does_not_count_as_a_stall);
	tcase_add_loop_test(tc, a_pulled_body_comes_in_order, 0, 3);
	tcase_add_test(tc, a_pulled_body_waits_for_its_puller);
	tcase_add_test(tc, several_are_pulled_in_turn);
	tcase_add_test(tc,
	    pulling_what_is_refused_gives_the_body_of_the_refusal);
	tcase_add_test(tc,
	    a_pulled_body_that_is_cut_short_gives_what_came_then_fails);
	tcase_add_loop_test(tc, the_rate_is_kept_over_all_requests, 0, 4);
	tcase_add_test(tc, a_ca_file_must_be_one);
	return (run_suite(tc));
}
