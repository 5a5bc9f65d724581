/*
 * place -- objects of a directory store at their places: from the temporary
 * directory to a name below the root, the directories on the way made as
 * needed; and from there away.  Neighbours come after each other, so a
 * directory is kept open: of a put that above the object's own, of a removal
 * its own.  No symbolic link is followed.
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
	struct buf left;	/* the directory of the last removal, or "" */
};

void place_init(struct place *p, int rootfd);
void place_fini(struct place *p);

/*
 * Rename "tmp" in the directory fromfd to object "name", which must not
 * exist.  0, or -1 with errno (EEXIST: it does).
 */
int place_put(struct place *p, int fromfd, const char *tmp, const char *name);

/*
 * Remove object "name".  0, also if it was not there, or -1 with errno.
 * Directories that are empty then go when an object of another directory is
 * removed, or by place_tidy().
 */
int place_remove(struct place *p, const char *name);
void place_tidy(struct place *p);

/*
 * Open the directory path[0 .. len-1] below rootfd component by component,
 * as O_PATH; with "make" missing ones are made, 0700.  -1 with errno (".."
 * is never there).
 */
int place_open(int rootfd, const char *path, size_t len, bool make);

#endif
