/*
 * superdb -- a database whose journal names a super-journal: part of a
 * transaction over several databases.
 */
#ifndef UNIT_SUPERDB_H
#define UNIT_SUPERDB_H

#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "unit/sourcedb.h"

static inline void
put32(struct buf *b, uint32_t v)
{
	uint8_t p[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16),
	    (uint8_t)(v >> 8), (uint8_t)v };

	buf_put(b, p, sizeof(p));
}

/* Append the record that names the super-journal, as pager.c does. */
static inline void
put_super(struct buf *b, const char *name)
{
	uint32_t sum = 0;
	size_t i, n = strlen(name);
	int c;

	for (i = 0; i < n; i++) {
		c = name[i];
		sum += (uint32_t)c;
	}
	put32(b, 1 + 0x40000000 / 4096);
	buf_put(b, name, n);
	put32(b, (uint32_t)n);
	put32(b, sum);
	buf_put(b, "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", 8);
}

/*
 * The file holds the whole of a transaction, and its journal, with the record,
 * is still there: it is committed when the super-journal is gone.
 */
static inline void
make_super(const char *super)
{
	char *journal = beside(source, "-journal");
	struct buf jrnl = { 0 };
	pid_t pid;

	make_db(source, FILL);
	pid = hold_db(source, "PRAGMA synchronous = OFF; BEGIN;" CHANGE);
	read_path(journal, &jrnl);
	kill_db(pid);
	ck_assert_int_eq(unlink(journal), 0);
	make_db(source, CHANGE);
	put_super(&jrnl, super);
	write_path(journal, jrnl.data, jrnl.len);
	buf_fini(&jrnl);
	free(journal);
}

#endif
