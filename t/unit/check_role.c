/*
 * A forked role: what it says arrives, whole and in order, and so does how it
 * ended; stopped, it is gone.
 */
#include "proc/role.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "proc/pool.h"
#include "unit/suite.h"

enum end {
	END_WELL,
	END_FAIL,
	END_SEGV,
	END_EXIT,
	END_CUT_OFF,		/* closes its channel, and hangs */
	END_HANG,
	END_WHEN_TOLD,		/* says on, until it is stopping */
	END_WHEN_ASKED,		/* says no more, but asks */
	END_WITH_A_WORD		/* waits to be asked, and says all then */
};

static struct shared {
	_Atomic pid_t pid;
	_Atomic unsigned said;
	_Atomic bool left;
	char note[256];
} *sh;

static uint8_t *body;
static unsigned nmsgs;
static enum end how;

static size_t
size_of(unsigned seq)
{
	return (sizeof(seq) + (seq * 7919u) % 9000 +
	    (seq % 500 == 499 ? POOL_MSG_MAX - 9100 : 0));
}

static void
say(struct role_self *self, unsigned seq)
{
	static uint8_t msg[POOL_MSG_MAX];

	memset(msg, (int)(seq & 0xff), size_of(seq));
	memcpy(msg, &seq, sizeof(seq));
	role_say(self, msg, size_of(seq));
	sh->said++;
}

static int
run(void *ctx, struct role_self *self, struct err *e)
{
	struct pollfd pfd = { .fd = role_self_fd(self), .events = POLLIN };
	unsigned seq = 0;

	ck_assert_ptr_eq(ctx, sh);
	sh->pid = getpid();
	if (how == END_WITH_A_WORD) {
		ck_assert(!role_stopping(self));
		say(self, 0);
		ck_assert_int_eq(poll(&pfd, 1, 20000), 1);
		ck_assert(role_stopping(self));
	}
	while (seq < nmsgs)
		say(self, seq++);
	switch (how) {
	case END_WELL:
	case END_WITH_A_WORD:
		break;
	case END_FAIL:
		err_set(e, ERR_NETWORK, "the store does not answer");
		return (-1);
	case END_SEGV:
		(void)raise(SIGSEGV);
		break;
	case END_EXIT:
		_exit(3);
	case END_CUT_OFF:
		(void)close_range(STDERR_FILENO + 1, ~0U, 0);
		/* FALLTHROUGH */
	case END_HANG:
		for (;;)
			(void)pause();
	case END_WHEN_TOLD:
		while (!role_stopping(self))
			say(self, seq++);
		break;
	case END_WHEN_ASKED:
		while (!role_stopping(self))
			clock_sleep_ms(1);
	}
	sh->left = true;
	return (0);
}

static struct role *
start(void)
{
	struct role_cfg cfg = { .name = "toy", .keep_fd = -1, .run = run,
	    .ctx = sh };
	struct role *r;
	struct err e;

	ck_assert_ptr_nonnull(r = role_start(&cfg, &e));
	return (r);
}

static void
await(struct role *r)
{
	struct pollfd pfd = { .fd = role_fd(r), .events = POLLIN };

	ck_assert_int_eq(poll(&pfd, 1, 20000), 1);
}

/* The next word that is not NOTHING. */
static enum role_said
next(struct role *r, size_t *len, struct err *e)
{
	enum role_said said;

	while ((said = role_recv(r, body, len, e)) == ROLE_NOTHING)
		await(r);
	return (said);
}

/* Take messages 0 to n - 1. */
static void
take(struct role *r, unsigned n)
{
	struct err e;
	unsigned got;
	size_t len;

	for (unsigned seq = 0; seq < n; seq++) {
		ck_assert_int_eq(next(r, &len, &e), ROLE_MESSAGE);
		memcpy(&got, body, sizeof(got));
		ck_assert_uint_eq(got, seq);
		ck_assert_uint_eq(len, size_of(seq));
		if (len > sizeof(got))
			ck_assert_uint_eq(body[len - 1], seq & 0xff);
	}
}

