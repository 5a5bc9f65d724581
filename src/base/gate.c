#include "base/gate.h"

#include <errno.h>

#include "base/log.h"

void
gate_init(struct gate *g)
{
	pthread_mutexattr_t attr;

	g->done = 0;
	if (pthread_mutexattr_init(&attr) != 0 ||
	    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED) != 0 ||
	    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST) != 0 ||
	    pthread_mutex_init(&g->mutex, &attr) != 0)
		log_fatal("no mutex can be shared between processes here");
	(void)pthread_mutexattr_destroy(&attr);
}

int
gate_enter(struct gate *g)
{
	int rc;

	if ((rc = pthread_mutex_lock(&g->mutex)) == EOWNERDEAD)
		rc = pthread_mutex_consistent(&g->mutex);
	if (rc != 0)
		log_fatal("a shared mutex is broken (error %d)", rc);
	if (!g->done)
		return (1);
	(void)pthread_mutex_unlock(&g->mutex);
	return (0);
}

void
gate_leave(struct gate *g, int done)
{
	g->done = done;
	(void)pthread_mutex_unlock(&g->mutex);
}
