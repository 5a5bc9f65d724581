#include "store/retry.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The longest wait after the first try, the second, ... */
static const int64_t ceiling_ms[] = { 400, 1000, 2500, RETRY_MAX_MS };

/* Codes that decide whatever status they come with. */
static const struct {
	const char *code;
	enum retry_verdict verdict;
} codes[] = {
	{ "RequestTimeTooSkewed", RETRY_CLOCK },
	{ "ExpiredToken", RETRY_KEYS },
	{ "ExpiredTokenException", RETRY_KEYS },
	{ "TokenRefreshRequired", RETRY_KEYS },
	{ "RequestTimeout", RETRY_AGAIN },
	{ "RequestTimeoutException", RETRY_AGAIN },
	{ "IncompleteBody", RETRY_AGAIN },
	{ "ConditionalRequestConflict", RETRY_AGAIN },
	{ "OperationAborted", RETRY_AGAIN },
	{ "PriorRequestNotComplete", RETRY_AGAIN },
	{ "SlowDown", RETRY_AGAIN },
	{ "Throttling", RETRY_AGAIN },
	{ "ThrottlingException", RETRY_AGAIN },
	{ "RequestLimitExceeded", RETRY_AGAIN },
	{ "BandwidthLimitExceeded", RETRY_AGAIN },
	{ "ServiceUnavailable", RETRY_AGAIN },
	{ "InternalError", RETRY_AGAIN },
	{ "NotImplemented", RETRY_NEVER },
};

enum retry_verdict
retry_judge(const struct retry_facts *f)
{
	size_t i;

	if (f->broken)
		return (f->transient ? RETRY_AGAIN : RETRY_NEVER);
	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strcmp(codes[i].code, f->code) == 0)
			return (codes[i].verdict);
	if (f->code[0] == '\0' && f->status >= 200 && f->status < 300)
		return (RETRY_DONE);
	switch (f->status) {
	case 301:
	case 307:
	case 308:
		return (RETRY_MOVED);
	case 408:
	case 429:
		return (RETRY_AGAIN);
	case 501:
	case 505:
		return (RETRY_NEVER);
	default:
		return (f->status >= 500 ? RETRY_AGAIN : RETRY_NEVER);
	}
}

int64_t
retry_delay_ms(unsigned tried, uint32_t random, int64_t after_ms)
{
	enum { NCEILING = sizeof(ceiling_ms) / sizeof(ceiling_ms[0]) };
	unsigned i = tried == 0 ? 0 : tried - 1;
	int64_t top = ceiling_ms[i < NCEILING ? i : NCEILING - 1];
	int64_t ms;

	ms = RETRY_MIN_MS + (int64_t)((uint64_t)(top - RETRY_MIN_MS) *
	    random / UINT32_MAX);
	return (ms > after_ms ? ms : after_ms);
}

unsigned
retry_awaited_tries(int64_t took_ms)
{
	return (took_ms < RETRY_AWAITED_MS ? RETRY_AWAITED_TRIES :
	    RETRY_TRIES);
}

int64_t
retry_after_ms(const char *value, int64_t now_ms)
{
	struct tm tm = { 0 };
	const char *end;
	char *stop;
	int64_t ms;
	long s;

	if (value == NULL)
		return (0);
	if (value[0] >= '0' && value[0] <= '9') {
		s = strtol(value, &stop, 10);
		if (*stop != '\0' && *stop != ' ')
			return (0);
		ms = s > RETRY_AFTER_MAX_MS / 1000 ? RETRY_AFTER_MAX_MS :
		    s * 1000;
	} else {
		end = strptime(value, "%a, %d %b %Y %H:%M:%S GMT", &tm);
		if (end == NULL || *end != '\0')
			return (0);
		ms = (int64_t)timegm(&tm) * 1000 - now_ms;
	}
	if (ms < 0)
		return (0);
	return (ms < RETRY_AFTER_MAX_MS ? ms : RETRY_AFTER_MAX_MS);
}

void
retry_row_success(struct retry_row *r)
{
	r->nfailed = 0;
}

bool
retry_row_failure(struct retry_row *r, int64_t now_ms)
{
	if (r->nfailed++ == 0)
		r->since_ms = now_ms;
	return (r->nfailed >= RETRY_DOWN_FAILURES &&
	    now_ms - r->since_ms >= RETRY_DOWN_MS);
}