static void
no_child_is_left(void)
{
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}

/* Does it sleep, and has not said more since it was looked at? */
static bool
is_blocked(void)
{
	char path[64], stat[256] = "", *p;
	unsigned said = sh->said;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)sh->pid);
	if (sh->pid == 0 || (f = fopen(path, "r")) == NULL)
		return (false);
	if (fgets(stat, sizeof(stat), f) == NULL)
		stat[0] = '\0';
	(void)fclose(f);
	p = strrchr(stat, ')');
	return (said > 0 && p != NULL && p[2] == 'S' && said == sh->said);
}

static void
await_block(void)
{
	int64_t until_ms = clock_mono_ms() + 20000;

	while (!is_blocked()) {
		ck_assert_int_lt(clock_mono_ms(), until_ms);
		clock_sleep_ms(1);
	}
}

START_TEST(thousands_of_messages_wait_for_a_slow_supervisor)
{
	struct role *r;
	struct err e;
	size_t len;

	nmsgs = 20000;
	r = start();
	await_block();
	ck_assert_uint_lt(sh->said, nmsgs / 4);
	take(r, nmsgs);
	ck_assert_int_eq(next(r, &len, &e), ROLE_DONE);
	ck_assert_int_eq(role_recv(r, body, &len, &e), ROLE_DONE);
	role_stop(r);
	no_child_is_left();
}
END_TEST

START_TEST(nothing_is_said_before_it_is_there)
{
	struct role *r;
	struct err e;
	size_t len;

	how = END_HANG;
	r = start();
	ck_assert_int_eq(role_recv(r, body, &len, &e), ROLE_NOTHING);
	role_stop(r);
	no_child_is_left();
}
END_TEST

static const struct {
	enum end end;
	enum err_class cls;
	const char *text;
} ends[] = {
	{ END_FAIL, ERR_NETWORK, "the store does not answer" },
	{ END_SEGV, ERR_BUG, "toy died of signal 11 (Segmentation fault)" },
	{ END_EXIT, ERR_BUG, "toy left with status 3 and no word" },
	{ END_CUT_OFF, ERR_BUG, "toy died of signal 9 (Killed)" },
};

START_TEST(an_end_in_mid_stream_comes_after_all_that_was_said)
{
	struct role *r;
	struct err e;
	size_t len;

	nmsgs = 1000;
	how = ends[_i].end;
	r = start();
	take(r, nmsgs);
	for (int i = 0; i < 2; i++) {
		memset(&e, 0, sizeof(e));
		ck_assert_int_eq(next(r, &len, &e), ROLE_FAILED);
		ck_assert_int_eq(e.cls, ends[_i].cls);
		ck_assert_str_eq(e.msg, ends[_i].text);
	}
	role_stop(r);
	no_child_is_left();
}
END_TEST

START_TEST(one_that_listens_is_stopped_in_mid_stream_and_returns)
{
	struct role *r;

	how = END_WHEN_TOLD;
	r = start();
	await_block();
	take(r, 10);
	role_stop(r);
	ck_assert(sh->left);
	no_child_is_left();
}
END_TEST

START_TEST(one_that_says_nothing_hears_it_too)
{
	struct role *r;

	nmsgs = 1;
	how = END_WHEN_ASKED;
	r = start();
	take(r, 1);
	role_stop(r);
	ck_assert(sh->left);
	no_child_is_left();
}
END_TEST

START_TEST(one_that_is_asked_to_end_is_heard_to_its_end)
{
	struct role *r;
	struct err e;
	size_t len;

	nmsgs = 1000;
	how = END_WITH_A_WORD;
	r = start();
	ck_assert_int_eq(next(r, &len, &e), ROLE_MESSAGE);
	role_hang_up(r);
	take(r, nmsgs);
	ck_assert_int_eq(next(r, &len, &e), ROLE_DONE);
	role_hang_up(r);
	role_stop(r);
	no_child_is_left();
}
END_TEST

