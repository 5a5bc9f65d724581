/*
 * inspect -- are the backups of tenant's databases what they have to be?
 *
 *     inspect LOG SEEN SAID DIR
 *         Look at every object below DIR (.../dNNN.db/TIMESTAMP.db.lz4) and
 *         remove it if it is good.  Good: one LZ4 frame and the trailer's,
 *         nothing else; the page size times the page count of its header is
 *         its length (a tail of whole pages is counted: SQLite leaves one if
 *         it is killed after the end of the journal, before the file is cut);
 *         integrity_check; both invariants; a counter that is not
 *         less than in LOG, a copy of tenant's made before the backup began.
 *         Then: each database that SAID, what the backup said, does not name
 *         must by now have been stored with a counter of LOG at least; SEEN
 *         keeps between calls the last that was.
 *     inspect LOG DIR
 *         The same of the databases DIR/dNNN.db themselves, at rest.
 *
 * LZ4 and SQLite are asked, none of litefleet's code.  Prints what is wrong,
 * and last "images=N bad=N tails=N"; status 1 if anything is.
 */
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lz4frame.h>
#include <sqlite3.h>

enum {
	/* SQLite file format, section 1.3. */
	HEADER_BYTES = 100,
	OFF_PAGE_SIZE = 16,
	OFF_WRITE_VERSION = 18,
	OFF_READ_VERSION = 19,
	OFF_PAGES = 28
};

static const uint8_t trailer_magic[4] = { 0x5f, 0x2a, 0x4d, 0x18 };

static unsigned long tails;

struct bytes {
	uint8_t *p;
	size_t n;
};

static bool
read_file(const char *path, struct bytes *b)
{
	struct stat st;
	ssize_t n;
	int fd;

	b->p = NULL;
	if ((fd = open(path, O_RDONLY)) == -1 || fstat(fd, &st) == -1)
		err(1, "%s", path);
	b->n = (size_t)st.st_size;
	if ((b->p = malloc(b->n + 1)) == NULL)
		err(1, "malloc");
	n = read(fd, b->p, b->n);
	(void)close(fd);
	return (n == st.st_size);
}

static uint32_t
be32(const uint8_t *p)
{
	return ((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3]);
}

/* The image in an object; NULL, or why there is none. */
static const char *
decode(const struct bytes *obj, struct bytes *img)
{
	LZ4F_dctx *ctx;
	LZ4F_frameInfo_t info;
	const char *why = NULL;
	size_t in, off, out, rc, rest;

	img->p = NULL;
	if (LZ4F_isError(LZ4F_createDecompressionContext(&ctx, LZ4F_VERSION)))
		errx(1, "LZ4F_createDecompressionContext");
	off = obj->n;
	rc = LZ4F_getFrameInfo(ctx, &info, obj->p, &off);
	if (LZ4F_isError(rc) || info.contentSize > 1U << 30) {
		why = "no frame, or without the size";
		goto out;
	}
	img->n = (size_t)info.contentSize;
	if ((img->p = malloc(img->n + 1)) == NULL)
		err(1, "malloc");
	out = 0;
	do {
		size_t dst = img->n + 1 - out;

		in = obj->n - off;
		rc = LZ4F_decompress(ctx, img->p + out, &dst, obj->p + off,
		    &in, NULL);
		if (LZ4F_isError(rc) || (rc != 0 && in == 0 && dst == 0)) {
			why = "the frame is damaged";
			goto out;
		}
		off += in;
		out += dst;
	} while (rc != 0);
	rest = obj->n - off;
	if (out != img->n)
		why = "the size in the frame is wrong";
	else if (rest < 8 || memcmp(obj->p + off, trailer_magic, 4) != 0 ||
	    rest - 8 != ((size_t)obj->p[off + 4] |
	    (size_t)obj->p[off + 5] << 8 | (size_t)obj->p[off + 6] << 16 |
	    (size_t)obj->p[off + 7] << 24))
		why = "no trailer, or more behind it";
out:
	(void)LZ4F_freeDecompressionContext(ctx);
	return (why);
}

