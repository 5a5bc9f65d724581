/*
 * A segment that grows into a new file: in time, or not at all, and whole
 * whenever it is interrupted; and who looks on meanwhile.
 */
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "unit/statebed.h"

START_TEST(the_load_is_never_above_0_85)
{
	struct state *st = open_as(SEG, &id);
	struct stat sb;
	unsigned i;

	for (i = 1; i <= 2000; i++) {
		put(st, i);
		ck_assert_int_eq(fstatat(dirfd, "a7", &sb, 0), 0);
		ck_assert_int_le(i * 100, (sb.st_size - STATE_HDR_BYTES) /
		    STATE_REC_BYTES * 85);
	}
	state_close(st);
}
END_TEST

/* libcheck itself writes to a file, so the limit holds for the put alone. */
static int
put_limited(struct state *st, unsigned n, rlim_t bytes, struct err *e)
{
	const struct rlimit few = { bytes, RLIM_INFINITY };
	const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };
	int ret;

	(void)setrlimit(RLIMIT_FSIZE, &few);
	ret = try_put(st, n, e);
	(void)setrlimit(RLIMIT_FSIZE, &none);
	return (ret);
}

START_TEST(growing_beyond_a_file_size_limit_keeps_what_there_was)
{
	struct err e = { 0 };
	struct state *st = open_as(SEG, &id);
	unsigned n = 0;

	(void)signal(SIGXFSZ, SIG_IGN);
	while (put_limited(st, n, 8000, &e) == 0)
		ck_assert_uint_lt(n++, 1000);
	ck_assert_uint_ge(n, 38);
	ck_assert_int_eq(e.cls, ERR_IO);	/* EFBIG */
	ck_assert_ptr_nonnull(strstr(e.msg, "a7"));
	ck_assert(!exists("a7.new"));
	ck_assert_int_eq(put_limited(st, n, 8000, &e), -1);
	assert_has_all(st, n);
	ck_assert(!has(st, n));
	ck_assert_int_eq(put_limited(st, 3, 8000, &e), 0);	/* replaced */
	ck_assert_uint_eq(state_count(st), n);
	st = reopen(st);
	assert_has_all(st, n);
	put(st, n);			/* the next good run catches up */
	assert_has_all(st, n + 1);
	state_close(st);
}
END_TEST

START_TEST(a_record_that_cannot_be_written_leaves_no_name)
{
	enum { N = 20, ALL = 38,
	    LIMIT = STATE_HDR_BYTES + 24 * STATE_REC_BYTES };
	struct err e = { 0 };
	struct state *st;
	struct stat sb;
	unsigned n, nfailed = 0;
	off_t bytes;

	(void)signal(SIGXFSZ, SIG_IGN);
	fill(N);
	st = open_as(SEG, &id);
	ck_assert_int_eq(fstatat(dirfd, "a7.names", &sb, 0), 0);
	bytes = sb.st_size;
	/* Beyond the limit lie about half of the slots, and no name. */
	for (n = N; n < ALL; n++) {
		if (put_limited(st, n, LIMIT, &e) == -1) {
			nfailed++;
			ck_assert_ptr_nonnull(strstr(e.msg, "a7"));
			ck_assert(!has(st, n));
		} else
			bytes += 10 + (off_t)strlen("/d/20.db");
		ck_assert_int_eq(fstatat(dirfd, "a7.names", &sb, 0), 0);
		ck_assert_int_eq(sb.st_size, bytes);
	}
	ck_assert_int_lt(bytes, LIMIT);
	ck_assert_uint_gt(nfailed, 2);
	ck_assert_uint_lt(nfailed, ALL - N - 2);
	for (n = N; n < ALL; n++)
		put(st, n);
	assert_has_all(st, ALL);
	state_close(st);
}
END_TEST

START_TEST(growing_on_a_full_disk_keeps_what_there_was)
{
	struct err e = { 0 };
	struct state *st;
	unsigned n = 0;
	int all = dirfd;

	if (geteuid() != 0 || unshare(CLONE_NEWNS) == -1 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount("tmpfs", dir, "tmpfs", 0, "size=40k") == -1) {
		fprintf(stderr, "# skipped: no tmpfs can be mounted here\n");
		return;
	}
	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	st = open_as(SEG, &id);
	while (try_put(st, n, &e) == 0)
		ck_assert_uint_lt(n++, 1000);
	ck_assert_int_eq(e.cls, ERR_SPACE);
	ck_assert(!exists("a7.new"));
	assert_has_all(st, n);
	ck_assert(!has(st, n));
	ck_assert_uint_eq(state_count(st), n);
	st = reopen(st);
	assert_has_all(st, n);
	state_close(st);
	(void)close(dirfd);
	dirfd = all;
	ck_assert_int_eq(umount2(dir, MNT_DETACH), 0);
}
END_TEST

