#include "state/lockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/mem.h"

enum {
	TEXT_MAX_BYTES = 1024,
	POLL_MS = 50
};

/* Copy the value of the line "word value" in what the holder wrote. */
static void
find_word(const char *text, const char *word, char *value, size_t size)
{
	char *line = mem_printf("\n%s ", word);
	const char *s = strstr(text, line);

	if (s != NULL && s[strlen(line)] != '\n') {
		s += strlen(line);
		(void)snprintf(value, size, "%.*s", (int)strcspn(s, "\n"), s);
	}
	free(line);
}

static void
say_busy(int fd, const char *path, struct err *e)
{
	char text[TEXT_MAX_BYTES + 2] = "\n";
	char pid[32] = "?", host[256] = "?", since[64] = "?";
	ssize_t n;

	n = pread(fd, text + 1, TEXT_MAX_BYTES, 0);
	text[n > 0 ? n + 1 : 1] = '\0';
	find_word(text, "pid", pid, sizeof(pid));
	find_word(text, "host", host, sizeof(host));
	find_word(text, "since", since, sizeof(since));
	err_set(e, ERR_BUSY, "the state %s is held by pid %s on host %s since "
	    "%s: wait for that run or stop it", path, pid, host, since);
}

/* Say who has it.  That may fail on a full disk; the lock holds without. */
static void
sign(int fd)
{
	char host[256] = "", stamp[CLOCK_STAMP_BYTES], text[TEXT_MAX_BYTES];
	struct err ignored;
	int n;

	if (gethostname(host, sizeof(host) - 1) == -1)
		host[0] = '\0';
	clock_stamp(clock_real_ms(), stamp);
	n = snprintf(text, sizeof(text), "pid %ld\nhost %s\nsince %s\n",
	    (long)getpid(), host, stamp);
	if (ftruncate(fd, 0) == 0)
		(void)io_pwrite(fd, text, (size_t)n, 0, "lock", &ignored);
}

/* Is what we locked still the one with that name?  Somebody may have removed
 * the state while we waited. */
static bool
still_there(int fd, const char *path)
{
	char *name = mem_printf("%s/lock", path);
	struct stat ours, there;
	bool same;

	same = fstat(fd, &ours) == 0 && stat(name, &there) == 0 &&
	    ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
	free(name);
	return (same);
}

static int
wait_for(int fd, const char *path, int64_t wait_ms, struct err *e)
{
	int64_t left, deadline = clock_mono_ms() + wait_ms;

	while (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK) {
			err_sys(e, ERR_STATE, "lock %s/lock", path);
			return (-1);
		}
		if ((left = deadline - clock_mono_ms()) <= 0) {
			say_busy(fd, path, e);
			return (-1);
		}
		clock_sleep_ms(left < POLL_MS ? left : POLL_MS);
	}
	return (0);
}

int
lockfile_take(int dirfd, const char *path, int64_t wait_ms, struct err *e)
{
	int fd, ret = -1;

	if ((fd = openat(dirfd, "lock", O_RDWR | O_CREAT | O_CLOEXEC |
	    O_NOFOLLOW, 0600)) == -1) {
		err_sys(e, ERR_STATE, "open %s/lock", path);
		goto out;
	}
	if (wait_for(fd, path, wait_ms, e) == -1)
		goto out;
	if (!still_there(fd, path)) {
		err_set(e, ERR_STATE, "the state %s was replaced while it was "
		    "opened: try again", path);
		goto out;
	}
	sign(fd);
	ret = 0;
out:
	if (ret == -1)
		io_close(&fd);
	return (fd);
}
