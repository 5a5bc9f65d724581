#include "store/s3call.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

enum {
	/* A signature is refused when it is 15 minutes off. */
	SKEW_MS = 10 * 60 * 1000
};

struct s3_call *
s3_call_new(struct s3 *s, enum store_request kind, const char *method,
    const char *name)
{
	struct s3_call *c = mem_zero(sizeof(*c));

	c->kind = kind;
	c->method = method;
	c->key = name == NULL ? mem_strdup("") :
	    mem_printf("%s%s", s->prefix, name);
	c->fd = -1;
	return (c);
}

static void
add(struct sigv4_pair *pairs, size_t *n, const char *name, const char *value)
{
	if (*n == S3_PAIRS)
		log_fatal("a request with too many parameters");
	pairs[*n].name = name;
	pairs[*n].value = mem_strdup(value);
	(*n)++;
}

void
s3_call_query(struct s3_call *c, const char *name, const char *value)
{
	add(c->query, &c->nquery, name, value);
}

void
s3_call_header(struct s3_call *c, const char *name, const char *value)
{
	add(c->headers, &c->nheaders, name, value);
}

void
s3_call_free(struct s3 *s, struct s3_call *c)
{
	size_t i;

	if (c == NULL)
		return;
	http_fini_req(s->http, &c->req);
	for (i = 0; i < c->nquery; i++)
		free((char *)c->query[i].value);
	for (i = 0; i < c->nheaders; i++)
		free((char *)c->headers[i].value);
	buf_fini(&c->url);
	buf_fini(&c->lines);
	free(c->moved);
	free(c->key);
	free(c);
}

/* The call will not be sent, for *e. */
static void
give_up(struct s3_call *c, const struct err *e)
{
	c->dead = true;
	c->err = *e;
	c->due_ms = 0;
}

/* Build, sign and send one try. */
static int
send_try(struct s3 *s, struct s3_call *c, struct err *e)
{
	http_fini_req(s->http, &c->req);
	memset(&c->req, 0, sizeof(c->req));
	if (s3_req_build(s, c, e) == -1)
		return (-1);
	c->tried++;
	c->started_ms = clock_mono_ms();
	s->nrequests[c->kind]++;
	if (c->tried > 1)
		s->nrequests[STORE_REQ_AGAIN]++;
	http_start(s->http, &c->req);
	return (0);
}

static void
launch(struct s3 *s, struct s3_call *c)
{
	struct err e;

	if (s->down || s->abandoning)
		give_up(c, &s->why);
	else if (send_try(s, c, &e) == -1)
		give_up(c, &e);
	else
		TAILQ_INSERT_TAIL(&s->flying, c, entry);
}

/* Content-MD5 of the body, wherever it is. */
static int
add_md5(struct s3_call *c, struct err *e)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t skip = c->fd == -1 ? 0 : c->body_off % page;
	size_t len = (size_t)(c->body_bytes + skip);
	char base64[25];
	uint8_t *map;

	if (c->fd == -1 || c->body_bytes == 0) {
		sigv4_md5(c->body, (size_t)c->body_bytes, base64);
	} else {
		map = mmap(NULL, len, PROT_READ, MAP_SHARED, c->fd,
		    (off_t)(c->body_off - skip));
		if (map == MAP_FAILED) {
			err_sys(e, ERR_IO, "map the spool");
			return (-1);
		}
		sigv4_md5(map + skip, (size_t)c->body_bytes, base64);
		(void)munmap(map, len);
	}
	s3_call_header(c, "content-md5", base64);
	return (0);
}

void
s3_call_start(struct s3 *s, struct s3_call *c)
{
	struct err e;

	s->ncalls++;
	if (c->md5 && add_md5(c, &e) == -1)
		give_up(c, &e);
	else
		launch(s, c);
	if (c->dead)
		TAILQ_INSERT_TAIL(&s->waiting, c, entry);
}

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
	/* The answer to a HEAD has no body to say it in. */
	if (c->fault.code[0] == '\0' && r->status == 403 && r->date_ms != 0 &&
	    (off > SKEW_MS || off < -SKEW_MS))
		memcpy(c->fault.code, "RequestTimeTooSkewed", 21);
}

