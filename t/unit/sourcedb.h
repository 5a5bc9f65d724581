/*
 * sourcedb -- databases in the states that a backup may find, made by
 * processes of their own: some leave, some are killed, some stay and hold
 * what they hold until the test ends them.
 *
 * All have a table t(id, v, pad) whose v sum up to SUM_OLD; a transaction
 * that did not commit leaves SUM_NEW where it went.
 */
#ifndef UNIT_SOURCEDB_H
#define UNIT_SOURCEDB_H

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "db/guard.h"
#include "db/image.h"
#include "unit/suite.h"

enum {
	NROWS = 500,
	SUM_OLD = NROWS,
	SUM_NEW = 2 * NROWS,
	FILE_MAX = 64 << 20
};

#define GROW	"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1" \
		" FROM n WHERE i < 500) "
#define FILL	"CREATE TABLE t (id INTEGER PRIMARY KEY, v, pad);" GROW	\
		"INSERT INTO t SELECT i, 1, zeroblob(150) FROM n;"
#define CHANGE	"UPDATE t SET v = 2, pad = randomblob(150);"
#define SPILL	"PRAGMA cache_size = 2; PRAGMA cache_spill = 1;" \
		"BEGIN;" CHANGE

static char *scratch;		/* of the test; the sources lie in scratch/s */
static char *spool;
static char *source;		/* scratch/s/a.db */
static int64_t busy_timeout_ms = 300;

static inline void
scratch_make(void)
{
	const char *base = getenv("TMPDIR");
	char *dir;

	scratch = mem_printf("%s/litefleet-db.XXXXXX",
	    base != NULL ? base : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(scratch));
	spool = mem_printf("%s/spool", scratch);
	dir = mem_printf("%s/s", scratch);
	source = mem_printf("%s/a.db", dir);
	/* Also for another user. */
	ck_assert_int_eq(mkdir(spool, 0777), 0);
	ck_assert_int_eq(chmod(spool, 0777), 0);
	ck_assert_int_eq(mkdir(dir, 0755), 0);
	ck_assert_int_eq(chmod(scratch, 0755), 0);
	free(dir);
}

static inline void
scratch_remove(void)
{
	struct err e;

	ck_assert_int_eq(io_remove_tree(AT_FDCWD, scratch, &e), 0);
	free(scratch);
	free(spool);
	free(source);
}

static inline sqlite3 *
open_db(const char *path)
{
	sqlite3 *db;

	(void)guard_exempt(true);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	(void)sqlite3_busy_timeout(db, 10000);
	return (db);
}

static inline void
run_sql(sqlite3 *db, const char *sql)
{
	char *msg = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &msg) != SQLITE_OK)
		ck_abort_msg("%s: %s", sql, msg);
}

/* Open, run and close, in a process that is not ours. */
static inline void
make_db(const char *path, const char *sql)
{
	int status;
	pid_t pid;

	ck_assert_int_ne(pid = fork(), -1);
	if (pid == 0) {
		sqlite3 *db = open_db(path);

		run_sql(db, sql);
		(void)sqlite3_close(db);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

/* A process that opens the database, runs this and stays there with its
 * connection. */
static inline pid_t
hold_db(const char *path, const char *sql)
{
	char byte = 'x';
	int ready[2];
	pid_t pid;

	ck_assert_int_eq(pipe(ready), 0);
	ck_assert_int_ne(pid = fork(), -1);
	if (pid == 0) {
		run_sql(open_db(path), sql);
		(void)!write(ready[1], &byte, 1);
		for (;;)
			(void)pause();
	}
	(void)close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	(void)close(ready[0]);
	return (pid);
}

static inline void
kill_db(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

/* As hold_db(), but killed. */
static inline void
crash_db(const char *path, const char *sql)
{
	kill_db(hold_db(path, sql));
}

static inline char *
beside(const char *path, const char *suffix)
{
	return (mem_printf("%s%s", path, suffix));
}

static inline void
read_path(const char *path, struct buf *b)
{
	struct err e;

	buf_reset(b);
	if (io_read_file(AT_FDCWD, path, FILE_MAX, b, &e) == -1)
		ck_abort_msg("%s", e.msg);
}

static inline void
write_path(const char *path, const void *p, size_t n)
{
	struct err e;
	int fd;

	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(io_write(fd, p, n, path, &e), 0);
	(void)close(fd);
}

static inline struct image_reader *
new_reader(size_t mem_bytes, enum image_check check)
{
	struct image_cfg cfg = {
		.busy_timeout_ms = busy_timeout_ms,
		.spool = spool,
		.mem_bytes = mem_bytes,
		.check = check
	};
	struct image_reader *r;
	struct err e;

	if ((r = image_new(&cfg, &e)) == NULL)
		ck_abort_msg("%s", e.msg);
	(void)guard_exempt(false);
	return (r);
}

static inline void
must_take(struct image_reader *r, const char *path, struct image *img)
{
	struct err e = { .cls = ERR_NONE };
	int ret = image_take(r, path, img, &e);

	if (ret != 0)
		ck_abort_msg("%s: %d: %s: %s", path, ret,
		    err_class_name(e.cls), e.msg);
}

/* No image of it, for this reason. */
static inline void
expect_error(const char *path, enum err_class cls, const char *text)
{
	struct image_reader *r = new_reader(8 << 20, IMAGE_CHECK_NONE);
	struct image img;
	struct err e;

	ck_assert_int_eq(image_take(r, path, &img, &e), -1);
	if (e.cls != cls || strstr(e.msg, text) == NULL)
		ck_abort_msg("%s: %s", err_class_name(e.cls), e.msg);
	image_free(r);
}

/* A first column of the image's, as a number; -1 if there is none. */
static inline int64_t
image_query(const struct image *img, const char *sql)
{
	char *path = mem_printf("%s/image", scratch), *uri;
	bool before = guard_exempt(true);
	sqlite3_stmt *stmt = NULL;
	uint8_t *bytes = mem_zero((size_t)img->size);
	sqlite3 *db = NULL;
	int64_t ret = -1;
	struct err e;

	ck_assert_int_eq(image_read(img, 0, bytes, (size_t)img->size, &e), 0);
	write_path(path, bytes, (size_t)img->size);
	uri = mem_printf("file:%s?immutable=1", path);
	ck_assert_int_eq(sqlite3_open_v2(uri, &db, SQLITE_OPEN_READONLY |
	    SQLITE_OPEN_URI, NULL), SQLITE_OK);
	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW)
		ret = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt);
	(void)sqlite3_close(db);
	(void)unlink(path);
	(void)guard_exempt(before);
	free(bytes);
	free(uri);
	free(path);
	return (ret);
}

static inline bool
image_sound(const struct image *img)
{
	return (image_query(img, "SELECT integrity_check = 'ok' "
	    "FROM pragma_integrity_check") == 1);
}

#endif
