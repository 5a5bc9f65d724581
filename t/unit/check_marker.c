#include "store/marker.h"

#include "unit/storebed.h"

#define HEX	"00112233445566778899aabbccddeeff"
#define OTHER	"ffeeddccbbaa99887766554433221100"

static struct hash128
id_of(const char *hex)
{
	struct hash128 h;

	ck_assert(hash128_parse(hex, &h));
	return (h);
}

/* A store with this marker (NULL: none), for writing. */
static struct store *
open_with(const char *marker)
{
	struct store *s = open_tag("w0");

	if (marker != NULL)
		write_file(".litefleet/store", marker);
	return (s);
}

#define MARKER(id, host) \
	"litefleet-store 1\nid " id "\nhost " host "\n"

START_TEST(a_marker_that_was_made_is_read_again)
{
	struct store *s = open_with(NULL);
	struct marker m, n;
	struct err e;

	ck_assert_int_eq(marker_read(s, &m, &e), 0);
	ck_assert_int_eq(marker_create(s, "a b%\n\xff", &m, &e), 0);
	ck_assert_int_eq(marker_read(s, &n, &e), 1);
	ck_assert(hash128_eq(m.id, n.id));
	ck_assert(n.id.hi != 0 && n.id.lo != 0);
	ck_assert_str_eq(n.host, "a b%\n\xff");
	store_close(s);
}
END_TEST

START_TEST(two_stores_have_two_ids)
{
	struct store *s = open_with(NULL);
	struct marker m, n;
	struct err e;

	ck_assert_int_eq(marker_create(s, "h", &m, &e), 0);
	take_away(s, ".litefleet/store");
	all_safe(s);
	ck_assert_int_eq(marker_create(s, "h", &n, &e), 0);
	ck_assert(!hash128_eq(m.id, n.id));
	store_close(s);
}
END_TEST

START_TEST(whoever_is_slower_gets_the_marker_of_the_faster)
{
	struct store *s = open_with(MARKER(HEX, "fast"));
	struct marker m;
	struct err e;

	ck_assert_int_eq(marker_create(s, "slow", &m, &e), 0);
	ck_assert(hash128_eq(m.id, id_of(HEX)));
	ck_assert_str_eq(m.host, "fast");
	store_close(s);
}
END_TEST

START_TEST(a_long_host_is_cut)
{
	struct store *s = open_with(NULL);
	struct marker_rule rule = { 0 };
	struct marker m;
	struct err e;
	char host[400];

	memset(host, 'h', sizeof(host) - 1);
	host[sizeof(host) - 1] = '\0';
	rule.host = host;
	ck_assert_int_eq(marker_check(s, &rule, &m, &e), 0);
	ck_assert_uint_eq(strlen(m.host), 255);
	ck_assert_int_eq(marker_check(s, &rule, &m, &e), 0);
	store_close(s);
}
END_TEST

START_TEST(words_of_a_later_program_are_passed_over)
{
	struct store *s = open_with("litefleet-store 1\nid " HEX
	    "\nhost h\ncolour blue and green\n");
	struct marker m;
	struct err e;

	ck_assert_int_eq(marker_read(s, &m, &e), 1);
	ck_assert(hash128_eq(m.id, id_of(HEX)));
	ck_assert_str_eq(m.host, "h");
	store_close(s);
}
END_TEST

static const char *const damaged[] = {
	"",
	"\n",
	"litefleet-store",
	"litefleet-store 1",
	"litefleet-store 1\n",
	"litefleet-store 2\nid " HEX "\nhost h\n",
	"other-store 1\nid " HEX "\nhost h\n",
	"litefleet-store 1\nid " HEX "\n",
	"litefleet-store 1\nhost h\n",
	"litefleet-store 1\nid " HEX "\nhost h",
	"litefleet-store 1\nid " HEX "\nid " HEX "\nhost h\n",
	"litefleet-store 1\nid " HEX "\nhost h\nhost h\n",
	"litefleet-store 1\nid " HEX "0\nhost h\n",
	"litefleet-store 1\nid 0000000000000000000000000000000" "0\nhost h\n",
	"litefleet-store 1\nid " HEX "\nhost \n",
	"litefleet-store 1\nid " HEX "\nhost %4a\n",
	"litefleet-store 1\nid " HEX "\nhost a%00b\n",
	"litefleet-store 1\nid " HEX "\nhost h\n\n",
};