/* Keep the row of failures. */
static void
count(struct s3 *s, const struct s3_call *c, enum retry_verdict v)
{
	if (v != RETRY_AGAIN && c->req.status != 403 && !c->req.failed) {
		retry_row_success(&s->row);
		return;
	}
	if (!retry_row_failure(&s->row, clock_mono_ms()) || s->down)
		return;
	if (c->req.failed)
		s->why = c->req.err;
	else
		s3_fault_err(&c->fault, &s->site, c->key, &s->why);
	s->why.cls = ERR_NETWORK;
	err_prefix(&s->why, "store %s is down: %u requests in a row failed, "
	    "the last", s->base.name, s->row.nfailed);
	s->down = true;
}

static bool
follow(struct s3 *s, struct s3_call *c)
{
	char *moved;

	if (c->redirected || !s3_site_follow(&s->site, &c->fault,
	    http_header(&c->req, "location"), &moved))
		return (false);
	c->redirected = true;
	free(c->moved);
	c->moved = moved;
	if (!s->said_moved)
		log_info("store %s: the server sends us on to %s", s->base.name,
		    moved != NULL ? moved : s->site.host);
	s->said_moved = true;
	return (true);
}

static bool
set_clock(struct s3 *s, struct s3_call *c)
{
	if (c->clock_set || c->req.date_ms == 0)
		return (false);
	c->clock_set = true;
	s->clock_off_ms = c->req.date_ms - clock_real_ms();
	return (true);
}

static bool
renew_keys(struct s3 *s, struct s3_call *c)
{
	if (c->keys_renewed)
		return (false);
	c->keys_renewed = true;
	credentials_expired(s->credentials);
	return (true);
}

/* Another try?  Then c->due_ms says when. */
static bool
again(struct s3 *s, struct s3_call *c, enum retry_verdict v)
{
	int64_t after_ms;

	c->due_ms = 0;
	switch (v) {
	case RETRY_MOVED:
		return (follow(s, c));
	case RETRY_CLOCK:
		return (set_clock(s, c));
	case RETRY_KEYS:
		return (renew_keys(s, c));
	case RETRY_AGAIN:
		if (c->req.sent)
			c->unsure = true;
		if (c->once || c->tried >= RETRY_TRIES)
			return (false);
		after_ms = retry_after_ms(http_header(&c->req, "retry-after"),
		    clock_real_ms() + s->clock_off_ms);
		c->due_ms = clock_mono_ms() + retry_delay_ms(c->tried,
		    arc4random(), after_ms);
		return (true);
	default:
		return (false);
	}
}

