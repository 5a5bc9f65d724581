/*
 * journal -- the rollback journal beside a database: is it hot, and does it
 * end with the name of a super-journal?
 *
 * Source: SQLite file format, section 3; pager.c, hasHotJournal(),
 * readSuperJournal().
 */
#ifndef DB_JOURNAL_H
#define DB_JOURNAL_H

#include <stdint.h>

#include "base/err.h"
#include "db/pin.h"

/*
 * Has a writer died and left its transaction half written (1) or not (0)?
 * The database must be pinned.  -1: class denied, io.
 */
int journal_hot(struct pin *p, struct err *e);

/* A journal that is part of a transaction over several databases. */
struct journal_super {
	uint64_t body_bytes;	/* the journal without its last record */
	char name[PIN_NAME_BYTES];	/* "" if there is no such record */
};

/*
 * Look for a super-journal's record at the end of the journal in fd, of
 * "size" bytes.  Class io.
 */
int journal_read_super(int fd, uint64_t size, struct journal_super *js,
    struct err *e);

#endif
