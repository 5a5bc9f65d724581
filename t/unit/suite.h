/*
 * suite -- the frame of a unit test program:
 *
 *	int
 *	main(void)
 *	{
 *		TCase *tc = tcase_create("area");
 *
 *		tcase_add_test(tc, a_sentence_that_is_true);
 *		tcase_add_loop_test(tc, each_row_is, 0, LENGTH(rows));
 *		return (run_suite(tc));
 *	}
 */
#ifndef UNIT_SUITE_H
#define UNIT_SUITE_H

#include <check.h>

#define LENGTH(a)	((int)(sizeof(a) / sizeof((a)[0])))

/* Run the tests and print TAP; what main() returns. */
static inline int
run_suite(TCase *tc)
{
	Suite *s = suite_create("unit");
	SRunner *sr = srunner_create(s);
	int nfailed;

	suite_add_tcase(s, tc);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	nfailed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return (nfailed != 0);
}

#endif
