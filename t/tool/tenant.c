/*
 * tenant -- many writers on many databases, as unruly as applications are:
 *
 *     tenant DIR N WRITERS SEED LOG [KILL_MS]
 *
 * Makes DIR/d0.db to d(N-1).db, of all page sizes, and lets WRITERS processes
 * at them until SIGTERM: commits in all journal modes that survive a crash,
 * checkpoints of all kinds, VACUUM, tables dropped and made again, changes of
 * the journal mode, transactions that spill, mapped files, held readers,
 * EXCLUSIVE locking mode.  One database in 40 has some megabytes.  Every
 * KILL_MS a writer, taken at random, is killed with SIGKILL and begun again;
 * some kill themselves within a transaction.
 *
 * In every committed state 100 is the mean of all v of tables a and b (as of
 * mkfleet's), row 2 of t has the number of rows of pad, and row 1 counts the
 * commits.  LOG is an array of uint64_t, one a database: a counter that was
 * committed.  So an image that was begun after it was read there may not hold
 * a smaller one.
 *
 * Who leaves WAL mode is alone with the database (locks on its byte of LOG see
 * to that) and reads first.  Otherwise SQLite (3.40) keeps what the connection
 * has in its cache, though others have committed since, and the next commit
 * undoes theirs.  Each transaction begins with a look at the invariant, so
 * that a fault of SQLite's is not taken for one of the backup.
 *
 * At the end prints a line of what was done and how often, "NAME=N ..." (see
 * below); status 1 if a writer met an error that is no lock's, or a database
 * that is wrong.
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
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
	OPEN = 4,		/* databases a writer has open */
	BUSY_MS = 20,
	PAD_ROWS = 24,		/* about as many at most */
	MAX_WRITERS = 64,
	CROWDED = 6,		/* the first so many: see open_another() */
	MODE_BYTES = 16,
	LARGE_EVERY = 40,	/* one in so many databases ... */
	LARGE_BYTES = 9000000	/* ... is more than is kept in memory */
};

struct conn {
	sqlite3 *db;
	unsigned i;
	unsigned autocheckpoint;	/* of autocheckpoints */
	bool reading;
	bool exclusive;
	bool mapped;
};

/* Only what came about is counted. */
enum tally {
	COMMITS,		/* all, and the same by what they were in: */
	IN_DELETE,
	IN_TRUNCATE,
	IN_PERSIST,
	IN_WAL_0,		/* by wal_autocheckpoint */
	IN_WAL_1,
	IN_WAL_10,
	IN_WAL_1000,
	MAPPED,
	EXCLUSIVE,
	SPILLED,
	REBUILDS,		/* DROP and CREATE TABLE */
	ROLLBACKS,
	BUSY,
	PASSIVE,		/* checkpoints */
	FULL,
	RESTART,
	TRUNCATE,
	VACUUMS,
	FLIPS,			/* changes of the journal mode */
	SUICIDES,		/* within a transaction */
	LARGE,			/* commits to a database of megabytes */
	NTALLIES
};
static const char *const tally_names[NTALLIES] = {
	"commits", "delete", "truncate", "persist", "wal_0", "wal_1",
	"wal_10", "wal_1000", "mapped", "exclusive", "spilled", "rebuilds",
	"rollbacks", "busy", "ckpt_passive", "ckpt_full", "ckpt_restart",
	"ckpt_truncate", "vacuums", "flips", "suicides", "large"
};

static const char *const modes[] = { "delete", "truncate", "persist", "wal",
    "wal", "wal" };

static volatile sig_atomic_t stopping;
static const char *dir;
static unsigned ndbs;
static _Atomic uint64_t *counters;
static int log_fd;
static _Atomic uint64_t *tallies;
static uint64_t rnd;
static struct conn conns[OPEN];

static void
stop(int sig)
{
	(void)sig;
	stopping = 1;
}

static void
seed_random(uint64_t seed)
{
	rnd = (seed + 1) * 0x9e3779b97f4a7c15ULL;
	rnd ^= rnd >> 29;
	if (rnd == 0)
		rnd = 1;
}

static void
tally(enum tally what)
{
	atomic_fetch_add(&tallies[what], 1);
}

static unsigned
below(unsigned n)
{
	rnd ^= rnd << 13;
	rnd ^= rnd >> 7;
	rnd ^= rnd << 17;
	return ((unsigned)((rnd >> 20) % n));
}

