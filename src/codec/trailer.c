#include "codec/trailer.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"

static const uint8_t magic[8] = "LFLEET1";

enum {
	FORMAT_VERSION = 1,
	PAYLOAD_AT = 8,		/* what the length and the checksum count */
	STRINGS_AT = 72,
	TAIL_BYTES = 8,		/* checksum and length */
	HOST_MAX_BYTES = 255,
	PATH_MAX_BYTES = 4096
};

int
trailer_check(const struct trailer *t, struct err *e)
{
	if (strlen(t->host) > HOST_MAX_BYTES) {
		err_set(e, ERR_LIMIT, "the host's name is longer than %d bytes",
		    HOST_MAX_BYTES);
		return (-1);
	}
	if (strlen(t->path) > PATH_MAX_BYTES) {
		err_set(e, ERR_LIMIT, "the path is longer than %d bytes",
		    PATH_MAX_BYTES);
		return (-1);
	}
	if (t->path[0] != '/') {
		err_set(e, ERR_BUG, "the path \"%s\" is not absolute", t->path);
		return (-1);
	}
	return (0);
}

void
trailer_put(const struct trailer *t, struct buf *b)
{
	size_t nhost = strlen(t->host), npath = strlen(t->path);
	size_t n = TRAILER_FIXED_BYTES + nhost + npath;
	uint8_t *p = buf_room(b, n);
	int i;

	assert(nhost <= HOST_MAX_BYTES && npath <= PATH_MAX_BYTES);
	le32_put(p, TRAILER_MAGIC);
	le32_put(p + 4, (uint32_t)(n - PAYLOAD_AT));
	memcpy(p + 8, magic, sizeof(magic));
	le32_put(p + 16, FORMAT_VERSION);
	le32_put(p + 20, t->page_size);
	le64_put(p + 24, t->size);
	for (i = 0; i < 8; i++) {
		p[32 + i] = (uint8_t)(t->xxh3.hi >> (56 - 8 * i));
		p[40 + i] = (uint8_t)(t->xxh3.lo >> (56 - 8 * i));
	}
	le64_put(p + 48, (uint64_t)t->mtime_ns);
	le32_put(p + 56, t->mode);
	le32_put(p + 60, t->uid);
	le32_put(p + 64, t->gid);
	le16_put(p + 68, (uint16_t)nhost);
	le16_put(p + 70, (uint16_t)npath);
	memcpy(p + STRINGS_AT, t->host, nhost);
	memcpy(p + STRINGS_AT + nhost, t->path, npath);
	p += n - TAIL_BYTES;
	le32_put(p, (uint32_t)hash64(p - (n - TAIL_BYTES) + PAYLOAD_AT,
	    n - TAIL_BYTES - PAYLOAD_AT));
	le32_put(p + 4, (uint32_t)n);
	b->len += n;
}

/* Is p[0 .. n-1] one frame, of whatever version, with a right checksum? */
static bool
sound(const uint8_t *p, size_t n)
{
	return (n >= TRAILER_FIXED_BYTES && n <= TRAILER_MAX_BYTES &&
	    le32_get(p) == TRAILER_MAGIC &&
	    le32_get(p + 4) == n - PAYLOAD_AT &&
	    memcmp(p + 8, magic, sizeof(magic)) == 0 &&
	    le32_get(p + n - 4) == n &&
	    le32_get(p + n - TAIL_BYTES) == (uint32_t)hash64(p + PAYLOAD_AT,
	    n - TAIL_BYTES - PAYLOAD_AT));
}

int
trailer_parse(const void *frame, size_t n, struct trailer *t, struct err *e)
{
	const uint8_t *p = frame;
	const uint8_t *host, *path;
	uint32_t version;
	size_t nhost, npath;

	if (!sound(p, n)) {
		err_set(e, ERR_CORRUPT, "what is behind the content is no "
		    "trailer of litefleet, or damaged");
		return (-1);
	}
	if ((version = le32_get(p + 16)) > FORMAT_VERSION) {
		err_set(e, ERR_LIMIT, "the object has format %u, and this "
		    "litefleet knows %d", version, FORMAT_VERSION);
		return (-1);
	}
	nhost = le16_get(p + 68);
	npath = le16_get(p + 70);
	host = p + STRINGS_AT;
	path = host + nhost;
	if (version != FORMAT_VERSION || nhost > HOST_MAX_BYTES ||
	    npath > PATH_MAX_BYTES ||
	    nhost + npath != n - TRAILER_FIXED_BYTES ||
	    memchr(host, '\0', nhost + npath) != NULL || npath == 0 ||
	    path[0] != '/') {
		err_set(e, ERR_CORRUPT, "the trailer makes no sense");
		return (-1);
	}
	t->page_size = le32_get(p + 20);
	t->size = le64_get(p + 24);
	t->xxh3.hi = (uint64_t)be32_get(p + 32) << 32 | be32_get(p + 36);
	t->xxh3.lo = (uint64_t)be32_get(p + 40) << 32 | be32_get(p + 44);
	t->mtime_ns = (int64_t)le64_get(p + 48);
	t->mode = le32_get(p + 56);
	t->uid = le32_get(p + 60);
	t->gid = le32_get(p + 64);
	t->host = mem_strndup(host, nhost);
	t->path = mem_strndup(path, npath);
	return (0);
}

void
trailer_fini(struct trailer *t)
{
	free((void *)(uintptr_t)t->host);
	free((void *)(uintptr_t)t->path);
	t->host = t->path = NULL;
}
