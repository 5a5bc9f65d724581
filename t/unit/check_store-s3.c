/*
 * The S3 store as it gets and lists, from a server that can be made to do
 * both badly.
 */
#include "store/retry.h"
#include "unit/s3bed.h"
#include "unit/storebed.h"

static void
have_many(const char *dir, int n)
{
	char name[64];
	int i;

	for (i = 0; i < n; i++) {
		(void)snprintf(name, sizeof(name), "%s%05d", dir, i);
		bed_have(name);
	}
}

static void
get(struct store *s, const char *name, size_t max, const char *tag)
{
	struct store_op *op = store_op_new(STORE_GET, mem_strdup(name));

	op->max_bytes = max;
	op->bytes = strlen(name) + 2;
	op->tag = tag == NULL ? NULL : mem_strdup(tag);
	store_submit(s, op);
}

/* The one operation in flight comes back like this. */
static void
comes(struct store *s, const char *text, enum err_class cls)
{
	struct store_op *op;

	while ((op = store_next(s)) == NULL)
		store_wait(s, -1, -1);
	if (text == NULL) {
		ck_assert_ptr_nonnull(op->err);
		ck_assert_msg(op->err->cls == cls, "%s", op->err->msg);
		ck_assert_uint_eq(op->mem.len, 0);
	} else {
		ck_assert_msg(op->err == NULL, "%s", op->err->msg);
		ck_assert_str_eq(buf_str(&op->mem), text);
		ck_assert_uint_eq(op->bytes, strlen(text));
	}
	store_op_free(op);
	ck_assert_uint_eq(store_inflight(s), 0);
}

START_TEST(objects_come_by_the_queue)
{
	struct store_op *op;
	struct store *s;
	int i, n = 0;

	have_many("d/", 500);
	s = s3bed_start();
	for (i = 0; i < (int)bed_nkeys; i++)
		get(s, bed_keys[i] + 2, 0, NULL);
	while (store_inflight(s) > 0) {
		store_wait(s, -1, -1);
		while ((op = store_next(s)) != NULL) {
			ck_assert_msg(op->err == NULL, "%s", op->err->msg);
			ck_assert_str_eq(buf_str(&op->mem) + 2, op->name);
			store_op_free(op);
			n++;
		}
	}
	ck_assert_int_eq(n, 500);
	ck_assert_uint_eq(store_requests(s, STORE_REQ_GET), 500);
	s3bed_stop(s);
}
END_TEST

START_TEST(an_object_that_breaks_off_is_got_again)
{
	struct store *s;

	bed_have("one");
	s = s3bed_start();
	s3bed->cut = 2;
	get(s, "one", 0, NULL);
	comes(s, "p/one", ERR_NONE);
	ck_assert_uint_eq(store_requests(s, STORE_REQ_AGAIN), 2);
	s3bed->cut = 100;
	get(s, "one", 0, NULL);
	comes(s, NULL, ERR_NETWORK);
	ck_assert_uint_eq(store_requests(s, STORE_REQ_GET), 3 + 5);
	s3bed_stop(s);
}
END_TEST

START_TEST(what_is_not_as_expected_is_refused)
{
	struct store *s;

	bed_have("one");
	s = s3bed_start();
	get(s, "one", 5, NULL);
	comes(s, "p/one", ERR_NONE);
	get(s, "one", 4, NULL);
	comes(s, NULL, ERR_LIMIT);
	get(s, "none", 0, NULL);
	comes(s, NULL, ERR_NOTFOUND);
	get(s, "one", 0, "\"e5\"");
	comes(s, "p/one", ERR_NONE);
	get(s, "one", 0, "e5");
	comes(s, "p/one", ERR_NONE);
	get(s, "one", 0, "\"e6\"");
	comes(s, NULL, ERR_GONE);
	/* None of it was worth a second try. */
	ck_assert_uint_eq(s3bed->gets, 6);
	s3bed_stop(s);
}
END_TEST

