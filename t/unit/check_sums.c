/* What is worked out from figures. */
#include <math.h>

#include "serve/sums.h"
#include "unit/facebed.h"

enum {
	HOUR_MS = 3600 * 1000
};

static const struct {
	int64_t up_ms;
	uint64_t puts;
	double usd;
} costs[] = {
	{ 0, 0, 0 },
	{ 1, 1000, 3.6 },		/* as if it were an hour */
	{ HOUR_MS, 1000, 3.6 },
	{ 2 * HOUR_MS, 1000, 1.8 },
	{ (int64_t)720 * HOUR_MS, 1000, 0.005 },
	{ (int64_t)1440 * HOUR_MS, 1000, 0.0025 },
};

START_TEST(a_month_costs_what_it_cost_so_far)
{
	struct face_view v = { .requests = bed_requests,
	    .nrequests = LENGTH(bed_requests), .put_price_usd = 0.005,
	    .mono = 5000 + costs[_i].up_ms };
	struct figures_now now = { .started_mono = 5000 };

	now.total[TALLY_REQUEST] = costs[_i].puts / 2;
	now.total[TALLY_REQUEST + 1] = 1000 * 1000;	/* not charged */
	now.total[TALLY_REQUEST + 2] = costs[_i].puts / 2;
	ck_assert_uint_eq(sums_charged(&v, &now), costs[_i].puts);
	ck_assert_uint_eq(sums_requests(&v, &now), costs[_i].puts + 1000000);
	ck_assert_double_eq_tol(sums_month_usd(&v, &now), costs[_i].usd,
	    1e-9);
}
END_TEST

START_TEST(a_change_that_is_not_stored_has_an_age)
{
	struct face_view v = { .now_ms = 1000 };
	struct figures_now now = { .oldest_ms = 0 };

	ck_assert_int_eq(sums_unsaved_ms(&v, &now), 0);
	now.oldest_ms = 400;
	ck_assert_int_eq(sums_unsaved_ms(&v, &now), 600);
	/* The clock was set back: it is not safe for that. */
	now.oldest_ms = 5000;
	ck_assert_int_gt(sums_unsaved_ms(&v, &now), 0);
}
END_TEST

START_TEST(a_bound_holds_for_its_share)
{
	struct figures_histogram h = { .sum_ms = 0 };

	ck_assert_double_eq(sums_bound(&h, 0.95), -1);
	h.bucket[2] = 95;
	h.bucket[4] = 5;
	ck_assert_double_eq(sums_bound(&h, 0.95), figures_bounds[2]);
	h.bucket[4] = 6;
	ck_assert_double_eq(sums_bound(&h, 0.95), figures_bounds[4]);
	h.bucket[FIGURES_BUCKETS - 1] = 50;
	ck_assert(isinf(sums_bound(&h, 0.95)));
	ck_assert_double_eq(sums_bound(&h, 0.5), figures_bounds[2]);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("sums");

	tcase_add_loop_test(tc, a_month_costs_what_it_cost_so_far, 0,
	    LENGTH(costs));
	tcase_add_test(tc, a_change_that_is_not_stored_has_an_age);
	tcase_add_test(tc, a_bound_holds_for_its_share);
	return (run_suite(tc));
}
