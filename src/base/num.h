/*
 * num -- numbers that come from elsewhere: checked arithmetic, and the
 * numbers, durations and sizes that people write.
 */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* *out = a + b, a * b; false, and *out unchanged, where it does not fit. */
bool num_add(uint64_t a, uint64_t b, uint64_t *out);
bool num_mul(uint64_t a, uint64_t b, uint64_t *out);

/*
 * A whole number from min to max.  "what" names it in the error (class
 * usage): "--jobs".
 */
int num_parse(const char *s, uint64_t min, uint64_t max, const char *what,
    uint64_t *out, struct err *e);

/*
 * A duration in ms: a number and one of ms, s, m, h, d, w; several may follow
 * each other ("1h30m"); "0" needs no unit.  At most 100 years.
 */
int num_parse_duration(const char *s, const char *what, int64_t *out_ms,
    struct err *e);

/*
 * A size in bytes: a number, and optionally one of K, M, G, T (powers of
 * 1,024), each with an optional "iB" or "B".
 */
int num_parse_size(const char *s, const char *what, uint64_t *out_bytes,
    struct err *e);

/* "7 bytes", "1.2 kB", "3.4 MB" (powers of 1,000) into buf; returns buf. */
const char *num_format_bytes(uint64_t bytes, char *buf, size_t size);

/* "78ms", "1.2s", "3m20s", "2h05m" into buf; returns buf. */
const char *num_format_duration(int64_t ms, char *buf, size_t size);

#endif
