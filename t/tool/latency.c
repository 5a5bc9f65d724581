/*
 * latency -- what an application feels of its database being backed up:
 *
 *     latency DIR N delete|wal SECONDS KIB
 *
 * Commits for that long to one after the other of DIR/d0.db to d(N-1).db (made
 * where missing, of KIB at least), a millisecond after the last.  Without a
 * busy timeout: tries again every 0.2 ms and counts how often it was refused.
 * Prints "commits=N p50_us=N p99_us=N max_us=N busy=N wal_kib=N": from BEGIN to
 * the end of COMMIT with all tries, and the largest -wal that was seen.
 */
#include <sys/stat.h>

#include <err.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

enum {
	MAX_DBS = 1000,
	PAUSE_US = 1000,
	RETRY_US = 200
};

static sqlite3 *dbs[MAX_DBS];
static unsigned long busy;

static int64_t
now_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000);
}

static void
insist(sqlite3 *db, const char *sql)
{
	int rc;

	while ((rc = sqlite3_exec(db, sql, NULL, NULL, NULL)) != SQLITE_OK) {
		if ((rc & 0xff) != SQLITE_BUSY)
			errx(1, "%s: %s", sql, sqlite3_errmsg(db));
		busy++;
		(void)usleep(RETRY_US);
	}
}

static sqlite3 *
open_db(const char *path, const char *mode, int kib)
{
	char sql[400];
	sqlite3 *db;

	if (sqlite3_open(path, &db) != SQLITE_OK)
		errx(1, "%s: %s", path, sqlite3_errmsg(db));
	(void)snprintf(sql, sizeof(sql), "PRAGMA journal_mode = %s;"
	    "PRAGMA synchronous = OFF;"
	    "CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, n);"
	    "CREATE TABLE IF NOT EXISTS pad(id INTEGER PRIMARY KEY, x);"
	    "INSERT OR IGNORE INTO t VALUES (1, 0);"
	    "INSERT OR IGNORE INTO pad VALUES (1, randomblob(%d))", mode,
	    kib * 1024);
	insist(db, sql);
	/* What its making left in the log is not of the commits. */
	insist(db, "PRAGMA wal_checkpoint(TRUNCATE)");
	return (db);
}

static int
by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x < y ? -1 : x > y);
}

static int
number(const char *s, int max)
{
	char *end;
	long v = strtol(s, &end, 10);

	if (*s == '\0' || *end != '\0' || v < 1 || v > max)
		errx(2, "not a number that will do: %s", s);
	return ((int)v);
}

int
main(int argc, char **argv)
{
	char path[4096];
	int64_t *took, end, began;
	int64_t wal = 0;
	struct stat st;
	size_t n = 0, cap;
	int i, ndbs, s;

	if (argc != 6)
		errx(2, "usage: latency DIR N delete|wal SECONDS KIB");
	ndbs = number(argv[2], MAX_DBS);
	s = number(argv[4], 100000);
	for (i = 0; i < ndbs; i++) {
		(void)snprintf(path, sizeof(path), "%s/d%d.db", argv[1], i);
		dbs[i] = open_db(path, argv[3], number(argv[5], 1000000));
	}
	cap = (size_t)s * (1000000 / PAUSE_US) + 1;
	if ((took = calloc(cap, sizeof(*took))) == NULL)
		err(1, "calloc");
	busy = 0;
	end = now_us() + (int64_t)s * 1000000;
	while ((began = now_us()) < end && n < cap) {
		i = (int)(n % (size_t)ndbs);
		insist(dbs[i], "BEGIN IMMEDIATE");
		insist(dbs[i], "UPDATE t SET n = n + 1");
		insist(dbs[i], "COMMIT");
		took[n++] = now_us() - began;
		(void)snprintf(path, sizeof(path), "%s/d%d.db-wal", argv[1],
		    i);
		if (stat(path, &st) == 0 && st.st_size > wal)
			wal = st.st_size;
		(void)usleep(PAUSE_US);
	}
	for (i = 0; i < ndbs; i++)
		(void)sqlite3_close(dbs[i]);
	qsort(took, n, sizeof(*took), by_size);
	printf("commits=%zu p50_us=%lld p99_us=%lld max_us=%lld busy=%lu "
	    "wal_kib=%lld\n", n, (long long)took[n / 2],
	    (long long)took[n * 99 / 100], (long long)took[n - 1], busy,
	    (long long)wal / 1024);
	free(took);
	return (0);
}
