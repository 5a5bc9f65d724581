#include "base/line.h"

#include <stdlib.h>
#include <string.h>

/* How many bytes at s a terminal may take for a command: a control character
 * of ASCII, or one of U+0080 to U+009F. */
static size_t
control(const unsigned char *s)
{
	if ((s[0] < 0x20 && s[0] != '\0') || s[0] == 0x7f)
		return (1);
	return (s[0] == 0xc2 && s[1] >= 0x80 && s[1] <= 0x9f ? 2 : 0);
}

static void
escape(struct buf *b, unsigned char c)
{
	if (c == '\t')
		buf_puts(b, "\\t");
	else if (c == '\n')
		buf_puts(b, "\\n");
	else if (c == '\\')
		buf_puts(b, "\\\\");
	else
		buf_printf(b, "\\x%02X", c);
}

void
line_field(struct buf *b, const char *s, bool raw)
{
	size_t n;

	if (raw) {
		buf_puts(b, s);
		return;
	}
	for (; *s != '\0'; s++) {
		n = *s == '\\' ? 1 : control((const unsigned char *)s);
		if (n == 0)
			buf_putc(b, *s);
		else
			escape(b, (unsigned char)*s);
		if (n == 2)
			escape(b, (unsigned char)*++s);
	}
}

/* The value of two upper-case hex digits, or -1. */
static int
hex_byte(const char *s)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *high, *low;

	if (s[0] == '\0' || s[1] == '\0' ||
	    (high = strchr(digits, s[0])) == NULL ||
	    (low = strchr(digits, s[1])) == NULL)
		return (-1);
	return ((int)((high - digits) * 16 + (low - digits)));
}

/* Undo line_field() on s[0 .. n-1]; false: it writes no such thing. */
static bool
unescape(const char *s, size_t n, struct buf *b)
{
	size_t i;
	int c;

	for (i = 0; i < n; i++) {
		if (s[i] != '\\') {
			buf_putc(b, s[i]);
			continue;
		}
		i++;
		if (i < n && s[i] == 't')
			buf_putc(b, '\t');
		else if (i < n && s[i] == 'n')
			buf_putc(b, '\n');
		else if (i < n && s[i] == '\\')
			buf_putc(b, '\\');
		else if (i < n && n - i > 2 && s[i] == 'x' &&
		    (c = hex_byte(s + i + 1)) > 0) {
			buf_putc(b, (char)c);
			i += 2;
		} else
			return (false);
	}
	return (true);
}

int
line_get(FILE *in, int end, struct buf *line, bool *whole, struct err *e)
{
	char *text = NULL;
	size_t cap = 0;
	ssize_t n;
	bool ended;
	int ret = -1;

	buf_reset(line);
	n = getdelim(&text, &cap, end, in);
	/* What came before an error is no item, but the beginning of one. */
	if (ferror(in)) {
		err_io(e, "read");
		goto out;
	}
	if (n == -1) {
		ret = 0;
		goto out;
	}
	ended = text[n - 1] == end;
	buf_put(line, text, (size_t)(ended ? n - 1 : n));
	if (whole != NULL)
		*whole = ended;
	ret = 1;
out:
	free(text);
	return (ret);
}

int
line_cut(const struct buf *line, size_t *pos, bool raw, struct buf *field)
{
	const char *s = buf_str(line) + *pos, *tab;
	size_t n;

	buf_reset(field);
	if (*pos > line->len)
		return (0);
	n = line->len - *pos;
	if (n > 0 && (tab = memchr(s, '\t', n)) != NULL)
		n = (size_t)(tab - s);
	*pos += n + 1;
	if (n > 0 && memchr(s, '\0', n) != NULL)
		return (-1);
	if (raw)
		buf_put(field, s, n);
	else if (!unescape(s, n, field))
		return (-1);
	return (1);
}

int
line_read(FILE *in, bool raw, struct buf *b, struct err *e)
{
	struct buf line = { 0 };
	int ret;

	buf_reset(b);
	ret = line_get(in, raw ? '\0' : '\n', &line, NULL, e);
	if (ret == -1)
		err_prefix(e, "standard input");
	else if (ret == 0)
		;
	else if (raw)
		buf_put(b, line.data, line.len);
	else if (memchr(buf_str(&line), '\0', line.len) != NULL) {
		err_set(e, ERR_USAGE, "a line holds a NUL byte; use -0 for "
		    "items that end in NUL");
		ret = -1;
	} else if (!unescape(buf_str(&line), line.len, b)) {
		err_set(e, ERR_USAGE, "\"%s\": a backslash must be followed by "
		    "t, n or another backslash",
		    buf_str(&line));
		ret = -1;
	}
	buf_fini(&line);
	return (ret);
}
