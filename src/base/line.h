/*
 * line -- what a pipeline reads and writes: one item a line, fields separated
 * by tabs, with \t, \n and \\ escaped, and other control characters (U+0001 to
 * U+001F, U+007F, U+0080 to U+009F), which a terminal would obey, byte by byte
 * as \x1B; or items that end in NUL, unescaped.
 */
#ifndef BASE_LINE_H
#define BASE_LINE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"

/* Append a field: escaped, or as it is if "raw" (items end in NUL). */
void line_field(struct buf *b, const char *s, bool raw);

/*
 * Read the next item of "in" into *b (reset first), unescaped unless "raw".
 * Returns 1, 0 at the end, or -1 (class usage: a wrong escape or a NUL in a
 * line; class io).  A last item without its end counts.
 */
int line_read(FILE *in, bool raw, struct buf *b, struct err *e);

/*
 * The same for items of several fields: read one into *line (reset first) as
 * it stands, a NUL in it too; then cut it, from *pos = 0 on.  line_get(): "end"
 * is the byte that ends an item; *whole (may be NULL): it was there; its error
 * does not name the file.
 * line_cut(): the next field into *field (reset first), unescaped unless
 * "raw"; 0 behind the last one, -1: a wrong escape or a NUL.
 */
int line_get(FILE *in, int end, struct buf *line, bool *whole, struct err *e);
int line_cut(const struct buf *line, size_t *pos, bool raw, struct buf *field);

#endif
