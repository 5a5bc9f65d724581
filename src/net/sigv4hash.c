#include "net/sigv4.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/log.h"
#include "base/mem.h"

enum {
	MD5_BYTES = 16,
	CHUNK_BYTES = 128 * 1024
};

static bool
is_unreserved(unsigned char c)
{
	return ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' ||
	    c == '~');
}

void
sigv4_encode(struct buf *out, const char *s, size_t n, bool slash)
{
	static const char hex[] = "0123456789ABCDEF";
	unsigned char c;
	char *to = buf_room(out, 3 * n);
	size_t i, k = 0;

	for (i = 0; i < n; i++) {
		c = (unsigned char)s[i];
		if (is_unreserved(c) || (slash && c == '/')) {
			to[k++] = (char)c;
			continue;
		}
		to[k++] = '%';
		to[k++] = hex[c >> 4];
		to[k++] = hex[c & 15];
	}
	to[k] = '\0';
	out->len += k;
}

void
sigv4_hex(const uint8_t sum[SIGV4_SUM_BYTES], char hex[SIGV4_HASH_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < SIGV4_SUM_BYTES; i++) {
		hex[2 * i] = digits[sum[i] >> 4];
		hex[2 * i + 1] = digits[sum[i] & 15];
	}
	hex[SIGV4_HASH_BYTES - 1] = '\0';
}

/* Looking an algorithm up costs more than hashing a request does, so each is
 * kept until the process ends. */
static const EVP_MD *
algorithm(const EVP_MD **kept, const char *name)
{
	if (*kept == NULL && (*kept = EVP_MD_fetch(NULL, name, NULL)) == NULL)
		log_fatal("libcrypto has no %s", name);
	return (*kept);
}

static const EVP_MD *
sha256(void)
{
	static const EVP_MD *kept;

	return (algorithm(&kept, "SHA256"));
}

void
sigv4_hash(const void *p, size_t n, char hex[SIGV4_HASH_BYTES])
{
	unsigned char sum[EVP_MAX_MD_SIZE];

	if (EVP_Digest(p, n, sum, NULL, sha256(), NULL) != 1)
		log_fatal("libcrypto cannot hash");
	sigv4_hex(sum, hex);
}

int
sigv4_hash_fd(int fd, uint64_t off, uint64_t n, char hex[SIGV4_HASH_BYTES])
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	uint8_t *chunk = NULL;
	EVP_MD_CTX *ctx;
	ssize_t got;
	int rc = -1;

	if ((ctx = EVP_MD_CTX_new()) == NULL ||
	    EVP_DigestInit_ex(ctx, sha256(), NULL) != 1)
		log_fatal("libcrypto cannot hash");
	chunk = mem_resize(NULL, CHUNK_BYTES, 1);
	while (n > 0) {
		got = pread(fd, chunk, n < CHUNK_BYTES ? n : CHUNK_BYTES,
		    (off_t)off);
		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0)
			goto out;
		if (EVP_DigestUpdate(ctx, chunk, (size_t)got) != 1)
			log_fatal("libcrypto cannot hash");
		off += (uint64_t)got;
		n -= (uint64_t)got;
	}
	if (EVP_DigestFinal_ex(ctx, sum, NULL) != 1)
		log_fatal("libcrypto cannot hash");
	sigv4_hex(sum, hex);
	rc = 0;
out:
	free(chunk);
	EVP_MD_CTX_free(ctx);
	return (rc);
}

void
sigv4_md5(const void *p, size_t n, char base64[25])
{
	static const EVP_MD *kept;
	unsigned char sum[EVP_MAX_MD_SIZE];

	if (EVP_Digest(p, n, sum, NULL, algorithm(&kept, "MD5"), NULL) != 1)
		log_fatal("libcrypto cannot hash");
	(void)EVP_EncodeBlock((unsigned char *)base64, sum, MD5_BYTES);
}