START_TEST(a_reader_sticks_to_the_tag)
{
	struct store_get_cfg cfg = { .name = "one", .off = 2,
	    .if_match = "\"e5\"" };
	struct store_reader *r;
	struct store *s;
	struct err e;
	uint64_t size;
	size_t len = 0;
	ssize_t n;
	char text[16];

	bed_have("one");
	s = s3bed_start();
	s3bed->cut = 1;
	r = store_get(s, &cfg, &size, &e);
	ck_assert_msg(r != NULL, "%s", e.msg);
	ck_assert_uint_eq(size, 5);
	ck_assert_str_eq(store_reader_tag(r), "\"e5\"");
	while ((n = store_read(r, text + len, 4, &e)) > 0)
		len += (size_t)n;
	ck_assert_msg(n == 0, "%s", e.msg);
	ck_assert_uint_eq(len, 3);
	ck_assert_int_eq(memcmp(text, "one", 3), 0);
	ck_assert_uint_eq(s3bed->gets, 2);
	store_reader_free(r);
	cfg.if_match = "\"e6\"";
	ck_assert_ptr_null(store_get(s, &cfg, &size, &e));
	ck_assert_int_eq(e.cls, ERR_GONE);
	cfg.if_match = NULL;
	r = store_get(s, &cfg, NULL, &e);
	ck_assert_ptr_nonnull(r);
	ck_assert_str_eq(store_reader_tag(r), "\"e5\"");
	store_reader_free(r);
	s3bed_stop(s);
}
END_TEST

/* Which some proxies make of them, and which never meets If-Match. */
START_TEST(a_weak_tag_is_compared_here)
{
	struct store_get_cfg cfg = { .name = "one" };
	struct store_reader *r;
	struct store *s;
	struct err e;
	char text[16];
	size_t len = 0;
	ssize_t n;

	bed_have("one");
	s = s3bed_start();
	s3bed->weak = true;
	s3bed->cut = 1;
	r = store_get(s, &cfg, NULL, &e);
	ck_assert_msg(r != NULL, "%s", e.msg);
	while ((n = store_read(r, text + len, 4, &e)) > 0)
		len += (size_t)n;
	ck_assert_msg(n == 0, "%s", e.msg);
	ck_assert_uint_eq(len, 5);
	ck_assert_int_eq(memcmp(text, "p/one", 5), 0);
	ck_assert_uint_eq(s3bed->gets, 2);
	store_reader_free(r);
	cfg.if_match = "W/\"e6\"";
	ck_assert_ptr_null(store_get(s, &cfg, NULL, &e));
	ck_assert_int_eq(e.cls, ERR_GONE);
	get(s, "one", 0, "W/\"e5\"");
	comes(s, "p/one", ERR_NONE);
	get(s, "one", 0, "W/\"e6\"");
	comes(s, NULL, ERR_GONE);
	s3bed_stop(s);
}
END_TEST

/* Take the whole listing; how many, or -1. */
static int
drain(struct store *s, const struct store_list_cfg *cfg, struct err *e)
{
	struct store_lister *l = store_list(s, cfg, e);
	struct store_entry ent;
	int n = 0, r;

	ck_assert_ptr_nonnull(l);
	while ((r = store_list_next(l, &ent, e)) == 1)
		n++;
	store_lister_free(l);
	return (r == 0 ? n : -1);
}

START_TEST(a_list_that_does_not_move_on_is_refused)
{
	struct store_list_cfg cfg = { .prefix = "", .shallow = _i >= 3 };
	struct store *s;
	struct err e;

	have_many("d/", 1500);
	s = s3bed_start();
	s3bed->same_token = _i % 3 == 0;
	s3bed->same_keys = _i % 3 == 1;
	s3bed->empty = _i % 3 == 2;
	ck_assert_int_eq(drain(s, &cfg, &e), -1);
	ck_assert_int_eq(e.cls, ERR_NETWORK);
	ck_assert_ptr_nonnull(strstr(e.msg, "does not get beyond"));
	ck_assert_uint_le(s3bed->lists, 1002);
	s3bed_stop(s);
}
END_TEST

