#include "db/check.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/mem.h"
#include "db/guard.h"
#include "db/private.h"
#include "db/sink.h"

/* An unnamed file of the spool gets a name; everything else is copied. */
static int
name_image(const struct image *img, const struct buf *dir, struct buf *path,
    struct err *e)
{
	struct sink s;
	uint64_t got;
	char proc[64];
	int fd, ret;

	if (img->mem == NULL) {
		(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d",
		    img->fd);
		buf_reset(path);
		buf_printf(path, "%s/image", buf_str(dir));
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
		sink_init(&s, buf_str(dir), 0);
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

static void
open_safely(sqlite3 *db)
{
	(void)sqlite3_extended_result_codes(db, 1);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	(void)sqlite3_exec(db, "PRAGMA temp_store = MEMORY", NULL, NULL,
	    NULL);
}

static void
one_line(char *s)
{
	for (; (s = strchr(s, '\n')) != NULL; s++)
		*s = ' ';
}

static void
judge(sqlite3 *db, int rc, const char *text, struct image *img)
{
	switch (rc & 0xff) {
	case SQLITE_ROW:
		img->damaged = strcmp(text, "ok") != 0;
		if (img->damaged)
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
		(void)snprintf(img->why, sizeof(img->why),
		    "could not be checked: %s", sqlite3_errmsg(db));
		break;
	}
}

static void
run_check(const char *uri, enum image_check how, struct image *img)
{
	const char *sql = how == IMAGE_CHECK_FULL ?
	    "PRAGMA integrity_check(1)" : "PRAGMA quick_check(1)";
	const unsigned char *text = NULL;
	sqlite3_stmt *stmt = NULL;
	sqlite3 *db = NULL;
	bool before;
	int rc;

	before = guard_exempt(true);
	rc = sqlite3_open_v2(uri, &db, SQLITE_OPEN_READONLY |
	    SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK) {
		open_safely(db);
		rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
	}
	if (rc == SQLITE_OK &&
	    (rc = sqlite3_step(stmt)) == SQLITE_ROW)
		text = sqlite3_column_text(stmt, 0);
	judge(db, rc, text == NULL ? "" : (const char *)text, img);
	(void)sqlite3_finalize(stmt);
	(void)sqlite3_close(db);
	(void)guard_exempt(before);
}

int
check_image(struct image *img, enum image_check how, const char *spool,
    struct err *e)
{
	struct buf dir = { 0 }, path = { 0 }, uri = { 0 };
	int ret = -1;

	img->damaged = false;
	img->why[0] = '\0';
	if (how == IMAGE_CHECK_NONE || img->size == 0)
		return (0);
	if (private_make(spool, &dir, e) == -1 ||
	    name_image(img, &dir, &path, e) == -1)
		goto out;
	put_uri(&uri, buf_str(&path));
	run_check(buf_str(&uri), how, img);
	ret = 0;
out:
	private_remove(&dir);
	buf_fini(&dir);
	buf_fini(&path);
	buf_fini(&uri);
	return (ret);
}
