/*
 * The S3 store against a real server: the bucket and prefix of
 * LITEFLEET_TEST_S3 (an s3:// URL), with the keys of AWS_ACCESS_KEY_ID and
 * AWS_SECRET_ACCESS_KEY.  Without all three nothing is tested: a test uses no
 * identity that it was not given, and asks no instance for one.
 */
#include <inttypes.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/hash.h"
#include "store/marker.h"
#include "unit/storebed.h"

static char prefix[256];	/* URL path of this test's own store */
static const char *options;	/* "?..." */

/* Each test has a prefix of its own. */
static void
make_prefix(void)
{
	const char *text = getenv("LITEFLEET_TEST_S3");

	options = strchr(text, '?') == NULL ? "" : strchr(text, '?');
	(void)snprintf(prefix, sizeof(prefix), "%.*s/t%" PRId64 "-%d",
	    (int)strcspn(text, "?"), text, clock_real_ns(), (int)getpid());
}

static struct store *
open_with(const char *below, const char *more, unsigned concurrent,
    const char *secret)
{
	char *text = mem_printf("%s%s%s%s%s", prefix, below, options,
	    more[0] == '\0' ? "" : options[0] == '\0' ? "?" : "&", more);
	struct store_url url;
	struct store_cfg cfg = { .url = &url, .write = true, .tag = "w0" };
	struct store *s;
	struct err e;

	cfg.s3.concurrent = concurrent;
	cfg.s3.request_timeout_ms = 30 * 1000;
	if (secret != NULL) {
		cfg.s3.access = getenv("AWS_ACCESS_KEY_ID");
		cfg.s3.secret = secret;
	}
	ck_assert_msg(store_url_parse(text, "--to", &url, &e) == 0, "%s",
	    e.msg);
	s = store_open(&cfg, &e);
	ck_assert_msg(s != NULL, "%s", e.msg);
	store_url_fini(&url);
	free(text);
	return (s);
}

static struct store *
open_s3(void)
{
	return (open_with("", "", 8, NULL));
}

START_TEST(an_object_comes_back_and_costs_one_request)
{
	struct store *s = open_s3();
	int i;
	char name[64];

	put(s, "data/t1.db/" STAMP, "one");
	all_safe(s);
	ck_assert_uint_eq(store_requests(s, STORE_REQ_PUT), 1);
	for (i = 0; i < 200; i++) {
		(void)snprintf(name, sizeof(name), "d/%d.db/" STAMP, i);
		put(s, name, name);
	}
	put(s, "empty", "");
	all_safe(s);
	ck_assert_uint_eq(store_requests(s, STORE_REQ_PUT), 202);
	ck_assert_uint_eq(store_requests(s, STORE_REQ_AGAIN), 0);
	ck_assert_uint_eq(store_requests(s, STORE_REQ_HEAD), 0);
	holds(s, "data/t1.db/" STAMP, "one");
	holds(s, "d/199.db/" STAMP, "d/199.db/" STAMP);
	holds(s, "empty", "");
	ck_assert_uint_eq(store_requests(s, STORE_REQ_GET), 3);
	ck_assert_int_eq(get_class(s, "absent"), ERR_NOTFOUND);
	/* It is no crime to write one again. */
	put(s, "data/t1.db/" STAMP, "two");
	all_safe(s);
	holds(s, "data/t1.db/" STAMP, "two");
	store_close(s);
}
END_TEST

START_TEST(odd_keys_make_the_round_trip)
{
	static const char *const names[] = { "a b", "a+b", "a%20b", "a~b",
	    "a=b", "a&b", "a;b", "a:b", "a,b", "a'b", "a\"b", "a<b>", "a?b",
	    "a#b", "a\\b", "a(b)", "a[b]", "a{b}", "a|b", "a^b", "a`b", "a@b",
	    "a$b", "a!b", "a*b", "\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80",
	    "\xef\xbf\xbf", "...", "%0A", "-", "_", " lead", "trail " };
	size_t i, n = LENGTH(names), nseen = 0;
	struct store *s = open_s3();
	struct store_lister *l;
	struct store_entry ent;
	struct err e;
	char *name;
	bool seen;

	for (i = 0; i < n; i++) {
		name = mem_printf("%s/x", names[i]);
		put(s, name, names[i]);
		free(name);
	}
	all_safe(s);
	for (i = 0; i < n; i++) {
		name = mem_printf("%s/x", names[i]);
		holds(s, name, names[i]);
		free(name);
	}
	l = list_below(s, "", &e);
	ck_assert_msg(l != NULL, "%s", e.msg);
	while (store_list_next(l, &ent, &e) == 1) {
		seen = false;
		for (i = 0; i < n; i++)
			seen |= strncmp(ent.name, names[i],
			    strlen(names[i])) == 0 &&
			    strcmp(ent.name + strlen(names[i]), "/x") == 0;
		ck_assert_msg(seen, "%s", ent.name);
		nseen++;
	}
	ck_assert_uint_eq(nseen, n);
	store_lister_free(l);
	for (i = 0; i < n; i++) {
		name = mem_printf("%s/x", names[i]);
		take_away(s, name);
		free(name);
	}
	all_safe(s);
	lists(s, "", "");
	store_close(s);
}
END_TEST

