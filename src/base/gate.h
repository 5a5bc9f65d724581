/*
 * gate -- something that one of many processes must do once for all of them,
 * while the others wait: reading the store's marker.  It lies in memory
 * shared by the supervisor and its workers, and survives the death of whoever
 * was inside (the next one to come does it).
 */
#ifndef BASE_GATE_H
#define BASE_GATE_H

#include <pthread.h>

#include "base/err.h"

struct gate {
	pthread_mutex_t mutex;	/* robust, shared between processes */
	int done;
	struct err why;		/* it failed, if its class is not none */
};

/* Prepare a gate in shared memory, before fork(2). */
void gate_init(struct gate *g);

/* One in memory of its own, shared with all that are forked later.  Without
 * memory the process ends.  gate_unmap(NULL) does nothing. */
struct gate *gate_map(void);
void gate_unmap(struct gate *g);

/*
 * Pass the gate.  Returns 0 if the thing was done; 1 if the caller is the one
 * to do it, and must then call gate_leave(); -1 if it failed for another, with
 * that one's error.  Blocks while another process is inside.
 */
int gate_enter(struct gate *g, struct err *e);

/* It is done (NULL), or has failed for all. */
void gate_leave(struct gate *g, const struct err *failed);

#endif
