/*
 * land -- where restored files touch ground: many files below one directory,
 * made without names, synced together, then linked in without replacing.
 *
 * All below the root is reached as job/below.h does it: a symbolic link on the
 * way is refused, missing directories are made, 0700.  A file is an O_TMPFILE
 * of its directory (so nothing is left behind after a kill -9), or where the
 * file system has no such thing a hidden name ".NAME.litefleet-<8 hex digits>"
 * that is renamed.
 *
 * Durability order: all files of a batch are written -> syncfs(2) -> each is
 * linked to its name, never over another -> syncfs(2) -> they are safe.
 *
 * A file that replaces is linked to a hidden name and given to replace_db()
 * (db/replace.h), whose names go through the directory's descriptor: nothing
 * can be renamed or removed anywhere else.  But SQLite resolves the name to a
 * path when it opens the database that is there, to lock and fold it; whoever
 * may rename directories of that path can at that moment show it another
 * database, which is then folded (its own commits, into itself).  A kill -9 in
 * between leaves the hidden file.
 *
 * Owner: one process; its umask is 077 from land_new() to land_free().  Needs
 * /proc.  Nothing here logs.
 */
#ifndef JOB_LAND_H
#define JOB_LAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/err.h"
#include "base/tally.h"

enum {
	LAND_BATCH_FILES = 8192,	/* or as many as descriptors allow */
	LAND_BATCH_BYTES = 256 * 1024 * 1024
};

struct land;

/*
 * Open the root (made if missing, with the directories above it, as mkdir -p
 * does).  Raises the soft limit of open files to the hard one.  What is linked
 * is in the hand of "tally" meanwhile (may be NULL).  Class denied, space, io;
 * exists: it is no directory.
 */
struct land *land_new(const char *root, struct tally *tally, struct err *e);
/* What is not safe vanishes. */
void land_free(struct land *l);

/* A file in the making; "owner" is the caller's. */
struct land_file {
	int fd;			/* to be written to; read and write */
	char *rel;
	const char *hand;	/* for the tally: the caller's, or NULL */
	void *owner;
	const struct err *err;	/* after land_sync(): NULL: it is safe */
	char *moved;		/* path of what it replaced by now, or NULL */
	bool unknown;		/* replace_db()'s */
	/* land's own */
	struct below_dir *dir;
	char *tmp;		/* its hidden name, or NULL */
	bool replace;
	bool keep;
	struct err *why;
	TAILQ_ENTRY(land_file) entry;
};

/*
 * What is at the target?  *suffix: of the first of target, target-wal, -shm,
 * -journal that is there, else NULL.  Class exists: "rel" is a companion's
 * name of a database that is there, or a directory of its path is a file, or
 * what is there is no regular file, nor a link to one;
 * denied: a link on the way; limit; io.  (A missing directory is nothing
 * there.)
 */
int land_look(struct land *l, const char *rel, const char **suffix,
    struct err *e);

/* Open the regular file at the target for reading; -1 with class not-found
 * (also: it is something else, or not all of a database, since a -wal or
 * -journal that is not empty lies beside it), denied, io. */
int land_read(struct land *l, const char *rel, struct err *e);

/*
 * A descriptor (O_PATH) of the directory of the target, which is made if it is
 * missing, to be closed by the caller; *name: the target's name in it, part of
 * "rel".  Fails as land_begin().
 */
int land_dir(struct land *l, const char *rel, const char **name,
    struct err *e);

/*
 * Begin a file for target "rel" (fleet/target.h), mode 0600.  "replace": what
 * is there gives way when it is synced.  Class denied, exists (a directory of
 * its path is a file), limit, space, io.
 */
struct land_file *land_begin(struct land *l, const char *rel, bool replace,
    struct err *e);
/*
 * The file that is at the target is what belongs there: it is left alone, and
 * once added it is as safe as its batch (whoever made it may have been killed
 * before it was synced).  fd is -1.  Class not-found, and as land_look().
 */
struct land_file *land_keep(struct land *l, const char *rel, struct err *e);
/* Forget one that was not added, or that land_next() gave. */
void land_drop(struct land *l, struct land_file *f);

/* It is written in full: it belongs to the batch ("bytes" long). */
void land_add(struct land *l, struct land_file *f, uint64_t bytes);
size_t land_nadded(const struct land *l);
bool land_is_full(const struct land *l);	/* time for land_sync() */

/*
 * Make the batch safe; each file gets its err, which lives until it is dropped
 * or the next land_sync(): exists: there is one by now, or a companion, or it
 * is one; busy, as replace_db() says; space, io.  One whose last sync failed
 * is there, but may be lost in a crash.  busy_timeout_ms is for those that
 * replace, each.
 */
void land_sync(struct land *l, int64_t busy_timeout_ms);
/* The next of a synced batch, to be freed with land_drop(); or NULL. */
struct land_file *land_next(struct land *l);

/* Bytes that the file system of the root has left for us. */
uint64_t land_room(const struct land *l);

/* The target as a path, for messages; the caller frees. */
char *land_path(const struct land *l, const char *rel);

#endif
