/*
 * The line that says how far a run has come: what is in it, at each width, and
 * when it is said.  The terminal is a real one; the clock is the test's.
 */
#include "cmd/progress.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "unit/termbed.h"

static int64_t now_ms;

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	if (id != CLOCK_MONOTONIC)
		return ((int)syscall(SYS_clock_gettime, id, ts));
	ts->tv_sec = now_ms / 1000;
	ts->tv_nsec = now_ms % 1000 * 1000000;
	return (0);
}

static const char *
format(struct progress_line l)
{
	static char out[PROGRESS_LINE_BYTES];

	progress_format(&l, out, sizeof(out));
	return (out);
}

static const struct progress_line sample = { .what = "Restoring",
    .now = { .done = 1264, .total = 1541, .bytes = 1, .errors = 2 },
    .rate = 127000000, .eta_s = 4 * 60 };

static const struct {
	unsigned columns;
	const char *line;
} widths[] = {
	{ 0, "Restoring  82% (1,264/1,541)  127 MB/s  ETA 4m  errors 2" },
	{ 200, "Restoring  [################################--------]  82% "
	    "(1,264/1,541)  127 MB/s  ETA 4m  errors 2" },
	{ 72, "Restoring  [#########---]  82% (1,264/1,541)  127 MB/s  "
	    "ETA 4m  errors 2" },
	{ 64, "Restoring  [###-]  82% (1,264/1,541)  127 MB/s  ETA 4m  "
	    "errors 2" },
	{ 63, "Restoring  [##########---]  82% (1,264/1,541)  127 MB/s  "
	    "ETA 4m" },
	{ 53, "Restoring  [#########--]  82% (1,264/1,541)  127 MB/s" },
	{ 45, "Restoring  [##########---]  82% (1,264/1,541)" },
	{ 36, "Restoring  [###-]  82% (1,264/1,541)" },
	{ 35, "Restoring  [#############----]  82%" },
	{ 22, "Restoring  [###-]  82%" },
	{ 21, "Restoring  82%" },
	{ 20, "Restoring  82%" },
	{ 13, "Restoring" },
	{ 4, "Rest" },
};

START_TEST(each_width_has_its_line)
{
	struct progress_line l = sample;

	l.columns = widths[_i].columns;
	ck_assert_str_eq(format(l), widths[_i].line);
}
END_TEST

START_TEST(no_line_is_too_wide)
{
	static const uint64_t numbers[] = { 0, 1, 999, 1000, 1541, 1000000,
	    UINT64_MAX / 2, UINT64_MAX };
	enum {
		N = sizeof(numbers) / sizeof(numbers[0])
	};
	struct progress_line l = sample;
	const char *s;

	for (l.columns = 1; l.columns <= 200; l.columns++)
		for (size_t i = 0; i < N * N * 4; i++) {
			l.now.done = numbers[i % N];
			l.now.total = numbers[i / N % N];
			l.now.more = i / N / N % 2;
			l.eta_s = i / N / N / 2 ? -1 : (int64_t)(i * i * i);
			l.now.errors = numbers[(i + 3) % N];
			l.rate = numbers[(i + 5) % N];
			s = format(l);
			ck_assert_uint_le(strlen(s), l.columns);
			if (strstr(s, "100%") != NULL)
				ck_assert(l.now.done >= l.now.total &&
				    !l.now.more);
			while (*s >= ' ' && *s <= '~')
				s++;
			ck_assert_int_eq(*s, '\0');
		}
}
END_TEST

static const struct {
	struct progress_now now;
	const char *line;
} counts[] = {
	{ { 0, 0, true, 0, 0 }, "Restoring  0 databases" },
	{ { 1, 0, true, 0, 0 }, "Restoring  1 database" },
	{ { 1264, 0, false, 0, 0 }, "Restoring  1,264 databases" },
	{ { 0, 7, false, 0, 0 }, "Restoring  0% (0/7)" },
	{ { 7, 7, false, 0, 0 }, "Restoring  100% (7/7)" },
	{ { 7, 7, true, 0, 0 }, "Restoring  99% (7/7+)" },
	{ { 999, 1000, false, 0, 0 }, "Restoring  99% (999/1,000)" },
	{ { 999999, 1000000, false, 0, 0 },
	    "Restoring  99% (999,999/1,000,000)" },
	{ { 10, 1000000, true, 0, 0 }, "Restoring  0% (10/1,000,000+)" },
	{ { 8, 7, false, 0, 0 }, "Restoring  100% (8/7)" },
	{ { UINT64_MAX - 1, UINT64_MAX, false, 0, 12345 },
	    "Restoring  99% (18,446,744,073,709,551,614/"
	    "18,446,744,073,709,551,615)  errors 12,345" },
};

START_TEST(counts_have_thousands_and_percents_do_not_boast)
{
	struct progress_line l = { .what = "Restoring", .eta_s = -1 };

	l.now = counts[_i].now;
	ck_assert_str_eq(format(l), counts[_i].line);
}
END_TEST

