/*
 * The glob over paths: what matches, what the wildcards hold, what is
 * refused, and that walking, matching and building agree with each other.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/path.h"
#include "fleet/glob.h"
#include "fleet/pattern.h"
#include "unit/chance.h"
#include "unit/suite.h"

static struct pattern *
compile(const char *text)
{
	struct err e = { 0 };
	struct pattern *p;

	p = pattern_new(text, &e);
	ck_assert_msg(p != NULL, "%s", e.msg);
	return (p);
}

/* "a|b": the values in order. */
static void
join(const struct pattern *p, const struct pattern_value *v, struct buf *b)
{
	size_t i;

	buf_reset(b);
	for (i = 0; i < pattern_nvars(p); i++) {
		if (i > 0)
			buf_putc(b, '|');
		buf_put(b, v[i].p, v[i].len);
	}
}

static const struct {
	const char *pattern;
	const char *path;
	const char *values;	/* NULL: does not match */
} matches[] = {
	{ "/data/t.db", "/data/t.db", "" },
	{ "/data/t.db", "/data/t.db2", NULL },
	{ "/data/t.db", "/data/t.d", NULL },
	{ "/data/t.db", "/data", NULL },
	{ "/data/t.db", "/data/t.db/x", NULL },
	{ "/data/*.db", "/data/t1.db", "t1" },
	{ "/data/*.db", "/data/a.db.db", "a.db" },
	{ "/data/*.db", "/data/a/b.db", NULL },
	{ "/data/*.db", "/data/.db", NULL },
	{ "/data/*.db", "/data/.x.db", NULL },
	{ "/data/.*.db", "/data/.x.db", "x" },
	{ "/data/.*", "/data/..", NULL },
	{ "/data/.*", "/data/.", NULL },
	{ "/data/.?", "/data/..", NULL },
	{ "/data/.*", "/data/...", ".." },
	{ "/data/\\.*", "/data/.x", "x" },
	{ "/data/?", "/data/.", NULL },
	{ "/data/?x", "/data/.x", NULL },
	{ "/data/[.]x", "/data/.x", NULL },
	{ "/data/[!a]x", "/data/.x", NULL },
	{ "/data/{.x,y}", "/data/.x", ".x" },
	{ "/data/{,a}.x", "/data/.x", "" },
	{ "/data/{,a}*", "/data/.x", NULL },
	{ "/data/{*,a}.x", "/data/.x", NULL },
	{ "/data/t*.db", "/data/t.db", "" },
	{ "/data/a*b*c", "/data/abbcc", "|bc" },
	{ "/data/a*b*c", "/data/aXbYbZc", "X|YbZ" },
	{ "/data/**/x", "/data/x", "" },
	{ "/data/**/x", "/data/a/x", "a" },
	{ "/data/**/x", "/data/a/b/x", "a/b" },
	{ "/data/**/x", "/data/a/.b/x", NULL },
	{ "/data/**/x", "/data/a//x", NULL },
	{ "/data/**/x", "/data/a/b/y", NULL },
	{ "/data/**", "/data/a/b", "a/b" },
	{ "/data/**", "/data", "" },
	{ "/data/**", "/data/.a", NULL },
	{ "/data/**", "/data/a/", NULL },
	{ "/**", "/", NULL },
	{ "/**", "/x", "x" },
	{ "/data/**/*/y/*", "/data/1/2/3/y/4", "1/2|3|4" },
	{ "/data/**/*/y/*", "/data/y/y/y", "|y|y" },
	{ "/data/**/.h/*", "/data/a/.h/x", "a|x" },
	{ "/a/*/**/b/c", "/a/1/2/b/c", "1|2" },
	{ "/a/*/**/b/c", "/a/1/b/c", "1|" },
	{ "/a/*/**/b/c", "/a/1/c", NULL },
	{ "/d/?.db", "/d/x.db", "x" },
	{ "/d/?.db", "/d/xx.db", NULL },
	{ "/d/?.db", "/d/\xc3\xa4.db", NULL },
	{ "/d/??.db", "/d/\xc3\xa4.db", "\xc3|\xa4" },
	{ "/d/[a-c]x", "/d/bx", "b" },
	{ "/d/[a-c]x", "/d/dx", NULL },
	{ "/d/[!a-c]x", "/d/dx", "d" },
	{ "/d/[!a-c]x", "/d/ax", NULL },
	{ "/d/[a-]x", "/d/-x", "-" },
	{ "/d/[-a]x", "/d/-x", "-" },
	{ "/d/[\\]]x", "/d/]x", "]" },
	{ "/d/[a\\-c]x", "/d/bx", NULL },
	{ "/d/[a!]x", "/d/!x", "!" },
	{ "/d/[*?]x", "/d/*x", "*" },
	{ "/d/[\x80-\xff]", "/d/\xfe", "\xfe" },
	{ "/d/{a,b}.db", "/d/b.db", "b" },
	{ "/d/{a,b}.db", "/d/c.db", NULL },
	{ "/d/{a,ab}{b,}", "/d/ab", "a|b" },
	{ "/d/{ab,a}{b,}", "/d/ab", "a|b" },
	{ "/d/{a,ab}c", "/d/abc", "ab" },
	{ "/d/*{.db,.sqlite}", "/d/x.db.sqlite", "x.db|.sqlite" },
	{ "/d/*.{db,sqlite*}", "/d/x.sqlite3", "x|sqlite3" },
	{ "/d/{*.db,[0-9]?}", "/d/7x", "7x" },
	{ "/d/{*a,*b}*", "/d/xxbya", "xxb|ya" },
	{ "/d/{\\,,x}", "/d/,", "," },
	{ "/d/{[,],x}", "/d/,", "," },
	{ "/d/{{t}}.db", "/d/x.db", "x" },
	{ "/d/*{{t}}", "/d/xyz", "|xyz" },
	{ "/d/{{a}}-{{b}}", "/d/1-2-3", "1|2-3" },
	{ "/d/\\*", "/d/*", "" },
	{ "/d/\\*", "/d/x", NULL },
	{ "/d/\\{a,b}", "/d/{a,b}", "" },
	{ "/d/\\\\*", "/d/\\x", "x" },
	{ "/d/a]b}c,", "/d/a]b}c,", "" },
	{ "/d/A", "/d/a", NULL },
	{ "//d///*/", "/d/x", "x" },
	{ "/./d/./*", "/d/x", "x" },
	{ "/d/*", "/d/\n", "\n" },
	{ "/d/*", "d/x", NULL },
	{ "/d/*", "", NULL },
};

