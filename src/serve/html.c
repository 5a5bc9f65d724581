#include "serve/html.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "base/num.h"
#include "base/utf8.h"

static const char *
entity(unsigned char c)
{
	switch (c) {
	case '&':
		return ("&amp;");
	case '<':
		return ("&lt;");
	case '>':
		return ("&gt;");
	case '"':
		return ("&quot;");
	case '\'':
		return ("&#39;");
	default:
		return (NULL);
	}
}

/* Would it change the order in which what follows is shown?  U+061C, U+200E,
 * U+200F, U+202A to U+202E, U+2066 to U+2069: a name may seem another. */
static bool
turns(const unsigned char *p, size_t n)
{
	if (n == 2)
		return (p[0] == 0xd8 && p[1] == 0x9c);
	if (n != 3 || p[0] != 0xe2)
		return (false);
	return ((p[1] == 0x80 && (p[2] == 0x8e || p[2] == 0x8f ||
	    (p[2] >= 0xaa && p[2] <= 0xae))) ||
	    (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9));
}

static void
put_hex(struct buf *b, const unsigned char *p, size_t n)
{
	for (; n > 0; p++, n--)
		buf_printf(b, "%%%02X", *p);
}

void
html_text(struct buf *b, const char *s)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t left = strlen(s), step;
	const char *special;

	for (; left > 0; p += step, left -= step) {
		step = utf8_step(p, left);
		if ((special = entity(*p)) != NULL)
			buf_puts(b, special);
		else if (step > 0 && !utf8_is_control(p, step) &&
		    !turns(p, step))
			buf_put(b, p, step);
		else {
			step = step > 0 ? step : 1;
			put_hex(b, p, step);
		}
	}
}

void
html_path(struct buf *b, const char *s)
{
	struct buf key = { 0 };

	escape_put(&key, s, strlen(s));
	html_text(b, buf_str(&key));
	buf_fini(&key);
}

void
html_count(struct buf *b, uint64_t n)
{
	char digits[24];
	const char *p;
	size_t left;

	(void)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
	left = strlen(digits);
	for (p = digits; left > 0; p++, left--) {
		if (p != digits && left % 3 == 0)
			buf_putc(b, ',');
		buf_putc(b, *p);
	}
}

void
html_bytes(struct buf *b, uint64_t n)
{
	char text[32];

	buf_puts(b, num_format_bytes(n, text, sizeof(text)));
}

void
html_duration(struct buf *b, int64_t ms)
{
	char text[32];
	size_t n;

	n = strlen(num_format_duration(ms, text, sizeof(text)));
	if (n > 3 && strcmp(text + n - 3, ".0s") == 0)
		(void)snprintf(text + n - 3, 2, "s");
	buf_puts(b, text);
}
