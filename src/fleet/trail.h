/*
 * trail -- the way from a pattern's literal directory down to where a walk
 * is, and the directories beside it that are still to be entered.  It grows
 * with the depth, but neither the stack nor the number of descriptors does:
 * a few of them are kept, and a directory that the walk comes back to is
 * opened again, and must be the same one.
 */
#ifndef FLEET_TRAIL_H
#define FLEET_TRAIL_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "fleet/pattern.h"

enum {
	TRAIL_NAME_MAX = 255,	/* bytes */
	TRAIL_FDS = 16		/* open directories, whatever the depth */
};

/* A directory on the way. */
struct trail_dir {
	dev_t dev;
	ino_t ino;
	int fd;			/* -1: not open; see trail_fd() */
	struct pattern_pos pos;
	unsigned nlinks;	/* that were followed to get here */
	size_t path_len;
	size_t start, next;	/* in trail.pending: names to be entered */
};

/* A directory that is still to be entered. */
struct trail_name {
	struct pattern_pos pos;
	bool link;		/* may be a symbolic link */
	const char *name;	/* valid until the next trail_put() */
	size_t len;
};

/* Zero it before use; trail_fini() after. */
struct trail {
	struct trail_dir *dirs;
	size_t ndirs, cap;
	struct buf pending;
	size_t path_len;	/* of the last directory */
	char path[PATH_MAX + TRAIL_NAME_MAX + 1];
};

/* The last directory, or NULL.  Valid until the next trail_push(). */
struct trail_dir *trail_last(struct trail *t);

/*
 * Go into a directory: fd (which is the trail's from now on; -1: it is opened
 * when trail_fd() is asked for it), its stat values, and its path, which is
 * trail_path(t, its name) or the beginning.
 */
struct trail_dir *trail_push(struct trail *t, int fd, const struct stat *st,
    const char *path, struct pattern_pos pos);

/* Go back. */
void trail_pop(struct trail *t);

/* Note a directory below the last one; take the next that was noted there.
 * False if there is none left. */
void trail_put(struct trail *t, const struct trail_name *n);
bool trail_take(struct trail *t, struct trail_name *n);

/*
 * A descriptor of the last directory for openat(2), the trail's; -1 with
 * errno, ENOENT if it has vanished or another one is in its place.
 */
int trail_fd(struct trail *t);

/* The path of the last directory ("" for the root), or of "name" in it (at
 * most TRAIL_NAME_MAX bytes).  Valid until the next call. */
const char *trail_here(struct trail *t);
const char *trail_path(struct trail *t, const char *name, size_t len);

/* Is this directory on the trail? */
bool trail_passes(const struct trail *t, const struct stat *st);

void trail_fini(struct trail *t);

#endif
