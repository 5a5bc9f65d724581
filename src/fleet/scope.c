#include "fleet/scope.h"

#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/mem.h"
#include "base/path.h"
#include "fleet/glob.h"

/* One that has '/' in it. */
struct path_exclude {
	struct pattern *pattern;
	bool here;		/* may match in this directory */
};

struct avoided {
	dev_t dev;
	ino_t ino;
	char *real;
};

/* An earlier pattern than the one that is walked. */
struct earlier {
	dev_t dev;		/* of its literal directory */
	bool walked;
	bool reaches;		/* its own walk gets where this one starts */
	bool here;		/* may match in this directory */
};

struct scope {
	const struct walk_cfg *cfg;
	size_t pattern;		/* the one that is walked */
	dev_t dev;		/* of its literal directory */
	struct glob **names;
	size_t nnames;
	struct path_exclude *paths;
	size_t npaths;
	struct avoided *avoided;
	size_t navoided;
	struct earlier *earlier;	/* [npatterns] */
	bool bare;
};

static int
add_exclude(struct scope *s, const char *text, struct err *e)
{
	struct path_exclude *x = &s->paths[s->npaths];
	char *what;

	if (strchr(text, '/') != NULL) {
		if ((x->pattern = pattern_new(text, e)) == NULL) {
			err_prefix(e, "exclude");
			return (-1);
		}
		s->npaths++;
		return (0);
	}
	what = mem_printf("exclude \"%s\"", text);
	s->names[s->nnames] = glob_new(text, strlen(text), what, e);
	free(what);
	if (s->names[s->nnames] == NULL)
		return (-1);
	s->nnames++;
	return (0);
}

/* What is not there now cannot hold anything to be avoided. */
static void
add_avoided(struct scope *s, const char *path)
{
	struct avoided *a = &s->avoided[s->navoided];
	struct stat st;

	if ((a->real = realpath(path, NULL)) == NULL)
		return;
	if (stat(a->real, &st) == -1) {
		free(a->real);
		return;
	}
	a->dev = st.st_dev;
	a->ino = st.st_ino;
	s->navoided++;
}

struct scope *
scope_new(const struct walk_cfg *cfg, struct err *e)
{
	struct scope *s = mem_zero(sizeof(*s));
	size_t i;

	s->cfg = cfg;
	s->names = mem_zero(cfg->nexcludes * sizeof(*s->names));
	s->paths = mem_zero(cfg->nexcludes * sizeof(*s->paths));
	s->avoided = mem_zero(cfg->navoid * sizeof(*s->avoided));
	s->earlier = mem_zero(cfg->npatterns * sizeof(*s->earlier));
	for (i = 0; i < cfg->nexcludes; i++)
		if (add_exclude(s, cfg->excludes[i], e) == -1) {
			scope_free(s);
			return (NULL);
		}
	for (i = 0; i < cfg->navoid; i++)
		add_avoided(s, cfg->avoid[i]);
	return (s);
}

void
scope_free(struct scope *s)
{
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; i < s->nnames; i++)
		glob_free(s->names[i]);
	for (i = 0; i < s->npaths; i++)
		pattern_free(s->paths[i].pattern);
	for (i = 0; i < s->navoided; i++)
		free(s->avoided[i].real);
	free(s->names);
	free(s->paths);
	free(s->avoided);
	free(s->earlier);
	free(s);
}

/*
 * Call ask(s, prefix, its last component) for "path" and its parents, as
 * long as they lie below "top", until one says yes.
 */
static bool
any_prefix(const struct scope *s, const char *path, const char *top,
    bool (*ask)(const struct scope *s, const char *path, const char *name))
{
	char *p = mem_strdup(path), *slash;
	bool yes = false;

	while (!yes && strcmp(p, top) != 0 &&
	    (slash = strrchr(p, '/')) != NULL && slash[1] != '\0') {
		yes = ask(s, p, slash + 1);
		*slash = '\0';
	}
	free(p);
	return (yes);
}

