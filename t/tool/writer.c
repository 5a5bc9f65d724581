/*
 * writer -- an application that never rests, for tests and demo:
 *
 *     writer DB... [--mode delete|truncate|persist|wal] [--autocheckpoint N]
 *         [--log FILE] [--max N] [--pause MS] [--sync] [--hold]
 *     writer --check DB...
 *
 * Commits to each DB in turn until SIGTERM, or N times each: moves an amount
 * from a row of table a to one of table b or back, and adds 1 to the counter,
 * n of row 1 of table t (mkfleet.c; the tables are made where missing).  So
 * in every committed state 100 is the mean of all v.  After each commit the
 * counter stands in FILE as a line "path counter", so a copy that was begun
 * after it was read there may not hold a smaller one.  --hold: after N stays
 * with the databases open.  --sync: PRAGMA synchronous stays FULL.  Waits 5 s
 * for a lock and tries again then.
 *
 * --check opens copies (not databases that are in use: SQLite may fold a -wal
 * into them), runs PRAGMA integrity_check, checks the mean, and prints "path
 * counter" of each; status 1 if one is wrong.
 */
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

enum {
	ROWS = 100,		/* of a and of b */
	BUSY_MS = 5000
};

struct source {
	const char *path;
	sqlite3 *db;
	sqlite3_stmt *take, *give, *count;
	off_t log_off;
	char *line;		/* of the log */
};

struct options {
	const char *mode;
	const char *log;
	long autocheckpoint;
	long max;
	long pause_ms;
	bool sync, hold, check;
};

static volatile sig_atomic_t stopping;
static uint64_t rnd = 88172645463325252ULL;

static void
stop(int sig)
{
	(void)sig;
	stopping = 1;
}

static uint64_t
next_random(void)
{
	rnd ^= rnd << 13;
	rnd ^= rnd >> 7;
	rnd ^= rnd << 17;
	return (rnd);
}

static void
sleep_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	(void)nanosleep(&ts, NULL);
}

/* True if it worked, false if somebody else is at it; all else is the end. */
static bool
try_sql(struct source *s, const char *sql)
{
	int rc;

	rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL) & 0xff;
	if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
		return (false);
	if (rc != SQLITE_OK)
		errx(1, "%s: %s: %s", s->path, sql, sqlite3_errmsg(s->db));
	return (true);
}

static void
insist(struct source *s, const char *sql)
{
	while (!try_sql(s, sql) && !stopping)
		sleep_ms(1);
}

static void
prepare(struct source *s, const char *sql, sqlite3_stmt **stmt)
{
	int rc;

	while ((rc = sqlite3_prepare_v2(s->db, sql, -1, stmt, NULL)) !=
	    SQLITE_OK) {
		if (rc != SQLITE_BUSY || stopping)
			errx(1, "%s: %s", s->path, sqlite3_errmsg(s->db));
		sleep_ms(1);
	}
}

static void
open_source(struct source *s, const struct options *o)
{
	char sql[64];

	if (sqlite3_open(s->path, &s->db) != SQLITE_OK)
		errx(1, "%s: %s", s->path, sqlite3_errmsg(s->db));
	(void)sqlite3_busy_timeout(s->db, BUSY_MS);
	if (o->mode != NULL) {
		(void)snprintf(sql, sizeof(sql), "PRAGMA journal_mode = %s",
		    o->mode);
		insist(s, sql);
	}
	if (!o->sync)
		insist(s, "PRAGMA synchronous = OFF");
	if (o->autocheckpoint >= 0) {
		(void)snprintf(sql, sizeof(sql),
		    "PRAGMA wal_autocheckpoint = %ld", o->autocheckpoint);
		insist(s, sql);
	}
	insist(s, "CREATE TABLE IF NOT EXISTS "
	    "a(id INTEGER PRIMARY KEY, v INTEGER NOT NULL)");
	insist(s, "CREATE TABLE IF NOT EXISTS "
	    "b(id INTEGER PRIMARY KEY, v INTEGER NOT NULL)");
	insist(s, "CREATE TABLE IF NOT EXISTS "
	    "t(id INTEGER PRIMARY KEY, n INTEGER NOT NULL)");
	insist(s, "WITH RECURSIVE i(x) AS (VALUES(1) UNION ALL "
	    "SELECT x + 1 FROM i WHERE x < 100) "
	    "INSERT OR IGNORE INTO a SELECT x, 100 FROM i");
	insist(s, "WITH RECURSIVE i(x) AS (VALUES(1) UNION ALL "
	    "SELECT x + 1 FROM i WHERE x < 100) "
	    "INSERT OR IGNORE INTO b SELECT x, 100 FROM i");
	insist(s, "INSERT OR IGNORE INTO t VALUES (1, 0)");
	prepare(s, "UPDATE a SET v = v - ?1 WHERE id = ?2", &s->take);
	prepare(s, "UPDATE b SET v = v + ?1 WHERE id = ?2", &s->give);
	prepare(s, "UPDATE t SET n = n + 1 WHERE id = 1 RETURNING n",
	    &s->count);
}

