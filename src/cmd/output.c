#include "cmd/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "proc/signals.h"

enum {
	LOOK_MS = 50		/* signals are looked for this often */
};

static int out = STDOUT_FILENO;
static bool gave_up;

/*
 * Wait until it can be written to; false: no more.  *idle_ms: since when
 * nothing is taken although we were told to stop, or 0.
 */
static bool
await_reader(int64_t *idle_ms)
{
	struct pollfd pfd = { .fd = out, .events = POLLOUT };
	int64_t now_ms;

	do {
		if (signals_stops() > 0 && !gave_up) {
			now_ms = clock_mono_ms();
			if (*idle_ms == 0)
				*idle_ms = now_ms;
			gave_up = now_ms - *idle_ms >= OUTPUT_STOP_MS;
		}
		if (gave_up)
			return (false);
	} while (poll(&pfd, 1, LOOK_MS) < 1);
	return (true);
}

/* As fopencookie(3) has it. */
static ssize_t
put(void *cookie, const char *p, size_t n)
{
	int64_t idle_ms = 0;
	size_t done = 0;
	ssize_t w;

	(void)cookie;
	while (done < n) {
		if (!await_reader(&idle_ms)) {
			errno = EAGAIN;
			break;
		}
		/* A pipe that poll(2) says is ready takes so much at once. */
		w = write(out, p + done,
		    n - done < PIPE_BUF ? n - done : PIPE_BUF);
		if (w == -1 && errno == EAGAIN) {
			/* A terminal may have room, and not for this. */
			(void)poll(NULL, 0, LOOK_MS);
			continue;
		}
		if (w == -1 && errno != EINTR)
			break;
		if (w > 0) {
			done += (size_t)w;
			idle_ms = 0;
		}
	}
	return ((ssize_t)done);
}

void
output_begin(void)
{
	cookie_io_functions_t io = { .write = put };
	struct stat st;
	FILE *f;
	int fd = -1;

	/* A file never waits for anybody. */
	if (fstat(STDOUT_FILENO, &st) == -1 || S_ISREG(st.st_mode) ||
	    (f = fopencookie(NULL, "w", io)) == NULL)
		return;
	/* A terminal is ready when it takes a byte, and write(2) waits for all:
	 * not where it is opened for us alone. */
	if (isatty(STDOUT_FILENO))
		fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY |
		    O_CLOEXEC);
	if (fd != -1)
		out = fd;
	(void)setvbuf(f, NULL, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF,
	    BUFSIZ);
	stdout = f;
}

void
output_follow_reader(void)
{
	struct pollfd pfd = { .fd = STDOUT_FILENO };

	/* errno may be that of an earlier write; poll(2) knows at any time. */
	if (fflush(stdout) == 0 && !ferror(stdout))
		return;
	if (poll(&pfd, 1, 0) != 1 || (pfd.revents & POLLERR) == 0)
		return;
	(void)signal(SIGPIPE, SIG_DFL);
	(void)raise(SIGPIPE);
}

int
output_end(int status)
{
	bool failed = ferror(stdout) != 0, flushed;

	errno = 0;
	flushed = fflush(stdout) == 0;
	if (flushed && !failed)
		return (status);
	if (failed && status > 1 && !gave_up)
		return (status);	/* the command gave up, and said why */
	log_error("write standard output: %s", gave_up ? "the rest was lost, "
	    "since its reader took nothing when a signal had come" :
	    !flushed ? strerror(errno) :
	    "some of it was lost (a full disk, or its reader has gone)");
	return (status < 2 ? 3 : status);
}