START_TEST(a_path_matches_as_the_table_says)
{
	struct pattern_value v[PATTERN_VARS_MAX];
	struct pattern *p = compile(matches[_i].pattern);
	struct buf b = { 0 };
	bool ok;

	ok = pattern_match(p, matches[_i].path, v);
	ck_assert_int_eq(ok, matches[_i].values != NULL);
	ck_assert_int_eq(ok, pattern_match(p, matches[_i].path, NULL));
	if (ok) {
		join(p, v, &b);
		ck_assert_str_eq(buf_str(&b), matches[_i].values);
		buf_reset(&b);
		ck_assert(pattern_build(p, v, &b));
		ck_assert_str_eq(buf_str(&b), matches[_i].path);
	}
	buf_fini(&b);
	pattern_free(p);
}
END_TEST

static const struct {
	const char *pattern;
	const char *says;
} refused[] = {
	{ "", "empty" },
	{ "/", "names no file" },
	{ "/././", "names no file" },
	{ "..", "\"..\"" },
	{ "/a/../b", "\"..\"" },
	{ "/a/\\.\\./b", "\"..\"" },
	{ "/a/\\./b", "\".\"" },
	{ "/**/a/**", "more than one" },
	{ "/a/x**", "component of its own" },
	{ "/a/**x", "component of its own" },
	{ "/a/***", "component of its own" },
	{ "/a/{**,x}", "component of its own" },
	{ "/a/[x", "not closed" },
	{ "/a/[x/y]", "not closed" },
	{ "/a/[", "not closed" },
	{ "/a/[\\", "not closed" },
	{ "/a/[a-", "not closed" },
	{ "/a/[]", "empty" },
	{ "/a/[]a]", "empty" },
	{ "/a/[!]", "empty" },
	{ "/a/[^a]", "[!" },
	{ "/a/[z-a]", "backwards" },
	{ "/a/[[:digit:]]", "[0-9]" },
	{ "/a/{a,b", "not closed" },
	{ "/a/{a/b,c}", "not closed" },
	{ "/a/{}", "empty" },
	{ "/a/{,}", "empty" },
	{ "/a/{tenant}", "{{name}}" },
	{ "/a/{a,{b,c}}", "nested" },
	{ "/a/{a,{{b}}}", "nested" },
	{ "/a/x\\", "escapes nothing" },
	{ "/a/x\\/b", "escapes nothing" },
	{ "/a/{x,\\", "escapes nothing" },
	{ "/a/{{", "not closed" },
	{ "/a/{{x}", "not closed" },
	{ "/a/{{}}", "name of a variable" },
	{ "/a/{{1}}", "name of a variable" },
	{ "/a/{{Tenant}}", "name of a variable" },
	{ "/a/{{a-b}}", "name of a variable" },
	{ "/a/{{a,b},c}", "not closed" },
	{ "/a/{{path}}", "{{path}}" },
	{ "/a/{{host}}", "{{host}}" },
	{ "/{{a}}/{{a}}", "{{a}} occurs twice" },
	{ "/{{a}}-{{a}}", "{{a}} occurs twice" },
	{ "/*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*", "more than 32" },
	{ "/*?*?*?*?*?*?*?*?/*?*?*?*?*?*?*?*?/*", "more than 32" },
	{ "/*?*?*?*?*?*?*?*?/*?*?*?*?*?*?*?*?/**", "more than 32" },
};