START_TEST(what_is_no_marker_is_never_taken_for_a_missing_one)
{
	struct store *s = open_with(damaged[_i]);
	struct marker_rule rule = { .host = "h" };
	struct marker m;
	struct err e;

	ck_assert_int_eq(marker_read(s, &m, &e), -1);
	ck_assert_int_eq(e.cls, ERR_STATE);
	ck_assert_ptr_nonnull(strstr(e.msg, root));
	ck_assert_int_eq(marker_check(s, &rule, &m, &e), -1);
	store_close(s);
}
END_TEST

START_TEST(a_marker_with_a_nul_or_too_large_is_none)
{
	static const char nul[] = "litefleet-store 1\nid " HEX "\nhost h\n\0";
	struct store *s = open_with(NULL);
	struct marker m;
	struct err e;
	char *big = mem_zero(5001);

	ck_assert_int_eq(store_put_now(s, ".litefleet/store", nul,
	    sizeof(nul), &e), 0);
	ck_assert_int_eq(marker_read(s, &m, &e), -1);
	ck_assert_int_eq(e.cls, ERR_STATE);
	memset(big, 'x', 5000);
	write_file(".litefleet/store", big);
	ck_assert_int_eq(marker_read(s, &m, &e), -1);
	ck_assert_int_eq(e.cls, ERR_STATE);
	free(big);
	store_close(s);
}
END_TEST

static const struct {
	const char *marker;	/* NULL: none */
	const char *known;	/* NULL: the state knows none */
	bool key_has_host, shared;
	enum err_class cls;	/* ERR_NONE: accepted */
	const char *says;
} rules[] = {
	{ NULL, NULL, false, false, ERR_NONE, NULL },
	{ NULL, HEX, false, false, ERR_STATE, "emptied" },
	{ NULL, HEX, true, true, ERR_STATE, "--new-store" },
	{ MARKER(HEX, "me"), NULL, false, false, ERR_NONE, NULL },
	{ MARKER(HEX, "me"), HEX, false, false, ERR_NONE, NULL },
	{ MARKER(OTHER, "me"), HEX, false, false, ERR_STATE, "replaced" },
	{ MARKER(OTHER, "me"), HEX, true, true, ERR_STATE, "--new-store" },
	{ MARKER(HEX, "you"), NULL, false, false, ERR_CONFIG, "{{host}}" },
	{ MARKER(HEX, "you"), HEX, false, false, ERR_CONFIG, "--shared" },
	{ MARKER(HEX, "you"), NULL, true, false, ERR_NONE, NULL },
	{ MARKER(HEX, "you"), NULL, false, true, ERR_NONE, NULL },
	{ MARKER(OTHER, "you"), HEX, false, false, ERR_STATE, "replaced" },
};

START_TEST(a_run_writes_only_to_the_store_it_knows)
{
	struct store *s = open_with(rules[_i].marker);
	struct marker_rule rule = { .host = "me",
	    .key_has_host = rules[_i].key_has_host,
	    .shared = rules[_i].shared };
	struct marker m, n;
	struct err e = { 0 };
	int ret;

	if (rules[_i].known != NULL)
		rule.known = id_of(rules[_i].known);
	ret = marker_check(s, &rule, &m, &e);
	ck_assert_int_eq(ret, rules[_i].cls == ERR_NONE ? 0 : -1);
	ck_assert_int_eq(e.cls, rules[_i].cls);
	if (ret == 0) {
		ck_assert_int_eq(marker_read(s, &n, &e), 1);
		ck_assert(hash128_eq(m.id, n.id));
		ck_assert_str_eq(m.host, n.host);
	} else {
		ck_assert_msg(strstr(e.msg, rules[_i].says) != NULL, "%s",
		    e.msg);
		ck_assert_ptr_nonnull(strstr(e.msg, root));
		ck_assert(exists(".litefleet/store") ==
		    (rules[_i].marker != NULL));
	}
	store_close(s);
}
END_TEST

int
main(void)
{
	TCase *tc = storebed("marker");

	tcase_add_test(tc, a_marker_that_was_made_is_read_again);
	tcase_add_test(tc, two_stores_have_two_ids);
	tcase_add_test(tc, whoever_is_slower_gets_the_marker_of_the_faster);
	tcase_add_test(tc, a_long_host_is_cut);
	tcase_add_test(tc, words_of_a_later_program_are_passed_over);
	tcase_add_loop_test(tc,
	    what_is_no_marker_is_never_taken_for_a_missing_one, 0,
	    LENGTH(damaged));
	tcase_add_test(tc, a_marker_with_a_nul_or_too_large_is_none);
	tcase_add_loop_test(tc, a_run_writes_only_to_the_store_it_knows, 0,
	    LENGTH(rules));
	return (run_suite(tc));
}