/* The first column of the first row; false if there is none. */
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

/* NULL and the counter, or what is wrong with an open database. */
static const char *
examine(sqlite3 *db, uint64_t *counter)
{
	static char why[600];
	char got[512];

	if (!ask(db, "PRAGMA integrity_check", got, sizeof(got)))
		(void)snprintf(why, sizeof(why), "%s", sqlite3_errmsg(db));
	else if (strcmp(got, "ok") != 0)
		(void)snprintf(why, sizeof(why), "integrity_check: %s", got);
	else if (!ask(db, "SELECT (SELECT sum(v - 100) FROM a) + "
	    "(SELECT sum(v - 100) FROM b)", got, sizeof(got)))
		(void)snprintf(why, sizeof(why), "%s", sqlite3_errmsg(db));
	else if (strcmp(got, "0") != 0)
		(void)snprintf(why, sizeof(why), "the sum is wrong by %s",
		    got);
	else if (!ask(db, "SELECT n - (SELECT count(*) FROM pad) FROM t "
	    "WHERE id = 2", got, sizeof(got)) || strcmp(got, "0") != 0)
		(void)snprintf(why, sizeof(why), "pad has another length");
	else if (!ask(db, "SELECT n FROM t WHERE id = 1", got, sizeof(got)))
		(void)snprintf(why, sizeof(why), "no counter");
	else {
		*counter = strtoull(got, NULL, 10);
		return (NULL);
	}
	return (why);
}

static const char *
check_image(struct bytes *img, uint64_t *counter)
{
	static char length[120];
	const char *why;
	sqlite3 *db;
	uint64_t size;

	if (img->n < HEADER_BYTES)
		return ("no header");
	size = (uint64_t)img->p[OFF_PAGE_SIZE] << 8 |
	    img->p[OFF_PAGE_SIZE + 1];
	if (size == 1)
		size = 65536;
	if (img->n > size * be32(img->p + OFF_PAGES) && img->n % size == 0)
		tails++;
	else if (img->n != size * be32(img->p + OFF_PAGES)) {
		(void)snprintf(length, sizeof(length), "%zu bytes, but %" PRIu32
		    " pages of %" PRIu64, img->n, be32(img->p + OFF_PAGES),
		    size);
		return (length);
	}
	/* A database in memory cannot be in WAL mode. */
	img->p[OFF_WRITE_VERSION] = img->p[OFF_READ_VERSION] = 1;
	if (sqlite3_open(":memory:", &db) != SQLITE_OK ||
	    sqlite3_deserialize(db, "main", img->p, (sqlite3_int64)img->n,
	    (sqlite3_int64)img->n, SQLITE_DESERIALIZE_READONLY) != SQLITE_OK)
		errx(1, "deserialize: %s", sqlite3_errmsg(db));
	why = examine(db, counter);
	(void)sqlite3_close(db);
	return (why);
}

static const char *
check_object(const char *path, uint64_t *counter)
{
	struct bytes obj, img = { NULL, 0 };
	const char *why;

	if (!read_file(path, &obj))
		err(1, "read %s", path);
	if ((why = decode(&obj, &img)) == NULL)
		why = check_image(&img, counter);
	free(img.p);
	free(obj.p);
	return (why);
}

static const char *
check_file(const char *path, uint64_t *counter)
{
	const char *why;
	sqlite3 *db;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) !=
	    SQLITE_OK)
		errx(1, "%s: %s", path, sqlite3_errmsg(db));
	(void)sqlite3_busy_timeout(db, 5000);
	why = examine(db, counter);
	(void)sqlite3_close(db);
	return (why);
}

/* Arrays of counters: LOG; SEEN, which may not be there yet. */
static uint64_t *
load(const char *path, size_t *n)
{
	struct bytes b;

	if (!read_file(path, &b))
		err(1, "read %s", path);
	*n = b.n / sizeof(uint64_t);
	return ((uint64_t *)(void *)b.p);
}

