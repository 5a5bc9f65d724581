/*
 * s3judge -- what becomes of a try that has ended: the fault that the answer
 * speaks of, the row of failures, another try or none.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/s3call.h"

enum {
	/* A signature is refused when it is 15 minutes off. */
	SKEW_MS = 10 * 60 * 1000
};

/* A line a request for -vv; it holds no header. */
static void
trace(const struct s3 *s, const struct s3_call *c)
{
	const struct http_req *r = &c->req;

	if (!log_wants(LOG_LVL_TRACE))
		return;
	log_trace("%s s3://%s/%s%s: %d%s%s%s%s, %" PRId64 " ms, %" PRIu64
	    " bytes, try %u", c->method, s->site.bucket, c->key,
	    c->nquery > 0 && c->key[0] != '\0' ? " (multipart)" : "",
	    r->status, c->fault.code[0] != '\0' ? " " : "", c->fault.code,
	    r->failed ? " " : "", r->failed ? r->err.msg : "",
	    clock_mono_ms() - c->started_ms,
	    c->body_bytes > 0 ? c->body_bytes : (uint64_t)r->answer.len,
	    c->tried);
}

/*
 * Some servers say in their message what they were sent: it is not repeated if
 * part of a signature or of the session token is in it.
 */
static void
hide(const struct s3_call *c, struct s3_fault *f)
{
	static const char token[] = "x-amz-security-token: ";
	const char *p;
	char start[17];
	size_t i;
	bool bad = strstr(f->message, "AWS4-HMAC") != NULL ||
	    strstr(f->message, "Signature=") != NULL ||
	    strstr(f->message, "Credential=") != NULL;

	for (i = 0; (p = c->list[i]) != NULL && !bad; i++)
		if (strncasecmp(p, token, sizeof(token) - 1) == 0) {
			(void)snprintf(start, sizeof(start), "%s",
			    p + sizeof(token) - 1);
			bad = strstr(f->message, start) != NULL;
		}
	if (bad)
		f->message[0] = '\0';
}

/* What the answer says, if it says that something is wrong. */
static void
read_fault(struct s3 *s, struct s3_call *c)
{
	const struct http_req *r = &c->req;
	int64_t off = r->date_ms - clock_real_ms() - s->clock_off_ms;

	memset(&c->fault, 0, sizeof(c->fault));
	c->fault.status = r->status;
	if (r->failed || (r->status / 100 == 2 && !c->in_body))
		return;
	s3_fault_read(&c->fault, r);
	hide(c, &c->fault);
	/* The answer to a HEAD has no body to say it in. */
	if (c->fault.code[0] == '\0' && r->status == 403 && r->date_ms != 0 &&
	    (off > SKEW_MS || off < -SKEW_MS))
		memcpy(c->fault.code, "RequestTimeTooSkewed", 21);
}

/* What the answer says of the time. */
static void
read_date(struct s3 *s, const struct s3_call *c)
{
	if (c->req.failed || c->req.date_ms == 0)
		return;
	s->dated = true;
	s->date_off_ms = c->req.date_ms - clock_real_ms();
}

static void
take_for_down(struct s3 *s, const struct s3_call *c)
{
	if (c->req.failed)
		s->why = c->req.err;
	else
		s3_fault_err(&c->fault, &s->site, c->key, &s->why);
	s->why.cls = ERR_NETWORK;
	if (c->req.hopeless)
		err_prefix(&s->why, "store %s", s->base.name);
	else
		err_prefix(&s->why, "store %s is down: %u requests in a row "
		    "failed, the last", s->base.name, s->row.nfailed);
	s->down = true;
}

/* Keep the row of failures.  Who is not trusted is not for one request only. */
static void
count(struct s3 *s, const struct s3_call *c, enum retry_verdict v)
{
	if (v != RETRY_AGAIN && c->req.status != 403 && !c->req.failed) {
		retry_row_success(&s->row);
		s->nanswers++;
		return;
	}
	if (!s->down && (retry_row_failure(&s->row, clock_mono_ms()) ||
	    c->req.hopeless))
		take_for_down(s, c);
}

/* Not followed: to whom it does not go is to be in the message. */
static void
refuse(struct s3_fault *f, const char *location)
{
	char to[sizeof(f->endpoint)];

	s3_fault_text(to, sizeof(to), f->endpoint[0] != '\0' ? f->endpoint :
	    location);
	if (to[0] != '\0')
		(void)snprintf(f->message, sizeof(f->message), "not followed "
		    "to %.*s; if it may have our keys, make it the endpoint",
		    (int)strcspn(to, "?"), to);
}

