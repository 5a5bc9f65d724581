/*
 * oddity -- databases in the states that a backup must be right about though
 * it seldom meets them, for tests:
 *
 *     oddity DIR OTHERS
 *
 * Makes each in DIR/NAME.db by SQLite itself, in a process that then closes
 * it, is killed at the moment in question, or stays and holds what it holds.
 * OTHERS gets files that are nobody's business: names that a journal gives as
 * its super-journal's.  Each database has a table t(id, v, pad), whose v sum
 * up to 500, or to 1000 once the transaction of interest counts.
 *
 * Prints a line for each, "NAME SUM", or "NAME busy" where somebody keeps the
 * lock; then "ready"; then stays with those that hold until it is killed.
 */
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

enum {
	SUM_OLD = 500,
	SUM_NEW = 1000,
	SUM_BUSY = -1,
	PATH_BYTES = 4096,
	SQL_BYTES = 4096,
	RESERVED = 32,
	TRAILING = 777,
	FRAME_HEADER = 24	/* of a log */
};

#define GROW	"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1" \
		" FROM n WHERE i < 500) "
#define TABLE	"CREATE TABLE t(id INTEGER PRIMARY KEY, v, pad);" GROW	\
		"INSERT INTO t SELECT i, 1, randomblob(150) FROM n;"
#define CHANGE	"UPDATE t SET v = 2, pad = randomblob(150);"
#define SPILL	"PRAGMA cache_size=2; PRAGMA cache_spill=1; BEGIN;" CHANGE
/* Frames that nobody has checkpointed, more than there are pages. */
#define WAL	"PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;"	\
		"PRAGMA synchronous=OFF;"
#define LOGGED	WAL CHANGE CHANGE "UPDATE t SET v = 1;"
/* Longer than what is kept in memory. */
#define LARGE	"CREATE TABLE large(x);"				\
		"INSERT INTO large VALUES(randomblob(9000000));"
#define SHRINK	"DELETE FROM t WHERE id > 20; UPDATE t SET v = 50;"
#define SHRUNK	"PRAGMA wal_checkpoint(TRUNCATE);" SHRINK

/* What becomes of the process that runs the last statements. */
enum end {
	CLOSES,
	KILLED,
	STAYS,
	/* Killed at the call in question; "_A": after it. */
	AT_UNLINK_JOURNAL,
	AT_UNLINK_JOURNAL_A,
	AT_UNLINK_SUPER,
	AT_UNLINK_SUPER_A,
	AT_COMMIT_FRAME_A
};

/* What is done to the files in the end. */
enum deed {
	NOTHING,
	NO_SHM,
	GARBAGE_SHM,
	SHORT_SHM,
	OLDER_SHM,		/* of the log before: see older_shm() */
	TAIL,
	SUPER_REUSED,		/* another's file has its name now */
	SUPER_ELSEWHERE,	/* its name is that of another's file */
	SUPER_NOWHERE
};

struct state {
	const char *name;
	const char *before;	/* by a process that closes it; or NULL */
	const char *last;
	enum end end;
	enum deed deed;
	int sum;
	const char *other;	/* run first by one that stays, or NULL */
};

/* Of every page size. */
static const struct state sized[] = {
	{ "rollback", NULL, TABLE, CLOSES, NOTHING, SUM_OLD, NULL },
	{ "closed-wal", NULL, WAL TABLE, CLOSES, NOTHING, SUM_OLD, NULL },
	{ "hot", TABLE, SPILL, KILLED, NOTHING, SUM_OLD, NULL },
	{ "dead", TABLE, LOGGED, KILLED, NOTHING, SUM_OLD, NULL },
	{ "dead-noshm", TABLE, LOGGED, KILLED, NO_SHM, SUM_OLD, NULL },
	{ "live", TABLE, LOGGED, STAYS, NOTHING, SUM_OLD, NULL },
};
static const int page_sizes[] = { 512, 1024, 4096, 65536 };

