/*
 * scope -- what a walk leaves alone: what an exclude matches, the directories
 * to avoid, file systems that hold no data, and the paths that belong to an
 * earlier pattern.
 */
#ifndef FLEET_SCOPE_H
#define FLEET_SCOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/err.h"
#include "fleet/walk.h"

struct scope;

/* *cfg must outlive the scope.  Class usage, naming the exclude. */
struct scope *scope_new(const struct walk_cfg *cfg, struct err *e);
void scope_free(struct scope *s);

/*
 * Turn to pattern i, whose literal directory really is "real" with these stat
 * values.  False if nothing below it may be looked at.
 */
bool scope_pattern(struct scope *s, size_t i, const char *real,
    const struct stat *st);

/* May this directory be entered?  fd: of it; parent_dev: of its parent. */
bool scope_enters(const struct scope *s, int fd, const struct stat *st,
    dev_t parent_dev);

/* What is asked next is about names in the directory "path" (as walk_dir). */
void scope_directory(struct scope *s, const char *path, dev_t dev);

/* Does an exclude match this name? */
bool scope_excludes_name(const struct scope *s, const char *name, size_t len);

/*
 * Does an exclude match this path of a file or directory; does this path of a
 * file belong to an earlier pattern?  Need not be asked where scope_bare().
 */
bool scope_excludes_path(const struct scope *s, const char *path);
bool scope_taken(const struct scope *s, const char *path);
bool scope_bare(const struct scope *s);

#endif
