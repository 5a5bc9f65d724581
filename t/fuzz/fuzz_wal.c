/*
 * fuzz_wal -- a log of any bytes: what is found does not depend on how it is
 * cut, and the map is in order and within its bounds.  Then once more with
 * salts and checksums made right, so that frames get further.
 */
#include <stdlib.h>
#include <string.h>

#include "db/wal.h"
#include "fuzz/driver.h"
#include "unit/waltext.h"

/* In steps of so many frames, as reads of a file would be. */
static void
feed(struct wal *w, const uint8_t *p, size_t n, size_t step)
{
	size_t frame, off, len;

	if (wal_begin(w, p, n) != WAL_GOOD) {
		must(w->page_size == 0);
		return;
	}
	frame = wal_frame_bytes(w);
	for (off = WAL_HEADER_BYTES; n - off >= frame; off += len) {
		len = (n - off) / frame < step ? (n - off) / frame * frame :
		    step * frame;
		if (!wal_feed(w, p + off, len))
			break;
	}
}

static void
check_map(struct wal *w)
{
	static uint8_t seen[1 << 16];
	uint32_t frame, last = 0, pgno;
	size_t i, n = wal_seal(w);

	must(n <= w->ncommitted && w->ncommitted <= w->nframes);
	must((w->ncommitted == 0) == (w->npages == 0));
	memset(seen, 0, sizeof(seen));
	for (i = 0; i < n; i++) {
		pgno = wal_page(w, i, &frame);
		must(pgno >= 1 && pgno <= w->npages);
		must(frame > last && frame <= w->ncommitted);
		if (pgno < sizeof(seen))
			must(seen[pgno]++ == 0);
		last = frame;
	}
}

static void
try(const uint8_t *p, size_t n)
{
	static struct wal a, b;

	feed(&a, p, n, 1);
	feed(&b, p, n, 5);
	must(a.page_size == b.page_size && a.nframes == b.nframes &&
	    a.ncommitted == b.ncommitted && a.npages == b.npages);
	if (a.page_size == 0)
		return;
	must(memcmp(a.cksum, b.cksum, sizeof(a.cksum)) == 0);
	must(a.nframes <= (n - WAL_HEADER_BYTES) / wal_frame_bytes(&a));
	check_map(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *p = calloc(size > 0 ? size : 1, 1);

	/* A copy of exactly this size, so that reads beyond it show. */
	if (size > 0)
		memcpy(p, data, size);
	try(p, size);
	sign_log(p, size);
	try(p, size);
	free(p);
	return (0);
}
