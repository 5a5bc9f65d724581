/*
 * pattern -- which paths are databases of the fleet: a glob over absolute
 * paths whose wildcards are variables.
 *
 * Within a component: '*' '?' '[a-z]' '[!a]' '{a,b}', '\' escapes the next
 * byte, "{{name}}" is a '*' with a name.  "**" is a component of its own, at
 * most one, and stands for any number of components (none too).  A leading
 * dot only matches a literal dot (also below "**").  Bytes, not characters;
 * case counts.
 *
 * Every wildcard is a variable: {{1}}, {{2}}, ... in order.  A named one has
 * its name; an unnamed one that is alone in standing (with literal text
 * around it) in the component after a literal directory "data" or "projects",
 * "databases", "branches", "tenants" is also {{project}}, {{database}},
 * {{branch}}, {{tenant}}; of two that would have the same name, the first.  A
 * variable's value is what its wildcard matched, without the literal text
 * around it; where several splits are possible, the earlier wildcard takes as
 * little as it can.  The alternatives of a brace may hold wildcards, which are
 * part of its value.
 */
#ifndef FLEET_PATTERN_H
#define FLEET_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum {
	PATTERN_VARS_MAX = 32
};

struct pattern;

/* A piece of the matched path; not terminated. */
struct pattern_value {
	const char *p;
	size_t len;
};

/*
 * Compile "text".  Relative patterns are put below the working directory;
 * "//" and "." components vanish.  Class usage, one sentence naming the
 * pattern: empty, "..", two "**", "**" with other text in its component,
 * unclosed or empty bracket or brace, "[^", "[[:", a range that runs
 * backwards, a brace of one alternative, nested braces, a '\' at the end, a
 * name that is not [a-z][a-z0-9_]*, that occurs twice or is "path" or "host",
 * more than PATTERN_VARS_MAX wildcards.  The caller frees.
 */
struct pattern *pattern_new(const char *text, struct err *e);
void pattern_free(struct pattern *p);

/* The normal, absolute text of the pattern, as long as it lives. */
const char *pattern_text(const struct pattern *p);

/*
 * The directories before the first component with a wildcard: "/data" of
 * "/data/x*\/y".  The pattern without wildcards: its parent directory ("/" at
 * least).  Unescaped, as long as the pattern lives.
 */
const char *pattern_literal(const struct pattern *p);

/* Variables: how many, and the number of the one of this name ("project",
 * "1"), or -1. */
size_t pattern_nvars(const struct pattern *p);
int pattern_var(const struct pattern *p, const char *name, size_t len);

/* The best name of variable i: its own, else project..., else its number. */
const char *pattern_var_name(const struct pattern *p, size_t i);

/* The number of the variable that "**" is, or -1. */
int pattern_doublestar(const struct pattern *p);

/*
 * Does the absolute path match?  One that is not normal ("//", ".", "..", a
 * slash at the end) or has a component above 255 bytes never does.  If
 * values is not NULL, fills values[0 .. pattern_nvars()-1] with pieces of
 * "path" ("**": "a/b" or nothing).
 */
bool pattern_match(const struct pattern *p, const char *path,
    struct pattern_value *values);

/*
 * The opposite: append the path that has these values to *b.  False if no
 * path has them (a value that its wildcard does not match, or for which
 * pattern_match() would split otherwise).
 */
struct buf;
bool pattern_build(const struct pattern *p, const struct pattern_value *values,
    struct buf *b);

/*
 * Walking: a pattern_pos is how far a directory has got in the pattern.  The
 * literal directory of the pattern is at pattern_start().
 */
struct pattern_pos {
	unsigned comp;		/* next component to match */
	bool deep;		/* at "**" or anywhere below it */
};
struct pattern_pos pattern_start(const struct pattern *p);

/*
 * The entry "name" of a directory at "pos": may a file of this name match
 * (given the whole path that leads to it)?  Exact, but for what
 * pattern_needs_match() says: there it looks at the last component alone, and
 * the caller asks pattern_match() for the whole path.
 */
bool pattern_file(const struct pattern *p, struct pattern_pos pos,
    const char *name);

/*
 * May anything below a directory "name" at "pos" match?  If so *next is its
 * position.
 */
bool pattern_dir(const struct pattern *p, struct pattern_pos pos,
    const char *name, struct pattern_pos *next);

/* Do the files that pattern_file() accepts at pos need pattern_match()? */
bool pattern_needs_match(const struct pattern *p, struct pattern_pos pos);

/* If all that can follow at "pos" is one literal name, that name, unescaped;
 * so a walk may open it without reading the directory.  Else NULL. */
const char *pattern_only(const struct pattern *p, struct pattern_pos pos);

#endif
