/*
 * backupref -- the reference for a first backup: one thread that for each
 * database takes SQLite's SHARED lock (by fcntl(2), as SQLite's unix VFS does,
 * which is faster than through SQLite), reads the file, unlocks it, makes an
 * LZ4 frame of it, writes that to DEST/.tmp, makes the directories of
 * DEST/<path>/ and renames it there.  Ends with syncfs(2).  No state, no
 * trailer, no hash; of a WAL nothing is read.
 *
 * usage: backupref LIST [DEST]	(LIST: a file of absolute paths, one a line;
 *	without DEST nothing is written: a locked read and LZ4, no more)
 * prints: DATABASES MILLISECONDS
 */
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <lz4frame.h>

enum {
	/* SQLite's unix VFS: where its locks lie. */
	PENDING_BYTE = 0x40000000,
	SHARED_FIRST = PENDING_BYTE + 2,
	SHARED_SIZE = 510
};

struct bytes {
	char *p;
	size_t n, cap;
};

static struct bytes in, out;
static LZ4F_cctx *cctx;

static void
room(struct bytes *b, size_t n)
{
	if (n <= b->cap)
		return;
	if ((b->p = realloc(b->p, n)) == NULL)
		err(1, "realloc");
	b->cap = n;
}

static void
lock(int fd, short type, off_t start, off_t len, const char *path)
{
	struct flock fl = { .l_type = type, .l_whence = SEEK_SET,
	    .l_start = start, .l_len = len };

	if (fcntl(fd, F_SETLK, &fl) == -1)
		err(1, "lock %s", path);
}

static void
read_db(const char *path)
{
	struct stat st;
	ssize_t n;
	int fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		err(1, "open %s", path);
	lock(fd, F_RDLCK, PENDING_BYTE, 1, path);
	lock(fd, F_RDLCK, SHARED_FIRST, SHARED_SIZE, path);
	lock(fd, F_UNLCK, PENDING_BYTE, 1, path);
	if (fstat(fd, &st) == -1)
		err(1, "stat %s", path);
	room(&in, (size_t)st.st_size + 1);
	for (in.n = 0; in.n < (size_t)st.st_size; in.n += (size_t)n) {
		n = read(fd, in.p + in.n, (size_t)st.st_size - in.n);
		if (n <= 0)
			err(1, "read %s", path);
	}
	lock(fd, F_UNLCK, SHARED_FIRST, SHARED_SIZE, path);
	(void)close(fd);
}

static size_t
good(size_t n)
{
	if (LZ4F_isError(n))
		errx(1, "lz4: %s", LZ4F_getErrorName(n));
	return (n);
}

static void
compress(void)
{
	LZ4F_preferences_t prefs = LZ4F_INIT_PREFERENCES;

	prefs.frameInfo.blockMode = LZ4F_blockIndependent;
	prefs.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
	prefs.frameInfo.contentSize = in.n;
	room(&out, LZ4F_HEADER_SIZE_MAX + LZ4F_compressBound(in.n, &prefs));
	out.n = good(LZ4F_compressBegin(cctx, out.p, out.cap, &prefs));
	out.n += good(LZ4F_compressUpdate(cctx, out.p + out.n,
	    out.cap - out.n, in.p, in.n, NULL));
	out.n += good(LZ4F_compressEnd(cctx, out.p + out.n, out.cap - out.n,
	    NULL));
}

static void
write_tmp(int dest, const char *tmp)
{
	int fd;

	fd = openat(dest, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1 || write(fd, out.p, out.n) != (ssize_t)out.n)
		err(1, "write %s", tmp);
	(void)close(fd);
}

/* Make "path" below dest; its parents only if they are missing. */
static void
make_dirs(int dest, char *path)
{
	char *slash;

	if (mkdirat(dest, path, 0700) == 0 || errno == EEXIST)
		return;
	if (errno != ENOENT || (slash = strrchr(path, '/')) == NULL)
		err(1, "mkdir %s", path);
	*slash = '\0';
	make_dirs(dest, path);
	*slash = '/';
	if (mkdirat(dest, path, 0700) == -1 && errno != EEXIST)
		err(1, "mkdir %s", path);
}

/* What has been read and compressed goes to DEST. */
static void
store(int dest, const char *path)
{
	static unsigned long number;
	char tmp[64], dir[PATH_MAX], final[PATH_MAX + 64], when[32];
	time_t now = time(NULL);
	struct tm tm;

	(void)snprintf(tmp, sizeof(tmp), ".tmp/%lu", number++);
	write_tmp(dest, tmp);
	(void)snprintf(dir, sizeof(dir), "%s", path + 1);
	make_dirs(dest, dir);
	(void)strftime(when, sizeof(when), "%Y%m%dT%H%M%S", gmtime_r(&now,
	    &tm));
	(void)snprintf(final, sizeof(final), "%s/%s.000Z.db.lz4", dir, when);
	if (renameat(dest, tmp, dest, final) == -1)
		err(1, "rename to %s", final);
}

static double
now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6);
}

int
main(int argc, char **argv)
{
	unsigned long count = 0;
	char *line = NULL;
	size_t cap = 0;
	double began;
	ssize_t n;
	FILE *list;
	int dest = -1;

	if (argc != 2 && argc != 3)
		errx(2, "usage: backupref LIST [DEST]");
	began = now_ms();
	if ((list = fopen(argv[1], "r")) == NULL)
		err(1, "%s", argv[1]);
	if (argc == 3 && (mkdir(argv[2], 0700) == -1 ||
	    (dest = open(argv[2], O_RDONLY | O_DIRECTORY)) == -1 ||
	    mkdirat(dest, ".tmp", 0700) == -1))
		err(1, "%s", argv[2]);
	(void)good(LZ4F_createCompressionContext(&cctx, LZ4F_VERSION));
	while ((n = getline(&line, &cap, list)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		if (line[0] != '/')
			errx(1, "%s: not an absolute path", line);
		read_db(line);
		compress();
		if (dest != -1)
			store(dest, line);
		count++;
	}
	if (dest != -1 && syncfs(dest) == -1)
		err(1, "syncfs");
	printf("%lu %.1f\n", count, now_ms() - began);
	(void)LZ4F_freeCompressionContext(cctx);
	(void)fclose(list);
	if (dest != -1)
		(void)close(dest);
	free(line);
	free(in.p);
	free(out.p);
	return (0);
}
