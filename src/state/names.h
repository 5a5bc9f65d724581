/*
 * names -- the paths behind a segment's hashes, for people who ask: a file
 * that is only appended to.
 *
 * Entry (little endian): u16 length, u64 low half of the path hash, path.
 * The hash is the entry's checksum: reading goes on at the next entry that
 * agrees with its hash, so a torn one costs only itself.
 */
#ifndef STATE_NAMES_H
#define STATE_NAMES_H

#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "state/statedir.h"

enum {
	NAMES_PATH_MAX = 4096
};

struct names {
	int dirfd;		/* the caller's */
	int fd;			/* for appending; -1 until that is needed */
	uint64_t bytes;		/* of the file, while fd is open */
	char name[12];		/* "a7.names" */
};

/* Neither opens nor makes the file. */
void names_init(struct names *ns, int dirfd, unsigned seg);
void names_fini(struct names *ns);

/*
 * Append "path", of hash h; *old_bytes is the length that names_cut() takes
 * the file back to.  After a failure nothing was appended.  Class space, io;
 * limit for a path above NAMES_PATH_MAX bytes.
 */
int names_append(struct names *ns, struct hash128 h, const char *path,
    uint64_t *old_bytes, struct err *e);

/* Cut the file, if there is one, to this length.  Class io. */
int names_cut(struct names *ns, uint64_t bytes, struct err *e);

/*
 * Call "each" with every sound entry, in the order of appending; *skipped is
 * how many bytes were none.  No file: no entries.  Class io.
 */
int names_each(const struct names *ns, const struct state_id *id,
    void (*each)(void *ctx, struct hash128 h, const char *path), void *ctx,
    uint64_t *skipped, struct err *e);

#endif
