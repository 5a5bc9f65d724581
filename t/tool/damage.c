/*
 * damage -- many databases that something has happened to, for tests:
 *
 *     damage make SEED N DIR ORACLE
 *     damage compare DIR ORACLE RESTORED
 *
 * make: writes N databases DIR/000000.db ... with what lies beside them (-wal,
 * -journal, at times a -shm), each a sound one of some kind to which one to
 * four of these were done: bits turned, a file cut or made longer, a block of
 * another database put into it, a page emptied, the companion of another one
 * taken.  ORACLE gets, under the same names, what SQLite itself makes of a copy
 * of them: opened, recovered or rolled back, checkpointed, closed.  Where it
 * cannot (SQLITE_CORRUPT, SQLITE_NOTADB, ...) there is no file.
 *
 * compare: RESTORED has, under the same names, what was stored: nothing but
 * what SQLite could open, byte for byte as SQLite left it (the two bytes that
 * say whether a database is in WAL mode do not count), and all to which nothing
 * was done.  Prints "equal N refused N unopened N bad N", where refused are
 * those that SQLite opens but were not stored, unopened those that neither
 * wants; names the bad ones; status 1 if there are any.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

enum {
	NBASES = 24,
	NFILES = 3,		/* the database, its companion, its -shm */
	VERSION_AT = 18,	/* two bytes: journal or WAL */
	BLOCK_MAX = 8192,
	HUGE_BYTES = 64 * 1024 * 1024,
	PATH_BYTES = 4200
};

struct bytes {
	uint8_t *p;
	size_t n;
};

/* A sound database, or a damaged one: files by their suffix. */
struct set {
	struct bytes file[NFILES];
};

static const char *const suffix[2][NFILES] = {
	{ "", "-journal", "-shm" }, { "", "-wal", "-shm" }
};

struct base {
	struct set set;
	bool wal;
};

static uint64_t state;

static uint64_t
rnd(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (below == 0 ? 0 : state % below);
}

static void *
need(void *p)
{
	if (p == NULL)
		errx(1, "out of memory");
	return (p);
}

static void
copy(struct bytes *to, const struct bytes *from)
{
	to->n = from->n;
	to->p = need(malloc(from->n + 1));
	if (from->n > 0)
		memcpy(to->p, from->p, from->n);
}

/* false: there is no such file. */
static bool
load(const char *path, struct bytes *b)
{
	FILE *f = fopen(path, "rb");
	struct stat st;

	memset(b, 0, sizeof(*b));
	if (f == NULL)
		return (false);
	if (fstat(fileno(f), &st) == -1)
		err(1, "%s", path);
	if (st.st_size > HUGE_BYTES)
		errx(1, "%s: %jd bytes", path, (intmax_t)st.st_size);
	b->p = need(malloc((size_t)st.st_size + 1));
	b->n = fread(b->p, 1, (size_t)st.st_size, f);
	(void)fclose(f);
	return (true);
}

static void
save(const char *path, const struct bytes *b)
{
	FILE *f = fopen(path, "wb");

	if (f == NULL || (b->n > 0 && fwrite(b->p, 1, b->n, f) != b->n) ||
	    fclose(f) != 0)
		err(1, "%s", path);
}

static void
sql(sqlite3 *db, const char *fmt, ...)
{
	char *text, *msg = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = need(sqlite3_vmprintf(fmt, ap));
	va_end(ap);
	if (sqlite3_exec(db, text, NULL, NULL, &msg) != SQLITE_OK)
		errx(1, "%s: %s", text, msg);
	sqlite3_free(text);
}

/* Rows until the database has some 30 pages; 10 of the largest. */
static void
fill(sqlite3 *db, int page, unsigned i)
{
	sql(db, "CREATE TABLE t(id INTEGER PRIMARY KEY, n, s);"
	    "CREATE INDEX i ON t(n)");
	sql(db, "WITH RECURSIVE c(x) AS (VALUES(1) UNION ALL SELECT x + 1 "
	    "FROM c WHERE x < %d) INSERT INTO t SELECT x, x * %u, "
	    "hex(randomblob(%d)) FROM c", page == 65536 ? 20 : 60, i + 1,
	    page / 8);
}

/*
 * A base: kinds are rollback mode, a hot journal of a transaction that spilled,
 * WAL with frames, and WAL with a transaction that spilled behind them.  The
 * files are taken while the connection is open, as a kill would leave them.
 */