static void
save(const char *path, const uint64_t *p, size_t n)
{
	FILE *f;

	if ((f = fopen(path, "w")) == NULL ||
	    fwrite(p, sizeof(*p), n, f) != n || fclose(f) == EOF)
		err(1, "%s", path);
}

/* The number in "/dNNN.db" of a path, before its last component if object. */
static bool
number_of(const char *path, bool object, size_t *i)
{
	const char *end = path + strlen(path);
	const char *p;
	char *stop;

	if (object && (end = strrchr(path, '/')) == NULL)
		return (false);
	for (p = end; p > path && p[-1] != '/'; p--)
		;
	if (*p != 'd')
		return (false);
	*i = strtoul(p + 1, &stop, 10);
	return (stop != p + 1 && stop + 3 == end &&
	    strncmp(stop, ".db", 3) == 0);
}

static bool
ends(const char *s, const char *with)
{
	size_t n = strlen(s), m = strlen(with);

	return (n >= m && strcmp(s + n - m, with) == 0);
}

struct result {
	unsigned long images, bad;
};

static void
look_below(char *dir, const uint64_t *log, uint64_t *seen, size_t n,
    struct result *r)
{
	char *roots[] = { dir, NULL };
	const char *why;
	uint64_t counter;
	FTSENT *ent;
	size_t i;
	FTS *fts;

	if ((fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL)) == NULL)
		err(1, "%s", dir);
	while ((ent = fts_read(fts)) != NULL) {
		if (ent->fts_info != FTS_F ||
		    !ends(ent->fts_name, seen != NULL ? ".lz4" : ".db"))
			continue;
		if (!number_of(ent->fts_path, seen != NULL, &i) || i >= n)
			errx(1, "whose is %s?", ent->fts_path);
		counter = 0;
		r->images++;
		why = (seen != NULL ? check_object : check_file)(
		    ent->fts_path, &counter);
		if (why == NULL && counter < log[i])
			why = "it is too old";
		if (why != NULL) {
			r->bad++;
			printf("# bad: %s: %s (%" PRIu64 ", %" PRIu64
			    " was committed)\n", ent->fts_path, why, counter,
			    log[i]);
		} else if (seen != NULL) {
			seen[i] = counter;
			(void)unlink(ent->fts_path);
		}
	}
	(void)fts_close(fts);
}

/* What the backup did not complain of has to be there. */
static void
look_for_silence(const char *said, const uint64_t *log, const uint64_t *seen,
    size_t n, struct result *r)
{
	struct bytes b;
	char name[40];
	size_t i;

	if (!read_file(said, &b))
		err(1, "read %s", said);
	b.p[b.n] = '\0';
	for (i = 0; i < n; i++) {
		(void)snprintf(name, sizeof(name), "/d%zu.db", i);
		if (seen[i] >= log[i] || strstr((char *)b.p, name) != NULL)
			continue;
		r->bad++;
		printf("# bad: %s: %" PRIu64 " was committed, %" PRIu64
		    " stored, and nothing said\n", name + 1, log[i], seen[i]);
	}
	free(b.p);
}

int
main(int argc, char **argv)
{
	struct result r = { 0, 0 };
	uint64_t *log, *seen = NULL;
	size_t n, nseen;

	if (argc != 3 && argc != 5)
		errx(2, "usage: inspect LOG SEEN SAID DIR\n"
		    "       inspect LOG DIR");
	log = load(argv[1], &n);
	if (argc == 3)
		look_below(argv[2], log, NULL, n, &r);
	else {
		if (access(argv[2], F_OK) == 0) {
			seen = load(argv[2], &nseen);
			if (nseen != n)
				errx(2, "%s is another's", argv[2]);
		} else if ((seen = calloc(n, sizeof(*seen))) == NULL)
			err(1, "calloc");
		look_below(argv[4], log, seen, n, &r);
		look_for_silence(argv[3], log, seen, n, &r);
		save(argv[2], seen, n);
	}
	free(log);
	free(seen);
	printf("images=%lu bad=%lu tails=%lu\n", r.images, r.bad, tails);
	return (r.bad == 0 ? 0 : 1);
}
