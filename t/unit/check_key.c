/*
 * What a database is called: the names that templates give, the templates
 * that are refused, and that no two paths ever share a key.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "fleet/key.h"
#include "fleet/pattern.h"
#include "unit/chance.h"
#include "unit/suite.h"

#define FLEET		"/data/*/databases/*/branches/*/tenants/*.db"
#define STAMP		"20261120T103000.123Z"

enum {
	PATTERNS_MAX = 4
};

/* A template and the patterns that it speaks of, separated by blanks. */
struct naming {
	const struct pattern *p[PATTERNS_MAX];
	size_t n;
	struct key_template *t;
	struct err e;
};

static void
open_naming(struct naming *nm, const char *patterns, const char *text,
    const char *host)
{
	char *copy = strdup(patterns), *rest = copy, *word;

	memset(nm, 0, sizeof(*nm));
	while ((word = strsep(&rest, " ")) != NULL) {
		if (*word == '\0')
			continue;
		ck_assert_uint_lt(nm->n, PATTERNS_MAX);
		nm->p[nm->n] = pattern_new(word, &nm->e);
		ck_assert_msg(nm->p[nm->n] != NULL, "%s", nm->e.msg);
		nm->n++;
	}
	free(copy);
	nm->t = key_template_new(text, nm->p, nm->n, host, &nm->e);
}

static void
close_naming(struct naming *nm)
{
	key_template_free(nm->t);
	while (nm->n > 0)
		pattern_free((struct pattern *)nm->p[--nm->n]);
}

static const struct {
	const char *patterns;
	const char *template;
	const char *path;
	const char *key;
} keys[] = {
	{ "", "{{path}}", "/a/b.db", "a/b.db" },
	{ "", "{{host}}/{{path}}", "/a/b.db", "h1/a/b.db" },
	{ "", "x-{{path}}.y", "/a/b", "x-a/b.y" },
	{ "", "{{path}}/{{path}}", "/a/b", "a/b/a/b" },
	{ "", ".{{path}}", "/a/b", ".a/b" },
	{ "", "}}{x{{path}}}", "/a", "}}{xa}" },
	{ FLEET, "{{path}}", "/data/p/databases/d/branches/b/tenants/t.db",
	    "data/p/databases/d/branches/b/tenants/t.db" },
	{ FLEET, "{{project}}/{{database}}/{{branch}}/{{tenant}}",
	    "/data/p/databases/d/branches/b/tenants/t.db", "p/d/b/t" },
	{ FLEET, "{{4}}/{{3}}/{{2}}/{{1}}",
	    "/data/p/databases/d/branches/b/tenants/t.db", "t/b/d/p" },
	{ FLEET, "{{tenant}}/x/{{path}}",
	    "/data/p/databases/d/branches/b/tenants/t.db",
	    "t/x/data/p/databases/d/branches/b/tenants/t.db" },
	{ "/d/*.db", "{{host}}-{{1}}.x/y", "/d/t.db", "h1-t.x/y" },
	{ "/d/*.db", "{{1}}/{{1}}", "/d/t.db", "t/t" },
	{ "/d/t.db", "fixed", "/d/t.db", "fixed" },
	{ "/d/{a,b}/[0-9]?", "{{1}}/{{2}}/{{3}}", "/d/b/7x", "b/7/x" },
	{ "/d/{{who}}/*", "{{who}}/{{2}}", "/d/me/x", "me/x" },
	{ "/d/**/*.db", "{{1}}/{{2}}", "/d/a/b/t.db", "a/b/t" },
	{ "/d/**/*.db", "{{1}}/{{2}}", "/d/t.db", "t" },
	{ "/d/**/*.db", "{{2}}/{{1}}", "/d/t.db", "t" },
	{ "/d/**/*.db", "x{{1}}y/{{2}}", "/d/t.db", "xy/t" },
	{ "/d/**/*.db", "x{{1}}y/{{2}}", "/d/u/t.db", "xuy/t" },
	{ "/d/**/*.db", "x{{1}}y/{{2}}", "/d/u/v/t.db", "xu/vy/t" },
	{ "/d/**/*.db", "{{1}}/{{path}}/{{1}}", "/d/u/t.db", "u/d/u/t.db/u" },
	{ "/d/**", "{{1}}", "/d/u/t", "u/t" },
	{ "/d/* /e/*", "{{path}}", "/e/x", "e/x" },
	{ "/d/* /e/*", "{{1}}/{{path}}", "/e/x", "x/e/x" },
	{ "", "{{path}}", "/a%b", "a%25b" },
	{ "", "{{path}}", "/a\n\t\x7f/\x01", "a%0A%09%7F/%01" },
	{ "", "{{path}}", "/\xc3\xa4 \xe2\x82\xac", "\xc3\xa4 \xe2\x82\xac" },
	{ "", "{{path}}", "/\xc2\x85", "%C2%85" },
	{ "", "{{path}}", "/\xff\xc3", "%FF%C3" },
	{ "", "5%/{{path}}", "/x", "5%25/x" },
	{ "/d/??", "{{1}}/{{2}}", "/d/\xc3\xa4", "%C3/%A4" },
	{ "/d/*", "\xc3{{1}}\xa4", "/d/\xa4", "%C3%A4%A4" },
};

