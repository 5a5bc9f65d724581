#include "cmd/output.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

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
	if (failed && status > 1)
		return (status);	/* the command gave up, and said why */
	log_error("write standard output: %s", !flushed ? strerror(errno) :
	    "some of it was lost (a full disk, or its reader has gone)");
	return (status < 2 ? 3 : status);
}
