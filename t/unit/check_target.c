/*
 * Where keys go: the same place for a key each time, different places for
 * different keys, and none outside of the directory of the restore.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "fleet/key.h"
#include "fleet/pattern.h"
#include "fleet/target.h"
#include "unit/suite.h"

static const struct {
	const char *literal;
	const char *key;
	const char *rel;	/* NULL: none of these */
} by_key[] = {
	{ "", "a.db", "a.db" },
	{ "", "a/b.db", "a/b.db" },
	{ "a", "a/b.db", "b.db" },
	{ "a/b", "a/b/c/d.db", "c/d.db" },
	{ "a", "ab/c.db", NULL },
	{ "a", "b/a/c.db", NULL },
	{ "a", "a", NULL },
	{ "", "a%2Fb%00.db", "a%2Fb%00.db" },
	{ "", "a\tb\\\n.db", "a\tb\\\n.db" },
	{ "", "...", "..." },
	{ "", ".hidden/..x", ".hidden/..x" },
	{ "", "x/.litefleet", "x/.litefleet" },
	{ "", ".x.litefleet-parts", ".x.litefleet-parts" },
	{ "", "x.litefleet-part", "x.litefleet-part" },
};

START_TEST(a_key_goes_below_the_literal_directory_of_its_glob)
{
	struct target *t = target_by_key(by_key[_i].literal);
	struct buf rel = { 0 };
	struct err e = { 0 };

	buf_puts(&rel, "rubbish");
	ck_assert_int_eq(target_of(t, by_key[_i].key, &rel, &e),
	    by_key[_i].rel != NULL);
	if (by_key[_i].rel != NULL)
		ck_assert_str_eq(buf_str(&rel), by_key[_i].rel);
	buf_fini(&rel);
	target_free(t);
}
END_TEST

static const struct {
	const char *key;
	const char *what;	/* part of the sentence */
} hostile[] = {
	{ "..", "\"..\"" },
	{ "../x.db", "\"..\"" },
	{ "a/../../x.db", "\"..\"" },
	{ "a/..", "\"..\"" },
	{ ".", "\".\"" },
	{ "a/./x.db", "\".\"" },
	{ "/etc/passwd", "empty" },
	{ "a//x.db", "empty" },
	{ "a/", "empty" },
	{ "", "empty" },
	{ ".litefleet-restore", "litefleet" },
	{ ".litefleet-restore-1-2", "litefleet" },
	{ ".litefleet/tmp/x", "litefleet" },
	{ ".x.db.litefleet-part", "litefleet" },
	{ "a/.x.db.litefleet-part", "litefleet" },
};

START_TEST(a_key_that_would_leave_the_directory_is_refused)
{
	struct target *t = target_by_key("");
	struct buf rel = { 0 };
	struct err e = { 0 };

	ck_assert_int_eq(target_of(t, hostile[_i].key, &rel, &e), -1);
	ck_assert_int_eq(e.cls, ERR_DENIED);
	ck_assert_ptr_nonnull(strstr(e.msg, hostile[_i].what));
	target_free(t);

	/* Nor does a literal part help it out. */
	t = target_by_key("p/q");
	buf_reset(&rel);
	buf_printf(&rel, "p/q/%s", hostile[_i].key);
	{
		struct buf out = { 0 };

		ck_assert_int_eq(target_of(t, buf_str(&rel), &out, &e), -1);
		buf_fini(&out);
	}
	target_free(t);
	buf_fini(&rel);
}
END_TEST

START_TEST(names_up_to_the_limit_are_taken_and_longer_ones_refused)
{
	struct target *t = target_by_key("");
	struct buf rel = { 0 }, key = { 0 };
	struct err e = { 0 };
	int i;

	for (i = 0; i < NAME_MAX; i++)
		buf_putc(&key, 'n');
	ck_assert_int_eq(target_of(t, buf_str(&key), &rel, &e), 1);
	buf_puts(&key, "/x");
	ck_assert_int_eq(target_of(t, buf_str(&key), &rel, &e), 1);
	buf_puts(&key, "/");
	for (i = 0; i <= NAME_MAX; i++)
		buf_putc(&key, 'n');
	ck_assert_int_eq(target_of(t, buf_str(&key), &rel, &e), -1);
	ck_assert_int_eq(e.cls, ERR_LIMIT);
	buf_reset(&key);
	while (key.len < PATH_MAX - 2)
		buf_puts(&key, "n/");
	key.len = PATH_MAX - 2;
	buf_putc(&key, 'x');
	ck_assert_int_eq(target_of(t, buf_str(&key), &rel, &e), 1);
	buf_putc(&key, 'x');
	ck_assert_int_eq(target_of(t, buf_str(&key), &rel, &e), -1);
	ck_assert_int_eq(e.cls, ERR_LIMIT);
	buf_fini(&key);
	buf_fini(&rel);
	target_free(t);
}
END_TEST

