/*
 * worker -- the life of a forked worker: cut off from what it inherited but
 * its channel, it calls job_ops as messages come, and never returns.
 */
#ifndef PROC_WORKER_H
#define PROC_WORKER_H

#include <stdbool.h>
#include <sys/types.h>

#include "proc/board.h"
#include "proc/pool.h"

struct worker_start {
	const struct pool_cfg *cfg;
	struct board *board;
	unsigned index;
	unsigned first_seg, end_seg;
	bool again;
	int fd;			/* its end of the channel */
	pid_t supervisor;
};

/* Be worker "ws->index".  In a fresh child of the supervisor only. */
void worker_run(const struct worker_start *ws) __attribute__((__noreturn__));

#endif
