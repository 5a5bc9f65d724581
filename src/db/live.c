#include "db/live.h"

#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "base/hook.h"
#include "base/io.h"
#include "db/distrust.h"
#include "db/guard.h"
#include "db/overlay.h"
#include "db/walindex.h"

enum {
	SETTLE_TRIES = 1000	/* the header is written in nanoseconds */
};

struct live {
	sqlite3 *db;
	sqlite3_file *file;	/* of SQLite's connection */
	sqlite3_file *log;	/* its methods are NULL: not in WAL mode */
	bool orphaned;		/* the -shm is nobody's */
	bool baffled;		/* SQLITE_PROTOCOL */
};

/* True if SQLite opened what is pinned, and not what lies in its place now. */
static bool
is_pinned(const struct pin *p)
{
	struct stat st;

	return (fstat(guard_last_fd(), &st) == 0 &&
	    st.st_dev == p->st.st_dev && st.st_ino == p->st.st_ino);
}

static int
begin(struct live *l, struct pin *p, int64_t busy_ms, struct err *e)
{
	int rc;

	if (strlen(p->names[PIN_DB]) + strlen("-journal") >=
	    (size_t)p->vfs->mxPathname) {
		err_set(e, ERR_LIMIT, "%s: SQLite opens no path this long",
		    p->names[PIN_DB]);
		return (-1);
	}
	/* SQLite resolves links on the way by itself, so that the guard would
	 * see none: a directory that has become one would lead elsewhere. */
	guard_forget();
	rc = sqlite3_open_v2(p->names[PIN_DB], &l->db,
	    SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW,
	    p->vfs->zName);
	if (rc != SQLITE_OK)
		return (pin_failed(p, rc, "open", e));
	if (!is_pinned(p))
		return (pin_again(p, "another file lies in its place"));
	distrust_schema(l->db);
	(void)sqlite3_extended_result_codes(l->db, 1);
	(void)sqlite3_db_config(l->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
	    NULL);
	(void)sqlite3_busy_timeout(l->db,
	    busy_ms > INT_MAX ? INT_MAX : (int)busy_ms);
	guard_patience(clock_mono_ms() + busy_ms);
	rc = sqlite3_exec(l->db, "BEGIN; PRAGMA schema_version", NULL, NULL,
	    NULL);
	guard_patience(INT64_MAX);
	if (rc == SQLITE_PROTOCOL) {
		l->baffled = true;
		return (pin_again(p, "SQLite gave up"));
	}
	if (rc == SQLITE_OK)
		rc = sqlite3_file_control(l->db, "main",
		    SQLITE_FCNTL_FILE_POINTER, &l->file);
	if (rc == SQLITE_OK)
		rc = sqlite3_file_control(l->db, "main",
		    SQLITE_FCNTL_JOURNAL_POINTER, &l->log);
	return (rc == SQLITE_OK ? 0 : pin_failed(p, rc,
	    "begin to read", e));
}

/* The first "size" bytes of the database file, which is still. */
static int
take_file(struct pin *p, struct sink *s, uint64_t size, struct err *e)
{
	uint64_t got;

	if (sink_start(s, size, e) == -1 ||
	    sink_fill(s, p->fd, &got, e) == -1)
		return (-1);
	return (got == size ? 0 : pin_again(p, "the file is shorter than its "
	    "last commit says"));
}

static int
take_whole_file(struct pin *p, struct sink *s, struct err *e)
{
	struct stat st;

	if (fstat(p->fd, &st) == -1) {
		err_io(e, "stat %s", p->names[PIN_DB]);
		return (-1);
	}
	return (take_file(p, s, (uint64_t)st.st_size, e));
}

static int
take_indexed(struct live *l, struct pin *p, struct sink *s, struct wal *w,
    const struct walindex *x, struct err *e)
{
	struct overlay_log log = { l->log, -1 };
	int ret;

	if (x->nbackfill >= x->mx_frame)
		return (x->mx_frame == 0 ? take_whole_file(p, s, e) :
		    take_file(p, s, (uint64_t)x->npages * x->page_size, e));

	HOOK("image-scan", p->names[PIN_DB]);
	if ((ret = overlay_scan(p, s, w, &log, x->mx_frame, e)) != 0)
		return (ret);
	HOOK("image-scanned", p->names[PIN_DB]);
	if (w->page_size != x->page_size || w->nframes != x->mx_frame ||
	    w->ncommitted != x->mx_frame || w->npages != x->npages ||
	    memcmp(w->salt, x->salt, sizeof(w->salt)) != 0 ||
	    memcmp(w->cksum, x->cksum, sizeof(w->cksum)) != 0)
		return (pin_again(p, "the log is not what its index says"));
	return (overlay_emit(p, s, w, &log, e));
}

/*
 * A -shm of nobody, which may not be written: SQLite made an index of its
 * own, and its lock keeps every checkpoint out.
 */
static int
take_orphaned(struct live *l, struct pin *p, struct sink *s, struct wal *w,
    struct err *e)
{
	struct overlay_log log = { l->log, -1 };
	int ret;

	l->orphaned = true;
	if ((ret = overlay_scan(p, s, w, &log, UINT32_MAX, e)) != 0)
		return (ret);
	return (w->ncommitted == 0 ? take_whole_file(p, s, e) :
	    overlay_emit(p, s, w, &log, e));
}

/* Whoever comes takes the -shm, which shows. */
static bool
is_orphaned(sqlite3_file *file)
{
	volatile void *map;

	return (file->pMethods->xShmMap(file, 0, WALINDEX_REGION_BYTES, 0,
	    &map) == SQLITE_READONLY_CANTINIT);
}

