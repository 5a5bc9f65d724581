#include "db/wal.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "db/header.h"

#define MAGIC_LE	0x377f0682U	/* the lowest bit: big endian words */
#define HOST_IS_BE	(__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

void
wal_fini(struct wal *w)
{
	free(w->map);
	memset(w, 0, sizeof(*w));
}

void
wal_checksum(const void *p, size_t n, bool swap, uint32_t s[2])
{
	const uint8_t *b = p;
	uint32_t s0 = s[0], s1 = s[1], x[2];
	size_t i;

	if (swap) {
		for (i = 0; i + 8 <= n; i += 8) {
			memcpy(x, b + i, sizeof(x));
			s0 += __builtin_bswap32(x[0]) + s1;
			s1 += __builtin_bswap32(x[1]) + s0;
		}
	} else {
		for (i = 0; i + 8 <= n; i += 8) {
			memcpy(x, b + i, sizeof(x));
			s0 += x[0] + s1;
			s1 += x[1] + s0;
		}
	}
	s[0] = s0;
	s[1] = s1;
}

void
wal_reset(struct wal *w)
{
	w->nframes = w->ncommitted = w->npages = 0;
	w->nmap = 0;
	w->running[0] = w->running[1] = 0;
	w->page_size = 0;
}

enum wal_kind
wal_begin(struct wal *w, const uint8_t *p, size_t n)
{
	enum wal_kind kind = WAL_EMPTY;
	uint32_t magic;

	wal_reset(w);
	if (n < WAL_HEADER_BYTES)
		goto out;
	magic = be32_get(p);
	w->page_size = be32_get(p + 8);
	if ((magic & ~1U) != MAGIC_LE || !header_page_size_ok(w->page_size))
		goto out;
	w->big_endian = (magic & 1) != 0;
	wal_checksum(p, WAL_HEADER_BYTES - 8, w->big_endian != HOST_IS_BE,
	    w->running);
	if (w->running[0] != be32_get(p + 24) ||
	    w->running[1] != be32_get(p + 28))
		goto out;
	kind = be32_get(p + 4) == WAL_VERSION ? WAL_GOOD : WAL_UNKNOWN;
	memcpy(w->salt, p + 16, sizeof(w->salt));
	w->cksum[0] = w->running[0];
	w->cksum[1] = w->running[1];
out:
	if (kind != WAL_GOOD)
		w->page_size = 0;
	return (kind);
}

void
wal_resume(struct wal *w, uint32_t n, const uint32_t cksum[2])
{
	w->nframes = w->ncommitted = n;
	w->running[0] = w->cksum[0] = cksum[0];
	w->running[1] = w->cksum[1] = cksum[1];
}

size_t
wal_frame_bytes(const struct wal *w)
{
	return (WAL_FRAME_BYTES + (size_t)w->page_size);
}

uint64_t
wal_frame_offset(const struct wal *w, uint32_t frame)
{
	return (WAL_HEADER_BYTES +
	    (uint64_t)(frame - 1) * wal_frame_bytes(w));
}

/* An entry sorts by its upper half. */
static void
add_entry(struct wal *w, uint32_t hi, uint32_t lo)
{
	if (w->nmap == w->cap) {
		w->cap = w->cap == 0 ? 1024 : w->cap * 2;
		w->map = mem_resize(w->map, w->cap, sizeof(w->map[0]));
	}
	w->map[w->nmap++] = (uint64_t)hi << 32 | lo;
}

static bool
feed_frame(struct wal *w, const uint8_t *p)
{
	bool swap = w->big_endian != HOST_IS_BE;
	uint32_t s[2] = { w->running[0], w->running[1] };
	uint32_t pgno = be32_get(p), npages = be32_get(p + 4);

	if (pgno == 0 || w->nframes == UINT32_MAX ||
	    memcmp(p + 8, w->salt, sizeof(w->salt)) != 0)
		return (false);
	wal_checksum(p, 8, swap, s);
	wal_checksum(p + WAL_FRAME_BYTES, w->page_size, swap, s);
	if (s[0] != be32_get(p + 16) || s[1] != be32_get(p + 20))
		return (false);
	w->running[0] = s[0];
	w->running[1] = s[1];
	w->nframes++;
	add_entry(w, pgno, w->nframes);
	if (npages != 0) {
		w->ncommitted = w->nframes;
		w->npages = npages;
		w->cksum[0] = s[0];
		w->cksum[1] = s[1];
	}
	return (true);
}

bool
wal_feed(struct wal *w, const uint8_t *p, size_t n)
{
	size_t frame = wal_frame_bytes(w), off;

	for (off = 0; off + frame <= n; off += frame) {
		if (!feed_frame(w, p + off))
			return (false);
	}
	return (true);
}

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x < y ? -1 : x > y);
}

size_t
wal_seal(struct wal *w)
{
	size_t i, n = 0;
	uint32_t pgno;

	/* Entry i is still frame i + 1. */
	w->nmap = w->ncommitted;
	if (w->nmap == 0)
		return (0);
	qsort(w->map, w->nmap, sizeof(w->map[0]), compare);
	for (i = 0; i < w->nmap; i++) {
		pgno = (uint32_t)(w->map[i] >> 32);
		if (pgno > w->npages || (i + 1 < w->nmap &&
		    (uint32_t)(w->map[i + 1] >> 32) == pgno))
			continue;
		w->map[n++] = w->map[i] << 32 | pgno;
	}
	w->nmap = n;
	if (n > 0)
		qsort(w->map, n, sizeof(w->map[0]), compare);
	return (n);
}

uint32_t
wal_page(const struct wal *w, size_t i, uint32_t *frame)
{
	*frame = (uint32_t)(w->map[i] >> 32);
	return ((uint32_t)w->map[i]);
}
