/*
 * What a service shows of itself: what is written is what is read, also by
 * another process while it is being written.
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "serve/figures.h"
#include "unit/scribble.h"
#include "unit/suite.h"

static struct figures *
fresh(size_t max_series)
{
	struct figures *f;
	struct err e;

	f = figures_new(NULL, 1000, max_series, &e);
	ck_assert_msg(f != NULL, "%s", e.msg);
	return (f);
}

static void
end_cycle(struct figures *f, uint64_t n, bool complete, const char *why)
{
	uint64_t count[TALLY_NCOUNT];
	struct figures_cycle c = { .count = count, .took_ms = (int64_t)n,
	    .scan_ms = 2, .complete = complete, .why = why };
	size_t i;

	for (i = 0; i < TALLY_NCOUNT; i++)
		count[i] = n;
	figures_begin(f);
	figures_end(f, &c);
}

START_TEST(cycles_add_up)
{
	struct figures *f = fresh(10);
	struct figures_upload u = { .bytes = 7 };
	struct figures_now now;

	figures_read(f, &now);
	ck_assert_int_eq(now.ended_ms, 0);
	ck_assert(!now.running);
	figures_begin(f);
	figures_read(f, &now);
	ck_assert(now.running);
	figures_upload(f, &u);
	figures_read(f, &now);
	ck_assert_uint_eq(now.total[TALLY_SYNCED], 1);
	ck_assert_uint_eq(now.total[TALLY_BYTES_STORED], 7);
	end_cycle(f, 5, true, NULL);
	end_cycle(f, 3, true, NULL);
	figures_read(f, &now);
	ck_assert(!now.running);
	ck_assert_uint_eq(now.ncycles, 2);
	ck_assert_uint_eq(now.nbad, 2);
	ck_assert_uint_eq(now.last[TALLY_LOOKED], 3);
	ck_assert_uint_eq(now.total[TALLY_LOOKED], 8);
	/* These are counted as they come, not at a cycle's end. */
	ck_assert_uint_eq(now.total[TALLY_SYNCED], 1);
	ck_assert_int_gt(now.complete_ms, 0);
	figures_free(f);
}
END_TEST

START_TEST(a_cycle_that_did_not_begin_knows_of_no_database)
{
	static const uint64_t none[TALLY_NCOUNT];
	const struct figures_failure failure = { .path = "/a.db" };
	uint64_t count[TALLY_NCOUNT] = { [TALLY_LOOKED] = 4,
	    [TALLY_FAILED] = 1 };
	struct figures_cycle c = { .count = count, .nfaults = 2,
	    .complete = true, .failures = &failure, .nfailures = 1 };
	struct figures_failure got;
	struct figures *f = fresh(0);
	struct figures_now now;

	figures_begin(f);
	figures_end(f, &c);
	c = (struct figures_cycle){ .count = none, .aborted = true,
	    .why = "away" };
	figures_begin(f);
	figures_end(f, &c);
	figures_read(f, &now);
	ck_assert_uint_eq(now.ncycles, 2);
	ck_assert_uint_eq(now.nbad, 2);
	ck_assert_str_eq(now.why, "away");
	ck_assert_uint_eq(now.last[TALLY_LOOKED], 4);
	ck_assert_uint_eq(now.last[TALLY_FAILED], 1);
	ck_assert_uint_eq(now.last_nfaults, 2);
	ck_assert_uint_eq(figures_failures(f, &got, 1), 1);
	ck_assert_str_eq(got.path, "/a.db");
	figures_free(f);
}
END_TEST

/* oldest_ms after a cycle that says "ms". */
static int64_t
oldest_after(struct figures *f, int64_t ms, bool complete)
{
	static const uint64_t count[TALLY_NCOUNT];
	struct figures_cycle c = { .count = count, .oldest_ms = ms,
	    .complete = complete, .why = complete ? NULL : "down" };
	struct figures_now now;

	figures_begin(f);
	figures_end(f, &c);
	figures_read(f, &now);
	return (now.oldest_ms);
}

START_TEST(a_cycle_that_did_not_look_makes_nothing_safe)
{
	struct figures *f = fresh(0);

	ck_assert_int_eq(oldest_after(f, 0, false), 0);
	ck_assert_int_eq(oldest_after(f, 2000, true), 2000);
	ck_assert_int_eq(oldest_after(f, 0, false), 2000);
	ck_assert_int_eq(oldest_after(f, 3000, false), 2000);
	ck_assert_int_eq(oldest_after(f, 1000, false), 1000);
	ck_assert_int_eq(oldest_after(f, 3000, true), 3000);
	ck_assert_int_eq(oldest_after(f, 0, true), 0);
	figures_free(f);
}
END_TEST

