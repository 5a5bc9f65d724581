/*
 * live -- the image of a database in WAL mode that has a -wal and a -shm: a
 * read transaction of SQLite holds what was committed, and the wal-index
 * bounds it.
 *
 * A read mark of 0 keeps checkpoints out, but not the start of a new
 * generation of the log; a mark above 0 keeps the log from starting anew, but
 * not a checkpoint of frames below it.  So: if everything is in the database
 * file (nBackfill = mxFrame), the file alone is the image, and it is still;
 * otherwise the log cannot start anew, and the file with all frames up to
 * mxFrame is one state, whatever a checkpoint copies meanwhile.
 *
 * Where nobody is attached, so that nobody can say what the -shm is worth, the
 * log is read to its last commit, as SQLite would recover it.
 */
#ifndef DB_LIVE_H
#define DB_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "db/pin.h"
#include "db/sink.h"
#include "db/wal.h"

/*
 * Take the image of the pinned database; SQLite waits at most busy_ms for
 * others.  The pin's lock is given back as soon as the transaction holds it.
 * *unsettled: a commit that is not in the image may be whole in the log, and
 * only the wal-index does not say so yet.
 * 0, PIN_AGAIN, or -1: class corrupt, denied, limit, io, space.
 */
int live_take(struct pin *p, struct sink *s, struct wal *w, int64_t busy_ms,
    bool *unsettled, struct err *e);

#endif
