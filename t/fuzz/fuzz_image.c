/*
 * fuzz_image -- a database with a log or a journal that a dead writer left,
 * of any bytes: whatever is taken of them as its committed state is what
 * SQLite itself makes of a copy of both, to the byte, and is no larger than
 * what was there.
 *
 * Input: a byte of flags, u16 how many of the next bytes are the database (0:
 * a sound one), those, the log or journal; with WITH_INDEX, its last 100 bytes
 * are the beginning of a -shm.
 */
#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/bytes.h"
#include "base/io.h"
#include "db/guard.h"
#include "db/image.h"
#include "fuzz/driver.h"
#include "unit/waltext.h"

enum {
	IS_JOURNAL = 1,
	MEND = 2,		/* a log's salts and checksums */
	IN_FILE = 4,		/* the image, not in memory */
	WITH_INDEX = 8,		/* of a log */

	INDEX_BYTES = 100,

	/* Of what SQLite takes a log's word for (walCheckpoint()). */
	SLACK_BYTES = 65536
};

static char dir[64];
static char db[96], companion[128], twin[96], twin_companion[128];
static struct buf sound;
static struct image_reader *readers[2];

/* Nobody else is at the database: what does not hold still never will. */
int
nanosleep(const struct timespec *t, struct timespec *left)
{
	(void)t;
	(void)left;
	return (0);
}

static void
cleanup(void)
{
	struct err e;

	image_free(readers[0]);
	image_free(readers[1]);
	buf_fini(&sound);
	(void)io_remove_tree(AT_FDCWD, dir, &e);
}

static void
run(const char *path, const char *sql)
{
	sqlite3 *s;

	must(sqlite3_open(path, &s) == SQLITE_OK);
	must(sqlite3_exec(s, sql, NULL, NULL, NULL) == SQLITE_OK);
	must(sqlite3_close(s) == SQLITE_OK);
}

static void
start(void)
{
	struct image_cfg cfg = { .spool = dir, .mem_bytes = 1 << 20 };
	struct err e;

	(void)snprintf(dir, sizeof(dir), "%s/fuzz_image.XXXXXX",
	    fuzz_scratch());
	must(mkdtemp(dir) != NULL);
	(void)snprintf(db, sizeof(db), "%s/db", dir);
	(void)snprintf(twin, sizeof(twin), "%s/twin", dir);
	run(db, "PRAGMA page_size = 512; PRAGMA journal_mode = WAL;"
	    "CREATE TABLE t(a, b); INSERT INTO t VALUES(1, 'one');"
	    "CREATE TABLE u(c); INSERT INTO u VALUES(randomblob(900));");
	must(io_read_file(AT_FDCWD, db, 1 << 20, &sound, &e) == 0);
	readers[0] = image_new(&cfg, &e);
	cfg.mem_bytes = 0;
	readers[1] = image_new(&cfg, &e);
	must(readers[0] != NULL && readers[1] != NULL);
	(void)atexit(cleanup);
}

static void
save(const char *path, const void *p, size_t n)
{
	struct err e;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	must(fd != -1 && io_write(fd, p, n, path, &e) == 0);
	(void)close(fd);
}

/* What SQLite makes of the twin; false if it would not have it at all. */
static bool
ask_sqlite(struct buf *out)
{
	sqlite3 *s = NULL;
	struct err e;
	bool ok;

	ok = sqlite3_open(twin, &s) == SQLITE_OK &&
	    sqlite3_exec(s, "PRAGMA synchronous = OFF;"
	    "SELECT count(*) FROM sqlite_schema;"
	    "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL) == SQLITE_OK;
	(void)sqlite3_close(s);
	if (ok)
		must(io_read_file(AT_FDCWD, twin, 16 << 20, out, &e) == 0);
	return (ok);
}

static void
compare(const struct image *img, size_t nthere)
{
	struct buf theirs = { 0 }, ours = { 0 };
	struct err e;
	bool before;

	must(img->size <= nthere + SLACK_BYTES);
	before = guard_exempt(true);
	if (ask_sqlite(&theirs)) {
		must(theirs.len == img->size);
		must(image_read(img, 0, buf_room(&ours, img->size), img->size,
		    &e) == 0);
		must(img->size == 0 || memcmp(ours.data, theirs.data,
		    img->size) == 0);
	}
	(void)guard_exempt(before);
	buf_fini(&theirs);
	buf_fini(&ours);
}

static void
lay_out(const uint8_t *p, size_t ndb, const uint8_t *rest, size_t nrest,
    const char *suffix)
{
	(void)snprintf(companion, sizeof(companion), "%s-%s", db, suffix);
	(void)snprintf(twin_companion, sizeof(twin_companion), "%s-%s", twin,
	    suffix);
	save(db, p, ndb);
	save(twin, p, ndb);
	save(companion, rest, nrest);
	save(twin_companion, rest, nrest);
}

/* What nobody holds open is nothing to SQLite: the twin has none. */
static size_t
lay_index(const uint8_t *rest, size_t nrest)
{
	static uint8_t shm[32768];
	char path[128];

	if (nrest < INDEX_BYTES)
		return (nrest);
	nrest -= INDEX_BYTES;
	memcpy(shm, rest + nrest, INDEX_BYTES);
	(void)snprintf(path, sizeof(path), "%s-shm", db);
	save(path, shm, sizeof(shm));
	return (nrest);
}

static void
clear(void)
{
	static const char *const suffixes[] = { "wal", "shm", "journal" };
	char path[128];
	size_t i;

	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s-%s", db, suffixes[i]);
		(void)unlink(path);
		(void)snprintf(path, sizeof(path), "%s-%s", twin, suffixes[i]);
		(void)unlink(path);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *p;
	uint8_t *rest;
	size_t ndb, nrest;
	struct image img;
	struct err e = { .cls = ERR_NONE };
	int ret;

	if (dir[0] == '\0')
		start();
	if (size < 3 || (ndb = le16_get(data + 1)) > size - 3)
		return (0);
	nrest = size - 3 - ndb;
	rest = malloc(nrest + 1);
	must(rest != NULL);
	memcpy(rest, data + 3 + ndb, nrest);
	p = ndb > 0 ? data + 3 : sound.data;
	if (ndb == 0)
		ndb = sound.len;
	if ((data[0] & (IS_JOURNAL | WITH_INDEX)) == WITH_INDEX)
		nrest = lay_index(rest, nrest);
	if ((data[0] & (IS_JOURNAL | MEND)) == MEND)
		sign_log(rest, nrest);
	lay_out(p, ndb, rest, nrest,
	    (data[0] & IS_JOURNAL) != 0 ? "journal" : "wal");
	ret = image_take(readers[(data[0] & IN_FILE) != 0], db, &img, &e);
	must((ret == -1) == (e.cls != ERR_NONE));
	if (ret == 0)
		compare(&img, ndb + nrest);
	clear();
	free(rest);
	return (0);
}