START_TEST(a_path_gets_its_key_and_comes_back)
{
	struct naming nm;
	struct buf key = { 0 }, path = { 0 };

	open_naming(&nm, keys[_i].patterns, keys[_i].template, "h1");
	ck_assert_msg(nm.t != NULL, "%s", nm.e.msg);
	ck_assert_msg(key_render(nm.t, keys[_i].path, true, &key,
	    &nm.e) == 0, "%s", nm.e.msg);
	ck_assert_str_eq(buf_str(&key), keys[_i].key);
	buf_puts(&path, "rubbish");
	ck_assert_int_eq(key_invert(nm.t, keys[_i].key, &path), 0);
	ck_assert_str_eq(buf_str(&path), keys[_i].path);
	ck_assert_int_eq(key_template_has_host(nm.t),
	    strstr(keys[_i].template, "{{host}}") != NULL);
	buf_fini(&key);
	buf_fini(&path);
	close_naming(&nm);
}
END_TEST

static const struct {
	const char *patterns;
	const char *template;
	const char *says;
} refused[] = {
	{ FLEET, "", "is empty" },
	{ FLEET, "/{{path}}", "a slash" },
	{ FLEET, "{{path}}/", "a slash" },
	{ FLEET, "/", "a slash" },
	{ FLEET, "a//{{path}}", "empty component" },
	{ FLEET, "./{{path}}", "component \".\"" },
	{ FLEET, "x/../{{path}}", "component \"..\"" },
	{ FLEET, ".litefleet/{{path}}", "component \".litefleet\"" },
	{ FLEET, "{{path", "not closed" },
	{ FLEET, "{{path}", "not closed" },
	{ FLEET, "{{pa/th}}", "not closed" },
	{ FLEET, "{{}}", "no variable {{}}" },
	{ FLEET, "{{ tenant }}", "no variable {{ tenant }}" },
	{ FLEET, "{{5}}/{{path}}", "no variable {{5}}" },
	{ FLEET, "{{project}}/{{database}}/{{branch}}",
	    "does not tell {{tenant}} apart; two databases would share a key; "
	    "use \"{{project}}/{{database}}/{{branch}}/{{tenant}}\" or "
	    "\"{{path}}\"" },
	{ FLEET, "x", "{{project}} apart" },
	{ FLEET, "{{host}}/{{tenant}}", "use \"{{host}}/{{project}}/"
	    "{{database}}/{{branch}}/{{tenant}}\" or \"{{host}}/{{path}}\"" },
	{ FLEET, "{{project}}-{{database}}/{{branch}}/{{tenant}}",
	    "{{project}} and {{database}} share a component" },
	{ FLEET, "{{project}}{{path}}", "share a component" },
	{ FLEET, "{{path}}{{path}}", "share a component" },
	{ "/d/{{who}}/**/?", "{{who}}",
	    "use \"{{who}}/{{2}}/{{3}}\" or \"{{path}}\"" },
	{ "/d/**/{a,b}", "{{2}}", "{{1}} apart" },
	{ "/d/x", "{{1}}", "no variable {{1}}" },
	{ "", "{{tenant}}", "there is none" },
	{ "", "fixed", "{{path}}" },
	{ "/a/* /b/*", "{{1}}", "different patterns" },
	{ "/a/* /b/x", "{{1}}/{{path}}",
	    "pattern \"/b/x\" has no variable {{1}}" },
	{ "/a/* /b/**", "{{1}}/{{path}}", "a \"**\"" },
};

