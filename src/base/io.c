#include "base/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

enum {
	READ_FILE_BYTES = 64 * 1024
};

void
io_close(int *fd)
{
	int saved = errno;

	if (*fd != -1)
		(void)close(*fd);
	*fd = -1;
	errno = saved;
}

int
io_write(int fd, const void *p, size_t n, const char *name, struct err *e)
{
	const uint8_t *at = p;
	ssize_t w;

	while (n > 0) {
		if ((w = write(fd, at, n)) == -1) {
			if (errno == EINTR)
				continue;
			err_io(e, "write %s", name);
			return (-1);
		}
		at += w;
		n -= (size_t)w;
	}
	return (0);
}

int
io_pwrite(int fd, const void *p, size_t n, uint64_t off, const char *name,
    struct err *e)
{
	const uint8_t *at = p;
	ssize_t w;

	while (n > 0) {
		if ((w = pwrite(fd, at, n, (off_t)off)) == -1) {
			if (errno == EINTR)
				continue;
			err_io(e, "write %s", name);
			return (-1);
		}
		at += w;
		off += (uint64_t)w;
		n -= (size_t)w;
	}
	return (0);
}

ssize_t
io_read(int fd, void *p, size_t n, const char *name, struct err *e)
{
	size_t done = 0;
	ssize_t r;

	while (done < n) {
		if ((r = read(fd, (uint8_t *)p + done, n - done)) == 0)
			break;
		if (r == -1) {
			if (errno == EINTR)
				continue;
			err_io(e, "read %s", name);
			return (-1);
		}
		done += (size_t)r;
	}
	return ((ssize_t)done);
}

ssize_t
io_pread(int fd, void *p, size_t n, uint64_t off, const char *name,
    struct err *e)
{
	size_t done = 0;
	ssize_t r;

	while (done < n) {
		r = pread(fd, (uint8_t *)p + done, n - done,
		    (off_t)(off + done));
		if (r == 0)
			break;
		if (r == -1) {
			if (errno == EINTR)
				continue;
			err_io(e, "read %s", name);
			return (-1);
		}
		done += (size_t)r;
	}
	return ((ssize_t)done);
}

int
io_read_file(int dirfd, const char *name, size_t max, struct buf *b,
    struct err *e)
{
	const size_t old = b->len;
	ssize_t r;
	size_t want;
	int fd, ret = -1;

	if ((fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC)) == -1) {
		err_io(e, "open %s", name);
		return (-1);
	}
	if (max == SIZE_MAX)
		max--;
	/* Piece by piece: "max" may be far more than there is. */
	do {
		want = max + 1 - (b->len - old);
		if (want > READ_FILE_BYTES)
			want = READ_FILE_BYTES;
		if ((r = io_read(fd, buf_room(b, want), want, name, e)) == -1)
			goto out;
		b->len += (size_t)r;
		b->data[b->len] = '\0';
		if (b->len - old > max) {
			err_set(e, ERR_LIMIT, "%s is larger than %zu bytes",
			    name, max);
			goto out;
		}
	} while ((size_t)r == want);
	ret = 0;
out:
	if (ret == -1) {
		b->len = old;
		if (b->data != NULL)
			b->data[old] = '\0';
	}
	io_close(&fd);
	return (ret);
}

int
io_replace_file(int dirfd, const char *name, const void *p, size_t n,
    mode_t mode, struct err *e)
{
	char *tmp = mem_printf("%s.new", name);
	const char *slash;
	char *dir = NULL;
	int fd, dfd = -1, ret = -1;

	if ((fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
	    O_NOFOLLOW, mode)) == -1) {
		err_io(e, "create %s", tmp);
		goto out;
	}
	if (io_write(fd, p, n, tmp, e) == -1)
		goto out;
	if (fsync(fd) == -1) {
		err_io(e, "fsync %s", tmp);
		goto out;
	}
	if (renameat(dirfd, tmp, dirfd, name) == -1) {
		err_io(e, "rename %s", tmp);
		goto out;
	}
	slash = strrchr(name, '/');
	dir = slash == NULL ? mem_strdup(".") :
	    mem_strndup(name, (size_t)(slash - name) + 1);
	if ((dfd = openat(dirfd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) ==
	    -1 || fsync(dfd) == -1) {
		err_io(e, "fsync the directory of %s", name);
		goto out;
	}
	ret = 0;
out:
	if (ret == -1 && fd != -1)
		(void)unlinkat(dirfd, tmp, 0);
	io_close(&dfd);
	io_close(&fd);
	free(dir);
	free(tmp);
	return (ret);
}

int
io_mkdirs(const char *path, mode_t mode, struct err *e)
{
	char *copy = mem_strdup(path), *p = copy;
	int fd = -1, ret = -1;

	for (;;) {
		p += strspn(p, "/");
		p += strcspn(p, "/");
		char end = *p;

		*p = '\0';
		if (copy[0] != '\0' && mkdir(copy, mode) == -1 &&
		    errno != EEXIST && errno != EISDIR) {
			err_io(e, "create directory %s", copy);
			goto out;
		}
		if (end == '\0')
			break;
		*p = end;
	}
	/* What was there already may be something else. */
	if ((fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC)) == -1) {
		err_io(e, "create directory %s", path);
		goto out;
	}
	ret = 0;
out:
	io_close(&fd);
	free(copy);
	return (ret);
}

int
io_sync_parent(const char *path, struct err *e)
{
	char *copy = mem_strdup(path);
	const char *dir = dirname(copy);
	int fd, ret = -1;

	if ((fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1 ||
	    fsync(fd) == -1) {
		err_io(e, "fsync directory %s", dir);
		goto out;
	}
	ret = 0;
out:
	io_close(&fd);
	free(copy);
	return (ret);
}

int
io_remove_tree(int dirfd, const char *name, struct err *e)
{
	struct dirent *de;
	DIR *d;
	int fd, ret = -1;

	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return (0);
	if ((fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC)) == -1 || (d = fdopendir(fd)) == NULL) {
		err_io(e, "open directory %s", name);
		io_close(&fd);
		return (-1);
	}
	while ((de = readdir(d)) != NULL) {
		if (strcmp(de->d_name, ".") == 0 ||
		    strcmp(de->d_name, "..") == 0)
			continue;
		if (io_remove_tree(fd, de->d_name, e) == -1)
			goto out;
	}
	if (unlinkat(dirfd, name, AT_REMOVEDIR) == -1 && errno != ENOENT) {
		err_io(e, "remove %s", name);
		goto out;
	}
	ret = 0;
out:
	(void)closedir(d);
	return (ret);
}
