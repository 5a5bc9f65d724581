#include "cmd/wanted.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/mem.h"

/* The path that a pattern without wildcards is, or NULL; the caller frees. */
static char *
path_of(const struct pattern *p)
{
	const char *literal = pattern_literal(p);
	const char *name = pattern_only(p, pattern_start(p));

	if (pattern_nvars(p) > 0 || name == NULL)
		return (NULL);
	return (mem_printf("%s/%s", strcmp(literal, "/") == 0 ? "" : literal,
	    name));
}

/* Has a pattern before number i taken what this one, a mere path, names? */
static bool
taken_before(const struct cycle *c, size_t i)
{
	char *path = path_of(c->patterns[i]);
	bool taken = false;
	size_t k;

	for (k = 0; path != NULL && k < i && !taken; k++)
		taken = pattern_match(c->patterns[k], path, NULL);
	free(path);
	return (taken);
}

void
wanted_warn(const struct cycle *c, const bool *matched, bool *barren)
{
	bool empty;
	size_t i;

	for (i = 0; i < c->npatterns; i++) {
		empty = !matched[i] && !taken_before(c, i);
		if (empty && !barren[i])
			log_warn("the pattern %s matches nothing",
			    pattern_text(c->patterns[i]));
		barren[i] = empty;
	}
}

int
wanted_check(const struct cycle *c, struct err *e)
{
	struct stat st;
	char *path;
	size_t i;
	int ret = 0;

	for (i = 0; ret == 0 && i < c->npatterns; i++) {
		if ((path = path_of(c->patterns[i])) == NULL)
			continue;
		if (stat(path, &st) == -1) {
			if (errno == ENOENT) {
				err_sys(e, ERR_USAGE, "pattern %s", path);
				ret = -1;
			}
		} else if (S_ISDIR(st.st_mode)) {
			err_set(e, ERR_USAGE, "pattern %s: is a directory; "
			    "what is in it matches '%s/*'", path, path);
			ret = -1;
		} else if (!S_ISREG(st.st_mode)) {
			err_set(e, ERR_USAGE, "pattern %s: is no regular "
			    "file", path);
			ret = -1;
		} else if (!c->follow && lstat(path, &st) == 0 &&
		    S_ISLNK(st.st_mode)) {
			err_set(e, ERR_USAGE, "pattern %s: is a symbolic link "
			    "(--follow follows it)", path);
			ret = -1;
		}
		free(path);
	}
	return (ret);
}
