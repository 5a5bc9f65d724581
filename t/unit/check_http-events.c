/* What moves the transfers: sockets that come and go, pauses, timers. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "unit/askbed.h"

static void
set_up(void)
{
	ask_set_up(100, 5000, 8000);
}

/* Until one is finished; it may take so long. */
static struct http_req *
next(int ms)
{
	int64_t end = clock_mono_ms() + ms;
	struct http_req *got;

	while ((got = http_next(h)) == NULL) {
		ck_assert_int_lt(clock_mono_ms(), end);
		http_move(h, -1, 1000);
	}
	return (got);
}

static unsigned
count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d) != NULL)
		n++;
	(void)closedir(d);
	return (n);
}

/* Time on the processor so far, in ms. */
static int64_t
cpu_ms(void)
{
	struct rusage u;

	ck_assert_int_eq(getrusage(RUSAGE_SELF, &u), 0);
	return ((u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000 +
	    (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000);
}

/* Waiting for what does not come costs nothing. */
static void
check_idle(int ms)
{
	int64_t cpu = cpu_ms(), begin = clock_mono_ms();

	http_move(h, -1, ms);
	ck_assert_ptr_null(http_next(h));
	ck_assert_int_ge(clock_mono_ms() - begin, ms - 1);
	ck_assert_int_lt(cpu_ms() - cpu, ms / 5);
}

/* Every kind of end, mixed, so that numbers of sockets are used again by
 * others while old events of them may still be around. */
START_TEST(sockets_that_come_and_go_are_not_mixed_up)
{
	static const char *const paths[] = { "/ok", "/close", "/late",
	    "/reset", "/big/70000", "/early", "/short", "/once" };
	static struct http_req r[600];
	unsigned before, left = LENGTH(r);
	struct http_req *got, ok;
	size_t i, kind;

	ok = request("GET", "/ok");
	http_start(h, &ok);
	ck_assert_ptr_eq(next(5000), &ok);
	http_fini_req(h, &ok);
	before = count_fds();
	for (i = 0; i < LENGTH(r); i++) {
		r[i] = request("GET", "");
		r[i].url = strdup(at("127.0.0.1", bed_port,
		    paths[i % LENGTH(paths)]));
		http_start(h, &r[i]);
	}
	for (; left > 0; left--) {
		got = next(15000);
		kind = (size_t)(got - r) % LENGTH(paths);
		switch (kind) {
		case 0:
		case 2:
		case 4:
			ck_assert_msg(!got->failed, "%s", got->err.msg);
			ck_assert_int_eq(got->status, 200);
			ck_assert_uint_eq(got->answer.len, kind == 0 ? 5 :
			    kind == 2 ? 4 : 70000);
			break;
		case 5:
			ck_assert_msg(!got->failed, "%s", got->err.msg);
			ck_assert_int_eq(got->status, 403);
			break;
		case 7:
			break;	/* lives if its connection is new */
		default:
			ck_assert(got->failed);
		}
		http_fini_req(h, got);
	}
	http_free(h);
	h = NULL;
	/* The kept connection, the epoll set, curl's own pair. */
	ck_assert_uint_lt(count_fds(), before);
	for (i = 0; i < LENGTH(r); i++)
		free((void *)(uintptr_t)r[i].url);
}
END_TEST

/* 0: it says nothing; 1: half an answer; 2: nobody takes the connection. */
START_TEST(who_is_silent_holds_up_nobody_and_costs_nothing)
{
	static const char *const paths[] = { "/silence", "/half", "/" };
	struct sockaddr_in a = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct http_req silent[50], ok, *got;
	int port = bed_port, fd = -1, fill[4], i;
	int64_t begin;

	cfg.stall_timeout_ms = cfg.connect_timeout_ms = 1500;
	again();
	if (_i == 2) {
		fd = bed_socket(0, &port);
		a.sin_port = htons((uint16_t)port);
		for (i = 0; i < 4; i++) {
			fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK,
			    0);
			(void)connect(fill[i], (struct sockaddr *)&a,
			    sizeof(a));
		}
	}
	for (i = 0; i < 50; i++) {
		silent[i] = request("GET", "");
		silent[i].url = at("127.0.0.1", port, paths[_i]);
		http_start(h, &silent[i]);
	}
	begin = clock_mono_ms();
	for (i = 0; i < 20; i++) {
		ok = request("GET", "/ok");
		http_start(h, &ok);
		ck_assert_ptr_eq(next(1400), &ok);
		ck_assert_msg(!ok.failed, "%s", ok.err.msg);
		http_fini_req(h, &ok);
	}
	ck_assert_int_lt(clock_mono_ms() - begin, patient_ms(700));
	check_idle(500);
	for (i = 0; i < 50; i++) {
		got = next(5000);
		ck_assert(got->failed);
		ck_assert_ptr_nonnull(strstr(got->err.msg, _i == 2 ?
		    "timed out connecting" : "no progress for 1.5s"));
		http_fini_req(h, got);
	}
	ck_assert_int_ge(clock_mono_ms() - begin, 1400);
	ck_assert_int_lt(clock_mono_ms() - begin, patient_ms(3500));
	if (_i == 2) {
		for (i = 0; i < 4; i++)
			(void)close(fill[i]);
		(void)close(fd);
	}
}
END_TEST

/* Its socket is readable all the time. */
START_TEST(what_is_held_back_costs_nothing_and_goes_on)
{
	struct http_req r[8];
	uint64_t seen[8] = { 0 };
	char p[50 * 1000];
	struct err e;
	ssize_t k;
	int i, j;

	cfg.connect_timeout_ms = 300;	/* curl's last timer */
	again();
	for (i = 0; i < 8; i++) {
		r[i] = request("GET", "/big/3000000");
		r[i].pull = true;
		http_start(h, &r[i]);
		k = http_pull(h, &r[i], p, 1000, &e);
		ck_assert_int_gt(k, 0);
		seen[i] = (uint64_t)k;
	}
	http_move(h, -1, 400);		/* all windows fill */
	check_idle(500);
	for (i = 0; i < 8; i++) {
		while ((k = http_pull(h, &r[i], p, sizeof(p), &e)) > 0)
			for (j = 0; j < k; j++)
				if (p[j] != bed_byte(seen[i]++))
					ck_abort_msg("byte %lu", seen[i] - 1);
		ck_assert_msg(k == 0, "%s", e.msg);
		ck_assert_uint_eq(seen[i], 3000000);
		http_fini_req(h, &r[i]);
	}
}
END_TEST

START_TEST(one_that_is_let_go_while_it_is_held_back_is_gone)
{
	struct http_req r, ok;
	unsigned before = count_fds(), i;
	char p[1000];
	struct err e;

	for (i = 0; i < 20; i++) {
		r = request("GET", "/endless");
		r.pull = true;
		http_start(h, &r);
		ck_assert_int_gt(http_pull(h, &r, p, sizeof(p), &e), 0);
		http_move(h, -1, 20);
		http_fini_req(h, &r);
		ok = request("GET", "/ok");
		http_start(h, &ok);
		ck_assert_ptr_eq(next(2000), &ok);
		ck_assert_msg(!ok.failed, "%s", ok.err.msg);
		http_fini_req(h, &ok);
	}
	ck_assert_uint_le(count_fds(), before + 4);
	check_idle(200);
}
END_TEST

/* Names are looked for by other threads; some are let go meanwhile. */
START_TEST(a_name_with_two_addresses_leads_to_the_one_that_listens)
{
	static struct http_req r[60];
	struct http_req *got;
	size_t i;

	for (i = 0; i < LENGTH(r); i++) {
		r[i] = request("GET", "");
		r[i].url = at(i % 2 == 0 ? "no.such.invalid" : "localhost",
		    bed_port, "/late");
		http_start(h, &r[i]);
		if (i % 3 == 0)
			http_move(h, -1, 0);
	}
	for (i = 0; i < LENGTH(r); i += 2)
		http_fini_req(h, &r[i]);
	for (i = 1; i < LENGTH(r); i += 2) {
		got = next(5000);
		ck_assert_uint_eq((size_t)(got - r) % 2, 1);
		ck_assert_msg(!got->failed, "%s", got->err.msg);
		ck_assert_str_eq(buf_str(&got->answer), "late");
		http_fini_req(h, got);
	}
	check_idle(200);
}
END_TEST

/* The server closes it; whoever comes next gets another. */
START_TEST(a_kept_connection_that_ends_unasked_costs_nothing)
{
	struct http_req r;
	int i;

	for (i = 0; i < 5; i++) {
		r = request("GET", "/ok");
		http_start(h, &r);
		ck_assert_ptr_eq(next(2000), &r);
		http_fini_req(h, &r);
	}
	bed_stop();
	check_idle(200);
	bed_start();
	r = request("GET", "/ok");
	http_start(h, &r);
	ck_assert_ptr_eq(next(2000), &r);
	ck_assert_msg(!r.failed, "%s", r.err.msg);
	http_fini_req(h, &r);
}
END_TEST

/* Nobody says 100: after a second the body goes out all the same. */
START_TEST(a_body_does_not_wait_for_leave_that_never_comes)
{
	struct http_req r = request("GET", "/unasked");
	size_t i, n = 2 * 1000 * 1000;
	char *body = malloc(n);
	int64_t begin = clock_mono_ms(), cpu;

	for (i = 0; i < n; i++)
		body[i] = bed_byte(i);
	cpu = cpu_ms();
	r.method = "PUT";
	r.body = body;
	r.body_bytes = n;
	http_start(h, &r);
	ck_assert_ptr_eq(next(6000), &r);
	ck_assert_msg(!r.failed, "%s", r.err.msg);
	ck_assert_int_eq(r.status, 200);
	ck_assert_uint_eq(bed->body_bytes, n);
	ck_assert_int_ge(clock_mono_ms() - begin, 900);
	ck_assert_int_lt(cpu_ms() - cpu, 300);
	http_fini_req(h, &r);
	free(body);
}
END_TEST

/* The rate holds them back, which costs nothing and is no stall. */
START_TEST(what_waits_for_the_rate_costs_nothing)
{
	static char body[300 * 1000];
	struct http_req r[4], *got;
	int64_t begin, cpu;
	size_t i;

	cfg.limit_rate = 600 * 1000;
	cfg.stall_timeout_ms = 400;
	again();
	for (i = 0; i < sizeof(body); i++)
		body[i] = bed_byte(i);
	begin = clock_mono_ms();
	cpu = cpu_ms();
	for (i = 0; i < 4; i++) {
		r[i] = request("GET", i < 2 ? "/put" : "/big/300000");
		if (i < 2) {
			r[i].method = "PUT";
			r[i].body = body;
			r[i].body_bytes = sizeof(body);
		}
		http_start(h, &r[i]);
	}
	for (i = 0; i < 4; i++) {
		got = next(8000);
		ck_assert_msg(!got->failed, "%s", got->err.msg);
		ck_assert_int_eq(got->status, 200);
		http_fini_req(h, got);
	}
	ck_assert_int_ge(clock_mono_ms() - begin, 1500);
	ck_assert_int_lt(cpu_ms() - cpu, 400);
}
END_TEST

/* What comes while it waits is put together, and found to be too long when it
 * goes on. */
START_TEST(what_is_too_long_is_said_although_the_rate_holds_it_back)
{
	struct http_req r = request("GET", "/grains");
	int64_t begin = clock_mono_ms();

	cfg.limit_rate = 1000;
	again();
	r.max_bytes = _i == 0 ? 500 : 1000;
	http_start(h, &r);
	ck_assert_ptr_eq(next(12000), &r);
	ck_assert_int_eq(r.failed, _i == 0);
	if (_i == 0) {
		ck_assert_int_eq(r.err.cls, ERR_LIMIT);
		ck_assert_ptr_nonnull(strstr(r.err.msg,
		    "larger than 500 bytes"));
	} else {
		ck_assert_uint_eq(r.answer.len, 1000);
	}
	ck_assert_int_lt(clock_mono_ms() - begin, patient_ms(3000));
	http_fini_req(h, &r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("http-events");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, sockets_that_come_and_go_are_not_mixed_up);
	tcase_add_loop_test(tc,
	    who_is_silent_holds_up_nobody_and_costs_nothing, 0, 3);
	tcase_add_test(tc, what_is_held_back_costs_nothing_and_goes_on);
	tcase_add_test(tc, one_that_is_let_go_while_it_is_held_back_is_gone);
	tcase_add_test(tc,
	    a_name_with_two_addresses_leads_to_the_one_that_listens);
	tcase_add_test(tc, a_kept_connection_that_ends_unasked_costs_nothing);
	tcase_add_test(tc, a_body_does_not_wait_for_leave_that_never_comes);
	tcase_add_test(tc, what_waits_for_the_rate_costs_nothing);
	tcase_add_loop_test(tc,
	    what_is_too_long_is_said_although_the_rate_holds_it_back, 0, 2);
	return (run_suite(tc));
}
