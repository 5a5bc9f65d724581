#include "proc/child.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/oom.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/io.h"
#include "proc/signals.h"

/* Close all but 0 to 2, fd and keep_fd. */
static int
close_others(int fd, int keep_fd, struct err *e)
{
	int keep[] = { fd, keep_fd > STDERR_FILENO ? keep_fd : fd };
	unsigned from = STDERR_FILENO + 1;

	if (keep[0] > keep[1]) {
		keep[0] = keep_fd;
		keep[1] = fd;
	}
	for (size_t i = 0; i < 2; i++) {
		if ((unsigned)keep[i] > from &&
		    close_range(from, (unsigned)keep[i] - 1, 0) == -1)
			goto out;
		from = (unsigned)keep[i] + 1;
	}
	if (close_range(from, UINT_MAX, 0) == 0)
		return (0);
out:
	err_io(e, "close the descriptors of the supervisor");
	return (-1);
}

/* Nothing in a child reads it, and it may be a pipe that others wait for. */
static void
empty_stdin(void)
{
	int fd;

	if ((fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) == -1)
		return;
	(void)dup2(fd, STDIN_FILENO);
	if (fd != STDIN_FILENO)
		io_close(&fd);
}

/*
 * Where memory runs out, whether on the machine or in its cgroup, the kernel
 * shall end a child, which costs one database one try, and not the supervisor
 * (proc_pid_oom_score_adj(5): raising it needs no right).  Where it cannot be
 * said, the kernel has its own opinion.
 */
static void
offer_to_oom(void)
{
	char buf[16];
	long adj;
	ssize_t n;
	int fd;

	if ((fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC)) == -1)
		return;
	if ((n = read(fd, buf, sizeof(buf) - 1)) <= 0)
		goto out;
	buf[n] = '\0';
	adj = strtol(buf, NULL, 10) + CHILD_OOM_ADJ;
	if (adj > OOM_SCORE_ADJ_MAX)
		adj = OOM_SCORE_ADJ_MAX;
	n = snprintf(buf, sizeof(buf), "%ld", adj);
	(void)!pwrite(fd, buf, (size_t)n, 0);
out:
	io_close(&fd);
}

int
child_detach(const struct child_cfg *cfg, struct err *e)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != cfg->supervisor)
		_exit(1);	/* it died before it was asked for */
	signals_worker();
	(void)prctl(PR_SET_NAME, cfg->name);
	if (close_others(cfg->fd, cfg->keep_fd, e) == -1)
		return (-1);
	empty_stdin();
	offer_to_oom();
	return (sandbox_enter(cfg->sandbox, e));
}

void
child_give_up(struct chan *c, const struct err *e)
{
	struct buf b = { 0 };

	le32_put(buf_room(&b, sizeof(uint32_t)), (uint32_t)e->cls);
	b.len += sizeof(uint32_t);
	buf_puts(&b, e->msg);
	chan_say(c, WIRE_FATAL, b.data, b.len);
	buf_fini(&b);
}

void
child_gave_up(const uint8_t *body, size_t len, struct err *e)
{
	uint32_t cls = ERR_BUG;

	if (len >= sizeof(cls)) {
		cls = le32_get(body);
		body += sizeof(cls);
		len -= sizeof(cls);
	}
	err_set(e, cls > ERR_NONE && cls < ERR_NCLASS ?
	    (enum err_class)cls : ERR_BUG, "%.*s", (int)len,
	    (const char *)body);
}

const char *
child_how(int status, char *buf, size_t size)
{
	if (WIFSIGNALED(status))
		(void)snprintf(buf, size, "died of signal %d (%s)",
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		(void)snprintf(buf, size, "left with status %d and no word",
		    WEXITSTATUS(status));
	return (buf);
}
