/*
 * What a process that reads a store tells: it comes out as it went in, and what
 * one that was taken over may send is no message.
 */
#include "fleet/finding.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fleet/order.h"
#include "proc/pool.h"
#include "unit/suite.h"

#define LAST_MS	253402300799999	/* of the year 9999 */

static const struct finding told[] = {
	{ .kind = FINDING_ORDERS, .parcel = (const uint8_t *)"x\0y",
	    .nparcel = 3 },
	{ .kind = FINDING_REFUSED, .key = "k", .target = "out/k",
	    .ms = LAST_MS, .cls = ERR_DENIED, .text = "why" },
	{ .kind = FINDING_REFUSED, .key = "k", .target = "", .cls = ERR_BUG,
	    .text = "" },
	{ .kind = FINDING_YOUNG, .key = "a/b.db", .target = "out/b.db",
	    .ms = LAST_MS },
	{ .kind = FINDING_YOUNG, .key = "a/b.db", .target = "" },
	{ .kind = FINDING_ELSEWHERE },
	{ .kind = FINDING_ELSEWHERE, .n = 1 },
	{ .kind = FINDING_FOREIGN, .n = UINT64_MAX },
	{ .kind = FINDING_STORE, .n = 3, .id = { .hi = 1, .lo = 2 } },
	{ .kind = FINDING_ORIGINAL, .key = "a/b%09.db", .ms = 0,
	    .text = "/data/..x/b\t.db" },
};

static void
must_be_same(const struct finding *a, const struct finding *b)
{
	ck_assert_int_eq(a->kind, b->kind);
	ck_assert_pstr_eq(a->key, b->key);
	ck_assert_pstr_eq(a->target, b->target);
	ck_assert_pstr_eq(a->text, b->text);
	ck_assert_int_eq(a->cls, b->cls);
	ck_assert_int_eq(a->ms, b->ms);
	ck_assert_uint_eq(a->n, b->n);
	ck_assert(hash128_eq(a->id, b->id));
	ck_assert_uint_eq(a->nparcel, b->nparcel);
	if (a->nparcel > 0)
		ck_assert_int_eq(memcmp(a->parcel, b->parcel, a->nparcel), 0);
}

START_TEST(what_is_told_comes_out)
{
	struct buf b = { 0 };
	struct finding f, again;
	size_t n;
	char *cut;

	finding_put(&b, &told[_i]);
	ck_assert(finding_parse(b.data, b.len, &f));
	must_be_same(&f, &told[_i]);
	/* Cut anywhere, or with more behind it, it is none. */
	for (n = 0; n < b.len && f.kind != FINDING_ORDERS; n++) {
		cut = mem_zero(n + 1);
		memcpy(cut, b.data, n);
		ck_assert(!finding_parse(cut, n, &again));
		free(cut);
	}
	buf_putc(&b, '\0');
	ck_assert(told[_i].kind == FINDING_ORDERS ||
	    !finding_parse(b.data, b.len, &f));
	buf_fini(&b);
}
END_TEST

