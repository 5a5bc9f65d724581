#include "db/mapped.h"

#include <sys/mman.h>

#include <errno.h>
#include <signal.h>
#include <stdint.h>

#include "base/mem.h"

struct range {
	uintptr_t at;
	size_t n;
	int prot;
};

/* Of its own thread, and not of a handler that would come in between: who
 * changes them reads no mapping meanwhile. */
static _Thread_local struct range *ranges;
static _Thread_local size_t nranges, nroom;
static _Thread_local volatile sig_atomic_t cut;

static struct sigaction before;

/* The range that holds "at", or NULL. */
static struct range *
find(uintptr_t at)
{
	size_t i;

	for (i = 0; i < nranges; i++)
		if (at >= ranges[i].at && at - ranges[i].at < ranges[i].n)
			return (&ranges[i]);
	return (NULL);
}

/*
 * Zeros in the place of a whole range: the kernel then has no more mappings
 * than before, of which there might be too many.
 */
static bool
patch(uintptr_t at)
{
	const struct range *r = find(at);

	if (r == NULL || mmap((void *)r->at, r->n, r->prot, MAP_PRIVATE |
	    MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED)
		return (false);
	cut = 1;
	return (true);
}

/* What is not ours comes again when this returns, or is sent again. */
static void
on_sigbus(int sig, siginfo_t *si, void *context)
{
	int saved = errno;

	(void)context;
	if (si->si_code != BUS_ADRERR || !patch((uintptr_t)si->si_addr)) {
		(void)sigaction(sig, &before, NULL);
		if (si->si_code <= 0)
			(void)raise(sig);
	}
	errno = saved;
}

void
mapped_watch(void)
{
	struct sigaction sa = { .sa_sigaction = on_sigbus,
	    .sa_flags = SA_SIGINFO };
	struct sigaction now;

	(void)sigemptyset(&sa.sa_mask);
	if (sigaction(SIGBUS, NULL, &now) == -1 ||
	    ((now.sa_flags & SA_SIGINFO) != 0 &&
	    now.sa_sigaction == on_sigbus))
		return;
	before = now;
	(void)sigaction(SIGBUS, &sa, NULL);
}

bool
mapped_keep(const void *p, size_t n, int prot)
{
	if (nranges == MAPPED_MAX) {
		errno = ENOMEM;
		return (false);
	}
	if (nranges == nroom) {
		nroom = nroom == 0 ? 16 : 2 * nroom;
		ranges = mem_resize(ranges, nroom, sizeof(*ranges));
	}
	ranges[nranges++] = (struct range){ (uintptr_t)p, n, prot };
	return (true);
}

void
mapped_drop(const void *p, size_t n)
{
	struct range *r = find((uintptr_t)p);

	if (r == NULL || n == 0)
		return;
	if ((uintptr_t)p != r->at)
		r->n = (uintptr_t)p - r->at;
	else
		*r = ranges[--nranges];
}

bool
mapped_was_cut(void)
{
	return (cut != 0);
}

void
mapped_forget(void)
{
	cut = 0;
}