START_TEST(a_wrong_pattern_is_refused_by_name)
{
	struct err e = { 0 };
	char *named;

	ck_assert_ptr_null(pattern_new(refused[_i].pattern, &e));
	ck_assert_int_eq(e.cls, ERR_USAGE);
	ck_assert_msg(strstr(e.msg, refused[_i].says) != NULL,
	    "%s: %s", refused[_i].pattern, e.msg);
	ck_assert_ptr_null(strchr(e.msg, '\n'));
	ck_assert_int_ne(asprintf(&named, "pattern \"%s\"",
	    refused[_i].pattern), -1);
	ck_assert_msg(strncmp(e.msg, named, strlen(named)) == 0, "%s", e.msg);
	free(named);
}
END_TEST

START_TEST(thirty_two_wildcards_are_not_too_many)
{
	struct pattern *p;

	p = compile("/*?*?*?*?*?*?*?*?/*?*?*?*?*?*?*?*/**");
	ck_assert_uint_eq(pattern_nvars(p), 32);
	ck_assert_int_eq(pattern_doublestar(p), 31);
	pattern_free(p);
}
END_TEST

static const struct {
	const char *pattern;
	const char *names;	/* the best ones */
} named[] = {
	{ "/data/*/databases/*/branches/*/tenants/*.db",
	    "project|database|branch|tenant" },
	{ "/srv/projects/p*-x/x/*", "project|2" },
	{ "/data/?*/x", "1|2" },
	{ "/data/**/databases/[ab]", "project|database" },
	{ "/data/{{p}}/*", "p|2" },
	{ "/data/*/projects/*", "project|2" },
	{ "/data/*/x/{{project}}", "1|project" },
	{ "/dat\\a/{a,b}", "project" },
	{ "/x/data*/*", "1|2" },
	{ "/d/*/?/[a]/{b,c}/**", "1|2|3|4|5" },
};

START_TEST(a_variable_has_its_own_name_or_its_places_or_its_number)
{
	struct pattern *p = compile(named[_i].pattern);
	struct buf b = { 0 };
	char number[24];
	size_t i;

	for (i = 0; i < pattern_nvars(p); i++) {
		if (i > 0)
			buf_putc(&b, '|');
		buf_puts(&b, pattern_var_name(p, i));
		ck_assert_int_eq(pattern_var(p, pattern_var_name(p, i),
		    strlen(pattern_var_name(p, i))), (int)i);
		(void)snprintf(number, sizeof(number), "%zu", i + 1);
		ck_assert_int_eq(pattern_var(p, number, strlen(number)),
		    (int)i);
	}
	ck_assert_str_eq(buf_str(&b), named[_i].names);
	ck_assert_int_eq(pattern_var(p, "0", 1), -1);
	ck_assert_int_eq(pattern_var(p, "01", 2), -1);
	ck_assert_int_eq(pattern_var(p, "projec", 6), -1);
	ck_assert_int_eq(pattern_var(p, "", 0), -1);
	buf_fini(&b);
	pattern_free(p);
}
END_TEST