/* Each template that the error of *nm proposes must be accepted. */
static void
try_proposals(const struct naming *nm, const char *host)
{
	const char *s = strstr(nm->e.msg, "use \""), *end;
	struct key_template *t;
	struct err e = { 0 };
	size_t n = 0;
	char *text;

	ck_assert_msg(s != NULL, "%s", nm->e.msg);
	s += 4;
	while (*s == '"') {
		end = strchr(s + 1, '"');
		ck_assert_ptr_nonnull(end);
		text = strndup(s + 1, (size_t)(end - s - 1));
		t = key_template_new(text, nm->p, nm->n, host, &e);
		ck_assert_msg(t != NULL, "%s: %s", text, e.msg);
		key_template_free(t);
		free(text);
		n++;
		s = end + 1 + (strncmp(end + 1, " or ", 4) == 0 ? 4 : 0);
	}
	ck_assert_int_eq(*s, '\0');
	ck_assert_uint_ge(n, 1);
}

START_TEST(a_refused_template_comes_with_one_that_would_do)
{
	struct naming nm;

	open_naming(&nm, refused[_i].patterns, refused[_i].template, "h1");
	ck_assert_ptr_null(nm.t);
	ck_assert_int_eq(nm.e.cls, ERR_USAGE);
	ck_assert_msg(strncmp(nm.e.msg, "--key: ", 7) == 0, "%s", nm.e.msg);
	ck_assert_msg(strstr(nm.e.msg, refused[_i].says) != NULL, "%s",
	    nm.e.msg);
	try_proposals(&nm, "h1");
	close_naming(&nm);
}
END_TEST

static const char *const bad_hosts[] = { NULL, "", ".", "..", ".litefleet",
    "a/b" };

START_TEST(a_host_that_is_no_component_is_refused_where_it_is_used)
{
	struct naming nm;

	open_naming(&nm, FLEET, "{{host}}/{{path}}", bad_hosts[_i]);
	ck_assert_ptr_null(nm.t);
	ck_assert_int_eq(nm.e.cls, ERR_USAGE);
	ck_assert_msg(strstr(nm.e.msg, "--host") != NULL, "%s", nm.e.msg);
	try_proposals(&nm, bad_hosts[_i]);
	close_naming(&nm);
	open_naming(&nm, FLEET, "{{path}}", bad_hosts[_i]);
	ck_assert_ptr_nonnull(nm.t);
	close_naming(&nm);
}
END_TEST

static const struct {
	const char *patterns;
	const char *template;
	const char *path;
	const char *says;
} keyless[] = {
	{ "", "{{path}}", "a/b", "absolute" },
	{ "", "{{path}}", "", "absolute" },
	{ "", "{{path}}", "/", "absolute" },
	{ "", "{{path}}", "/a//b", "absolute" },
	{ "", "{{path}}", "/a/../b", "absolute" },
	{ "", "{{path}}", "/./b", "absolute" },
	{ "", "{{path}}", "/b/", "absolute" },
	{ "", "{{path}}", "/.litefleet/x", "store's own" },
	{ "", "{{path}}", "/.litefleet", "store's own" },
	{ FLEET, "{{path}}", "/x", "no pattern" },
	{ "/d/x*", "{{1}}", "/d/x", "empty" },
	{ "/d/x*/y", "a/{{1}}/b", "/d/x/y", "empty" },
	{ "/d/x*", "{{1}}", "/d/x.", "empty" },
	{ "/d/x*", "a/{{1}}", "/d/x..", "empty" },
	{ "/d/x*", "a/.{{1}}", "/d/x.", "empty" },
	{ "/d/x*", "{{1}}", "/d/x.litefleet", "store's own" },
	{ "/d/x*", ".lite{{1}}/x", "/d/xfleet", "store's own" },
	{ "/d/**", "{{1}}", "/d", "empty" },
	{ "/d/**/*", "{{1}}/.litefleet/{{2}}", "/d/x", "store's own" },
};

