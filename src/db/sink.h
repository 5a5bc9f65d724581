/*
 * sink -- where an image is put together: in memory up to a bound, beyond it
 * in an unnamed file of the spool.  Starting again throws away what was
 * there, so an image that turns out not to be one state costs nothing more.
 *
 * The memory is kept from image to image and never exceeds the bound.
 */
#ifndef DB_SINK_H
#define DB_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	/* Reads and writes are of this size; it holds a frame of the largest
	 * page. */
	SINK_CHUNK_BYTES = 1 << 19
};

struct sink {
	const char *spool;	/* the caller's; made when first needed */
	size_t mem_bytes;	/* up to this size in memory */
	uint64_t size;		/* of the image */
	uint8_t *mem;
	size_t cap;
	int fd;			/* -1: the image is in memory */
	uint8_t *chunk;		/* SINK_CHUNK_BYTES, once needed */
};

void sink_init(struct sink *s, const char *spool, size_t mem_bytes);
void sink_fini(struct sink *s);

/* Start an image of "size" bytes, all undefined.  Class io, space. */
int sink_start(struct sink *s, uint64_t size, struct err *e);

/*
 * Fill the image from the beginning of the file fd; zeros where it ends
 * before the image does.  "*got" is how many bytes the file gave.  A shared
 * extent (FICLONE) where the file system has them, else large sequential
 * reads.
 */
int sink_fill(struct sink *s, int fd, uint64_t *got, struct err *e);

/*
 * Make the file *fd of "size" bytes the image: a large one is taken over (and
 * *fd set to -1), a small one is read.
 */
int sink_adopt(struct sink *s, int *fd, uint64_t size, struct err *e);

/* Put n bytes at off, over what is there; they must lie within the image. */
int sink_put(struct sink *s, uint64_t off, const void *p, size_t n,
    struct err *e);

/* A buffer of SINK_CHUNK_BYTES to read into, until the next call here. */
uint8_t *sink_chunk(struct sink *s);

/*
 * Copy "size" bytes from the beginning of file "from" to file "to", as
 * sink_fill() does; *got is less if "from" ends before.
 */
int sink_copy(struct sink *s, int from, int to, uint64_t size,
    uint64_t *got, struct err *e);

#endif
