/*
 * Finding with many listings at once, in S3: from a server in this file's own
 * hands, and, with LITEFLEET_TEST_S3 and keys as check_s3call.c has it, from a
 * real one.  There LITEFLEET_TEST_KEYS says how many keys, and what it cost is
 * said.
 */
#include <inttypes.h>

#include "base/clock.h"
#include "find/find.h"
#include "unit/s3bed.h"
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

static int
compare(const void *a, const void *b)
{
	return (strcmp(*(char *const *)a, *(char *const *)b));
}

/* What is found, "key stamp" a line, sorted; the versions of a key must have
 * come together. */
static char *
found(const struct find_cfg *cfg)
{
	struct find_version v;
	struct buf b = { 0 };
	char stamp[CLOCK_STAMP_BYTES], **lines = NULL, *key = NULL;
	size_t i, n = 0;
	struct find *f;
	struct err e;
	int64_t ms = 0;
	int r;

	f = find_new(cfg, &e);
	ck_assert_msg(f != NULL, "%s", e.msg);
	while ((r = find_next(f, &v, &e)) == 1) {
		if (key != NULL && strcmp(key, v.key) == 0)
			ck_assert_int_gt(v.ms, ms);
		else
			for (i = 0; cfg->all && i < n; i++)
				if (strncmp(lines[i], v.key,
				    strlen(v.key)) == 0 &&
				    lines[i][strlen(v.key)] == ' ')
					ck_abort_msg("%s comes again", v.key);
		free(key);
		key = mem_strdup(v.key);
		ms = v.ms;
		clock_stamp(v.ms, stamp);
		lines = mem_resize(lines, n + 1, sizeof(*lines));
		lines[n++] = mem_printf("%s %s%s\n", v.key,
		    v.ms == 0 ? "none" : stamp,
		    v.object == NULL ? " young" : "");
		if (v.object != NULL)
			ck_assert(v.tag[0] == '"' && v.mtime_ms > 0);
	}
	ck_assert_msg(r == 0, "%s", e.msg);
	find_free(f);
	free(key);
	if (n > 0)
		qsort(lines, n, sizeof(*lines), compare);
	for (i = 0; i < n; i++) {
		buf_puts(&b, lines[i]);
		free(lines[i]);
	}
	free(lines);
	return (buf_take(&b));
}

/* With many listings as with one? */
static void
agrees(struct find_cfg *cfg, int want)
{
	char *one, *many, *p;
	int n = 0;

	cfg->parallel = 1;
	one = found(cfg);
	cfg->parallel = 16;
	many = found(cfg);
	ck_assert_str_eq(one, many);
	for (p = one; (p = strchr(p, '\n')) != NULL; p++)
		n++;
	ck_assert_int_eq(n, want);
	free(one);
	free(many);
}

/* n keys, every tenth with three versions, the others with one, in a tree of
 * this shape. */
static void
have_keys(int shape, int n)
{
	char key[128], name[256];
	int i, j;
	static const char *const stamps[] = { T1, T2, T3 };

	for (i = 0; i < n; i++) {
		if (shape == 0)
			(void)snprintf(key, sizeof(key), "d/%d.db", i);
		else
			(void)snprintf(key, sizeof(key), "%s/%d%s/%d.db",
			    shape == 2 ? "d/e/f" : "d", i % 40,
			    shape == 3 ? "/x" : "", i);
		for (j = 0; j < (i % 10 == 0 ? 3 : 1); j++) {
			(void)snprintf(name, sizeof(name), "%s/%s.db.lz4",
			    key, stamps[j]);
			bed_have(name);
		}
	}
}

START_TEST(many_listings_find_what_one_finds)
{
	struct find_cfg cfg = { .before_ms = INT64_MAX, .glob = "" };
	struct store *s;

	have_keys(_i, 2500);
	bed_have(OBJ("d", T1));
	bed_have(OBJ("d", T3));
	bed_have(OBJ("d/e", T1));
	bed_have("d/e/README");
	s = s3bed_start();
	cfg.store = s;
	agrees(&cfg, 2502);
	cfg.all = true;
	agrees(&cfg, 3003);
	cfg.all = false;
	cfg.before_ms = ms_of(T1) - 1;
	agrees(&cfg, 0);
	cfg.tell_young = true;
	agrees(&cfg, 2502);
	s3bed_stop(s);
}
END_TEST

