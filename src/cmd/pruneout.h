/*
 * pruneout -- what a person and a pipeline see of removing old backups: the
 * lines of a dry run, an object for each backup removed, the summary.
 */
#ifndef CMD_PRUNEOUT_H
#define CMD_PRUNEOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "store/store.h"

struct pruneout_cfg {
	bool dry;		/* nothing is removed */
	bool json;		/* one object a line */
	bool raw;		/* lines end in NUL and are not escaped */
};

/* versions = kept + removed + failed, once all is done. */
struct prune_count {
	uint64_t databases, versions;	/* found */
	uint64_t kept;
	uint64_t removed;	/* or, in a dry run, to be removed */
	uint64_t failed;	/* could not be removed */
	uint64_t foreign;	/* names that are not ours */
	uint64_t bytes_freed;
	uint64_t requests[STORE_NREQUEST];
	uint64_t whole;		/* 1: all was looked at.  No bool, which may
				 * be but 0 or 1: a role says these bytes */
};

struct pruneout_version {
	const char *key;
	const char *object;
	int64_t ms;
	uint64_t bytes;
};

struct pruneout;

struct pruneout *pruneout_new(const struct pruneout_cfg *cfg);
void pruneout_free(struct pruneout *o);

/* A version in a dry run, with the set of fleet/keep.h. */
void pruneout_decided(struct pruneout *o, const struct pruneout_version *v,
    uint8_t why);

/* A version was removed; with --json an object. */
void pruneout_removed(struct pruneout *o, const struct pruneout_version *v);

/* Write out what is buffered.  Class io: standard output took not all. */
int pruneout_flush(struct pruneout *o, struct err *e);

/* "Prune complete: ..." on stderr, and with --json as an object. */
void pruneout_summary(struct pruneout *o, const struct prune_count *n,
    int64_t took_ms);

#endif
