#include "db/overlay.h"

#include <sys/stat.h>

#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "base/io.h"

enum {
	LOCK_PAGE_BYTES = 65536,	/* at most: it is never written */
	BEHIND_MAX_BYTES = 64 * 1024 * 1024
};

/* Exactly n bytes at off: 0, PIN_AGAIN if they are not there, -1. */
static int
pull(struct pin *p, const struct overlay_log *log, void *buf, size_t n,
    uint64_t off, struct err *e)
{
	ssize_t got;
	int rc;

	if (log->file != NULL) {
		rc = log->file->pMethods->xRead(log->file, buf, (int)n,
		    (sqlite3_int64)off);
		return (rc == SQLITE_OK ? 0 : pin_failed(p, rc,
		    "read its log", e));
	}
	if ((got = io_pread(log->fd, buf, n, off, p->names[PIN_WAL],
	    e)) == -1)
		return (-1);
	return ((size_t)got == n ? 0 : pin_again(p, "its log shrank"));
}

static int
log_bytes(struct pin *p, const struct overlay_log *log, uint64_t *size,
    struct err *e)
{
	sqlite3_int64 n;
	struct stat st;
	int rc;

	if (log->file != NULL) {
		rc = log->file->pMethods->xFileSize(log->file, &n);
		if (rc != SQLITE_OK)
			return (pin_failed(p, rc, "size of its log", e));
		*size = (uint64_t)n;
	} else {
		if (fstat(log->fd, &st) == -1) {
			err_io(e, "stat %s", p->names[PIN_WAL]);
			return (-1);
		}
		*size = (uint64_t)st.st_size;
	}
	return (0);
}

static int
scan_header(struct pin *p, struct wal *w, const struct overlay_log *log,
    uint64_t size, struct err *e)
{
	uint8_t header[WAL_HEADER_BYTES];
	size_t n = size < sizeof(header) ? 0 : sizeof(header);
	int ret;

	if (n > 0 && (ret = pull(p, log, header, n, 0, e)) != 0)
		return (ret);
	if (wal_begin(w, header, n) == WAL_UNKNOWN) {
		err_set(e, ERR_CORRUPT, "%s: version of the log is unknown",
		    p->names[PIN_WAL]);
		return (-1);
	}
	return (0);
}

/* Whole frames that a chunk holds, not more than are left. */
static size_t
chunk_frames(const struct wal *w, uint64_t left)
{
	size_t n = SINK_CHUNK_BYTES / wal_frame_bytes(w);

	return (left < n ? (size_t)left : n);
}

int
overlay_scan(struct pin *p, struct sink *s, struct wal *w,
    const struct overlay_log *log, uint32_t max_frames, struct err *e)
{
	uint64_t left, size = 0;
	size_t n;
	int ret;

	if ((ret = log_bytes(p, log, &size, e)) != 0 ||
	    (ret = scan_header(p, w, log, size, e)) != 0)
		return (ret);
	if (w->page_size == 0)
		return (0);
	left = (size - WAL_HEADER_BYTES) / wal_frame_bytes(w);
	if (left > max_frames)
		left = max_frames;
	for (; left > 0; left -= n) {
		n = chunk_frames(w, left);
		ret = pull(p, log, sink_chunk(s), n * wal_frame_bytes(w),
		    wal_frame_offset(w, w->nframes + 1), e);
		if (ret != 0)
			return (ret);
		if (!wal_feed(w, sink_chunk(s), n * wal_frame_bytes(w)))
			break;
	}
	return (0);
}

/* Feed frames from the next one on until there is a commit, or no more. */
static int
feed_behind(struct pin *p, struct sink *s, struct wal *w,
    const struct overlay_log *log, uint64_t size, bool *commit,
    struct err *e)
{
	uint64_t at = wal_frame_offset(w, w->nframes + 1), fed = 0, left;
	uint32_t last = w->ncommitted;
	size_t n;
	bool more;
	int ret;

	left = size > at ? (size - at) / wal_frame_bytes(w) : 0;
	for (; left > 0; left -= n) {
		/* Mostly there is none. */
		n = fed == 0 ? 1 : chunk_frames(w, left);
		ret = pull(p, log, sink_chunk(s), n * wal_frame_bytes(w),
		    at + fed, e);
		if (ret != 0)
			return (ret);
		more = wal_feed(w, sink_chunk(s), n * wal_frame_bytes(w));
		fed += n * wal_frame_bytes(w);
		*commit = w->ncommitted > last ||
		    (more && fed > BEHIND_MAX_BYTES);
		if (*commit || !more)
			break;
	}
	return (0);
}

