#include "db/fold.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/clock.h"
#include "base/hook.h"
#include "base/mem.h"
#include "db/distrust.h"
#include "db/guard.h"
#include "db/mapped.h"

enum {
	RETRY_MS = 20
};

/* Step "sql" once and keep the text of its first column, NULL if no row. */
static int
ask(sqlite3 *db, const char *sql, char **answer)
{
	sqlite3_stmt *st = NULL;
	const unsigned char *text;
	int rc;

	*answer = NULL;
	if ((rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL)) != SQLITE_OK)
		goto out;
	if (sqlite3_step(st) == SQLITE_ROW &&
	    (text = sqlite3_column_text(st, 0)) != NULL)
		*answer = mem_strdup((const char *)text);
out:
	if (st != NULL)
		rc = sqlite3_finalize(st);
	return (rc);
}

/*
 * Ask, and be content with one answer only.  Another one means that somebody
 * else was faster or is attached.
 */
static int
expect(sqlite3 *db, const char *sql, const char *want)
{
	char *answer;
	int rc = ask(db, sql, &answer);

	if (rc == SQLITE_OK && (answer == NULL || strcmp(answer, want) != 0))
		rc = SQLITE_BUSY;
	free(answer);
	return (rc);
}

/* Remove what SQLite has no use for but leaves lying: 0, or errno. */
static int
sweep(const char *path, const char *suffix)
{
	char *name = mem_printf("%s%s", path, suffix);
	int ret = 0;

	if (unlink(name) == -1 && errno != ENOENT && errno != ENAMETOOLONG)
		ret = errno;
	free(name);
	return (ret);
}

static bool
has_wal(const char *path)
{
	char *name = mem_printf("%s-wal", path);
	struct stat st;
	bool ret = lstat(name, &st) == 0;

	free(name);
	return (ret);
}

/* Is the file that the lock is held on still at its path? */
static int
check_place(sqlite3 *db)
{
	int moved = 0, rc;

	rc = sqlite3_file_control(db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
	return (rc == SQLITE_OK && moved ? SQLITE_BUSY : rc);
}

/*
 * WAL mode is to be left, so that who has opened but not read the database yet
 * makes no -wal beside the file that will be at its path.  First comes the
 * exclusive lock, which EXCLUSIVE mode keeps: whoever cannot have it has
 * changed nothing.
 */
static int
lock_wal(sqlite3 *db)
{
	int rc;

	if ((rc = expect(db, "PRAGMA locking_mode=EXCLUSIVE", "exclusive")) !=
	    SQLITE_OK || (rc = sqlite3_exec(db, "BEGIN EXCLUSIVE; ROLLBACK",
	    NULL, NULL, NULL)) != SQLITE_OK)
		return (rc);
	return (check_place(db));
}

/*
 * A -journal may stay open until all is over (in EXCLUSIVE mode, and of an
 * empty database).  DELETE mode would then remove one by its name, which may be
 * the new database's by now; TRUNCATE mode knows its descriptor only.
 */
static int
unwal(sqlite3 *db)
{
	char *mode;
	int rc;

	rc = ask(db, "PRAGMA journal_mode", &mode);
	if (rc == SQLITE_OK && mode != NULL && strcmp(mode, "wal") == 0)
		rc = lock_wal(db);
	free(mode);
	return (rc == SQLITE_OK ? expect(db, "PRAGMA journal_mode=TRUNCATE",
	    "truncate") : rc);
}

/*
 * Under the exclusive lock: make sure that between folding and locking nobody
 * has changed things, and clear away a -journal (zeroed, in PERSIST mode) and
 * a -shm (of a dead process), which are nobody's now.
 */
static int
settle(sqlite3 *db, const char *path)
{
	int rc;

	if ((rc = check_place(db)) != SQLITE_OK ||
	    (rc = expect(db, "PRAGMA journal_mode", "truncate")) != SQLITE_OK)
		return (rc);
	if (has_wal(path))
		return (SQLITE_BUSY);
	if (sweep(path, "-journal") != 0 || sweep(path, "-shm") != 0)
		return (SQLITE_IOERR_DELETE);
	return (SQLITE_OK);
}

static int
fold(sqlite3 *db, const char *path)
{
	int rc;

	distrust_schema(db);
	(void)sqlite3_extended_result_codes(db, 1);
	/* A damaged database is moved aside as it is. */
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	if ((rc = expect(db, "PRAGMA wal_checkpoint(TRUNCATE)", "0")) !=
	    SQLITE_OK)
		return (rc);
	HOOK("replace-checkpointed", path);
	if ((rc = unwal(db)) != SQLITE_OK)
		return (rc);
	HOOK("replace-unwalled", path);
	if ((rc = sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL)) !=
	    SQLITE_OK)
		return (rc);
	HOOK("replace-locked", path);
	if ((rc = settle(db, path)) != SQLITE_OK)
		return (rc);
	HOOK("replace-folded", path);
	return (SQLITE_OK);
}

static bool
is_busy(int rc)
{
	rc &= 0xff;
	return (rc == SQLITE_BUSY || rc == SQLITE_LOCKED ||
	    rc == SQLITE_PROTOCOL);
}

int
fold_lock(const char *path, int64_t deadline_ms, struct sqlite3 **db,
    struct err *e)
{
	/* SQLite may be built to read "file:..." as a URI. */
	char *name = mem_printf("%s%s", path[0] == '/' ? "" : "./", path);
	bool was = guard_exempt(true);
	int rc, ret = 0;

	if (guard_install(e) == -1) {
		ret = -1;
		goto out;
	}
	for (;;) {
		mapped_forget();
		rc = sqlite3_open_v2(name, db, SQLITE_OPEN_READWRITE |
		    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL);
		if (rc == SQLITE_OK)
			rc = fold(*db, path);
		/* Somebody is at its wal-index. */
		if (mapped_was_cut())
			rc = SQLITE_BUSY;
		if (rc == SQLITE_OK) {
			ret = 1;
			break;
		}
		(void)sqlite3_close(*db);
		*db = NULL;
		if (!is_busy(rc))
			break;
		if (clock_mono_ms() >= deadline_ms) {
			err_set(e, ERR_BUSY, "%s is locked by another process",
			    path);
			ret = -1;
			break;
		}
		clock_sleep_ms(RETRY_MS);
	}
out:
	(void)guard_exempt(was);
	free(name);
	return (ret);
}

void
fold_unlock(struct sqlite3 *db)
{
	bool was = guard_exempt(true);

	(void)sqlite3_close(db);
	(void)guard_exempt(was);
}
