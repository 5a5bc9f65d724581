/*
 * hashset -- a set of 128-bit hashes: which of very many things were met, at
 * 16 bytes for each and as much again for room.
 */
#ifndef BASE_HASHSET_H
#define BASE_HASHSET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/hash.h"

/* A zeroed one is empty. */
struct hashset {
	struct hash128 *slots;	/* open addressing; all zeroes is a free one */
	size_t nslots, nused;
};

void hashset_fini(struct hashset *s);

/* The lowest bit of a hash is not looked at. */
bool hashset_has(const struct hashset *s, struct hash128 h);

/* False: it was there already. */
bool hashset_add(struct hashset *s, struct hash128 h);

#endif
