/*
 * jsonread -- a JSON object that came from elsewhere: its strings and numbers
 * by name (jansson does the reading).  Untrusted input: bounded, refused as a
 * whole where anything is wrong with it, and never quoted in an error, for it
 * may hold secrets.
 */
#ifndef BASE_JSONREAD_H
#define BASE_JSONREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	JSONREAD_MAX_BYTES = 1024 * 1024
};

struct jsonread;

/*
 * Read p[0 .. n-1].  Class corrupt: not one whole object (UTF-8, no name
 * twice, no NUL in a string), with the line and column; class limit: more
 * than JSONREAD_MAX_BYTES.
 */
struct jsonread *jsonread_parse(const void *p, size_t n, struct err *e);

/* Wipes the strings of the object. */
void jsonread_free(struct jsonread *j);

/* The member "name" if it is a string, else NULL; lives as long as j. */
const char *jsonread_str(const struct jsonread *j, const char *name);

/* The member "name" if it is a whole number; else false, *out unchanged. */
bool jsonread_int(const struct jsonread *j, const char *name, int64_t *out);

#endif