START_TEST(a_key_may_have_1024_bytes_and_no_more)
{
	struct store *s = open_s3();
	size_t used = strlen(strchr(strstr(prefix, "://") + 3, '/'));
	char *name = mem_zero(1026);
	struct err e;

	memset(name, 'k', 1024 - used);
	put(s, name, "long");
	all_safe(s);
	holds(s, name, "long");
	strcat(name, "k");
	put(s, name, "longer");
	ck_assert_int_eq(settle(s, &e), 1);
	ck_assert_int_eq(e.cls, ERR_LIMIT);
	free(name);
	store_close(s);
}
END_TEST

START_TEST(a_listing_goes_over_pages_and_keeps_directories_together)
{
	struct store *s = open_s3();
	struct store_lister *l;
	struct store_entry ent;
	char name[64];
	struct err e;
	int i, n = 0;

	put(s, ".litefleet/store", "x");
	put(s, "a/1", "");
	put(s, "a/15/x", "");
	put(s, "a/2", "12345");
	put(s, "b", "");
	all_safe(s);
	lists(s, "", "a/15/x\na/1\na/2\nb\n");
	lists(s, "a/", "a/15/x\na/1\na/2\n");
	lists(s, "c/", "");
	lists(s, ".litefleet/", "");
	for (i = 0; i < 2100; i++) {
		(void)snprintf(name, sizeof(name), "many/%04d", i);
		put(s, name, "");
	}
	all_safe(s);
	l = list_below(s, "many/", &e);
	for (; store_list_next(l, &ent, &e) == 1; n++) {
		(void)snprintf(name, sizeof(name), "many/%04d", n);
		ck_assert_str_eq(ent.name, name);
	}
	ck_assert_int_eq(n, 2100);
	store_lister_free(l);
	for (i = 0; i < 2100; i++) {
		(void)snprintf(name, sizeof(name), "many/%04d", i);
		take_away(s, name);
	}
	take_away(s, "many/never-there");
	all_safe(s);
	ck_assert_uint_eq(store_requests(s, STORE_REQ_REMOVE), 3);
	lists(s, "many/", "");
	store_close(s);
}
END_TEST

/* The ETag that the listing tells of a name. */
static char *
tag_of(struct store *s, const char *name)
{
	struct store_lister *l;
	struct store_entry ent;
	struct err e;
	char *tag = NULL;

	l = list_below(s, "", &e);
	while (store_list_next(l, &ent, &e) == 1)
		if (strcmp(ent.name, name) == 0)
			tag = mem_strdup(ent.tag);
	store_lister_free(l);
	ck_assert(tag != NULL && tag[0] != '\0');
	return (tag);
}

static enum err_class
fetch(struct store *s, const char *name, const char *tag, size_t max,
    const char *want)
{
	struct store_op *op = store_op_new(STORE_GET, mem_strdup(name));
	enum err_class cls;

	op->tag = mem_strdup(tag);
	op->max_bytes = max;
	store_submit(s, op);
	while ((op = store_next(s)) == NULL)
		store_wait(s, -1, -1);
	if ((cls = op->err == NULL ? ERR_NONE : op->err->cls) == ERR_NONE)
		ck_assert_str_eq(buf_str(&op->mem), want);
	store_op_free(op);
	return (cls);
}

START_TEST(an_object_is_got_by_its_tag)
{
	struct store_get_cfg cfg = { .name = "a/x", .off = 1 };
	struct store *s = open_s3();
	struct store_reader *r;
	char *old, *tag, text[8];
	struct err e;

	put(s, "a/x", "one");
	all_safe(s);
	old = tag_of(s, "a/x");
	ck_assert_int_eq(fetch(s, "a/x", old, 0, "one"), ERR_NONE);
	ck_assert_int_eq(fetch(s, "a/x", old, 2, ""), ERR_LIMIT);
	ck_assert_int_eq(fetch(s, "a/y", "", 0, ""), ERR_NOTFOUND);
	put(s, "a/x", "other");
	all_safe(s);
	tag = tag_of(s, "a/x");
	ck_assert_str_ne(old, tag);
	ck_assert_int_eq(fetch(s, "a/x", old, 0, ""), ERR_GONE);
	ck_assert_int_eq(fetch(s, "a/x", tag, 0, "other"), ERR_NONE);
	cfg.if_match = old;
	ck_assert_ptr_null(store_get(s, &cfg, NULL, &e));
	ck_assert_int_eq(e.cls, ERR_GONE);
	cfg.if_match = tag;
	r = store_get(s, &cfg, NULL, &e);
	ck_assert_msg(r != NULL, "%s", e.msg);
	ck_assert_str_eq(store_reader_tag(r), tag);
	ck_assert_int_eq(store_read(r, text, 8, &e), 4);
	ck_assert_int_eq(memcmp(text, "ther", 4), 0);
	store_reader_free(r);
	free(old);
	free(tag);
	store_close(s);
}
END_TEST

