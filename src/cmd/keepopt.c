#include "cmd/keepopt.h"

#include <stdint.h>

#include "base/num.h"

/* Nothing is younger than no time at all, which nobody can mean. */
static bool
take_age(const char *arg, const char *what, int64_t *ms, struct err *e)
{
	if (num_parse_duration(arg, what, ms, e) == -1)
		return (false);
	if (*ms > 0)
		return (true);
	err_set(e, ERR_USAGE, "%s: \"%s\" would keep nothing; --keep-last 1 "
	    "keeps the newest of each database alone", what, arg);
	return (false);
}

static bool
take_count(const char *arg, const char *what, uint64_t *n, struct err *e)
{
	return (num_parse(arg, 1, UINT32_MAX, what, n, e) == 0);
}

bool
keepopt_take(struct keep_rules *r, int key, const char *arg, bool *ok,
    struct err *e)
{
	switch (key) {
	case KEEP_OPT_RETENTION:
		*ok = take_age(arg, "--retention", &r->retention_ms, e);
		break;
	case KEEP_OPT_WITHIN:
		*ok = take_age(arg, "--keep-within", &r->within_ms, e);
		break;
	case KEEP_OPT_LAST:
		*ok = take_count(arg, "--keep-last", &r->last, e);
		break;
	case KEEP_OPT_HOURLY:
		*ok = take_count(arg, "--keep-hourly", &r->hourly, e);
		break;
	case KEEP_OPT_DAILY:
		*ok = take_count(arg, "--keep-daily", &r->daily, e);
		break;
	case KEEP_OPT_WEEKLY:
		*ok = take_count(arg, "--keep-weekly", &r->weekly, e);
		break;
	case KEEP_OPT_MONTHLY:
		*ok = take_count(arg, "--keep-monthly", &r->monthly, e);
		break;
	default:
		return (false);
	}
	return (true);
}