START_TEST(a_histogram_has_its_bounds)
{
	static const int64_t ms[] = { -5, 0, 1, 2, 3, 1000, 1001, 3600000,
	    3600001 };
	struct figures *f = fresh(0);
	const struct figures_histogram *h =
	    figures_histogram(f, FIGURES_UPLOAD);
	struct figures_upload u = { 0 };
	size_t i;

	for (i = 0; i < sizeof(ms) / sizeof(ms[0]); i++) {
		u.took_ms = ms[i];
		figures_upload(f, &u);
	}
	ck_assert_uint_eq(h->bucket[0], 3);
	ck_assert_uint_eq(h->bucket[1], 2);
	ck_assert_uint_eq(h->bucket[6], 1);
	ck_assert_uint_eq(h->bucket[7], 1);
	ck_assert_uint_eq(h->bucket[FIGURES_BUCKETS - 2], 1);
	ck_assert_uint_eq(h->bucket[FIGURES_BUCKETS - 1], 1);
	ck_assert_uint_eq(h->sum_ms, 1 + 2 + 3 + 1000 + 1001 + 3600000 +
	    3600001);
	figures_free(f);
}
END_TEST

static const struct figures_series *
series_of(const struct figures *f, const char *project, const char *database)
{
	const struct figures_series *s;
	size_t i;

	for (i = 0; (s = figures_series(f, i)) != NULL; i++)
		if (strcmp(s->project, project) == 0 &&
		    strcmp(s->database, database) == 0)
			return (s);
	return (NULL);
}

START_TEST(what_has_no_room_is_folded)
{
	struct figures *f = fresh(4);
	struct figures_upload u = { .bytes = 10 };
	char project[8];
	size_t i;

	u.project = project;
	u.database = "d";
	for (i = 0; i < 20; i++) {
		(void)snprintf(project, sizeof(project), "p%zu", i % 10);
		figures_upload(f, &u);
	}
	ck_assert_uint_eq(series_of(f, "p0", "")->uploads, 2);
	ck_assert_uint_eq(series_of(f, "p1", "d")->bytes, 20);
	ck_assert_ptr_null(series_of(f, "p2", ""));
	ck_assert_uint_eq(series_of(f, "other", "")->uploads, 16);
	ck_assert_uint_eq(series_of(f, "other", "other")->uploads, 16);
	ck_assert_ptr_null(figures_series(f, 6));
	u.project = NULL;
	figures_upload(f, &u);
	ck_assert_uint_eq(series_of(f, "other", "")->uploads, 16);
	figures_free(f);
}
END_TEST

START_TEST(long_labels_are_one_row_still)
{
	struct figures *f = fresh(10);
	struct figures_upload u = { .bytes = 1 };
	char text[2 * FIGURES_LABEL_BYTES];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	u.project = text;
	figures_upload(f, &u);
	text[FIGURES_LABEL_BYTES] = 'y';
	figures_upload(f, &u);
	ck_assert_uint_eq(figures_series(f, 0)->uploads, 2);
	ck_assert_ptr_null(figures_series(f, 1));
	figures_free(f);
}
END_TEST

START_TEST(a_minute_is_forgotten_after_an_hour)
{
	struct figures *f = fresh(0);
	struct figures_upload u = { .bytes = 9 };
	uint64_t n, bytes;
	int64_t before, now;

	/* Not over the end of a minute. */
	do {
		before = clock_real_ms();
		figures_upload(f, &u);
		now = clock_real_ms();
	} while (before / 60000 != now / 60000);
	figures_minute(f, now, 0, &n, &bytes);
	ck_assert_uint_ge(n, 1);
	ck_assert_uint_eq(bytes, 9 * n);
	figures_minute(f, now + 60000, 1, &n, &bytes);
	ck_assert_uint_ge(n, 1);
	figures_minute(f, now + 60000, 0, &n, &bytes);
	ck_assert_uint_eq(n, 0);
	figures_minute(f, now + 3600 * 1000, 0, &n, &bytes);
	ck_assert_uint_eq(n, 0);
	figures_minute(f, now + 3600 * 1000, 60, &n, &bytes);
	ck_assert_uint_eq(n, 0);
	figures_free(f);
}
END_TEST

START_TEST(it_is_well_while_cycles_complete)
{
	struct figures *f = fresh(0);
	struct figures_now now;
	int64_t mono = clock_mono_ms();
	char why[512];

	figures_read(f, &now);
	ck_assert(figures_healthy(&now, mono + 2000, why, sizeof(why)));
	ck_assert(!figures_healthy(&now, mono + 4000, why, sizeof(why)));
	ck_assert_ptr_nonnull(strstr(why, "first cycle"));
	end_cycle(f, 0, true, NULL);
	figures_read(f, &now);
	ck_assert(figures_healthy(&now, mono + 2000, why, sizeof(why)));
	ck_assert_str_eq(why, "");
	ck_assert(!figures_healthy(&now, mono + 5000, why, sizeof(why)));
	ck_assert_ptr_nonnull(strstr(why, "no cycle"));
	end_cycle(f, 0, false, "the store is down");
	figures_read(f, &now);
	ck_assert(!figures_healthy(&now, mono, why, sizeof(why)));
	ck_assert_str_eq(why, "the store is down");
	end_cycle(f, 0, true, "not said");
	figures_read(f, &now);
	ck_assert(figures_healthy(&now, mono, why, sizeof(why)));
	figures_free(f);
}
END_TEST

