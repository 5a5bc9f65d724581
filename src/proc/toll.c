#include "proc/toll.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/mem.h"
#include "proc/child.h"
#include "proc/pool.h"

void
toll_sum(const struct toll *t, uint64_t count[TALLY_NCOUNT])
{
	memcpy(count, t->carry, sizeof(t->carry));
	board_sum(t->board, count);
}

/*
 * Take note of a death and of how far all workers, living and dead, have come;
 * false: so many in a row that the run ends.  Of who was killed with nothing
 * in its hand nothing is left out, so there something must have been stored.
 */
static bool
may_go_on(struct toll *t, bool idle, bool same)
{
	uint64_t now[TALLY_NCOUNT];
	bool moved;

	toll_sum(t, now);
	/* A path that quarantine did not hold back is no progress either. */
	moved = idle ? now[TALLY_SYNCED] != t->synced :
	    now[TALLY_DONE] != t->done && !same;
	t->row = moved ? 1 : t->row + 1;
	t->done = now[TALLY_DONE];
	t->synced = now[TALLY_SYNCED];
	return (t->row < POOL_DEATHS_MAX);
}

int
toll_take(struct toll *t, struct member *m, int status, bool stopping,
    struct err *e)
{
	enum tally_phase phase;
	char how[CHILD_HOW_BYTES], *what;
	bool same, idle, on;
	int ret = -1;

	phase = member_bury(m, t->board, status, &same);
	(void)child_how(status, how, sizeof(how));
	idle = *m->path == '\0';
	what = idle ? mem_printf("%s, with no database in its hand", how) :
	    mem_printf("%s while %s %s", how, tally_phase_name(phase),
	    m->path);
	if (idle && (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)) {
		err_set(e, ERR_BUG, "worker %u %s", m->index, what);
		goto out;
	}
	on = may_go_on(t, idle, same);
	if (idle)
		log_warn("worker %u %s (out of memory?)%s", m->index, what,
		    stopping ? "" : ": another begins in its place");
	else {
		t->deaths++;
		log_error("worker %u %s%s", m->index, what, stopping ? "" :
		    ": it is left out for now, the others go on");
	}
	m->dead = !stopping;
	if (m->dead && !on) {
		err_set(e, ERR_BUG, "%u workers died in a row and nothing was "
		    "%s between; the last, worker %u, %s", t->row,
		    idle ? "stored" : "finished", m->index, what);
		goto out;
	}
	ret = 0;
out:
	free(what);
	return (ret);
}