static const struct state states[] = {
	/* Hot journals. */
	{ "hot-truncate", TABLE, "PRAGMA journal_mode=TRUNCATE;" CHANGE
	    "UPDATE t SET v = 1;" SPILL, KILLED, NOTHING, SUM_OLD, NULL },
	{ "hot-persist", TABLE, "PRAGMA journal_mode=PERSIST;" CHANGE
	    "UPDATE t SET v = 1;" SPILL, KILLED, NOTHING, SUM_OLD, NULL },
	{ "hot-nosync", TABLE, "PRAGMA synchronous=OFF;" SPILL, KILLED,
	    NOTHING, SUM_OLD, NULL },
	{ "hot-grown", TABLE, SPILL "INSERT INTO t SELECT id + 1000, 1, "
	    "randomblob(3000) FROM t", KILLED, NOTHING, SUM_OLD, NULL },
	{ "hot-all-written", TABLE, CHANGE, AT_UNLINK_JOURNAL, NOTHING,
	    SUM_OLD, NULL },
	{ "hot-vacuum", TABLE SHRINK, "VACUUM", AT_UNLINK_JOURNAL, NOTHING,
	    SUM_NEW, NULL },
	{ "hot-page-size", TABLE, "PRAGMA page_size=1024; VACUUM",
	    AT_UNLINK_JOURNAL, NOTHING, SUM_OLD, NULL },
	{ "hot-incremental", "PRAGMA auto_vacuum=2;" TABLE SHRINK,
	    "PRAGMA incremental_vacuum", AT_UNLINK_JOURNAL, NOTHING, SUM_NEW,
	    NULL },
	{ "hot-large", TABLE LARGE, SPILL, KILLED, NOTHING, SUM_OLD, NULL },
	{ "cold-persist", TABLE, "PRAGMA journal_mode=PERSIST;" CHANGE,
	    KILLED, NOTHING, SUM_NEW, NULL },
	{ "cold-truncate", TABLE, "PRAGMA journal_mode=TRUNCATE;" CHANGE,
	    KILLED, NOTHING, SUM_NEW, NULL },

	/* Committed, and the file was still to be cut. */
	{ "uncut", TABLE SHRINK, "VACUUM", AT_UNLINK_JOURNAL_A, NOTHING,
	    SUM_NEW, NULL },

	/* Transactions over two databases; the other one is NAME2.db. */
	{ "super-there", TABLE, CHANGE, AT_UNLINK_SUPER, NOTHING, SUM_OLD,
	    NULL },
	{ "super-gone", TABLE, CHANGE, AT_UNLINK_SUPER_A, NOTHING, SUM_NEW,
	    NULL },
	{ "super-reused", TABLE, CHANGE, AT_UNLINK_SUPER, SUPER_REUSED,
	    SUM_OLD, NULL },
	{ "super-elsewhere", TABLE, CHANGE, AT_UNLINK_JOURNAL,
	    SUPER_ELSEWHERE, SUM_OLD, NULL },
	{ "super-nowhere", TABLE, CHANGE, AT_UNLINK_JOURNAL, SUPER_NOWHERE,
	    SUM_NEW, NULL },

	/* Logs. */
	{ "spilled", TABLE, WAL SPILL, KILLED, NOTHING, SUM_OLD, NULL },
	{ "spilled-noshm", TABLE, WAL SPILL, KILLED, NO_SHM, SUM_OLD, NULL },
	{ "spilled-live", TABLE, WAL SPILL, STAYS, NOTHING, SUM_OLD, NULL },
	{ "unindexed", TABLE, WAL CHANGE, AT_COMMIT_FRAME_A, NOTHING, SUM_OLD,
	    WAL CHANGE "UPDATE t SET v = 1" },
	{ "unindexed-first", TABLE, WAL CHANGE, AT_COMMIT_FRAME_A, NOTHING,
	    SUM_OLD, WAL "SELECT count(*) FROM t" },
	{ "unindexed-alone", TABLE, WAL CHANGE, AT_COMMIT_FRAME_A, NOTHING,
	    SUM_NEW, NULL },
	{ "unindexed-noshm", TABLE, WAL CHANGE, AT_COMMIT_FRAME_A, NO_SHM,
	    SUM_NEW, NULL },
	{ "shrunk", WAL TABLE, WAL SHRUNK "VACUUM", KILLED, NOTHING, SUM_NEW,
	    NULL },
	{ "shrunk-noshm", WAL TABLE, WAL SHRUNK "VACUUM", KILLED, NO_SHM,
	    SUM_NEW, NULL },
	{ "shrunk-live", WAL TABLE, WAL SHRUNK "VACUUM", STAYS, NOTHING,
	    SUM_NEW, NULL },
	{ "shrunk-checkpointed", WAL TABLE, WAL SHRUNK
	    "VACUUM; PRAGMA wal_checkpoint", STAYS, NOTHING, SUM_NEW, NULL },
	{ "live-mapped", TABLE, WAL "PRAGMA mmap_size=1000000;" CHANGE,
	    STAYS, NOTHING, SUM_NEW, NULL },
	{ "live-large", TABLE LARGE, LOGGED, STAYS, NOTHING, SUM_OLD, NULL },
	{ "dead-large", TABLE, WAL LARGE CHANGE, KILLED, NO_SHM, SUM_NEW,
	    NULL },
	{ "garbage-shm", TABLE, WAL CHANGE, KILLED, GARBAGE_SHM, SUM_NEW,
	    NULL },
	{ "short-shm", TABLE, WAL CHANGE, KILLED, SHORT_SHM, SUM_NEW, NULL },
	{ "older-shm", TABLE, WAL CHANGE, KILLED, OLDER_SHM, SUM_NEW, NULL },

	/* Formats. */
	{ "vacuum-full", "PRAGMA auto_vacuum=1;" TABLE, SHRINK, CLOSES,
	    NOTHING, SUM_NEW, NULL },
	{ "vacuum-full-dead", "PRAGMA auto_vacuum=1;" TABLE, WAL SHRUNK,
	    KILLED, NOTHING, SUM_NEW, NULL },
	{ "vacuum-full-live", "PRAGMA auto_vacuum=1;" TABLE, WAL SHRUNK,
	    STAYS, NOTHING, SUM_NEW, NULL },
	{ "vacuum-incremental", "PRAGMA auto_vacuum=2;" TABLE, SHRINK
	    "PRAGMA incremental_vacuum(3)", CLOSES, NOTHING, SUM_NEW, NULL },
	{ "vacuum-incremental-live", "PRAGMA auto_vacuum=2;" TABLE, WAL SHRUNK
	    "PRAGMA incremental_vacuum(3)", STAYS, NOTHING, SUM_NEW, NULL },
	{ "reserved", TABLE, CHANGE, CLOSES, NOTHING, SUM_NEW, NULL },
	{ "reserved-hot", TABLE, SPILL, KILLED, NOTHING, SUM_OLD, NULL },
	{ "reserved-dead", TABLE, LOGGED, KILLED, NO_SHM, SUM_OLD, NULL },
	{ "reserved-live", TABLE, LOGGED, STAYS, NOTHING, SUM_OLD, NULL },
	{ "trailing", NULL, TABLE, CLOSES, TAIL, SUM_OLD, NULL },
	{ "trailing-dead", TABLE, WAL CHANGE, KILLED, TAIL, SUM_NEW, NULL },
	{ "trailing-live", TABLE, WAL CHANGE, STAYS, TAIL, SUM_NEW, NULL },

	/* EXCLUSIVE locking mode: those that live, those that died. */
	{ "exclusive", TABLE, "PRAGMA locking_mode=EXCLUSIVE;" CHANGE, STAYS,
	    NOTHING, SUM_BUSY, NULL },
	{ "exclusive-wal", TABLE, "PRAGMA locking_mode=EXCLUSIVE;" WAL CHANGE,
	    STAYS, NOTHING, SUM_BUSY, NULL },
	{ "exclusive-wal-late", TABLE, WAL "SELECT count(*) FROM t;"
	    "PRAGMA locking_mode=EXCLUSIVE;" CHANGE, STAYS, NOTHING, SUM_BUSY,
	    NULL },
	{ "exclusive-dead", TABLE, "PRAGMA locking_mode=EXCLUSIVE;" CHANGE,
	    KILLED, NOTHING, SUM_NEW, NULL },
	{ "exclusive-dead-hot", TABLE, "PRAGMA locking_mode=EXCLUSIVE;" SPILL,
	    KILLED, NOTHING, SUM_OLD, NULL },
	{ "exclusive-dead-wal", TABLE, "PRAGMA locking_mode=EXCLUSIVE;"
	    WAL CHANGE, KILLED, NOTHING, SUM_NEW, NULL },
	{ "exclusive-dead-wal-spilled", TABLE, "PRAGMA locking_mode=EXCLUSIVE;"
	    WAL SPILL, KILLED, NOTHING, SUM_OLD, NULL },
	{ "exclusive-dead-wal-late", TABLE, WAL "SELECT count(*) FROM t;"
	    "PRAGMA locking_mode=EXCLUSIVE;" CHANGE, KILLED, NOTHING, SUM_NEW,
	    NULL },
	{ "exclusive-dead-older-shm", TABLE, "PRAGMA locking_mode=EXCLUSIVE;"
	    WAL CHANGE, KILLED, OLDER_SHM, SUM_NEW, NULL },
};