static void
make_base(const char *dir, unsigned i, struct base *b)
{
	static const int pages[] = { 512, 1024, 4096, 4096, 8192, 65536 };
	int page = pages[i % 6];
	unsigned kind = i / 6 % 4, k;
	char path[PATH_BYTES], from[PATH_BYTES + 16];
	sqlite3 *db;

	(void)snprintf(path, sizeof(path), "%s/base.db", dir);
	for (k = 0; k < 2 * NFILES; k++) {
		(void)snprintf(from, sizeof(from), "%s%s", path,
		    suffix[k / NFILES][k % NFILES]);
		(void)unlink(from);
	}
	b->wal = kind >= 2;
	if (sqlite3_open(path, &db) != SQLITE_OK)
		errx(1, "%s: %s", path, sqlite3_errmsg(db));
	sql(db, "PRAGMA page_size=%d; PRAGMA auto_vacuum=%u;"
	    "PRAGMA journal_mode=%s; PRAGMA synchronous=OFF", page, i % 3,
	    b->wal ? "wal" : "delete");
	fill(db, page, i);
	sql(db, "PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=2;"
	    "PRAGMA cache_spill=1");
	if (b->wal && i % 2 == 0)
		sql(db, "PRAGMA wal_checkpoint(TRUNCATE)");
	if (kind >= 1) {
		sql(db, "UPDATE t SET n = n + 1 WHERE id %% 3 = 0");
		sql(db, "DELETE FROM t WHERE id %% 7 = 1");
	}
	if (kind % 2 == 1)
		sql(db, "BEGIN; UPDATE t SET n = n + 7, s = "
		    "hex(randomblob(%d))", page / 6);
	for (k = 0; k < NFILES; k++) {
		(void)snprintf(from, sizeof(from), "%s%s", path,
		    suffix[b->wal][k]);
		(void)load(from, &b->set.file[k]);
	}
	(void)sqlite3_close(db);
}

/* Somewhere in n bytes; often where the structure is. */
static size_t
place(size_t n)
{
	switch (rnd(4)) {
	case 0:
		return (rnd(n < 100 ? n : 100));
	case 1:
		return (rnd(n / 512 + 1) * 512 % n);
	default:
		return (rnd(n));
	}
}

static void
turn_bits(struct bytes *b)
{
	uint64_t i, n = 1 + rnd(8);

	for (i = 0; i < n; i++)
		b->p[place(b->n)] ^= (uint8_t)(1u << rnd(8));
}

static void
lengthen(struct bytes *b)
{
	size_t i, n = 1 + rnd(2 * BLOCK_MAX);

	b->p = need(realloc(b->p, b->n + n + 1));
	for (i = 0; i < n; i++)
		b->p[b->n + i] = rnd(2) == 0 ? 0 : (uint8_t)rnd(256);
	b->n += n;
}

static void
graft(struct bytes *b, const struct bytes *other)
{
	size_t at = place(b->n), from, n = 1 + rnd(BLOCK_MAX);

	if (other->n == 0)
		return;
	from = place(other->n);
	if (n > b->n - at)
		n = b->n - at;
	if (n > other->n - from)
		n = other->n - from;
	memcpy(b->p + at, other->p + from, n);
}

static void
blank(struct bytes *b)
{
	size_t at = place(b->n) / 512 * 512, n = 512u << rnd(4);

	memset(b->p + at, 0, n < b->n - at ? n : b->n - at);
}

/* Something happens to one of the files. */
static void
harm(struct set *s, const struct base *other)
{
	size_t which = rnd(5) < 2 ? 0 : 1;
	struct bytes *b = &s->file[which];
	const struct bytes *o = &other->set.file[which];

	if (b->n == 0)
		b = &s->file[0];
	if (b->n == 0)
		return;
	switch (rnd(8)) {
	case 0:
	case 1:
	case 2:
		turn_bits(b);
		break;
	case 3:
		b->n = place(b->n + 1);
		break;
	case 4:
		lengthen(b);
		break;
	case 5:
		graft(b, o);
		break;
	case 6:
		blank(b);
		break;
	case 7:
		if (which == 1 && o->n > 0) {
			free(b->p);
			copy(b, o);
		} else
			turn_bits(b);
		break;
	}
}

static void
write_set(const char *path, const struct set *s, bool wal, bool with_shm)
{
	char file[PATH_BYTES + 16];
	size_t k;

	for (k = 0; k < NFILES; k++) {
		if (s->file[k].n == 0 && k > 0)
			continue;
		if (k == 2 && !with_shm)
			continue;
		(void)snprintf(file, sizeof(file), "%s%s", path,
		    suffix[wal][k]);
		save(file, &s->file[k]);
	}
}

/* There is none, or it begins with a zero. */
static bool
is_over(const char *path)
{
	struct bytes b;
	bool ret;

	ret = !load(path, &b) || b.n == 0 || b.p[0] == 0;
	free(b.p);
	return (ret);
}

/* What SQLite makes of it; removed where it cannot.  None of these calls reads
 * the schema, which may be damaged like any other content. */
