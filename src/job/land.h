/*
 * land -- where restored files touch ground: many files below one directory,
 * made without names, synced together, then linked in without replacing.
 *
 * The root is opened once; all below it is reached with openat2(2),
 * RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS: a link on the way is refused (class
 * denied), missing directories are made, 0700.  A file is an O_TMPFILE of its
 * directory (so nothing is left behind after a kill -9), or where the file
 * system has no such thing a hidden name that is renamed.
 *
 * Durability order: all files of a batch are written -> syncfs(2) -> each is
 * linked to its name, never over another -> syncfs(2) -> they are safe.
 *
 * Owner: one process.  Nothing here logs.
 */
#ifndef JOB_LAND_H
#define JOB_LAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	LAND_BATCH_FILES = 8192,	/* or as many as descriptors allow */
	LAND_BATCH_BYTES = 256 * 1024 * 1024
};

struct land;

/*
 * Open the root (made if missing, with the directories above it, as mkdir -p
 * does).  Raises the soft limit of open files to the hard one.  Class denied,
 * space, io; exists: it is no directory.
 */
struct land *land_new(const char *root, struct err *e);
/* What is not safe vanishes. */
void land_free(struct land *l);

/* A file in the making; "owner" is the caller's. */
struct land_file {
	int fd;			/* to be written to */
	char *rel;
	void *owner;
	struct err *err;	/* after land_sync(): NULL: it is safe */
	/* land's own */
	struct land_dir *dir;
	char *tmp;
	bool replace;
	char *moved;		/* where what it replaced went, or NULL */
	bool unknown;		/* replace_db()'s */
};

/*
 * What is at the target?  *suffix: of the first of target, target-wal, -shm,
 * -journal that is there, else NULL; if "rel" is itself a companion's name of
 * a database that is there, class exists.  Class denied for a link on the way
 * (a missing directory is nothing there), io.
 */
int land_look(struct land *l, const char *rel, const char **suffix,
    struct err *e);

/* Open the regular file at the target for reading; -1 with class not-found,
 * denied, io. */
int land_read(struct land *l, const char *rel, struct err *e);

/*
 * Begin a file for target "rel" (fleet/target.h), mode 0600.  "replace": what
 * is there gives way (db/replace.h) when it is synced.  Class denied, exists
 * (a directory of its path is a file), limit, space, io.
 */
struct land_file *land_begin(struct land *l, const char *rel, bool replace,
    struct err *e);
/* Forget it. */
void land_drop(struct land *l, struct land_file *f);

/* It is written in full: it belongs to the batch ("bytes" long). */
void land_add(struct land *l, struct land_file *f, uint64_t bytes);
size_t land_nadded(const struct land *l);
bool land_is_full(const struct land *l);	/* time for land_sync() */

/*
 * Make the batch safe; each file gets its err (exists: there is one by now,
 * or a companion; busy, as replace_db() says).  busy_timeout_ms is for those
 * that replace.
 */
void land_sync(struct land *l, int64_t busy_timeout_ms);
/* The next of a synced batch, to be freed with land_drop(); or NULL. */
struct land_file *land_next(struct land *l);

/* Bytes that the file system of the root has left for us. */
uint64_t land_room(const struct land *l);

#endif
