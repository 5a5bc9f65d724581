#include "job/origin.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"

/*
 * Only what a backup writes: absolute, without "//", ".", ".." and a slash at
 * the end.  An object is data of others; it must not lead us elsewhere.
 */
static bool
is_normal(const char *path)
{
	size_t n;

	if (path[0] != '/')
		return (false);
	while (*path != '\0') {
		path++;
		n = strcspn(path, "/");
		if (n == 0 || (n == 1 && path[0] == '.') ||
		    (n == 2 && path[0] == '.' && path[1] == '.'))
			return (false);
		path += n;
	}
	return (true);
}

/* The last bytes of the object, at most TRAILER_MAX_BYTES; how many, or -1. */
static ssize_t
read_tail(struct store *store, const char *object, uint8_t *p, struct err *e)
{
	struct store_get_cfg cfg = { .name = object };
	struct store_reader *r;
	uint64_t size;
	size_t n = 0;
	ssize_t got;

	if ((r = store_get(store, &cfg, &size, e)) == NULL)
		return (-1);
	if (size > TRAILER_MAX_BYTES) {
		cfg.off = size - TRAILER_MAX_BYTES;
		store_reader_free(r);
		if ((r = store_get(store, &cfg, NULL, e)) == NULL)
			return (-1);
	}
	while (n < TRAILER_MAX_BYTES) {
		if ((got = store_read(r, p + n, TRAILER_MAX_BYTES - n, e)) <= 0)
			break;
		n += (size_t)got;
	}
	store_reader_free(r);
	return (got == -1 ? -1 : (ssize_t)n);
}

int
origin_tail(const void *p, size_t n, const char *object, struct trailer *t,
    struct err *e)
{
	const uint8_t *end = (const uint8_t *)p + n;
	size_t len;

	if (n < TRAILER_FIXED_BYTES || (len = le32_get(end - 4)) > n) {
		err_set(e, ERR_CORRUPT, "%s has no trailer: it is damaged or "
		    "no backup", object);
		return (-1);
	}
	if (trailer_parse(end - len, len, t, e) == -1) {
		err_prefix(e, "%s", object);
		return (-1);
	}
	return (0);
}

int
origin_trailer(struct store *store, const char *object, struct trailer *t,
    struct err *e)
{
	uint8_t *tail = mem_zero(TRAILER_MAX_BYTES);
	ssize_t n;
	int ret = -1;

	if ((n = read_tail(store, object, tail, e)) != -1)
		ret = origin_tail(tail, (size_t)n, object, t, e);
	free(tail);
	return (ret);
}

char *
origin_path(struct store *store, const char *object, struct err *e)
{
	struct trailer t;
	char *ret = NULL;

	if (origin_trailer(store, object, &t, e) == -1)
		return (NULL);
	if (is_normal(t.path))
		ret = mem_strdup(t.path);
	else
		err_set(e, ERR_CORRUPT, "%s does not say where its database "
		    "was: \"%s\" is no absolute path", object, t.path);
	trailer_fini(&t);
	return (ret);
}
