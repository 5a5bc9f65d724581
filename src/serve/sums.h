/*
 * sums -- what is worked out from figures, wherever it is shown.
 */
#ifndef SERVE_SUMS_H
#define SERVE_SUMS_H

#include <stdint.h>

#include "serve/face.h"
#include "serve/figures.h"

/* How many requests there were; how many of those are charged. */
uint64_t sums_requests(const struct face_view *v,
    const struct figures_now *now);
uint64_t sums_charged(const struct face_view *v,
    const struct figures_now *now);

/* What 30 days cost if they go on as since the start, of which at least an
 * hour is counted. */
double sums_month_usd(const struct face_view *v,
    const struct figures_now *now);

/* The age of the oldest change that is not stored; 0: there is none. */
int64_t sums_unsaved_ms(const struct face_view *v,
    const struct figures_now *now);

/* A bound in seconds that "share" (0 to 1) of what was observed did not pass;
 * -1: nothing was; INFINITY: it is above the last. */
double sums_bound(const struct figures_histogram *h, double share);

#endif
