#include "serve/html.h"

#include <string.h>

#include "base/escape.h"
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
		else if (step > 0 && !utf8_is_control(p, step))
			buf_put(b, p, step);
		else {
			step = step > 0 ? step : 1;
			escape_put(b, (const char *)p, step);
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
