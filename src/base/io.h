/*
 * io -- files and descriptors, whole: short reads, short writes and EINTR are
 * dealt with here.  Errors carry the class that errno suggests and "name".
 */
#ifndef BASE_IO_H
#define BASE_IO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* close(2) a descriptor if it is not -1, set it to -1, and keep errno. */
void io_close(int *fd);

/* Write all n bytes (at offset off).  "name" is for the error. */
int io_write(int fd, const void *p, size_t n, const char *name,
    struct err *e);
int io_pwrite(int fd, const void *p, size_t n, uint64_t off,
    const char *name, struct err *e);

/*
 * Read until n bytes are there or the file ends (from offset off); returns
 * the number of bytes, less than n only at the end, or -1.
 */
ssize_t io_read(int fd, void *p, size_t n, const char *name, struct err *e);
ssize_t io_pread(int fd, void *p, size_t n, uint64_t off, const char *name,
    struct err *e);

/*
 * Append the whole file "name" (relative to the directory dirfd, or AT_FDCWD)
 * to *b.  Larger than max: class limit.  Not there: class gone.
 */
int io_read_file(int dirfd, const char *name, size_t max, struct buf *b,
    struct err *e);

/*
 * Put a file "name" with these bytes and mode in place of whatever is there:
 * temporary file beside it, fsync(2), rename(2), fsync(2) of the directory.
 * A crash leaves the old file or the new one.  After a failure the old one is
 * there; but if it was the last fsync(2) that failed, the new one is, and may
 * be lost in a crash.
 */
int io_replace_file(int dirfd, const char *name, const void *p, size_t n,
    mode_t mode, struct err *e);

/* Make directory "path" and its missing parents with this mode. */
int io_mkdirs(const char *path, mode_t mode, struct err *e);

/* fsync(2) the directory that "path" lies in, so that its name is durable. */
int io_sync_parent(const char *path, struct err *e);

/* Remove the directory "name" below dirfd with all that is in it, without
 * following links.  It may be missing. */
int io_remove_tree(int dirfd, const char *name, struct err *e);

#endif
