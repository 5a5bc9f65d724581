/*
 * statedir -- the directory that remembers one store's fleet between runs:
 *
 *     <base>/<16 hex digits of the hash of the store's URL>/    mode 0700
 *         lock       flock(2); holds pid, host and start of who has it
 *         id         text (below)
 *         reconciled empty; its modification time is when the store was last
 *                    compared with the records; pruned: when old backups were
 *         working    there while objects are stored whose records are not on
 *                    the disk: which boot of the machine that was
 *         00 ... ff  segments (state/state.h), 00.names ... ff.names
 *
 * id, lines of "word value":
 *     litefleet-state 1
 *     url <canonical URL of the store>
 *     seed <16 hex digits: seed of the path hashes>
 *     store <32 hex digits: the store's id, zeros before the first backup>
 *     check <16 hex digits: XXH3-64 of the lines before; in every format>
 * In the URL, tab, newline and backslash are \t, \n and \\.  The modification
 * time of id is when the store's marker was last read.
 *
 * Owner: the supervisor opens and locks; workers inherit the descriptors.
 */
#ifndef STATE_STATEDIR_H
#define STATE_STATEDIR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"

struct state_id {
	uint64_t seed;
	struct hash128 store;	/* zero: no store yet */
};

struct statedir;

/*
 * The base directory: "dir" if not NULL, else $STATE_DIRECTORY (its first, if
 * several are given with colons), else /var/lib/litefleet for root, else
 * $XDG_STATE_HOME/litefleet, else $HOME/.local/state/litefleet.  The caller
 * frees.  Class config if there is none.
 */
char *statedir_base(const char *dir, struct err *e);

/*
 * Open and lock the state of store "url" below "base", making what is
 * missing, waiting up to wait_ms for a lock that another run holds.  Class
 * busy: names the holder.  Class state: an id of another format or another
 * URL, or the directory cannot be made or written.  A damaged id, or segments
 * without one, are said once (log_warn) and begun anew as by statedir_reset(),
 * so all databases are new.  And it is said if the kernel does not say which
 * boot of the machine this is (state/working.h).
 */
struct statedir *statedir_open(const char *base, const char *url,
    int64_t wait_ms, struct err *e);

/*
 * Open for reading only, without a lock and without making anything.  NULL
 * and class gone if there is no state; class state if its id is damaged, of
 * another format or of another URL.
 */
struct statedir *statedir_peek(const char *base, const char *url,
    struct err *e);

/* Releases the lock if this process opened it and no child holds it. */
void statedir_close(struct statedir *sd);

/*
 * In a forked worker, which keeps no descriptor but the lock's: open the
 * directory anew.  The old descriptor is forgotten, not closed: its number
 * may be something else's.  Class state.
 */
int statedir_reopen(struct statedir *sd, struct err *e);

int statedir_fd(const struct statedir *sd);	/* of the directory */
int statedir_lock_fd(const struct statedir *sd);	/* -1 after peek */
const char *statedir_path(const struct statedir *sd);
struct state_id statedir_id(const struct statedir *sd);

/* Read id again: a worker may have written it.  Class state. */
int statedir_reload(struct statedir *sd, struct err *e);

/* Write id with this store (durably); its time is now.  Class state, space. */
int statedir_set_store(struct statedir *sd, struct hash128 store,
    struct err *e);

/* When was the marker last read (ms since 1970; 0 while there is no store)?
 * And: it was, just now. */
int64_t statedir_marker_ms(const struct statedir *sd);
void statedir_marker_seen(struct statedir *sd);

/*
 * Records are not synced, so after a power failure one may be older than the
 * newest object of its database: it says "unchanged" of values that were there
 * before, and are there again if the database lost its last commits, too.
 *
 * statedir_begin(): objects will be stored; durable when it returns.  Class
 * state, space.  statedir_was_cut(): did the power fail after that, and before
 * statedir_end()?  statedir_end(): what was recorded is on the disk; if that
 * fails, and after statedir_peek(), it is as if it had not been called.
 */
int statedir_begin(struct statedir *sd, struct err *e);
bool statedir_was_cut(const struct statedir *sd);
void statedir_end(struct statedir *sd);

/*
 * statedir_end() in its parts, since the second may block for minutes: is
 * there anything to do?  Do it, also in a forked process that has kept nothing
 * but the lock's descriptor; class io.  And where it was opened: it is done.
 */
bool statedir_is_working(const struct statedir *sd);
int statedir_sync(const struct statedir *sd, struct err *e);
void statedir_synced(struct statedir *sd);

/* What is done to a store now and then.  When was it last (ms since 1970; 0:
 * never)?  And: it was, just now. */
enum statedir_moment { STATEDIR_RECONCILED, STATEDIR_PRUNED };
int64_t statedir_moment_ms(const struct statedir *sd,
    enum statedir_moment what);
void statedir_moment_now(struct statedir *sd, enum statedir_moment what);

/* Forget everything: new seed, no store, no segments.  Class state. */
int statedir_reset(struct statedir *sd, struct err *e);

/*
 * The hash by which a path is known in this state; its top 8 bits (hi >> 56)
 * are the segment.
 */
struct hash128 statedir_hash(const struct state_id *id, const char *path,
    uint64_t len);

#endif
