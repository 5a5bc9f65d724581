/*
 * sigv4 -- AWS Signature Version 4, in the Authorization header.
 * Source: AWS, "Signing AWS API requests" (canonical request, string to
 * sign, signing key), and for S3: paths are encoded once and not normalised.
 */
#ifndef NET_SIGV4_H
#define NET_SIGV4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define SIGV4_UNSIGNED	"UNSIGNED-PAYLOAD"

enum {
	SIGV4_SUM_BYTES = 32,	/* of SHA-256 and HMAC-SHA256 */
	SIGV4_HASH_BYTES = 65	/* 64 hex digits and a NUL */
};

struct sigv4_keys {
	const char *access;
	const char *secret;
	const char *token;		/* session token, or NULL */
};

struct sigv4_pair {
	const char *name;
	const char *value;
};

struct sigv4_req {
	const char *method;
	const char *host;		/* as in the Host header */
	const char *path;		/* encoded, as sent ("/b/a%20c") */
	const struct sigv4_pair *query;	/* decoded, any order */
	size_t nquery;
	const struct sigv4_pair *headers;	/* further ones to be signed,
						 * lower-case names, any order;
						 * not host, not x-amz-date,
						 * not x-amz-content-sha256,
						 * not x-amz-security-token */
	size_t nheaders;
	const char *payload;		/* SHA-256 in hex, or SIGV4_UNSIGNED */
	int64_t time_ms;
	const char *region;
	const char *service;		/* "s3" */
};

/* Keeps the signing key of a day. */
struct sigv4;
struct sigv4 *sigv4_new(void);
void sigv4_free(struct sigv4 *s);	/* wipes it */

/*
 * Append the header lines that the signature needs to *out, each "Name:
 * value" and ended by NUL: x-amz-date, x-amz-content-sha256 (service s3),
 * x-amz-security-token (with a token), Authorization.
 */
void sigv4_sign(struct sigv4 *s, const struct sigv4_req *req,
    const struct sigv4_keys *keys, struct buf *out);

/* The parts, for the test vectors: append them to *out. */
void sigv4_canonical(const struct sigv4_req *req,
    const struct sigv4_keys *keys, struct buf *out);
void sigv4_string_to_sign(const struct sigv4_req *req,
    const struct sigv4_keys *keys, struct buf *out);

/* Append s[0 .. n-1] as AWS encodes it: all but A-Za-z0-9-_.~ as %XX, '/' too
 * unless "slash". */
void sigv4_encode(struct buf *out, const char *s, size_t n, bool slash);

/* SHA-256 in hex of memory; of body_bytes of a file from an offset (-1: it
 * cannot be read). */
void sigv4_hash(const void *p, size_t n, char hex[SIGV4_HASH_BYTES]);
int sigv4_hash_fd(int fd, uint64_t off, uint64_t n,
    char hex[SIGV4_HASH_BYTES]);

/* A hash in hex. */
void sigv4_hex(const uint8_t sum[SIGV4_SUM_BYTES],
    char hex[SIGV4_HASH_BYTES]);

/* MD5 of memory in base64, as Content-MD5 has it (25 bytes with its NUL). */
void sigv4_md5(const void *p, size_t n, char base64[25]);

#endif
