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
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define LENGTH(a)	((int)(sizeof(a) / sizeof((a)[0])))

/*
 * How long what takes "ms" at most may take here: so many times as long as
 * CK_TIMEOUT_MULTIPLIER says, which is for a machine that is slowed down
 * (valgrind).
 */
static inline int64_t
patient_ms(int64_t ms)
{
	const char *times = getenv("CK_TIMEOUT_MULTIPLIER");

	return (times == NULL ? ms : (int64_t)((double)ms * atof(times)));
}

/* Can the program have opened this?  Valgrind's own lie beyond the limit. */
static inline bool
is_ours_fd(int fd)
{
	struct rlimit lim;

	return (fd > STDERR_FILENO && getrlimit(RLIMIT_NOFILE, &lim) == 0 &&
	    (rlim_t)fd < lim.rlim_cur);
}

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