START_TEST(the_next_page_comes_while_this_one_is_taken)
{
	struct store_list_cfg cfg = { .prefix = "", .shallow = true };
	struct store_lister *l;
	struct store_entry ent;
	struct store *s;
	struct err e;
	int i;

	have_many("", 2500);
	s = s3bed_start();
	l = store_list(s, &cfg, &e);
	ck_assert_int_eq(store_list_next(l, &ent, &e), 1);
	ck_assert(store_list_goes_on(l));
	for (i = 0; i < 1000 && s3bed->lists < 2; i++)
		(void)usleep(5000);
	ck_assert_uint_eq(s3bed->lists, 2);
	for (i = 1; i < 1000; i++) {
		ck_assert(store_list_ready(l));
		ck_assert_int_eq(store_list_next(l, &ent, &e), 1);
	}
	ck_assert_str_eq(ent.name, "00999");
	for (; store_list_next(l, &ent, &e) == 1; i++)
		continue;
	ck_assert_int_eq(i, 2500);
	ck_assert(!store_list_goes_on(l));
	ck_assert_uint_eq(s3bed->lists, 3);
	store_lister_free(l);
	/* One that is given up while its page is coming. */
	l = store_list(s, &cfg, &e);
	store_lister_free(l);
	lists(s, "none/", "");
	s3bed_stop(s);
}
END_TEST

START_TEST(many_listings_are_in_flight_at_once)
{
	struct store_list_cfg cfg = { .prefix = "" };
	struct store_lister *l[8];
	struct store_entry ent;
	struct store *s;
	struct err e;
	int i;

	have_many("d/", 3);
	s = s3bed_start();
	s3bed->gather = 8;
	for (i = 0; i < 8; i++)
		l[i] = store_list(s, &cfg, &e);
	/* None is answered before all have asked. */
	store_list_wait(l, 8);
	for (i = 0; i < 8; i++)
		ck_assert_int_eq(store_list_next(l[i], &ent, &e), 1);
	ck_assert_uint_eq(s3bed->gather, 0);
	for (i = 0; i < 8; i++)
		store_lister_free(l[i]);
	s3bed_stop(s);
}
END_TEST

START_TEST(a_shallow_listing_has_objects_and_directories)
{
	struct store_list_cfg cfg = { .prefix = "a/", .shallow = true };
	struct store_lister *l;
	struct store_entry ent;
	struct store *s;
	struct err e;

	bed_have("a/1");
	bed_have("a/15/x");
	bed_have("a/15/y");
	bed_have("a/2");
	bed_have("b");
	bed_have(".litefleet/store");
	s = s3bed_start();
	l = store_list(s, &cfg, &e);
	ck_assert_int_eq(store_list_next(l, &ent, &e), 1);
	ck_assert_str_eq(ent.name, "a/1");
	ck_assert_str_eq(ent.tag, "\"e5\"");
	ck_assert_int_eq(ent.mtime_ms, INT64_C(1795176000000));
	ck_assert(!ent.directory);
	ck_assert_int_eq(store_list_next(l, &ent, &e), 1);
	ck_assert_str_eq(ent.name, "a/2");
	ck_assert_int_eq(store_list_next(l, &ent, &e), 1);
	ck_assert_str_eq(ent.name, "a/15/");
	ck_assert(ent.directory);
	ck_assert_int_eq(store_list_next(l, &ent, &e), 0);
	store_lister_free(l);
	cfg.prefix = "";
	ck_assert_int_eq(drain(s, &cfg, &e), 2);
	lists(s, "", "a/15/x\na/15/y\na/1\na/2\nb\n");
	s3bed_stop(s);
}
END_TEST

