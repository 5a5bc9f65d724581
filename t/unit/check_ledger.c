/*
 * What a restore has finished survives it, and speaks for no other restore.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "state/ledger.h"
#include "unit/suite.h"

#define HEAD	"litefleet-restore\t1\t" \
		"00000000000000070000000000000008\t20261120T103000.123Z\t"
#define HASH	"0000000000000001000000000000000a"

static const struct hash128 store = { .hi = 7, .lo = 8 };
static const struct hash128 content = { .hi = 1, .lo = 10 };
static const char *const words[] = { "s3://b/p", "a\tb/**\n" };

static char dir[64], path[80];
static struct err e;

static void
setup(void)
{
	(void)strcpy(dir, "/tmp/check_ledger.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/.litefleet-restore", dir);
}

static void
teardown(void)
{
	ck_assert_int_eq(io_remove_tree(AT_FDCWD, dir, &e), 0);
}

static struct ledger *
try_open(bool resume)
{
	struct ledger_cfg cfg = { .path = path, .asked = words, .nasked = 2,
	    .store = store, .resume = resume, .now_ms = 1795170600123 };

	e.cls = ERR_NONE;
	e.msg[0] = '\0';
	return (ledger_open(&cfg, &e));
}

static struct ledger *
must_open(bool resume)
{
	struct ledger *l = try_open(resume);

	ck_assert_msg(l != NULL, "%s", e.msg);
	return (l);
}

static void
add(struct ledger *l, const char *key, int64_t ms)
{
	ck_assert_msg(ledger_add(l, key, ms, 4096, content, &e) == 0, "%s",
	    e.msg);
}

static void
load(struct buf *b)
{
	buf_reset(b);
	ck_assert_msg(io_read_file(AT_FDCWD, path, 1 << 20, b, &e) == 0, "%s",
	    e.msg);
}

static void
save(const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_eq(io_write(fd, text, strlen(text), path, &e), 0);
	(void)close(fd);
}

START_TEST(what_is_finished_is_known_the_next_time)
{
	struct ledger *l = must_open(false);
	struct stat st;

	ck_assert(!ledger_resumed(l));
	ck_assert(!ledger_has(l, "a", 5));
	add(l, "a", 5);
	add(l, "b\t\n\\c", 6);
	ck_assert(ledger_has(l, "a", 5));
	ledger_close(l);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);

	l = must_open(true);
	ck_assert(ledger_resumed(l));
	ck_assert_int_eq(ledger_began_ms(l), 1795170600123);
	ck_assert_uint_eq(ledger_count(l), 2);
	ck_assert_int_eq(ledger_youngest_ms(l), 6);
	ck_assert(ledger_has(l, "a", 5));
	ck_assert(ledger_has(l, "b\t\n\\c", 6));
	ck_assert(!ledger_has(l, "a", 6));
	ck_assert(!ledger_has(l, "b", 5));
	ck_assert_int_eq(ledger_finish(l, &e), 0);
	ledger_close(l);
	ck_assert_int_eq(access(path, F_OK), -1);
}
END_TEST

START_TEST(the_file_is_as_the_header_says)
{
	struct ledger *l = must_open(true);
	struct buf b = { 0 };

	ck_assert(!ledger_resumed(l));
	add(l, "k\\", 1795170600123);
	ledger_close(l);
	load(&b);
	ck_assert_str_eq(buf_str(&b), HEAD "s3://b/p\ta\\tb/**\\n\n"
	    "k\\\\\t20261120T103000.123Z\t4096\t" HASH "\n");
	buf_fini(&b);
}
END_TEST

START_TEST(with_any_version_a_key_is_over)
{
	struct ledger_cfg cfg = { .path = path, .asked = words, .nasked = 2,
	    .store = store, .any_version = true, .now_ms = 1 };
	struct ledger *l = ledger_open(&cfg, &e);

	ck_assert(l != NULL);
	add(l, "a", 5);
	ck_assert(ledger_has(l, "a", 6));
	ck_assert(!ledger_has(l, "b", 5));
	ledger_close(l);
	cfg.resume = true;
	ck_assert((l = ledger_open(&cfg, &e)) != NULL);
	ck_assert(ledger_has(l, "a", 7));
	ledger_close(l);
}
END_TEST

START_TEST(it_is_whole_once_nothing_is_missing)
{
	struct ledger *l = must_open(false);
	struct buf b = { 0 };

	add(l, "a", 1795170600123);
	ck_assert(!ledger_is_whole(l, 0));
	ck_assert(!ledger_is_whole(l, UINT64_MAX));
	ck_assert_int_eq(ledger_expect(l, 2, &e), 0);
	ck_assert(!ledger_is_whole(l, 0));
	ck_assert(ledger_is_whole(l, 1));
	ledger_close(l);
	load(&b);
	ck_assert_str_eq(buf_str(&b), HEAD "s3://b/p\ta\\tb/**\\n\n"
	    "a\t20261120T103000.123Z\t4096\t" HASH "\n\t2\n");
	l = must_open(true);
	ck_assert_uint_eq(ledger_count(l), 1);
	ck_assert(!ledger_is_whole(l, 0));
	add(l, "b", 1);
	ck_assert(ledger_is_whole(l, 0));
	ledger_close(l);
	l = must_open(true);
	ck_assert(ledger_is_whole(l, 0));
	ck_assert_int_eq(ledger_expect(l, 3, &e), 0);
	ledger_close(l);
	l = must_open(true);
	ck_assert(!ledger_is_whole(l, 0));
	ledger_close(l);
	buf_fini(&b);
}
END_TEST

START_TEST(what_was_found_later_than_it_began_is_known_the_next_time)
{
	struct ledger *l = must_open(false);
	struct buf b = { 0 };

	ck_assert(!ledger_is_listed(l));
	ck_assert_int_eq(ledger_reach(l, 1795170600123, &e), 0);
	ck_assert_int_eq(ledger_youngest_ms(l), 0);
	ck_assert_int_eq(ledger_reach(l, 1795170600125, &e), 0);
	ck_assert_int_eq(ledger_reach(l, 1795170600124, &e), 0);
	add(l, "a", 1795170600127);
	ck_assert_int_eq(ledger_reach(l, 1795170600126, &e), 0);
	ck_assert_int_eq(ledger_reach(l, 1795170600128, &e), 0);
	ledger_close(l);
	load(&b);
	ck_assert_str_eq(buf_str(&b), HEAD "s3://b/p\ta\\tb/**\\n\n"
	    "\t\t20261120T103000.125Z\n"
	    "a\t20261120T103000.127Z\t4096\t" HASH "\n"
	    "\t\t20261120T103000.128Z\n");
	l = must_open(true);
	ck_assert_int_eq(ledger_youngest_ms(l), 1795170600128);
	ck_assert_uint_eq(ledger_count(l), 1);
	ck_assert(!ledger_is_listed(l));
	ck_assert_int_eq(ledger_expect(l, 1, &e), 0);
	ledger_close(l);
	l = must_open(true);
	ck_assert(ledger_is_listed(l));
	ck_assert(ledger_is_whole(l, 0));
	ledger_close(l);
	buf_fini(&b);
}
END_TEST

START_TEST(its_words_may_go_on_if_that_is_allowed)
{
	struct ledger_cfg cfg = { .path = path, .asked = words, .nasked = 1,
	    .store = store, .resume = true };
	struct ledger *l;

	ledger_close(must_open(false));
	ck_assert_ptr_null(ledger_open(&cfg, &e));
	ck_assert_int_eq(e.cls, ERR_USAGE);
	cfg.more = true;
	ck_assert((l = ledger_open(&cfg, &e)) != NULL);
	ck_assert(ledger_resumed(l));
	ledger_close(l);
	cfg.asked = words + 1;
	ck_assert_ptr_null(ledger_open(&cfg, &e));
}
END_TEST

START_TEST(what_is_settled_is_not_written)
{
	struct ledger *l = must_open(false);

	ledger_settle(l, "a", 5);
	ck_assert(ledger_has(l, "a", 5));
	ck_assert_uint_eq(ledger_count(l), 0);
	ledger_close(l);
	l = must_open(true);
	ck_assert(!ledger_has(l, "a", 5));
	ledger_close(l);
}
END_TEST

START_TEST(many_are_told_apart)
{
	struct ledger *l = must_open(false);
	char key[32];
	int i;

	for (i = 0; i < 100000; i++) {
		(void)snprintf(key, sizeof(key), "k%d", i);
		ledger_settle(l, key, i % 3);
	}
	for (i = 0; i < 100000; i++) {
		(void)snprintf(key, sizeof(key), "k%d", i);
		ck_assert(ledger_has(l, key, i % 3));
		ck_assert(!ledger_has(l, key, i % 3 + 1));
	}
	ledger_close(l);
}
END_TEST

START_TEST(one_that_is_there_needs_resume)
{
	ledger_close(must_open(false));
	ck_assert_ptr_null(try_open(false));
	ck_assert_int_eq(e.cls, ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(e.msg, "--resume"));
	ledger_close(must_open(true));
}
END_TEST

START_TEST(two_restores_do_not_share_one)
{
	struct ledger *l = must_open(false);

	ck_assert_ptr_null(try_open(true));
	ck_assert_int_eq(e.cls, ERR_BUSY);
	ledger_close(l);
	ledger_close(must_open(true));
}
END_TEST

static const char *const others[] = {
	HEAD "s3://b/p\n",
	HEAD "s3://b/p\ta\\tb/**\\n\tmore\n",
	HEAD "s3://b/q\ta\\tb/**\\n\n",
	HEAD "\n",
	("litefleet-restore\t1\t00000000000000070000000000000009\t"
	    "20261120T103000.123Z\ts3://b/p\ta\\tb/**\\n\n"),
};

START_TEST(another_commands_is_refused_and_stays)
{
	struct buf b = { 0 };

	save(others[_i]);
	ck_assert_ptr_null(try_open(true));
	ck_assert_int_eq(e.cls, ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(e.msg, "another"));
	load(&b);
	ck_assert_str_eq(buf_str(&b), others[_i]);
	buf_fini(&b);
}
END_TEST

#define OURS	HEAD "s3://b/p\ta\\tb/**\\n\n"
#define GOOD	"k\t20261120T103000.123Z\t4096\t" HASH

static const char *const damaged[] = {
	"precious text\n",
	"precious text",
	"\n",
	"litefleet-restore\n",
	"litefleet-restore\t2\tx\n",
	"litefleet-restore\t1\t07\t20261120T103000.123Z\ts3://b/p\n",
	"litefleet-restore\t1\t" HASH "\tyesterday\ts3://b/p\n",
	OURS "k\n",
	OURS "\t-1\n",
	OURS "\t1\tmore\n",
	OURS "\t\tyesterday\n",
	OURS "\t\t20261120T103000.123Z\tmore\n",
	OURS "\t\t\n",
	OURS "k\t1\n",
	OURS "\n" GOOD "\n",
	OURS GOOD "\tmore\n",
	OURS "\t20261120T103000.123Z\t4096\t" HASH "\n",
	OURS "k\t20261120T103000.123Z\t-1\t" HASH "\n",
	OURS "k\t20261120T103000.123Z\t4096\t00\n",
	OURS "k\\x\t20261120T103000.123Z\t4096\t" HASH "\n",
};

START_TEST(what_is_none_is_refused_and_stays)
{
	struct buf b = { 0 };

	save(damaged[_i]);
	ck_assert_ptr_null(try_open(true));
	ck_assert_int_eq(e.cls, ERR_STATE);
	ck_assert_ptr_nonnull(strstr(e.msg, path));
	load(&b);
	ck_assert_str_eq(buf_str(&b), damaged[_i]);
	buf_fini(&b);
}
END_TEST

START_TEST(a_torn_last_line_is_cut_off_wherever_it_was_torn)
{
	struct buf whole = { 0 }, b = { 0 };
	struct ledger *l;
	size_t i;
	char *part;

	buf_puts(&whole, OURS GOOD "\n");
	for (i = 0; i < whole.len; i++) {
		part = strndup(buf_str(&whole), i);
		save(part);
		l = must_open(true);
		ck_assert_int_eq(ledger_resumed(l), i >= strlen(OURS));
		ck_assert_uint_eq(ledger_count(l), 0);
		add(l, "k", 1795170600123);
		ledger_close(l);
		load(&b);
		ck_assert_str_eq(buf_str(&b), buf_str(&whole));
		free(part);
	}
	buf_fini(&whole);
	buf_fini(&b);
}
END_TEST

START_TEST(what_a_power_failure_left_zeros_of_is_cut_off)
{
	struct buf whole = { 0 }, b = { 0 };
	struct ledger *l;
	size_t i, n, len, head = strlen(OURS);
	FILE *f;

	buf_puts(&whole, OURS GOOD "\n" GOOD "\n");
	len = whole.len;
	/* All, or some bytes from the second line on. */
	for (i = 0; i < len; i = i == 0 ? head : i + 1) {
		n = i == 0 || i % 2 == 0 ? len - i : 1;
		buf_reset(&b);
		buf_put(&b, whole.data, len);
		memset(b.data + i, '\0', n);
		ck_assert_ptr_nonnull(f = fopen(path, "w"));
		ck_assert_uint_eq(fwrite(b.data, 1, len, f), len);
		ck_assert_int_eq(fclose(f), 0);
		l = must_open(true);
		ck_assert_int_eq(ledger_resumed(l), i > 0);
		ck_assert_uint_eq(ledger_count(l),
		    i >= head + strlen(GOOD "\n"));
		add(l, "k", 1795170600123);
		ledger_close(l);
		l = must_open(true);
		ck_assert(ledger_has(l, "k", 1795170600123));
		ledger_close(l);
	}
	buf_fini(&whole);
	buf_fini(&b);
}
END_TEST