static const char *
some_mode(void)
{
	return (modes[below(sizeof(modes) / sizeof(modes[0]))]);
}

/* True if it worked, false if somebody else is at it; all else is the end. */
static bool
judge(struct conn *c, int rc, const char *what)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return (true);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
	case SQLITE_SCHEMA:
		tally(BUSY);
		return (false);
	default:
		errx(1, "d%u.db: %s: %s (%d)", c->i, what,
		    sqlite3_errmsg(c->db), sqlite3_extended_errcode(c->db));
	}
}

/* False if another writer keeps us out. */
static bool
take(struct conn *c, short type)
{
	struct flock fl = { .l_type = type, .l_whence = SEEK_SET,
	    .l_start = (off_t)c->i, .l_len = 1 };

	if (fcntl(log_fd, F_SETLK, &fl) == 0)
		return (true);
	if (errno != EACCES && errno != EAGAIN)
		err(1, "lock");
	return (false);
}

static bool
run(struct conn *c, const char *sql)
{
	return (judge(c, sqlite3_exec(c->db, sql, NULL, NULL, NULL), sql));
}

/* Run what sprintf makes of it. */
static bool __attribute__((format(printf, 2, 3)))
runf(struct conn *c, const char *fmt, ...)
{
	char *sql;
	va_list ap;
	bool good;

	va_start(ap, fmt);
	sql = sqlite3_vmprintf(fmt, ap);
	va_end(ap);
	if (sql == NULL)
		errx(1, "out of memory");
	good = run(c, sql);
	sqlite3_free(sql);
	return (good);
}

static int
keep_number(void *p, int n, char **values, char **names)
{
	(void)n;
	(void)names;
	*(uint64_t *)p = values[0] == NULL ? 0 : strtoull(values[0], NULL, 10);
	return (0);
}

/* What a statement that the schema knows gives in its first column. */
static bool
ask(struct conn *c, const char *sql, uint64_t *n)
{
	return (judge(c, sqlite3_exec(c->db, sql, keep_number, n, NULL), sql));
}

static bool
is_right(struct conn *c)
{
	uint64_t n;

	if (!ask(c, "SELECT (SELECT sum(v - 100) FROM a) + "
	    "(SELECT sum(v - 100) FROM b)", &n))
		return (false);
	if (n != 0)
		errx(1, "d%u.db itself is wrong: the sum is %" PRId64, c->i,
		    (int64_t)n);
	return (true);
}

static bool
move_some(struct conn *c)
{
	unsigned n = 1 + below(3);

	while (n-- > 0) {
		unsigned amount = below(50);

		if (!runf(c, "UPDATE a SET v = v - %u WHERE id = %u;"
		    "UPDATE b SET v = v + %u WHERE id = %u", amount,
		    1 + below(ROWS), amount, 1 + below(ROWS)))
			return (false);
	}
	return (true);
}

/* Big rows come or go; row 2 of t has their number. */
static bool
pad_some(struct conn *c)
{
	uint64_t n;

	if (!ask(c, "SELECT n FROM t WHERE id = 2", &n))
		return (false);
	if (n > PAD_ROWS || below(3) == 0) {
		if (!runf(c, "DELETE FROM pad WHERE rowid %% %u = 0",
		    1 + below(3)))
			return (false);
	} else if (!runf(c, "WITH RECURSIVE i(x) AS (VALUES(1) UNION ALL "
	    "SELECT x + 1 FROM i WHERE x < %u) INSERT INTO pad "
	    "SELECT randomblob(abs(random()) %% %u) FROM i",
	    1 + below(PAD_ROWS), 1 + below(16000)))
		return (false);
	return (run(c, "UPDATE t SET n = (SELECT count(*) FROM pad) "
	    "WHERE id = 2"));
}

static bool
rebuild(struct conn *c)
{
	const char *name = below(2) != 0 ? "a" : "b";

	return (runf(c, "CREATE TABLE x AS SELECT * FROM %s;"
	    "DROP TABLE %s;"
	    "CREATE TABLE %s(id INTEGER PRIMARY KEY, v INTEGER NOT NULL);"
	    "INSERT INTO %s SELECT * FROM x; DROP TABLE x", name, name, name,
	    name));
}

