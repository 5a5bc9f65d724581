/*
 * check -- SQLite's own opinion of an image: quick_check or integrity_check
 * of a private copy that nothing can change.
 *
 * The schema in it is not ours: it is opened immutable, with no trust in its
 * schema and with what is dangerous switched off.
 */
#ifndef DB_CHECK_H
#define DB_CHECK_H

#include "base/err.h"
#include "db/image.h"

/*
 * Check *img as "how" says and set its "damaged" and "why".  If the check
 * itself cannot be made (the schema wants a collation or a function that is
 * the application's), damaged stays false and why says so.  Class io, space.
 */
int check_image(struct image *img, enum image_check how, const char *spool,
    struct err *e);

#endif
