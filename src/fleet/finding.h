/*
 * finding -- what a process that reads a store tells the one that started it,
 * and that has no sandbox: so all that is read here may be from somebody who
 * has taken that process over.
 *
 * Wire (little endian, within one host): a byte for the kind, then
 *     'o'  a parcel of orders (fleet/order.h)
 *     'r'  u64 class, u64 moment of its backup (0: none is known), key, NUL,
 *          target, NUL, message, NUL: refused
 *     'y'  u64 moment of the oldest, key, NUL, target, NUL: too young
 *     'e'  u64 0 or 1: there are some in other shards, or young ones
 *     'f'  u64 objects that are no backups
 *     'p'  u64 up, u64 u64 id: which store it is (cmd/bulklist.h)
 *     'w'  u64 moment, key, NUL, path, NUL: where the database of a backup was
 */
#ifndef FLEET_FINDING_H
#define FLEET_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"

enum finding_kind {
	FINDING_ORDERS = 'o',
	FINDING_REFUSED = 'r',
	FINDING_YOUNG = 'y',
	FINDING_ELSEWHERE = 'e',
	FINDING_FOREIGN = 'f',
	FINDING_STORE = 'p',
	FINDING_ORIGINAL = 'w'
};

/* What is not of its kind is zero or NULL. */
struct finding {
	enum finding_kind kind;
	const uint8_t *parcel;
	size_t nparcel;
	const char *key;
	const char *target;	/* as a person wrote it, or "" */
	const char *text;	/* message or path */
	enum err_class cls;
	int64_t ms;
	uint64_t n;		/* 0 or 1, objects, or up */
	struct hash128 id;
};

/*
 * Append the message; the strings are cut to what one can be, so that it is
 * one.  (A key or a path that was cut is none that can be stored or opened.)
 */
void finding_put(struct buf *b, const struct finding *f);

/*
 * Read a message; false if it is malformed: also where a moment is beyond those
 * that a stamp can say, a class is none, a key is empty, or, of an original,
 * the key is none that a store can hold, or its path not absolute and normal.
 * Pointers are into msg.
 */
bool finding_parse(const void *msg, size_t len, struct finding *f);

#endif