static void
note(unsigned i, uint64_t n)
{
	uint64_t old = atomic_load(&counters[i]);

	while (old < n && !atomic_compare_exchange_weak(&counters[i], &old, n))
		;
}

static bool
is_large(unsigned i)
{
	return (i % LARGE_EVERY == 7);
}

static int
keep_mode(void *p, int n, char **values, char **names)
{
	(void)n;
	(void)names;
	(void)snprintf(p, MODE_BYTES, "%s", values[0]);
	return (0);
}

static void
tally_commit(struct conn *c, bool rebuilt, bool spilled)
{
	char mode[MODE_BYTES] = "";

	tally(COMMITS);
	if (c->mapped)
		tally(MAPPED);
	if (c->exclusive)
		tally(EXCLUSIVE);
	if (spilled)
		tally(SPILLED);
	if (rebuilt)
		tally(REBUILDS);
	if (is_large(c->i))
		tally(LARGE);
	if (!judge(c, sqlite3_exec(c->db, "PRAGMA journal_mode", keep_mode,
	    mode, NULL), "journal_mode"))
		return;
	if (strcmp(mode, "delete") == 0)
		tally(IN_DELETE);
	else if (strcmp(mode, "truncate") == 0)
		tally(IN_TRUNCATE);
	else if (strcmp(mode, "persist") == 0)
		tally(IN_PERSIST);
	else if (strcmp(mode, "wal") == 0)
		tally(IN_WAL_0 + c->autocheckpoint);
	else
		errx(1, "d%u.db: journal_mode %s", c->i, mode);
}

/* Has it written pages of a transaction that is not over? */
static bool
has_spilled(struct conn *c)
{
	int n = 0, highest;

	return (sqlite3_db_status(c->db, SQLITE_DBSTATUS_CACHE_SPILL, &n,
	    &highest, 1) == SQLITE_OK && n > 0);
}

/* One transaction with "body" in it. */
static void
transact(struct conn *c, bool (*body)(struct conn *))
{
	bool spilled;
	uint64_t n;

	if (!run(c, "BEGIN IMMEDIATE"))
		return;
	if (is_right(c) && move_some(c) && (body == NULL || body(c)) &&
	    ask(c, "UPDATE t SET n = n + 1 WHERE id = 1 RETURNING n", &n)) {
		spilled = has_spilled(c);
		if (body != NULL && below(spilled ? 20 : 60) == 0) {
			tally(SUICIDES);
			(void)raise(SIGKILL);
		}
		if (below(8) != 0 && run(c, "COMMIT")) {
			note(c->i, n);
			tally_commit(c, body == rebuild, spilled);
			return;
		}
	}
	if (sqlite3_get_autocommit(c->db) == 0)
		(void)run(c, "ROLLBACK");
	tally(ROLLBACKS);
}

static void
checkpoint(struct conn *c)
{
	int how = (int)below(4), nframes;	/* SQLITE_CHECKPOINT_... */

	if (judge(c, sqlite3_wal_checkpoint_v2(c->db, NULL, how, &nframes,
	    NULL), "checkpoint") && nframes >= 0)
		tally(PASSIVE + (unsigned)how);
}

static void
be_exclusive(struct conn *c)
{
	uint64_t n;

	c->exclusive = !c->exclusive;
	(void)runf(c, "PRAGMA locking_mode = %s",
	    c->exclusive ? "exclusive" : "normal");
	/* It is the next access that lets the lock go. */
	(void)ask(c, "SELECT count(*) FROM a", &n);
}

static void
shut(struct conn *c)
{
	if (c->db == NULL)
		return;
	if (sqlite3_close(c->db) != SQLITE_OK)
		errx(1, "d%u.db: %s", c->i, sqlite3_errmsg(c->db));
	memset(c, 0, sizeof(*c));
}

static void
set_autocheckpoint(struct conn *c)
{
	static const int pages[] = { 0, 1, 10, 1000 };

	c->autocheckpoint = below(4);
	(void)sqlite3_wal_autocheckpoint(c->db, pages[c->autocheckpoint]);
}

static void
open_path(struct conn *c, unsigned i)
{
	char path[4096];

	c->i = i;
	(void)snprintf(path, sizeof(path), "%s/d%u.db", dir, i);
	if (sqlite3_open(path, &c->db) != SQLITE_OK)
		errx(1, "%s: %s", path, sqlite3_errmsg(c->db));
	(void)sqlite3_busy_timeout(c->db, BUSY_MS);
	if (!run(c, "PRAGMA synchronous = OFF"))
		shut(c);
}

