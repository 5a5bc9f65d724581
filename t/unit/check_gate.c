/*
 * One of many processes does it, even if the first one dies inside.
 */
#include "base/gate.h"

#include <check.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	NPROCS = 8
};

static struct shared {
	struct gate gate;
	_Atomic int times;
	_Atomic int passed;
} *sh;

static void
setup(void)
{
	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(sh, MAP_FAILED);
	gate_init(&sh->gate);
}

/* In a child: pass the gate; the first "ndying" to get in die, and the next
 * "nfailing" do not get it done. */
static void
pass_gate(int ndying, int nfailing)
{
	int n;

	while (gate_enter(&sh->gate) == 1) {
		n = atomic_fetch_add(&sh->times, 1);
		if (n < ndying)
			(void)raise(SIGKILL);
		gate_leave(&sh->gate, n >= ndying + nfailing);
	}
	(void)atomic_fetch_add(&sh->passed, 1);
	_exit(0);
}

static void
run(int ndying, int nfailing)
{
	int i;

	for (i = 0; i < NPROCS; i++)
		if (fork() == 0)
			pass_gate(ndying, nfailing);
	for (i = 0; i < NPROCS; i++)
		ck_assert_int_gt(wait(NULL), 0);
}

START_TEST(it_is_done_once)
{
	run(0, 0);
	ck_assert_int_eq(sh->times, 1);
	ck_assert_int_eq(sh->passed, NPROCS);
}
END_TEST

START_TEST(a_death_inside_leaves_it_to_the_next)
{
	run(2, 0);
	ck_assert_int_eq(sh->times, 3);
	ck_assert_int_eq(sh->passed, NPROCS - 2);
}
END_TEST

START_TEST(what_failed_is_tried_by_the_next)
{
	run(0, 3);
	ck_assert_int_eq(sh->times, 4);
	ck_assert_int_eq(sh->passed, NPROCS);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("gate");
	TCase *tc = tcase_create("gate");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, it_is_done_once);
	tcase_add_test(tc, a_death_inside_leaves_it_to_the_next);
	tcase_add_test(tc, what_failed_is_tried_by_the_next);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return (failed == 0 ? 0 : 1);
}
