/*
 * How what is below a directory is divided: over trees in memory, each object
 * comes once, and those of a directory from one listing.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "find/split.h"

static char **names;
static unsigned char *seen;
static int *who;		/* which listing had it */
static size_t nnames;
static unsigned nlistings, nshallow;

static void
have(const char *name)
{
	names = mem_resize(names, nnames + 1, sizeof(*names));
	names[nnames++] = mem_strdup(name);
}

static int
compare(const void *a, const void *b)
{
	return (strcmp(*(char *const *)a, *(char *const *)b));
}

static void
see(size_t i)
{
	ck_assert_msg(seen[i] == 0, "%s comes again", names[i]);
	seen[i] = 1;
	who[i] = (int)nlistings;
}

/* What a store would answer. */
static void
run(struct split *sp, struct split_part *p)
{
	size_t i, n = strlen(p->prefix);
	const char *slash;
	char dir[256], last[256] = "";

	nlistings++;
	nshallow += p->shallow;
	for (i = 0; i < nnames; i++) {
		if (strncmp(names[i], p->prefix, n) != 0 ||
		    (p->after != NULL && strcmp(names[i], p->after) <= 0) ||
		    (p->until != NULL && strcmp(names[i], p->until) > 0))
			continue;
		if ((slash = strchr(names[i] + n, '/')) == NULL) {
			if (p->shallow)
				see(i);
		} else if (!p->shallow) {
			see(i);
		} else {
			(void)snprintf(dir, sizeof(dir), "%.*s",
			    (int)(slash - names[i]) + 1, names[i]);
			if (strcmp(dir, last) != 0)
				split_directory(sp, p, dir);
			strcpy(last, dir);
		}
	}
	split_done(sp, p);
}

static void
divide(const char *prefix, unsigned parallel)
{
	struct split *sp = split_new(prefix, parallel);
	struct split_part *p;
	size_t i, n, m;

	qsort(names, nnames, sizeof(*names), compare);
	seen = mem_zero(nnames);
	who = mem_resize(NULL, nnames, sizeof(*who));
	nlistings = nshallow = 0;
	while ((p = split_take(sp)) != NULL)
		run(sp, p);
	split_free(sp);
	for (i = 0; i < nnames; i++) {
		ck_assert_msg(seen[i] || strncmp(names[i], prefix,
		    strlen(prefix)) != 0, "%s is lost", names[i]);
		n = (size_t)(strrchr(names[i], '/') - names[i]) + 1;
		m = i == 0 ? 0 : (size_t)(strrchr(names[i - 1], '/') -
		    names[i - 1]) + 1;
		if (n == m && strncmp(names[i], names[i - 1], n) == 0)
			ck_assert_int_eq(who[i], who[i - 1]);
	}
	ck_assert_uint_lt(nshallow, 3 * parallel);
	free(seen);
	free(who);
	for (i = 0; i < nnames; i++)
		free(names[i]);
	free(names);
	names = NULL;
	nnames = 0;
}

START_TEST(a_wide_directory_is_cut_as_it_comes)
{
	char name[64];
	int i;

	for (i = 0; i < 2500; i++) {
		(void)snprintf(name, sizeof(name), "d/%04d/x", i);
		have(name);
	}
	have("d/0500");
	have("d/2000");
	have("e/x");
	divide("d/", 16);
	ck_assert_uint_eq(nshallow, 1);
	ck_assert_uint_eq(nlistings, 1 + 3);
}
END_TEST

START_TEST(some_directories_are_cut_into_so_many)
{
	char name[64];
	int i;

	for (i = 0; i < 999; i++) {
		(void)snprintf(name, sizeof(name), "%03d/%d/x", i, i % 7);
		have(name);
	}
	divide("", 16);
	ck_assert_uint_eq(nlistings, 1 + 16);
}
END_TEST

START_TEST(a_lone_directory_is_gone_down_into)
{
	char name[64];
	int i;

	for (i = 0; i < 40; i++) {
		(void)snprintf(name, sizeof(name), "a/b/c/%02d/x", i);
		have(name);
	}
	have("a/x");
	have("a/b/x");
	have("a/b/z");
	divide("", 16);
	ck_assert_uint_eq(nshallow, 4);
	ck_assert_uint_eq(nlistings, 4 + 16);
}
END_TEST

START_TEST(few_directories_are_gone_down_into_together)
{
	char name[64];
	int i;

	for (i = 0; i < 300; i++) {
		(void)snprintf(name, sizeof(name), "%d/%d/%d/x", i % 3,
		    i % 10, i);
		have(name);
	}
	divide("", 16);
	/* The root, and its three, have thirty. */
	ck_assert_uint_eq(nshallow, 4);
	ck_assert_uint_eq(nlistings, 4 + 18);
}
END_TEST

START_TEST(a_narrow_tree_does_not_cost_ever_more)
{
	char name[64];
	int i;

	for (i = 0; i < 8; i++) {
		(void)snprintf(name, sizeof(name), "%d/1/2/3/4/5/6/7/8/9/x",
		    i);
		have(name);
	}
	divide("", 16);
	ck_assert_uint_le(nshallow, 1 + 5 * 8);
	ck_assert_uint_le(nlistings, 1 + 5 * 8 + 8);
}
END_TEST

START_TEST(nothing_is_divided_into_nothing)
{
	have("b/x");
	divide("a/", 16);
	ck_assert_uint_eq(nlistings, 1);
}
END_TEST

/* A tree of any shape; "parallel" 1 to 20. */
START_TEST(any_tree_is_divided_without_loss)
{
	char name[256];
	size_t n;
	int i, depth, wide = 1 << (_i % 11);

	srandom((unsigned)_i);
	for (i = 0; i < 3000; i++) {
		n = 0;
		for (depth = (int)(random() % 5); depth >= 0; depth--)
			n += (size_t)snprintf(name + n, sizeof(name) - n,
			    "%lx%s/", random() % wide,
			    random() % 4 == 0 ? "." : "");
		(void)snprintf(name + n, sizeof(name) - n, "%d", i);
		have(name);
	}
	divide("", 1 + (unsigned)_i % 20);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("split");
	TCase *tc = tcase_create("split");
	SRunner *sr = srunner_create(s);
	int nfailed;

	tcase_add_test(tc, a_wide_directory_is_cut_as_it_comes);
	tcase_add_test(tc, some_directories_are_cut_into_so_many);
	tcase_add_test(tc, a_lone_directory_is_gone_down_into);
	tcase_add_test(tc, few_directories_are_gone_down_into_together);
	tcase_add_test(tc, a_narrow_tree_does_not_cost_ever_more);
	tcase_add_test(tc, nothing_is_divided_into_nothing);
	tcase_add_loop_test(tc, any_tree_is_divided_without_loss, 0, 60);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	nfailed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return (nfailed != 0);
}
