/*
 * origin -- where an object's database lay when it was backed up: read from
 * the trailer at the object's end, without its content.
 */
#ifndef JOB_ORIGIN_H
#define JOB_ORIGIN_H

#include "base/err.h"
#include "store/store.h"

/*
 * The recorded path, to be freed; or NULL with class corrupt (no sound
 * trailer, or a path that is not absolute and normal), or what store_get()
 * says.
 */
char *origin_path(struct store *store, const char *object, struct err *e);

#endif