static const struct {
	const char *pattern;
	const char *text;
	const char *literal;
} literals[] = {
	{ "/data/x*/y", "/data/x*/y", "/data" },
	{ "/data/x", "/data/x", "/data" },
	{ "/x", "/x", "/" },
	{ "/*", "/*", "/" },
	{ "//a/.//b\\*/c*/", "/a/b\\*/c*", "/a/b*" },
	{ "/data/**", "/data/**", "/data" },
	{ "/a/b/{c,d}", "/a/b/{c,d}", "/a/b" },
};

START_TEST(a_variable_with_a_name_has_none_from_its_place)
{
	struct pattern *p = compile("/data/{{p}}/tenants/*");

	ck_assert_int_eq(pattern_var(p, "p", 1), 0);
	ck_assert_int_eq(pattern_var(p, "project", 7), -1);
	ck_assert_int_eq(pattern_var(p, "tenant", 6), 1);
	pattern_free(p);
}
END_TEST

START_TEST(the_literal_directory_is_unescaped)
{
	struct pattern *p = compile(literals[_i].pattern);

	ck_assert_str_eq(pattern_text(p), literals[_i].text);
	ck_assert_str_eq(pattern_literal(p), literals[_i].literal);
	pattern_free(p);
}
END_TEST

START_TEST(a_relative_pattern_lies_below_the_working_directory)
{
	char dir[] = "/tmp/check_pattern.XXXXXX";
	struct pattern_value v[PATTERN_VARS_MAX];
	struct err e = { 0 };
	struct buf b = { 0 };
	struct pattern *p;
	char *cwd;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	ck_assert_int_eq(mkdir("[x]*{a,b}\\", 0700), 0);
	ck_assert_int_eq(chdir("[x]*{a,b}\\"), 0);
	cwd = path_absolute(".", "", &e);
	ck_assert_ptr_nonnull(cwd);
	p = compile("./*.db");
	ck_assert_str_eq(pattern_literal(p), cwd);
	ck_assert_uint_eq(pattern_nvars(p), 1);
	buf_printf(&b, "%s/t.db", cwd);
	ck_assert(pattern_match(p, buf_str(&b), v));
	ck_assert(!pattern_match(p, "/t.db", v));
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(rmdir(cwd), 0);
	ck_assert_int_eq(rmdir(dir), 0);
	buf_fini(&b);
	free(cwd);
	pattern_free(p);
}
END_TEST

static const struct {
	const char *pattern;
	const char *values[3];
	const char *path;	/* NULL: there is none */
} builds[] = {
	{ "/d/*.db", { "t" }, "/d/t.db" },
	{ "/d/*.db", { "a/b" }, NULL },
	{ "/d/*.db", { ".t" }, NULL },
	{ "/d/*.db", { "" }, NULL },
	{ "/d/*", { "" }, NULL },
	{ "/d/*", { ".." }, NULL },
	{ "/d/.*", { "." }, NULL },
	{ "/d/x*", { "/../y" }, NULL },
	{ "/d/*/*", { "a", "b" }, "/d/a/b" },
	{ "/d/*/*", { "a/b", "" }, NULL },
	{ "/d/*/*", { "", "a/b" }, NULL },
	{ "/d/[ab]", { "a" }, "/d/a" },
	{ "/d/[ab]", { "c" }, NULL },
	{ "/d/?", { "ab" }, NULL },
	{ "/d/{a,b}", { "b" }, "/d/b" },
	{ "/d/{a,b}", { "c" }, NULL },
	{ "/d/*-*", { "1", "2-3" }, "/d/1-2-3" },
	{ "/d/*-*", { "1-2", "3" }, NULL },
	{ "/d/**/x", { "" }, "/d/x" },
	{ "/d/**/x", { "a/b" }, "/d/a/b/x" },
	{ "/d/**/x", { "/a" }, NULL },
	{ "/d/**/x", { "a/" }, NULL },
	{ "/d/**/x", { "a/../b" }, NULL },
	{ "/d/**/x", { ".." }, NULL },
	{ "/d/**/*", { "a", "b/c" }, NULL },
	{ "/**", { "" }, NULL },
};

