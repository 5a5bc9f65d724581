#include "state/segment.h"

#include <string.h>

#include "base/bytes.h"
#include "base/num.h"

static const uint8_t magic[8] = { 'L', 'F', 'S', 'E', 'G', 0, 0, 1 };

enum {
	FORMAT_VERSION = 2,
	HDR_SUM_AT = 64,	/* the header's checksum; zeros behind it */
	REC_SUM_AT = 60
};

static void
put_hash(uint8_t *p, struct hash128 h)
{
	le64_put(p, h.hi);
	le64_put(p + 8, h.lo);
}

static struct hash128
get_hash(const uint8_t *p)
{
	return ((struct hash128){ .hi = le64_get(p), .lo = le64_get(p + 8) });
}

void
segment_hdr_put(const struct segment_hdr *h, uint8_t p[STATE_HDR_BYTES])
{
	memset(p, 0, STATE_HDR_BYTES);
	memcpy(p, magic, sizeof(magic));
	le32_put(p + 8, FORMAT_VERSION);
	le32_put(p + 12, STATE_REC_BYTES);
	le32_put(p + 16, h->seg);
	le64_put(p + 24, h->capacity);
	le64_put(p + 32, h->count);
	le64_put(p + 40, h->id.seed);
	put_hash(p + 48, h->id.store);
	le64_put(p + HDR_SUM_AT, hash64(p, HDR_SUM_AT));
}

const char *
segment_hdr_get(const uint8_t *p, uint64_t size, struct segment_hdr *h)
{
	static const uint8_t zeros[STATE_HDR_BYTES - HDR_SUM_AT - 8];
	uint64_t need;

	if (size < STATE_HDR_BYTES)
		return ("is cut short");
	if (memcmp(p, magic, sizeof(magic)) != 0)
		return ("is not a segment");
	if (le64_get(p + HDR_SUM_AT) != hash64(p, HDR_SUM_AT) ||
	    memcmp(p + HDR_SUM_AT + 8, zeros, sizeof(zeros)) != 0)
		return ("has a damaged header");
	if (le32_get(p + 8) != FORMAT_VERSION ||
	    le32_get(p + 12) != STATE_REC_BYTES)
		return ("has another format");
	h->seg = le32_get(p + 16);
	h->capacity = le64_get(p + 24);
	h->count = le64_get(p + 32);
	h->id.seed = le64_get(p + 40);
	h->id.store = get_hash(p + 48);
	if (h->capacity == 0 || !segment_bytes(h->capacity, &need))
		return ("has a damaged header");
	if (size < need)
		return ("is cut short");
	return (NULL);
}

bool
segment_bytes(uint64_t capacity, uint64_t *bytes)
{
	uint64_t n;

	return (num_mul(capacity, STATE_REC_BYTES, &n) &&
	    num_add(n, STATE_HDR_BYTES, &n) && n <= INT64_MAX &&
	    (*bytes = n) > 0);
}

void
segment_rec_put(const struct state_rec *rec, uint8_t p[STATE_REC_BYTES])
{
	memset(p, 0, STATE_REC_BYTES);
	put_hash(p, rec->path);
	put_hash(p + 16, rec->fingerprint);
	put_hash(p + 32, rec->content);
	le64_put(p + 48, rec->key);
	le32_put(p + 56, rec->naming);
	le64_put(p + 64, (uint64_t)rec->stored_ms);
	p[72] = rec->fail_class;
	p[73] = rec->fail_count;
	le16_put(p + 74, rec->flags);
	le32_put(p + 76, rec->not_before);
	le32_put(p + 80, rec->failing_since);
	le32_put(p + REC_SUM_AT, (uint32_t)hash64(p, STATE_REC_BYTES));
}

bool
segment_rec_get(const uint8_t p[STATE_REC_BYTES], struct state_rec *rec)
{
	uint8_t copy[STATE_REC_BYTES];
	uint32_t sum;

	/* It may be written meanwhile: what is taken is what was checked. */
	memcpy(copy, p, sizeof(copy));
	sum = le32_get(copy + REC_SUM_AT);
	le32_put(copy + REC_SUM_AT, 0);
	if (sum != (uint32_t)hash64(copy, sizeof(copy)))
		return (false);
	rec->path = get_hash(copy);
	rec->fingerprint = get_hash(copy + 16);
	rec->content = get_hash(copy + 32);
	rec->key = le64_get(copy + 48);
	rec->naming = le32_get(copy + 56);
	rec->stored_ms = (int64_t)le64_get(copy + 64);
	/* Of a later version, perhaps: it is an index of counters. */
	rec->fail_class = copy[72] < ERR_NCLASS ? copy[72] : ERR_BUG;
	rec->fail_count = copy[73];
	rec->flags = le16_get(copy + 74);
	rec->not_before = le32_get(copy + 76);
	rec->failing_since = le32_get(copy + 80);
	return (true);
}

bool
segment_rec_free(const uint8_t p[STATE_REC_BYTES])
{
	static const uint8_t zeros[STATE_REC_BYTES];

	return (memcmp(p, zeros, STATE_REC_BYTES) == 0);
}

bool
segment_rec_is(const uint8_t p[STATE_REC_BYTES], struct hash128 h)
{
	return (hash128_eq(get_hash(p), h));
}

uint64_t
segment_home(struct hash128 h, uint64_t capacity)
{
	/* As even as h % capacity, without a division (Lemire 2016). */
	return ((uint64_t)(((unsigned __int128)h.lo * capacity) >> 64));
}