/* Another database than those that are open. */
static void
open_another(struct conn *c)
{
	unsigned i, k;

	shut(c);
	do {
		/* A quarter of all goes on in a few, another in a tenth. */
		i = below(4);
		i = below(i > 1 ? ndbs : i == 1 ? ndbs / 10 + OPEN : CROWDED);
		for (k = 0; k < OPEN; k++)
			if (conns[k].db != NULL && conns[k].i == i)
				break;
	} while (k < OPEN);
	open_path(c, i);
	if (c->db == NULL)
		return;
	(void)runf(c, "PRAGMA cache_size = %u", 3 + below(3) * 200);
	set_autocheckpoint(c);
}

static void
begin_reading(struct conn *c)
{
	uint64_t n;

	c->reading = run(c, "BEGIN");
	if (c->reading && !ask(c, "SELECT count(*) FROM a", &n)) {
		c->reading = false;
		(void)run(c, "ROLLBACK");
	}
}

static void
change_mode(struct conn *c)
{
	uint64_t n;

	if (!take(c, F_WRLCK))
		return;
	if (ask(c, "SELECT count(*) FROM a", &n) &&
	    runf(c, "PRAGMA journal_mode = %s", some_mode()))
		tally(FLIPS);
}

static void
vacuum(struct conn *c)
{
	if (below(2) == 0)
		(void)run(c, "PRAGMA incremental_vacuum(5)");
	else if (run(c, "VACUUM"))
		tally(VACUUMS);
}

static void
map_some(struct conn *c)
{
	c->mapped = below(2) != 0;
	(void)runf(c, "PRAGMA mmap_size = %u", c->mapped ? 1024 * 1024 : 0);
}

static void
write_somehow(struct conn *c)
{
	unsigned k = below(1000);

	if (c->exclusive && below(4) == 0)
		be_exclusive(c);
	else if (k < 620)
		transact(c, NULL);
	else if (k < 740)
		transact(c, pad_some);
	else if (k < 765)
		transact(c, rebuild);
	else if (k < 800)
		checkpoint(c);
	else if (k < 820)
		vacuum(c);
	else if (k < 850)
		change_mode(c);
	else if (k < 870)
		set_autocheckpoint(c);
	else if (k < 880)
		map_some(c);
	else if (k < 882)
		be_exclusive(c);
	else if (k < 930)
		shut(c);
	else
		transact(c, NULL);
}

static void
act(struct conn *c)
{
	struct conn was = *c;

	if (c->reading) {
		c->reading = false;
		(void)run(c, "COMMIT");
	} else if (below(20) == 0)
		begin_reading(c);
	else if (take(c, F_RDLCK)) {
		write_somehow(c);
		(void)take(&was, F_UNLCK);
	}
}

static void
write_on(void)
{
	struct conn *c;
	unsigned k;

	while (!stopping) {
		c = &conns[below(OPEN)];
		if (c->db == NULL)
			open_another(c);
		else
			act(c);
	}
	for (k = 0; k < OPEN; k++) {
		if (conns[k].reading)
			(void)run(&conns[k], "COMMIT");
		shut(&conns[k]);
	}
	exit(0);
}

/* Before anybody else is there. */
static void
make(unsigned i)
{
	static const unsigned sizes[] = { 512, 1024, 2048, 4096, 4096, 8192,
	    16384, 65536 };
	struct conn c = { 0 };

	open_path(&c, i);
	if (!runf(&c, "PRAGMA page_size = %u; PRAGMA auto_vacuum = %u;"
	    "PRAGMA journal_mode = %s; BEGIN;"
	    "CREATE TABLE a(id INTEGER PRIMARY KEY, v INTEGER NOT NULL);"
	    "CREATE TABLE b(id INTEGER PRIMARY KEY, v INTEGER NOT NULL);"
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, n INTEGER NOT NULL);"
	    "CREATE TABLE pad(x BLOB);"
	    "WITH RECURSIVE i(x) AS (VALUES(1) UNION ALL SELECT x + 1 FROM i "
	    "WHERE x < %d) INSERT INTO a SELECT x, 100 FROM i;"
	    "INSERT INTO b SELECT id, v FROM a;"
	    "INSERT INTO t VALUES (1, 0), (2, 0); COMMIT",
	    sizes[below(8)], below(3), some_mode(), ROWS) ||
	    (is_large(i) && !runf(&c, "CREATE TABLE large(x BLOB);"
	    "INSERT INTO large VALUES (zeroblob(%d))", LARGE_BYTES)))
		errx(1, "d%u.db cannot be made", i);
	shut(&c);
}

