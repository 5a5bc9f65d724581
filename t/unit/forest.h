/*
 * forest -- for the tests of the walk: a scratch directory with files in it,
 * and what a walk of it says, as text that can be compared.
 */
#ifndef UNIT_FOREST_H
#define UNIT_FOREST_H

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/mem.h"
#include "fleet/walk.h"
#include "unit/suite.h"

static char top[PATH_MAX];	/* the scratch directory */
static struct walk_cfg cfg;	/* tests set excludes and the like */

/* What the last walk said. */
static char **lines;		/* "a/x.db", "a/x.db+ws" (wal, shm, journal) */
static size_t nlines, nfaults;
static struct err last_fault;
static int walk_result;
static bool say_real;		/* lines begin with the real directory */
static void (*when_found)(const struct walk_dir *d);

static inline void
forest_setup(void)
{
	const char *tmp = getenv("TMPDIR");
	char *made = mem_printf("%s/walk.XXXXXX", tmp != NULL ? tmp : "/tmp");

	ck_assert_ptr_nonnull(mkdtemp(made));
	ck_assert_ptr_nonnull(realpath(made, top));
	ck_assert_int_eq(chmod(top, 0755), 0);
	free(made);
	memset(&cfg, 0, sizeof(cfg));
	say_real = false;
	when_found = NULL;
}

static inline void
forest_forget(void)
{
	while (nlines > 0)
		free(lines[--nlines]);
	free(lines);
	lines = NULL;
	nfaults = 0;
	memset(&last_fault, 0, sizeof(last_fault));
}

static inline void
forest_teardown(void)
{
	char *cmd = mem_printf("chmod -R u+rwx '%s'; rm -rf '%s'", top, top);

	ck_assert_int_eq(system(cmd), 0);
	free(cmd);
	forest_forget();
}

/* The absolute path of a name in the scratch directory; to be freed. */
static inline char *
at(const char *name)
{
	return (name[0] == '\0' ? mem_strdup(top) :
	    mem_printf("%s/%s", top, name));
}

static inline void
make_dir(const char *name)
{
	char *path = at(name);
	struct err e;

	if (io_mkdirs(path, 0755, &e) == -1)
		ck_abort_msg("%s", e.msg);
	free(path);
}

/* Make an empty file and the directories it needs. */
static inline void
make_file(const char *name)
{
	char *path = at(name), *dir = mem_strdup(name), *slash;
	FILE *f;

	if ((slash = strrchr(dir, '/')) != NULL) {
		*slash = '\0';
		make_dir(dir);
	}
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fclose(f), 0);
	free(path);
	free(dir);
}

/* A link: a target without '/' at its beginning is relative as it stands. */
static inline void
make_link(const char *target, const char *name)
{
	char *path = at(name);

	ck_assert_int_eq(symlink(target, path), 0);
	free(path);
}

static inline int
forest_found(void *ctx, const struct walk_dir *d)
{
	const struct walk_entry *en;
	const char *dir = say_real ? d->real : d->path;
	size_t i, n = strlen(top);

	(void)ctx;
	ck_assert_uint_gt(d->nentries, 0);
	if (when_found != NULL)
		when_found(d);
	if (strncmp(dir, top, n) == 0)
		dir += dir[n] == '/' ? n + 1 : n;
	lines = mem_resize(lines, nlines + d->nentries, sizeof(*lines));
	for (i = 0; i < d->nentries; i++) {
		en = &d->entries[i];
		lines[nlines++] = mem_printf("%s%s%s%s%s%s%s", dir,
		    dir[0] == '\0' ? "" : "/", en->name,
		    en->flags != 0 ? "+" : "",
		    en->flags & WALK_WAL ? "w" : "",
		    en->flags & WALK_SHM ? "s" : "",
		    en->flags & WALK_JOURNAL ? "j" : "");
	}
	return (walk_result);
}

static inline void
forest_fault(void *ctx, const struct err *e)
{
	(void)ctx;
	nfaults++;
	last_fault = *e;
}

static inline int
forest_compare(const void *a, const void *b)
{
	return (strcmp(*(char *const *)a, *(char *const *)b));
}

/*
 * Walk by n patterns, relative to the scratch directory unless absolute;
 * fills lines (sorted) and faults.  Returns what walk_run() does; its error is
 * last_fault.
 */
static inline int
walk_by(size_t n, const char *const *texts)
{
	struct pattern *patterns[8];
	struct err e;
	size_t i;
	char *text;
	int rv;

	forest_forget();
	for (i = 0; i < n; i++) {
		text = texts[i][0] == '/' ? mem_strdup(texts[i]) :
		    at(texts[i]);
		patterns[i] = pattern_new(text, &e);
		if (patterns[i] == NULL)
			ck_abort_msg("%s", e.msg);
		free(text);
	}
	cfg.patterns = (const struct pattern *const *)patterns;
	cfg.npatterns = n;
	cfg.found = forest_found;
	cfg.fault = forest_fault;
	if ((rv = walk_run(&cfg, &e)) == -1)
		last_fault = e;
	for (i = 0; i < n; i++)
		pattern_free(patterns[i]);
	if (nlines > 1)
		qsort(lines, nlines, sizeof(*lines), forest_compare);
	return (rv);
}

/* Do the lines of the last walk, with a space between, equal this? */
static inline void
expect_lines(const char *want)
{
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < nlines; i++)
		buf_printf(&b, "%s%s", i > 0 ? " " : "", lines[i]);
	ck_assert_str_eq(buf_str(&b), want);
	buf_fini(&b);
}

/* A walk by one pattern finds this, and nothing else is to be said. */
static inline void
expect(const char *pattern, const char *want)
{
	ck_assert_int_eq(walk_by(1, &pattern), 0);
	if (nfaults > 0)
		ck_abort_msg("%s", last_fault.msg);
	expect_lines(want);
}

/* What main() of such a test returns: runs "tests" in that forest. */
static inline int
forest_main(const char *name, const TTest *const *tests, size_t ntests)
{
	TCase *tc = tcase_create(name);
	size_t i;

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, forest_setup, forest_teardown);
	for (i = 0; i < ntests; i++)
		tcase_add_test(tc, tests[i]);
	return (run_suite(tc));
}

#endif
