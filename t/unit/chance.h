/*
 * chance -- for tests that try what nobody would think of: the same numbers
 * in every run.
 */
#ifndef UNIT_CHANCE_H
#define UNIT_CHANCE_H

#include <stddef.h>
#include <stdint.h>

static uint64_t seed = 0x9e3779b97f4a7c15ULL;

/* From 0 to n - 1 (xorshift64*). */
static inline size_t
below(size_t n)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return ((size_t)((seed * 0x2545F4914F6CDD1DULL) >> 33) % n);
}

#endif
