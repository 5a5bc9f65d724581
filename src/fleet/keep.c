#include "fleet/keep.h"

#include <assert.h>
#include <time.h>

#define HOUR_MS	(INT64_C(60) * 60 * 1000)
#define DAY_MS	(24 * HOUR_MS)

/* Numbers that are equal within one hour, day, week or month, and no other. */
static int64_t
hour_of(int64_t ms)
{
	return (ms / HOUR_MS);
}

static int64_t
day_of(int64_t ms)
{
	return (ms / DAY_MS);
}

static int64_t
week_of(int64_t ms)
{
	/* 1970 began on a Thursday, the fourth day of a week. */
	return ((day_of(ms) + 3) / 7);
}

static int64_t
month_of(int64_t ms)
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;

	(void)gmtime_r(&t, &tm);
	return (tm.tm_year * INT64_C(12) + tm.tm_mon);
}

/* Keep the newest of each of the last "count" spans that have versions. */
static void
keep_spans(int64_t (*span_of)(int64_t), uint64_t count, enum keep_why mark,
    const int64_t *ms, size_t n, uint8_t *why)
{
	int64_t span, last = -1;

	for (; n > 0 && count > 0; n--)
		if ((span = span_of(ms[n - 1])) != last) {
			why[n - 1] |= (uint8_t)mark;
			last = span;
			count--;
		}
}

static void
keep_since(int64_t since_ms, enum keep_why mark, const int64_t *ms, size_t n,
    uint8_t *why)
{
	for (; n > 0 && ms[n - 1] >= since_ms; n--)
		why[n - 1] |= (uint8_t)mark;
}

/* How many of the versions are not later than that moment. */
static size_t
newest_by(int64_t at_ms, const int64_t *ms, size_t n)
{
	while (n > 0 && ms[n - 1] > at_ms)
		n--;
	return (n);
}

bool
keep_has_rule(const struct keep_rules *r)
{
	return (r->retention_ms > 0 || r->within_ms > 0 || r->last > 0 ||
	    r->hourly > 0 || r->daily > 0 || r->weekly > 0 || r->monthly > 0);
}

void
keep_decide(const struct keep_rules *r, int64_t now_ms, const int64_t *ms,
    size_t n, uint8_t *why)
{
	int64_t newest_ms;
	size_t i;

	if (n == 0)
		return;
	for (i = 0; i < n; i++) {
		assert(i == 0 || ms[i - 1] <= ms[i]);
		why[i] = 0;
	}
	why[n - 1] = KEEP_NEWEST;
	i = newest_by(now_ms, ms, n);
	if (i > 0)
		why[i - 1] = KEEP_NEWEST;
	newest_ms = ms[n - 1] < now_ms ? ms[n - 1] : now_ms;
	if (r->retention_ms > 0)
		keep_since(now_ms - r->retention_ms, KEEP_RETENTION, ms, n,
		    why);
	if (r->within_ms > 0)
		keep_since(newest_ms - r->within_ms, KEEP_WITHIN, ms, n, why);
	for (i = 0; i < n && i < r->last; i++)
		why[n - 1 - i] |= KEEP_LAST;
	keep_spans(hour_of, r->hourly, KEEP_HOURLY, ms, n, why);
	keep_spans(day_of, r->daily, KEEP_DAILY, ms, n, why);
	keep_spans(week_of, r->weekly, KEEP_WEEKLY, ms, n, why);
	keep_spans(month_of, r->monthly, KEEP_MONTHLY, ms, n, why);
}

void
keep_words(uint8_t why, struct buf *b)
{
	static const struct {
		enum keep_why mark;
		const char *word;
	} words[] = {
		{ KEEP_NEWEST, "newest" },
		{ KEEP_RETENTION, "retention" },
		{ KEEP_WITHIN, "within" },
		{ KEEP_LAST, "last" },
		{ KEEP_HOURLY, "hourly" },
		{ KEEP_DAILY, "daily" },
		{ KEEP_WEEKLY, "weekly" },
		{ KEEP_MONTHLY, "monthly" },
	};
	const char *sep = "";
	size_t i;

	if (why == 0)
		buf_puts(b, "none");
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (why & words[i].mark) {
			buf_printf(b, "%s%s", sep, words[i].word);
			sep = ",";
		}
}
