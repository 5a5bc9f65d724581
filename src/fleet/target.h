/*
 * target -- where the databases of a store go when many are restored: for
 * each key a path below one directory, the root of the restore.
 *
 * By key: the key relative to the literal directory of the glob that chose
 * it, as it is (percent-encoded).  By original path: the template is
 * inverted from key to path, and the path relative to the literal directory
 * of the pattern that chooses.  Either way different keys have different
 * targets.
 *
 * Keys are untrusted.  A target has one or more components; none is empty,
 * ".", ".." or longer than 255 bytes; it holds no NUL, and is not one of the
 * names that litefleet gives to files of its own in the root (".litefleet...",
 * and parts of large objects).  (Symbolic links on the way are the affair of
 * job/land.h.)
 */
#ifndef FLEET_TARGET_H
#define FLEET_TARGET_H

#include "base/buf.h"
#include "base/err.h"
#include "fleet/key.h"
#include "fleet/pattern.h"

struct target;

/* By key; literal: "" or "a/b", whole components that all keys begin with. */
struct target *target_by_key(const char *literal);

/* By path: of the template's keys, those whose paths "which" matches.  Both
 * must outlive it. */
struct target *target_by_path(const struct key_template *template,
    const struct pattern *which);
void target_free(struct target *t);

/*
 * Put the target of a key into *rel (reset first).  1; 0: the key is none of
 * the template's, or its path does not match, or is not below the literal
 * directory; -1: it must not be restored, class denied (it would leave the
 * root, its path is the literal directory itself, or it is a name of our own)
 * or limit (a name too long); the message leaves it to the caller to name the
 * key.
 */
int target_of(struct target *t, const char *key, struct buf *rel,
    struct err *e);

/* Is "rel" fit to be a target, wherever it comes from?  Classes as above. */
int target_check(const char *rel, struct err *e);

#endif
