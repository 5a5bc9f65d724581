#include "base/term.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum {
	COLUMNS_UNKNOWN = 80,
	LINE_MAX_BYTES = 512
};

static bool is_open, shown;

bool
term_able(void)
{
	const char *type = getenv("TERM");

	return (type != NULL && *type != '\0' && strcmp(type, "dumb") != 0 &&
	    isatty(STDERR_FILENO));
}

static unsigned
columns(void)
{
	struct winsize ws;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &ws) == -1 || ws.ws_col == 0)
		return (COLUMNS_UNKNOWN);
	return (ws.ws_col);
}

unsigned
term_columns(void)
{
	unsigned n = columns();

	return (n < TERM_COLUMNS_MIN ? TERM_COLUMNS_MIN : n);
}

void
term_open(void)
{
	is_open = true;
}

void
term_close(void)
{
	term_clear();
	is_open = false;
}

bool
term_is_open(void)
{
	return (is_open);
}

/* One write(2), so that lines of other processes come before or after it. */
static void
put(const char *s, size_t n)
{
	while (write(STDERR_FILENO, s, n) == -1 && errno == EINTR)
		continue;
}

/* Is this a background job?  Then the line is the shell's. */
static bool
in_background(void)
{
	pid_t front = tcgetpgrp(STDERR_FILENO);

	return (front != -1 && front != getpgrp());
}

void
term_show(const char *line)
{
	char out[sizeof(TERM_WIPE) + LINE_MAX_BYTES];
	size_t nwipe = strlen(TERM_WIPE), n = strlen(line);
	/* In the last column the cursor would be on its way to the next
	 * line. */
	size_t most = columns() - 1;

	if (in_background())
		return;
	if (n > most)
		n = most;
	if (n > LINE_MAX_BYTES)
		n = LINE_MAX_BYTES;
	memcpy(out, TERM_WIPE, nwipe);
	memcpy(out + nwipe, line, n);
	put(out, nwipe + n);
	shown = true;
}

void
term_clear(void)
{
	if (!shown)
		return;
	shown = false;
	if (!in_background())
		put(TERM_WIPE, strlen(TERM_WIPE));
}
