/*
 * chart -- the uploads of the last hour, a bar a minute, as SVG within the
 * page.  It has no view box: bars are in percent of its width, and text keeps
 * its size on a narrow screen.
 */
#ifndef SERVE_CHART_H
#define SERVE_CHART_H

#include "base/buf.h"
#include "serve/face.h"

/* Append it, with the sentence above it. */
void chart_put(const struct face_view *v, struct buf *b);

#endif
