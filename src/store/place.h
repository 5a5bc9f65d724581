/*
 * place -- objects of a directory store at their places: from the temporary
 * directory to a name below the root, the directories on the way made as
 * needed.  Neighbours come after each other, so the directory above the last
 * object's own is kept open.  No symbolic link is followed.
 */
#ifndef STORE_PLACE_H
#define STORE_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct place {
	int rootfd;		/* of the store; borrowed */
	int fd;			/* of directory "path", or -1 */
	struct buf path;
};

void place_init(struct place *p, int rootfd);
void place_fini(struct place *p);

/*
 * Rename "tmp" in the directory fromfd to object "name", which must not
 * exist.  0, or -1 with errno (EEXIST: it does).
 */
int place_put(struct place *p, int fromfd, const char *tmp, const char *name);

/*
 * Remove object "name" and the directories that are empty then.  0, also if
 * it was not there, or -1 with errno.
 */
int place_remove(struct place *p, const char *name);

/*
 * Open the directory path[0 .. len-1] below rootfd component by component,
 * as O_PATH; with "make" missing ones are made, 0700.  -1 with errno (".."
 * is never there).
 */
int place_open(int rootfd, const char *path, size_t len, bool make);

#endif