/* Judge a try that has ended: true if there will be another. */
static bool
judge(struct s3 *s, struct s3_call *c)
{
	struct retry_facts facts = { 0 };
	enum retry_verdict v;

	read_fault(s, c);
	facts.broken = c->req.failed;
	facts.transient = c->req.err.cls == ERR_NETWORK;
	facts.status = c->req.status;
	facts.code = c->fault.code;
	v = retry_judge(&facts);
	trace(s, c);
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

/* The call is over: its function takes it. */
static void
deliver(struct s3 *s, struct s3_call *c)
{
	s->ncalls--;
	c->done(s, c);
}

static void
finish(struct s3 *s, struct s3_call *c)
{
	TAILQ_REMOVE(&s->flying, c, entry);
	if (judge(s, c))
		TAILQ_INSERT_TAIL(&s->waiting, c, entry);
	else
		deliver(s, c);
}

/*
 * Send what has waited long enough, and deliver the dead.  Returns how long
 * until there is more of it: 0 if something was delivered, -1 for never.
 */
static int64_t
wake(struct s3 *s)
{
	struct s3_calls due = TAILQ_HEAD_INITIALIZER(due);
	struct s3_call *c, *next;
	int64_t now = clock_mono_ms(), left = -1;
	bool any = false;

	for (c = TAILQ_FIRST(&s->waiting); c != NULL; c = next) {
		next = TAILQ_NEXT(c, entry);
		if (c->due_ms <= now) {
			TAILQ_REMOVE(&s->waiting, c, entry);
			TAILQ_INSERT_TAIL(&due, c, entry);
		} else if (left == -1 || c->due_ms - now < left)
			left = c->due_ms - now;
	}
	while ((c = TAILQ_FIRST(&due)) != NULL) {
		TAILQ_REMOVE(&due, c, entry);
		if (!c->dead)
			launch(s, c);
		if (c->dead) {
			any = true;
			deliver(s, c);
		}
	}
	return (any ? 0 : left);
}

void
s3_move(struct s3 *s, int fd, int timeout_ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	struct http_req *r;
	int64_t left;
	int wait_ms = timeout_ms;

	left = wake(s);
	if (left != -1 && (wait_ms == -1 || left < wait_ms))
		wait_ms = (int)left;
	if (!TAILQ_EMPTY(&s->flying))
		http_move(s->http, fd, wait_ms);
	else if (fd != -1 || wait_ms > 0)
		(void)poll(&pfd, fd == -1 ? 0 : 1, wait_ms);
	while ((r = http_next(s->http)) != NULL)
		finish(s, r->owner);
	if (s->down && (s->ncalls > 0 || s->nremovals > 0))
		s3_abandon(s, &s->why);
}

void
s3_abandon(struct s3 *s, const struct err *e)
{
	struct store_queue ops = TAILQ_HEAD_INITIALIZER(ops);
	struct s3_call *c;

	if (s->abandoning)
		return;
	s->abandoning = true;
	s->why = *e;
	TAILQ_CONCAT(&ops, &s->removals, entry);
	s->nremovals = 0;
	store_doom(&s->base, &ops, e);
	for (;;) {
		if ((c = TAILQ_FIRST(&s->flying)) != NULL) {
			TAILQ_REMOVE(&s->flying, c, entry);
			http_fini_req(s->http, &c->req);
			memset(&c->req, 0, sizeof(c->req));
		} else if ((c = TAILQ_FIRST(&s->waiting)) != NULL)
			TAILQ_REMOVE(&s->waiting, c, entry);
		else
			break;
		c->ok = false;
		c->err = *e;
		deliver(s, c);
	}
	s->abandoning = false;
}

static void
mark(struct s3 *s, struct s3_call *c)
{
	bool *done = c->owner;

	(void)s;
	*done = true;
}

int
s3_call_run(struct s3 *s, struct s3_call *c, struct err *e)
{
	bool done = false;

	c->done = mark;
	/* cppcheck-suppress autoVariables; it is taken back below */
	c->owner = &done;
	s3_call_start(s, c);
	while (!done)
		s3_move(s, -1, -1);
	c->owner = NULL;
	if (!c->ok) {
		*e = c->err;
		return (-1);
	}
	return (0);
}

int
s3_call_pull(struct s3 *s, struct s3_call *c, void *p, size_t n,
    size_t *got, struct err *e)
{
	ssize_t r;

	c->pull = true;
	for (;;) {
		if (s->down) {
			*e = s->why;
			return (-1);
		}
		if (send_try(s, c, e) == -1)
			return (-1);
		if ((r = http_pull(s->http, &c->req, p, n, e)) == -1) {
			c->req.failed = true;
			c->req.err = *e;
		}
		/* Only a good answer gives bytes before its status is set. */
		if (r > 0 && c->req.status == 0)
			c->req.status = http_header(&c->req,
			    "content-range") != NULL ? 206 : 200;
		if (!judge(s, c))
			break;
		while (c->due_ms > clock_mono_ms())
			s3_move(s, -1, (int)(c->due_ms - clock_mono_ms()) + 1);
	}
	if (!c->ok) {
		*e = c->err;
		return (-1);
	}
	*got = (size_t)r;
	return (0);
}
