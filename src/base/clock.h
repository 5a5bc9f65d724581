/*
 * clock -- the time, and how backups write it: UTC to the millisecond as
 * "20261120T103000.123Z" (ISO 8601 basic), so that names sort as times do.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	CLOCK_STAMP_BYTES = 21,	/* "20261120T103000.123Z" and a NUL */
	CLOCK_RFC3339_BYTES = 25	/* "2026-11-20T10:30:00.123Z", NUL */
};

int64_t clock_mono_ms(void);	/* never goes back; for intervals */
int64_t clock_real_ns(void);	/* since 1970, UTC */
int64_t clock_real_ms(void);

/* A file's time, which may be any, in nanoseconds since 1970; one that is too
 * far away (before 1678, after 2261) is the farthest there is. */
int64_t clock_file_ns(int64_t s, int64_t ns);

/* Does "ms" (since 1970) lie in the years 1970 to 9999, which a stamp can say?
 * To be asked of what is not our own. */
bool clock_can_stamp(int64_t ms);

/* Write the stamp of such a moment into buf. */
void clock_stamp(int64_t ms, char buf[CLOCK_STAMP_BYTES]);

/* The same as a person reads it, RFC 3339 in UTC, cut at size - 1 bytes. */
const char *clock_rfc3339(int64_t ms, char *buf, size_t size);

/*
 * Read a stamp of exactly this form at s[0 .. n-1]; false if it is not one or
 * names no real moment.
 */
bool clock_stamp_parse(const char *s, size_t n, int64_t *ms);

/*
 * Read what a person writes as a moment: RFC 3339 ("2026-11-20T10:30:00Z",
 * with a fraction, with an offset), its date alone (midnight UTC), or a
 * stamp.  A fraction is cut to ms.  Class usage.
 */
int clock_parse(const char *s, const char *what, int64_t *ms,
    struct err *e);

/* Sleep for ms, or less if a signal comes. */
void clock_sleep_ms(int64_t ms);

#endif
