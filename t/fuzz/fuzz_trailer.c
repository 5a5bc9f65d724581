/*
 * A trailer of any bytes: refused, or it is what trailer_put() makes of what
 * was read.  Then once more with lengths and checksum made right, so that
 * sense is looked at too.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "codec/trailer.h"
#include "fuzz/driver.h"

static void
try(const uint8_t *p, size_t n)
{
	struct buf again = { 0 };
	struct trailer t;
	struct err e;

	if (trailer_parse(p, n, &t, &e) == -1)
		return;
	if (trailer_check(&t, &e) == -1)
		abort();
	trailer_put(&t, &again);
	if (again.len != n || memcmp(again.data, p, n) != 0)
		abort();
	buf_fini(&again);
	trailer_fini(&t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *p;

	try(data, size);
	if (size < 16)
		return (0);
	p = malloc(size);
	if (p == NULL)
		abort();
	memcpy(p, data, size);
	le32_put(p, TRAILER_MAGIC);
	le32_put(p + 4, (uint32_t)(size - 8));
	le32_put(p + size - 4, (uint32_t)size);
	le32_put(p + size - 8, (uint32_t)hash64(p + 8, size - 16));
	try(p, size);
	free(p);
	return (0);
}
