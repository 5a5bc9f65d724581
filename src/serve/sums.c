#include "serve/sums.h"

#include <math.h>

static const int64_t hour_ms = 3600000;
static const int64_t month_ms = (int64_t)30 * 24 * 3600000;
static const double most_usd = 1e15;	/* a senseless price stays a number */

uint64_t
sums_requests(const struct face_view *v, const struct figures_now *now)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < v->nrequests; i++)
		n += now->total[TALLY_REQUEST + i];
	return (n);
}

uint64_t
sums_charged(const struct face_view *v, const struct figures_now *now)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < v->nrequests; i++)
		if (v->requests[i].charged)
			n += now->total[TALLY_REQUEST + i];
	return (n);
}

double
sums_month_usd(const struct face_view *v, const struct figures_now *now)
{
	int64_t up_ms = v->mono - now->started_mono;
	double usd;

	if (up_ms < hour_ms)
		up_ms = hour_ms;
	usd = (double)sums_charged(v, now) * v->put_price_usd / 1000 *
	    (double)month_ms / (double)up_ms;
	return (usd < most_usd ? usd : most_usd);
}

int64_t
sums_unsaved_ms(const struct face_view *v, const struct figures_now *now)
{
	if (now->oldest_ms == 0)
		return (0);
	/* A clock that was set back does not make it safe. */
	return (v->now_ms > now->oldest_ms ? v->now_ms - now->oldest_ms : 1);
}

double
sums_bound(const struct figures_histogram *h, double share)
{
	uint64_t bucket[FIGURES_BUCKETS], all = 0, n = 0;
	size_t i;

	for (i = 0; i < FIGURES_BUCKETS; i++) {
		bucket[i] = atomic_load_explicit(&h->bucket[i],
		    memory_order_relaxed);
		all += bucket[i];
	}
	if (all == 0)
		return (-1);
	for (i = 0; i < FIGURES_BUCKETS - 1; i++)
		if ((double)(n += bucket[i]) >= share * (double)all)
			return (figures_bounds[i]);
	return (INFINITY);
}