static void
close_source(struct source *s)
{
	(void)sqlite3_finalize(s->take);
	(void)sqlite3_finalize(s->give);
	(void)sqlite3_finalize(s->count);
	if (sqlite3_close(s->db) != SQLITE_OK)
		errx(1, "%s: %s", s->path, sqlite3_errmsg(s->db));
	free(s->line);
}

/* One row's amount changes; false if busy. */
static bool
move(struct source *s, sqlite3_stmt *stmt, int amount)
{
	int rc;

	(void)sqlite3_bind_int(stmt, 1, amount);
	(void)sqlite3_bind_int(stmt, 2, 1 + (int)(next_random() % ROWS));
	rc = sqlite3_step(stmt);
	(void)sqlite3_reset(stmt);
	if (rc != SQLITE_DONE && rc != SQLITE_BUSY)
		errx(1, "%s: %s", s->path, sqlite3_errmsg(s->db));
	return (rc == SQLITE_DONE);
}

static bool
add_one(struct source *s, int64_t *counter)
{
	int rc;

	if ((rc = sqlite3_step(s->count)) == SQLITE_ROW) {
		*counter = sqlite3_column_int64(s->count, 0);
		rc = sqlite3_step(s->count);
	}
	(void)sqlite3_reset(s->count);
	if (rc != SQLITE_DONE && rc != SQLITE_BUSY)
		errx(1, "%s: %s", s->path, sqlite3_errmsg(s->db));
	return (rc == SQLITE_DONE);
}

/* One transaction; false if it did not come about because of others. */
static bool
commit_one(struct source *s, int64_t *counter)
{
	int amount = (int)(next_random() % 21) - 10;

	if (!try_sql(s, "BEGIN IMMEDIATE"))
		return (false);
	if (move(s, s->take, amount) && move(s, s->give, amount) &&
	    add_one(s, counter) && try_sql(s, "COMMIT"))
		return (true);
	if (sqlite3_get_autocommit(s->db) == 0)
		insist(s, "ROLLBACK");
	return (false);
}

static int
open_log(const char *path, struct source *src, int n)
{
	off_t off = 0;
	int fd, i;

	if (path == NULL)
		return (-1);
	if ((fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644)) == -1)
		err(1, "open %s", path);
	for (i = 0; i < n; i++) {
		src[i].log_off = off;
		off += (off_t)strlen(src[i].path) + 22;
	}
	return (fd);
}

static void
log_counter(int fd, struct source *s, int64_t counter)
{
	int n;

	if (fd == -1)
		return;
	free(s->line);
	if ((n = asprintf(&s->line, "%s %020" PRId64 "\n", s->path,
	    counter)) == -1)
		err(1, "asprintf");
	if (pwrite(fd, s->line, (size_t)n, s->log_off) != n)
		err(1, "write log");
}

static void
write_on(struct source *src, int n, const struct options *o)
{
	int64_t counter = 0;
	bool done;
	long round;
	int i, fd;

	for (i = 0; i < n; i++)
		open_source(&src[i], o);
	fd = open_log(o->log, src, n);
	for (round = 0; !stopping && (o->max < 0 || round < o->max); round++) {
		for (i = 0; i < n && !stopping; i++) {
			while (!(done = commit_one(&src[i], &counter)) &&
			    !stopping)
				sleep_ms(1);
			if (done)
				log_counter(fd, &src[i], counter);
		}
		if (o->pause_ms > 0)
			sleep_ms(o->pause_ms);
	}
	while (o->hold && !stopping)
		sleep_ms(20);
	for (i = 0; i < n; i++)
		close_source(&src[i]);
	if (fd != -1 && (fsync(fd) == -1 || close(fd) == -1))
		err(1, "%s", o->log);
}

