#include "db/image.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/hook.h"
#include "base/io.h"
#include "base/mem.h"
#include "db/check.h"
#include "db/guard.h"
#include "db/header.h"
#include "db/journal.h"
#include "db/live.h"
#include "db/mapped.h"
#include "db/overlay.h"
#include "db/pin.h"
#include "db/private.h"
#include "db/recover.h"
#include "db/sink.h"
#include "db/wal.h"

enum {
	TRIES = 12,
	PAUSE_FIRST_US = 500,
	PAUSE_LAST_US = 64000
};

struct image_reader {
	struct image_cfg cfg;
	char *spool;
	struct pin pin;
	struct sink sink;
	struct wal wal;
	bool unsettled;		/* the image (db/live.h) */
};

struct image_reader *
image_new(const struct image_cfg *cfg, struct err *e)
{
	struct image_reader *r;

	if (guard_install(e) == -1)
		return (NULL);
	r = mem_zero(sizeof(*r));
	r->cfg = *cfg;
	r->spool = mem_strdup(cfg->spool);
	r->cfg.spool = r->spool;
	pin_init(&r->pin);
	sink_init(&r->sink, r->spool, cfg->mem_bytes);
	private_sweep(r->spool);
	return (r);
}

void
image_free(struct image_reader *r)
{
	if (r == NULL)
		return;
	pin_fini(&r->pin);
	sink_fini(&r->sink);
	wal_fini(&r->wal);
	free(r->spool);
	free(r);
}

/*
 * The bytes of the file, which is still as long as the companion that was not
 * there does not appear.
 */
static int
take_file(struct image_reader *r, enum pin_companion absent, struct err *e)
{
	struct pin *p = &r->pin;
	uint64_t got;
	int there;

	if (sink_start(&r->sink, (uint64_t)p->st.st_size, e) == -1 ||
	    sink_fill(&r->sink, p->fd, &got, e) == -1)
		return (-1);
	HOOK("image-read", p->names[PIN_DB]);
	if (got < r->sink.size)
		return (pin_again(p, "the file shrank"));
	if ((there = pin_exists(p, absent, e)) == 1)
		return (pin_again(p, "somebody opened it in WAL mode"));
	return (there);
}

/* A -wal without a -shm: what SQLite would recover from it. */
static int
take_dead_log(struct image_reader *r, struct err *e)
{
	struct pin *p = &r->pin;
	struct overlay_log log = { NULL, -1 };
	int ret;

	if ((log.fd = guard_open(p->names[PIN_WAL])) == -1) {
		if (errno == ENOENT)
			return (pin_again(p, "its log vanished"));
		guard_explain(e, errno, p->names[PIN_WAL]);
		return (-1);
	}
	ret = overlay_scan(p, &r->sink, &r->wal, &log, UINT32_MAX, e);
	if (ret != 0)
		goto out;
	if (r->wal.ncommitted == 0) {
		ret = take_file(r, PIN_SHM, e);
		goto out;
	}
	ret = overlay_emit(p, &r->sink, &r->wal, &log, e);
	HOOK("image-read", p->names[PIN_DB]);
	if (ret == 0 && (ret = pin_exists(p, PIN_SHM, e)) == 1)
		ret = pin_again(p, "somebody opened it meanwhile");
out:
	io_close(&log.fd);
	return (ret);
}

/* Does the file begin as a database does?  1, 0 or -1. */
static int
begins_well(struct pin *p, struct err *e)
{
	uint8_t magic[HEADER_MAGIC_BYTES];
	ssize_t n;

	n = io_pread(p->fd, magic, sizeof(magic), 0, p->names[PIN_DB], e);
	return (n == -1 ? -1 : header_magic(magic, (size_t)n));
}

/* A transaction half written may not have come to the first page yet. */
static int
take_strange(struct image_reader *r, struct err *e)
{
	int hot;

	if ((hot = journal_hot(&r->pin, e)) == -1)
		return (-1);
	return (hot ? recover_take(&r->pin, &r->sink, e) : PIN_NO_DATABASE);
}

static int
take_database(struct image_reader *r, bool log, struct err *e)
{
	struct pin *p = &r->pin;
	int index = 0, ret;

	if (log && (index = pin_exists(p, PIN_SHM, e)) == -1)
		return (-1);
	if (index == 1)
		return (live_take(p, &r->sink, &r->wal,
		    r->cfg.busy_timeout_ms, &r->unsettled, e));
	if ((ret = journal_hot(p, e)) == -1)
		return (-1);
	if (ret == 1)
		return (recover_take(p, &r->sink, e));
	return (log ? take_dead_log(r, e) : take_file(r, PIN_WAL, e));
}

/*
 * Where there is a log, its first page may be the one that counts: whether it
 * has one, and it is a database's, check_sense() will see.
 */
