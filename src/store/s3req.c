/*
 * s3req -- one try of a call as HTTP: its address, its headers, its signature.
 */
#include <string.h>

#include "base/clock.h"
#include "store/s3call.h"

enum {
	ANSWER_MAX_BYTES = 64 * 1024,
	/* A thousand keys of 1,024 bytes, each three times as long encoded. */
	LIST_MAX_BYTES = 4 * 1024 * 1024
};

/* The parts of an address: Host header, and path as it stands on the wire. */
static void
split(const char *url, struct buf *host, struct buf *path)
{
	size_t start = (size_t)(strstr(url, "://") - url) + 3;
	size_t n = strcspn(url + start, "/");
	const char *p = url + start + n;

	buf_put(host, url + start, n);
	buf_puts(path, *p == '\0' ? "/" : p);
}

/* Where the call goes, without its query, appended to c->url. */
static void
put_address(const struct s3 *s, struct s3_call *c)
{
	if (c->moved != NULL)
		buf_puts(&c->url, c->moved);
	else
		buf_printf(&c->url, "%s://%s%s", s->site.scheme,
		    s->site.host, s->site.base);
	sigv4_encode(&c->url, c->key, strlen(c->key), true);
}

static void
put_query(struct s3_call *c)
{
	size_t i;

	for (i = 0; i < c->nquery; i++) {
		buf_putc(&c->url, i == 0 ? '?' : '&');
		sigv4_encode(&c->url, c->query[i].name,
		    strlen(c->query[i].name), false);
		buf_putc(&c->url, '=');
		sigv4_encode(&c->url, c->query[i].value,
		    strlen(c->query[i].value), false);
	}
}

/* Many are in flight: only a list, and what a removal did not remove, has much
 * to say. */
static size_t
answer_bytes(const struct s3_call *c)
{
	if (c->max_bytes > 0)
		return (c->max_bytes);
	return (c->kind == STORE_REQ_LIST || c->kind == STORE_REQ_REMOVE ?
	    LIST_MAX_BYTES : ANSWER_MAX_BYTES);
}

/* The payload as it is signed; found out once for all tries. */
static int
hash_payload(const struct s3 *s, struct s3_call *c, struct err *e)
{
	if (c->payload[0] != '\0')
		return (0);
	if (s->url.sign_payload == 0 && strcmp(s->site.scheme, "https") == 0)
		memcpy(c->payload, SIGV4_UNSIGNED, sizeof(SIGV4_UNSIGNED));
	else if (c->fd == -1)
		sigv4_hash(c->body, (size_t)c->body_bytes, c->payload);
	else if (sigv4_hash_fd(c->fd, c->body_off, c->body_bytes,
	    c->payload) == -1) {
		c->payload[0] = '\0';
		err_sys(e, ERR_IO, "s3://%s/%s: read the spool",
		    s->site.bucket, c->key);
		return (-1);
	}
	return (0);
}

/* The header lines that are in c->lines, as http wants them. */
static void
list_lines(struct s3_call *c)
{
	const char *p = (const char *)c->lines.data;
	const char *end = p + c->lines.len;
	size_t n = 0;

	for (; p < end && n + 1 < sizeof(c->list) / sizeof(c->list[0]);
	    p += strlen(p) + 1)
		c->list[n++] = p;
	c->list[n] = NULL;
}

int
s3_req_build(struct s3 *s, struct s3_call *c, struct err *e)
{
	struct buf host = { 0 }, path = { 0 };
	struct sigv4_keys keys;
	struct sigv4_req req = { 0 };
	size_t i;
	int ret = -1;

	buf_reset(&c->url);
	buf_reset(&c->lines);
	if (credentials_get(s->credentials, &keys, e) == -1) {
		err_prefix(e, "store %s", s->base.name);
		goto out;
	}
	if (hash_payload(s, c, e) == -1)
		goto out;
	c->nmoves = s->site.nmoves;
	put_address(s, c);
	split(buf_str(&c->url), &host, &path);
	put_query(c);
	for (i = 0; i < c->nheaders; i++) {
		buf_printf(&c->lines, "%s: %s", c->headers[i].name,
		    c->headers[i].value);
		buf_putc(&c->lines, '\0');
	}
	req.method = c->method;
	req.host = buf_str(&host);
	req.path = buf_str(&path);
	req.query = c->query;
	req.nquery = c->nquery;
	req.headers = c->headers;
	req.nheaders = c->nheaders;
	req.payload = c->payload;
	req.time_ms = clock_real_ms() + s->clock_off_ms;
	req.region = s->site.region;
	req.service = "s3";
	sigv4_sign(s->sigv4, &req, &keys, &c->lines);
	list_lines(c);
	c->req.method = c->method;
	c->req.url = buf_str(&c->url);
	c->req.headers = c->list;
	c->req.body = c->body;
	c->req.body_fd = c->fd;
	c->req.body_off = c->body_off;
	c->req.body_bytes = c->body_bytes;
	c->req.pull = c->pull;
	c->req.max_bytes = answer_bytes(c);
	c->req.owner = c;
	ret = 0;
out:
	buf_fini(&host);
	buf_fini(&path);
	return (ret);
}