static struct figures_failure written[FIGURES_FAILURES],
    seen[FIGURES_FAILURES];

/* Read as fast as it goes: 0 if all that was read belonged together. */
static int
read_on(const struct figures *f, uint64_t last)
{
	struct figures_now now;
	size_t i, n;

	do {
		figures_read(f, &now);
		for (i = 0; i < TALLY_NCOUNT; i++)
			if (now.last[i] != now.last[0])
				return (1);
		n = figures_failures(f, seen, FIGURES_FAILURES);
		for (i = 0; i < n; i++)
			if (seen[i].since_ms != seen[0].since_ms ||
			    seen[i].tries != n % 256)
				return (2);
	} while (now.last[0] != last);
	return (0);
}

START_TEST(a_reader_sees_what_belongs_together)
{
	enum { CYCLES = 100 * 1000 };
	struct figures *f = fresh(0);
	uint64_t count[TALLY_NCOUNT];
	struct figures_cycle c = { .count = count, .complete = true,
	    .failures = written };
	uint64_t n;
	size_t i;
	pid_t pid[2];
	int status;

	for (i = 0; i < 2; i++)
		if ((pid[i] = fork()) == 0)
			_exit(read_on(f, CYCLES));
	for (n = 1; n <= CYCLES; n++) {
		for (i = 0; i < TALLY_NCOUNT; i++)
			count[i] = n;
		c.nfailures = n % 50;
		for (i = 0; i < c.nfailures; i++) {
			written[i].since_ms = (int64_t)n;
			written[i].tries = (unsigned)(c.nfailures % 256);
		}
		figures_end(f, &c);
	}
	for (i = 0; i < 2; i++) {
		ck_assert_int_eq(waitpid(pid[i], &status, 0), pid[i]);
		ck_assert_int_eq(status, 0);
	}
	figures_free(f);
}
END_TEST

/* The face, or a worker, may have been taken over. */
START_TEST(what_others_write_there_leads_the_writer_nowhere)
{
	struct err e;
	struct figures *f = figures_new(NULL, 1000, 4, &e);
	struct figures_upload u = { .bytes = 1, .took_ms = 1, .lag_ms = 1,
	    .project = "p" };
	struct figures_cycle c = { .complete = true, .nfailures = 3,
	    .failures = written, .count = (uint64_t[TALLY_NCOUNT]){ 0 } };
	char name[32];
	int i;

	ck_assert_ptr_nonnull(f);
	figures_upload(f, &u);
	for (i = 0; i < 100; i++) {
		if (i % 10 == 0)
			scribble(scribbles[_i]);
		(void)snprintf(name, sizeof(name), "d%d", i);
		u.database = name;
		figures_upload(f, &u);
	}
	figures_begin(f);
	figures_end(f, &c);
	figures_free(f);
}
END_TEST

START_TEST(a_worker_has_a_row)
{
	struct err e;
	struct board *b = board_map(2, &e);
	struct figures *f = figures_new(b, 1000, 0, &e);
	uint64_t count[TALLY_NCOUNT];
	enum tally_phase phase;

	ck_assert_ptr_nonnull(f);
	tally_add(&b->slot[1].tally, TALLY_LOOKED, 4);
	tally_take(&b->slot[1].tally, "/x", TALLY_IMAGE);
	ck_assert(figures_worker(f, 1, count, &phase));
	ck_assert_uint_eq(count[TALLY_LOOKED], 4);
	ck_assert_int_eq(phase, TALLY_IMAGE);
	ck_assert(figures_worker(f, 0, count, &phase));
	ck_assert_int_eq(phase, TALLY_IDLE);
	ck_assert(!figures_worker(f, 2, count, &phase));
	board_reset(b);
	ck_assert(figures_worker(f, 1, count, &phase));
	ck_assert_uint_eq(count[TALLY_LOOKED], 0);
	figures_free(f);
	board_unmap(b);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("figures");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, cycles_add_up);
	tcase_add_test(tc, a_cycle_that_did_not_begin_knows_of_no_database);
	tcase_add_test(tc, a_cycle_that_did_not_look_makes_nothing_safe);
	tcase_add_test(tc, a_histogram_has_its_bounds);
	tcase_add_test(tc, what_has_no_room_is_folded);
	tcase_add_test(tc, long_labels_are_one_row_still);
	tcase_add_test(tc, a_minute_is_forgotten_after_an_hour);
	tcase_add_test(tc, it_is_well_while_cycles_complete);
	tcase_add_test(tc, a_reader_sees_what_belongs_together);
	tcase_add_loop_test(tc,
	    what_others_write_there_leads_the_writer_nowhere, 0, 3);
	tcase_add_test(tc, a_worker_has_a_row);
	return (run_suite(tc));
}
