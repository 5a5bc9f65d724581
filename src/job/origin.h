/*
 * origin -- what an object says of its database: read from the trailer at the
 * object's end, without its content.
 */
#ifndef JOB_ORIGIN_H
#define JOB_ORIGIN_H

#include <stddef.h>

#include "base/err.h"
#include "codec/trailer.h"
#include "store/store.h"

/*
 * The trailer of an object, with requests of its own; or of the object whose
 * last bytes are p[0 .. n-1] (all of it, or TRAILER_MAX_BYTES).  Class corrupt:
 * there is no sound one; limit: of a future version; and what store_get()
 * says.  trailer_fini().
 */
int origin_trailer(struct store *store, const char *object,
    struct trailer *t, struct err *e);
int origin_tail(const void *p, size_t n, const char *object,
    struct trailer *t, struct err *e);

/*
 * The path where the database lay, to be freed; or NULL with class corrupt (no sound
 * trailer, or a path that is not absolute and normal), or what store_get()
 * says.
 */
char *origin_path(struct store *store, const char *object, struct err *e);

#endif
