/*
 * olddb -- databases in the states that a restore may find: idle, left by a
 * writer that was killed, damaged, only companions of one.  Each is made once
 * in a directory of its own and copied for each case.
 */
#ifndef UNIT_OLDDB_H
#define UNIT_OLDDB_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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
#include "unit/suite.h"

static char *scratch;		/* of the test */

static inline void
scratch_make(void)
{
	const char *base = getenv("TMPDIR");

	scratch = mem_printf("%s/litefleet-olddb.XXXXXX",
	    base != NULL ? base : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(scratch));
}

static inline void
scratch_remove(void)
{
	struct err e;

	ck_assert_int_eq(io_remove_tree(AT_FDCWD, scratch, &e), 0);
	free(scratch);
}

static inline bool
is_there(const char *path, const char *suffix)
{
	char *name = mem_printf("%s%s", path, suffix);
	struct stat st;
	bool ret = lstat(name, &st) == 0;

	free(name);
	return (ret);
}

/* The bytes of a file; empty if it is not there. */
static inline struct buf
bytes_of(const char *path, const char *suffix)
{
	char *name = mem_printf("%s%s", path, suffix);
	struct buf b = { 0 };
	struct err e;

	(void)io_read_file(AT_FDCWD, name, 64 << 20, &b, &e);
	free(name);
	return (b);
}

static inline bool
same(const struct buf *a, const struct buf *b)
{
	return (a->len == b->len &&
	    (a->len == 0 || memcmp(a->data, b->data, a->len) == 0));
}

static inline void
put_bytes(const char *path, const char *suffix, const void *p, size_t n)
{
	char *name = mem_printf("%s%s", path, suffix);
	struct err e;
	int fd;

	ck_assert_int_ne(fd = open(name, O_WRONLY | O_CREAT | O_TRUNC |
	    O_CLOEXEC, 0600), -1);
	ck_assert_int_eq(io_write(fd, p, n, name, &e), 0);
	io_close(&fd);
	free(name);
}

/* All files of a directory into a new one. */
static inline void
copy_dir(const char *from, const char *to)
{
	struct dirent *de;
	struct buf b;
	char *src, *dst;
	DIR *d;

	ck_assert_int_eq(mkdir(to, 0700), 0);
	ck_assert_ptr_nonnull(d = opendir(from));
	while ((de = readdir(d)) != NULL) {
		if (de->d_type != DT_REG)
			continue;
		src = mem_printf("%s/%s", from, de->d_name);
		dst = mem_printf("%s/%s", to, de->d_name);
		b = bytes_of(src, "");
		put_bytes(dst, "", b.data, b.len);
		buf_fini(&b);
		free(src);
		free(dst);
	}
	closedir(d);
}

static inline void
run_sql(sqlite3 *db, const char *sql)
{
	char *why = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		ck_abort_msg("%s: %s", sql, why);
}

static inline sqlite3 *
open_db(const char *path)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	run_sql(db, "PRAGMA synchronous=OFF");
	return (db);
}

#define FILL(n)								\
	"INSERT INTO t(x) WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL "	\
	"SELECT i+1 FROM c WHERE i<" #n ") SELECT randomblob(900) FROM c;"

/* A closed database with the word "w" in it. */
static inline void
make_db(const char *path, const char *mode, const char *w)
{
	char *sql = mem_printf("PRAGMA journal_mode=%s;"
	    "CREATE TABLE w(w); INSERT INTO w VALUES('%s');"
	    "CREATE TABLE t(x);" FILL(60), mode, w);
	sqlite3 *db = open_db(path);

	run_sql(db, sql);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	free(sql);
}

/* Do "sql" in a process that then dies without a word to SQLite. */
static inline void
do_and_die(const char *path, const char *sql)
{
	pid_t pid;
	int st;

	ck_assert_int_ne(pid = fork(), -1);
	if (pid == 0) {
		run_sql(open_db(path), sql);
		(void)raise(SIGKILL);
	}
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
	ck_assert(WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL);
}

/* The word in a database, with whatever lies beside it; NULL if it is not
 * sound.  Reads a copy of its directory, so that nothing there changes. */