START_TEST(one_that_does_not_is_killed)
{
	int64_t began_ms;
	struct role *r;

	nmsgs = 3;
	how = END_HANG;
	r = start();
	take(r, 3);
	began_ms = clock_mono_ms();
	role_stop(r);
	ck_assert_int_ge(clock_mono_ms() - began_ms, ROLE_STOP_MS);
	ck_assert(!sh->left);
	no_child_is_left();
	role_stop(NULL);
}
END_TEST

/* What is open in it, and what it is. */
static int
nosy(void *ctx, struct role_self *self, struct err *e)
{
	char fds[128] = "", link[64], name[32];
	struct dirent *d;
	ssize_t n;
	DIR *dir;

	(void)ctx;
	(void)e;
	ck_assert_ptr_nonnull(dir = opendir("/proc/self/fd"));
	while ((d = readdir(dir)) != NULL)
		if (is_ours_fd(atoi(d->d_name)) &&
		    atoi(d->d_name) != dirfd(dir)) {
			strcat(fds, d->d_name);
			strcat(fds, " ");
		}
	(void)closedir(dir);
	n = readlink("/proc/self/fd/0", link, sizeof(link) - 1);
	link[n > 0 ? n : 0] = '\0';
	(void)prctl(PR_GET_NAME, name);
	(void)raise(SIGTERM);
	(void)raise(SIGINT);
	(void)snprintf(sh->note, sizeof(sh->note), "%s%s %s", fds, link, name);
	role_say(self, "x", 1);
	return (0);
}

START_TEST(it_keeps_nothing_but_its_channel_and_one_descriptor)
{
	struct role_cfg cfg = { .name = "litefleet-list", .run = nosy };
	char want[128];
	int keep, first, fd;
	struct role *r;
	struct err e;
	size_t len;

	ck_assert_int_ne(first = dup(1), -1);
	ck_assert_int_ne(keep = dup2(1, first + 1), -1);
	/* The supervisor's end is one, its own the next that is free. */
	fd = keep + 2;
	(void)snprintf(want, sizeof(want), "%d %d /dev/null litefleet-list",
	    keep, fd);
	(void)close_range((unsigned)keep + 1, ~0U, 0);
	ck_assert_int_ne(dup2(1, first), -1);
	cfg.keep_fd = keep;
	ck_assert_ptr_nonnull(r = role_start(&cfg, &e));
	ck_assert_int_eq(next(r, &len, &e), ROLE_MESSAGE);
	ck_assert_int_eq(next(r, &len, &e), ROLE_DONE);
	ck_assert_str_eq(sh->note, want);
	role_stop(r);
}
END_TEST

static void
setup(void)
{
	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(sh, MAP_FAILED);
	body = mem_resize(NULL, POOL_MSG_MAX, 1);
	nmsgs = 0;
	how = END_WELL;
}

static void
teardown(void)
{
	free(body);
}

int
main(void)
{
	TCase *tc = tcase_create("role");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, thousands_of_messages_wait_for_a_slow_supervisor);
	tcase_add_test(tc, nothing_is_said_before_it_is_there);
	tcase_add_loop_test(tc,
	    an_end_in_mid_stream_comes_after_all_that_was_said, 0,
	    LENGTH(ends));
	tcase_add_test(tc,
	    one_that_listens_is_stopped_in_mid_stream_and_returns);
	tcase_add_test(tc, one_that_says_nothing_hears_it_too);
	tcase_add_test(tc, one_that_is_asked_to_end_is_heard_to_its_end);
	tcase_add_test(tc, one_that_does_not_is_killed);
	tcase_add_test(tc, it_keeps_nothing_but_its_channel_and_one_descriptor);
	return (run_suite(tc));
}
