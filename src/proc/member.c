#include "proc/member.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/mem.h"
#include "proc/worker.h"

void
member_init(struct member *m, unsigned index, unsigned nworkers)
{
	memset(m, 0, sizeof(*m));
	m->index = index;
	m->first_seg = POOL_SEGMENTS * index / nworkers;
	m->end_seg = POOL_SEGMENTS * (index + 1) / nworkers;
	chan_init(&m->chan, -1);
}

void
member_fini(struct member *m)
{
	size_t i;

	chan_fini(&m->chan);
	free(m->path);
	m->path = NULL;
	for (i = 0; i < m->nkillers; i++)
		buf_fini(&m->killers[i]);
	free(m->killers);
	m->killers = NULL;
	m->nkillers = 0;
}

static void
post_quarantine(struct member *m)
{
	struct buf b = { 0 };
	size_t i;

	if (*m->path != '\0') {
		buf_put(&b, m->how, strlen(m->how) + 1);
		buf_puts(&b, m->path);
		m->killers = mem_resize(m->killers, m->nkillers + 1,
		    sizeof(*m->killers));
		m->killers[m->nkillers++] = b;
	}
	for (i = 0; i < m->nkillers; i++)
		chan_post(&m->chan, WIRE_QUARANTINE, m->killers[i].data,
		    m->killers[i].len);
}

int
member_start(struct member *m, const struct pool_cfg *cfg,
    struct board *board, uint64_t carry[TALLY_NCOUNT], struct err *e)
{
	struct worker_start ws = {
		.cfg = cfg,
		.board = board,
		.index = m->index,
		.first_seg = m->first_seg,
		.end_seg = m->end_seg,
		.again = m->dead,
		.fd = -1,
		.supervisor = getpid(),
	};

	if (chan_pair(&m->chan, &ws.fd, e) == -1)
		return (-1);
	if (m->dead)
		board_hand_over(board, m->index, carry);
	if ((m->pid = fork()) == 0)
		worker_run(&ws);
	io_close(&ws.fd);
	if (m->pid == -1) {
		err_sys(e, ERR_IO, "start worker %u", m->index);
		m->pid = 0;
		chan_fini(&m->chan);
		return (-1);
	}
	m->ended = m->left = m->expelled = false;
	if (m->dead)
		post_quarantine(m);
	m->dead = false;
	return (0);
}

bool
member_busy(const struct member *m)
{
	return (m->pid != 0 && !m->left);
}

void
member_kill(const struct member *m)
{
	if (m->pid != 0)
		(void)kill(m->pid, SIGKILL);
}

bool
member_reap(struct member *m, int *status)
{
	if (m->pid == 0 || waitpid(m->pid, status, WNOHANG) != m->pid)
		return (false);
	m->pid = 0;
	return (true);
}

enum tally_phase
member_bury(struct member *m, const struct board *board, int status,
    bool *same)
{
	char path[PATH_MAX + 1];
	enum tally_phase phase;

	if (WIFSIGNALED(status))
		(void)snprintf(m->how, sizeof(m->how), "signal %d",
		    WTERMSIG(status));
	else
		(void)snprintf(m->how, sizeof(m->how), "exit status %d",
		    WEXITSTATUS(status));
	phase = board_in_hand(board, m->index, path, sizeof(path));
	*same = m->path != NULL && strcmp(m->path, path) == 0;
	free(m->path);
	m->path = mem_strdup(path);
	return (phase);
}