START_TEST(a_stale_temporary_file_is_no_obstacle)
{
	struct buf b = { 0 };
	struct state *st;

	buf_puts(&b, "left by a run that was killed");
	if (_i == 0)
		save("a7.new", &b);
	else {				/* and a link is not followed */
		save("precious", &b);
		ck_assert_int_eq(symlinkat("precious", dirfd, "a7.new"), 0);
	}
	st = open_as(SEG, &id);
	put(st, 1);
	st = reopen(st);
	ck_assert(has(st, 1));
	ck_assert(!exists("a7.new"));
	state_close(st);
	if (_i == 1) {
		load("precious", &b);
		ck_assert_str_eq(buf_str(&b), "left by a run that was killed");
	}
	buf_fini(&b);
}
END_TEST

/* Kill a process at a step of its puts, and look at what there is. */
static const struct {
	const char *hook;
	unsigned there, tried, left;
} deaths[] = {
	{ "state-put=kill:/d/20.db", 20, 30, 20 },
	{ "state-put=kill:/d/0.db", 0, 1, 0 },
	{ "state-grow=kill", 0, 1, 0 },
	{ "state-grow=kill", 38, 39, 38 },
};

START_TEST(a_killed_process_leaves_what_it_had_put)
{
	struct state *st;
	unsigned i;
	pid_t pid;
	int status;

	fill(deaths[_i].there);
	if ((pid = fork()) == 0) {
		(void)setenv("LITEFLEET_HOOK", deaths[_i].hook, 1);
		st = open_as(SEG, &id);
		for (i = deaths[_i].there; i < deaths[_i].tried; i++)
			put(st, i);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	listen_start();
	st = open_as(SEG, &id);
	ck_assert_int_eq(listen_end(), 0);
	assert_has_all(st, deaths[_i].left);
	ck_assert_uint_eq(state_count(st), deaths[_i].left);
	for (i = 0; i < 60; i++)
		put(st, i);
	assert_has_all(st, 60);
	ck_assert(!exists("a7.new"));
	state_close(st);
}
END_TEST

START_TEST(a_reader_keeps_its_view_while_the_owner_grows)
{
	struct state *owner, *reader;
	unsigned i;

	fill(38);
	reader = open_as(SEG, &id);
	owner = open_as(SEG, &id);
	for (i = 38; i < 500; i++)
		put(owner, i);
	assert_has_all(reader, 38);
	assert_has_all(owner, 500);
	state_close(owner);
	state_close(reader);
}
END_TEST

START_TEST(a_replaced_file_is_not_written_to)
{
	struct state *st;
	struct buf b = { 0 }, after = { 0 };
	struct err e = { 0 };

	fill(30);
	st = open_as(SEG, &id);
	load("a7", &b);
	ck_assert_int_eq(renameat(dirfd, "a7", dirfd, "old"), 0);
	save("a7", &b);
	ck_assert_int_eq(try_put(st, 3, &e), -1);
	ck_assert_int_eq(e.cls, ERR_IO);
	ck_assert_int_eq(try_put(st, 33, &e), -1);
	state_close(st);
	load("a7", &after);
	ck_assert_mem_eq(b.data, after.data, b.len);
	buf_fini(&after);
	buf_fini(&b);
}
END_TEST

int
main(void)
{
	TCase *tc = statebed("growth");

	tcase_add_test(tc, the_load_is_never_above_0_85);
	tcase_add_test(tc,
	    growing_beyond_a_file_size_limit_keeps_what_there_was);
	tcase_add_test(tc, a_record_that_cannot_be_written_leaves_no_name);
	tcase_add_test(tc, growing_on_a_full_disk_keeps_what_there_was);
	tcase_add_loop_test(tc, a_stale_temporary_file_is_no_obstacle, 0, 2);
	tcase_add_loop_test(tc, a_killed_process_leaves_what_it_had_put, 0,
	    LENGTH(deaths));
	tcase_add_test(tc, a_replaced_file_is_not_written_to);
	tcase_add_test(tc, a_reader_keeps_its_view_while_the_owner_grows);
	return (run_suite(tc));
}
