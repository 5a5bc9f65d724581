/*
 * image -- one committed state of one SQLite database, taken without touching
 * it: no byte, timestamp or directory entry changes, and writers wait for one
 * local copy at most.
 *
 * The method: SHARED is taken through SQLite's VFS under a guard on its
 * system calls that forbids creating, writing or deleting; then
 *   no -wal           the file is read
 *   -wal, no -shm     nobody is attached: overlay by recovery rules
 *   both              a read transaction; the wal-index bounds the frames
 *   hot journal       a private copy is rolled back
 *   anything moved    start again.
 * Source: SQLite file format, sections 1, 3 and 4; "WAL-mode file format".
 *
 * Owner: a worker, single-threaded.  The guard is set up by image_new() for
 * the whole process; only db/ calls SQLite.  Nobody else in the process may
 * open(2) and close(2) a database while image_take() runs: that would drop
 * its lock.
 */
#ifndef DB_IMAGE_H
#define DB_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum image_check {
	IMAGE_CHECK_NONE,
	IMAGE_CHECK_QUICK,	/* PRAGMA quick_check of the image */
	IMAGE_CHECK_FULL	/* PRAGMA integrity_check */
};

struct image_cfg {
	int64_t busy_timeout_ms;	/* how long to wait for SHARED */
	const char *spool;	/* directory for large images and private
				 * copies; made if missing, mode 0700 */
	size_t mem_bytes;	/* up to this size an image is in memory */
	enum image_check check;
};

/* An image; valid until the next image_take() or image_free(). */
struct image {
	const uint8_t *mem;	/* the bytes, or NULL: they are in fd */
	int fd;			/* owned by the reader; offset undefined */
	uint64_t size;		/* bytes */
	uint32_t page_size;	/* 0 for an empty database */
	int64_t mtime_ns;	/* of the file */
	uint32_t mode;		/* permission bits */
	uint32_t uid;
	uint32_t gid;
	bool unsettled;		/* a later commit may come to count without a
				 * byte or a time of the files changing: its
				 * writer waits for the disk, or died amid it.
				 * The same stat values prove nothing */
	bool damaged;		/* the check found damage (the image is good
				 * as a copy); "why" says what */
	char why[256];		/* without damage: "" or why the check could
				 * not be made (a collation of the
				 * application's, say) */
};

struct image_reader;

/* Class config (SQLite not built as needed), io (spool). */
struct image_reader *image_new(const struct image_cfg *cfg, struct err *e);
void image_free(struct image_reader *r);

/*
 * Take an image of the database "path": absolute, without symbolic links (one
 * on the way is refused, class denied).
 *
 * Returns 0 with *img; 1 if it does not begin with SQLite's magic and is not
 * empty (not a database; what counts is the image, in which the first page may
 * be the log's); or -1: busy (locked for longer than the
 * timeout, or by exclusive locking mode), corrupt (header or size make no
 * sense), gone, denied, io, space (the spool).  Holds no lock and no
 * descriptor of the source when it returns.
 */
int image_take(struct image_reader *r, const char *path, struct image *img,
    struct err *e);

/*
 * Read n bytes of the image at off into p, wherever they are; the image must
 * hold them.  Class io.
 */
int image_read(const struct image *img, uint64_t off, void *p, size_t n,
    struct err *e);

#endif
