/*
 * member -- one worker as the supervisor sees it: its range, its process and
 * the end of its channel.  A member outlives its processes: when one dies, a
 * fresh one is started for the same range.
 */
#ifndef PROC_MEMBER_H
#define PROC_MEMBER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "proc/board.h"
#include "proc/chan.h"
#include "proc/child.h"
#include "proc/pool.h"

struct member {
	unsigned index;
	unsigned first_seg, end_seg;
	struct chan chan;
	pid_t pid;		/* 0: there is none, or it was reaped */
	bool wanted;		/* feed() is to feed it */
	bool ended;		/* END was posted */
	bool left;		/* it said BYE or FATAL: its end is no death */
	bool expelled;		/* the pool killed it: out of its mind */
	bool dead;		/* it died, and its range must go on */
	char how[CHILD_HOW_BYTES];	/* how the last one died ... */
	char *path;			/* ... and of which path, or "" */
	struct buf *killers;		/* messages about all of them */
	size_t nkillers;
};

/* A member without a process.  Its range follows from index and nworkers. */
void member_init(struct member *m, unsigned index, unsigned nworkers);
void member_fini(struct member *m);

/*
 * Fork its process; if the last one died, empty its slot into carry[] and
 * tell the new one of the path, and of those before it: what it should have
 * been told already may not have been recorded.  Class io.
 */
int member_start(struct member *m, const struct pool_cfg *cfg,
    struct board *board, uint64_t carry[TALLY_NCOUNT], struct err *e);

/* Does it run, and has not said that it is done? */
bool member_busy(const struct member *m);

/* kill(2) its process, if there is one. */
void member_kill(const struct member *m);

/*
 * Has its process ended?  Then it is reaped, with its wait status in *status.
 * Never blocks.
 */
bool member_reap(struct member *m, int *status);

/*
 * Write down of what its process died, for the next one: m->how and m->path.
 * Returns the phase it was in, and *same: whether it was the path that the
 * one before died of.
 */
enum tally_phase member_bury(struct member *m, const struct board *board,
    int status, bool *same);

#endif