START_TEST(stretches_that_meet_hold_each_object_once)
{
	static const char *const bounds[] = { NULL, "d/00000", "d/00998",
	    "d/00999", "d/01000", "d/0175", "e/", "f", NULL };
	static const int want[] = { 1, 998, 1, 1, 749, 750, 1, 1 };
	struct store_list_cfg cfg = { .prefix = "" };
	struct store *s;
	struct err e;
	int i;

	have_many("d/", 2500);
	bed_have("e/x");
	bed_have("g");
	s = s3bed_start();
	for (i = 0; i < 8; i++) {
		cfg.after = bounds[i];
		cfg.until = bounds[i + 1];
		ck_assert_int_eq(drain(s, &cfg, &e), want[i]);
	}
	/* A stretch that ends on its page is not asked for further. */
	ck_assert_uint_le(s3bed->lists, 9);
	s3bed_stop(s);
}
END_TEST

/* The whole run hangs on it: one more than other requests are tried. */
START_TEST(a_page_outlives_bad_luck)
{
	struct store_list_cfg cfg = { .prefix = "" };
	struct store *s;
	struct err e;

	have_many("d/", 3);
	s = s3bed_start();
	s3bed->broken = RETRY_TRIES + 1;
	ck_assert_msg(drain(s, &cfg, &e) == 3, "%s", e.msg);
	ck_assert_uint_eq(s3bed->lists, RETRY_TRIES + 2);
	s3bed_stop(s);
}
END_TEST

START_TEST(a_refused_list_says_so)
{
	struct store_list_cfg cfg = { .prefix = "" };
	struct store *s = s3bed_start();
	struct err e;

	s3bed->refuse = true;
	ck_assert_int_eq(drain(s, &cfg, &e), -1);
	ck_assert_int_eq(e.cls, ERR_DENIED);
	s3bed_stop(s);
}
END_TEST

static void
list_all(struct store *s)
{
	struct store_list_cfg cfg = { .prefix = "" };
	struct store_lister *l;
	struct store_entry ent;
	struct err e;

	l = store_list(s, &cfg, &e);
	ck_assert_ptr_nonnull(l);
	while (store_list_next(l, &ent, &e) == 1)
		continue;
	store_lister_free(l);
}

START_TEST(the_servers_time_is_that_of_its_last_answer)
{
	struct store *s;
	int64_t off_ms = 7;

	bed_have("one");
	s = s3bed_start();
	ck_assert(!store_clock(s, &off_ms));
	list_all(s);
	ck_assert(!store_clock(s, &off_ms));
	ck_assert_int_eq(off_ms, 7);
	s3bed->dated = true;
	s3bed->ahead_s = 5000;
	list_all(s);
	ck_assert(store_clock(s, &off_ms));
	ck_assert_int_gt(off_ms, 4980 * 1000);
	ck_assert_int_le(off_ms, 5000 * 1000);
	s3bed->ahead_s = -5000;
	list_all(s);
	ck_assert(store_clock(s, &off_ms));
	ck_assert_int_gt(off_ms, -5020 * 1000);
	ck_assert_int_le(off_ms, -5000 * 1000);
	/* An answer that says nothing changes nothing. */
	s3bed->dated = false;
	list_all(s);
	ck_assert(store_clock(s, &off_ms));
	ck_assert_int_lt(off_ms, -4000 * 1000);
	s3bed_stop(s);
}
END_TEST

int
main(void)
{
	TCase *tc = storebed("store-s3");

	tcase_add_test(tc, objects_come_by_the_queue);
	tcase_add_test(tc, an_object_that_breaks_off_is_got_again);
	tcase_add_test(tc, what_is_not_as_expected_is_refused);
	tcase_add_test(tc, a_reader_sticks_to_the_tag);
	tcase_add_test(tc, a_weak_tag_is_compared_here);
	tcase_add_loop_test(tc, a_list_that_does_not_move_on_is_refused, 0,
	    6);
	tcase_add_test(tc, the_next_page_comes_while_this_one_is_taken);
	tcase_add_test(tc, many_listings_are_in_flight_at_once);
	tcase_add_test(tc, a_shallow_listing_has_objects_and_directories);
	tcase_add_test(tc, stretches_that_meet_hold_each_object_once);
	tcase_add_test(tc, a_page_outlives_bad_luck);
	tcase_add_test(tc, a_refused_list_says_so);
	tcase_add_test(tc, the_servers_time_is_that_of_its_last_answer);
	return (run_suite(tc));
}
