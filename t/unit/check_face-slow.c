/*
 * Clients that take their time, and such that come in crowds: none keeps the
 * others out, and none stays.
 */
#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>

#include "unit/facebed.h"

static struct buf out;

static void
setup(void)
{
	bed_figures_begin(0);
	bed_start("127.0.0.1:0");
}

static void
teardown(void)
{
	bed_stop();
	bed_figures_end();
	buf_fini(&out);
}

/* How many descriptors the role has open. */
static unsigned
ndescriptors(void)
{
	char path[64];
	unsigned n = 0;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/proc/%ld/fd", bed_pid());
	ck_assert_ptr_nonnull(dir = opendir(path));
	while (readdir(dir) != NULL)
		n++;
	(void)closedir(dir);
	return (n);
}

/* ... when nobody is connected: what was just closed may be seen still. */
static unsigned
least_descriptors(void)
{
	unsigned n, least = ndescriptors();
	int i;

	for (i = 0; i < 30; i++) {
		(void)poll(NULL, 0, 10);
		if ((n = ndescriptors()) < least)
			least = n;
	}
	return (least);
}

static void
is_quick(void)
{
	int64_t began_ms = clock_mono_ms();

	ck_assert_int_eq(bed_get("/healthz", &out), 200);
	ck_assert_int_lt(clock_mono_ms() - began_ms, 2000);
}

/* What a client says once, and what it goes on to say, a byte a second. */
static const struct slow {
	const char *first, *rest;
} slows[] = {
	{ "", "" },				/* nothing at all */
	{ "G", "ET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" },
	{ "GET / HTTP/1.1\r\nHost: localhost\r\nX: ", "aaaaaaaaaaaaaaaaaaaa" },
	{ "GET / HTTP/1.1\r\nHost: localhost\r\n", "X:a\r\nY:b\r\nZ:c\r\n" },
	/* One request is through, the next is slow; or there is none. */
	{ "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nG",
	    "ET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" },
	{ "HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", "" },
};

START_TEST(who_is_slow_to_ask_is_closed_in_time)
{
	int64_t began_ms = clock_mono_ms(), took_ms[LENGTH(slows)];
	struct pollfd pfd[LENGTH(slows)];
	int i, nopen = LENGTH(slows);
	size_t sent = 0;
	char junk[4096];

	for (i = 0; i < LENGTH(slows); i++) {
		pfd[i] = (struct pollfd){ .fd = bed_connect(),
		    .events = POLLIN };
		bed_send(pfd[i].fd, slows[i].first, strlen(slows[i].first));
	}
	while (nopen > 0) {
		ck_assert_int_lt(clock_mono_ms() - began_ms,
		    2 * FACE_REQUEST_MS);
		if (poll(pfd, LENGTH(slows), 1000) == 0) {
			for (i = 0; i < LENGTH(slows); i++)
				if (pfd[i].fd != -1 &&
				    sent < strlen(slows[i].rest))
					bed_send(pfd[i].fd, slows[i].rest +
					    sent, 1);
			sent++;
			is_quick();
			continue;
		}
		for (i = 0; i < LENGTH(slows); i++) {
			if (pfd[i].revents == 0 || recv(pfd[i].fd, junk,
			    sizeof(junk), MSG_DONTWAIT) > 0)
				continue;
			took_ms[i] = clock_mono_ms() - began_ms;
			(void)close(pfd[i].fd);
			pfd[i].fd = -1;
			nopen--;
		}
	}
	for (i = 0; i < LENGTH(slows); i++) {
		ck_assert_msg(took_ms[i] >= FACE_REQUEST_MS - 1500, "%d: %lld"
		    " ms", i, (long long)took_ms[i]);
		ck_assert_msg(took_ms[i] <= FACE_REQUEST_MS + 2500, "%d: %lld"
		    " ms", i, (long long)took_ms[i]);
	}
}
END_TEST

/* An answer of some MB. */
static void
fill(void)
{
	struct figures_failure *v = calloc(FIGURES_FAILURES, sizeof(*v));
	size_t i;

	for (i = 0; i < FIGURES_FAILURES; i++) {
		v[i].cls = ERR_CORRUPT;
		memset(v[i].path, 'x', PATH_MAX);
	}
	bed_cycle(v, FIGURES_FAILURES, NULL);
	free(v);
}

