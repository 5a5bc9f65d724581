/*
 * Any bytes as a parcel: the reader stays within them, what it gives is what
 * it promises, and packed again it comes out the same.
 */
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fleet/parcel.h"
#include "fuzz/driver.h"

static void
compare(const struct parcel_reader *a, const struct parcel_reader *b)
{
	must(strcmp(a->path, b->path) == 0);
	must(strcmp(a->real, b->real) == 0);
	must(strcmp(a->name, b->name) == 0);
	must(a->flags == b->flags);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct parcel p;
	static struct parcel_reader r, again;
	uint8_t *copy = mem_zero(size);	/* ends where the bytes end */
	bool whole = true;

	if (size > 0)
		memcpy(copy, data, size);
	parcel_reset(&p);
	parcel_reader_init(&r, copy, size);
	while (whole && parcel_next(&r)) {
		must(r.name[0] != '\0' && strchr(r.name, '/') == NULL);
		must(strcmp(r.name, ".") != 0 && strcmp(r.name, "..") != 0);
		whole = strlen(r.path) < PATH_MAX &&
		    strlen(r.real) < PATH_MAX &&
		    parcel_add(&p, r.path, r.real, r.newdir, r.name, r.flags);
	}
	must(p.b.len <= PARCEL_MAX);
	parcel_reader_init(&r, copy, size);
	parcel_reader_init(&again, p.b.data, p.b.len);
	while (parcel_next(&again)) {
		must(parcel_next(&r));
		compare(&r, &again);
	}
	must(!whole || !parcel_next(&r));
	free(copy);
	return (0);
}