START_TEST(a_bar_is_full_at_the_end_only)
{
	struct progress_line l = { .what = "x", .eta_s = -1, .columns = 40 };

	l.now = (struct progress_now){ .done = 99, .total = 100 };
	ck_assert_str_eq(format(l), "x  [####################-]  99% (99/100)");
	l.now.done = 100;
	ck_assert_str_eq(format(l), "x  [###################]  100% (100/100)");
	l.now.more = true;
	ck_assert_ptr_nonnull(strstr(format(l), "#-]"));
	l.now = (struct progress_now){ .total = 0 };
	ck_assert_str_eq(format(l), "x  0 databases");
}
END_TEST

static const struct {
	uint64_t rate;
	const char *text;
} rates[] = {
	{ 0, "0 B/s" }, { 999, "999 B/s" }, { 1000, "1.0 kB/s" },
	{ 9949, "9.9 kB/s" }, { 9950, "10 kB/s" }, { 127400000, "127 MB/s" },
	{ 999499, "999 kB/s" }, { 999500, "1.0 MB/s" },
	{ 3400000000, "3.4 GB/s" }, { UINT64_MAX, "18 EB/s" },
};

START_TEST(rates_have_three_figures_at_most)
{
	struct progress_line l = { .what = "x", .eta_s = -1,
	    .now = { .bytes = 1 }, .rate = rates[_i].rate };
	char want[64];

	(void)snprintf(want, sizeof(want), "x  0 databases  %s",
	    rates[_i].text);
	ck_assert_str_eq(format(l), want);
}
END_TEST

static const struct {
	int64_t s;
	const char *text;
} etas[] = {
	{ 0, "0s" }, { 12, "12s" }, { 59, "59s" }, { 60, "1m" }, { 89, "1m" },
	{ 90, "2m" }, { 240, "4m" }, { 3569, "59m" }, { 3570, "1h00m" },
	{ 7800, "2h10m" }, { 86369, "23h59m" }, { 86370, "1d0h" },
	{ 273600, "3d4h" }, { 1000000000, "11574d1h" },
};

START_TEST(etas_have_two_figures)
{
	struct progress_line l = { .what = "x", .eta_s = etas[_i].s };
	char want[64];

	(void)snprintf(want, sizeof(want), "x  0 databases  ETA %s",
	    etas[_i].text);
	ck_assert_str_eq(format(l), want);
}
END_TEST

/* Standard error: a pipe, or a terminal of 80 columns. */
static void
no_terminal(void)
{
	int fd[2];

	ck_assert_int_eq(pipe(fd), 0);
	ck_assert_int_ne(dup2(fd[1], STDERR_FILENO), -1);
	(void)close(fd[1]);
	master = fd[0];
}

START_TEST(a_line_every_ten_seconds_where_there_is_no_terminal)
{
	struct progress_now now = { .total = 1000 };
	struct progress *p;

	no_terminal();
	p = progress_new("Backing up", PROGRESS_ALWAYS);
	ck_assert(progress_wanted(p));
	for (int i = 0; i <= 200; i++, now_ms += 100) {
		now.done = (uint64_t)i;
		now.bytes = 1000 * now.done;
		progress_tick(p, &now);
	}
	progress_free(p);
	/* Ten a second, so 90 and 80 seconds are left. */
	ck_assert_str_eq(written(),
	    "Backing up  10% (100/1,000)  10 kB/s  ETA 2m\n"
	    "Backing up  20% (200/1,000)  10 kB/s  ETA 1m\n");
}
END_TEST

START_TEST(a_line_is_an_object_where_the_log_is_of_objects)
{
	struct progress_now now = { .done = 1, .total = 2 };
	struct progress *p;

	if (_i == 0)
		no_terminal();
	else
		terminal();
	log_setup(LOG_LVL_INFO, true);
	p = progress_new("Backing up", PROGRESS_ALWAYS);
	progress_tick(p, &now);
	ck_assert_str_eq(written(), "");
	now_ms += PROGRESS_LINE_MS;
	progress_tick(p, &now);
	progress_free(p);
	ck_assert_ptr_nonnull(strstr(written(),
	    "\"message\":\"Backing up  50% (1/2)\"}\n"));
}
END_TEST

