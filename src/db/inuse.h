/*
 * inuse -- has another process this database open?
 *
 * A write lease (fcntl(2), F_SETLEASE) is only given to the one who has the
 * file open alone, so asking for one tells.  Where leases are not to be had
 * (network file systems, another owner's file) the locks that SQLite keeps
 * tell of some: those in the middle of something, and all that are attached
 * in WAL mode.
 */
#ifndef DB_INUSE_H
#define DB_INUSE_H

enum inuse {
	INUSE_NO,
	INUSE_YES,
	INUSE_UNKNOWN		/* no lock is seen, but that proves nothing */
};

/*
 * Ask about the regular file "path".  Opens and closes it: never to be called
 * while this process holds a lock of SQLite's on it.  Does not block.
 */
enum inuse inuse_probe(const char *path);

#endif
