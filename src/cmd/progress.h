/*
 * progress -- how far a run has come: on a terminal a bar that is drawn in
 * place (base/term), elsewhere, with --progress, a line of the log every
 * PROGRESS_LINE_MS.
 *
 *     Restoring  [########----]  82% (1,264/1,541)  127 MB/s  ETA 4m  errors 2
 *
 * What does not fit the width is left out from the right, the bar first gets
 * shorter.  The rates are of the last ten seconds.  The total may grow while
 * more is found ("1,264/1,541+"); until none is left to be found, nobody knows
 * when the end will be.
 *
 * Owner: the supervisor.
 */
#ifndef CMD_PROGRESS_H
#define CMD_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PROGRESS_TICK_MS = 100,		/* call progress_tick() so often */
	PROGRESS_LINE_MS = 10 * 1000,
	PROGRESS_LINE_BYTES = 512	/* a line of progress_format() */
};

enum progress_when {
	PROGRESS_AUTO,		/* if stderr is a terminal, and not -q */
	PROGRESS_ALWAYS,	/* --progress */
	PROGRESS_NEVER		/* --no-progress */
};

struct progress_now {
	uint64_t done, total;	/* databases; a total of 0 is not known */
	bool more;		/* the total still grows */
	uint64_t bytes;		/* moved so far */
	uint64_t errors;
};

struct progress;

/*
 * "Restoring" (it must outlive the progress).  Draws nothing yet; never NULL.
 * To be made before the workers are forked: base/term.h.
 */
struct progress *progress_new(const char *what, enum progress_when when);
/* Removes the bar. */
void progress_free(struct progress *p);

/* Does progress_tick() do anything at all? */
bool progress_wanted(const struct progress *p);

/* Draw, if it is time. */
void progress_tick(struct progress *p, const struct progress_now *now);

/* What else is written to the terminal, to stdout, comes next: remove the bar
 * until the next tick.  May be NULL. */
void progress_make_way(struct progress *p);

/*
 * The line as it is drawn, of at most "columns" columns (0: any number, and no
 * bar: a line of the log), without a newline, in ASCII if "what" is; a pure
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
