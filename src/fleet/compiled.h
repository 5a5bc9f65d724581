/*
 * compiled -- the inside of a pattern (fleet/pattern.h): pattern.c compiles
 * it, match.c puts it to paths.
 */
#ifndef FLEET_COMPILED_H
#define FLEET_COMPILED_H

#include <stddef.h>

#include "fleet/glob.h"
#include "fleet/pattern.h"

struct comp {
	struct glob *glob;	/* NULL: "**" */
	const char *literal;	/* the one name that it matches, or NULL */
	size_t first_var;
};

/* What a wildcard is called beside its number. */
struct var {
	const char *name;	/* its own, or NULL */
	const char *place;	/* by where it stands, or NULL */
	char number[4];
};

struct pattern {
	char *text;
	char *literal;
	struct comp *comps;
	size_t ncomps;
	size_t deep;		/* which component is "**"; ncomps: none */
	size_t start;		/* the first one behind the literal ones */
	struct var vars[PATTERN_VARS_MAX];
	size_t nvars;
	int deep_var;
};

#endif
