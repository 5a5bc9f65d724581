/*
 * path -- absolute names of files, compared byte by byte.
 */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include "base/err.h"

/*
 * "path" made absolute (the working directory before it where it does not
 * begin with '/'), with "//", "." components and trailing slashes removed; the
 * caller frees.  NULL for an empty path or one with a ".." component (class
 * usage, "what" names it), or if there is no working directory (class io).
 */
char *path_absolute(const char *path, const char *what, struct err *e);

/*
 * The same where ".." may occur: what stands before the last one must be
 * there, and is resolved as realpath(3) does; what follows may be missing, and
 * links in it stay.  Class usage also: "..", and before it is no directory.
 */
char *path_resolve(const char *path, const char *what, struct err *e);

/* Does "path" equal "dir" or lie below it?  Both absolute and normal. */
int path_within(const char *path, const char *dir);

#endif
