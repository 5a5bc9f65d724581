/*
 * settle -- what a service has recorded gets onto the disk while it goes on
 * telling its manager that it lives: syncfs(2) waits for all that anybody has
 * written to that file system, and that may take minutes.
 */
#ifndef CMD_SETTLE_H
#define CMD_SETTLE_H

#include "base/err.h"
#include "state/statedir.h"

/*
 * As statedir_end(), but a role calls syncfs(2), and the supervisor waits for
 * it, also after TERM or INT: it would have to do that at its end.  Class io,
 * bug: the state is as it was.
 */
int settle_run(struct statedir *sd, struct err *e);

#endif
