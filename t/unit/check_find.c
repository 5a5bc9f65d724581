#include "find/find.h"

#include "base/clock.h"
#include "unit/storebed.h"

#define T1	"20261120T100000.000Z"
#define T2	"20261120T110000.000Z"
#define T3	"20261121T100000.000Z"
#define OBJ(key, t)	key "/" t ".db.lz4"

static int64_t
ms_of(const char *stamp)
{
	int64_t ms;

	ck_assert(clock_stamp_parse(stamp, strlen(stamp), &ms));
	return (ms);
}

/* A store with databases that have one, two and three versions, and with
 * things that are no backups. */
static struct store *
fill(void)
{
	static const char *const names[] = {
		OBJ("data/a/t1.db", T1), OBJ("data/a/t1.db", T2),
		OBJ("data/a/t1.db", T3), OBJ("data/a/t2.db", T1),
		OBJ("data/b/t1.db", T2), OBJ("data/b/t1.db", T3),
		OBJ("data/b/t1.db/deep.db", T1), OBJ("data/.hid/t1.db", T1),
		OBJ("dat", T1), OBJ("data/we*rd", T1),
		"data/a/t1.db/notes.txt", "README", "data/a/" T1 ".db",
		OBJ("data/a/t9.db", "20261399T100000.000Z"),
	};
	struct store *s = open_tag("w0");
	size_t i;

	for (i = 0; i < LENGTH(names); i++)
		put(s, names[i], "12345");
	all_safe(s);
	return (s);
}

/* What is found, as "key stamp\n" a version. */
static void
finds(struct store *s, const char *glob, bool all, int64_t before_ms,
    const char *want)
{
	struct find_cfg cfg = { .store = s, .glob = glob, .all = all,
	    .before_ms = before_ms };
	struct find_version v;
	char stamp[CLOCK_STAMP_BYTES], object[512];
	struct buf b = { 0 };
	struct find *f;
	struct err e;
	int r;

	f = find_new(&cfg, &e);
	ck_assert_msg(f != NULL, "%s", e.msg);
	while ((r = find_next(f, &v, &e)) == 1) {
		clock_stamp(v.ms, stamp);
		(void)snprintf(object, sizeof(object), "%s/%s.db.lz4", v.key,
		    stamp);
		ck_assert_str_eq(v.object, object);
		ck_assert_uint_eq(v.bytes, 5);
		buf_printf(&b, "%s %s\n", v.key, stamp);
	}
	ck_assert_msg(r == 0, "%s", e.msg);
	ck_assert_str_eq(buf_str(&b), want);
	buf_fini(&b);
	find_free(f);
}

#define ALL_NEWEST							\
	"dat " T1 "\n"							\
	"data/.hid/t1.db " T1 "\n"					\
	"data/a/t1.db " T3 "\n"						\
	"data/a/t2.db " T1 "\n"						\
	"data/b/t1.db " T3 "\n"						\
	"data/b/t1.db/deep.db " T1 "\n"					\
	"data/we*rd " T1 "\n"

static const struct {
	const char *glob, *want;
} globs[] = {
	{ "", ALL_NEWEST },
	{ "data/a", "data/a/t1.db " T3 "\ndata/a/t2.db " T1 "\n" },
	{ "data/a/", "data/a/t1.db " T3 "\ndata/a/t2.db " T1 "\n" },
	{ "data/a/t1.db", "data/a/t1.db " T3 "\n" },
	{ "data/a/t1", "" },
	{ "data/b/t1.db", "data/b/t1.db " T3 "\ndata/b/t1.db/deep.db " T1
	    "\n" },
	{ "dat", "dat " T1 "\n" },
	{ "da*", "dat " T1 "\n" },
	{ "data/*/t1.db", "data/a/t1.db " T3 "\ndata/b/t1.db " T3 "\n" },
	{ "data/.*/t1.db", "data/.hid/t1.db " T1 "\n" },
	{ "data/?/t[12].db", "data/a/t1.db " T3 "\ndata/a/t2.db " T1
	    "\ndata/b/t1.db " T3 "\n" },
	{ "data/{b,c}/*", "data/b/t1.db " T3 "\n" },
	{ "data/{b,c}/", "data/b/t1.db " T3 "\ndata/b/t1.db/deep.db " T1
	    "\n" },
	{ "**/t2.db", "data/a/t2.db " T1 "\n" },
	{ "data/**/*.db", "data/a/t1.db " T3 "\ndata/a/t2.db " T1
	    "\ndata/b/t1.db " T3 "\ndata/b/t1.db/deep.db " T1 "\n" },
	{ "data/we\\*rd", "data/we*rd " T1 "\n" },
	{ "none/*", "" },
	{ "data", ALL_NEWEST + sizeof("dat " T1) },
};

