/*
 * backend -- what stands behind store.h: a table of functions that each kind
 * of store fills in, and the queue of finished operations, which is the same
 * for all.  Only the files of this folder include it.
 *
 * A backend's state begins with a struct store.  It hands every operation
 * that was submitted back through store_done() or store_doom(), once; between
 * the two the operation is its own (queues may use op->entry).  Readers and
 * listers are pulled: a backend with answers in flight moves them inside
 * read(), next() and wait().
 */
#ifndef STORE_BACKEND_H
#define STORE_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/err.h"
#include "store/store.h"

struct store_backend {
	bool components;	/* names are paths of a file system */

	/* Release everything, what is not finished included. */
	void (*close)(struct store *s);

	/* As in store.h.  wait() is called with nothing finished. */
	void (*submit)(struct store *s, struct store_op *op);
	void (*wait)(struct store *s, int fd, int timeout_ms);
	void (*flush)(struct store *s, int64_t timeout_ms);

	int (*spool)(struct store *s, struct err *e);
	struct store_reader *(*get)(struct store *s,
	    const struct store_get_cfg *cfg, uint64_t *size, struct err *e);
	struct store_lister *(*list)(struct store *s,
	    const struct store_list_cfg *cfg, struct err *e);

	/* NULL: it cannot be. */
	bool (*is_full)(const struct store *s);
	bool (*is_down)(const struct store *s, struct err *e);

	/* NULL: it does not say. */
	bool (*clock)(const struct store *s, int64_t *off_ms);

	/* NULL: it makes none. */
	uint64_t (*requests)(const struct store *s, enum store_request kind);
};

TAILQ_HEAD(store_queue, store_op);

struct store {
	const struct store_backend *be;
	char *name;			/* for messages */
	size_t inflight;
	struct store_queue done;
	struct store_queue doomed;	/* failed, all for one reason: "doom" */
	struct err doom;
};

struct store_reader {
	const char *tag;	/* NULL: none */
	ssize_t (*read)(struct store_reader *r, void *p, size_t n,
	    struct err *e);
	void (*free)(struct store_reader *r);
};

struct store_lister {
	int (*next)(struct store_lister *l, struct store_entry *out,
	    struct err *e);
	void (*free)(struct store_lister *l);

	/* NULL, all three: it never waits. */
	bool (*ready)(struct store_lister *l);
	void (*wait)(struct store_lister *const *v, size_t n);
	bool (*goes_on)(const struct store_lister *l);
};

/* Fill in a store that has nothing in flight; "name" is copied. */
void store_init(struct store *s, const struct store_backend *be,
    const char *name);
void store_fini(struct store *s);

/* Release what the operation carries to the store: its bytes. */
void store_op_unload(struct store_op *op);

/* The operation is finished, or failed for *e (copied). */
void store_done(struct store *s, struct store_op *op, const struct err *e);

/*
 * The same for many that failed for one reason, which is kept once and not
 * for each of them: "ops" is empty afterwards.
 */
void store_doom(struct store *s, struct store_queue *ops, const struct err *e);

#endif