START_TEST(a_path_without_a_sound_key_is_refused_by_name)
{
	struct naming nm;
	struct buf key = { 0 };

	open_naming(&nm, keyless[_i].patterns, keyless[_i].template, NULL);
	ck_assert_msg(nm.t != NULL, "%s", nm.e.msg);
	ck_assert_int_eq(key_render(nm.t, keyless[_i].path, false, &key,
	    &nm.e), -1);
	ck_assert_int_eq(nm.e.cls, ERR_USAGE);
	ck_assert_msg(strstr(nm.e.msg, keyless[_i].says) != NULL, "%s",
	    nm.e.msg);
	ck_assert_msg(strncmp(nm.e.msg, keyless[_i].path,
	    strlen(keyless[_i].path)) == 0, "%s", nm.e.msg);
	buf_fini(&key);
	close_naming(&nm);
}
END_TEST

START_TEST(keys_up_to_the_limits_are_rendered_and_longer_ones_refused)
{
	struct naming nm;
	struct buf key = { 0 }, path = { 0 };
	char name[1200];
	size_t n;

	open_naming(&nm, "", "{{path}}", NULL);
	memset(name, 'x', sizeof(name));
	for (n = 0; n < 1000; n += 100)
		name[n] = '/';
	/* "/" STAMP ".db.lz4" are 28 bytes: keys have up to 996. */
	for (n = 990; n < 1000; n++) {
		name[n + 1] = '\0';
		ck_assert_int_eq(key_render(nm.t, name, true, &key, &nm.e),
		    n <= 996 ? 0 : -1);
		ck_assert_int_eq(nm.e.cls, n <= 996 ? ERR_NONE : ERR_LIMIT);
		ck_assert_int_eq(key_invert(nm.t, name + 1, &path),
		    n <= 996 ? 0 : -1);
		name[n + 1] = 'x';
	}
	name[n] = '\0';
	ck_assert_ptr_nonnull(strstr(nm.e.msg, name));
	memset(&nm.e, 0, sizeof(nm.e));
	name[100] = 'x';
	name[256] = '\0';
	name[200] = 'x';
	ck_assert_int_eq(key_render(nm.t, name, true, &key, &nm.e), 0);
	name[255] = '%';
	ck_assert_int_eq(key_render(nm.t, name, false, &key, &nm.e), 0);
	ck_assert_int_eq(key_render(nm.t, name, true, &key, &nm.e), -1);
	ck_assert_int_eq(nm.e.cls, ERR_LIMIT);
	ck_assert_ptr_nonnull(strstr(nm.e.msg, name));
	buf_fini(&key);
	buf_fini(&path);
	close_naming(&nm);
}
END_TEST

static const struct {
	const char *patterns;
	const char *template;
	const char *key;
} strangers[] = {
	{ "", "{{path}}", "" },
	{ "", "{{path}}", "/a" },
	{ "", "{{path}}", "a/" },
	{ "", "{{path}}", "a//b" },
	{ "", "{{path}}", "a/../b" },
	{ "", "{{path}}", "." },
	{ "", "{{path}}", ".litefleet/store" },
	{ "", "{{path}}", "a%2Fb" },
	{ "", "{{path}}", "a%41" },
	{ "", "{{path}}", "a%0a" },
	{ "", "{{path}}", "a%" },
	{ "", "{{path}}", "a%00" },
	{ "", "{{path}}", "a\n" },
	{ "", "{{path}}", "a\xff" },
	{ "", "{{path}}", "%2E%2E/x" },
	{ "", "x{{path}}y", "xy" },
	{ "", "x{{path}}y", "x" },
	{ "", "xy{{path}}yx", "xyx" },
	{ "", "{{host}}/{{path}}", "h2/a" },
	{ "", "{{host}}/{{path}}", "h1" },
	{ "", "{{path}}/{{path}}", "a/b" },
	{ "", "{{path}}/{{path}}", "a/b/a" },
	{ FLEET, "{{1}}/{{2}}/{{3}}/{{4}}", "a/b/c" },
	{ FLEET, "{{1}}/{{2}}/{{3}}/{{4}}", "a/b/c/d/e" },
	{ FLEET, "{{1}}/{{2}}/{{3}}/{{4}}", "a/.b/c/d" },
	{ FLEET, "{{path}}", "a/b" },
	{ "/d/[ab]", "{{1}}", "c" },
	{ "/d/*", "{{1}}/{{1}}", "a/b" },
	{ "/d/x", "fixed", "other" },
	{ "/d/**/*", "{{1}}/{{2}}", ".a/b" },
	{ "/d/* /*/e", "{{1}}/{{path}}", "d/d/e" },
};