START_TEST(a_marker_is_never_replaced)
{
	struct store *s = open_s3();
	struct marker one, two;
	struct err e;

	ck_assert_int_eq(marker_read(s, &one, &e), 0);
	ck_assert_msg(marker_create(s, "h1", &one, &e) == 0, "%s", e.msg);
	ck_assert_int_eq(store_put_now(s, ".litefleet/store", "x", 1, &e),
	    -1);
	ck_assert_int_eq(e.cls, ERR_EXISTS);
	ck_assert_int_eq(marker_create(s, "h2", &two, &e), 0);
	ck_assert(hash128_eq(one.id, two.id));
	ck_assert_str_eq(two.host, "h1");
	store_close(s);
}
END_TEST

/* A file of n bytes that are the same nowhere. */
static int
large_file(uint64_t n)
{
	int fd = memfd_create("large", MFD_CLOEXEC);
	uint64_t i, *p;

	ck_assert_int_eq(ftruncate(fd, (off_t)n), 0);
	p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(p, MAP_FAILED);
	for (i = 0; i < n / 8; i++)
		p[i] = i * 0x9e3779b97f4a7c15;
	(void)munmap(p, n);
	return (fd);
}

START_TEST(a_large_object_goes_in_parts)
{
	const uint64_t size = (uint64_t)70 * 1024 * 1024 + 12345;
	struct store *s = open_with("", _i == 0 ? "" :
	    "require-content-md5=true", 4, NULL);
	struct hash_stream *hs = hash_stream_new();
	uint8_t *buf = mem_zero(1 << 20);
	struct store_reader *r;
	struct hash128 want;
	uint64_t got_size, at;
	int fd = large_file(size), copy = dup(fd);
	struct err e;
	ssize_t n;

	put_fd(s, "big/db/" STAMP, fd);
	all_safe(s);
	ck_assert_uint_eq(store_requests(s, STORE_REQ_PUT), 0);
	ck_assert_uint_eq(store_requests(s, STORE_REQ_PART), 2 + 5);
	for (at = 0; (n = pread(copy, buf, 1 << 20, (off_t)at)) > 0;
	    at += (uint64_t)n)
		hash_stream_put(hs, buf, (size_t)n);
	want = hash_stream_get(hs);
	hash_stream_reset(hs);
	r = get_from(s, "big/db/" STAMP, 0, &got_size, &e);
	ck_assert_msg(r != NULL, "%s", e.msg);
	ck_assert_uint_eq(got_size, size);
	while ((n = store_read(r, buf, 1 << 20, &e)) > 0)
		hash_stream_put(hs, buf, (size_t)n);
	ck_assert_msg(n == 0, "%s", e.msg);
	store_reader_free(r);
	ck_assert(hash128_eq(hash_stream_get(hs), want));
	hash_stream_free(hs);
	/* From somewhere in it, and from its end. */
	r = get_from(s, "big/db/" STAMP, size - 10, &got_size, &e);
	ck_assert_ptr_nonnull(r);
	ck_assert_uint_eq(got_size, size);
	ck_assert_int_eq(store_read(r, buf, 100, &e), 10);
	ck_assert_int_eq(store_read(r, buf, 100, &e), 0);
	store_reader_free(r);
	r = get_from(s, "big/db/" STAMP, size, &got_size, &e);
	ck_assert_msg(r != NULL, "%s", e.msg);
	ck_assert_uint_eq(got_size, size);
	ck_assert_int_eq(store_read(r, buf, 100, &e), 0);
	store_reader_free(r);
	(void)close(copy);
	free(buf);
	take_away(s, "big/db/" STAMP);
	all_safe(s);
	store_close(s);
}
END_TEST