/*
 * May frames behind the index's last be of commits that it does not know yet?
 * In its own generation of the log, yes.  If it begins one, the log may still
 * hold the one before, whose first salt is less by one and which is all in the
 * database; or one of a writer that drew salts of its own, as the first of a
 * connection does (SQLite: wal.c, walRestartHdr(), sqlite3WalFrames()).
 */
static bool
may_go_on(const struct wal *w, const struct walindex *x)
{
	if (memcmp(w->salt, x->salt, sizeof(w->salt)) == 0)
		return (true);
	return (x->mx_frame == 0 && be32_get(w->salt) + 1 !=
	    be32_get(x->salt));
}

int
overlay_look_behind(struct pin *p, struct sink *s,
    const struct overlay_log *log, const struct walindex *x, bool *commit,
    struct err *e)
{
	struct wal w = { 0 };
	uint64_t size = 0;
	int ret;

	*commit = false;
	if ((ret = log_bytes(p, log, &size, e)) != 0 ||
	    (ret = scan_header(p, &w, log, size, e)) != 0 ||
	    w.page_size == 0 || !may_go_on(&w, x))
		goto out;
	/* In a new generation the checksum goes on from the header. */
	if (x->mx_frame > 0)
		wal_resume(&w, x->mx_frame, x->cksum);
	ret = feed_behind(p, s, &w, log, size, commit, e);
out:
	wal_fini(&w);
	return (ret);
}

/*
 * Put the pages of the frames first .. first + n - 1, which are in the chunk,
 * into place, from the i-th page of the map on; returns the next one, or -1.
 */
static ssize_t
put_pages(struct sink *s, const struct wal *w, size_t i, size_t npages,
    uint32_t first, size_t n, struct err *e)
{
	const uint8_t *page;
	uint32_t frame, pgno;

	for (; i < npages; i++) {
		pgno = wal_page(w, i, &frame);
		if (frame - first >= n)
			break;
		page = s->chunk + (frame - first) * wal_frame_bytes(w) +
		    WAL_FRAME_BYTES;
		if (sink_put(s, (uint64_t)(pgno - 1) * w->page_size, page,
		    w->page_size, e) == -1)
			return (-1);
	}
	return ((ssize_t)i);
}

/*
 * A log's checksums keep no one from writing what they like into it: of pages
 * that are neither in it nor in the database, nobody has the content.  SQLite
 * draws the line here, too (wal.c, walCheckpoint(): the lock page may be
 * missing).  The file may have grown since the pin, or become shorter.
 */
static int
check_size(struct pin *p, const struct wal *w, struct err *e)
{
	uint64_t there, size = (uint64_t)w->npages * w->page_size;
	struct stat st;

	if (fstat(p->fd, &st) == -1) {
		err_io(e, "stat %s", p->names[PIN_DB]);
		return (-1);
	}
	there = (uint64_t)(st.st_size > p->st.st_size ? st.st_size :
	    p->st.st_size) + (uint64_t)w->ncommitted * w->page_size;
	if (size > there && size - there > LOCK_PAGE_BYTES) {
		err_set(e, ERR_CORRUPT, "%s: its log is damaged: it speaks of "
		    "%" PRIu64 " bytes, more than there are",
		    p->names[PIN_DB], size);
		return (-1);
	}
	return (0);
}

int
overlay_emit(struct pin *p, struct sink *s, struct wal *w,
    const struct overlay_log *log, struct err *e)
{
	size_t i, n, npages = wal_seal(w);
	uint32_t frame;
	ssize_t next;
	uint64_t got;
	int ret;

	if (check_size(p, w, e) == -1 || sink_start(s,
	    (uint64_t)w->npages * w->page_size, e) == -1 ||
	    sink_fill(s, p->fd, &got, e) == -1)
		return (-1);
	for (i = 0; i < npages; i = (size_t)next) {
		(void)wal_page(w, i, &frame);
		n = chunk_frames(w, w->ncommitted - frame + 1);
		ret = pull(p, log, sink_chunk(s), n * wal_frame_bytes(w),
		    wal_frame_offset(w, frame), e);
		if (ret != 0)
			return (ret);
		next = put_pages(s, w, i, npages, frame, n, e);
		if (next == -1)
			return (-1);
	}
	return (0);
}
