/*
 * wish -- a line that asks for one database to be restored, as a pipeline
 * sends it back: what a dry run said, what an error report holds, or a key
 * alone.
 *
 *     <key>
 *     <key>  <timestamp>  <bytes>  <target>	bytes and target may be missing
 *     <key>  <target>  <class>  <message>  <timestamp>
 *			class: a word of base/err.h; timestamp may be missing
 * Fields are separated by tabs and escaped as base/line.h does, or raw in
 * items that end in NUL, where the fourth may hold tabs.  Any but the key may
 * be empty, which says nothing.
 */
#ifndef FLEET_WISH_H
#define FLEET_WISH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"

enum {
	WISH_NEWEST = -1	/* no timestamp is named */
};

struct wish {
	struct buf key;
	struct buf target;	/* "": not named */
	int64_t ms;		/* or WISH_NEWEST */
	uint64_t bytes;		/* 0: not named */
};

/* A zeroed one is empty. */
void wish_fini(struct wish *w);

/*
 * Read the next line of "in" into *w.  1; 0 at the end; -1: class usage, the
 * line is not as above, or no key can be like this; class io.  The error names
 * neither file nor line.
 */
int wish_read(FILE *in, bool raw, struct wish *w, struct err *e);

#endif
