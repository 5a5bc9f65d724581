#include "fleet/parcel.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#include "base/bytes.h"

enum {
	GROUP_BYTES = 6,	/* before the path */
	GROUP_NAMES = 4,	/* where the number of names is */
	NAME_BYTES = 2,		/* before the name */
	AS_PATH = UINT16_MAX
};

static void
begin(struct parcel *p, const char *path, size_t path_len, const char *real,
    size_t real_len)
{
	uint8_t head[GROUP_BYTES];

	p->group = p->b.len;
	p->open = true;
	le16_put(head, (uint16_t)path_len);
	le16_put(head + 2, (uint16_t)real_len);
	le16_put(head + GROUP_NAMES, 0);
	buf_put(&p->b, head, sizeof(head));
	buf_put(&p->b, path, path_len);
	if (real_len != AS_PATH)
		buf_put(&p->b, real, real_len);
}

bool
parcel_add(struct parcel *p, const char *path, const char *real,
    bool newdir, const char *name, uint8_t flags)
{
	size_t name_len = strlen(name), path_len, real_len, n;
	uint8_t *names;

	assert(name_len >= 1 && name_len <= UINT8_MAX);
	n = NAME_BYTES + name_len;
	if (newdir || !p->open) {
		path_len = strlen(path);
		real_len = strcmp(path, real) == 0 ? AS_PATH : strlen(real);
		assert(path_len < PATH_MAX);
		assert(real_len < PATH_MAX || real_len == AS_PATH);
		n += GROUP_BYTES + path_len;
		if (real_len != AS_PATH)
			n += real_len;
		if (n > PARCEL_MAX - p->b.len)
			return (false);
		begin(p, path, path_len, real, real_len);
	} else if (n > PARCEL_MAX - p->b.len)
		return (false);
	/* PARCEL_MAX is too small for the number of names to overflow. */
	names = p->b.data + p->group + GROUP_NAMES;
	le16_put(names, (uint16_t)(le16_get(names) + 1));
	buf_putc(&p->b, flags);
	buf_putc(&p->b, (int)name_len);
	buf_put(&p->b, name, name_len);
	return (true);
}

void
parcel_reset(struct parcel *p)
{
	buf_reset(&p->b);
	p->group = 0;
	p->open = false;
}

void
parcel_reader_init(struct parcel_reader *r, const void *p, size_t n)
{
	r->p = p;
	r->left = n;
	r->names_left = 0;
	r->newdir = false;
	r->path[0] = r->real[0] = r->name[0] = '\0';
	r->flags = 0;
}

/* Take the next n bytes as a string into out[size]. */
static bool
take(struct parcel_reader *r, size_t n, char *out, size_t size)
{
	if (n > r->left || n >= size || memchr(r->p, '\0', n) != NULL)
		return (false);
	memcpy(out, r->p, n);
	out[n] = '\0';
	r->p += n;
	r->left -= n;
	return (true);
}

static bool
read_group(struct parcel_reader *r)
{
	size_t path_len, real_len;

	if (r->left < GROUP_BYTES)
		return (false);
	path_len = le16_get(r->p);
	real_len = le16_get(r->p + 2);
	r->names_left = le16_get(r->p + GROUP_NAMES);
	r->p += GROUP_BYTES;
	r->left -= GROUP_BYTES;
	if (r->names_left == 0 ||
	    !take(r, path_len, r->path, sizeof(r->path)))
		return (false);
	if (real_len == AS_PATH) {
		memcpy(r->real, r->path, path_len + 1);
		return (true);
	}
	return (take(r, real_len, r->real, sizeof(r->real)));
}

static bool
read_name(struct parcel_reader *r)
{
	size_t len;

	if (r->left < NAME_BYTES)
		return (false);
	r->flags = r->p[0];
	len = r->p[1];
	r->p += NAME_BYTES;
	r->left -= NAME_BYTES;
	if (len == 0 || !take(r, len, r->name, sizeof(r->name)))
		return (false);
	return (memchr(r->name, '/', len) == NULL &&
	    strcmp(r->name, ".") != 0 && strcmp(r->name, "..") != 0);
}

bool
parcel_next(struct parcel_reader *r)
{
	r->newdir = r->names_left == 0;
	if ((r->newdir && !read_group(r)) || !read_name(r)) {
		r->left = 0;
		r->names_left = 0;
		return (false);
	}
	r->names_left--;
	return (true);
}
