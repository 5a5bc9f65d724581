/*
 * progress -- how far a run has come: on a terminal a bar that is drawn in
 * place, elsewhere (with --progress) a line every PROGRESS_LINE_MS.
 *
 *     Restoring  [########----]  82% (1,264/1,541)  127 MB/s  ETA 4m  errors 2
 *
 * What does not fit the width is left out from the right, the bar first gets
 * shorter.  The rate is of the last ten seconds.  The total may grow while
 * more is found ("1,264/1,541+").
 */
#ifndef CMD_PROGRESS_H
#define CMD_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PROGRESS_TICK_MS = 100,		/* call progress_tick() so often */
	PROGRESS_LINE_MS = 10 * 1000
};

enum progress_when {
	PROGRESS_AUTO,		/* if stderr is a terminal, and not -q */
	PROGRESS_ALWAYS,	/* --progress */
	PROGRESS_NEVER		/* --no-progress */
};

struct progress_now {
	uint64_t done, total;	/* databases */
	bool more;		/* the total still grows */
	uint64_t bytes;		/* moved so far */
	uint64_t errors;
};

struct progress;

/* "Restoring".  Draws nothing yet; never NULL. */
struct progress *progress_new(const char *what, enum progress_when when);
/* Removes the bar. */
void progress_free(struct progress *p);

/* Draw, if it is time. */
void progress_tick(struct progress *p, const struct progress_now *now);

/*
 * The line as it is drawn, for "columns" columns, without a newline; a pure
 * function.  rate: bytes a second; eta_s: seconds left, -1: not known.
 */
struct progress_line {
	const char *what;
	struct progress_now now;
	uint64_t rate;
	int64_t eta_s;
	unsigned columns;
};
void progress_format(const struct progress_line *l, char *out, size_t size);

#endif
