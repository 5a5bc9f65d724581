#include "net/pace.h"

#include "base/clock.h"

enum {
	BURST_MS = 100,		/* what may be saved up */
	GONE_MAX_MS = 3600000,
	RATE_MAX_SHIFT = 40	/* a terabyte a second: no overflow below */
};

void
pace_init(struct pace *p, uint64_t rate)
{
	p->rate = rate < 1ULL << RATE_MAX_SHIFT ? rate :
	    1ULL << RATE_MAX_SHIFT;
	p->have = 0;
	p->at_ms = clock_mono_ms();
}

static void
fill(struct pace *p)
{
	int64_t now = clock_mono_ms(), gone = now - p->at_ms, add, max;

	/* Beyond an hour more would not be kept anyhow, unless overdrawn by
	 * more than that. */
	if (gone > GONE_MAX_MS)
		gone = GONE_MAX_MS;
	add = (int64_t)p->rate * gone / 1000;
	if (add == 0)
		return;		/* slow: the time counts on */
	p->at_ms = now;
	p->have += add;
	max = (int64_t)p->rate * BURST_MS / 1000 + 1;
	if (p->have > max)
		p->have = max;
}

size_t
pace_room(struct pace *p)
{
	if (p->rate == 0)
		return (SIZE_MAX);
	fill(p);
	return (p->have > 0 ? (size_t)p->have : 0);
}

void
pace_take(struct pace *p, size_t n)
{
	if (p->rate > 0)
		p->have -= (int64_t)n;
}

int64_t
pace_wait_ms(struct pace *p)
{
	if (pace_room(p) > 0)
		return (1);
	return ((1 - p->have) * 1000 / (int64_t)p->rate + 1);
}
