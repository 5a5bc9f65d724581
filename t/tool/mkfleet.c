/*
 * mkfleet -- a fleet of small real SQLite databases for tests, demo and
 * bench, thousands a second:
 *
 *     mkfleet ROOT N [--wal-every K] [--size BYTES]
 *         ROOT/data/pX/databases/dY/branches/bZ/tenants/tNNNNNN.db, 100 in a
 *         directory.  Copies of two templates: rollback mode and, every K-th
 *         (default 2, 0: none), WAL mode; at least BYTES long (default and
 *         least: 8 KiB).  PRAGMA user_version is the number in the name.
 *     mkfleet --touch ROOT COUNT|PERCENT%
 *         Change that many of the databases below ROOT, evenly spread and
 *         always the same ones, by a SQLite commit each; prints their paths.
 *
 * Tables: a(id, v) and b(id, v), where 100 is the mean of all v and stays it
 * (see writer.c); t(id, n), where n of row 1 counts commits; pad(x).
 */
#include <sys/stat.h>

#include <endian.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

enum {
	PER_DIR = 100,
	PAGE_BYTES = 2048,
	/* SQLite file format, section 1.3. */
	OFF_WRITE_VERSION = 18,
	OFF_READ_VERSION = 19,
	OFF_USER_VERSION = 60
};

static const char schema[] =
    "PRAGMA page_size = 2048;"
    "BEGIN;"
    "CREATE TABLE a(id INTEGER PRIMARY KEY, v INTEGER NOT NULL);"
    "CREATE TABLE b(id INTEGER PRIMARY KEY, v INTEGER NOT NULL);"
    "CREATE TABLE t(id INTEGER PRIMARY KEY, n INTEGER NOT NULL);"
    "WITH RECURSIVE i(x) AS (VALUES(1) UNION ALL SELECT x + 1 FROM i "
    "    WHERE x < 100) INSERT INTO a SELECT x, 100 FROM i;"
    "INSERT INTO b SELECT id, v FROM a;"
    "INSERT INTO t VALUES (1, 0);"
    "COMMIT";

static const char touch[] =
    "PRAGMA synchronous = OFF;"
    "BEGIN IMMEDIATE;"
    "UPDATE a SET v = v - 1 WHERE id = 7;"
    "UPDATE b SET v = v + 1 WHERE id = 70;"
    "UPDATE t SET n = n + 1 WHERE id = 1;"
    "COMMIT";

static void
run_sql(sqlite3 *db, const char *sql, const char *path)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		errx(1, "%s: %s", path, sqlite3_errmsg(db));
}

/* Half of the bytes repeat, as in many real databases. */
static void
add_padding(sqlite3 *db, size_t n)
{
	sqlite3_stmt *stmt;
	uint64_t x = 88172645463325252ULL;
	unsigned char *p;
	size_t i;

	if ((p = malloc(n)) == NULL)
		err(1, "malloc");
	for (i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		p[i] = (i / 32) % 2 != 0 ? 0x55 : (unsigned char)x;
	}
	run_sql(db, "CREATE TABLE pad(x BLOB)", "template");
	if (sqlite3_prepare_v2(db, "INSERT INTO pad VALUES (?)", -1, &stmt,
	    NULL) != SQLITE_OK ||
	    sqlite3_bind_blob64(stmt, 1, p, n, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_step(stmt) != SQLITE_DONE)
		errx(1, "template: %s", sqlite3_errmsg(db));
	(void)sqlite3_finalize(stmt);
	free(p);
}

/* Make the template in memory; returns its bytes. */
static unsigned char *
make_template(size_t size, sqlite3_int64 *len)
{
	sqlite3 *db;
	unsigned char *p;

	if (sqlite3_open(":memory:", &db) != SQLITE_OK)
		errx(1, "template: %s", sqlite3_errmsg(db));
	run_sql(db, schema, "template");
	if (size > (size_t)4 * PAGE_BYTES)
		add_padding(db, size - (size_t)4 * PAGE_BYTES);
	if ((p = sqlite3_serialize(db, "main", len, 0)) == NULL)
		errx(1, "template: cannot be serialized");
	(void)sqlite3_close(db);
	return (p);
}

/* Make a directory and its missing parents below ROOT. */
static void
make_dirs(char *path)
{
	char *p;

	for (p = path + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		if (mkdir(path, 0755) == -1 && errno != EEXIST)
			err(1, "mkdir %s", path);
		*p = '/';
	}
	if (mkdir(path, 0755) == -1 && errno != EEXIST)
		err(1, "mkdir %s", path);
}

static int
open_leaf(const char *root, unsigned long leaf)
{
	char path[PATH_MAX];
	int fd, n;

	n = snprintf(path, sizeof(path),
	    "%s/data/p%lu/databases/d%lu/branches/b%lu/tenants", root,
	    leaf / 10, leaf / 2 % 5, leaf % 2);
	if (n < 0 || (size_t)n >= sizeof(path))
		errx(1, "%s: too long", root);
	make_dirs(path);
	if ((fd = open(path, O_RDONLY | O_DIRECTORY)) == -1)
		err(1, "open %s", path);
	return (fd);
}

static void
make_fleet(const char *root, unsigned long n, unsigned long wal_every,
    size_t size)
{
	char name[32];
	unsigned char *p;
	sqlite3_int64 len;
	uint32_t version;
	unsigned long i;
	int dir = -1, fd;

	p = make_template(size, &len);
	for (i = 0; i < n; i++) {
		if (i % PER_DIR == 0) {
			if (dir != -1)
				(void)close(dir);
			dir = open_leaf(root, i / PER_DIR);
		}
		p[OFF_WRITE_VERSION] = p[OFF_READ_VERSION] =
		    wal_every != 0 && i % wal_every == wal_every - 1 ? 2 : 1;
		version = htobe32((uint32_t)i);
		memcpy(p + OFF_USER_VERSION, &version, sizeof(version));
		(void)snprintf(name, sizeof(name), "t%06lu.db", i);
		if ((fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL,
		    0644)) == -1)
			err(1, "open %s", name);
		if (write(fd, p, (size_t)len) != len)
			err(1, "write %s", name);
		(void)close(fd);
	}
	if (dir != -1)
		(void)close(dir);
	sqlite3_free(p);
}

