/*
 * errorfile -- the error report of a restore of many, as a file.  One that is
 * its retry's as well is what the retry is about, so it stays as it is until
 * the retry is through: the new one is written beside it.
 */
#ifndef CMD_ERRORFILE_H
#define CMD_ERRORFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct errorfile;

/* Are both one regular file?  "retried" may be NULL. */
bool errorfile_is_same(const char *path, const char *retried);

/*
 * Begin it, a file 0600, emptied; or if "retried" (may be NULL) is the same
 * regular file, one beside it with its mode.  Class denied, io, space.
 */
struct errorfile *errorfile_open(const char *path, const char *retried,
    struct err *e);

/* Append a line.  After a failure (space, io) the file is not complete. */
int errorfile_put(struct errorfile *f, const void *line, size_t n,
    struct err *e);

/* All has been written: the one beside it, if complete, takes its place. */
int errorfile_finish(struct errorfile *f, struct err *e);

/* Was a line lost?  And does the file then have what it had? */
bool errorfile_is_torn(const struct errorfile *f);
bool errorfile_is_beside(const struct errorfile *f);

/* One beside it that was not finished is removed. */
void errorfile_free(struct errorfile *f);

#endif
