/*
 * term -- one line at the bottom of a terminal that is drawn again and again
 * while log lines scroll by above it.
 *
 * It is on stderr, like the log, and the log knows of it: a log line first
 * wipes it, also one of a process that was forked while it was shown; its
 * owner draws it again at its next turn.
 *
 * Owner: one process, the supervisor.
 */
#ifndef BASE_TERM_H
#define BASE_TERM_H

#include <stdbool.h>
#include <stddef.h>

/* Is stderr a terminal that can do this (not "dumb")? */
bool term_able(void);

/* Columns of the terminal on stderr, at least 20; 80 if it does not say. */
unsigned term_columns(void);

/* Show this line (cut to the width; must be printable) in the place of the
 * last one. */
void term_show(const char *line);

/* Remove the line.  Nothing if none is shown. */
void term_clear(void);

#endif