START_TEST(a_key_that_is_no_ones_has_no_path)
{
	struct naming nm;
	struct buf path = { 0 };

	open_naming(&nm, strangers[_i].patterns, strangers[_i].template, "h1");
	ck_assert_msg(nm.t != NULL, "%s", nm.e.msg);
	ck_assert_msg(key_invert(nm.t, strangers[_i].key, &path) == -1,
	    "%s is %s", strangers[_i].key, buf_str(&path));
	buf_fini(&path);
	close_naming(&nm);
}
END_TEST

static const struct {
	const char *patterns;
	const char *template;
	const char *host;
} namings[] = {
	{ FLEET, "{{path}}", "a" },
	{ FLEET, "x/{{path}}", "a" },
	{ FLEET, "{{host}}/{{path}}", "a" },
	{ FLEET, "{{host}}/{{path}}", "b" },
	{ "/d/*/*", "{{1}}/{{2}}", "a" },
	{ "/d/x*/*", "{{1}}/{{2}}", "a" },
	{ "/d/*/* /d/x*/*", "{{1}}/{{path}}", "a" },
	{ "/d/x*/* /d/*/*", "{{1}}/{{path}}", "a" },
};

static uint32_t
naming_of(const char *patterns, const char *text, const char *host)
{
	struct naming nm;
	uint32_t n;

	open_naming(&nm, patterns, text, host);
	ck_assert_msg(nm.t != NULL, "%s", nm.e.msg);
	n = key_template_naming(nm.t);
	close_naming(&nm);
	return (n);
}

START_TEST(whatever_changes_keys_changes_the_naming)
{
	size_t i, k;

	for (i = 0; i < LENGTH(namings); i++)
		for (k = 0; k < LENGTH(namings); k++)
			ck_assert_int_eq(i == k, naming_of(namings[i].patterns,
			    namings[i].template, namings[i].host) ==
			    naming_of(namings[k].patterns, namings[k].template,
			    namings[k].host));
}
END_TEST

START_TEST(what_changes_no_key_keeps_the_naming)
{
	ck_assert_uint_eq(naming_of("/a/*", "{{path}}", "a"),
	    naming_of("/b/* /c", "{{path}}", "b"));
}
END_TEST

static const struct {
	const char *name;
	size_t key_len;
} objects[] = {
	{ "a/" STAMP ".db.lz4", 1 },
	{ "a/b.db/" STAMP ".db.lz4", 6 },
	{ "a/" STAMP ".db.lz4/" STAMP ".db.lz4", 29 },
	{ STAMP ".db.lz4", 0 },
	{ "/" STAMP ".db.lz4", 0 },
	{ "a//" STAMP ".db.lz4", 0 },
	{ "/a/" STAMP ".db.lz4", 0 },
	{ "../a/" STAMP ".db.lz4", 0 },
	{ ".litefleet/" STAMP ".db.lz4", 0 },
	{ ".litefleet/a/" STAMP ".db.lz4", 0 },
	{ "a-" STAMP ".db.lz4", 0 },
	{ "a/" STAMP ".db.lz4x", 0 },
	{ "a/" STAMP ".db.LZ4", 0 },
	{ "a/" STAMP, 0 },
	{ "a/20261320T103000.123Z.db.lz4", 0 },
	{ "a/20261120t103000.123Z.db.lz4", 0 },
	{ "a/" STAMP "x.db.lz4", 0 },
	{ "a%25\xc3\xa4%0A%FF/" STAMP ".db.lz4", 12 },
	{ "a%zz/" STAMP ".db.lz4", 0 },
	{ "a%/" STAMP ".db.lz4", 0 },
	{ "a%0a/" STAMP ".db.lz4", 0 },
	{ "%41/" STAMP ".db.lz4", 0 },
	{ "a\n/" STAMP ".db.lz4", 0 },
	{ "\xff/" STAMP ".db.lz4", 0 },
	{ "", 0 },
	{ "a", 0 },
};