static inline char *
word_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = mem_strndup(path, (size_t)(slash - path));
	char *copy = mem_printf("%s.copy", dir);
	char *name = mem_printf("%s%s", copy, slash);
	char *ret = NULL;
	sqlite3_stmt *st = NULL;
	struct err e;
	sqlite3 *db;

	copy_dir(dir, copy);
	ck_assert_int_eq(sqlite3_open(name, &db), SQLITE_OK);
	if (sqlite3_prepare_v2(db, "SELECT w, integrity_check FROM w, "
	    "pragma_integrity_check", -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW && strcmp((const char *)
	    sqlite3_column_text(st, 1), "ok") == 0)
		ret = mem_strdup((const char *)sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
	sqlite3_close(db);
	ck_assert_int_eq(io_remove_tree(AT_FDCWD, copy, &e), 0);
	free(dir);
	free(copy);
	free(name);
	return (ret);
}

enum oldkind {
	OLD_ROLLBACK,		/* closed */
	OLD_WAL,		/* closed */
	OLD_EMPTY,		/* zero bytes */
	OLD_PERSIST,		/* with its zeroed -journal */
	OLD_DEAD_WAL,		/* killed after a commit into the -wal */
	OLD_DEAD_WAL_NO_SHM,
	OLD_STALE_SHM,		/* rollback mode, and a -shm */
	OLD_HOT,		/* killed in a transaction, hot -journal */
	OLD_DAMAGED,		/* garbage with a -wal and a -shm */
	OLD_CORRUPT,		/* a good header, garbage behind it */
	OLD_TEXT,		/* no database, nothing beside it */
	OLD_ONLY_COMPANIONS,	/* of a database that was removed */
	OLD_NKINDS
};

/* Can SQLite work with it? */
static inline bool
old_is_sound(int kind)
{
	return (kind < OLD_DAMAGED);
}

/* The word that it holds when all that was committed is seen. */
static inline const char *
old_word(int kind)
{
	return (kind == OLD_DEAD_WAL || kind == OLD_DEAD_WAL_NO_SHM ?
	    "old2" : "old");
}

static inline void
spoil(const char *path, size_t off)
{
	struct buf b = bytes_of(path, "");

	memset(b.data + off, 0xa5, b.len - off);
	put_bytes(path, "", b.data, b.len);
	buf_fini(&b);
}

static inline void
remove_part(const char *path, const char *suffix)
{
	char *name = mem_printf("%s%s", path, suffix);

	ck_assert_int_eq(unlink(name), 0);
	free(name);
}

/* Make one as DIR/t.db. */
static inline void
old_make(const char *dir, int kind)
{
	char *path = mem_printf("%s/t.db", dir);
	bool wal = kind == OLD_WAL || kind == OLD_DEAD_WAL ||
	    kind == OLD_DEAD_WAL_NO_SHM || kind == OLD_DAMAGED ||
	    kind == OLD_ONLY_COMPANIONS;

	ck_assert_int_eq(mkdir(dir, 0700), 0);
	if (kind == OLD_EMPTY || kind == OLD_TEXT) {
		put_bytes(path, "", "no database\n",
		    kind == OLD_EMPTY ? 0 : 12);
		free(path);
		return;
	}
	make_db(path, kind == OLD_PERSIST ? "PERSIST" : wal ? "WAL" :
	    "DELETE", "old");
	if (wal && kind != OLD_WAL)
		do_and_die(path, "PRAGMA wal_autocheckpoint=0;"
		    "UPDATE w SET w='old2';" FILL(20));
	if (kind == OLD_HOT)
		do_and_die(path, "PRAGMA cache_size=2; BEGIN;"
		    "UPDATE w SET w='lost'; UPDATE t SET x=randomblob(900);");
	if (kind == OLD_STALE_SHM)
		put_bytes(path, "-shm", "stale", 5);
	if (kind == OLD_DEAD_WAL_NO_SHM)
		remove_part(path, "-shm");
	if (kind == OLD_DAMAGED) {
		put_bytes(path, "", "garbage, and a lot of it", 24);
		put_bytes(path, "-wal", "no wal", 6);
	}
	if (kind == OLD_CORRUPT)
		spoil(path, 100);
	if (kind == OLD_ONLY_COMPANIONS) {
		put_bytes(path, "-journal", "left", 4);
		remove_part(path, "");
	}
	free(path);
}

#endif
