#include "proc/signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "base/log.h"

/* The first three are always caught, the others by who takes wishes. */
static const int all[] = { SIGTERM, SIGINT, SIGCHLD, SIGHUP, SIGUSR1,
    SIGUSR2 };
enum {
	NALWAYS = 3,
	NALL = sizeof(all) / sizeof(all[0])
};

static volatile sig_atomic_t nstops, last, child, wish[NALL];
static unsigned depth;		/* of signals_catch() in itself */
static int ncaught;		/* of "all" */
static struct sigaction old_action[NALL];
static sigset_t old_mask;

static void
note(int sig)
{
	int i;

	switch (sig) {
	case SIGCHLD:
		child = 1;
		break;
	case SIGTERM:
	case SIGINT:
		last = sig;
		nstops = nstops + 1;
		break;
	default:
		for (i = NALWAYS; i < NALL; i++)
			if (all[i] == sig)
				wish[i] = 1;
	}
}

static void
fill(sigset_t *set)
{
	(void)sigemptyset(set);
	for (int i = 0; i < ncaught; i++)
		(void)sigaddset(set, all[i]);
}

static void
catch(int n)
{
	struct sigaction sa = { .sa_handler = note };
	sigset_t set;

	if (depth++ > 0)
		return;
	ncaught = n;
	nstops = last = child = 0;
	sa.sa_flags = SA_RESTART | SA_NOCLDSTOP;
	fill(&sa.sa_mask);
	for (int i = 0; i < ncaught; i++) {
		wish[i] = 0;
		(void)sigaction(all[i], NULL, &old_action[i]);
		if ((all[i] != SIGTERM && all[i] != SIGINT) ||
		    old_action[i].sa_handler != SIG_IGN)
			(void)sigaction(all[i], &sa, NULL);
	}
	fill(&set);
	(void)sigprocmask(SIG_UNBLOCK, &set, &old_mask);
}

void
signals_catch(void)
{
	catch(NALWAYS);
}

void
signals_catch_wishes(void)
{
	catch(NALL);
}

void
signals_restore(void)
{
	if (--depth > 0)
		return;
	for (int i = 0; i < ncaught; i++)
		(void)sigaction(all[i], &old_action[i], NULL);
	(void)sigprocmask(SIG_SETMASK, &old_mask, NULL);
}

bool
signals_wish(int sig)
{
	bool was = false;
	int i;

	for (i = NALWAYS; i < NALL; i++)
		if (all[i] == sig && wish[i]) {
			wish[i] = 0;
			was = true;
		}
	return (was);
}

/* Is there one that nobody has asked for? */
static bool
is_wished(void)
{
	for (int i = NALWAYS; i < NALL; i++)
		if (wish[i])
			return (true);
	return (false);
}

unsigned
signals_stops(void)
{
	return ((unsigned)nstops);
}

int
signals_last(void)
{
	return (last);
}

bool
signals_child(void)
{
	bool was = child;

	/* Cleared before the caller looks, so no later end is missed. */
	if (was)
		child = 0;
	return (was);
}

int
signals_poll(struct pollfd *pfd, nfds_t n, int timeout_ms, unsigned stops)
{
	struct timespec ts = {
		.tv_sec = timeout_ms / 1000,
		.tv_nsec = timeout_ms % 1000 * 1000000L
	};
	sigset_t set, before;
	int ready = 0;

	if (timeout_ms == 0) {
		ready = poll(pfd, n, 0);
	} else {
		fill(&set);
		(void)sigprocmask(SIG_BLOCK, &set, &before);
		if (child || (unsigned)nstops != stops ||
		    (depth == 1 && is_wished()))
			ready = poll(pfd, n, 0);
		else
			ready = ppoll(pfd, n, timeout_ms == -1 ? NULL : &ts,
			    &before);
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
	}
	if (ready == -1) {
		if (errno != EINTR)
			log_fatal("poll: %s", strerror(errno));
		/* revents are not set when poll(2) failed. */
		for (nfds_t i = 0; i < n; i++)
			pfd[i].revents = 0;
		ready = 0;
	}
	return (ready);
}

void
signals_worker(void)
{
	struct sigaction sa = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++) {
		switch (sig) {
		case SIGINT:
		case SIGTERM:
		case SIGHUP:
		case SIGUSR1:
		case SIGUSR2:
		case SIGPIPE:
		case SIGXFSZ:
			sa.sa_handler = SIG_IGN;
			break;
		default:
			sa.sa_handler = SIG_DFL;
		}
		/* Fails for KILL, STOP and libc's own, as it should. */
		(void)sigaction(sig, &sa, NULL);
	}
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}
