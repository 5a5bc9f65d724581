/*
 * Any bytes as a parcel of orders: the reader stays within them, what it gives
 * is what it promises, and packed again it comes out the same.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fleet/order.h"
#include "fuzz/claims.h"
#include "fuzz/driver.h"

static void
compare(const struct order *a, const struct order *b)
{
	must(strcmp(a->key, b->key) == 0);
	must(strcmp(a->rel, b->rel) == 0);
	must(strcmp(a->tag, b->tag) == 0);
	must(a->ms == b->ms && a->bytes == b->bytes);
	must(hash128_eq(order_owner(a->rel), order_owner(b->rel)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct buf p;
	struct order_reader r, again;
	struct order o, same;
	uint8_t *copy = mem_zero(size);	/* ends where the bytes end */
	bool whole = true;

	if (size > 0)
		memcpy(copy, data, size);
	buf_reset(&p);
	order_reader_init(&r, copy, size);
	while (whole && order_next(&r, &o)) {
		must_be_writable(o.ms);
		must(order_fits(&o) && strlen(o.tag) <= ORDER_TAG_MAX);
		whole = order_put(&p, &o);
	}
	order_reader_fini(&r);
	order_reader_init(&r, copy, size);
	order_reader_init(&again, p.data, p.len);
	while (order_next(&again, &same)) {
		must(order_next(&r, &o));
		compare(&o, &same);
	}
	must(!whole || !order_next(&r, &o));
	order_reader_fini(&r);
	order_reader_fini(&again);
	free(copy);
	return (0);
}
