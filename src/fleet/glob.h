/*
 * glob -- one name against one glob: '*' '?' '[a-z]' '[!a]' '{a,b}', '\'
 * escapes the next byte, "{{name}}" is a '*' with a name.  A component of a
 * pattern (fleet/pattern.h), or all of an exclude that looks at names.
 *
 * Alternatives of a brace may hold wildcards; the brace is one variable, and
 * they are part of its value.  A leading dot only matches a literal dot.
 * Where several splits are possible, the earlier wildcard takes as little as
 * it can.  Matching takes at most (bytes of the glob) * (bytes of the name)
 * steps, whatever both are.
 */
#ifndef FLEET_GLOB_H
#define FLEET_GLOB_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "fleet/pattern.h"

enum {
	GLOB_NAME_MAX = 255	/* a longer name matches nothing */
};

struct glob;

/*
 * Compile text[0 .. len-1].  "what" begins the sentence of an error, which is
 * of class usage for what pattern_new() calls so: 'pattern "/data/[x"'.
 */
struct glob *glob_new(const char *text, size_t len, const char *what,
    struct err *e);
void glob_free(struct glob *g);

/*
 * Does the name match as a whole?  An empty name, "." and ".." never do.  If
 * values is not NULL, fills values[0 .. glob_nvars()-1] with pieces of it.
 */
bool glob_match(const struct glob *g, const char *name, size_t len,
    struct pattern_value *values);

/* The one name that a glob without wildcards matches, else NULL. */
const char *glob_literal(const struct glob *g);

/* How many wildcards, and the name of the i-th, NULL if it has none. */
size_t glob_nvars(const struct glob *g);
const char *glob_var_name(const struct glob *g, size_t i);

/* Append the glob's text with these values in the place of its wildcards,
 * which need not match. */
void glob_build(const struct glob *g, const struct pattern_value *values,
    struct buf *b);

#endif