START_TEST(only_values_that_come_back_have_a_path)
{
	struct pattern_value v[3] = { { NULL, 0 } };
	struct pattern *p = compile(builds[_i].pattern);
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < 3 && builds[_i].values[i] != NULL; i++) {
		v[i].p = builds[_i].values[i];
		v[i].len = strlen(v[i].p);
	}
	ck_assert_uint_eq(i, pattern_nvars(p));
	buf_puts(&b, "before:");
	ck_assert_int_eq(pattern_build(p, v, &b), builds[_i].path != NULL);
	ck_assert_str_eq(buf_str(&b) + 7,
	    builds[_i].path != NULL ? builds[_i].path : "");
	ck_assert_uint_eq(b.len, strlen(buf_str(&b)));
	buf_fini(&b);
	pattern_free(p);
}
END_TEST

START_TEST(a_value_with_a_nul_has_no_path)
{
	struct pattern_value v = { "a\0b", 3 };
	struct pattern *p = compile("/d/*");
	struct buf b = { 0 };

	ck_assert(!pattern_build(p, &v, &b));
	buf_fini(&b);
	pattern_free(p);
}
END_TEST

START_TEST(a_name_of_255_bytes_matches_and_a_longer_one_does_not)
{
	struct pattern *p = compile("/d/*"), *q = compile("/d/{x,*}");
	char path[300];
	size_t n;

	for (n = 250; n < 260; n++) {
		memset(path, 'x', sizeof(path));
		memcpy(path, "/d/", 3);
		path[3 + n] = '\0';
		ck_assert_int_eq(pattern_match(p, path, NULL), n <= 255);
		ck_assert_int_eq(pattern_match(q, path, NULL), n <= 255);
	}
	pattern_free(p);
	pattern_free(q);
}
END_TEST

/* How a walk would come to "path": 0 not at all, 1 if it asks, 2 surely. */
static int
walk_to(const struct pattern *p, const char *path)
{
	struct pattern_pos pos = pattern_start(p);
	const char *lit = pattern_literal(p), *only, *end;
	size_t n = strcmp(lit, "/") == 0 ? 0 : strlen(lit);
	char name[300];

	if (strncmp(path, lit, n) != 0 || path[n] != '/')
		return (0);
	for (path += n + 1;; path = end + 1) {
		end = strchrnul(path, '/');
		(void)snprintf(name, sizeof(name), "%.*s", (int)(end - path),
		    path);
		only = pattern_only(p, pos);
		if (only != NULL && strcmp(only, name) != 0)
			return (0);
		if (*end == '\0')
			return (!pattern_file(p, pos, name) ? 0 :
			    pattern_needs_match(p, pos) ? 1 : 2);
		if (!pattern_dir(p, pos, name, &pos))
			return (0);
	}
}

START_TEST(a_walk_finds_exactly_what_matches)
{
	static const char *const parts[] = { "a", "b", ".a", "*", "?", "{a,.b}",
	    "**", ".*", "a*", "[ab]" };
	static const char *const names[] = { "a", "b", ".a", ".b", "ab" };
	struct buf text = { 0 }, path = { 0 };
	struct err e = { 0 };
	struct pattern *p;
	size_t i, k, n, found = 0, asked = 0;
	int way;

	for (i = 0; i < 3000; i++) {
		buf_reset(&text);
		for (n = 1 + below(4); n > 0; n--)
			buf_printf(&text, "/%s", parts[below(LENGTH(parts))]);
		if ((p = pattern_new(buf_str(&text), &e)) == NULL)
			continue;
		for (k = 0; k < 100; k++) {
			buf_reset(&path);
			for (n = 1 + below(5); n > 0; n--)
				buf_printf(&path, "/%s",
				    names[below(LENGTH(names))]);
			way = walk_to(p, buf_str(&path));
			if (!pattern_match(p, buf_str(&path), NULL)) {
				ck_assert_msg(way < 2, "%s finds %s",
				    buf_str(&text), buf_str(&path));
				continue;
			}
			/* "/a/ **" as a file is no directory to start from. */
			if (way == 0 && strcmp(pattern_literal(p),
			    buf_str(&path)) == 0)
				continue;
			ck_assert_msg(way > 0, "%s misses %s", buf_str(&text),
			    buf_str(&path));
			found++;
			asked += way == 1;
		}
		pattern_free(p);
	}
	ck_assert_uint_gt(found, 1000);
	ck_assert_uint_gt(asked, 50);
	buf_fini(&text);
	buf_fini(&path);
}
END_TEST