static bool
follow(struct s3 *s, struct s3_call *c)
{
	const char *location = http_header(&c->req, "location");
	char *moved = NULL;

	/* Those that were under way when another was sent on go there, too. */
	if (c->redirected || (c->nmoves == s->site.nmoves &&
	    !s3_site_follow(&s->site, &c->fault, location, &moved))) {
		refuse(&c->fault, location);
		return (false);
	}
	c->redirected = true;
	free(c->moved);
	c->moved = moved;
	log_first(LOG_ONCE_MOVED, LOG_LVL_INFO, "store %s: the server sends "
	    "us on to %s (region %s)", s->base.name, moved != NULL ? moved :
	    s->site.host, s->site.region);
	return (true);
}

static bool
set_clock(struct s3 *s, struct s3_call *c)
{
	int64_t off_ms = c->req.date_ms - clock_real_ms();

	if (c->clock_set || c->req.date_ms == 0)
		return (false);
	c->clock_set = true;
	s->clock_off_ms = off_ms;
	log_first(LOG_ONCE_CLOCK, LOG_LVL_WARN, "store %s: this machine's "
	    "clock is %" PRId64 " s %s the server's; requests carry the "
	    "server's time", s->base.name, (off_ms < 0 ? -off_ms : off_ms) /
	    1000, off_ms < 0 ? "ahead of" : "behind");
	return (true);
}

static bool
renew_keys(struct s3 *s, struct s3_call *c)
{
	if (c->keys_renewed)
		return (false);
	c->keys_renewed = true;
	return (credentials_expired(s->credentials));
}

/*
 * The marker's GET is what finds out, for a run, whether there is a server; a
 * worker that did not read it begins with a put, and knows that there is one.
 */
static bool
hasty(const struct s3 *s, const struct s3_call *c)
{
	return (!s->met && c->kind == STORE_REQ_GET && c->req.failed &&
	    !c->unsure);
}

/* Wait, for the same again: false if all tries are used up. */
static bool
later(struct s3 *s, struct s3_call *c)
{
	unsigned n = c->tried - c->tried_first, ntries = RETRY_TRIES;
	int64_t after_ms;
	bool haste;

	if (c->req.sent)
		c->unsure = true;
	if (c->once)
		return (false);
	haste = hasty(s, c);
	after_ms = retry_after_ms(http_header(&c->req, "retry-after"),
	    clock_real_ms() + s->clock_off_ms);
	c->due_ms = clock_mono_ms() + retry_delay_ms(haste ? 1 : n,
	    arc4random(), after_ms);
	c->spent = !c->awaited && n >= RETRY_TRIES;
	if (haste)
		ntries = RETRY_HASTY_TRIES;
	else if (c->awaited)
		ntries = retry_awaited_tries(clock_mono_ms() - c->first_ms);
	return (n < ntries);
}

/* Another try?  Then c->due_ms says when. */
static bool
again(struct s3 *s, struct s3_call *c, enum retry_verdict v)
{
	c->due_ms = 0;
	switch (v) {
	case RETRY_MOVED:
		return (follow(s, c));
	case RETRY_CLOCK:
		return (set_clock(s, c));
	case RETRY_KEYS:
		return (renew_keys(s, c));
	case RETRY_AGAIN:
		return (later(s, c));
	default:
		if (c->req.status / 100 == 3)
			refuse(&c->fault, http_header(&c->req, "location"));
		return (false);
	}
}

bool
s3_call_judge(struct s3 *s, struct s3_call *c)
{
	struct retry_facts facts = { 0 };
	enum retry_verdict v;

	read_fault(s, c);
	read_date(s, c);
	facts.broken = c->req.failed;
	facts.transient = c->req.err.cls == ERR_NETWORK &&
	    !c->req.hopeless;
	facts.status = c->req.status;
	facts.code = c->fault.code;
	v = retry_judge(&facts);
	trace(s, c);
	if (!c->req.failed)
		s->met = true;
	count(s, c, v);
	if (v == RETRY_DONE) {
		c->ok = true;
		return (false);
	}
	if (!s->down && again(s, c, v))
		return (true);
	if (c->req.failed) {
		c->err = c->req.err;
		err_prefix(&c->err, "s3://%s/%s", s->site.bucket, c->key);
	} else
		s3_fault_err(&c->fault, &s->site, c->key, &c->err);
	return (false);
}
