#include "store/s3.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/s3call.h"

enum {
	CONCURRENT = 100,
	CONNECT_MS = 5 * 1000,
	STALL_MS = 30 * 1000,
	/* For the uploads that a close leaves unfinished to be aborted. */
	CLOSE_MS = 500,
	MARKER_MAX_BYTES = 4096
};

static void
shut(struct store *base)
{
	struct s3 *s = s3_of(base);
	int64_t end = clock_mono_ms() + CLOSE_MS, left;
	struct err e;

	if (s->http != NULL) {
		err_set(&e, ERR_NETWORK, "store %s: closed before it was "
		    "finished", base->name);
		s3_abandon(s, &e);
		s3_multi_abort_all(s);
		while (s->ncalls > 0 && !s->down &&
		    (left = end - clock_mono_ms()) > 0)
			s3_move(s, -1, (int)left);
		s3_abandon(s, &e);
	}
	s3_multi_forget_all(s);
	credentials_free(s->credentials);
	sigv4_free(s->sigv4);
	http_free(s->http);
	s3_site_fini(&s->site);
	free(s->url.storage_class);
	free(s->url.sse);
	free(s->url.sse_kms_key_id);
	free(s->url.acl);
	free(s->prefix);
	store_fini(base);
	free(s);
}

/* Fail without a request. */
static void
fail(struct s3 *s, struct store_op *op, enum err_class cls, const char *why)
{
	struct err e;

	err_set(&e, cls, "s3://%s/%s%s: %s", s->site.bucket, s->prefix,
	    op->name, why);
	store_done(&s->base, op, &e);
}

/* The store is down: what comes now has failed for the same reason. */
static void
doom(struct s3 *s, struct store_op *op)
{
	struct store_queue one = TAILQ_HEAD_INITIALIZER(one);

	store_op_unload(op);
	if (s->doomed) {
		TAILQ_INSERT_TAIL(&s->base.doomed, op, entry);
		return;
	}
	TAILQ_INSERT_TAIL(&one, op, entry);
	store_doom(&s->base, &one, &s->why);
	s->doomed = true;
}

/* Too much in hand to take another? */
static bool
full(const struct s3 *s, size_t bytes)
{
	return (s->ncalls >= 2 * (size_t)s->concurrent ||
	    (s->memory_bytes > 0 &&
	    s->memory_bytes + bytes > S3_MEMORY_BYTES));
}

static bool
is_full(const struct store *base)
{
	const struct s3 *s = (const struct s3 *)base;

	return (!s->down && full(s, STORE_MEMORY_BYTES));
}

static void
submit(struct store *base, struct store_op *op)
{
	struct s3 *s = s3_of(base);
	struct stat st;
	size_t bytes;

	if (strlen(s->prefix) + strlen(op->name) > S3_KEY_BYTES) {
		fail(s, op, ERR_LIMIT, "the key is longer than 1,024 bytes");
		return;
	}
	bytes = op->verb == STORE_GET ? s3_fetch_bytes(op) : op->mem.len;
	while (!s->down && full(s, bytes))
		s3_move(s, -1, -1);
	if (s->down) {
		doom(s, op);
		return;
	}
	if (op->verb == STORE_REMOVE) {
		s3_remove(s, op);
		return;
	}
	if (op->verb == STORE_GET) {
		s3_fetch(s, op);
		s3_move(s, -1, 0);
		return;
	}
	op->bytes = op->mem.len;
	if (op->fd != -1 && fstat(op->fd, &st) == -1) {
		fail(s, op, ERR_IO, "the spool cannot be read");
		return;
	}
	if (op->fd != -1)
		op->bytes = (uint64_t)st.st_size;
	s->memory_bytes += op->mem.len;
	if (op->bytes > S3_MULTIPART_BYTES)
		s3_multi(s, op);
	else
		s3_put(s, op);
	s3_move(s, -1, 0);
}

static bool
readable(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return (fd != -1 && poll(&pfd, 1, 0) == 1);
}

static void
pause_for(struct store *base, int fd, int timeout_ms)
{
	struct s3 *s = s3_of(base);
	int64_t now = clock_mono_ms(), end = now + timeout_ms;

	s3_remove_all(s);
	do {
		if (s->ncalls == 0 && fd == -1)
			return;
		s3_move(s, fd, timeout_ms == -1 ? -1 : (int)(end - now));
		now = clock_mono_ms();
	} while (TAILQ_EMPTY(&base->done) && TAILQ_EMPTY(&base->doomed) &&
	    (timeout_ms == -1 || now < end) && !readable(fd));
}

static void
flush(struct store *base, int64_t timeout_ms)
{
	struct s3 *s = s3_of(base);
	int64_t end = clock_mono_ms() + timeout_ms, left = -1;
	struct err e;

	s3_remove_all(s);
	while (s->ncalls > 0) {
		if (timeout_ms != -1 && (left = end - clock_mono_ms()) <= 0) {
			err_set(&e, ERR_NETWORK, "store %s: not confirmed "
			    "when the time was over", base->name);
			s3_abandon(s, &e);
			return;
		}
		s3_move(s, -1, left > INT32_MAX ? INT32_MAX : (int)left);
		s3_remove_all(s);
	}
}

