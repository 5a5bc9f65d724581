/*
 * check -- SQLite's own opinion of an image, or of restored content:
 * quick_check or integrity_check of a private copy that nothing can change.
 *
 * The schema in it is not ours: it is opened immutable, with no trust in its
 * schema, with what is dangerous switched off, and within bounds of time and
 * memory.  CHECK constraints are not looked at.
 */
#ifndef DB_CHECK_H
#define DB_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "db/image.h"

/*
 * How long a check may take, besides a second for each MiB (default: a
 * minute); it is then one that cannot be made.  After twice as much time of the
 * processor, in a call that cannot be interrupted, SIGPROF ends the process.
 */
void check_patience(int64_t ms);

enum {
	CHECK_MEM_BYTES = 8 * 1024 * 1024	/* check_file(): up to here the
						 * copy is in memory */
};

/*
 * Check *img as "how" says and set its "damaged" and "why".  If the check
 * itself cannot be made (the schema wants a collation or a function that is
 * the application's), damaged stays false and why says so.  Class io, space.
 */
int check_image(struct image *img, enum image_check how, const char *spool,
    struct err *e);

/*
 * The same of the first "size" bytes of the file fd, which gets no name by it:
 * an O_TMPFILE that was linked and unlinked could never be linked again.
 */
struct check_verdict {
	bool damaged;
	char why[256];		/* as in struct image */
};
int check_file(int fd, uint64_t size, enum image_check how,
    const char *spool, struct check_verdict *v, struct err *e);

#endif
