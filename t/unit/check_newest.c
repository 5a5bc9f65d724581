#include <stdlib.h>

#include "base/hash.h"
#include "find/newest.h"
#include "unit/suite.h"

enum {
	MANY = 100 * 1000
};

static uint64_t
nth(int i)
{
	return (hash64(&i, sizeof(i)));
}

START_TEST(an_empty_one_has_nothing)
{
	struct newest n = { 0 };

	ck_assert(!newest_has(&n, nth(1), 0));
	newest_fini(&n);
}
END_TEST

START_TEST(it_has_what_is_as_new_and_nothing_newer)
{
	struct newest n = { 0 };

	for (int i = 0; i < MANY; i++)
		newest_add(&n, nth(i), i);
	for (int i = 0; i < MANY; i++) {
		ck_assert(newest_has(&n, nth(i), i));
		ck_assert(newest_has(&n, nth(i), i - 1));
		ck_assert(!newest_has(&n, nth(i), i + 1));
		ck_assert(!newest_has(&n, nth(MANY + i), 0));
	}
	newest_fini(&n);
	ck_assert(!newest_has(&n, nth(1), 0));
}
END_TEST

START_TEST(of_two_with_one_hash_the_newer_counts)
{
	struct newest n = { 0 };

	newest_add(&n, UINT64_MAX, 7);
	newest_add(&n, UINT64_MAX, 5);
	newest_add(&n, 0, INT64_MAX);
	ck_assert(newest_has(&n, UINT64_MAX, 6));
	ck_assert(newest_has(&n, UINT64_MAX, 7));
	ck_assert(!newest_has(&n, UINT64_MAX, 8));
	ck_assert(newest_has(&n, 0, INT64_MAX));
	ck_assert(!newest_has(&n, 1, 0));
	newest_fini(&n);
}
END_TEST

START_TEST(more_may_be_added_after_a_question)
{
	struct newest n = { 0 };

	newest_add(&n, 9, 1);
	ck_assert(!newest_has(&n, 3, 1));
	newest_add(&n, 3, 1);
	ck_assert(newest_has(&n, 3, 1));
	ck_assert(newest_has(&n, 9, 1));
	newest_fini(&n);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("newest");

	tcase_add_test(tc, an_empty_one_has_nothing);
	tcase_add_test(tc, it_has_what_is_as_new_and_nothing_newer);
	tcase_add_test(tc, of_two_with_one_hash_the_newer_counts);
	tcase_add_test(tc, more_may_be_added_after_a_question);
	return (run_suite(tc));
}