START_TEST(a_glob_finds_the_newest_of_each_key)
{
	struct store *s = fill();

	finds(s, globs[_i].glob, false, INT64_MAX, globs[_i].want);
	store_close(s);
}
END_TEST

START_TEST(all_versions_come_oldest_first)
{
	struct store *s = fill();

	finds(s, "data/?/t1.db", true, INT64_MAX, "data/a/t1.db " T1
	    "\ndata/a/t1.db " T2 "\ndata/a/t1.db " T3 "\ndata/b/t1.db " T2
	    "\ndata/b/t1.db " T3 "\n");
	store_close(s);
}
END_TEST

START_TEST(nothing_younger_than_asked_for_is_found)
{
	struct store *s = fill();

	finds(s, "data/?/t1.db", false, ms_of(T2), "data/a/t1.db " T2
	    "\ndata/b/t1.db " T2 "\n");
	finds(s, "data/?/t1.db", false, ms_of(T2) - 1, "data/a/t1.db " T1
	    "\n");
	finds(s, "data/?/t1.db", true, ms_of(T2), "data/a/t1.db " T1
	    "\ndata/a/t1.db " T2 "\ndata/b/t1.db " T2 "\n");
	finds(s, "", true, 0, "");
	store_close(s);
}
END_TEST

START_TEST(what_is_no_backup_is_counted)
{
	struct store *s = fill();
	struct find_cfg cfg = { .store = s, .glob = "",
	    .before_ms = INT64_MAX };
	struct find_version v;
	struct find *f;
	struct err e;

	f = find_new(&cfg, &e);
	ck_assert_ptr_nonnull(f);
	while (find_next(f, &v, &e) == 1)
		continue;
	ck_assert_uint_eq(find_foreign(f), 4);
	find_free(f);
	store_close(s);
}
END_TEST

START_TEST(a_wrong_glob_is_a_usage_error)
{
	static const char *const bad[] = { "data/[", "**/**", "a/{{name}}/b",
	    "{{1}}" };
	struct store *s = open_tag(NULL);
	struct find_cfg cfg = { .store = s, .glob = bad[_i],
	    .before_ms = INT64_MAX };
	struct err e;

	ck_assert_ptr_null(find_new(&cfg, &e));
	ck_assert_int_eq(e.cls, ERR_USAGE);
	ck_assert_msg(strstr(e.msg, bad[_i]) != NULL, "%s", e.msg);
	store_close(s);
}
END_TEST

START_TEST(the_newest_version_of_one_key_is_found)
{
	struct store *s = fill();
	struct buf object = { 0 };
	struct err e;
	int64_t ms;

	ck_assert_int_eq(find_newest(s, "data/a/t1.db", INT64_MAX, &object,
	    &ms, &e), 1);
	ck_assert_str_eq(buf_str(&object), OBJ("data/a/t1.db", T3));
	ck_assert_int_eq(ms, ms_of(T3));
	ck_assert_int_eq(find_newest(s, "data/a/t1.db", ms_of(T3) - 1,
	    &object, &ms, &e), 1);
	ck_assert_str_eq(buf_str(&object), OBJ("data/a/t1.db", T2));
	ck_assert_int_eq(ms, ms_of(T2));
	/* None so old: says what there is. */
	ck_assert_int_eq(find_newest(s, "data/b/t1.db", ms_of(T1), &object,
	    &ms, &e), 0);
	ck_assert_int_eq(ms, ms_of(T2));
	/* A key is taken as it is, and not as a glob. */
	ck_assert_int_eq(find_newest(s, "data/we*rd", INT64_MAX, &object, &ms,
	    &e), 1);
	ck_assert_str_eq(buf_str(&object), OBJ("data/we*rd", T1));
	ck_assert_int_eq(find_newest(s, "data/*/t1.db", INT64_MAX, &object,
	    &ms, &e), 0);
	ck_assert_int_eq(ms, 0);
	/* What lies below belongs to others. */
	ck_assert_int_eq(find_newest(s, "data/b", INT64_MAX, &object, &ms,
	    &e), 0);
	ck_assert_int_eq(ms, 0);
	ck_assert_uint_eq(object.len, 0);
	buf_fini(&object);
	store_close(s);
}
END_TEST

int
main(void)
{
	TCase *tc = storebed("find");

	tcase_add_loop_test(tc, a_glob_finds_the_newest_of_each_key, 0,
	    LENGTH(globs));
	tcase_add_test(tc, all_versions_come_oldest_first);
	tcase_add_test(tc, nothing_younger_than_asked_for_is_found);
	tcase_add_test(tc, what_is_no_backup_is_counted);
	tcase_add_loop_test(tc, a_wrong_glob_is_a_usage_error, 0, 4);
	tcase_add_test(tc, the_newest_version_of_one_key_is_found);
	return (run_suite(tc));
}
