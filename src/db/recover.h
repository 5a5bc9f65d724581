/*
 * recover -- the image of a database whose writer died in the middle of a
 * transaction: a private copy, rolled back.
 *
 * The copy bears the same name, and so does its journal.  A super-journal's
 * record would lead SQLite back to the original's directory, where it would
 * look for that file and delete it: missing, the transaction is committed and
 * the journal is not copied; there, the record is cut off the copy.
 */
#ifndef DB_RECOVER_H
#define DB_RECOVER_H

#include "base/err.h"
#include "db/pin.h"
#include "db/sink.h"

/*
 * Take the image of the pinned database with a hot journal; the lock is
 * given back.  0, PIN_AGAIN, or -1 (class io, space, denied).
 */
int recover_take(struct pin *p, struct sink *s, struct err *e);

#endif
