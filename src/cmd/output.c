#include "cmd/output.h"

#include <errno.h>
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

static bool gave_up;

/* Wait until it can be written to; false: no more. */
static bool
await_reader(void)
{
	struct pollfd pfd = { .fd = STDOUT_FILENO, .events = POLLOUT };
	int64_t began_ms = 0;

	while (!gave_up && poll(&pfd, 1, LOOK_MS) < 1) {
		if (signals_stops() == 0)
			continue;
		if (began_ms == 0)
			began_ms = clock_mono_ms();
		gave_up = clock_mono_ms() - began_ms >= OUTPUT_STOP_MS;
	}
	return (!gave_up);
}

/* As fopencookie(3) has it. */
static ssize_t
put(void *cookie, const char *p, size_t n)
{
	size_t done = 0;
	ssize_t w;

	(void)cookie;
	while (done < n) {
		if (!await_reader()) {
			errno = EAGAIN;
			break;
		}
		/* A pipe that poll(2) says is ready takes so much at once. */
		w = write(STDOUT_FILENO, p + done,
		    n - done < PIPE_BUF ? n - done : PIPE_BUF);
		if (w == -1 && errno != EINTR && errno != EAGAIN)
			break;
		if (w > 0)
			done += (size_t)w;
	}
	return ((ssize_t)done);
}

void
output_begin(void)
{
	cookie_io_functions_t io = { .write = put };
	struct stat st;
	FILE *f;

	/* A file never waits for anybody. */
	if (fstat(STDOUT_FILENO, &st) == -1 || S_ISREG(st.st_mode) ||
	    (f = fopencookie(NULL, "w", io)) == NULL)
		return;
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
