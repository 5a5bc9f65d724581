#include "db/header.h"

#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"

enum {
	OFF_PAGE_SIZE = 16,
	OFF_READ_VERSION = 19,
	OFF_RESERVED = 20,
	OFF_FRACTIONS = 21,
	OFF_CHANGE_COUNTER = 24,
	OFF_NPAGES = 28,
	OFF_SCHEMA_FORMAT = 44,
	OFF_ENCODING = 56,
	OFF_VALID_FOR = 92,

	READ_VERSION_MAX = 2,	/* write-ahead log */
	USABLE_MIN = 480,
	SCHEMA_FORMAT_MAX = 4,
	ENCODING_MAX = 3
};

static const char magic[HEADER_MAGIC_BYTES] = "SQLite format 3";
static const uint8_t fractions[3] = { 64, 32, 32 };

bool
header_magic(const void *p, size_t n)
{
	return (n >= sizeof(magic) && memcmp(p, magic, sizeof(magic)) == 0);
}

bool
header_page_size_ok(uint32_t page_size)
{
	return (page_size >= 512 && page_size <= 65536 &&
	    (page_size & (page_size - 1)) == 0);
}

static int
check_fields(const uint8_t *p, const struct header *h, struct err *e)
{
	if (!header_page_size_ok(h->page_size))
		err_set(e, ERR_CORRUPT, "page size %" PRIu32
		    " is not a power of two from 512 to 65536",
		    h->page_size);
	else if (p[OFF_READ_VERSION] > READ_VERSION_MAX)
		err_set(e, ERR_CORRUPT, "file format version %d is unknown",
		    p[OFF_READ_VERSION]);
	else if (h->page_size - p[OFF_RESERVED] < USABLE_MIN)
		err_set(e, ERR_CORRUPT, "%d reserved bytes leave too little "
		    "of a page of %" PRIu32, p[OFF_RESERVED], h->page_size);
	else if (memcmp(p + OFF_FRACTIONS, fractions, sizeof(fractions)) != 0)
		err_set(e, ERR_CORRUPT,
		    "payload fractions %d, %d, %d are not 64, 32, 32",
		    p[OFF_FRACTIONS], p[OFF_FRACTIONS + 1],
		    p[OFF_FRACTIONS + 2]);
	else if (be32_get(p + OFF_SCHEMA_FORMAT) > SCHEMA_FORMAT_MAX)
		err_set(e, ERR_CORRUPT, "schema format %" PRIu32 " is unknown",
		    be32_get(p + OFF_SCHEMA_FORMAT));
	else if (be32_get(p + OFF_ENCODING) > ENCODING_MAX)
		err_set(e, ERR_CORRUPT, "text encoding %" PRIu32
		    " is unknown", be32_get(p + OFF_ENCODING));
	else
		return (0);
	return (-1);
}

int
header_parse(const uint8_t *p, size_t n, uint64_t size, struct header *h,
    struct err *e)
{
	if (n < HEADER_BYTES || size < HEADER_BYTES) {
		err_set(e, ERR_CORRUPT, "%" PRIu64
		    " bytes are less than the header of a database", size);
		return (-1);
	}
	h->page_size = be16_get(p + OFF_PAGE_SIZE);
	if (h->page_size == 1)
		h->page_size = 65536;
	h->npages = be32_get(p + OFF_NPAGES);
	h->counted = h->npages != 0 && memcmp(p + OFF_CHANGE_COUNTER,
	    p + OFF_VALID_FOR, sizeof(uint32_t)) == 0;
	if (check_fields(p, h, e) == -1)
		return (-1);
	if (size < h->page_size) {
		err_set(e, ERR_CORRUPT, "%" PRIu64
		    " bytes are less than one page of %" PRIu32, size,
		    h->page_size);
		return (-1);
	}
	if (h->counted && size / h->page_size < h->npages) {
		err_set(e, ERR_CORRUPT, "cut short: %" PRIu64
		    " bytes are not %" PRIu32 " pages of %" PRIu32, size,
		    h->npages, h->page_size);
		return (-1);
	}
	return (0);
}
