/*
 * fuzz_header -- the first bytes of a database of any size: refused, or its
 * pages fit into it.  The last 8 bytes are the size.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "db/header.h"
#include "fuzz/driver.h"

static void
try(const uint8_t *p, size_t n, uint64_t size)
{
	struct header h;
	struct err e = { .cls = ERR_NONE };

	(void)header_magic(p, n);
	if (header_parse(p, n, size, &h, &e) == -1) {
		must(e.cls == ERR_CORRUPT && e.msg[0] != '\0');
		return;
	}
	must(e.cls == ERR_NONE && header_page_size_ok(h.page_size));
	must(size >= h.page_size);
	must(!h.counted ||
	    (h.npages > 0 && size / h.page_size >= h.npages));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *p;
	size_t n;

	if (size < 8)
		return (0);
	n = size - 8;
	p = calloc(n > 0 ? n : 1, 1);
	memcpy(p, data, n);
	try(p, n, le64_get(data + n));
	try(p, n, n);
	free(p);
	return (0);
}
