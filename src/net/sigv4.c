#include "net/sigv4.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/log.h"
#include "base/mem.h"

enum {
	MAC_BYTES = SIGV4_SUM_BYTES,
	STAMP_BYTES = 17,	/* "20130524T000000Z" and a NUL */
	DATE_BYTES = 9		/* "20130524" and a NUL */
};

struct sigv4 {
	char id[SIGV4_HASH_BYTES];	/* of what the key was made from */
	uint8_t key[MAC_BYTES];
};

struct sigv4 *
sigv4_new(void)
{
	return (mem_zero(sizeof(struct sigv4)));
}

void
sigv4_free(struct sigv4 *s)
{
	if (s == NULL)
		return;
	OPENSSL_cleanse(s, sizeof(*s));
	free(s);
}

static void
stamp(int64_t time_ms, char out[STAMP_BYTES])
{
	time_t t = (time_t)(time_ms / 1000);
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(out, STAMP_BYTES, "%Y%m%dT%H%M%SZ", &tm) == 0)
		log_fatal("no request can be signed for this time");
}

static void
put_scope(const struct sigv4_req *req, struct buf *out)
{
	char at[STAMP_BYTES];

	stamp(req->time_ms, at);
	buf_put(out, at, DATE_BYTES - 1);
	buf_printf(out, "/%s/%s/aws4_request", req->region, req->service);
}

static bool
names_payload(const struct sigv4_req *req)
{
	return (strcmp(req->service, "s3") == 0);
}

/* Put a header where it belongs: behind all that are not greater. */
static void
insert(struct sigv4_pair *all, size_t *n, const char *name, const char *value)
{
	size_t i;

	for (i = (*n)++; i > 0 && strcmp(all[i - 1].name, name) > 0; i--)
		all[i] = all[i - 1];
	all[i].name = name;
	all[i].value = value;
}

/* Two texts of a pair, once encoded, as offsets into one buf. */
struct encoded {
	size_t name;
	size_t value;
};

static int
by_text(const void *a, const void *b, void *base)
{
	const struct encoded *x = a, *y = b;
	const char *text = base;
	int d = strcmp(text + x->name, text + y->name);

	return (d != 0 ? d : strcmp(text + x->value, text + y->value));
}

/* Sorted by the encoded name, then the encoded value. */
static void
put_query(const struct sigv4_req *req, struct buf *out)
{
	struct encoded *at = mem_resize(NULL, req->nquery + 1, sizeof(*at));
	struct buf text = { 0 };
	size_t i;

	for (i = 0; i < req->nquery; i++) {
		at[i].name = text.len;
		sigv4_encode(&text, req->query[i].name,
		    strlen(req->query[i].name), false);
		buf_putc(&text, '\0');
		at[i].value = text.len;
		sigv4_encode(&text, req->query[i].value,
		    strlen(req->query[i].value), false);
		buf_putc(&text, '\0');
	}
	if (req->nquery > 0)
		qsort_r(at, req->nquery, sizeof(*at), by_text, text.data);
	for (i = 0; i < req->nquery; i++)
		buf_printf(out, "%s%s=%s", i > 0 ? "&" : "",
		    (const char *)text.data + at[i].name,
		    (const char *)text.data + at[i].value);
	buf_fini(&text);
	free(at);
}

/* Without spaces around it, and with single ones within. */
static void
put_trimmed(struct buf *out, const char *s)
{
	bool gap = false, any = false;

	for (; *s != '\0'; s++) {
		if (*s == ' ' || *s == '\t' || *s == '\n') {
			gap = any;
			continue;
		}
		if (gap)
			buf_putc(out, ' ');
		buf_putc(out, *s);
		gap = false;
		any = true;
	}
}

/* All headers that are signed, in order; the caller frees.  "at" is the text
 * of x-amz-date. */
static struct sigv4_pair *
collect(const struct sigv4_req *req, const struct sigv4_keys *keys,
    const char *at, size_t *n)
{
	struct sigv4_pair *all;
	size_t i;

	all = mem_resize(NULL, req->nheaders + 4, sizeof(*all));
	*n = 0;
	for (i = 0; i < req->nheaders; i++)
		insert(all, n, req->headers[i].name, req->headers[i].value);
	insert(all, n, "host", req->host);
	insert(all, n, "x-amz-date", at);
	if (names_payload(req))
		insert(all, n, "x-amz-content-sha256", req->payload);
	if (keys->token != NULL)
		insert(all, n, "x-amz-security-token", keys->token);
	return (all);
}

static void
put_signed_names(const struct sigv4_pair *all, size_t n, struct buf *out)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (i > 0 && strcmp(all[i].name, all[i - 1].name) == 0)
			continue;
		buf_printf(out, "%s%s", i > 0 ? ";" : "", all[i].name);
	}
}

void
sigv4_canonical(const struct sigv4_req *req, const struct sigv4_keys *keys,
    struct buf *out)
{
	struct sigv4_pair *all;
	char at[STAMP_BYTES];
	size_t i, n;

