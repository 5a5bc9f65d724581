/*
 * term -- one line at the bottom of a terminal that is drawn again and again
 * while log lines scroll by above it.
 *
 * It is on stderr, like the log, and the log knows of it: between term_open()
 * and term_close() a log line first wipes it, also one of a process that was
 * forked meanwhile; its owner draws it again at its next turn.
 *
 * Owner: one process, the supervisor.
 */
#ifndef BASE_TERM_H
#define BASE_TERM_H

#include <stdbool.h>
#include <stddef.h>

enum {
	TERM_COLUMNS_MIN = 20
};

/* Moves to the line's beginning and empties it. */
#define TERM_WIPE	"\r\033[K"

/* Is stderr a terminal that can do this (not "dumb")? */
bool term_able(void);

/* Columns of the terminal on stderr, at least TERM_COLUMNS_MIN; 80 if it does
 * not say. */
unsigned term_columns(void);

/* Begin, before others are forked who log; end, without the line. */
void term_open(void);
void term_close(void);

/* Has this process, or the one it was forked from, begun? */
bool term_is_open(void);

/*
 * Show this line in the place of the last one, cut so that the last column
 * stays free; its bytes must be printable ASCII.  Nothing is shown while
 * another job has the terminal.
 */
void term_show(const char *line);

/* Remove the line.  Nothing if none is shown. */
void term_clear(void);

#endif