static const struct finding wrong[] = {
	{ .kind = (enum finding_kind)'x' },
	{ .kind = FINDING_REFUSED, .key = "k", .target = "", .cls = ERR_NONE,
	    .text = "" },
	{ .kind = FINDING_REFUSED, .key = "k", .target = "",
	    .cls = ERR_NCLASS, .text = "" },
	{ .kind = FINDING_REFUSED, .key = "", .target = "", .cls = ERR_BUG,
	    .text = "" },
	{ .kind = FINDING_REFUSED, .key = "k", .target = "", .ms = -1,
	    .cls = ERR_BUG, .text = "" },
	{ .kind = FINDING_REFUSED, .key = "k", .target = "",
	    .ms = LAST_MS + 1, .cls = ERR_BUG, .text = "" },
	{ .kind = FINDING_ELSEWHERE, .n = 2 },
	{ .kind = FINDING_YOUNG, .key = "k", .target = "", .ms = -1 },
	{ .kind = FINDING_YOUNG, .key = "k", .target = "", .ms = INT64_MAX },
	{ .kind = FINDING_YOUNG, .key = "k", .target = "",
	    .ms = LAST_MS + 1 },
	{ .kind = FINDING_YOUNG, .key = "", .target = "", .ms = 1 },
	{ .kind = FINDING_ORIGINAL, .key = "k", .ms = INT64_MIN,
	    .text = "/x" },
	{ .kind = FINDING_ORIGINAL, .key = "../k", .text = "/x" },
	{ .kind = FINDING_ORIGINAL, .key = "/etc/passwd", .text = "/x" },
	{ .kind = FINDING_ORIGINAL, .key = ".litefleet/store", .text = "/x" },
	{ .kind = FINDING_ORIGINAL, .key = "k", .text = "" },
	{ .kind = FINDING_ORIGINAL, .key = "k", .text = "x" },
	{ .kind = FINDING_ORIGINAL, .key = "k", .text = "/" },
	{ .kind = FINDING_ORIGINAL, .key = "k", .text = "/x/../y" },
	{ .kind = FINDING_ORIGINAL, .key = "k", .text = "/x//y" },
	{ .kind = FINDING_ORIGINAL, .key = "k", .text = "/x/" },
	{ .kind = FINDING_ORIGINAL, .key = "k", .text = "/./x" },
};

START_TEST(what_cannot_be_is_no_message)
{
	struct buf b = { 0 };
	struct finding f;

	finding_put(&b, &wrong[_i]);
	ck_assert(!finding_parse(b.data, b.len, &f));
	buf_fini(&b);
}
END_TEST

/* Also one that is too young. */
START_TEST(a_refusal_is_cut_to_what_one_can_be)
{
	char *longer = mem_zero(100000);
	struct finding f = { .kind = FINDING_REFUSED, .cls = ERR_LIMIT,
	    .key = longer, .target = longer, .text = longer };
	struct buf b = { 0 };

	memset(longer, 'x', 99999);
	finding_put(&b, &f);
	ck_assert(finding_parse(b.data, b.len, &f));
	ck_assert_uint_eq(strlen(f.key), ORDER_NAME_MAX);
	ck_assert_uint_eq(strlen(f.target), ORDER_NAME_MAX);
	ck_assert_uint_eq(strlen(f.text), ERR_MSG_BYTES);
	buf_reset(&b);
	f = (struct finding){ .kind = FINDING_YOUNG, .key = longer,
	    .target = longer };
	finding_put(&b, &f);
	ck_assert_uint_le(b.len, POOL_MSG_MAX);
	ck_assert(finding_parse(b.data, b.len, &f));
	ck_assert_uint_eq(strlen(f.key), ORDER_NAME_MAX);
	ck_assert_uint_eq(strlen(f.target), ORDER_NAME_MAX);
	buf_fini(&b);
	free(longer);
}
END_TEST

START_TEST(an_original_is_cut_and_then_none)
{
	char *longer = mem_zero(100000);
	struct finding f = { .kind = FINDING_ORIGINAL, .key = longer,
	    .text = longer };
	struct buf b = { 0 };

	memset(longer, 'x', 99999);
	longer[0] = '/';
	finding_put(&b, &f);
	ck_assert_uint_eq(b.len, 1 + 8 + 2 * (ORDER_NAME_MAX + 1));
	ck_assert_uint_le(b.len, POOL_MSG_MAX);
	ck_assert(!finding_parse(b.data, b.len, &f));
	/* Also where the path is a good one. */
	buf_reset(&b);
	f = (struct finding){ .kind = FINDING_ORIGINAL, .key = longer + 1,
	    .text = "/x" };
	finding_put(&b, &f);
	ck_assert(!finding_parse(b.data, b.len, &f));
	buf_fini(&b);
	free(longer);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("finding");

	tcase_add_loop_test(tc, what_is_told_comes_out, 0, LENGTH(told));
	tcase_add_loop_test(tc, what_cannot_be_is_no_message, 0,
	    LENGTH(wrong));
	tcase_add_test(tc, a_refusal_is_cut_to_what_one_can_be);
	tcase_add_test(tc, an_original_is_cut_and_then_none);
	return (run_suite(tc));
}
