/*
 * buf -- bytes that grow.  A zeroed struct buf is an empty one.  Whatever is
 * in it, a NUL stands behind the last byte once anything was put, so that
 * buf_str() is a C string.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *data;
	size_t len;		/* bytes in use */
	size_t cap;		/* bytes there */
};

/* Forget the content, keep the memory. */
void buf_reset(struct buf *b);

/* Release the memory; *b is an empty buf again. */
void buf_fini(struct buf *b);

/*
 * Make room for n bytes behind the content and return where they go.  Add
 * what was written there to b->len.
 */
void *buf_room(struct buf *b, size_t n);

/* Append n bytes; one byte; a string without its NUL; a formatted string. */
void buf_put(struct buf *b, const void *p, size_t n);
void buf_putc(struct buf *b, int c);
void buf_puts(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((__format__(__printf__, 2, 3)));

/* The content as a string; "" if nothing was ever put. */
const char *buf_str(const struct buf *b);

/* Hand the content to the caller, to be freed; *b is empty again. */
char *buf_take(struct buf *b);

#endif