START_TEST(a_line_that_does_not_fit_leaves_nothing_behind)
{
	struct ledger *l = must_open(false);
	struct buf before = { 0 }, after = { 0 };
	struct rlimit lim;

	add(l, "a", 5);
	load(&before);
	(void)signal(SIGXFSZ, SIG_IGN);
	lim.rlim_cur = lim.rlim_max = before.len + 10;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &lim), 0);
	ck_assert_int_eq(ledger_add(l, "b", 5, 1, content, &e), -1);
	ck_assert(ledger_has(l, "b", 5));
	load(&after);
	ck_assert_str_eq(buf_str(&after), buf_str(&before));
	ledger_close(l);
	buf_fini(&before);
	buf_fini(&after);
}
END_TEST

START_TEST(a_link_or_a_directory_in_its_place_is_refused)
{
	char *other;

	ck_assert_int_ne(asprintf(&other, "%s/elsewhere", dir), -1);
	ck_assert_int_eq(symlink(other, path), 0);
	ck_assert_ptr_null(try_open(true));
	ck_assert_int_eq(e.cls, ERR_STATE);
	ck_assert_ptr_nonnull(strstr(e.msg, "move it away"));
	ck_assert_int_eq(access(other, F_OK), -1);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_ptr_null(try_open(true));
	ck_assert_int_eq(e.cls, ERR_STATE);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_ptr_null(try_open(true));
	ck_assert_int_eq(e.cls, ERR_STATE);
	ck_assert_ptr_nonnull(strstr(e.msg, "move it away"));
	free(other);
}
END_TEST