static const struct {
	bool tty, json;
	const char *term;
	enum log_level level;
	enum progress_when when;
	bool wanted;
} modes[] = {
	{ true, false, "xterm", LOG_LVL_INFO, PROGRESS_AUTO, true },
	{ true, false, "xterm", LOG_LVL_TRACE, PROGRESS_AUTO, true },
	{ true, false, "xterm", LOG_LVL_INFO, PROGRESS_NEVER, false },
	{ true, false, "xterm", LOG_LVL_WARN, PROGRESS_AUTO, false },
	{ true, false, "xterm", LOG_LVL_WARN, PROGRESS_ALWAYS, true },
	{ true, false, "dumb", LOG_LVL_INFO, PROGRESS_AUTO, false },
	{ true, false, "", LOG_LVL_INFO, PROGRESS_AUTO, false },
	{ true, false, "dumb", LOG_LVL_INFO, PROGRESS_ALWAYS, true },
	{ true, true, "xterm", LOG_LVL_INFO, PROGRESS_AUTO, false },
	{ true, true, "xterm", LOG_LVL_INFO, PROGRESS_ALWAYS, true },
	{ false, false, "xterm", LOG_LVL_INFO, PROGRESS_AUTO, false },
	{ false, false, "xterm", LOG_LVL_INFO, PROGRESS_ALWAYS, true },
	{ false, false, "xterm", LOG_LVL_WARN, PROGRESS_ALWAYS, false },
	{ false, false, "xterm", LOG_LVL_INFO, PROGRESS_NEVER, false },
};

START_TEST(who_wants_it_gets_it)
{
	struct progress_now now = { .done = 1, .total = 2 };
	struct progress *p;
	bool bar;

	if (modes[_i].tty)
		terminal();
	else
		no_terminal();
	ck_assert_int_eq(setenv("TERM", modes[_i].term, 1), 0);
	log_setup(modes[_i].level, modes[_i].json);
	p = progress_new("Backing up", modes[_i].when);
	ck_assert_int_eq(progress_wanted(p), modes[_i].wanted);
	progress_tick(p, &now);
	bar = modes[_i].wanted && modes[_i].tty && !modes[_i].json &&
	    strcmp(modes[_i].term, "xterm") == 0;
	ck_assert_int_eq(*written() != '\0', bar);
	progress_free(p);
	ck_assert_str_eq(written(), bar ? "\r\033[K" : "");
}
END_TEST

/* The bar after ms, in which n databases of 1,000,000 bytes were done. */
static const char *
after(struct progress *p, struct progress_now *now, int64_t ms, uint64_t n)
{
	const char *s;

	for (int i = 0; i < 100; i++) {
		now_ms += ms / 100;
		now->done += n / 100;
		now->bytes = now->done * 1000000;
		progress_tick(p, now);
	}
	(void)written();
	progress_tick(p, now);
	s = written();
	ck_assert_int_eq(strncmp(s, "\r\033[K", 4), 0);
	s = strchr(s, ']');
	ck_assert_ptr_nonnull(s);
	return (s + 1);
}

START_TEST(rates_are_of_the_last_ten_seconds)
{
	struct progress_now now = { .total = 10000 };
	struct progress *p;

	terminal();
	p = progress_new("x", PROGRESS_AUTO);
	progress_tick(p, &now);
	/* Too early to say when it will end. */
	ck_assert_str_eq(after(p, &now, 1000, 100),
	    "  1% (100/10,000)  100 MB/s");
	ck_assert_str_eq(after(p, &now, 1000, 100),
	    "  2% (200/10,000)  100 MB/s  ETA 2m");
	/* Nothing of this counts ten seconds later. */
	ck_assert_str_eq(after(p, &now, 20000, 0),
	    "  2% (200/10,000)  0 B/s");
	now.more = true;
	ck_assert_str_eq(after(p, &now, 20000, 2000),
	    "  22% (2,200/10,000+)  100 MB/s");
	now.more = false;
	ck_assert_str_eq(after(p, &now, 20000, 4000),
	    "  62% (6,200/10,000)  200 MB/s  ETA 19s");
	/* Nobody looked for a while: what was then says nothing. */
	now_ms += 60000;
	now.done += 100;
	progress_tick(p, &now);
	ck_assert_ptr_null(strstr(written(), "ETA"));
	/* A worker died, and its counts begin again. */
	now.done = 3000;
	now.bytes = 0;
	progress_tick(p, &now);
	ck_assert_ptr_null(strstr(written(), "ETA"));
	progress_free(p);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("progress");
	TCase *tc = tcase_create("progress");
	SRunner *sr;
	int failed;

#define LOOP(name, table)	tcase_add_loop_test(tc, name, 0,	\
	sizeof(table) / sizeof((table)[0]))
	LOOP(each_width_has_its_line, widths);
	tcase_add_test(tc, no_line_is_too_wide);
	LOOP(counts_have_thousands_and_percents_do_not_boast, counts);
	tcase_add_test(tc, a_bar_is_full_at_the_end_only);
	LOOP(rates_have_three_figures_at_most, rates);
	LOOP(etas_have_two_figures, etas);
	tcase_add_test(tc,
	    a_line_every_ten_seconds_where_there_is_no_terminal);
	tcase_add_loop_test(tc,
	    a_line_is_an_object_where_the_log_is_of_objects, 0, 2);
	LOOP(who_wants_it_gets_it, modes);
	tcase_add_test(tc, rates_are_of_the_last_ten_seconds);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return (failed == 0 ? 0 : 1);
}
