/*
 * claims -- what must hold of a value, whoever made it, that several targets
 * meet.
 */
#ifndef FUZZ_CLAIMS_H
#define FUZZ_CLAIMS_H

#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "fuzz/driver.h"

/* A moment that can go into a line, and be read again. */
static inline void
must_be_writable(int64_t ms)
{
	char stamp[CLOCK_STAMP_BYTES];
	int64_t again;

	clock_stamp(ms, stamp);
	must(clock_stamp_parse(stamp, strlen(stamp), &again) && again == ms);
}

/* What can go into a header of a request as it is. */
static inline void
must_fit(const char *s)
{
	must(s != NULL && *s != '\0');
	for (; *s != '\0'; s++)
		must(*s > ' ' && *s <= '~');
}

#endif
