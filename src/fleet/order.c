#include "fleet/order.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"

enum {
	FIXED_BYTES = 21
};

bool
order_fits(const struct order *o)
{
	return (o->key[0] != '\0' && strlen(o->key) <= ORDER_NAME_MAX &&
	    o->rel[0] != '\0' && strlen(o->rel) <= ORDER_NAME_MAX);
}

bool
order_put(struct buf *parcel, const struct order *o)
{
	size_t nkey = strlen(o->key), nrel = strlen(o->rel);
	size_t ntag = strlen(o->tag);
	uint8_t *p;

	assert(order_fits(o));
	if (ntag > ORDER_TAG_MAX)
		ntag = 0;
	if (parcel->len > 0 && FIXED_BYTES + nkey + nrel + ntag >
	    ORDER_PARCEL_MAX - parcel->len)
		return (false);
	p = buf_room(parcel, FIXED_BYTES);
	le64_put(p, o->bytes);
	le64_put(p + 8, (uint64_t)o->ms);
	le16_put(p + 16, (uint16_t)nkey);
	le16_put(p + 18, (uint16_t)nrel);
	p[20] = (uint8_t)ntag;
	parcel->len += FIXED_BYTES;
	buf_put(parcel, o->key, nkey);
	buf_put(parcel, o->rel, nrel);
	buf_put(parcel, o->tag, ntag);
	return (true);
}

void
order_reader_init(struct order_reader *r, const void *p, size_t n)
{
	memset(r, 0, sizeof(*r));
	r->p = p;
	r->left = n;
}

void
order_reader_fini(struct order_reader *r)
{
	buf_fini(&r->strings);
}

/* Take the next n bytes as a string. */
static bool
take(struct order_reader *r, size_t n)
{
	if (n > r->left || memchr(r->p, '\0', n) != NULL)
		return (false);
	buf_put(&r->strings, r->p, n);
	buf_putc(&r->strings, '\0');
	r->p += n;
	r->left -= n;
	return (true);
}

bool
order_next(struct order_reader *r, struct order *o)
{
	size_t nkey, nrel, ntag;

	if (r->left < FIXED_BYTES)
		goto bad;
	o->bytes = le64_get(r->p);
	o->ms = (int64_t)le64_get(r->p + 8);
	nkey = le16_get(r->p + 16);
	nrel = le16_get(r->p + 18);
	ntag = r->p[20];
	r->p += FIXED_BYTES;
	r->left -= FIXED_BYTES;
	buf_reset(&r->strings);
	if (!clock_can_stamp(o->ms) || nkey == 0 || nkey > ORDER_NAME_MAX ||
	    nrel == 0 || nrel > ORDER_NAME_MAX || !take(r, nkey) ||
	    !take(r, nrel) || !take(r, ntag))
		goto bad;
	o->key = buf_str(&r->strings);
	o->rel = o->key + nkey + 1;
	o->tag = o->rel + nrel + 1;
	return (true);
bad:
	r->left = 0;
	return (false);
}

/* The length of rel[0 .. n-1] without a companion's suffix. */
static size_t
strip(const char *rel, size_t n)
{
	static const char *const suffixes[] = { "-wal", "-shm", "-journal" };
	size_t i, len;

	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		len = strlen(suffixes[i]);
		if (n > len && rel[n - len - 1] != '/' &&
		    memcmp(rel + n - len, suffixes[i], len) == 0)
			return (n - len);
	}
	return (n);
}

struct hash128
order_owner(const char *rel)
{
	size_t n = strlen(rel), m;

	/* "x-wal-wal" must not meet "x-wal", nor that "x". */
	while ((m = strip(rel, n)) < n)
		n = m;
	return (hash128(rel, n));
}
