/*
 * template -- a key's template (fleet/key.h) taken apart, and the proof that
 * it maps different paths to different keys.
 *
 * The proof.  Each component of a template holds at most one variable, so a
 * key is taken apart exactly once it is known how many of its components each
 * variable has.  That is one, but for {{path}} and "**": both grow by one with
 * each directory that "**" holds, so the number of components of the whole
 * key tells them.  From the values of all wildcards, as from {{path}}, comes
 * the path.
 */
#ifndef FLEET_TEMPLATE_H
#define FLEET_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "fleet/key.h"
#include "fleet/pattern.h"

#define KEY_RESERVED	".litefleet"

enum template_kind {
	TEMPLATE_TEXT,		/* no variable */
	TEMPLATE_PATH,
	TEMPLATE_VAR		/* one of the pattern's */
};

/* One component: text, a variable, text.  The texts are encoded. */
struct template_part {
	enum template_kind kind;
	char *before;
	size_t before_len;
	char *after;
	size_t after_len;
	char *name;		/* of the variable; NULL: none */
	size_t name_len;
	bool deep;		/* it is a "**" */
};

struct key_template {
	const struct pattern **patterns;	/* borrowed ones */
	size_t npatterns;
	struct template_part *parts;
	size_t nparts;
	bool has_path;
	bool has_host;
	bool has_vars;
	uint32_t naming;
};

#endif
