#include "base/line.h"

#include <stdlib.h>
#include <string.h>

void
line_field(struct buf *b, const char *s, bool raw)
{
	size_t n;

	if (raw) {
		buf_puts(b, s);
		return;
	}
	for (;;) {
		n = strcspn(s, "\t\n\\");
		buf_put(b, s, n);
		s += n;
		if (*s == '\0')
			return;
		buf_putc(b, '\\');
		buf_putc(b, *s == '\t' ? 't' : *s == '\n' ? 'n' : '\\');
		s++;
	}
}

/* Undo line_field() on line[0 .. n-1]. */
static int
unescape(const char *line, size_t n, struct buf *b, struct err *e)
{
	size_t i;

	if (memchr(line, '\0', n) != NULL) {
		err_set(e, ERR_USAGE, "a line holds a NUL byte; use -0 for "
		    "items that end in NUL");
		return (-1);
	}
	for (i = 0; i < n; i++) {
		if (line[i] != '\\') {
			buf_putc(b, line[i]);
			continue;
		}
		i++;
		if (i < n && line[i] == 't')
			buf_putc(b, '\t');
		else if (i < n && line[i] == 'n')
			buf_putc(b, '\n');
		else if (i < n && line[i] == '\\')
			buf_putc(b, '\\');
		else {
			err_set(e, ERR_USAGE, "\"%s\": a backslash must be "
			    "followed by t, n or another backslash",
			    line);
			return (-1);
		}
	}
	return (0);
}

int
line_read(FILE *in, bool raw, struct buf *b, struct err *e)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	int end = raw ? '\0' : '\n', ret = -1;

	buf_reset(b);
	n = getdelim(&line, &cap, end, in);
	/* What came before an error is no item, but the beginning of one. */
	if (ferror(in)) {
		err_io(e, "read standard input");
		goto out;
	}
	if (n == -1) {
		ret = 0;
		goto out;
	}
	if (n > 0 && line[n - 1] == end)
		line[--n] = '\0';
	if (raw)
		buf_put(b, line, (size_t)n);
	else if (unescape(line, (size_t)n, b, e) == -1)
		goto out;
	ret = 1;
out:
	free(line);
	return (ret);
}