START_TEST(an_objects_name_is_taken_apart_exactly)
{
	struct buf b = { 0 };
	int64_t ms = -1;
	char *key;
	size_t n;

	n = key_object_parse(objects[_i].name, &ms);
	ck_assert_uint_eq(n, objects[_i].key_len);
	if (n > 0) {
		ck_assert_int_eq(ms, 1795170600123LL);
		key = strndup(objects[_i].name, n);
		key_object(&b, key, ms);
		ck_assert_str_eq(buf_str(&b), objects[_i].name);
		free(key);
	}
	buf_fini(&b);
}
END_TEST

/* A name of which each other one is nearly the same, or is its encoding. */
static void
put_name(struct buf *b)
{
	static const char *const bits[] = { "a", "b", "a", "b", "%", "%25",
	    "%41", "A", ".", "..", "-", "\n", "\x01", "\x7f", "\xc2\x85",
	    "\xc3", "\xa4", "\xc3\xa4", "\xff", "%C3", "%A4", "/a", "/b",
	    "\xf0\x9f\x98\x80", "\xed\xa0\x80", " ", "\t", "*", "{{1}}" };
	size_t n = 1 + below(4), start = b->len;

	if (below(200) == 0) {
		for (n = 0; n < 255; n++)
			buf_putc(b, "xy"[below(300) == 0]);
		return;
	}
	for (; n > 0; n--)
		buf_puts(b, bits[below(b->len == start ? 21 : LENGTH(bits))]);
}

struct named {
	char *path;
	char *key;
};

static int
by_key(const void *a, const void *b)
{
	return (strcmp(((const struct named *)a)->key,
	    ((const struct named *)b)->key));
}

static const struct {
	const char *patterns;
	const char *template;
	const char *before;	/* of the path */
	size_t depth;
} fleets[] = {
	{ "", "{{path}}", "", 3 },
	{ "", "x{{path}}%y", "", 3 },
	{ "", "{{path}}/a/{{path}}", "", 3 },
	{ "/a/*/*", "{{1}}/{{2}}", "/a", 2 },
	{ "/a/*/*", "{{2}}-a/a{{1}}", "/a", 2 },
	{ "/a/*a*", "{{1}}a/b{{2}}", "/a", 1 },
	{ "/a/{{x}}%*", "{{2}}./-{{x}}%", "/a", 1 },
	{ "/a/?*/{a,b,aa,ab}*", "-{{1}}/-{{2}}/-{{3}}/-{{4}}", "/a", 2 },
	{ "/a/[!a]*", "-{{1}}/-{{2}}", "/a", 1 },
	{ "/a/**", "{{1}}", "/a", 4 },
	{ "/a/**/*", "{{1}}/{{2}}", "/a", 4 },
	{ "/a/**/*", "{{2}}/{{1}}", "/a", 4 },
	{ "/a/**/*", "a{{1}}/{{2}}", "/a", 4 },
	{ "/a/**/*", "{{1}}/a{{1}}b/{{2}}", "/a", 4 },
	{ "/a/**/*", "{{1}}/{{path}}/{{1}}", "/a", 4 },
	{ "/a/*/**/b*", "{{2}}/{{1}}/-{{3}}", "/a", 4 },
	{ "/a/* /*/**/a", "{{1}}/{{path}}", "/a", 2 },
	{ "/a/*/* /*/*/b", "{{path}}/{{1}}/{{2}}", "/a", 2 },
};

