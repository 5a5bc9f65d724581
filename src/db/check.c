#include "db/check.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "db/distrust.h"
#include "db/guard.h"
#include "db/header.h"
#include "db/private.h"
#include "db/sink.h"

enum {
	PATIENCE_MS = 60 * 1000,
	MS_PER_MIB = 1000,
	PROGRESS_OPS = 10000,	/* between two looks at the clock */
	OPS_MAX = 20 * 1000 * 1000,	/* of the program that is the check */
	LENGTH_MIN_BYTES = 16 * 1024 * 1024	/* of a text or blob */
};

static int64_t patience_ms = PATIENCE_MS;

enum {				/* of the file's header */
	HEADER_WRITE = 18,	/* "file format write version": 2 is WAL */
	HEADER_READ = 19
};

/* An unnamed file of the spool ("ours") gets a name; all else is copied. */
static int
name_image(const struct image *img, bool ours, const struct private_dir *dir,
    struct buf *path, struct err *e)
{
	struct sink s;
	uint64_t got;
	char proc[64];
	int fd, ret;

	if (img->mem == NULL && ours) {
		(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d",
		    img->fd);
		buf_reset(path);
		buf_printf(path, "%s/image", buf_str(&dir->path));
		if (linkat(AT_FDCWD, proc, AT_FDCWD, buf_str(path),
		    AT_SYMLINK_FOLLOW) == 0)
			return (0);
	}
	if ((fd = private_create(dir, "image", path, e)) == -1)
		return (-1);
	if (img->mem != NULL) {
		ret = io_write(fd, img->mem, (size_t)img->size,
		    buf_str(path), e);
	} else {
		sink_init(&s, buf_str(&dir->path), 0);
		ret = sink_copy(&s, img->fd, fd, img->size, &got, e);
		sink_fini(&s);
	}
	io_close(&fd);
	return (ret);
}

/* "file:" with what is not plain percent-encoded. */
static void
put_uri(struct buf *uri, const char *path)
{
	buf_reset(uri);
	buf_puts(uri, "file:");
	for (; *path != '\0'; path++) {
		if (strchr("%?#", *path) != NULL)
			buf_printf(uri, "%%%02X", (unsigned char)*path);
		else
			buf_putc(uri, *path);
	}
	buf_puts(uri, "?mode=ro&immutable=1");
}

void
check_patience(int64_t ms)
{
	patience_ms = ms;
}

static int
is_late(void *arg)
{
	const int64_t *end_ms = arg;

	return (clock_mono_ms() >= *end_ms);
}

/*
 * Nothing in it is to be run but what a check of damage needs: constraints are
 * its owner's affair, and a function in one could be made to take days.
 */
static void
open_safely(sqlite3 *db, uint64_t size)
{
	distrust_schema(db);
	(void)sqlite3_limit(db, SQLITE_LIMIT_VDBE_OP, OPS_MAX);
	if (size < INT_MAX)
		(void)sqlite3_limit(db, SQLITE_LIMIT_LENGTH,
		    size > LENGTH_MIN_BYTES ? (int)size : LENGTH_MIN_BYTES);
	(void)sqlite3_extended_result_codes(db, 1);
	(void)sqlite3_exec(db, "PRAGMA temp_store = MEMORY;"
	    "PRAGMA ignore_check_constraints = ON;"
	    "PRAGMA cell_size_check = ON", NULL, NULL, NULL);
}

static void
one_line(char *s)
{
	for (; (s = strchr(s, '\n')) != NULL; s++)
		*s = ' ';
}

/*
 * A page that could not be read is among what the check found: whether it is
 * damaged nobody knows.
 */
static bool
is_damage(const char *text)
{
	const char *code = strstr(text, "error code");

	if (code == NULL)
		return (strcmp(text, "ok") != 0 &&
		    strstr(text, "failed to get page") == NULL);
	code += strcspn(code, "0123456789");
	return ((strtol(code, NULL, 10) & 0xff) == SQLITE_CORRUPT);
}

static void
judge(sqlite3 *db, int rc, const char *text, struct image *img)
{
	switch (rc & 0xff) {
	case SQLITE_ROW:
		img->damaged = is_damage(text);
		if (strcmp(text, "ok") != 0)
			(void)snprintf(img->why, sizeof(img->why), "%s",
			    text);
		one_line(img->why);
		break;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		img->damaged = true;
		(void)snprintf(img->why, sizeof(img->why), "%s",
		    sqlite3_errmsg(db));
		break;
	default:
		(void)snprintf(img->why, sizeof(img->why), "%s",
		    sqlite3_errmsg(db));
		break;
	}
}

/*
 * A single call of a function is not interrupted: one that takes days ends the
 * process, and who looks after it names the database.  What counts is the work
 * that it does: a slow disk, or being stopped, is not its fault.
 */