START_TEST(where_none_can_be_made_it_says_so)
{
	(void)snprintf(path, sizeof(path), "%s/missing/x", dir);
	ck_assert_ptr_null(try_open(false));
	ck_assert_ptr_nonnull(strstr(e.msg, path));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("ledger");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, what_is_finished_is_known_the_next_time);
	tcase_add_test(tc, the_file_is_as_the_header_says);
	tcase_add_test(tc, with_any_version_a_key_is_over);
	tcase_add_test(tc, it_is_whole_once_nothing_is_missing);
	tcase_add_test(tc,
	    what_was_found_later_than_it_began_is_known_the_next_time);
	tcase_add_test(tc, its_words_may_go_on_if_that_is_allowed);
	tcase_add_test(tc, what_is_settled_is_not_written);
	tcase_add_test(tc, many_are_told_apart);
	tcase_add_test(tc, one_that_is_there_needs_resume);
	tcase_add_test(tc, two_restores_do_not_share_one);
	tcase_add_loop_test(tc, another_commands_is_refused_and_stays, 0,
	    LENGTH(others));
	tcase_add_loop_test(tc, what_is_none_is_refused_and_stays, 0,
	    LENGTH(damaged));
	tcase_add_test(tc, a_torn_last_line_is_cut_off_wherever_it_was_torn);
	tcase_add_test(tc, what_a_power_failure_left_zeros_of_is_cut_off);
	tcase_add_test(tc, a_line_that_does_not_fit_leaves_nothing_behind);
	tcase_add_test(tc, a_link_or_a_directory_in_its_place_is_refused);
	tcase_add_test(tc, where_none_can_be_made_it_says_so);
	return (run_suite(tc));
}
