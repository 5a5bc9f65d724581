#include "db/walindex.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

enum {
	HDR_BYTES = 48,
	HDR_WORDS = HDR_BYTES / 4,
	HDR_SUMMED = 40,	/* all but the checksum */
	INFO_WORD = 2 * HDR_WORDS	/* two of them, then nBackfill */
};

struct hdr {
	uint32_t version;
	uint32_t unused;
	uint32_t change;
	uint8_t is_init;
	uint8_t big_endian_cksum;
	uint16_t page_size;	/* 1 means 65536 */
	uint32_t mx_frame;
	uint32_t npages;
	uint32_t frame_cksum[2];
	uint8_t salt[WAL_SALT_BYTES];
	uint32_t cksum[2];
};
_Static_assert(sizeof(struct hdr) == HDR_BYTES, "wal-index header");

/* Word by word, so that no word is torn; then nothing moves across. */
static void
load(void *to, const volatile uint32_t *from, size_t nwords)
{
	uint32_t word;
	size_t i;

	for (i = 0; i < nwords; i++) {
		word = from[i];
		memcpy((uint8_t *)to + i * sizeof(word), &word, sizeof(word));
	}
	atomic_thread_fence(memory_order_seq_cst);
}

enum walindex_state
walindex_read(const volatile void *p, struct walindex *x)
{
	const volatile uint32_t *words = p;
	uint32_t nbackfill, s[2] = { 0, 0 };
	struct hdr h0, h1, again;

	load(&h0, words, HDR_WORDS);
	load(&h1, words + HDR_WORDS, HDR_WORDS);
	load(&nbackfill, words + INFO_WORD, 1);
	load(&again, words, HDR_WORDS);
	if (memcmp(&h0, &h1, sizeof(h0)) != 0 ||
	    memcmp(&h0, &again, sizeof(h0)) != 0 || h0.is_init == 0)
		return (WALINDEX_UNSETTLED);
	wal_checksum(&h0, HDR_SUMMED, false, s);
	if (h0.version != WAL_VERSION)
		return (WALINDEX_UNKNOWN);
	if (s[0] != h0.cksum[0] || s[1] != h0.cksum[1])
		return (WALINDEX_UNSETTLED);

	x->page_size = (h0.page_size & 0xfe00U) +
	    ((h0.page_size & 1U) << 16);
	x->mx_frame = h0.mx_frame;
	x->npages = h0.npages;
	x->cksum[0] = h0.frame_cksum[0];
	x->cksum[1] = h0.frame_cksum[1];
	memcpy(x->salt, h0.salt, sizeof(x->salt));
	x->nbackfill = nbackfill;
	return (WALINDEX_GOOD);
}
