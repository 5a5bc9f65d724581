/*
 * pool -- the supervisor's workers: N processes that own fixed ranges of the
 * 256 segments, fed with messages, watched, and replaced when they die.
 *
 * One SOCK_SEQPACKET pair a worker; one packet is one message; its first byte
 * says whose it is (proc/wire.h).  EOF from above means stop.  What a busy
 * worker has not taken yet is queued for it here, so sends never block.
 *
 * A worker that dies, or leaves without BYE: the path in its slot of the
 * board is named (log_error) and handed to the fresh worker as quarantined;
 * the fresh worker takes the range over and is fed it again.  Its counters
 * start again, but for what was already recorded.  With an empty slot there is
 * nobody to name: if it was killed (SIGKILL, as the kernel does where memory
 * runs out) a fresh worker takes over all the same, and does what the dead one
 * had in flight; a death of anything else ends the run with class bug.  So do
 * POOL_DEATHS_MAX of a path in a row with nothing finished between them, and so
 * many with an empty slot in one run: what is stored between these proves
 * nothing, since a database in use is stored again by each heir.
 *
 * Owner: the supervisor, single-threaded, which may call nothing that starts
 * a thread or keeps locks.  Workers ignore INT, TERM and HUP (a terminal
 * sends them to all) and only obey their channel; PR_SET_PDEATHSIG is KILL.
 */
#ifndef PROC_POOL_H
#define PROC_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/gate.h"
#include "base/tally.h"
#include "proc/sandbox.h"

enum {
	POOL_SEGMENTS = 256,
	POOL_WORKERS_MAX = 64,
	POOL_MSG_MAX = 64 * 1024 - 16,	/* bytes of one message */
	POOL_DEATHS_MAX = 16,
	POOL_ECHO_MS = 50,
	POOL_SLACK_MS = 2000,
	POOL_FAIL_GRACE_MS = 1000
};

/* What a worker is given when it starts. */
struct worker_env {
	unsigned index;			/* 0 .. nworkers-1 */
	unsigned nworkers;
	unsigned first_seg, end_seg;	/* [first, end) */
	struct tally *tally;		/* its slot of the board */
	struct gate *gate;		/* one for all workers */
	struct gate *complaint;		/* another: for what is said once */
	bool again;			/* takes over from a dead one */
	void *worker;			/* for worker_say() */
};

/*
 * What a worker does; called in the worker only.  A call that returns -1 with
 * e ends the run: the supervisor reports it, once.
 */
struct job_ops {
	/* Begin.  cfg is pool_cfg.job_cfg, as it was at fork(2). */
	int (*open)(void *cfg, const struct worker_env *env, void **job,
	    struct err *e);
	/* "path" killed a worker before: "how" (e.g. "signal 11").  Called for
	 * each path that did so in this run and range, also again. */
	int (*quarantine)(void *job, const char *path, const char *how,
	    struct err *e);
	/* Work on a message (borrowed).  May leave things in flight. */
	int (*start)(void *job, const void *msg, size_t len, struct err *e);
	/*
	 * Nothing is left on the channel "fd".  Move what is in flight until
	 * fd is readable or, with nothing left to move, return at once.
	 * Without "more" nothing will come but a stop.
	 */
	int (*wait)(void *job, int fd, bool more, struct err *e);
	/* Finish and record what is in flight, in grace_ms at most (-1:
	 * however long it takes). */
	int (*drain)(void *job, int64_t grace_ms, struct err *e);
	void (*close)(void *job);
};

/*
 * In the worker, whose worker_env.worker they take, so that they can be a
 * job's callbacks as they are.
 *
 * Send a message of at most POOL_MSG_MAX bytes to the supervisor's "said".
 * Blocks while the supervisor is behind.
 */
void worker_say(void *worker, const void *msg, size_t len);

/*
 * Has the run been told to stop?  Costs no system call; a long start() asks
 * it between two databases and returns 0 early.
 */
bool worker_stopping(void *worker);

struct pool;
struct board;

struct pool_cfg {
	unsigned nworkers;		/* 1 .. POOL_WORKERS_MAX */
	int64_t grace_ms;		/* after TERM or INT */
	int keep_fd;			/* stays open in workers, or -1 */
	const struct sandbox *sandbox;	/* that workers enter, or NULL */
	struct board *board;		/* with nworkers slots, to be emptied
					 * and used; NULL: an own one */
	const struct job_ops *ops;
	void *job_cfg;

	/*
	 * Feed the workers: pool_post() all there is to do for the segments
	 * with want[i] set, then return 0.  It should end early, with 0, when
	 * pool_stopping().  -1 with e ends the run.  Called once with all
	 * segments, and again for those of workers that died.
	 */
	int (*feed)(void *ctx, struct pool *pool,
	    const bool want[POOL_SEGMENTS], struct err *e);
	/* A worker said something (borrowed); may be NULL.  It is called
	 * from pool_post() too, and must not call it. */
	void (*said)(void *ctx, const void *msg, size_t len);
	/*
	 * Called about every tick_ms while the pool runs, with what all
	 * workers together have counted so far (a death takes some back); may
	 * be NULL.  Calls nothing of the pool.
	 */
	void (*tick)(void *ctx, const uint64_t count[TALLY_NCOUNT]);
	int64_t tick_ms;
	void *ctx;
};

/* What came of it, summed over all workers that ever were. */
struct pool_result {
	uint64_t count[TALLY_NCOUNT];
	int64_t oldest_ms;		/* of all tally.oldest_ms, or 0 */
	unsigned deaths;		/* workers that died of a path */
	int signal;			/* TERM or INT ended it early, or 0 */
	uint64_t unstarted;		/* messages that were not begun then */
};

/*
 * Fork the workers, feed them, wait until all is done, reap them.  While it
 * runs TERM and INT mean: no new work, grace_ms for what is in flight, end; a
 * second one ends at once (workers are killed), but within POOL_ECHO_MS it is
 * an echo of the first: timeout(1) signals a process and then its group.  Who
 * is not done POOL_SLACK_MS after the grace is killed.  Returns 0 with *res;
 * -1 with e (a worker's own fatal error, or deaths as above; then what is in
 * flight gets POOL_FAIL_GRACE_MS at most) and *res as far as it went.  No
 * child is left either way.  Logs the deaths of workers.  Not to be nested.
 */
int pool_run(const struct pool_cfg *cfg, struct pool_result *res,
    struct err *e);

/* In feed(): the owner of a segment. */
unsigned pool_owner(const struct pool *pool, unsigned segment);

/*
 * In feed(): queue a message for a worker.  Never blocks; does whatever else
 * the pool has to do (send, receive, reap).  Messages for a dead worker are
 * dropped: its range is fed again.
 */
void pool_post(struct pool *pool, unsigned worker, const void *msg,
    size_t len);

/*
 * In feed(): do whatever the pool has to do until "fd" is readable or at its
 * end (-1: nothing to wait for) and no living worker has more than
 * max_queued_bytes queued here (the kernel holds some more).  False, at once,
 * when pool_stopping().
 */
bool pool_await(struct pool *pool, int fd, size_t max_queued_bytes);

/* In feed(), where it goes on without a post: what pool_post() does besides,
 * if it is time.  Costs a look at the clock. */
void pool_turn(struct pool *pool);

/* In feed(): has the run been told to stop, or failed? */
bool pool_stopping(const struct pool *pool);

#endif
