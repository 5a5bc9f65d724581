/*
 * utf8 -- stepping through bytes that may or may not be UTF-8.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The length (1 to 4) of the well-formed UTF-8 sequence at s[0 .. n-1], n > 0,
 * or 0 if the bytes there are ill-formed: overlong, surrogate, above U+10FFFF
 * or cut short (Unicode 15, table 3-7).
 */
size_t utf8_step(const unsigned char *s, size_t n);

/*
 * Is the well-formed sequence s[0 .. len-1] a control: U+0000 to U+001F,
 * U+007F, U+0080 to U+009F?
 */
bool utf8_is_control(const unsigned char *s, size_t len);

/* Is all of s[0 .. n-1] well-formed? */
bool utf8_valid(const unsigned char *s, size_t n);

#endif