static int
by_name(const FTSENT **a, const FTSENT **b)
{
	return (strcmp((*a)->fts_name, (*b)->fts_name));
}

static int
is_db(const FTSENT *ent)
{
	return (ent->fts_info == FTS_F && ent->fts_namelen > 3 &&
	    strcmp(ent->fts_name + ent->fts_namelen - 3, ".db") == 0);
}

/* All databases below root in a fixed order. */
static char **
find_dbs(char *root, size_t *n)
{
	char *roots[] = { root, NULL };
	char **list = NULL;
	size_t cap = 0;
	FTS *fts;
	FTSENT *ent;

	*n = 0;
	fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	if (fts == NULL)
		err(1, "%s", root);
	while ((ent = fts_read(fts)) != NULL) {
		if (!is_db(ent))
			continue;
		if (*n == cap) {
			cap = cap == 0 ? 1024 : cap * 2;
			list = reallocarray(list, cap, sizeof(*list));
			if (list == NULL)
				err(1, "reallocarray");
		}
		if ((list[(*n)++] = strdup(ent->fts_path)) == NULL)
			err(1, "strdup");
	}
	(void)fts_close(fts);
	return (list);
}

static void
touch_one(const char *path)
{
	sqlite3 *db;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) !=
	    SQLITE_OK)
		errx(1, "%s: %s", path, sqlite3_errmsg(db));
	(void)sqlite3_busy_timeout(db, 5000);
	run_sql(db, touch, path);
	if (sqlite3_close(db) != SQLITE_OK)
		errx(1, "%s: %s", path, sqlite3_errmsg(db));
	if (puts(path) == EOF)
		err(1, "standard output");
}

static unsigned long
number(const char *s, const char *what, char **end)
{
	unsigned long v;

	errno = 0;
	v = strtoul(s, end, 10);
	if (*end == s || errno != 0 || v > 10000000)
		errx(2, "%s: not a number that will do: %s", what, s);
	return (v);
}

static unsigned long
whole(const char *s, const char *what)
{
	char *end;
	unsigned long v;

	v = number(s, what, &end);
	if (*end != '\0')
		errx(2, "%s: not a number that will do: %s", what, s);
	return (v);
}

static void
touch_fleet(char *root, const char *how_many)
{
	char **list, *end;
	size_t i, n, count;

	count = number(how_many, "--touch", &end);
	list = find_dbs(root, &n);
	if (strcmp(end, "%") == 0)
		count = (n * count + 99) / 100;
	else if (*end != '\0')
		errx(2, "--touch: neither COUNT nor PERCENT%%: %s", how_many);
	if (count > n)
		errx(2, "--touch: there are only %zu databases", n);
	for (i = 0; i < count; i++)
		touch_one(list[(2 * i + 1) * n / (2 * count)]);
	for (i = 0; i < n; i++)
		free(list[i]);
	free(list);
	if (fflush(stdout) == EOF)
		err(1, "standard output");
}

int
main(int argc, char **argv)
{
	unsigned long wal_every = 2, size = 0;
	int i;

	if (argc == 4 && strcmp(argv[1], "--touch") == 0) {
		touch_fleet(argv[2], argv[3]);
		return (0);
	}
	for (i = 3; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--wal-every") == 0)
			wal_every = whole(argv[i + 1], argv[i]);
		else if (strcmp(argv[i], "--size") == 0)
			size = whole(argv[i + 1], argv[i]);
		else
			break;
	}
	if (argc < 3 || i != argc || argv[1][0] == '-')
		errx(2, "usage: mkfleet ROOT N [--wal-every K] "
		    "[--size BYTES]\n       mkfleet --touch ROOT "
		    "COUNT|PERCENT%%");
	make_fleet(argv[1], whole(argv[2], "N"), wal_every, size);
	return (0);
}