	stamp(req->time_ms, at);
	all = collect(req, keys, at, &n);
	buf_printf(out, "%s\n%s\n", req->method,
	    req->path[0] != '\0' ? req->path : "/");
	put_query(req, out);
	for (i = 0; i < n; i++) {
		if (i > 0 && strcmp(all[i].name, all[i - 1].name) == 0)
			buf_putc(out, ',');
		else
			buf_printf(out, "\n%s:", all[i].name);
		put_trimmed(out, all[i].value);
	}
	buf_puts(out, "\n\n");
	put_signed_names(all, n, out);
	buf_printf(out, "\n%s", req->payload);
	free(all);
}

void
sigv4_string_to_sign(const struct sigv4_req *req,
    const struct sigv4_keys *keys, struct buf *out)
{
	char at[STAMP_BYTES], hex[SIGV4_HASH_BYTES];
	struct buf canonical = { 0 };

	stamp(req->time_ms, at);
	sigv4_canonical(req, keys, &canonical);
	sigv4_hash(canonical.data, canonical.len, hex);
	buf_printf(out, "AWS4-HMAC-SHA256\n%s\n", at);
	put_scope(req, out);
	buf_printf(out, "\n%s", hex);
	/* The session token was in it. */
	OPENSSL_cleanse(canonical.data, canonical.len);
	buf_fini(&canonical);
}

static EVP_MAC_CTX *
mac_new(void)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest,
		    0),
		OSSL_PARAM_construct_end()
	};
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(hmac);

	EVP_MAC_free(hmac);
	if (ctx == NULL || !EVP_MAC_CTX_set_params(ctx, params))
		log_fatal("libcrypto has no HMAC-SHA256");
	return (ctx);
}

static void
mac(const void *key, size_t nkey, const char *s, uint8_t out[MAC_BYTES])
{
	static EVP_MAC_CTX *ctx;	/* looking it up costs more */
	size_t len = 0;

	if (ctx == NULL)
		ctx = mac_new();
	if (!EVP_MAC_init(ctx, key, nkey, NULL) ||
	    !EVP_MAC_update(ctx, (const unsigned char *)s, strlen(s)) ||
	    !EVP_MAC_final(ctx, out, &len, MAC_BYTES) || len != MAC_BYTES)
		log_fatal("libcrypto cannot compute HMAC-SHA256");
}

/*
 * The key of a day, made anew where any of its four ingredients is another.
 * What they were is remembered as a hash, so that no copy of the secret stays.
 */
static const uint8_t *
signing_key(struct sigv4 *s, const struct sigv4_req *req,
    const struct sigv4_keys *keys)
{
	struct buf text = { 0 };
	char at[STAMP_BYTES], id[SIGV4_HASH_BYTES];
	size_t nsecret = 4 + strlen(keys->secret);
	uint8_t k[MAC_BYTES];

	stamp(req->time_ms, at);
	at[DATE_BYTES - 1] = '\0';
	/* Room at once: growing would leave a copy behind. */
	(void)buf_room(&text, nsecret + strlen(req->region) +
	    strlen(req->service) + STAMP_BYTES);
	buf_puts(&text, "AWS4");
	buf_puts(&text, keys->secret);
	buf_putc(&text, '\n');
	buf_puts(&text, at);
	buf_putc(&text, '\n');
	buf_puts(&text, req->region);
	buf_putc(&text, '\n');
	buf_puts(&text, req->service);
	sigv4_hash(text.data, text.len, id);
	if (strcmp(id, s->id) != 0) {
		mac(text.data, nsecret, at, k);
		mac(k, sizeof(k), req->region, s->key);
		mac(s->key, sizeof(s->key), req->service, k);
		mac(k, sizeof(k), "aws4_request", s->key);
		memcpy(s->id, id, sizeof(id));
		OPENSSL_cleanse(k, sizeof(k));
	}
	OPENSSL_cleanse(text.data, text.len);
	buf_fini(&text);
	return (s->key);
}

static void
put_authorization(struct sigv4 *s, const struct sigv4_req *req,
    const struct sigv4_keys *keys, const char *at, struct buf *out)
{
	struct buf text = { 0 };
	struct sigv4_pair *all;
	uint8_t sig[MAC_BYTES];
	char hex[SIGV4_HASH_BYTES];
	size_t n;

	sigv4_string_to_sign(req, keys, &text);
	mac(signing_key(s, req, keys), MAC_BYTES, buf_str(&text), sig);
	buf_printf(out, "Authorization: AWS4-HMAC-SHA256 Credential=%s/",
	    keys->access);
	put_scope(req, out);
	buf_puts(out, ", SignedHeaders=");
	all = collect(req, keys, at, &n);
	put_signed_names(all, n, out);
	free(all);
	sigv4_hex(sig, hex);
	buf_printf(out, ", Signature=%s%c", hex, '\0');
	buf_fini(&text);
}

void
sigv4_sign(struct sigv4 *s, const struct sigv4_req *req,
    const struct sigv4_keys *keys, struct buf *out)
{
	char at[STAMP_BYTES];

	stamp(req->time_ms, at);
	buf_printf(out, "x-amz-date: %s%c", at, '\0');
	if (names_payload(req))
		buf_printf(out, "x-amz-content-sha256: %s%c", req->payload,
		    '\0');
	if (keys->token != NULL)
		buf_printf(out, "x-amz-security-token: %s%c", keys->token,
		    '\0');
	put_authorization(s, req, keys, at, out);
}
