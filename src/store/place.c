#include "store/place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

enum {
	DIR_FLAGS = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
	TRIES = 10		/* against writers that remove as we make */
};

void
place_init(struct place *p, int rootfd)
{
	memset(p, 0, sizeof(*p));
	p->rootfd = rootfd;
	p->fd = -1;
}

void
place_fini(struct place *p)
{
	io_close(&p->fd);
	buf_fini(&p->path);
	buf_fini(&p->left);
}

/* Bytes of the directory part of name[0 .. len-1], without its slash. */
static size_t
dir_len(const char *name, size_t len)
{
	const char *slash = memrchr(name, '/', len);

	return (slash == NULL ? 0 : (size_t)(slash - name));
}

/* The name behind a directory part of this length. */
static const char *
behind(const char *name, size_t dirlen)
{
	return (dirlen == 0 ? name : name + dirlen + 1);
}

int
place_open(int rootfd, const char *path, size_t len, bool make)
{
	char comp[NAME_MAX + 1];
	const char *end = path + len;
	size_t n;
	int fd, next;

	if ((fd = openat(rootfd, ".", DIR_FLAGS)) == -1)
		return (-1);
	while (path < end) {
		n = strcspn(path, "/");
		if (n > (size_t)(end - path))
			n = (size_t)(end - path);
		if (n > NAME_MAX) {
			errno = ENAMETOOLONG;
			io_close(&fd);
			return (-1);
		}
		memcpy(comp, path, n);
		comp[n] = '\0';
		if (strcmp(comp, "..") == 0) {
			errno = ENOENT;
			io_close(&fd);
			return (-1);
		}
		next = openat(fd, comp, DIR_FLAGS);
		if (next == -1 && errno == ENOENT && make &&
		    (mkdirat(fd, comp, 0700) == 0 || errno == EEXIST))
			next = openat(fd, comp, DIR_FLAGS);
		io_close(&fd);
		if ((fd = next) == -1)
			return (-1);
		path += n;
		if (path < end)
			path++;
	}
	return (fd);
}

/* Make p->fd the directory path[0 .. len-1]. */
static int
go(struct place *p, const char *path, size_t len, bool make)
{
	if (p->fd != -1 && p->path.len == len &&
	    memcmp(buf_str(&p->path), path, len) == 0)
		return (0);
	io_close(&p->fd);
	if ((p->fd = place_open(p->rootfd, path, len, make)) == -1)
		return (-1);
	buf_reset(&p->path);
	buf_put(&p->path, path, len);
	return (0);
}

/* Not every file system knows RENAME_NOREPLACE (NFS); a link will do. */
static int
rename_new(int fromfd, const char *from, int tofd, const char *to)
{
	if (renameat2(fromfd, from, tofd, to, RENAME_NOREPLACE) == 0)
		return (0);
	if (errno != EINVAL)
		return (-1);
	if (linkat(fromfd, from, tofd, to, 0) == -1)
		return (-1);
	return (unlinkat(fromfd, from, 0));
}

/*
 * One try: the object's own directory "leaf" is made or opened below p->fd.
 * One that was just made cannot be a link, so the file is renamed through it.
 */
static int
try(struct place *p, int fromfd, const char *tmp, const char *leaf,
    size_t leaflen)
{
	char dir[NAME_MAX + 1];
	int fd, ret;

	if (leaflen > NAME_MAX) {
		errno = ENAMETOOLONG;
		return (-1);
	}
	memcpy(dir, leaf, leaflen);
	dir[leaflen] = '\0';
	if (mkdirat(p->fd, dir, 0700) == 0)
		return (rename_new(fromfd, tmp, p->fd, leaf));
	if (errno != EEXIST || (fd = openat(p->fd, dir, DIR_FLAGS)) == -1)
		return (-1);
	ret = rename_new(fromfd, tmp, fd, leaf + leaflen + 1);
	io_close(&fd);
	return (ret);
}

int
place_put(struct place *p, int fromfd, const char *tmp, const char *name)
{
	size_t dirlen = dir_len(name, strlen(name)), uplen;
	const char *leaf;
	int i;

	if (dirlen == 0)
		return (rename_new(fromfd, tmp, p->rootfd, name));
	uplen = dir_len(name, dirlen);
	leaf = behind(name, uplen);
	for (i = 0; i < TRIES; i++) {
		if (go(p, name, uplen, true) == 0 && try(p, fromfd, tmp, leaf,
		    dirlen - (size_t)(leaf - name)) == 0)
			return (0);
		if (errno != ENOENT)
			break;
		/* The directory that is kept open may have been removed. */
		io_close(&p->fd);
	}
	return (-1);
}

/* Remove a directory, and those above it, as far as they are empty. */
void
place_tidy(struct place *p)
{
	char comp[NAME_MAX + 1];
	size_t len = p->left.len, up, n;
	const char *name = buf_str(&p->left), *last;
	int fd, ret;

	for (; len > 0; len = up) {
		up = dir_len(name, len);
		last = behind(name, up);
		n = len - (size_t)(last - name);
		memcpy(comp, last, n);
		comp[n] = '\0';
		if ((fd = place_open(p->rootfd, name, up, false)) == -1)
			break;
		ret = unlinkat(fd, comp, AT_REMOVEDIR);
		io_close(&fd);
		/* One that stays, because it is in use, is no failure. */
		if (ret == -1)
			break;
	}
	buf_reset(&p->left);
}

/* One try; ENOENT and ENOTDIR if it is not there. */
static int
unlink_at(struct place *p, const char *name, size_t dirlen)
{
	if (go(p, name, dirlen, false) == -1 ||
	    unlinkat(p->fd, behind(name, dirlen), 0) == -1)
		return (-1);
	buf_reset(&p->left);
	buf_put(&p->left, name, dirlen);
	return (0);
}

int
place_remove(struct place *p, const char *name)
{
	size_t dirlen = dir_len(name, strlen(name));
	bool kept;

	if (p->left.len != dirlen ||
	    memcmp(buf_str(&p->left), name, dirlen) != 0)
		place_tidy(p);
	kept = p->fd != -1;
	if (unlink_at(p, name, dirlen) == 0)
		return (0);
	if (errno == ENOENT && kept) {
		/* The directory that was kept open may be another now. */
		io_close(&p->fd);
		if (unlink_at(p, name, dirlen) == 0)
			return (0);
	}
	return (errno == ENOENT || errno == ENOTDIR ? 0 : -1);
}