static const char *dir, *others;
static enum end end_of;		/* in the process that is to be killed */
static int (*real_unlink)(const char *);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);

static void
path_of(char *path, const char *name, const char *suffix)
{
	if (snprintf(path, PATH_BYTES, "%s/%s.db%s", dir, name, suffix) >=
	    PATH_BYTES)
		errx(1, "%s: too long a path", dir);
}

static void
die(void)
{
	(void)raise(SIGKILL);
	abort();
}

/* A super-journal is called DB-mjNNNNNNNNN. */
static int
fatal_unlink(const char *path)
{
	bool super = strstr(path, "-mj") != NULL;
	bool journal = !super && strstr(path, ".db-journal") != NULL;
	int ret;

	if ((super && end_of == AT_UNLINK_SUPER) ||
	    (journal && end_of == AT_UNLINK_JOURNAL))
		die();
	ret = real_unlink(path);
	if ((super && end_of == AT_UNLINK_SUPER_A) ||
	    (journal && end_of == AT_UNLINK_JOURNAL_A))
		die();
	return (ret);
}

/* The header of a frame that commits has a size; its page comes next. */
static ssize_t
fatal_pwrite(int fd, const void *p, size_t n, off_t off)
{
	static const uint8_t none[4];
	static bool commits;
	ssize_t ret;

	ret = real_pwrite(fd, p, n, off);
	if (commits)
		die();
	commits = n == FRAME_HEADER &&
	    memcmp((const uint8_t *)p + 4, none, sizeof(none)) != 0;
	return (ret);
}

