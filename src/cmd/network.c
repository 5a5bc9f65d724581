#include "cmd/network.h"

#include <string.h>

#include "base/num.h"

enum {
	CONCURRENT_MAX = 10000
};

void
network_init(struct store_s3_cfg *s3)
{
	memset(s3, 0, sizeof(*s3));
	s3->concurrent = 100;
	s3->connect_timeout_ms = 5000;
	s3->request_timeout_ms = 30000;
}

/* A time to wait for the network: no such time is none at all. */
static bool
parse_timeout(const char *arg, const char *what, int64_t *ms, struct err *e)
{
	if (num_parse_duration(arg, what, ms, e) == -1)
		return (false);
	if (*ms > 0)
		return (true);
	err_set(e, ERR_USAGE, "%s: \"%s\": nothing can be done in no time",
	    what, arg);
	return (false);
}

bool
network_option(struct store_s3_cfg *s3, int key, const char *arg, bool *ok,
    struct err *e)
{
	uint64_t n;

	*ok = true;
	switch (key) {
	case NETWORK_OPT_CA:
		s3->ca_file = arg;
		break;
	case NETWORK_OPT_CONCURRENT:
		if ((*ok = num_parse(arg, 1, CONCURRENT_MAX, "--concurrent",
		    &n, e) == 0))
			s3->concurrent = (unsigned)n;
		break;
	case NETWORK_OPT_CONNECT:
		*ok = parse_timeout(arg, "--connect-timeout",
		    &s3->connect_timeout_ms, e);
		break;
	case NETWORK_OPT_REQUEST:
		*ok = parse_timeout(arg, "--request-timeout",
		    &s3->request_timeout_ms, e);
		break;
	case NETWORK_OPT_RATE:
		*ok = num_parse_size(arg, "--limit-rate",
		    &s3->limit_rate_bytes, e) == 0;
		break;
	default:
		return (false);
	}
	return (true);
}
