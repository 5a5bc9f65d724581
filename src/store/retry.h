/*
 * retry -- which failures of a request may pass if it is simply made again,
 * and when.  Pure policy: knows no connection and no clock.
 *
 * A request has RETRY_TRIES.  The first of all, which finds out whether there
 * is a server at all, is hasty: where nobody can be connected to (the name
 * does not resolve, nobody listens) it has RETRY_HASTY_TRIES with the
 * shortest waits between them, so that a wrong address is said within a
 * second, and a server that is just starting is still met.  A server that is
 * not trusted is not tried again at all.
 *
 * On some a whole run hangs: the marker, a page of a listing, the beginning of
 * an object that is pulled.  They have RETRY_AWAITED_TRIES, of which those
 * beyond RETRY_TRIES begin within RETRY_AWAITED_MS of the first: bad luck is
 * outlived, a server that hangs is not waited for twice as long.
 */
#ifndef STORE_RETRY_H
#define STORE_RETRY_H

#include <stdbool.h>
#include <stdint.h>

enum {
	RETRY_TRIES = 5,		/* the first one counts */
	RETRY_HASTY_TRIES = 3,
	RETRY_AWAITED_TRIES = 10,
	RETRY_AWAITED_MS = 20 * 1000,
	RETRY_MIN_MS = 100,
	RETRY_MAX_MS = 5000,
	RETRY_AFTER_MAX_MS = 60 * 1000,	/* a server may ask for no more */
	RETRY_DOWN_FAILURES = 100,	/* in a row: the store is down, */
	RETRY_DOWN_MS = 5000		/* if they lasted so long */
};

enum retry_verdict {
	RETRY_DONE,		/* it was answered as it should be */
	RETRY_AGAIN,		/* later, the same */
	RETRY_CLOCK,		/* at once, with the server's time */
	RETRY_KEYS,		/* at once, with new credentials */
	RETRY_MOVED,		/* at once, where the answer points */
	RETRY_NEVER
};

/* What came of one try. */
struct retry_facts {
	bool broken;		/* no whole answer */
	bool transient;		/* and the reason may pass: not TLS trust */
	int status;
	const char *code;	/* S3's, or "" */
};

/* What becomes of a try that ended like this. */
enum retry_verdict retry_judge(const struct retry_facts *f);

/*
 * How long to wait after try number "tried" (from 1) failed: RETRY_MIN_MS to
 * a ceiling that grows from try to try to RETRY_MAX_MS, anywhere between
 * them ("random": 0 to UINT32_MAX), so that many who failed together do not
 * come back together; never less than the server's "after_ms" (0: it did not
 * say).
 */
int64_t retry_delay_ms(unsigned tried, uint32_t random, int64_t after_ms);

/* How many tries has a request on which a run hangs, "took_ms" after its first
 * began? */
unsigned retry_awaited_tries(int64_t took_ms);

/* A Retry-After header: seconds, or a moment as HTTP writes it, seen from
 * now_ms.  0 for NULL and what is neither; at most RETRY_AFTER_MAX_MS. */
int64_t retry_after_ms(const char *value, int64_t now_ms);

/*
 * The row of failures without a success between them.  Zero it to begin.
 * The many requests that a broken moment ends at once make no row yet, hence
 * the time.
 */
struct retry_row {
	unsigned nfailed;
	int64_t since_ms;	/* monotonic */
};

/* A try succeeded: the row begins anew. */
void retry_row_success(struct retry_row *r);
/* Returns whether the store is to be taken for down. */
bool retry_row_failure(struct retry_row *r, int64_t now_ms);

#endif