static void
arm(enum end end)
{
	static const char *const pwrites[] = { "pwrite64", "pwrite" };
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
	sqlite3_syscall_ptr was;
	size_t i;

	end_of = end;
	if (end != AT_COMMIT_FRAME_A) {
		was = vfs->xGetSystemCall(vfs, "unlink");
		real_unlink = (int (*)(const char *))was;
		(void)vfs->xSetSystemCall(vfs, "unlink",
		    (sqlite3_syscall_ptr)fatal_unlink);
		return;
	}
	for (i = 0; i < 2; i++) {
		if ((was = vfs->xGetSystemCall(vfs, pwrites[i])) == NULL)
			continue;
		real_pwrite = (ssize_t (*)(int, const void *, size_t,
		    off_t))was;
		(void)vfs->xSetSystemCall(vfs, pwrites[i],
		    (sqlite3_syscall_ptr)fatal_pwrite);
		return;
	}
	errx(1, "this SQLite has no pwrite");
}

static void
run(sqlite3 *db, const char *sql)
{
	char *why = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		errx(1, "%s: %s: %s", sqlite3_db_filename(db, "main"), sql,
		    why);
}

static sqlite3 *
open_db(const char *path)
{
	int reserved = RESERVED;
	sqlite3 *db;

	if (sqlite3_open(path, &db) != SQLITE_OK)
		errx(1, "%s: %s", path, sqlite3_errmsg(db));
	if (strstr(path, "/reserved") != NULL)
		(void)sqlite3_file_control(db, "main",
		    SQLITE_FCNTL_RESERVE_BYTES, &reserved);
	return (db);
}

