#include "base/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "base/log.h"
#include "base/mem.h"

static struct hash128
from_xxh(XXH128_hash_t x)
{
	return ((struct hash128){ .hi = x.high64, .lo = x.low64 });
}

struct hash128
hash128(const void *p, size_t n)
{
	return (from_xxh(XXH3_128bits(p, n)));
}

struct hash128
hash128_seeded(const void *p, size_t n, uint64_t seed)
{
	return (from_xxh(XXH3_128bits_withSeed(p, n, seed)));
}

uint64_t
hash64(const void *p, size_t n)
{
	return (XXH3_64bits(p, n));
}

void
hash128_hex(struct hash128 h, char buf[HASH128_HEX_BYTES])
{
	(void)snprintf(buf, HASH128_HEX_BYTES, "%016llx%016llx",
	    (unsigned long long)h.hi, (unsigned long long)h.lo);
}

bool
hash128_parse(const char *hex, struct hash128 *h)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t half[2] = { 0, 0 };
	const char *d;
	size_t i;

	if (strlen(hex) != HASH128_HEX_BYTES - 1)
		return (false);
	for (i = 0; i < HASH128_HEX_BYTES - 1; i++) {
		if ((d = strchr(digits, hex[i])) == NULL)
			return (false);
		half[i / 16] = half[i / 16] << 4 | (uint64_t)(d - digits);
	}
	h->hi = half[0];
	h->lo = half[1];
	return (true);
}

struct hash_stream {
	XXH3_state_t *xxh;	/* of an alignment that its maker knows */
};

struct hash_stream *
hash_stream_new(void)
{
	struct hash_stream *hs = mem_zero(sizeof(*hs));

	if ((hs->xxh = XXH3_createState()) == NULL)
		log_fatal("out of memory");
	hash_stream_reset(hs);
	return (hs);
}

void
hash_stream_free(struct hash_stream *hs)
{
	if (hs == NULL)
		return;
	(void)XXH3_freeState(hs->xxh);
	free(hs);
}

void
hash_stream_reset(struct hash_stream *hs)
{
	(void)XXH3_128bits_reset(hs->xxh);
}

void
hash_stream_put(struct hash_stream *hs, const void *p, size_t n)
{
	(void)XXH3_128bits_update(hs->xxh, p, n);
}

struct hash128
hash_stream_get(const struct hash_stream *hs)
{
	return (from_xxh(XXH3_128bits_digest(hs->xxh)));
}

struct hash32 {
	XXH32_state_t *xxh;
};

struct hash32 *
hash32_new(void)
{
	struct hash32 *h = mem_zero(sizeof(*h));

	if ((h->xxh = XXH32_createState()) == NULL)
		log_fatal("out of memory");
	hash32_reset(h);
	return (h);
}

void
hash32_free(struct hash32 *h)
{
	if (h == NULL)
		return;
	(void)XXH32_freeState(h->xxh);
	free(h);
}

void
hash32_reset(struct hash32 *h)
{
	(void)XXH32_reset(h->xxh, 0);
}

void
hash32_put(struct hash32 *h, const void *p, size_t n)
{
	(void)XXH32_update(h->xxh, p, n);
}

uint32_t
hash32_get(const struct hash32 *h)
{
	return (XXH32_digest(h->xxh));
}
