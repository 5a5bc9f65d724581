/*
 * overlay -- a write-ahead log laid over the database file: reads the log
 * (once to see what is valid, once more for the pages that count) and puts
 * the image together.
 */
#ifndef DB_OVERLAY_H
#define DB_OVERLAY_H

#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

#include "base/err.h"
#include "db/pin.h"
#include "db/sink.h"
#include "db/wal.h"
#include "db/walindex.h"

/* A log: SQLite's own file if it has one open, else a descriptor. */
struct overlay_log {
	sqlite3_file *file;	/* or NULL */
	int fd;
};

/*
 * Read the log's header and valid frames into *w, at most max_frames.  0 (no
 * valid header: no frames), PIN_AGAIN (it shrank), or -1: class corrupt (a
 * version that is not known), io.
 */
int overlay_scan(struct pin *p, struct sink *s, struct wal *w,
    const struct overlay_log *log, uint32_t max_frames, struct err *e);

/*
 * *commit: does the log hold a commit behind the last one of which the index
 * says?  Its writer may be waiting for the disk, or dead; it can come to count
 * without a byte of the log being written.  More than 64 MiB of frames without
 * a commit are taken for one.  0, PIN_AGAIN (the log shrank), or -1: as
 * overlay_scan().
 */
int overlay_look_behind(struct pin *p, struct sink *s,
    const struct overlay_log *log, const struct walindex *x, bool *commit,
    struct err *e);

/*
 * Make the image: the database file of the pin with the last commit of *w
 * over it, as large as that commit says.  0, PIN_AGAIN, or -1: class corrupt
 * (it says more than there is in the file and the log), io, space.
 */
int overlay_emit(struct pin *p, struct sink *s, struct wal *w,
    const struct overlay_log *log, struct err *e);

#endif
