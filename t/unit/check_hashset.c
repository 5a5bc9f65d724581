#include "base/hashset.h"
#include "unit/suite.h"

enum {
	MANY = 100 * 1000
};

static struct hash128
nth(int i)
{
	return (hash128(&i, sizeof(i)));
}

START_TEST(an_empty_one_has_nothing)
{
	struct hashset s = { 0 };

	ck_assert(!hashset_has(&s, nth(1)));
	ck_assert(!hashset_has(&s, (struct hash128){ 0, 0 }));
	hashset_fini(&s);
}
END_TEST

START_TEST(it_has_what_was_added_and_nothing_else)
{
	struct hashset s = { 0 };

	for (int i = 0; i < MANY; i++)
		ck_assert(hashset_add(&s, nth(i)));
	for (int i = 0; i < MANY; i++) {
		ck_assert(hashset_has(&s, nth(i)));
		ck_assert(!hashset_has(&s, nth(MANY + i)));
		ck_assert(!hashset_add(&s, nth(i)));
	}
	hashset_fini(&s);
	ck_assert(!hashset_has(&s, nth(1)));
}
END_TEST

START_TEST(a_hash_of_zeroes_is_one_too)
{
	struct hashset s = { 0 };

	ck_assert(hashset_add(&s, (struct hash128){ 0, 0 }));
	ck_assert(hashset_has(&s, (struct hash128){ 0, 0 }));
	ck_assert(!hashset_add(&s, (struct hash128){ 0, 0 }));
	hashset_fini(&s);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("hashset");

	tcase_add_test(tc, an_empty_one_has_nothing);
	tcase_add_test(tc, it_has_what_was_added_and_nothing_else);
	tcase_add_test(tc, a_hash_of_zeroes_is_one_too);
	return (run_suite(tc));
}
