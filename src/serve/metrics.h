/*
 * metrics -- /metrics: what Prometheus scrapes, as text of version 0.0.4
 * ("Exposition formats" of its documentation).  Names and labels are promises;
 * litefleet(1) lists them.
 *
 * Values of labels from paths are encoded as keys are (base/escape.h), so that
 * different names never become one series and all is UTF-8.
 */
#ifndef SERVE_METRICS_H
#define SERVE_METRICS_H

#include "base/buf.h"
#include "serve/face.h"

/* Append all of it. */
void metrics_put(const struct face_view *v, struct buf *b);

#endif