/* Two answers of some MB: one is not read at all, one a little each second. */
START_TEST(who_is_slow_to_read_is_closed_in_time)
{
	static const char ask[] = "GET /failures HTTP/1.1\r\n"
	    "Host: localhost\r\n\r\n";
	unsigned before;
	int64_t began_ms;
	char some[4096];
	size_t i, size;
	int fd[2];

	fill();
	ck_assert_int_eq(bed_get("/failures", &out), 200);
	size = out.len;
	ck_assert_uint_gt(size, 4000000);
	is_quick();
	before = least_descriptors();
	began_ms = clock_mono_ms();
	for (i = 0; i < 2; i++) {
		fd[i] = bed_connect();
		(void)setsockopt(fd[i], SOL_SOCKET, SO_RCVBUF, &(int){ 4096 },
		    sizeof(int));
		bed_send(fd[i], ask, strlen(ask));
	}
	while (ndescriptors() < before + 2)
		ck_assert_int_lt(clock_mono_ms() - began_ms, 5000);
	while (ndescriptors() > before) {
		ck_assert_msg(clock_mono_ms() - began_ms < FACE_REQUEST_MS +
		    (int64_t)size / 1000 + 5000, "still there");
		(void)recv(fd[0], some, sizeof(some), MSG_DONTWAIT);
		is_quick();
		(void)poll(NULL, 0, 1000);
	}
	ck_assert_int_gt(clock_mono_ms() - began_ms, FACE_REQUEST_MS - 1500);
	/* And the kernel does not go on for the face. */
	ck_assert(bed_read(fd[0], &out, 5000));
	ck_assert_uint_lt(out.len, size / 10);
	(void)close(fd[0]);
	(void)close(fd[1]);
}
END_TEST

#ifdef __SANITIZE_ADDRESS__
enum { MOST_KB = 500 * 1000 };	/* it keeps what was freed for a while */
#else
enum { MOST_KB = 120 * 1000 };
#endif

/* Answers of 200 MB together that nobody takes. */
START_TEST(answers_that_are_not_taken_keep_nobody_out)
{
	static const char ask[] = "GET /failures HTTP/1.1\r\n"
	    "Host: localhost\r\n\r\n";
	int fd[50], i;
	long kb, most = 0;

	fill();
	for (i = 0; i < LENGTH(fd); i++) {
		fd[i] = bed_connect();
		bed_send(fd[i], ask, strlen(ask));
		is_quick();
		if ((kb = bed_rss_kb()) > most)
			most = kb;
	}
	printf("# memory: %ld kB at most\n", most);
	ck_assert_int_lt(most, MOST_KB);
	for (i = 0; i < LENGTH(fd); i++)
		(void)close(fd[i]);
	is_quick();
}
END_TEST

enum {
	CROWD = 1000
};

START_TEST(a_thousand_connections_keep_nobody_out)
{
	struct rlimit lim;
	struct pollfd pfd[CROWD];
	int i, nopen;
	char c;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &lim), 0);
	if (lim.rlim_max < CROWD + 100) {
		printf("# no %d descriptors here\n", CROWD);
		return;
	}
	lim.rlim_cur = CROWD + 100;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &lim), 0);
	for (i = 0; i < CROWD; i++) {
		pfd[i] = (struct pollfd){ .fd = bed_connect(),
		    .events = POLLIN };
		if (i % 100 == 99)
			is_quick();
	}
	is_quick();
	ck_assert_uint_lt(ndescriptors(), FACE_CONNECTIONS + 50);
	for (nopen = i = 0; i < CROWD; i++)
		if (recv(pfd[i].fd, &c, 1, MSG_DONTWAIT) == -1 &&
		    errno == EAGAIN)
			nopen++;
	ck_assert_int_le(nopen, FACE_CONNECTIONS);
	ck_assert_int_ge(nopen, FACE_CONNECTIONS - 2);
	for (i = 0; i < CROWD; i++)
		(void)close(pfd[i].fd);
	is_quick();
}
END_TEST

static int
run_poor(void *ctx, struct role_self *self, struct err *e)
{
	struct rlimit lim = { 40, 40 };

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &lim), 0);
	return (face_run(ctx, self, e));
}

/* As many as can be, and then a second crowd that it finds there at once. */
START_TEST(few_descriptors_are_few_connections)
{
	int fd[100], i;

	bed_stop();
	bed_run = run_poor;
	bed_start("127.0.0.1:0");
	for (i = 0; i < LENGTH(fd); i++) {
		if (i == LENGTH(fd) / 2) {
			is_quick();
			ck_assert_int_eq(kill((pid_t)bed_pid(), SIGSTOP), 0);
		}
		fd[i] = bed_connect();
		bed_send(fd[i], "G", 1);
	}
	ck_assert_int_eq(kill((pid_t)bed_pid(), SIGCONT), 0);
	is_quick();
	ck_assert_uint_lt(ndescriptors(), 40);
	for (i = 0; i < LENGTH(fd); i++)
		(void)close(fd[i]);
	is_quick();
}
END_TEST

START_TEST(connections_that_come_and_go_leave_no_descriptor)
{
	unsigned before;
	int64_t until_ms;
	int i;

	is_quick();
	before = least_descriptors();
	for (i = 0; i < 3000; i++)
		(void)close(bed_connect());
	is_quick();
	until_ms = clock_mono_ms() + 5000;
	while (ndescriptors() > before)
		ck_assert_int_lt(clock_mono_ms(), until_ms);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("slow");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, who_is_slow_to_ask_is_closed_in_time);
	tcase_add_test(tc, who_is_slow_to_read_is_closed_in_time);
	tcase_add_test(tc, answers_that_are_not_taken_keep_nobody_out);
	tcase_add_test(tc, a_thousand_connections_keep_nobody_out);
	tcase_add_test(tc, few_descriptors_are_few_connections);
	tcase_add_test(tc, connections_that_come_and_go_leave_no_descriptor);
	return (run_suite(tc));
}
