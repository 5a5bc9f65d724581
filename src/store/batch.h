/*
 * batch -- the group commit of a directory store.  Objects are written to the
 * temporary directory as they come, and their memory is released at once;
 * batch_commit() makes all of them durable and visible, in this order:
 *
 *     syncfs(2)	the bytes are on the disk
 *     rename(2) each	a name that can be seen has all its bytes
 *     syncfs(2)	the names are on the disk
 *
 * and only then are they finished.  A removal waits for the same commit.
 *
 * What is in the way of one object (a file or link where its directory should
 * be, a directory that is somebody else's) fails that object with class
 * exists, a name that is too long with class limit.  Every other class is the
 * store's: it is full or broken for the next one, too.
 */
#ifndef STORE_BATCH_H
#define STORE_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "store/place.h"
#include "store/store.h"
#include "store/tmpdir.h"

struct batch_item {
	struct store_op *op;	/* NULL: has failed meanwhile */
	uint32_t seq;		/* the temporary file's name, in hex */
};

struct batch {
	struct store *store;	/* gets what is finished */
	int rootfd;		/* opened before anything was written, so
				 * that syncfs(2) tells of every error since;
				 * borrowed */
	struct tmpdir tmp;
	struct place place;
	struct batch_item *items;
	size_t nitems, cap;
	uint64_t bytes;
	int64_t since_ms;	/* when its first item came; monotonic */
	uint32_t seq;
};

/* Open for a writer's tag.  0, or -1 with errno; batch_fini() in any case. */
int batch_init(struct batch *b, struct store *s, int rootfd, const char *tag);

/* Abandon what was not committed: temporary files and operations. */
void batch_fini(struct batch *b);

/*
 * Take an operation: write its object, and commit if the batch is large or
 * old enough then.  It is finished with an error if it cannot be written.
 */
void batch_add(struct batch *b, struct store_op *op);

/* How long until it is old enough; -1 if it is empty. */
int64_t batch_left_ms(const struct batch *b);

/* Finish everything in it, and begin anew. */
void batch_commit(struct batch *b);

#endif
