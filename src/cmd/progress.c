#include "cmd/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/term.h"

enum {
	RATE_MS = 10 * 1000,		/* how far back rates look ... */
	NSAMPLES = 20,			/* ... by so many samples */
	ETA_AFTER_MS = 2000,		/* less of a look back says nothing */
	BAR_MIN = 4,
	BAR_MAX = 40,
	PART_BYTES = 64,
	NUMBER_BYTES = 28		/* 18,446,744,073,709,551,615 */
};

struct sample {
	int64_t ms;
	uint64_t done, bytes;
};

struct progress {
	const char *what;
	bool bar, lines;
	bool tty;			/* stdout is a terminal, too */
	int64_t said_ms;		/* when the last line was, or the
					 * beginning */
	struct sample sample[NSAMPLES];	/* a ring */
	size_t nsamples, next;
};

struct progress *
progress_new(const char *what, enum progress_when when)
{
	struct progress *p = mem_zero(sizeof(*p));
	bool able = !log_is_json() && term_able();

	p->what = what;
	p->bar = able && (when == PROGRESS_ALWAYS ||
	    (when == PROGRESS_AUTO && log_wants(LOG_LVL_INFO)));
	p->lines = !able && when == PROGRESS_ALWAYS &&
	    log_wants(LOG_LVL_INFO);
	p->tty = isatty(STDOUT_FILENO);
	p->said_ms = clock_mono_ms();
	if (p->bar)
		term_open();
	return (p);
}

void
progress_free(struct progress *p)
{
	if (p == NULL)
		return;
	if (p->bar)
		term_close();
	free(p);
}

bool
progress_wanted(const struct progress *p)
{
	return (p->bar || p->lines);
}

void
progress_make_way(struct progress *p)
{
	if (p != NULL && p->bar && p->tty)
		term_clear();
}

/* The oldest sample of the last RATE_MS, or NULL; what came before goes. */
static const struct sample *
oldest(struct progress *p, int64_t now_ms)
{
	const struct sample *s;

	for (; p->nsamples > 0; p->nsamples--) {
		s = &p->sample[(p->next + NSAMPLES - p->nsamples) % NSAMPLES];
		if (now_ms - s->ms <= RATE_MS)
			return (s);
	}
	return (NULL);
}

static void
keep_sample(struct progress *p, int64_t now_ms, const struct progress_now *now)
{
	const struct sample *last =
	    &p->sample[(p->next + NSAMPLES - 1) % NSAMPLES];

	if (p->nsamples > 0 && now_ms - last->ms < RATE_MS / NSAMPLES)
		return;
	p->sample[p->next] = (struct sample){ .ms = now_ms,
	    .done = now->done, .bytes = now->bytes };
	p->next = (p->next + 1) % NSAMPLES;
	if (p->nsamples < NSAMPLES)
		p->nsamples++;
}

/* Seconds until the rest is done, at "ndone" in ms; -1: not known. */
static int64_t
eta_s(const struct progress_now *now, uint64_t ndone, int64_t ms)
{
	double s;

	if (now->more || ndone == 0 || ms < ETA_AFTER_MS ||
	    now->done >= now->total)
		return (-1);
	s = (double)(now->total - now->done) / (double)ndone *
	    (double)ms / 1000;
	return (s < 1 ? 1 : s > 1e9 ? -1 : (int64_t)(s + 0.5));
}

void
progress_tick(struct progress *p, const struct progress_now *now)
{
	struct progress_line l = { .what = p->what, .now = *now, .eta_s = -1 };
	int64_t now_ms = clock_mono_ms(), ms;
	char line[PROGRESS_LINE_BYTES];
	const struct sample *s;

	if (!progress_wanted(p))
		return;
	/* A dead worker's counts are taken back, and then a rate is none. */
	if ((s = oldest(p, now_ms)) != NULL && (ms = now_ms - s->ms) > 0) {
		if (now->bytes > s->bytes)
			l.rate = (uint64_t)((double)(now->bytes - s->bytes) *
			    1000 / (double)ms);
		if (now->done > s->done)
			l.eta_s = eta_s(now, now->done - s->done, ms);
	}
	keep_sample(p, now_ms, now);
	if (p->bar) {
		l.columns = term_columns() - 1;
		progress_format(&l, line, sizeof(line));
		term_show(line);
	} else if (now_ms - p->said_ms >= PROGRESS_LINE_MS) {
		p->said_ms = now_ms;
		progress_format(&l, line, sizeof(line));
		log_info("%s", line);
	}
}

/* "1,264" */
static const char *
number(uint64_t n, char buf[NUMBER_BYTES])
{
	char *p = &buf[NUMBER_BYTES - 1];
	int ndigits = 0;

	*p = '\0';
	do {
		if (ndigits > 0 && ndigits % 3 == 0)
			*--p = ',';
		*--p = (char)('0' + n % 10);
		n /= 10;
		ndigits++;
	} while (n > 0);
	return (p);
}

