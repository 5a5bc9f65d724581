/*
 * Any bytes as what a worker tells of a database: the parser stays within
 * them, and what it gives is what its header promises.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "fuzz/driver.h"
#include "job/bulk.h"

/* A moment that can go into a line, and be read again. */
static void
writable(int64_t ms)
{
	char stamp[CLOCK_STAMP_BYTES];
	int64_t again;

	clock_stamp(ms, stamp);
	must(clock_stamp_parse(stamp, strlen(stamp), &again) && again == ms);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct buf strings;
	struct bulk_outcome o;
	uint8_t *copy = mem_zero(size);	/* ends where the bytes end */

	if (size > 0)
		memcpy(copy, data, size);
	if (bulk_outcome_parse(copy, size, &strings, &o)) {
		must(o.end >= BULK_RESTORED && o.end <= BULK_FAILED);
		must((o.end == BULK_FAILED) == (o.cls != ERR_NONE));
		writable(o.ms);
		must(o.cls < ERR_NCLASS);
		must(o.key[0] != '\0' && o.rel[0] != '\0');
		must(strlen(o.key) + strlen(o.rel) + strlen(o.text) < size);
	}
	free(copy);
	return (0);
}
