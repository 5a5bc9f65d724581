#include "base/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define LAST_MS	253402300799999LL	/* 9999-12-31T23:59:59.999Z */

static int64_t
now(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts);
	return ((int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec);
}

int64_t
clock_mono_ms(void)
{
	return (now(CLOCK_MONOTONIC) / 1000000);
}

int64_t
clock_real_ns(void)
{
	return (now(CLOCK_REALTIME));
}

int64_t
clock_file_ns(int64_t s, int64_t ns)
{
	int64_t sum;

	if (__builtin_mul_overflow(s, 1000000000, &sum) ||
	    __builtin_add_overflow(sum, ns, &sum))
		return (s < 0 ? INT64_MIN : INT64_MAX);
	return (sum);
}

int64_t
clock_real_ms(void)
{
	return (now(CLOCK_REALTIME) / 1000000);
}

bool
clock_can_stamp(int64_t ms)
{
	return (ms >= 0 && ms <= LAST_MS);
}

void
clock_stamp(int64_t ms, char buf[CLOCK_STAMP_BYTES])
{
	time_t s = (time_t)(ms / 1000);
	struct tm tm;
	char tmp[64];

	(void)gmtime_r(&s, &tm);
	(void)snprintf(tmp, sizeof(tmp), "%04d%02d%02dT%02d%02d%02d.%03dZ",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec, (int)(ms % 1000));
	memcpy(buf, tmp, CLOCK_STAMP_BYTES - 1);
	buf[CLOCK_STAMP_BYTES - 1] = '\0';
}

const char *
clock_rfc3339(int64_t ms, char *buf, size_t size)
{
	time_t s = (time_t)(ms / 1000);
	struct tm tm;

	(void)gmtime_r(&s, &tm);
	(void)snprintf(buf, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec, (int)(ms % 1000));
	return (buf);
}

/* Read n digits at s into *v. */
static bool
field(const char *s, int n, int *v)
{
	*v = 0;
	for (; n > 0; n--, s++) {
		if (!isdigit((unsigned char)*s))
			return (false);
		*v = *v * 10 + (*s - '0');
	}
	return (true);
}

/* Turn a calendar date and time into ms; false if there is no such moment. */
static bool
moment(int y, int mon, int d, int h, int min, int s, int milli, int64_t *ms)
{
	struct tm tm = { .tm_year = y - 1900, .tm_mon = mon - 1, .tm_mday = d,
	    .tm_hour = h, .tm_min = min, .tm_sec = s };
	time_t t;

	if (y < 1970 || h > 23 || min > 59 || s > 59)
		return (false);
	t = timegm(&tm);
	if (tm.tm_mday != d || tm.tm_mon != mon - 1)
		return (false);
	*ms = (int64_t)t * 1000 + milli;
	return (true);
}

bool
clock_stamp_parse(const char *s, size_t n, int64_t *ms)
{
	int y, mon, d, h, min, sec, milli;

	return (n == CLOCK_STAMP_BYTES - 1 && field(s, 4, &y) &&
	    field(s + 4, 2, &mon) && field(s + 6, 2, &d) && s[8] == 'T' &&
	    field(s + 9, 2, &h) && field(s + 11, 2, &min) &&
	    field(s + 13, 2, &sec) && s[15] == '.' &&
	    field(s + 16, 3, &milli) && s[19] == 'Z' &&
	    moment(y, mon, d, h, min, sec, milli, ms));
}

int
clock_parse(const char *s, const char *what, int64_t *ms, struct err *e)
{
	int y, mon, d, h = 0, min = 0, sec = 0, milli = 0, oh, om, scale = 100;
	int64_t off = 0, found;
	size_t n = strlen(s);
	const char *p = s;

	if (clock_stamp_parse(s, n, ms))
		return (0);
	if (n < 10 || !field(p, 4, &y) || p[4] != '-' ||
	    !field(p + 5, 2, &mon) || p[7] != '-' || !field(p + 8, 2, &d))
		goto bad;
	p += 10;
	if (*p == '\0')
		goto done;
	if (n < 20 || strchr("Tt ", *p) == NULL || !field(p + 1, 2, &h) ||
	    p[3] != ':' || !field(p + 4, 2, &min) || p[6] != ':' ||
	    !field(p + 7, 2, &sec))
		goto bad;
	p += 9;
	if (*p == '.') {
		if (!isdigit((unsigned char)*++p))
			goto bad;
		for (; isdigit((unsigned char)*p); p++, scale /= 10)
			milli += (*p - '0') * scale;
	}
	if (*p == '+' || *p == '-') {
		if (strlen(p) != 6 || !field(p + 1, 2, &oh) || p[3] != ':' ||
		    !field(p + 4, 2, &om) || oh > 23 || om > 59)
			goto bad;
		off = ((int64_t)oh * 60 + om) * 60000 * (*p == '+' ? -1 : 1);
	} else if (strcmp(p, "Z") != 0 && strcmp(p, "z") != 0)
		goto bad;
done:
	if (!moment(y, mon, d, h, min, sec, milli, &found))
		goto bad;
	/* The offset may lead out of the years that a stamp can say. */
	found += off;
	if (!clock_can_stamp(found))
		goto bad;
	*ms = found;
	return (0);
bad:
	err_set(e, ERR_USAGE, "%s: \"%s\" is not a time; write it as "
	    "2026-11-20T10:30:00Z (RFC 3339) or 20261120T103000.123Z", what, s);
	return (-1);
}

void
clock_sleep_ms(int64_t ms)
{
	struct timespec ts = { .tv_sec = ms / 1000,
	    .tv_nsec = ms % 1000 * 1000000 };

	(void)nanosleep(&ts, NULL);
}