/* Has the log no valid header, and is its -shm nobody's?  1, 0 or -1. */
static int
is_headless(struct pin *p, struct wal *w, uint8_t *header, struct err *e)
{
	const char *name = p->names[PIN_WAL];
	ssize_t n;
	int fd;

	memset(header, 0, WAL_HEADER_BYTES);
	if ((fd = guard_open(name)) == -1) {
		guard_explain(e, errno, name);
		return (-1);
	}
	n = io_pread(fd, header, WAL_HEADER_BYTES, 0, name, e);
	io_close(&fd);
	if (n == -1)
		return (-1);
	return (wal_begin(w, header, (size_t)n) == WAL_EMPTY &&
	    is_orphaned(p->file));
}

/*
 * A log whose header is damaged, as a power failure may leave it, beside a
 * -shm of nobody: to SQLite it holds nothing; where it may not write it anew,
 * it waits in vain for somebody who does.  So the file is the image.  Whoever
 * comes meanwhile changes the header, which shows even if they are gone again.
 */
static int
take_headless(struct pin *p, struct sink *s, struct wal *w, struct err *e)
{
	uint8_t before[WAL_HEADER_BYTES], after[WAL_HEADER_BYTES];
	int ret;

	if ((ret = is_headless(p, w, before, e)) == -1)
		goto out;
	if (ret == 0) {
		ret = pin_failed(p, SQLITE_PROTOCOL, "begin to read", e);
		goto out;
	}
	if ((ret = take_whole_file(p, s, e)) != 0)
		goto out;
	HOOK("image-read", p->names[PIN_DB]);
	if ((ret = is_headless(p, w, after, e)) == -1)
		goto out;
	ret = ret == 1 && memcmp(before, after, sizeof(before)) == 0 ? 0 :
	    pin_again(p, "somebody opened it meanwhile");
out:
	(void)p->file->pMethods->xShmUnmap(p->file, 0);
	return (ret);
}

/* A wal-index of a later SQLite, which is the one that we are linked with. */
static int
take_serialized(struct live *l, struct pin *p, struct sink *s,
    struct err *e)
{
	sqlite3_int64 size;
	uint8_t *image;
	int ret;

	image = sqlite3_serialize(l->db, "main", &size, 0);
	if (image == NULL)
		return (pin_again(p, "SQLite gave no image"));
	ret = sink_start(s, (uint64_t)size, e) == -1 ? -1 :
	    sink_put(s, 0, image, (size_t)size, e);
	sqlite3_free(image);
	return (ret);
}

/*
 * A commit that is in the log, and not in the index yet, will show in no stat
 * value: the caller has to be told.
 */
static int
take_bounded(struct live *l, struct pin *p, struct sink *s, struct wal *w,
    const struct walindex *x, bool *unsettled, struct err *e)
{
	struct overlay_log log = { l->log, -1 };
	struct err ignored;
	int ret;

	if ((ret = take_indexed(l, p, s, w, x, e)) != 0)
		return (ret);
	/* Where somebody is at it, or it cannot be read, the image is good all
	 * the same: what it needed of the log it has. */
	if (overlay_look_behind(p, s, &log, x, unsettled, &ignored) != 0)
		*unsettled = true;
	return (0);
}

static int
take(struct live *l, struct pin *p, struct sink *s, struct wal *w,
    bool *unsettled, struct err *e)
{
	enum walindex_state state = WALINDEX_UNSETTLED;
	volatile void *map = NULL;
	struct walindex x;
	int i, rc;

	if (l->log->pMethods == NULL)
		return (take_whole_file(p, s, e));
	rc = l->file->pMethods->xShmMap(l->file, 0, WALINDEX_REGION_BYTES, 0,
	    &map);
	if (rc == SQLITE_READONLY_CANTINIT)
		return (take_orphaned(l, p, s, w, e));
	if (rc != SQLITE_OK && rc != SQLITE_READONLY)
		return (pin_failed(p, rc, "map its wal-index", e));
	if (map == NULL)
		return (pin_again(p, "its wal-index is empty"));
	for (i = 0; i < SETTLE_TRIES && state == WALINDEX_UNSETTLED; i++)
		state = walindex_read(map, &x);
	if (state == WALINDEX_UNSETTLED)
		return (pin_again(p, "its wal-index does not settle"));
	if (state == WALINDEX_UNKNOWN) {
		*unsettled = true;
		return (take_serialized(l, p, s, e));
	}
	return (take_bounded(l, p, s, w, &x, unsettled, e));
}

int
live_take(struct pin *p, struct sink *s, struct wal *w, int64_t busy_ms,
    bool *unsettled, struct err *e)
{
	struct live l = { 0 };
	int ret;

	*unsettled = false;
	ret = begin(&l, p, busy_ms, e);
	if (l.baffled) {
		(void)sqlite3_close(l.db);
		l.db = NULL;
		ret = take_headless(p, s, w, e);
	}
	if (ret != 0 || l.db == NULL)
		goto out;
	pin_unlock(p);
	HOOK("image-begun", p->names[PIN_DB]);
	ret = take(&l, p, s, w, unsettled, e);
	HOOK("image-read", p->names[PIN_DB]);
	if (ret == 0 && l.orphaned && !is_orphaned(l.file))
		ret = pin_again(p, "somebody opened it meanwhile");
out:
	(void)sqlite3_close(l.db);
	return (ret);
}
