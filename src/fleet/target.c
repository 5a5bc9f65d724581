#include "fleet/target.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fleet/template.h"

/* How a name ends that job/part.h gives to what it keeps, which may be cut and
 * removed: it must never be a database. */
#define PART_END	".litefleet-part"

struct target {
	char *literal;		/* by key: "" or "a/b/" */
	const struct key_template *template;	/* NULL: by key */
	const struct pattern *which;
	struct buf path;
};

struct target *
target_by_key(const char *literal)
{
	struct target *t = mem_zero(sizeof(*t));

	t->literal = mem_printf("%s%s", literal, *literal == '\0' ? "" : "/");
	return (t);
}

struct target *
target_by_path(const struct key_template *template,
    const struct pattern *which)
{
	struct target *t = mem_zero(sizeof(*t));

	t->template = template;
	t->which = which;
	return (t);
}

void
target_free(struct target *t)
{
	if (t == NULL)
		return;
	free(t->literal);
	buf_fini(&t->path);
	free(t);
}

static int
check_component(const char *s, size_t n, struct err *e)
{
	if (n > NAME_MAX) {
		err_set(e, ERR_LIMIT, "a component of its target has %zu "
		    "bytes, and a file's name has at most %d", n, NAME_MAX);
		return (-1);
	}
	if (n > 0 && !(n == 1 && s[0] == '.') &&
	    !(n == 2 && memcmp(s, "..", 2) == 0))
		return (0);
	err_set(e, ERR_DENIED, "refused: a component of its target is %s, so "
	    "it could leave the directory of the restore",
	    n == 0 ? "empty" : n == 1 ? "\".\"" : "\"..\"");
	return (-1);
}

static bool
is_part(const char *name)
{
	size_t n = strlen(name), end = sizeof(PART_END) - 1;

	return (name[0] == '.' && n > end &&
	    strcmp(name + n - end, PART_END) == 0);
}

int
target_check(const char *rel, struct err *e)
{
	const char *last = rel, *end;

	for (;; last = end + 1) {
		end = strchrnul(last, '/');
		if (check_component(last, (size_t)(end - last), e) == -1)
			return (-1);
		if (*end == '\0')
			break;
	}
	if (strlen(rel) >= PATH_MAX) {
		err_set(e, ERR_LIMIT, "its target has %zu bytes, and a path "
		    "has at most %d", strlen(rel), PATH_MAX - 1);
		return (-1);
	}
	if (strncmp(rel, KEY_RESERVED, sizeof(KEY_RESERVED) - 1) == 0 ||
	    is_part(last)) {
		err_set(e, ERR_DENIED, "refused: its target would have a name "
		    "that litefleet keeps for its own files");
		return (-1);
	}
	return (0);
}

/* The part of "path" below the literal directory of the pattern; NULL: it is
 * that directory, which a pattern that ends in "**" matches, too. */
static const char *
below_literal(const struct pattern *which, const char *path)
{
	const char *literal = pattern_literal(which);
	size_t n = literal[1] == '\0' ? 0 : strlen(literal);

	return (path[n] == '/' ? path + n + 1 : NULL);
}

int
target_of(struct target *t, const char *key, struct buf *rel, struct err *e)
{
	const char *below;
	size_t n;

	buf_reset(rel);
	if (t->template == NULL) {
		n = strlen(t->literal);
		if (strncmp(key, t->literal, n) != 0)
			return (0);
		buf_puts(rel, key + n);
	} else {
		if (key_invert(t->template, key, &t->path) == -1 ||
		    !pattern_match(t->which, buf_str(&t->path), NULL))
			return (0);
		if ((below = below_literal(t->which, buf_str(&t->path))) ==
		    NULL) {
			err_set(e, ERR_DENIED, "refused: its path is that of "
			    "the directory that the pattern begins with; "
			    "\"litefleet restore\" brings it back");
			return (-1);
		}
		buf_puts(rel, below);
	}
	return (target_check(buf_str(rel), e) == -1 ? -1 : 1);
}
