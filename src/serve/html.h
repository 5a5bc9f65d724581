/*
 * html -- text in a page, so that nothing in it can be taken for markup.
 * Control characters and ill-formed UTF-8 are shown percent-encoded.
 */
#ifndef SERVE_HTML_H
#define SERVE_HTML_H

#include "base/buf.h"

/* A sentence: '%' stands for itself. */
void html_text(struct buf *b, const char *s);

/* A path, as keys have it (base/escape.h): it can be read back exactly. */
void html_path(struct buf *b, const char *s);

#endif
