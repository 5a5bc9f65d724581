/*
 * tmpdir -- .litefleet/tmp/<tag>/ of a directory store: where files lie that
 * are not objects yet.  One writer has one tag, so what it finds there is
 * from a run that did not end well; unless it is locked: then another writer of
 * that tag (who has a copy of the state, or prunes, too) is at work, and
 * <tag>-1 is taken, and so on.
 */
#ifndef STORE_TMPDIR_H
#define STORE_TMPDIR_H

enum {
	/* Nobody works on one batch for so long: its writer is dead. */
	TMPDIR_STALE_MS = 24 * 60 * 60 * 1000
};

struct tmpdir {
	int rootfd;		/* of the store; borrowed */
	int fd;			/* of the directory */
	char *tag;
	char *path;		/* of the directory, below rootfd */
};

/*
 * Make the directory anew, empty, and find out whether files can be written
 * in it; it is locked (flock(2)) until tmpdir_close().  What other writers
 * left there longer than TMPDIR_STALE_MS ago, and is not locked, is removed as
 * well.  0, or -1 with errno; tmpdir_close() in any case.
 */
int tmpdir_open(struct tmpdir *t, int rootfd, const char *tag);

/* Remove what is in it and itself; so that a directory that turned out to be
 * no store (not mounted) is left as it was, also .litefleet if it is empty.
 * Keeps errno. */
void tmpdir_close(struct tmpdir *t);

/*
 * Create file "name" for writing; with O_TMPFILE in flags an unnamed one.
 * The directory is made again if somebody's clean-up took it away.  Returns a
 * descriptor, or -1 with errno.
 */
int tmpdir_create(struct tmpdir *t, const char *name, int flags);

#endif