static void
ask_sqlite(const char *path)
{
	char file[PATH_BYTES + 16];
	sqlite3 *db = NULL;
	struct stat st;
	unsigned k;
	bool good;

	good = sqlite3_open(path, &db) == SQLITE_OK &&
	    sqlite3_exec(db, "PRAGMA schema_version", NULL, NULL, NULL) ==
	    SQLITE_OK &&
	    sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_TRUNCATE,
	    NULL, NULL) == SQLITE_OK;
	good = sqlite3_close(db) == SQLITE_OK && good;
	for (k = 0; k < 2 * NFILES; k++) {
		(void)snprintf(file, sizeof(file), "%s%s", path,
		    suffix[k / NFILES][k % NFILES]);
		if (k % NFILES == 0 || k == 5)
			continue;
		/* One that SQLite left is over, or was not folded in. */
		if (!is_over(file))
			good = false;
		(void)unlink(file);
	}
	/* A damaged journal may make it as long as it likes. */
	if (!good || stat(path, &st) == -1 || st.st_size > HUGE_BYTES)
		(void)unlink(path);
}

static int
make(uint64_t seed, unsigned n, const char *dir, const char *oracle)
{
	struct base bases[NBASES];
	struct set s;
	char path[PATH_BYTES];
	const struct bytes none = { NULL, 0 };
	unsigned i, k, harms;

	state = seed * 2654435761u + 88172645463325252ULL;
	for (i = 0; i < NBASES; i++)
		make_base(oracle, i, &bases[i]);
	(void)snprintf(path, sizeof(path), "%s/base.db", oracle);
	(void)unlink(path);
	for (i = 0; i < n; i++) {
		const struct base *b = &bases[rnd(NBASES)];

		for (k = 0; k < NFILES; k++)
			copy(&s.file[k], &b->set.file[k]);
		/* One in twenty is as it should be. */
		harms = rnd(20) == 0 ? 0 : 1 + (unsigned)rnd(4);
		if (harms == 0) {
			(void)snprintf(path, sizeof(path), "%s/%06u.whole",
			    oracle, i);
			save(path, &none);
		}
		while (harms-- > 0)
			harm(&s, &bases[rnd(NBASES)]);
		(void)snprintf(path, sizeof(path), "%s/%06u.db", dir, i);
		write_set(path, &s, b->wal, rnd(4) == 0);
		(void)snprintf(path, sizeof(path), "%s/%06u.db", oracle, i);
		write_set(path, &s, b->wal, false);
		ask_sqlite(path);
		for (k = 0; k < NFILES; k++)
			free(s.file[k].p);
	}
	for (i = 0; i < NBASES; i++)
		for (k = 0; k < NFILES; k++)
			free(bases[i].set.file[k].p);
	return (0);
}

static bool
same(const struct bytes *a, const struct bytes *b)
{
	size_t i;

	if (a->n != b->n)
		return (false);
	for (i = 0; i < a->n; i++)
		if (a->p[i] != b->p[i] && i != VERSION_AT &&
		    i != VERSION_AT + 1)
			return (false);
	return (true);
}

enum verdict {
	EQUAL,
	REFUSED,		/* though SQLite opens it */
	UNOPENED,		/* refused by both */
	BAD,
	NVERDICTS
};

/* Why it is bad goes to standard output. */
static enum verdict
judge(const char *name, const char *oracle, const char *restored)
{
	char path[PATH_BYTES];
	struct bytes want = { 0 }, got = { 0 };
	enum verdict v = BAD;
	bool opened, stored, whole;

	(void)snprintf(path, sizeof(path), "%s/%s.db", oracle, name);
	opened = load(path, &want);
	(void)snprintf(path, sizeof(path), "%s/%s.whole", oracle, name);
	whole = access(path, F_OK) == 0;
	(void)snprintf(path, sizeof(path), "%s/%s.db", restored, name);
	stored = load(path, &got);
	if (stored && !opened)
		(void)printf("bad: %s.db: stored, SQLite opens nothing\n",
		    name);
	else if (stored && !same(&got, &want))
		(void)printf("bad: %s.db: not what SQLite has\n", name);
	else if (!stored && whole)
		(void)printf("bad: %s.db: whole, but not stored\n", name);
	else
		v = stored ? EQUAL : opened ? REFUSED : UNOPENED;
	free(want.p);
	free(got.p);
	return (v);
}

static int
compare(const char *dir, const char *oracle, const char *restored)
{
	unsigned i, n[NVERDICTS] = { 0 };
	char path[PATH_BYTES], name[20];

	for (i = 0;; i++) {
		(void)snprintf(name, sizeof(name), "%06u", i);
		(void)snprintf(path, sizeof(path), "%s/%s.db", dir, name);
		if (access(path, F_OK) == -1)
			break;
		n[judge(name, oracle, restored)]++;
	}
	(void)printf("equal %u refused %u unopened %u bad %u\n", n[EQUAL],
	    n[REFUSED], n[UNOPENED], n[BAD]);
	return (n[BAD] > 0);
}

int
main(int argc, char **argv)
{
	if (argc == 6 && strcmp(argv[1], "make") == 0)
		return (make(strtoull(argv[2], NULL, 10),
		    (unsigned)strtoul(argv[3], NULL, 10), argv[4], argv[5]));
	if (argc == 5 && strcmp(argv[1], "compare") == 0)
		return (compare(argv[2], argv[3], argv[4]));
	errx(2, "usage: damage make SEED N DIR ORACLE | "
	    "compare DIR ORACLE RESTORED");
}