START_TEST(what_is_on_one_page_costs_one_request)
{
	struct find_cfg cfg = { .before_ms = INT64_MAX, .glob = "",
	    .parallel = 16 };
	struct store *s;

	have_keys(1, 500);
	s = s3bed_start();
	cfg.store = s;
	free(found(&cfg));
	ck_assert_uint_eq(s3bed->lists, 1);
	s3bed_stop(s);
}
END_TEST

START_TEST(more_is_listed_by_many_at_once)
{
	struct find_cfg cfg = { .before_ms = INT64_MAX, .glob = "d/**",
	    .parallel = 16 };
	struct store *s;

	have_keys(1, 5000);
	s = s3bed_start();
	cfg.store = s;
	/* The first page and the division are for themselves; the stretches
	 * wait for each other. */
	s3bed->alone = 2;
	s3bed->gather = 16;
	free(found(&cfg));
	ck_assert_uint_eq(s3bed->gather, 0);
	ck_assert_uint_eq(s3bed->lists, 2 + 16);
	s3bed_stop(s);
}
END_TEST

START_TEST(versions_over_pages_come_together)
{
	struct find_cfg cfg = { .before_ms = INT64_MAX, .glob = "d/",
	    .all = true };
	struct store *s;
	char name[64];
	int i;

	have_keys(0, 2500);
	/* Those of "d" stand among all others, on three pages. */
	for (i = 0; i < 1500; i++) {
		(void)snprintf(name, sizeof(name), "d/20261120T10%02d%02d."
		    "%03dZ.db.lz4", i / 60, i % 60, i % 1000);
		bed_have(name);
	}
	s = s3bed_start();
	s3bed->shallow_last = true;
	cfg.store = s;
	agrees(&cfg, 1500 + 2500 + 2 * 250);
	s3bed_stop(s);
}
END_TEST

START_TEST(just_these_keys_are_looked_up_at_once)
{
	static const char *const keys[] = { "a/1.db", "a/none.db", "a/2.db",
	    "a", "a/3.db", "a/4.db", "a/5.db", "../a" };
	struct find_cfg cfg = { .before_ms = ms_of(T2), .keys = keys,
	    .nkeys = 8, .parallel = 4 };
	struct store *s;
	char *text;

	bed_have(OBJ("a/1.db", T1));
	bed_have(OBJ("a/1.db", T2));
	bed_have(OBJ("a/1.db", T3));
	bed_have(OBJ("a/1.db/below.db", T1));
	bed_have(OBJ("a/2.db", T3));
	bed_have(OBJ("a/3.db", T1));
	bed_have(OBJ("a/4.db", T2));
	bed_have(OBJ("a/5.db", T1));
	s = s3bed_start();
	cfg.store = s;
	s3bed->gather = 4;
	text = found(&cfg);
	ck_assert_uint_eq(s3bed->gather, 0);
	ck_assert_str_eq(text, "../a none young\na none young\n"
	    "a/1.db " T2 "\na/2.db " T3 " young\na/3.db " T1 "\n"
	    "a/4.db " T2 "\na/5.db " T1 "\na/none.db none young\n");
	ck_assert_uint_eq(s3bed->lists, 8);
	free(text);
	s3bed_stop(s);
}
END_TEST

START_TEST(what_was_stored_in_time_counts)
{
	struct find_cfg cfg = { .before_ms = ms_of(T1), .glob = "" };
	struct store *s;
	char *text;

	bed_have(OBJ("a", T1));
	bed_have(OBJ("a", T2));
	bed_have(OBJ("a", T3));
	s = s3bed_start();
	cfg.store = s;
	/* The server says of all: 12:00 on the 20th. */
	cfg.stored_before_ms = ms_of("20261120T120000.000Z");
	text = found(&cfg);
	ck_assert_str_eq(text, "a " T3 "\n");
	free(text);
	cfg.stored_before_ms--;
	text = found(&cfg);
	ck_assert_str_eq(text, "a " T1 "\n");
	free(text);
	cfg.stored_before_ms = INT64_MAX;
	text = found(&cfg);
	ck_assert_str_eq(text, "a " T1 "\n");
	free(text);
	s3bed_stop(s);
}
END_TEST

