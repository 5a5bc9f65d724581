/*
 * termbed -- standard error is a terminal, and what is written there is read.
 */
#ifndef UNIT_TERMBED_H
#define UNIT_TERMBED_H

#include <check.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static int master;

__attribute__((__unused__)) static void
resize(unsigned short columns)
{
	struct winsize ws = { .ws_row = 24, .ws_col = columns };

	ck_assert_int_eq(ioctl(master, TIOCSWINSZ, &ws), 0);
}

static void
terminal(void)
{
	struct winsize ws = { .ws_row = 24, .ws_col = 80 };
	struct termios raw = { 0 };
	int slave;

	cfmakeraw(&raw);
	ck_assert_int_eq(openpty(&master, &slave, NULL, &raw, &ws), 0);
	ck_assert_int_ne(dup2(slave, STDERR_FILENO), -1);
	ck_assert_int_eq(setenv("TERM", "xterm", 1), 0);
}

/* What was written since the last call. */
static const char *
written(void)
{
	static char text[16384];
	size_t n = 0;
	ssize_t got;

	/* "~" is in no line. */
	ck_assert_int_eq(write(STDERR_FILENO, "~", 1), 1);
	do {
		got = read(master, text + n, sizeof(text) - 1 - n);
		ck_assert_int_gt(got, 0);
		n += (size_t)got;
	} while (text[n - 1] != '~');
	text[n - 1] = '\0';
	return (text);
}

#endif