START_TEST(a_walk_stays_where_the_pattern_can_match)
{
	struct pattern *p = compile("/data/*/databases/*/x.db");
	struct pattern_pos pos = pattern_start(p), next;

	ck_assert_str_eq(pattern_literal(p), "/data");
	ck_assert_ptr_null(pattern_only(p, pos));
	ck_assert(!pattern_dir(p, pos, ".git", &next));
	ck_assert(!pattern_file(p, pos, "a"));
	ck_assert(pattern_dir(p, pos, "a", &pos));
	ck_assert_str_eq(pattern_only(p, pos), "databases");
	ck_assert(!pattern_dir(p, pos, "other", &next));
	ck_assert(pattern_dir(p, pos, "databases", &pos));
	ck_assert(pattern_dir(p, pos, "d", &pos));
	ck_assert_str_eq(pattern_only(p, pos), "x.db");
	ck_assert(pattern_file(p, pos, "x.db"));
	ck_assert(!pattern_dir(p, pos, "x.db", &next));
	pattern_free(p);
}
END_TEST

START_TEST(below_hidden_directories_the_whole_path_decides)
{
	static const char good[] = "/d/a/t/.a/.b/x";
	static const char bad[] = "/d/a/.b/t/.a/.b/x";
	struct pattern *p = compile("/d/**/.a/.b/*");

	ck_assert(pattern_match(p, good, NULL));
	ck_assert_int_eq(walk_to(p, good), 1);
	ck_assert(!pattern_match(p, bad, NULL));
	ck_assert_int_lt(walk_to(p, bad), 2);
	ck_assert_int_eq(walk_to(p, "/d/a/.c/.a/.b/x"), 0);
	pattern_free(p);
}
END_TEST

/*
 * The same rules, told as slowly as can be: a wildcard tries every length,
 * the shortest first.
 */
static bool slow_list(const char *, const char *, const char *, size_t,
    size_t, size_t *, size_t);

/* Behind the wildcard or the byte at p. */
static const char *
skip(const char *p)
{
	char close = *p == '[' ? ']' : '}';

	if (*p == '\\')
		return (p + 2);
	if (*p != '[' && *p != '{')
		return (p + 1);
	for (p++; *p != close; p = skip(p))
		continue;
	return (p + 1);
}

static bool
slow_one(const char *p, const char *end, const char *name, size_t at,
    size_t len)
{
	const char *alt;
	size_t ignored[PATTERN_VARS_MAX];
	bool not, in = false;

	if (*p == '{') {
		for (p++; p < end; p = alt + 1) {
			for (alt = p; alt < end - 1 && *alt != ',';)
				alt = skip(alt);
			if (slow_list(p, alt, name, at, at + len, ignored, 0))
				return (true);
		}
		return (false);
	}
	if (at == 0 && name[0] == '.')
		return (false);
	if (*p == '*')
		return (true);
	if (len != 1)
		return (false);
	if (*p == '?')
		return (true);
	not = *++p == '!';
	for (p += not; p < end - 1; p++)
		in = in || name[at] == *p;
	return (in != not);
}

/* Does p .. end match name[at .. to-1]? */
static bool
slow_list(const char *p, const char *end, const char *name, size_t at,
    size_t to, size_t *lens, size_t var)
{
	const char *behind;
	size_t len;

	if (p == end)
		return (at == to);
	behind = skip(p);
	if (strchr("*?[{", *p) != NULL) {
		for (len = 0; len <= to - at; len++) {
			lens[var] = len;
			if (slow_one(p, behind, name, at, len) && slow_list(
			    behind, end, name, at + len, to, lens, var + 1))
				return (true);
		}
		return (false);
	}
	return (at < to && name[at] == behind[-1] &&
	    slow_list(behind, end, name, at + 1, to, lens, var));
}