static void
end_after(int64_t work_ms)
{
	struct itimerval t = { .it_value = { .tv_sec = work_ms / 1000,
	    .tv_usec = work_ms % 1000 * 1000 } };

	(void)setitimer(ITIMER_PROF, &t, NULL);
}

static void
ask(sqlite3 *db, int rc, enum image_check how, struct image *img)
{
	const char *sql = how == IMAGE_CHECK_FULL ?
	    "PRAGMA integrity_check(1)" : "PRAGMA quick_check(1)";
	const unsigned char *text = NULL;
	sqlite3_stmt *stmt = NULL;
	int64_t ms = patience_ms + (int64_t)(img->size >> 20) * MS_PER_MIB;
	int64_t end_ms = clock_mono_ms() + ms;

	end_after(ms * 2 + 1000);
	if (rc == SQLITE_OK) {
		sqlite3_progress_handler(db, PROGRESS_OPS, is_late, &end_ms);
		open_safely(db, img->size);
		rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
	}
	if (rc == SQLITE_OK &&
	    (rc = sqlite3_step(stmt)) == SQLITE_ROW)
		text = sqlite3_column_text(stmt, 0);
	if (rc == SQLITE_INTERRUPT)
		(void)snprintf(img->why, sizeof(img->why), "it takes too "
		    "long");
	else
		judge(db, rc, text == NULL ? "" : (const char *)text, img);
	(void)sqlite3_finalize(stmt);
	end_after(0);
}

static void
check_at(const char *uri, enum image_check how, struct image *img)
{
	bool before = guard_exempt(true);
	sqlite3 *db = NULL;
	int rc;

	rc = sqlite3_open_v2(uri, &db, SQLITE_OPEN_READONLY |
	    SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
	ask(db, rc, how, img);
	(void)sqlite3_close(db);
	(void)guard_exempt(before);
}

static int
check_copy(struct image *img, bool ours, enum image_check how,
    const char *spool, struct err *e)
{
	struct buf path = { 0 }, uri = { 0 };
	struct private_dir dir = PRIVATE_NONE;
	int ret = -1;

	if (private_make(spool, &dir, e) == -1 ||
	    name_image(img, ours, &dir, &path, e) == -1)
		goto out;
	put_uri(&uri, buf_str(&path));
	check_at(buf_str(&uri), how, img);
	ret = 0;
out:
	private_remove(&dir);
	buf_fini(&path);
	buf_fini(&uri);
	return (ret);
}

int
check_image(struct image *img, enum image_check how, const char *spool,
    struct err *e)
{
	img->damaged = false;
	img->why[0] = '\0';
	if (how == IMAGE_CHECK_NONE || img->size == 0)
		return (0);
	return (check_copy(img, true, how, spool, e));
}

/* A database in memory cannot be in WAL mode, whatever its header says. */
static void
unset_wal(uint8_t *p, size_t n)
{
	if (n >= HEADER_BYTES && p[HEADER_WRITE] == 2 && p[HEADER_READ] == 2)
		p[HEADER_WRITE] = p[HEADER_READ] = 1;
}

static int
check_mem(struct image *img, enum image_check how, struct err *e)
{
	size_t n = (size_t)img->size;
	sqlite3 *db = NULL;
	ssize_t got;
	uint8_t *p;
	int rc;

	if ((p = sqlite3_malloc64(n)) == NULL)
		log_fatal("out of memory");
	if ((got = io_pread(img->fd, p, n, 0, "the content", e)) !=
	    (ssize_t)n) {
		if (got != -1)
			err_set(e, ERR_BUG, "the content has become shorter "
			    "than %zu bytes", n);
		sqlite3_free(p);
		return (-1);
	}
	unset_wal(p, n);
	rc = sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_NOMUTEX, NULL);
	/* It frees p in any case. */
	if (rc == SQLITE_OK)
		rc = sqlite3_deserialize(db, "main", p, (sqlite3_int64)n,
		    (sqlite3_int64)n, SQLITE_DESERIALIZE_FREEONCLOSE |
		    SQLITE_DESERIALIZE_READONLY);
	else
		sqlite3_free(p);
	ask(db, rc, how, img);
	(void)sqlite3_close(db);
	return (0);
}

int
check_file(int fd, uint64_t size, enum image_check how, const char *spool,
    struct check_verdict *v, struct err *e)
{
	struct image img = { .fd = fd, .size = size };

	memset(v, 0, sizeof(*v));
	if (how == IMAGE_CHECK_NONE || size == 0)
		return (0);
	if (size <= CHECK_MEM_BYTES ? check_mem(&img, how, e) == -1 :
	    check_copy(&img, false, how, spool, e) == -1)
		return (-1);
	v->damaged = img.damaged;
	memcpy(v->why, img.why, sizeof(v->why));
	return (0);
}