/* The same statements for both databases, in one transaction. */
static void
run_twice(sqlite3 *db, const char *path, const char *sql)
{
	char *text;

	text = sqlite3_mprintf("ATTACH '%.*q2.db' AS two; BEGIN; %s; "
	    "UPDATE two.t SET v = 2; COMMIT", (int)strlen(path) - 3, path,
	    sql);
	run(db, text);
	sqlite3_free(text);
}

static bool
has_super(enum end end)
{
	return (end == AT_UNLINK_SUPER || end == AT_UNLINK_SUPER_A);
}

/* Run it in a process that ends in that way. */
static void
process(const char *path, const char *sql, enum end end)
{
	int ready[2], status;
	char byte = 'x';
	sqlite3 *db;
	pid_t pid;

	if (pipe(ready) == -1 || (pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		db = open_db(path);
		if (end == CLOSES)
			run(db, "PRAGMA synchronous=OFF");
		if (end > STAYS)
			arm(end);
		if (has_super(end))
			run_twice(db, path, sql);
		else
			run(db, sql);
		if (end == CLOSES)
			_exit(sqlite3_close(db) == SQLITE_OK ? 0 : 1);
		if (end > STAYS)
			errx(1, "%s: \"%s\" did not come to where it is "
			    "killed", path, sql);
		if (write(ready[1], &byte, 1) != 1)
			err(1, "write");
		for (;;)
			(void)pause();
	}
	(void)close(ready[1]);
	if ((end == KILLED || end == STAYS) && read(ready[0], &byte, 1) != 1)
		errx(1, "%s cannot be made", path);
	(void)close(ready[0]);
	if (end == STAYS)
		return;
	if (end == KILLED)
		(void)kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid || (end == CLOSES ?
	    status != 0 : !WIFSIGNALED(status)))
		errx(1, "%s: it did not end as it was to", path);
}

static void
save(const char *path, const void *p, size_t n, int flags)
{
	int fd;

	if ((fd = open(path, O_WRONLY | O_CREAT | flags, 0644)) == -1 ||
	    write(fd, p, n) != (ssize_t)n || close(fd) == -1)
		err(1, "%s", path);
}

/* The record that names the super-journal, as pager.c appends it. */
static void
name_super(const char *journal, const char *name)
{
	static const uint8_t magic[8] = { 0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1,
	    0x63, 0xd7 };
	uint32_t word[3] = { 1 + 0x40000000 / 4096, (uint32_t)strlen(name),
	    0 };
	uint8_t b[PATH_BYTES], be[3][4];
	size_t i, n;
	int c;

	for (i = 0; i < word[1]; i++) {
		c = name[i];
		word[2] += (uint32_t)c;
	}
	for (i = 0; i < 12; i++)
		be[i / 4][i % 4] = (uint8_t)(word[i / 4] >> (24 - i % 4 * 8));
	memcpy(b, be[0], 4);
	memcpy(b + 4, name, word[1]);
	n = 4 + word[1];
	memcpy(b + n, be[1], 8);
	memcpy(b + n + 8, magic, sizeof(magic));
	save(journal, b, n + 16, O_APPEND);
}

/* Its super-journal is gone, and somebody has put a file of that name there. */
static void
reuse_super(const char *path)
{
	char cmd[2 * PATH_BYTES];

	(void)snprintf(cmd, sizeof(cmd), "for f in '%s'-mj*; do [ -f \"$f\" ] "
	    "&& echo 'not yours' >\"$f\" || exit 1; done", path);
	if (system(cmd) != 0)	/* NOLINT(cert-env33-c): a test's own */
		errx(1, "%s: no super-journal", path);
}