static const struct {
	const char *pattern;	/* of the template's variables */
	const char *template;
	const char *which;
	const char *key;
	const char *rel;
} by_path[] = {
	{ "/data/**/*.db", "{{path}}", "/data/**/*.db", "data/a/b.db",
	    "a/b.db" },
	{ "/data/**/*.db", "{{path}}", "/data/**/*.db", "data/b.db", "b.db" },
	{ "/data/**/*.db", "{{path}}", "/data/**/*.db", "data/b.sqlite",
	    NULL },
	{ "/data/**/*.db", "{{path}}", "/data/**/*.db", "etc/b.db", NULL },
	{ "/data/**/*.db", "{{path}}", "/data/**/*.db", "data/a%25b.db",
	    "a%b.db" },
	{ "/data/**/*.db", "{{path}}", "/data/**/*.db", "data/a%2Fb.db",
	    NULL },
	{ "/data/**/*.db", "{{path}}", "/data/**/*.db", "data/a%00b.db",
	    NULL },
	{ "/data/**/*.db", "{{path}}", "/data/**/*.db", "data/../b.db",
	    NULL },
	{ "/data/**/*.db", "{{path}}", "/data/**/*.db", "data//b.db", NULL },
	{ "/**/*.db", "{{path}}", "/**/*.db", "data/b.db", "data/b.db" },
	{ "/**/*.db", "{{path}}", "/**/*.db", "b.db", "b.db" },
	{ "/data/*/tenants/*.db", "{{project}}/{{tenant}}",
	    "/data/*/tenants/*.db", "p/t", "p/tenants/t.db" },
	{ "/data/*/tenants/*.db", "{{project}}/{{tenant}}",
	    "/data/p/tenants/*.db", "p/t", "t.db" },
	{ "/data/*/tenants/*.db", "{{project}}/{{tenant}}",
	    "/data/p/tenants/*.db", "q/t", NULL },
	{ "/data/*/tenants/*.db", "h/{{project}}/{{tenant}}",
	    "/data/p/tenants/t.db", "h/p/t", "t.db" },
	{ "/d/*.db", "{{1}}", "/d/*.db", "a/b", NULL },
};

START_TEST(a_path_goes_below_the_literal_directory_of_the_pattern)
{
	struct pattern *p, *which;
	struct key_template *tpl;
	struct target *t;
	struct buf rel = { 0 };
	struct err e = { 0 };
	const struct pattern *ps[1];

	p = pattern_new(by_path[_i].pattern, &e);
	which = pattern_new(by_path[_i].which, &e);
	ck_assert(p != NULL && which != NULL);
	ps[0] = p;
	tpl = key_template_new(by_path[_i].template, ps, 1, "h", &e);
	ck_assert_msg(tpl != NULL, "%s", e.msg);
	t = target_by_path(tpl, which);
	ck_assert_int_eq(target_of(t, by_path[_i].key, &rel, &e),
	    by_path[_i].rel != NULL);
	if (by_path[_i].rel != NULL)
		ck_assert_str_eq(buf_str(&rel), by_path[_i].rel);
	target_free(t);
	key_template_free(tpl);
	pattern_free(which);
	pattern_free(p);
	buf_fini(&rel);
}
END_TEST

/* A pattern that ends in "**" matches its directory, too. */
START_TEST(a_path_that_is_the_directory_itself_is_refused)
{
	struct pattern *p;
	struct key_template *tpl;
	struct target *t;
	struct buf rel = { 0 };
	struct err e = { 0 };

	p = pattern_new("/d/**", &e);
	tpl = key_template_new("{{path}}", (const struct pattern *const *)&p,
	    1, NULL, &e);
	t = target_by_path(tpl, p);
	ck_assert_int_eq(target_of(t, "d/long/er.db", &rel, &e), 1);
	ck_assert_str_eq(buf_str(&rel), "long/er.db");
	ck_assert_int_eq(target_of(t, "d", &rel, &e), -1);
	ck_assert_int_eq(e.cls, ERR_DENIED);
	ck_assert_ptr_nonnull(strstr(e.msg, "litefleet restore"));
	target_free(t);
	key_template_free(tpl);
	pattern_free(p);
	buf_fini(&rel);
}
END_TEST

START_TEST(a_path_that_is_a_name_of_our_own_is_refused)
{
	struct pattern *p;
	struct key_template *tpl;
	struct target *t;
	struct buf rel = { 0 };
	struct err e = { 0 };

	p = pattern_new("/data/.lite*", &e);
	tpl = key_template_new("{{path}}", (const struct pattern *const *)&p,
	    1, NULL, &e);
	t = target_by_path(tpl, p);
	ck_assert_int_eq(target_of(t, "data/.litefleet-restore", &rel, &e),
	    -1);
	ck_assert_int_eq(e.cls, ERR_DENIED);
	target_free(t);
	key_template_free(tpl);
	pattern_free(p);
	buf_fini(&rel);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("target");

	tcase_add_loop_test(tc,
	    a_key_goes_below_the_literal_directory_of_its_glob, 0,
	    LENGTH(by_key));
	tcase_add_loop_test(tc, a_key_that_would_leave_the_directory_is_refused,
	    0, LENGTH(hostile));
	tcase_add_test(tc,
	    names_up_to_the_limit_are_taken_and_longer_ones_refused);
	tcase_add_loop_test(tc,
	    a_path_goes_below_the_literal_directory_of_the_pattern, 0,
	    LENGTH(by_path));
	tcase_add_test(tc, a_path_that_is_the_directory_itself_is_refused);
	tcase_add_test(tc, a_path_that_is_a_name_of_our_own_is_refused);
	return (run_suite(tc));
}