START_TEST(a_list_that_fails_fails_the_find)
{
	struct find_cfg cfg = { .before_ms = INT64_MAX, .glob = "",
	    .parallel = 16 };
	struct find_version v;
	struct store *s;
	struct find *f;
	struct err e;
	int r;

	have_keys(1, 20000);
	s = s3bed_start();
	cfg.store = s;
	f = find_new(&cfg, &e);
	ck_assert_ptr_nonnull(f);
	/* The first page, or one of the stretches. */
	s3bed->refuse = _i == 0;
	if (_i == 1)
		ck_assert_int_eq(find_next(f, &v, &e), 1);
	s3bed->refuse = true;
	while ((r = find_next(f, &v, &e)) == 1)
		continue;
	ck_assert_int_eq(r, -1);
	ck_assert_int_eq(e.cls, ERR_DENIED);
	find_free(f);
	s3bed_stop(s);
}
END_TEST

/* The time and the requests of a find of all. */
static int
timed(struct store *s, unsigned parallel)
{
	struct find_cfg cfg = { .store = s, .glob = "", .parallel = parallel,
	    .before_ms = INT64_MAX };
	uint64_t before = store_requests(s, STORE_REQ_LIST);
	int64_t start = clock_mono_ms();
	struct find_version v;
	struct find *f;
	struct err e;
	int n = 0, r;

	f = find_new(&cfg, &e);
	ck_assert_ptr_nonnull(f);
	for (; (r = find_next(f, &v, &e)) == 1; n++)
		continue;
	ck_assert_msg(r == 0, "%s", e.msg);
	find_free(f);
	(void)printf("# parallel %u: %d keys, %" PRIu64 " requests, %" PRId64
	    " ms\n", parallel, n, store_requests(s, STORE_REQ_LIST) - before,
	    clock_mono_ms() - start);
	return (n);
}

START_TEST(a_real_server_is_divided_without_loss)
{
	const char *text = getenv("LITEFLEET_TEST_S3"), *opt;
	const char *keys = getenv("LITEFLEET_TEST_KEYS");
	int i, n = keys == NULL ? 2500 : atoi(keys);
	struct find_cfg cfg = { .glob = "", .before_ms = INT64_MAX };
	struct store_url url;
	struct store_cfg scfg = { .url = &url, .write = true, .tag = "w0" };
	struct store *s;
	char *where, name[128];
	struct err e;

	if (text == NULL)
		SKIP("LITEFLEET_TEST_S3 is not set");
	opt = strchr(text, '?') == NULL ? "" : strchr(text, '?');
	where = mem_printf("%.*s/find%" PRId64 "%s", (int)strcspn(text, "?"),
	    text, clock_real_ns(), opt);
	ck_assert_int_eq(store_url_parse(where, "--to", &url, &e), 0);
	s = store_open(&scfg, &e);
	ck_assert_msg(s != NULL, "%s", e.msg);
	for (i = 0; i < n; i++) {
		(void)snprintf(name, sizeof(name), _i == 0 ?
		    OBJ("p%2$d/%1$d.db", T1) : _i == 1 ?
		    OBJ("d/%1$05d.db", T1) : OBJ("a b+/\xc3\xbc/%2$d/%1$d.db",
		    T1), i, i % 50);
		put(s, name, "x");
		if (store_inflight(s) >= 500)
			all_safe(s);
	}
	put(s, OBJ("d", T1), "x");
	put(s, OBJ("d", T2), "x");
	all_safe(s);
	ck_assert_int_eq(timed(s, 1), n + 1);
	ck_assert_int_eq(timed(s, 16), n + 1);
	cfg.store = s;
	cfg.all = true;
	if (n <= 2500)
		agrees(&cfg, n + 2);
	store_close(s);
	store_url_fini(&url);
	free(where);
}
END_TEST

int
main(void)
{
	TCase *tc = storebed("find-s3");

	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, many_listings_find_what_one_finds, 0, 4);
	tcase_add_test(tc, what_is_on_one_page_costs_one_request);
	tcase_add_test(tc, more_is_listed_by_many_at_once);
	tcase_add_test(tc, versions_over_pages_come_together);
	tcase_add_test(tc, just_these_keys_are_looked_up_at_once);
	tcase_add_test(tc, what_was_stored_in_time_counts);
	tcase_add_loop_test(tc, a_list_that_fails_fails_the_find, 0, 2);
	tcase_add_loop_test(tc, a_real_server_is_divided_without_loss, 0, 3);
	return (run_suite(tc));
}
