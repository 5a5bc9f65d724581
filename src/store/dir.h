/*
 * dir -- the directory store: a tree of files, an object each, and beside
 * them .litefleet/ with the marker and unfinished files.  See store.h for its
 * rules and batch.h for the order in which it makes things durable.
 */
#ifndef STORE_DIR_H
#define STORE_DIR_H

#include "base/err.h"
#include "store/backend.h"

/* store_open() of a file URL. */
struct store *dir_open(const struct store_cfg *cfg, struct err *e);

/*
 * The class of an errno value met while an object is handled.  Never gone or
 * busy: those would be taken for the database's.
 */
enum err_class dir_class(int errnum);

/* Reading and listing below the directory rootfd (dirread.c, dirlist.c);
 * "store" is the store's name, as long as it is open. */
struct store_reader *dir_get(int rootfd, const char *store,
    const struct store_get_cfg *cfg, uint64_t *size, struct err *e);
struct store_lister *dir_list(int rootfd, const char *store,
    const struct store_list_cfg *cfg, struct err *e);

#endif
