#include "state/names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/io.h"
#include "base/mem.h"

enum {
	HEAD_BYTES = 10,	/* length and hash */
	FILE_MAX_BYTES = 1 << 30
};

void
names_init(struct names *ns, int dirfd, unsigned seg)
{
	ns->dirfd = dirfd;
	ns->fd = -1;
	ns->bytes = 0;
	(void)snprintf(ns->name, sizeof(ns->name), "%02x.names", seg & 0xff);
}

void
names_fini(struct names *ns)
{
	io_close(&ns->fd);
}

static int
open_append(struct names *ns, struct err *e)
{
	struct stat sb;

	if (ns->fd != -1)
		return (0);
	if ((ns->fd = openat(ns->dirfd, ns->name, O_WRONLY | O_APPEND |
	    O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)) == -1 ||
	    fstat(ns->fd, &sb) == -1) {
		err_io(e, "open state names %s", ns->name);
		io_close(&ns->fd);
		return (-1);
	}
	ns->bytes = (uint64_t)sb.st_size;
	return (0);
}

int
names_append(struct names *ns, struct hash128 h, const char *path,
    uint64_t *old_bytes, struct err *e)
{
	uint8_t entry[HEAD_BYTES + NAMES_PATH_MAX];
	size_t n = strlen(path);
	struct err ignored;

	if (n > NAMES_PATH_MAX) {
		err_set(e, ERR_LIMIT, "a path of %zu bytes is too long", n);
		return (-1);
	}
	le16_put(entry, (uint16_t)n);
	le64_put(entry + 2, h.lo);
	memcpy(entry + HEAD_BYTES, path, n);
	if (open_append(ns, e) == -1)
		return (-1);
	if (io_write(ns->fd, entry, HEAD_BYTES + n, ns->name, e) == -1) {
		(void)names_cut(ns, ns->bytes, &ignored);
		return (-1);
	}
	*old_bytes = ns->bytes;
	ns->bytes += HEAD_BYTES + n;
	return (0);
}

int
names_cut(struct names *ns, uint64_t bytes, struct err *e)
{
	int fd, ret = 0;

	io_close(&ns->fd);	/* its length is looked at again */
	if ((fd = openat(ns->dirfd, ns->name, O_WRONLY | O_CLOEXEC |
	    O_NOFOLLOW)) == -1 && errno == ENOENT)
		return (0);
	if (fd == -1 || ftruncate(fd, (off_t)bytes) == -1) {
		err_io(e, "truncate state names %s", ns->name);
		ret = -1;
	}
	io_close(&fd);
	return (ret);
}

/*
 * Is there a sound entry at p[0 .. n-1]?  Then its length, else 0.
 */
static size_t
entry_at(const uint8_t *p, size_t n, const struct state_id *id,
    struct hash128 *h)
{
	const char *path = (const char *)p + HEAD_BYTES;
	size_t len;

	if (n < HEAD_BYTES || (len = le16_get(p)) > NAMES_PATH_MAX ||
	    len > n - HEAD_BYTES || memchr(path, '\0', len) != NULL)
		return (0);
	*h = statedir_hash(id, path, len);
	return (h->lo == le64_get(p + 2) ? HEAD_BYTES + len : 0);
}

int
names_each(const struct names *ns, const struct state_id *id,
    void (*each)(void *ctx, struct hash128 h, const char *path), void *ctx,
    uint64_t *skipped, struct err *e)
{
	char path[NAMES_PATH_MAX + 1];
	struct hash128 h;
	struct stat sb;
	uint8_t *all = NULL;
	ssize_t r;
	size_t n, at, len;
	int fd, ret = -1;

	*skipped = 0;
	if ((fd = openat(ns->dirfd, ns->name, O_RDONLY | O_CLOEXEC |
	    O_NOFOLLOW)) == -1 && errno == ENOENT)
		return (0);
	if (fd == -1 || fstat(fd, &sb) == -1) {
		err_io(e, "open state names %s", ns->name);
		goto out;
	}
	if (sb.st_size > FILE_MAX_BYTES) {
		err_set(e, ERR_IO, "state names %s are too large to be real",
		    ns->name);
		goto out;
	}
	all = mem_zero((size_t)sb.st_size);
	if ((r = io_read(fd, all, (size_t)sb.st_size, ns->name, e)) == -1)
		goto out;
	n = (size_t)r;
	for (at = 0; at < n; at += len) {
		if ((len = entry_at(all + at, n - at, id, &h)) == 0) {
			len = 1;
			(*skipped)++;
			continue;
		}
		memcpy(path, all + at + HEAD_BYTES, len - HEAD_BYTES);
		path[len - HEAD_BYTES] = '\0';
		each(ctx, h, path);
	}
	ret = 0;
out:
	free(all);
	io_close(&fd);
	return (ret);
}