static bool
path_excluded(const struct scope *s, const char *path, const char *name)
{
	size_t i;

	(void)name;
	for (i = 0; i < s->npaths; i++)
		if (pattern_match(s->paths[i].pattern, path, NULL))
			return (true);
	return (false);
}

/* Would a walk that comes from above not enter this directory? */
static bool
barred(const struct scope *s, const char *path, const char *name)
{
	struct stat st;

	if (scope_excludes_name(s, name, strlen(name)))
		return (true);
	return (!s->cfg->follow && lstat(path, &st) == 0 &&
	    S_ISLNK(st.st_mode));
}

/*
 * Does an earlier pattern's walk, which starts at "from", get to the literal
 * directory "to" (or does this one get to that)?  If not, a path that both
 * match is nobody's unless this one takes it.
 */
static bool
reaches(const struct scope *s, const char *from, const char *to)
{
	if (path_within(from, to))
		return (true);
	return (path_within(to, from) && !any_prefix(s, to, from, barred));
}

bool
scope_pattern(struct scope *s, size_t i, const char *real,
    const struct stat *st)
{
	const char *literal = pattern_literal(s->cfg->patterns[i]);
	size_t k;

	s->pattern = i;
	s->dev = s->earlier[i].dev = st->st_dev;
	for (k = 0; k < i; k++)
		s->earlier[k].reaches = s->earlier[k].walked && reaches(s,
		    pattern_literal(s->cfg->patterns[k]), literal);
	for (k = 0; k < s->navoided; k++)
		if (path_within(real, s->avoided[k].real))
			return (false);
	s->earlier[i].walked = !any_prefix(s, literal, "", path_excluded);
	return (s->earlier[i].walked);
}

/* A file system of the kernel's, in which files are no data. */
static bool
is_pseudo(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) == -1)
		return (false);
	return (fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC ||
	    fs.f_type == CGROUP_SUPER_MAGIC ||
	    fs.f_type == CGROUP2_SUPER_MAGIC);
}

bool
scope_enters(const struct scope *s, int fd, const struct stat *st,
    dev_t parent_dev)
{
	size_t i;

	for (i = 0; i < s->navoided; i++)
		if (st->st_ino == s->avoided[i].ino &&
		    st->st_dev == s->avoided[i].dev)
			return (false);
	if (st->st_dev == parent_dev)
		return (true);
	if (s->cfg->one_file_system && st->st_dev != s->dev)
		return (false);
	return (!is_pseudo(fd));
}

void
scope_directory(struct scope *s, const char *path, dev_t dev)
{
	struct earlier *k;
	size_t i;

	s->bare = true;
	for (i = 0; i < s->npaths; i++) {
		s->paths[i].here = path_within(path,
		    pattern_literal(s->paths[i].pattern));
		s->bare = s->bare && !s->paths[i].here;
	}
	for (i = 0; i < s->pattern; i++) {
		k = &s->earlier[i];
		k->here = k->reaches &&
		    path_within(path, pattern_literal(s->cfg->patterns[i])) &&
		    (!s->cfg->one_file_system || k->dev == dev);
		s->bare = s->bare && !k->here;
	}
}

bool
scope_excludes_name(const struct scope *s, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < s->nnames; i++)
		if (glob_match(s->names[i], name, len, NULL))
			return (true);
	return (false);
}

bool
scope_excludes_path(const struct scope *s, const char *path)
{
	size_t i;

	for (i = 0; i < s->npaths; i++)
		if (s->paths[i].here &&
		    pattern_match(s->paths[i].pattern, path, NULL))
			return (true);
	return (false);
}

bool
scope_taken(const struct scope *s, const char *path)
{
	size_t i;

	for (i = 0; i < s->pattern; i++)
		if (s->earlier[i].here &&
		    pattern_match(s->cfg->patterns[i], path, NULL))
			return (true);
	return (false);
}

bool
scope_bare(const struct scope *s)
{
	return (s->bare);
}