static int
spool(struct store *base, struct err *e)
{
	err_set(e, ERR_GONE, "store %s has no spool", base->name);
	return (-1);
}

static bool
is_down(const struct store *base, struct err *e)
{
	const struct s3 *s = (const struct s3 *)base;

	if (s->down)
		*e = s->why;
	return (s->down);
}

static bool
server_clock(const struct store *base, int64_t *off_ms)
{
	const struct s3 *s = (const struct s3 *)base;

	if (s->dated)
		*off_ms = s->date_off_ms;
	return (s->dated);
}

static uint64_t
requests(const struct store *base, enum store_request kind)
{
	return (((const struct s3 *)base)->nrequests[kind]);
}

static const struct store_backend backend = {
	.components = false,
	.close = shut,
	.submit = submit,
	.wait = pause_for,
	.flush = flush,
	.spool = spool,
	.get = s3_get,
	.list = s3_list,
	.is_full = is_full,
	.is_down = is_down,
	.clock = server_clock,
	.requests = requests,
};

/* What objects are stored with; the caller's URL may go away. */
static void
keep_options(struct s3 *s, const struct store_url_s3 *u)
{
	s->url.sign_payload = u->sign_payload;
	s->url.require_content_md5 = u->require_content_md5;
	s->url.part_bytes = u->part_bytes;
	if (u->storage_class != NULL)
		s->url.storage_class = mem_strdup(u->storage_class);
	if (u->sse != NULL)
		s->url.sse = mem_strdup(u->sse);
	if (u->sse_kms_key_id != NULL)
		s->url.sse_kms_key_id = mem_strdup(u->sse_kms_key_id);
	if (u->acl != NULL)
		s->url.acl = mem_strdup(u->acl);
}

static char *
prefix_of(const struct store_url *u)
{
	return (u->s3.prefix[0] == '\0' ? mem_strdup("") :
	    mem_printf("%s/", u->s3.prefix));
}

static char *
name_of(const struct store_url *u)
{
	return (mem_printf("s3://%s%s%s", u->s3.bucket,
	    u->s3.prefix[0] == '\0' ? "" : "/", u->s3.prefix));
}

/* Connections, credentials, and where to. */
static int
connect_to(struct s3 *s, const struct store_cfg *cfg, struct err *e)
{
	const struct store_s3_cfg *o = &cfg->s3;
	struct http_cfg hcfg = {
		.concurrent = s->concurrent,
		.connect_timeout_ms = o->connect_timeout_ms > 0 ?
		    o->connect_timeout_ms : CONNECT_MS,
		.stall_timeout_ms = o->request_timeout_ms > 0 ?
		    o->request_timeout_ms : STALL_MS,
		.limit_rate = o->limit_rate_bytes,
		.ca_file = o->ca_file,
		.skip_verify = cfg->url->s3.skip_verify,
	};
	struct credentials_cfg ccfg = { .access = o->access,
	    .secret = o->secret, .ca_file = o->ca_file };
	char *region = NULL, *endpoint = NULL;
	int ret = -1;

	if ((s->http = http_new(&hcfg, e)) == NULL)
		goto out;
	if ((s->credentials = credentials_new(&ccfg, e)) == NULL)
		goto out;
	s->sigv4 = sigv4_new();
	region = credentials_region(s->credentials);
	if (cfg->url->s3.endpoint != NULL)
		endpoint = mem_strdup(cfg->url->s3.endpoint);
	else if ((endpoint = credentials_endpoint(s->credentials)) != NULL) {
		char *text = endpoint;

		endpoint = store_url_endpoint(text, "the S3 endpoint of the "
		    "environment", e);
		free(text);
		if (endpoint == NULL)
			goto out;
	}
	ret = s3_site_init(&s->site, &cfg->url->s3, region, endpoint, e);
out:
	free(region);
	free(endpoint);
	return (ret);
}

struct store *
s3_open(const struct store_cfg *cfg, struct err *e)
{
	struct s3 *s = mem_zero(sizeof(*s));
	char *name = name_of(cfg->url);

	store_init(&s->base, &backend, name);
	free(name);
	s->prefix = prefix_of(cfg->url);
	s->concurrent = cfg->s3.concurrent > 0 ? cfg->s3.concurrent :
	    CONCURRENT;
	TAILQ_INIT(&s->flying);
	TAILQ_INIT(&s->waiting);
	TAILQ_INIT(&s->resting);
	TAILQ_INIT(&s->removals);
	LIST_INIT(&s->multis);
	keep_options(s, &cfg->url->s3);
	if (connect_to(s, cfg, e) == -1) {
		err_prefix(e, "store %s", s->base.name);
		shut(&s->base);
		return (NULL);
	}
	return (&s->base);
}

int
s3_settle(struct store *base, const struct store_url *u, struct err *e)
{
	struct s3 *s = s3_of(base);
	struct buf marker = { 0 };
	int ret;

	free(s->prefix);
	s->prefix = prefix_of(u);
	free(base->name);
	base->name = name_of(u);
	/* Not HEAD: the answer to that has no body to say in what is wrong. */
	if (store_get_all(base, ".litefleet/store", MARKER_MAX_BYTES, &marker,
	    e) == 0)
		ret = 1;
	else
		ret = e->cls == ERR_NOTFOUND ? 0 : -1;
	buf_fini(&marker);
	return (ret);
}
