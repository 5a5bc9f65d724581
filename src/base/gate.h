/*
 * gate -- something that one of many processes must do once for all of them,
 * while the others wait: reading the store's marker.  It lies in memory
 * shared by the supervisor and its workers, and survives the death of whoever
 * was inside (the next one to come does it).
 */
#ifndef BASE_GATE_H
#define BASE_GATE_H

#include <pthread.h>

struct gate {
	pthread_mutex_t mutex;	/* robust, shared between processes */
	int done;
};

/* Prepare a gate in shared memory, before fork(2). */
void gate_init(struct gate *g);

/*
 * Pass the gate.  Returns 0 if the thing was done; or 1 if the caller is the
 * one to do it, and must then call gate_leave().  Blocks while another
 * process is inside.
 */
int gate_enter(struct gate *g);

/* Say whether it was done; if not, the next one to enter tries. */
void gate_leave(struct gate *g, int done);

#endif