/* Copy the first column of the first row into out; false if there is none. */
static bool
ask(sqlite3 *db, const char *sql, char *out, size_t size)
{
	sqlite3_stmt *stmt = NULL;
	bool good = false;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW &&
	    sqlite3_column_text(stmt, 0) != NULL) {
		(void)snprintf(out, size, "%s",
		    (const char *)sqlite3_column_text(stmt, 0));
		good = true;
	}
	(void)sqlite3_finalize(stmt);
	return (good);
}

static bool
check(const char *path)
{
	char got[512] = "";
	sqlite3 *db = NULL;
	bool good = false;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) !=
	    SQLITE_OK ||
	    !ask(db, "PRAGMA integrity_check", got, sizeof(got)))
		warnx("%s: %s", path, sqlite3_errmsg(db));
	else if (strcmp(got, "ok") != 0)
		warnx("%s: integrity_check: %s", path, got);
	else if (!ask(db, "SELECT (SELECT sum(v - 100) FROM a) + "
	    "(SELECT sum(v - 100) FROM b)", got, sizeof(got)))
		warnx("%s: %s", path, sqlite3_errmsg(db));
	else if (strcmp(got, "0") != 0)
		warnx("%s: the sum of all v is wrong by %s", path, got);
	else if (!ask(db, "SELECT n FROM t WHERE id = 1", got, sizeof(got)))
		warnx("%s: no counter", path);
	else {
		printf("%s %s\n", path, got);
		good = true;
	}
	(void)sqlite3_close(db);
	return (good);
}

static long
number(const char *name, const char *s)
{
	char *end;
	long v;

	if (s == NULL)
		errx(2, "%s needs a value", name);
	v = strtol(s, &end, 10);
	if (*s == '\0' || *end != '\0' || v < 0)
		errx(2, "%s: not a number: %s", name, s);
	return (v);
}

/* Sort argv into options and databases; returns how many of the latter. */
static int
parse(char **argv, struct options *o, struct source *src)
{
	int n = 0;

	for (; *argv != NULL; argv++) {
		if (strcmp(*argv, "--check") == 0)
			o->check = true;
		else if (strcmp(*argv, "--sync") == 0)
			o->sync = true;
		else if (strcmp(*argv, "--hold") == 0)
			o->hold = true;
		else if (strncmp(*argv, "--", 2) != 0)
			src[n++].path = *argv;
		else if (argv[1] == NULL)
			errx(2, "%s needs a value", *argv);
		else if (strcmp(*argv, "--mode") == 0)
			o->mode = *++argv;
		else if (strcmp(*argv, "--log") == 0)
			o->log = *++argv;
		else if (strcmp(*argv, "--autocheckpoint") == 0) {
			o->autocheckpoint = number(argv[0], argv[1]);
			argv++;
		} else if (strcmp(*argv, "--max") == 0) {
			o->max = number(argv[0], argv[1]);
			argv++;
		} else if (strcmp(*argv, "--pause") == 0) {
			o->pause_ms = number(argv[0], argv[1]);
			argv++;
		} else
			errx(2, "unknown option %s", *argv);
	}
	return (n);
}

int
main(int argc, char **argv)
{
	struct options o = { .autocheckpoint = -1, .max = -1 };
	struct sigaction sa = { .sa_handler = stop };
	struct source *src;
	bool good = true;
	int i, n;

	if ((src = calloc((size_t)argc, sizeof(*src))) == NULL)
		err(1, "calloc");
	if ((n = parse(argv + 1, &o, src)) == 0)
		errx(2, "usage: writer DB... [--mode MODE] "
		    "[--autocheckpoint N] [--log FILE] [--max N] [--pause MS] "
		    "[--sync] [--hold]\n       writer --check DB...");
	if (o.check) {
		for (i = 0; i < n; i++)
			if (!check(src[i].path))
				good = false;
		free(src);
		if (fflush(stdout) == EOF)
			err(1, "standard output");
		return (good ? 0 : 1);
	}
	rnd ^= (uint64_t)getpid() << 20;
	(void)sigaction(SIGTERM, &sa, NULL);
	(void)sigaction(SIGINT, &sa, NULL);
	write_on(src, n, &o);
	free(src);
	return (0);
}
