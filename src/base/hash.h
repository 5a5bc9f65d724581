/*
 * hash -- XXH3 of 64 and 128 bits (libxxhash).  Not cryptographic: against
 * accidents, and with a secret seed against crafted names.  And XXH32, which
 * is what LZ4 frames carry.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	HASH128_HEX_BYTES = 33	/* 32 hex digits and a NUL */
};

struct hash128 {
	uint64_t hi;
	uint64_t lo;
};

/* The hash of p[0 .. n-1]: of 128 bits, the same with a seed, of 64 bits. */
struct hash128 hash128(const void *p, size_t n);
struct hash128 hash128_seeded(const void *p, size_t n, uint64_t seed);
uint64_t hash64(const void *p, size_t n);

static inline bool
hash128_eq(struct hash128 a, struct hash128 b)
{
	return (a.hi == b.hi && a.lo == b.lo);
}

static inline bool
hash128_is_zero(struct hash128 h)
{
	return (h.hi == 0 && h.lo == 0);
}

/* Lower-case hex, high half first: what xxh128sum(1) prints. */
void hash128_hex(struct hash128 h, char buf[HASH128_HEX_BYTES]);

/* Read exactly 32 hex digits. */
bool hash128_parse(const char *hex, struct hash128 *h);

/* The hash of bytes that come in pieces; equals hash128() of them all. */
struct hash_stream;
struct hash_stream *hash_stream_new(void);
void hash_stream_free(struct hash_stream *hs);
void hash_stream_reset(struct hash_stream *hs);
void hash_stream_put(struct hash_stream *hs, const void *p, size_t n);
struct hash128 hash_stream_get(const struct hash_stream *hs);

/* XXH32 of bytes that come in pieces. */
struct hash32;
struct hash32 *hash32_new(void);
void hash32_free(struct hash32 *h);
void hash32_reset(struct hash32 *h);
void hash32_put(struct hash32 *h, const void *p, size_t n);
uint32_t hash32_get(const struct hash32 *h);

#endif
