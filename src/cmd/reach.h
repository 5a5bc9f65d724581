/*
 * reach -- what each kind of process may reach (proc/sandbox.h): the files of
 * the C library and TLS, what the store takes, and what it is there for.  One
 * process, one sandbox.
 *
 * Those of forked processes are made by the supervisor just before the fork,
 * so that a service's follow what has come and gone since, and freed with
 * sandbox_free() when the processes have been forked; that of a pool when the
 * pool has run, since workers are forked again.  A command that is one process
 * enters its own with reach_enter(), before it opens a store.
 */
#ifndef CMD_REACH_H
#define CMD_REACH_H

#include <stdbool.h>

#include "proc/sandbox.h"
#include "store/store.h"
#include "store/url.h"

struct bulkplan;
struct cycle;

/* What every process of ours may read: libraries that are loaded late, the
 * time zone, random numbers. */
struct sandbox *reach_new(void);

/* A network: the resolver's files, certificates, keys. */
void reach_network(struct sandbox *sb, const struct store_s3_cfg *s3);

/* A store: its directory, or the network. */
void reach_store(struct sandbox *sb, const struct store_url *url,
    const struct store_s3_cfg *s3, enum sandbox_right right);

/* The store that the URL of something in it speaks of; none, where there is
 * none: who opens it will say so. */
void reach_located(struct sandbox *sb, const char *url,
    const struct store_s3_cfg *s3, enum sandbox_right right);

/* What a file is made in, or replaced in: write its directory. */
void reach_beside(struct sandbox *sb, const char *path);

/*
 * The workers of a cycle, the state being open: read what the patterns open
 * onto, or the directories of what is uploaded, and all with --follow, where
 * links decide; write store, state and spool.  A directory store that is yet
 * to begin, and a spool, are made here if they are missing: nothing can be
 * granted of what is not there.  What cannot be made, the workers will say.
 */
struct sandbox *reach_cycle(const struct cycle *c);

/* The workers of a restore: read the store, write root (made likewise) and
 * spool. */
struct sandbox *reach_restore(const struct bulkplan *p);

/*
 * In a command that is one process, for good: enter it, and free it.  Class as
 * of sandbox_enter().
 */
int reach_enter(struct sandbox *sb, struct err *e);

#endif