/* The whole percents that are done: 100 when nothing more can come. */
static unsigned
percent(const struct progress_now *now)
{
	unsigned __int128 x;

	if (now->done >= now->total)
		return (now->more ? 99 : 100);
	x = (unsigned __int128)now->done * 100 / now->total;
	return ((unsigned)x);
}

static void
put_counts(const struct progress_now *now, char *out, size_t size)
{
	char done[NUMBER_BYTES], total[NUMBER_BYTES];

	if (now->total == 0)
		(void)snprintf(out, size, "  %s database%s",
		    number(now->done, done), now->done == 1 ? "" : "s");
	else
		(void)snprintf(out, size, " (%s/%s%s)",
		    number(now->done, done), number(now->total, total),
		    now->more ? "+" : "");
}

/* "127 MB/s", "3.4 GB/s" (powers of 1,000) */
static void
put_rate(uint64_t rate, char *out, size_t size)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB",
	    "EB" };
	double v = (double)rate;
	size_t i;

	for (i = 0; v >= 999.5; i++)
		v /= 1000;
	(void)snprintf(out, size, "  %.*f %s/s", i > 0 && v < 9.95 ? 1 : 0, v,
	    units[i]);
}

/* "12s", "4m", "2h10m", "3d4h" */
static void
put_eta(int64_t s, char *out, size_t size)
{
	long long m = ((long long)s + 30) / 60, h = m / 60;

	if (s < 60)
		(void)snprintf(out, size, "  ETA %llds", (long long)s);
	else if (m < 60)
		(void)snprintf(out, size, "  ETA %lldm", m);
	else if (h < 24)
		(void)snprintf(out, size, "  ETA %lldh%02lldm", h, m % 60);
	else
		(void)snprintf(out, size, "  ETA %lldd%lldh", h / 24, h % 24);
}

/* What stands behind the bar, in the order of importance. */
enum part {
	PART_PERCENT, PART_COUNTS, PART_RATE, PART_ETA, PART_ERRORS, NPARTS
};

static void
make_parts(const struct progress_line *l, char part[NPARTS][PART_BYTES])
{
	char errors[NUMBER_BYTES];

	memset(part, 0, NPARTS * sizeof(part[0]));
	if (l->now.total > 0)
		(void)snprintf(part[PART_PERCENT], PART_BYTES, "  %u%%",
		    percent(&l->now));
	put_counts(&l->now, part[PART_COUNTS], PART_BYTES);
	if (l->now.bytes > 0)
		put_rate(l->rate, part[PART_RATE], PART_BYTES);
	if (l->eta_s >= 0)
		put_eta(l->eta_s, part[PART_ETA], PART_BYTES);
	if (l->now.errors > 0)
		(void)snprintf(part[PART_ERRORS], PART_BYTES, "  errors %s",
		    number(l->now.errors, errors));
}

static void
put_bar(const struct progress_now *now, size_t cells, char *out)
{
	size_t full;

	full = now->done >= now->total ? cells : (size_t)
	    ((unsigned __int128)now->done * cells / now->total);
	if (full == cells && percent(now) < 100)
		full--;
	(void)memcpy(out, "  [", 3);
	memset(out + 3, '#', full);
	memset(out + 3 + full, '-', cells - full);
	(void)memcpy(out + 3 + cells, "]", 2);
}

void
progress_format(const struct progress_line *l, char *out, size_t size)
{
	size_t columns = l->columns > 0 ? l->columns : size - 1, nbar = 0;
	char part[NPARTS][PART_BYTES], bar[BAR_MAX + 5] = "";
	size_t len = strlen(l->what), cells;
	int n = NPARTS;

	make_parts(l, part);
	for (int i = 0; i < NPARTS; i++)
		len += strlen(part[i]);
	if (l->columns > 0 && l->now.total > 0)
		nbar = BAR_MIN + 4;
	/* From the right, but the percents outlive the bar. */
	while (n > PART_PERCENT + 1 && len + nbar > columns)
		len -= strlen(part[--n]);
	if (len + nbar > columns)
		nbar = 0;
	if (len > columns)
		n = 0;
	if (nbar > 0) {
		cells = columns - len - 4;
		put_bar(&l->now, cells < BAR_MAX ? cells : BAR_MAX, bar);
	}
	(void)snprintf(out, columns < size ? columns + 1 : size,
	    "%s%s%s%s%s%s%s", l->what, bar, n > PART_PERCENT ?
	    part[PART_PERCENT] : "", n > PART_COUNTS ? part[PART_COUNTS] : "",
	    n > PART_RATE ? part[PART_RATE] : "",
	    n > PART_ETA ? part[PART_ETA] : "",
	    n > PART_ERRORS ? part[PART_ERRORS] : "");
}
