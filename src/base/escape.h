/*
 * escape -- the percent-encoding of keys: '%', control characters (U+0000 to
 * U+001F, U+007F, U+0080 to U+009F) and bytes of ill-formed UTF-8 become %XX
 * in upper-case hex, and nothing else does.  So every byte string has exactly
 * one encoding, which is well-formed UTF-8 without controls, and back.
 */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Append the encoding of s[0 .. n-1]. */
void escape_put(struct buf *b, const char *s, size_t n);

/*
 * Append the bytes that s[0 .. n-1] encodes; false if escape_put() writes no
 * such thing (a stray '%', lower-case hex, something encoded without need).
 * Then what was appended is undefined.
 */
bool escape_undo(struct buf *b, const char *s, size_t n);

/* Does escape_put() write that, is it what escape_undo() takes? */
bool escape_is(const char *s, size_t n);

#endif
