/*
 * blocks -- the blocks of a large LZ4 frame, compressed on several processors:
 * they do not depend on one another.  A few threads read and compress; the
 * caller takes the blocks in their order.  Memory does not grow with the file.
 *
 * Owner: one process, one thread; not to be forked with.  The threads live
 * from blocks_new() to blocks_free(), take no signals, and touch nothing but
 * the descriptor and their own memory.
 */
#ifndef CODEC_BLOCKS_H
#define CODEC_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	BLOCKS_BYTES = 4 << 20	/* of content in each but the last */
};

/* One block; what it points to is valid until the next blocks_next(). */
struct block {
	const uint8_t *content;
	size_t ncontent;
	const uint8_t *data;	/* as it stands in the frame */
	size_t ndata;		/* equals ncontent: it is stored, and is the
				 * content */
};

struct blocks;

/*
 * The first "size" bytes of fd, which must live as long.  Where there
 * is one processor, or no thread can be had, the caller's compresses.
 */
struct blocks *blocks_new(int fd, uint64_t size);
void blocks_free(struct blocks *b);

/*
 * The next block: 1, or 0 behind the last.  Class io; bug: the file has become
 * shorter.
 */
int blocks_next(struct blocks *b, struct block *out, struct err *e);

#endif