START_TEST(the_deepest_store_is_found)
{
	struct store_cfg cfg = { .write = false };
	struct store_url url;
	struct store *s = open_with("/inner", "", 2, NULL);
	struct marker m;
	struct err e;
	char *text, *below;

	ck_assert_int_eq(marker_create(s, "h", &m, &e), 0);
	store_close(s);
	text = mem_printf("%s/inner/a/b/*/c%s", prefix, options);
	s = store_locate(&cfg, text, "list", &url, &below, &e);
	ck_assert_msg(s != NULL, "%s", e.msg);
	ck_assert_str_eq(below, "a/b/*/c");
	ck_assert_uint_eq(store_requests(s, STORE_REQ_GET), 3);
	ck_assert_int_eq(marker_read(s, &m, &e), 1);
	store_close(s);
	store_url_fini(&url);
	free(below);
	free(text);
	text = mem_printf("%s/outer/a%s", prefix, options);
	ck_assert_ptr_null(store_locate(&cfg, text, "list", &url, &below,
	    &e));
	ck_assert_int_eq(e.cls, ERR_NOTFOUND);
	store_url_fini(&url);
	free(below);
	free(text);
}
END_TEST

START_TEST(a_wrong_secret_is_said_in_a_sentence)
{
	struct store *s = open_with("", "", 2, "wrong");
	struct marker m;
	struct err e;

	ck_assert_int_eq(marker_read(s, &m, &e), -1);
	ck_assert_int_eq(e.cls, ERR_DENIED);
	ck_assert_ptr_nonnull(strstr(e.msg, "403 SignatureDoesNotMatch"));
	ck_assert_ptr_nonnull(strstr(e.msg, "/.litefleet/store: "));
	ck_assert_ptr_nonnull(strstr(e.msg, "(request "));
	ck_assert_ptr_null(strstr(e.msg, "wrong "));
	ck_assert_uint_eq(store_requests(s, STORE_REQ_AGAIN), 0);
	store_close(s);
}
END_TEST

START_TEST(a_missing_bucket_is_said_in_a_sentence)
{
	struct store *s;
	struct marker m;
	struct err e;

	(void)snprintf(prefix, sizeof(prefix), "s3://no-such-bucket-%d",
	    (int)getpid());
	s = open_s3();
	ck_assert_int_eq(marker_read(s, &m, &e), -1);
	ck_assert_int_eq(e.cls, ERR_STATE);
	ck_assert_ptr_nonnull(strstr(e.msg, "404 NoSuchBucket"));
	store_close(s);
}
END_TEST

START_TEST(what_is_not_confirmed_in_time_has_failed)
{
	struct store *s = open_s3();
	struct store_op *op;
	int fd = large_file((uint64_t)66 * 1024 * 1024), n = 0;

	put_fd(s, "big/db/" STAMP, fd);
	put(s, "small", "x");
	store_flush(s, 0);
	while ((op = store_next(s)) != NULL) {
		if (op->err != NULL)
			ck_assert_int_eq(op->err->cls, ERR_NETWORK);
		n++;
		store_op_free(op);
	}
	ck_assert_int_eq(n, 2);
	ck_assert_uint_eq(store_inflight(s), 0);
	ck_assert_int_eq(get_class(s, "big/db/" STAMP), ERR_NOTFOUND);
	store_close(s);
}
END_TEST

int
main(void)
{
	TCase *tc;

	if (getenv("LITEFLEET_TEST_S3") == NULL ||
	    getenv("AWS_ACCESS_KEY_ID") == NULL ||
	    getenv("AWS_SECRET_ACCESS_KEY") == NULL) {
		(void)printf("1..0 # SKIP LITEFLEET_TEST_S3 and keys are not "
		    "set\n");
		return (0);
	}
	(void)setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	(void)setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
	(void)setenv("AWS_CONFIG_FILE", "/dev/null", 1);
	tc = storebed("live");
	tcase_add_checked_fixture(tc, make_prefix, NULL);
	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, an_object_comes_back_and_costs_one_request);
	tcase_add_test(tc, odd_keys_make_the_round_trip);
	tcase_add_test(tc, a_key_may_have_1024_bytes_and_no_more);
	tcase_add_test(tc,
	    a_listing_goes_over_pages_and_keeps_directories_together);
	tcase_add_test(tc, an_object_is_got_by_its_tag);
	tcase_add_test(tc, a_marker_is_never_replaced);
	tcase_add_loop_test(tc, a_large_object_goes_in_parts, 0, 2);
	tcase_add_test(tc, the_deepest_store_is_found);
	tcase_add_test(tc, a_wrong_secret_is_said_in_a_sentence);
	tcase_add_test(tc, a_missing_bucket_is_said_in_a_sentence);
	tcase_add_test(tc, what_is_not_confirmed_in_time_has_failed);
	return (run_suite(tc));
}