static void
do_deed(const struct state *s, const char *path)
{
	char file[PATH_BYTES], name[PATH_BYTES];
	char junk[32768];
	struct stat st;

	path_of(file, s->name, s->deed >= SUPER_ELSEWHERE ? "-journal" :
	    "-shm");
	memset(junk, 0x5a, sizeof(junk));
	(void)snprintf(name, sizeof(name), "%s/%s", others, s->name);
	switch (s->deed) {
	case NOTHING:
	case OLDER_SHM:
		break;
	case NO_SHM:
		if (unlink(file) == -1)
			err(1, "%s", file);
		break;
	case GARBAGE_SHM:
		save(file, junk, sizeof(junk), O_TRUNC);
		break;
	case SHORT_SHM:
		save(file, junk, 5, O_TRUNC);
		break;
	case TAIL:
		if (stat(path, &st) == -1)
			err(1, "%s", path);
		save(path, junk, TRAILING, O_APPEND);
		break;
	case SUPER_REUSED:
		reuse_super(path);
		break;
	case SUPER_ELSEWHERE:
		save(name, "not yours\n", 10, O_TRUNC);
		/* FALLTHROUGH */
	case SUPER_NOWHERE:
		name_super(file, name);
		break;
	}
}

/* Leave the -shm of a log with other salts, from before, at NAME-shm. */
static void
older_shm(const struct state *s, const char *path, bool begin)
{
	char shm[PATH_BYTES], kept[PATH_BYTES];

	path_of(shm, s->name, "-shm");
	path_of(kept, s->name, "-kept");
	if (begin) {
		process(path, WAL "UPDATE t SET v = 7", KILLED);
		if (link(shm, kept) == -1 || unlink(shm) == -1)
			err(1, "%s", shm);
		process(path, "PRAGMA wal_checkpoint(TRUNCATE);"
		    "PRAGMA journal_mode=DELETE; UPDATE t SET v = 1", CLOSES);
	} else if (rename(kept, shm) == -1)
		err(1, "%s", shm);
}

static void
make(const struct state *s, const char *name, int page_size)
{
	char path[PATH_BYTES], two[PATH_BYTES], sql[SQL_BYTES];

	path_of(path, name, "");
	path_of(two, name, "2");
	(void)snprintf(two, sizeof(two), "%s/%s2.db", dir, name);
	(void)snprintf(sql, sizeof(sql), "PRAGMA page_size=%d;%s", page_size,
	    s->before != NULL ? s->before : s->last);
	if (s->before != NULL) {
		process(path, sql, CLOSES);
		if (has_super(s->end))
			process(two, sql, CLOSES);
	}
	if (s->deed == OLDER_SHM)
		older_shm(s, path, true);
	if (s->other != NULL)
		process(path, s->other, STAYS);
	process(path, s->before != NULL ? s->last : sql, s->end);
	if (s->deed == OLDER_SHM)
		older_shm(s, path, false);
	do_deed(s, path);
	if (s->sum == SUM_BUSY)
		printf("%s busy\n", name);
	else
		printf("%s %d\n", name, s->sum);
	if (has_super(s->end))
		printf("%s2 %d\n", name, s->sum);
	(void)fflush(stdout);
}

#define LENGTH(a)	(sizeof(a) / sizeof((a)[0]))

int
main(int argc, char **argv)
{
	char name[100];
	struct state s;
	size_t i, k;

	if (argc != 3)
		errx(2, "usage: oddity DIR OTHERS");
	dir = argv[1];
	others = argv[2];
	(void)umask(022);
	for (i = 0; i < LENGTH(sized); i++)
		for (k = 0; k < LENGTH(page_sizes); k++) {
			s = sized[i];
			(void)snprintf(name, sizeof(name), "%s-%d", s.name,
			    page_sizes[k]);
			s.name = name;
			make(&s, name, page_sizes[k]);
		}
	for (i = 0; i < LENGTH(states); i++)
		make(&states[i], states[i].name, 4096);
	printf("ready\n");
	(void)fflush(stdout);
	for (;;)
		(void)pause();
}