static int
take_pinned(struct image_reader *r, struct err *e)
{
	struct pin *p = &r->pin;
	int magic, log, ret;
	struct err why;

	if (p->st.st_size == 0)
		return (sink_start(&r->sink, 0, e));
	/* SQLite, too, takes one byte for none (os_unix.c, unixFileSize()),
	 * and then throws a log away. */
	if (p->st.st_size == 1)
		return (PIN_NO_DATABASE);
	if ((magic = begins_well(p, e)) == -1)
		return (-1);
	if ((log = pin_exists(p, PIN_WAL, e)) == -1)
		return (-1);
	if (!magic && !log)
		return (take_strange(r, e));
	ret = take_database(r, log == 1, &why);
	if (ret == -1 && !magic && why.cls == ERR_CORRUPT)
		return (PIN_NO_DATABASE);
	if (ret == -1)
		*e = why;
	return (ret);
}

/* One try: 0, PIN_AGAIN, PIN_NO_DATABASE, or -1. */
static int
take_once(struct image_reader *r, const char *path, int64_t deadline_ms,
    struct err *e)
{
	struct pin *p = &r->pin;
	int ret;

	wal_reset(&r->wal);
	r->unsettled = false;
	mapped_forget();
	if (pin_open(p, path, deadline_ms, e) == -1)
		return (-1);
	ret = take_pinned(r, e);
	/* What was read of it was zeros, so an error says nothing either. */
	if (mapped_was_cut())
		ret = pin_again(p, "its wal-index was cut off");
	if (ret == 0 && !pin_in_place(p))
		ret = pin_again(p, "it was replaced");
	pin_close(p);
	return (ret);
}

static void
pause_us(int64_t us)
{
	struct timespec ts = { us / 1000000, us % 1000000 * 1000 };

	(void)nanosleep(&ts, NULL);
}

static int
take(struct image_reader *r, const char *path, struct err *e)
{
	int64_t deadline_ms = clock_mono_ms() + r->cfg.busy_timeout_ms;
	int64_t us = PAUSE_FIRST_US;
	int i, ret;

	for (i = 1; (ret = take_once(r, path, deadline_ms, e)) == PIN_AGAIN &&
	    i < TRIES; i++) {
		pause_us(us);
		if (us < PAUSE_LAST_US)
			us *= 2;
	}
	if (ret == PIN_AGAIN) {
		err_set(e, ERR_BUSY, "%s: no state of it held still in %d "
		    "tries: %s", path, TRIES, r->pin.reason);
		return (-1);
	}
	return (ret);
}

static void
describe(const struct image_reader *r, struct image *img)
{
	const struct stat *st = &r->pin.st;

	memset(img, 0, sizeof(*img));
	img->fd = r->sink.fd;
	img->mem = img->fd == -1 ? r->sink.mem : NULL;
	img->size = r->sink.size;
	img->mtime_ns = clock_file_ns(st->st_mtim.tv_sec,
	    st->st_mtim.tv_nsec);
	img->mode = st->st_mode & 07777;
	img->uid = st->st_uid;
	img->gid = st->st_gid;
	img->unsettled = r->unsettled;
}

/* Can the image be what its header says?  0, PIN_NO_DATABASE, -1. */
static int
check_sense(struct image_reader *r, const char *path, struct image *img,
    struct err *e)
{
	uint8_t p[HEADER_BYTES];
	struct header h;
	size_t n;

	if (img->size == 0)
		return (0);
	n = img->size < sizeof(p) ? (size_t)img->size : sizeof(p);
	if (image_read(img, 0, p, n, e) == -1)
		return (-1);
	if (!header_magic(p, n))
		return (PIN_NO_DATABASE);
	if (header_parse(p, n, img->size, &h, e) == -1) {
		err_prefix(e, "%s", path);
		return (-1);
	}
	if (r->wal.ncommitted > 0 && r->wal.page_size != h.page_size) {
		err_set(e, ERR_CORRUPT, "%s: pages of %" PRIu32 " bytes, but "
		    "of %" PRIu32 " in its log", path, h.page_size,
		    r->wal.page_size);
		return (-1);
	}
	img->page_size = h.page_size;
	return (0);
}

int
image_take(struct image_reader *r, const char *path, struct image *img,
    struct err *e)
{
	int ret;

	if ((ret = take(r, path, e)) == 0) {
		describe(r, img);
		ret = check_sense(r, path, img, e);
	}
	if (ret == PIN_NO_DATABASE)
		return (1);
	if (ret == -1)
		return (-1);
	return (check_image(img, r->cfg.check, r->spool, e));
}

int
image_read(const struct image *img, uint64_t off, void *p, size_t n,
    struct err *e)
{
	ssize_t got;

	if (n > img->size || off > img->size - n) {
		err_set(e, ERR_BUG, "read beyond the end of an image");
		return (-1);
	}
	if (n == 0)
		return (0);
	if (img->mem != NULL) {
		memcpy(p, img->mem + off, n);
		return (0);
	}
	if ((got = io_pread(img->fd, p, n, off, "image", e)) == -1)
		return (-1);
	if ((size_t)got < n) {
		err_set(e, ERR_IO, "image: shorter than it was");
		return (-1);
	}
	return (0);
}
