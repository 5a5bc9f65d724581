#include "base/num.h"

#include <bsd/stdlib.h>
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

bool
num_add(uint64_t a, uint64_t b, uint64_t *out)
{
	uint64_t r;

	if (__builtin_add_overflow(a, b, &r))
		return (false);
	*out = r;
	return (true);
}

bool
num_mul(uint64_t a, uint64_t b, uint64_t *out)
{
	uint64_t r;

	if (__builtin_mul_overflow(a, b, &r))
		return (false);
	*out = r;
	return (true);
}

int
num_parse(const char *s, uint64_t min, uint64_t max, const char *what,
    uint64_t *out, struct err *e)
{
	const char *why;
	long long v;

	if (max > LLONG_MAX)
		max = LLONG_MAX;
	v = strtonum(s, (long long)min, (long long)max, &why);
	if (why != NULL || !isdigit((unsigned char)s[0])) {
		err_set(e, ERR_USAGE,
		    "%s: \"%s\" is not a whole number from %llu to %llu", what,
		    s, (unsigned long long)min, (unsigned long long)max);
		return (-1);
	}
	*out = (uint64_t)v;
	return (0);
}

/* Read digits at *s into *v and move behind them; false: none, or too many. */
static bool
digits(const char **s, uint64_t *v)
{
	const char *p = *s;
	uint64_t r = 0;

	for (; isdigit((unsigned char)*p); p++)
		if (!num_mul(r, 10, &r) ||
		    !num_add(r, (uint64_t)(*p - '0'), &r))
			return (false);
	if (p == *s)
		return (false);
	*s = p;
	*v = r;
	return (true);
}

int
num_parse_duration(const char *s, const char *what, int64_t *out_ms,
    struct err *e)
{
	static const struct {
		const char *unit;
		uint64_t ms;
	} units[] = {		/* "ms" before "m" */
		{ "ms", 1 }, { "s", 1000 }, { "m", 60000 },
		{ "h", 3600000 }, { "d", 86400000 }, { "w", 604800000 },
	};
	const uint64_t max = (uint64_t)36525 * 86400 * 1000;
	const char *p = s;
	uint64_t v, sum = 0;
	size_t i;

	if (strcmp(s, "0") == 0) {
		*out_ms = 0;
		return (0);
	}
	do {
		if (!digits(&p, &v))
			goto bad;
		for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
			if (strncmp(p, units[i].unit,
			    strlen(units[i].unit)) == 0)
				break;
		if (i == sizeof(units) / sizeof(units[0]))
			goto bad;
		p += strlen(units[i].unit);
		if (!num_mul(v, units[i].ms, &v) || !num_add(sum, v, &sum) ||
		    sum > max)
			goto bad;
	} while (*p != '\0');
	*out_ms = (int64_t)sum;
	return (0);
bad:
	err_set(e, ERR_USAGE, "%s: \"%s\" is not a duration; write a number "
	    "and a unit, as 500ms, 5s, 10m, 1h30m or 7d", what, s);
	return (-1);
}

int
num_parse_size(const char *s, const char *what, uint64_t *out_bytes,
    struct err *e)
{
	static const char units[] = "KMGT";
	const char *p = s, *u;
	uint64_t v;
	unsigned shift = 0;

	if (!digits(&p, &v))
		goto bad;
	if (*p != '\0' && (u = strchr(units, toupper((unsigned char)*p))) !=
	    NULL) {
		shift = 10 * (unsigned)(u - units + 1);
		p++;
		if (*p == 'i')
			p++;
		if (*p == 'B')
			p++;
		else if (p[-1] == 'i')
			goto bad;
	}
	if (*p != '\0' || v > (uint64_t)INT64_MAX >> shift)
		goto bad;
	*out_bytes = v << shift;
	return (0);
bad:
	err_set(e, ERR_USAGE, "%s: \"%s\" is not a size; write bytes, or a "
	    "number and a unit, as 512K, 64M or 2G", what, s);
	return (-1);
}

const char *
num_format_bytes(uint64_t bytes, char *buf, size_t size)
{
	static const char *const units[] = { "kB", "MB", "GB", "TB", "PB",
	    "EB" };
	double v = (double)bytes / 1000;
	size_t i;

	if (bytes < 1000) {
		(void)snprintf(buf, size, "%llu bytes",
		    (unsigned long long)bytes);
		return (buf);
	}
	for (i = 0; v >= 999.95 && i + 1 < sizeof(units) / sizeof(units[0]);
	    i++)
		v /= 1000;
	(void)snprintf(buf, size, "%.1f %s", v, units[i]);
	return (buf);
}

const char *
num_format_duration(int64_t ms, char *buf, size_t size)
{
	long long s = ms / 1000;

	if (ms < 1000)
		(void)snprintf(buf, size, "%lldms", (long long)ms);
	else if (s < 60)
		(void)snprintf(buf, size, "%lld.%llds", s,
		    (long long)ms % 1000 / 100);
	else if (s < 3600)
		(void)snprintf(buf, size, "%lldm%02llds", s / 60, s % 60);
	else
		(void)snprintf(buf, size, "%lldh%02lldm", s / 3600,
		    s % 3600 / 60);
	return (buf);
}