START_TEST(a_glob_agrees_with_the_slowest_way_to_tell)
{
	static const char *const bits[] = { "a", "b", ".", "*", "*", "?",
	    "[ab]", "[!a]", "{a,b}", "{ab,a,}", "{a*,*b}", "{,.}", "{?b,.a*}",
	    "\\*", "{a[.b]*a,\\,}" };
	struct pattern_value v[PATTERN_VARS_MAX];
	size_t lens[PATTERN_VARS_MAX], i, k, n, x, yes = 0;
	struct buf text = { 0 };
	struct err e = { 0 };
	struct glob *g;
	char name[10];
	bool slow;

	for (i = 0; i < 4000; i++) {
		buf_reset(&text);
		for (n = 1 + below(6); n > 0; n--)
			buf_puts(&text, bits[below(LENGTH(bits))]);
		g = glob_new(buf_str(&text), text.len, "glob", &e);
		if (g == NULL)
			continue;
		for (k = 0; k < 100; k++) {
			n = 1 + below(sizeof(name) - 1);
			for (x = 0; x < n; x++)
				name[x] = "aaabbb.*,"[below(9)];
			name[n] = '\0';
			if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
				continue;
			slow = slow_list(buf_str(&text),
			    buf_str(&text) + text.len, name, 0, n, lens, 0);
			if (glob_match(g, name, n, v) != slow ||
			    glob_match(g, name, n, NULL) != slow)
				ck_abort_msg("%s, %s: %d", buf_str(&text),
				    name, slow);
			for (x = 0; slow && x < glob_nvars(g); x++)
				if (v[x].len != lens[x])
					ck_abort_msg("%s, %s: {{%zu}} has %zu, "
					    "not %zu", buf_str(&text), name,
					    x + 1, v[x].len, lens[x]);
			yes += slow;
		}
		glob_free(g);
	}
	ck_assert_uint_gt(yes, 10000);
	buf_fini(&text);
}
END_TEST

START_TEST(hostile_names_take_no_longer_than_others)
{
	static const char *const hostile[] = {
	    "/*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b",
	    ("/{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}"
	    "{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}*b"),
	    "/{*a*a,*a*aa}{*a*a,*a*aa}{*a*a,*a*aa}{*a*a,*a*aa}{*a*a,*a*aa}*b",
	};
	struct pattern_value v[PATTERN_VARS_MAX];
	struct pattern *p = compile(hostile[_i]);
	char path[257];
	clock_t t;
	int k;

	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[256] = '\0';
	t = clock();
	for (k = 0; k < 100; k++)
		ck_assert(!pattern_match(p, path, v));
	path[255] = 'b';
	for (k = 0; k < 100; k++)
		ck_assert(pattern_match(p, path, v));
	/* Milliseconds; anything exponential would not end at all. */
	ck_assert_int_lt((clock() - t) / CLOCKS_PER_SEC, 5);
	pattern_free(p);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("pattern");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, a_path_matches_as_the_table_says, 0,
	    LENGTH(matches));
	tcase_add_loop_test(tc, a_wrong_pattern_is_refused_by_name, 0,
	    LENGTH(refused));
	tcase_add_test(tc, thirty_two_wildcards_are_not_too_many);
	tcase_add_loop_test(tc,
	    a_variable_has_its_own_name_or_its_places_or_its_number, 0,
	    LENGTH(named));
	tcase_add_test(tc, a_variable_with_a_name_has_none_from_its_place);
	tcase_add_loop_test(tc, the_literal_directory_is_unescaped, 0,
	    LENGTH(literals));
	tcase_add_test(tc, a_relative_pattern_lies_below_the_working_directory);
	tcase_add_loop_test(tc, only_values_that_come_back_have_a_path, 0,
	    LENGTH(builds));
	tcase_add_test(tc, a_value_with_a_nul_has_no_path);
	tcase_add_test(tc,
	    a_name_of_255_bytes_matches_and_a_longer_one_does_not);
	tcase_add_test(tc, a_walk_finds_exactly_what_matches);
	tcase_add_test(tc, a_walk_stays_where_the_pattern_can_match);
	tcase_add_test(tc, below_hidden_directories_the_whole_path_decides);
	tcase_add_test(tc, a_glob_agrees_with_the_slowest_way_to_tell);
	tcase_add_loop_test(tc, hostile_names_take_no_longer_than_others, 0, 3);
	return (run_suite(tc));
}
