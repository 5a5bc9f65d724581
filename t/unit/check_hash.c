#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "unit/suite.h"

/* From the reference implementation's own program: xxhsum -H2, -H3. */
static const struct {
	const char *s;
	const char *hex;
	uint64_t h64;
} known[] = {
	{ "", "99aa06d3014798d86001c324468d497f", 0x2d06800538d394c2 },
	{ "a", "a96faf705af16834e6c632b61e964e1f", 0xe6c632b61e964e1f },
	{ "abc", "06b05ab6733a618578af5f94892f3950", 0x78af5f94892f3950 },
};

START_TEST(hashes_are_those_of_the_reference)
{
	char hex[HASH128_HEX_BYTES];
	size_t n = strlen(known[_i].s);

	hash128_hex(hash128(known[_i].s, n), hex);
	ck_assert_str_eq(hex, known[_i].hex);
	ck_assert_uint_eq(hash64(known[_i].s, n), known[_i].h64);
}
END_TEST

START_TEST(a_seed_gives_another_hash)
{
	struct hash128 plain = hash128("abc", 3);

	ck_assert(hash128_eq(plain, hash128_seeded("abc", 3, 0)));
	ck_assert(!hash128_eq(plain, hash128_seeded("abc", 3, 1)));
	ck_assert(!hash128_eq(hash128_seeded("abc", 3, 2),
	    hash128_seeded("abc", 3, 1)));
}
END_TEST

START_TEST(both_halves_are_compared)
{
	const struct hash128 a = { .hi = 1, .lo = 2 };

	ck_assert(hash128_eq(a, (struct hash128){ .hi = 1, .lo = 2 }));
	ck_assert(!hash128_eq(a, (struct hash128){ .hi = 0, .lo = 2 }));
	ck_assert(!hash128_eq(a, (struct hash128){ .hi = 1, .lo = 0 }));
}
END_TEST

START_TEST(hex_goes_both_ways)
{
	const struct hash128 h = { .hi = 0x0123456789abcdefULL,
	    .lo = 0x00000000000000f0ULL };
	struct hash128 back = { 0 };
	char hex[HASH128_HEX_BYTES];

	hash128_hex(h, hex);
	ck_assert_str_eq(hex, "0123456789abcdef00000000000000f0");
	ck_assert(hash128_parse(hex, &back));
	ck_assert(hash128_eq(h, back));
}
END_TEST

static const char *const no_hex[] = {
	"", "0", "0123456789abcdef00000000000000f",
	"0123456789abcdef00000000000000f00",
	"0123456789abcdef00000000000000fg",
	" 123456789abcdef00000000000000f0",
	"0x23456789abcdef00000000000000f0",
	"-123456789abcdef00000000000000f0",
};

START_TEST(what_is_no_hex_is_refused)
{
	struct hash128 h = { .hi = 7, .lo = 7 };

	ck_assert(!hash128_parse(no_hex[_i], &h));
	ck_assert(h.hi == 7 && h.lo == 7);
}
END_TEST

START_TEST(zero_is_zero_in_both_halves)
{
	ck_assert(hash128_is_zero((struct hash128){ 0, 0 }));
	ck_assert(!hash128_is_zero((struct hash128){ 1, 0 }));
	ck_assert(!hash128_is_zero((struct hash128){ 0, 1 }));
}
END_TEST

START_TEST(a_stream_in_pieces_hashes_as_the_whole)
{
	static const size_t steps[] = { 1, 7, 63, 256, 1021, 100000 };
	uint8_t *p = malloc(100000);
	struct hash_stream *hs = hash_stream_new();
	size_t i, at, n;

	ck_assert_ptr_nonnull(p);
	for (at = 0; at < 100000; at++)
		p[at] = (uint8_t)(at * 2654435761U >> 13);
	for (i = 0; i < LENGTH(steps); i++) {
		hash_stream_reset(hs);
		for (at = 0; at < 100000; at += n) {
			n = 100000 - at < steps[i] ? 100000 - at : steps[i];
			hash_stream_put(hs, p + at, n);
		}
		ck_assert(hash128_eq(hash_stream_get(hs), hash128(p, 100000)));
	}
	/* Asking is not ending. */
	hash_stream_reset(hs);
	ck_assert(hash128_eq(hash_stream_get(hs), hash128("", 0)));
	hash_stream_put(hs, "ab", 2);
	ck_assert(hash128_eq(hash_stream_get(hs), hash128("ab", 2)));
	hash_stream_put(hs, "c", 1);
	ck_assert(hash128_eq(hash_stream_get(hs), hash128("abc", 3)));
	hash_stream_free(hs);
	hash_stream_free(NULL);
	free(p);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("hash");

	tcase_add_loop_test(tc, hashes_are_those_of_the_reference, 0,
	    LENGTH(known));
	tcase_add_test(tc, a_seed_gives_another_hash);
	tcase_add_test(tc, both_halves_are_compared);
	tcase_add_test(tc, zero_is_zero_in_both_halves);
	tcase_add_test(tc, hex_goes_both_ways);
	tcase_add_loop_test(tc, what_is_no_hex_is_refused, 0, LENGTH(no_hex));
	tcase_add_test(tc, a_stream_in_pieces_hashes_as_the_whole);
	return (run_suite(tc));
}
