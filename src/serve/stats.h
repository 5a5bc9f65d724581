/*
 * stats -- /stats and /failures: one JSON object each.  Names are promises;
 * litefleet(1) lists them.
 */
#ifndef SERVE_STATS_H
#define SERVE_STATS_H

#include "base/buf.h"
#include "serve/face.h"

/* Append what the path of that name shows. */
void stats_put(const struct face_view *v, struct buf *b);
void stats_put_failures(const struct face_view *v, struct buf *b);

#endif
