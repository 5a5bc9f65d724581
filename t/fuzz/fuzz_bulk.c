/*
 * Any bytes as what a worker tells of a database: the parser stays within
 * them, and what it gives is what its header promises.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fuzz/claims.h"
#include "fuzz/driver.h"
#include "job/bulk.h"

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
		must_be_writable(o.ms);
		must(o.cls < ERR_NCLASS);
		must(o.key[0] != '\0' && o.rel[0] != '\0');
		must(strlen(o.key) + strlen(o.rel) + strlen(o.text) < size);
	}
	free(copy);
	return (0);
}
