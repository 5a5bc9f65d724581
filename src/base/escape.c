#include "base/escape.h"

#include <string.h>

#include "base/utf8.h"

static const char digits[] = "0123456789ABCDEF";

void
escape_put(struct buf *b, const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t step, i;

	for (; n > 0; p += step, n -= step) {
		step = utf8_step(p, n);
		if (step > 0 && *p != '%' && !utf8_is_control(p, step)) {
			buf_put(b, p, step);
			continue;
		}
		if (step == 0)
			step = 1;
		for (i = 0; i < step; i++) {
			buf_putc(b, '%');
			buf_putc(b, digits[p[i] >> 4]);
			buf_putc(b, digits[p[i] & 15]);
		}
	}
}

bool
escape_undo(struct buf *b, const char *s, size_t n)
{
	struct buf again = { 0 };
	const char *hi, *lo;
	size_t i, start = b->len;
	bool ok = false;

	for (i = 0; i < n; i++) {
		if (s[i] != '%') {
			buf_putc(b, s[i]);
			continue;
		}
		if (n - i < 3 || s[i + 1] == '\0' || s[i + 2] == '\0' ||
		    (hi = strchr(digits, s[i + 1])) == NULL ||
		    (lo = strchr(digits, s[i + 2])) == NULL)
			return (false);
		buf_putc(b, (int)((hi - digits) << 4 | (lo - digits)));
		i += 2;
	}
	if (b->len == start)
		return (n == 0);
	escape_put(&again, (const char *)b->data + start, b->len - start);
	ok = again.len == n && memcmp(again.data, s, n) == 0;
	buf_fini(&again);
	return (ok);
}

bool
escape_is(const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s;
	struct buf raw = { 0 };
	size_t step, i;
	bool ok;

	/* Most have nothing to undo: those cost no memory. */
	for (i = 0; i < n && p[i] != '%'; i += step)
		if ((step = utf8_step(p + i, n - i)) == 0 ||
		    utf8_is_control(p + i, step))
			return (false);
	if (i == n)
		return (true);
	ok = escape_undo(&raw, s, n);
	buf_fini(&raw);
	return (ok);
}