static pid_t
begin(uint64_t seed)
{
	pid_t parent = getpid(), pid;

	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(0);
		seed_random(seed);
		write_on();
	}
	return (pid);
}

static unsigned
number(const char *s, unsigned max)
{
	unsigned long v;
	char *end;

	v = strtoul(s, &end, 10);
	if (*s == '\0' || *end != '\0' || v < 1 || v > max)
		errx(2, "not a number that will do: %s", s);
	return ((unsigned)v);
}

static void *
share(int fd, size_t n)
{
	void *p;

	p = mmap(NULL, n, PROT_READ | PROT_WRITE,
	    fd == -1 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		err(1, "mmap");
	return (p);
}

/* Killed; or done, as one that is begun when it is all over is at once. */
static bool
ended_well(int st)
{
	if ((WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL) ||
	    (stopping && WIFEXITED(st) && WEXITSTATUS(st) == 0))
		return (true);
	warnx("a writer ended with wait status %#x", (unsigned)st);
	return (false);
}

/* Reap; begin again what was killed.  False if one ended otherwise. */
static bool
renew(pid_t *pids, unsigned n, uint64_t *seed, unsigned *killed)
{
	bool good = true;
	unsigned i;
	pid_t pid;
	int st;

	while ((pid = waitpid(-1, &st, WNOHANG)) > 0) {
		for (i = 0; i < n && pids[i] != pid; i++)
			;
		if (i == n)
			continue;
		good = ended_well(st) && good;
		(*killed)++;
		pids[i] = begin(++*seed);
	}
	return (good);
}

int
main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = stop };
	struct timespec ts = { 0 };
	pid_t pids[MAX_WRITERS];
	unsigned i, n, ms, killed = 0;
	uint64_t seed;
	bool good = true;
	int st;

	if (argc != 6 && argc != 7)
		errx(2, "usage: tenant DIR N WRITERS SEED LOG [KILL_MS]");
	dir = argv[1];
	ndbs = number(argv[2], 1000000);
	n = number(argv[3], MAX_WRITERS);
	seed = number(argv[4], UINT32_MAX) * (uint64_t)1000000;
	ms = argc == 7 ? number(argv[6], 1000000) : 0;
	if (ndbs < CROWDED)
		errx(2, "too few databases");
	if ((log_fd = open(argv[5], O_RDWR | O_CREAT | O_TRUNC, 0644)) == -1 ||
	    ftruncate(log_fd, (off_t)(ndbs * sizeof(uint64_t))) == -1)
		err(1, "%s", argv[5]);
	counters = share(log_fd, ndbs * sizeof(uint64_t));
	tallies = share(-1, NTALLIES * sizeof(*tallies));
	seed_random(seed);
	for (i = 0; i < ndbs; i++)
		make(i);
	(void)sigaction(SIGTERM, &sa, NULL);
	(void)sigaction(SIGINT, &sa, NULL);
	for (i = 0; i < n; i++)
		pids[i] = begin(++seed);
	printf("%d\n", (int)getpid());
	(void)fflush(stdout);
	ts.tv_sec = ms == 0 ? 1 : ms / 1000;
	ts.tv_nsec = ms % 1000 * 1000000;
	while (!stopping && good) {
		(void)nanosleep(&ts, NULL);
		if (ms != 0 && !stopping)
			(void)kill(pids[below(n)], SIGKILL);
		good = renew(pids, n, &seed, &killed);
	}
	for (i = 0; i < n; i++)
		(void)kill(pids[i], SIGTERM);
	for (i = 0; i < n; i++)
		if (waitpid(pids[i], &st, 0) == pids[i])
			good = ended_well(st) && good;
	for (i = 0; i < NTALLIES; i++)
		printf("%s=%" PRIu64 " ", tally_names[i],
		    atomic_load(&tallies[i]));
	printf("writers_killed=%u\n", killed);
	return (good ? 0 : 1);
}
