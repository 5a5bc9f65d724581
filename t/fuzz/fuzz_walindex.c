/*
 * fuzz_walindex -- a -shm of any bytes: no state, or the one that both copies
 * of its header say.  Then once more with the second copy and the checksum
 * made right.
 */
#include <string.h>

#include "db/header.h"
#include "db/walindex.h"
#include "fuzz/driver.h"

enum {
	HDR_BYTES = 48,
	HDR_SUMMED = 40
};

static void
try(const uint32_t *shm)
{
	const uint8_t *p = (const uint8_t *)shm;
	struct walindex x;
	uint32_t s[2] = { 0, 0 };

	memset(&x, 0, sizeof(x));
	if (walindex_read(shm, &x) != WALINDEX_GOOD)
		return;
	wal_checksum(p, HDR_SUMMED, false, s);
	must(memcmp(p, p + HDR_BYTES, HDR_BYTES) == 0);
	must(memcmp(p + HDR_SUMMED, s, sizeof(s)) == 0);
	must(p[12] != 0);
	must(memcmp(p + 16, &x.mx_frame, 4) == 0);
	must(memcmp(p + 20, &x.npages, 4) == 0);
	must(memcmp(p + 24, x.cksum, 8) == 0);
	must(memcmp(p + 32, x.salt, 8) == 0);
	must(memcmp(p + 96, &x.nbackfill, 4) == 0);
	must(x.page_size <= 65536 + 0xfe00);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t shm[WALINDEX_READ_BYTES / 4] = { 0 }, s[2] = { 0, 0 };
	uint8_t *p = (uint8_t *)shm;

	memcpy(p, data, size < sizeof(shm) ? size : sizeof(shm));
	try(shm);
	wal_checksum(p, HDR_SUMMED, false, s);
	memcpy(p + HDR_SUMMED, s, sizeof(s));
	memcpy(p + HDR_BYTES, p, HDR_BYTES);
	try(shm);
	return (0);
}
