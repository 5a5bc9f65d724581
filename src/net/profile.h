/*
 * profile -- the files that AWS tools share: ~/.aws/credentials and
 * ~/.aws/config.  Source: AWS SDKs and Tools Reference Guide, "Format of the
 * shared config and credentials files".
 *
 *     [default]			a section; in the config file
 *     [profile x]			"profile x", in the other one "x"
 *     [profile "x y"]		"profile x y"
 *     name = value		names in any case, last one counts
 *     # comment  ; comment	also behind a blank at the end of a value
 *     s3 =
 *       endpoint_url = value	kept as "s3.endpoint_url"; an indented
 *				line without '=' is passed over
 */
#ifndef NET_PROFILE_H
#define NET_PROFILE_H

#include <stddef.h>

#include "base/err.h"

enum {
	PROFILE_MAX_BYTES = 1024 * 1024
};

struct profile;

/* An empty one; freeing wipes it. */
struct profile *profile_new(void);
void profile_free(struct profile *p);

/*
 * Add what text[0 .. n-1] says; "file" names it in the error.  Class config:
 * a line that is none of the above, with its number and never its text; over
 * PROFILE_MAX_BYTES.
 */
int profile_parse(struct profile *p, const char *text, size_t n,
    const char *file, struct err *e);

/* The value of "name" (lower case) in a section ("default", "profile x"), or
 * NULL; lives as long as p.  A section that is there may be empty. */
const char *profile_get(const struct profile *p, const char *section,
    const char *name);
int profile_has(const struct profile *p, const char *section);

#endif
