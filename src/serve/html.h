/*
 * html -- text in a page, so that nothing in it can be taken for markup.
 * Control characters, those that turn the direction of writing, and ill-formed
 * UTF-8 are shown percent-encoded.
 */
#ifndef SERVE_HTML_H
#define SERVE_HTML_H

#include <stdint.h>

#include "base/buf.h"

/* A sentence: '%' stands for itself. */
void html_text(struct buf *b, const char *s);

/* A path, as keys have it (base/escape.h): '%' is encoded too, so it can be
 * read back exactly. */
void html_path(struct buf *b, const char *s);

/* "1,234,567", "1.2 kB", "3m20s" ("30s", not "30.0s"). */
void html_count(struct buf *b, uint64_t n);
void html_bytes(struct buf *b, uint64_t n);
void html_duration(struct buf *b, int64_t ms);

#endif