/* Keys are text that can be shown, and lead back. */
static void
check_key(const struct naming *nm, const char *path, const struct buf *key,
    struct buf *back)
{
	const unsigned char *s = key->data;
	size_t i, step;

	for (i = 0; i < key->len; i += step) {
		step = utf8_step(s + i, key->len - i);
		if (step == 0 || utf8_is_control(s + i, step))
			ck_abort_msg("no text: %s", buf_str(key));
	}
	ck_assert_int_eq(key_invert(nm->t, buf_str(key), back), 0);
	ck_assert_str_eq(buf_str(back), path);
}

START_TEST(no_two_paths_share_a_key)
{
	enum { NPATHS = 10000 };
	struct named *all = calloc(NPATHS, sizeof(*all));
	struct buf path = { 0 }, key = { 0 }, back = { 0 };
	struct naming nm;
	size_t i, d, n = 0;

	open_naming(&nm, fleets[_i].patterns, fleets[_i].template, NULL);
	ck_assert_msg(nm.t != NULL, "%s", nm.e.msg);
	for (i = 0; i < NPATHS; i++) {
		buf_reset(&path);
		buf_puts(&path, fleets[_i].before);
		for (d = 1 + below(fleets[_i].depth); d > 0; d--) {
			buf_putc(&path, '/');
			put_name(&path);
		}
		if (key_render(nm.t, buf_str(&path), false, &key, &nm.e) == -1)
			continue;
		check_key(&nm, buf_str(&path), &key, &back);
		all[n].path = strdup(buf_str(&path));
		all[n++].key = strdup(buf_str(&key));
	}
	ck_assert_uint_gt(n, 300);
	qsort(all, n, sizeof(*all), by_key);
	for (i = 1; i < n; i++)
		if (strcmp(all[i].path, all[i - 1].path) != 0)
			ck_assert_str_ne(all[i].key, all[i - 1].key);
	for (i = 0; i < n; i++) {
		free(all[i].path);
		free(all[i].key);
	}
	free(all);
	buf_fini(&path);
	buf_fini(&key);
	buf_fini(&back);
	close_naming(&nm);
}
END_TEST

/* Any template at all: it is refused, or it keeps the promise. */
START_TEST(a_template_made_by_chance_is_refused_or_one_to_one)
{
	static const char *const pieces[] = { "{{1}}", "{{2}}", "{{path}}",
	    "{{1}}a", "a{{2}}", "a", "{{2}}{{1}}", "a{{1}}", "{{1}}",
	    "{{2}}" };
	static const char *const globs[] = { "/*/**", "/**/a", "/**/*", "/*/*",
	    "/a/*?", "/**/*/a", "/* /*/*", "/*/b*" };
	struct buf text = { 0 }, path = { 0 }, key = { 0 }, back = { 0 };
	struct naming nm;
	size_t i, k, d, refusals = 0, renders = 0;

	for (i = 0; i < 3000; i++) {
		buf_reset(&text);
		for (d = 1 + below(4); d > 0; d--)
			buf_printf(&text, "%s%s", text.len > 0 ? "/" : "",
			    pieces[below(LENGTH(pieces))]);
		open_naming(&nm, globs[below(LENGTH(globs))], buf_str(&text),
		    NULL);
		if (nm.t == NULL) {
			try_proposals(&nm, NULL);
			refusals++;
		}
		for (k = 0; nm.t != NULL && k < 50; k++) {
			buf_reset(&path);
			for (d = 1 + below(4); d > 0; d--)
				buf_printf(&path, "/%s", below(2) ? "a" :
				    below(2) ? "aa" : "b");
			if (key_render(nm.t, buf_str(&path), false, &key,
			    &nm.e) == -1)
				continue;
			/* What leads back exactly is shared by no other. */
			check_key(&nm, buf_str(&path), &key, &back);
			renders++;
		}
		close_naming(&nm);
	}
	ck_assert_uint_gt(refusals, 500);
	ck_assert_uint_gt(renders, 5000);
	buf_fini(&text);
	buf_fini(&path);
	buf_fini(&key);
	buf_fini(&back);
}
END_TEST

