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
 * Take note of a death of a path, and of how far all workers, living and dead,
 * have come: so many in a row?
 */
static unsigned
in_a_row(struct toll *t, bool same)
{
	uint64_t now[TALLY_NCOUNT];

	toll_sum(t, now);
	/* A path that quarantine did not hold back is no progress. */
	t->row = now[TALLY_DONE] != t->done && !same ? 1 : t->row + 1;
	t->done = now[TALLY_DONE];
	return (t->row);
}

int
toll_take(struct toll *t, struct member *m, int status, bool stopping,
    struct err *e)
{
	enum tally_phase phase;
	char how[CHILD_HOW_BYTES], *what;
	bool same, idle;
	unsigned n;
	int ret = -1;

	phase = member_bury(m, t->board, status, &same);
	(void)child_how(status, how, sizeof(how));
	idle = *m->path == '\0';
	what = idle ? mem_printf("%s, with no database in its hand", how) :
	    mem_printf("%s while %s %s", how, tally_phase_name(phase),
	    m->path);
	if (idle && (m->expelled || !WIFSIGNALED(status) ||
	    WTERMSIG(status) != SIGKILL)) {
		err_set(e, ERR_BUG, "worker %u %s", m->index, what);
		goto out;
	}
	n = idle ? ++t->idle : in_a_row(t, same);
	if (idle)
		log_warn("worker %u %s (out of memory?)%s", m->index, what,
		    stopping ? "" : ": another begins in its place");
	else {
		t->deaths++;
		log_error("worker %u %s%s", m->index, what, stopping ? "" :
		    ": it is left out for now, the others go on");
	}
	m->dead = !stopping;
	if (m->dead && n >= POOL_DEATHS_MAX) {
		err_set(e, ERR_BUG, "%u workers %s; the last, worker %u, %s",
		    n, idle ? "were killed in this run" : "died in a row and "
		    "nothing was finished between", m->index, what);
		goto out;
	}
	ret = 0;
out:
	free(what);
	return (ret);
}
