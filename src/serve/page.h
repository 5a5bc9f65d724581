/*
 * page -- what / shows to people: one HTML page without scripts or anything
 * from elsewhere, from 360 pixels on, light or dark as the reader's system is;
 * it loads itself again each interval.
 */
#ifndef SERVE_PAGE_H
#define SERVE_PAGE_H

#include "base/buf.h"
#include "serve/face.h"

/* Append it. */
void page_put(const struct face_view *v, struct buf *b);

/* The style sheet within it, and its hash as the Content-Security-Policy wants
 * it: "sha256-" and base64. */
extern const char page_style[];
extern const char page_style_hash[];

#endif