static const struct {
	const char *pattern;
	const char *template;
	const char *which;
	const char *prefix;
} prefixes[] = {
	{ "/data/**/*.db", "{{path}}", "/data/**/*.db", "data/" },
	{ "/data/**/*.db", "{{host}}/{{path}}", "/data/**/*.db", "h1/data/" },
	{ "/data/**/*.db", "x-{{path}}", "/data/**/*.db", "x-data/" },
	{ "/**/*.db", "x-{{path}}", "/**/*.db", "" },
	{ "/**/*.db", "a/x-{{path}}", "/**/*.db", "a/" },
	{ "/*", "{{path}}", "/*", "" },
	/* The database "/data/d" is one of them. */
	{ "/data/*", "x-{{path}}", "/data/d/**", "x-data/d/" },
	{ "/data/*", "h/x-{{path}}.y", "/data/d/**", "h/x-data/" },
	{ "/*", "h/x-{{path}}.y", "/d/**", "h/" },
	{ "/*", "x-{{path}}.y", "/**", "" },
	{ "/d/*", "{{host}}/x/{{1}}", "/d/*", "h1/x/" },
	{ "/d/*", "{{1}}/x", "/d/*", "" },
	{ "/d/**/*", "x{{1}}/{{2}}", "/d/**/*", "" },
	{ "/d/*/*", "{{path}}", "/d/5%/*", "d/5%25/" },
	{ "/d/*/*", "5%/{{1}}/{{2}}", "/d/a/*", "5%25/" },
	{ "/d/*/*", "{{1}}/{{2}}", "/d/a/b", "a/b/" },
	{ "/d/*.db", "{{path}}.x", "/d/a.db", "d/a.db.x/" },
	{ "/d/*.db", "{{path}}.x", "/d/a", "d/" },
	{ "/d/a.db", "fixed", "/d/a.db", "fixed/" },
	{ "/d/a.db", "{{path}}", "/d/a.db", "d/a.db/" },
};

START_TEST(all_keys_of_a_pattern_begin_with_its_prefix)
{
	struct naming nm;
	struct pattern *which;
	struct buf prefix = { 0 };

	open_naming(&nm, prefixes[_i].pattern, prefixes[_i].template, "h1");
	ck_assert_msg(nm.t != NULL, "%s", nm.e.msg);
	which = pattern_new(prefixes[_i].which, &nm.e);
	ck_assert_msg(which != NULL, "%s", nm.e.msg);
	buf_puts(&prefix, "rubbish");
	key_prefix(nm.t, which, &prefix);
	ck_assert_str_eq(buf_str(&prefix), prefixes[_i].prefix);
	buf_fini(&prefix);
	pattern_free(which);
	close_naming(&nm);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("key");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, a_path_gets_its_key_and_comes_back, 0,
	    LENGTH(keys));
	tcase_add_loop_test(tc,
	    a_refused_template_comes_with_one_that_would_do, 0,
	    LENGTH(refused));
	tcase_add_loop_test(tc,
	    a_host_that_is_no_component_is_refused_where_it_is_used, 0,
	    LENGTH(bad_hosts));
	tcase_add_loop_test(tc, a_path_without_a_sound_key_is_refused_by_name,
	    0, LENGTH(keyless));
	tcase_add_test(tc,
	    keys_up_to_the_limits_are_rendered_and_longer_ones_refused);
	tcase_add_loop_test(tc, a_key_that_is_no_ones_has_no_path, 0,
	    LENGTH(strangers));
	tcase_add_test(tc, whatever_changes_keys_changes_the_naming);
	tcase_add_test(tc, what_changes_no_key_keeps_the_naming);
	tcase_add_loop_test(tc, an_objects_name_is_taken_apart_exactly, 0,
	    LENGTH(objects));
	tcase_add_loop_test(tc, no_two_paths_share_a_key, 0, LENGTH(fleets));
	tcase_add_loop_test(tc, all_keys_of_a_pattern_begin_with_its_prefix, 0,
	    LENGTH(prefixes));
	tcase_add_test(tc, a_template_made_by_chance_is_refused_or_one_to_one);
	return (run_suite(tc));
}
