/*
 * cutter -- a tenant who cuts its own -shm off while others have it mapped:
 *
 *     cutter DATABASE...
 *
 * Each has a -wal and a -shm, and nobody has it open.  Until SIGTERM they seem
 * to be in use, by a writer that is at it and has left the two headers of the
 * -shm different, so that SQLite tries and tries; and some time after one is
 * opened it is cut to nothing, and put right again a little later.  Prints
 * "armed" when all are.
 */
#include <sys/inotify.h>

#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	WRITER_BYTE = 120,	/* SQLite's locks in a -shm */
	ATTACHED_BYTE = 128,
	FIRST_HEADER = 8,	/* a byte of it */
	SHM_BYTES = 32768,
	CUT_AFTER_US = 2000,
	MEND_AFTER_US = 1000
};

struct victim {
	int fd;
	int watch;
	char shm[SHM_BYTES];
};

static void
lock(int fd, short type, off_t byte)
{
	struct flock fl = { .l_type = type, .l_whence = SEEK_SET,
	    .l_start = byte, .l_len = 1 };

	if (fcntl(fd, F_SETLK, &fl) == -1)
		err(1, "lock byte %d", (int)byte);
}

static void
put(const struct victim *v)
{
	if (pwrite(v->fd, v->shm, sizeof(v->shm), 0) !=
	    (ssize_t)sizeof(v->shm))
		err(1, "write a -shm");
}

static void
arm(struct victim *v, int in, const char *db)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s-shm", db);
	if ((v->fd = open(path, O_RDWR)) == -1)
		err(1, "%s", path);
	if (pread(v->fd, v->shm, sizeof(v->shm), 0) !=
	    (ssize_t)sizeof(v->shm))
		errx(1, "%s: too short", path);
	v->shm[FIRST_HEADER] ^= 0x7f;
	lock(v->fd, F_WRLCK, WRITER_BYTE);
	lock(v->fd, F_RDLCK, ATTACHED_BYTE);
	put(v);
	if ((v->watch = inotify_add_watch(in, path, IN_OPEN)) == -1)
		err(1, "watch %s", path);
}

static void
cut(const struct victim *v)
{
	(void)usleep(CUT_AFTER_US);
	if (ftruncate(v->fd, 0) == -1)
		err(1, "cut a -shm off");
	(void)usleep(MEND_AFTER_US);
	put(v);
}

int
main(int argc, char **argv)
{
	static _Alignas(struct inotify_event) char events[65536];
	const struct inotify_event *ev;
	struct victim *v;
	int i, in, n = argc - 1;
	ssize_t len, at;

	if (n < 1)
		errx(2, "usage: cutter DATABASE...");
	if ((v = calloc((size_t)n, sizeof(*v))) == NULL ||
	    (in = inotify_init()) == -1)
		err(1, "begin");
	for (i = 0; i < n; i++)
		arm(&v[i], in, argv[i + 1]);
	puts("armed");
	(void)fflush(stdout);
	while ((len = read(in, events, sizeof(events))) > 0)
		for (at = 0; at < len; at += (ssize_t)(sizeof(*ev) + ev->len)) {
			ev = (const void *)(events + at);
			for (i = 0; i < n; i++)
				if (v[i].watch == ev->wd)
					cut(&v[i]);
		}
	err(1, "read events");
}
