#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

enum {
	PRINT_BYTES = 80		/* room that is made in advance */
};

void
buf_reset(struct buf *b)
{
	b->len = 0;
	if (b->data != NULL)
		b->data[0] = '\0';
}

void
buf_fini(struct buf *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}

void *
buf_room(struct buf *b, size_t n)
{
	size_t want, cap;

	if (n > SIZE_MAX / 4 || b->len > SIZE_MAX / 4)
		log_fatal("out of memory (%zu bytes)", n);
	want = b->len + n + 1;
	if (want > b->cap) {
		cap = b->cap + b->cap / 2;
		b->cap = cap > want ? cap : want;
		b->data = mem_resize(b->data, b->cap, 1);
	}
	return (b->data + b->len);
}

void
buf_put(struct buf *b, const void *p, size_t n)
{
	uint8_t *at = buf_room(b, n);

	if (n > 0)
		memcpy(at, p, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void
buf_putc(struct buf *b, int c)
{
	unsigned char ch = (unsigned char)c;

	buf_put(b, &ch, 1);
}

void
buf_puts(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

/* Most texts fit at once. */
void
buf_printf(struct buf *b, const char *fmt, ...)
{
	char *at = buf_room(b, PRINT_BYTES);
	size_t room = b->cap - b->len;
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	if ((n = vsnprintf(at, room, fmt, ap)) < 0)
		log_fatal("format \"%s\" cannot be printed", fmt);
	if ((size_t)n >= room) {
		at = buf_room(b, (size_t)n);
		(void)vsnprintf(at, (size_t)n + 1, fmt, again);
	}
	b->len += (size_t)n;
	va_end(again);
	va_end(ap);
}

const char *
buf_str(const struct buf *b)
{
	return (b->data == NULL ? "" : (const char *)b->data);
}

char *
buf_take(struct buf *b)
{
	char *s = b->data == NULL ? mem_strdup("") : (char *)b->data;

	memset(b, 0, sizeof(*b));
	return (s);
}
