#include "base/gate.h"

#include <sys/mman.h>

#include <errno.h>

#include "base/log.h"

void
gate_init(struct gate *g)
{
	pthread_mutexattr_t attr;

	g->done = 0;
	g->why.cls = ERR_NONE;
	if (pthread_mutexattr_init(&attr) != 0 ||
	    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED) != 0 ||
	    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST) != 0 ||
	    pthread_mutex_init(&g->mutex, &attr) != 0)
		log_fatal("no mutex can be shared between processes here");
	(void)pthread_mutexattr_destroy(&attr);
}

struct gate *
gate_map(void)
{
	struct gate *g = mmap(NULL, sizeof(*g), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (g == MAP_FAILED)
		log_fatal("out of memory");
	gate_init(g);
	return (g);
}

void
gate_unmap(struct gate *g)
{
	if (g != NULL)
		(void)munmap(g, sizeof(*g));
}

int
gate_enter(struct gate *g, struct err *e)
{
	int rc, ret = 0;

	if ((rc = pthread_mutex_lock(&g->mutex)) == EOWNERDEAD)
		rc = pthread_mutex_consistent(&g->mutex);
	if (rc != 0)
		log_fatal("a shared mutex is broken (error %d)", rc);
	if (g->why.cls != ERR_NONE) {
		*e = g->why;
		ret = -1;
	} else if (!g->done)
		return (1);
	(void)pthread_mutex_unlock(&g->mutex);
	return (ret);
}

void
gate_leave(struct gate *g, const struct err *failed)
{
	if (failed != NULL)
		g->why = *failed;
	else
		g->done = 1;
	(void)pthread_mutex_unlock(&g->mutex);
}
