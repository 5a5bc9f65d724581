/*
 * One of many processes does it, even if the first one dies inside.
 */
#include "base/gate.h"
#include "unit/suite.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
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
	_Atomic int told;
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
 * one fails if "failing". */
static void
pass_gate(int ndying, bool failing)
{
	struct err e, why;
	int r;

	err_set(&why, ERR_NETWORK, "no answer");
	if ((r = gate_enter(&sh->gate, &e)) == 1) {
		if (atomic_fetch_add(&sh->times, 1) < ndying)
			(void)raise(SIGKILL);
		gate_leave(&sh->gate, failing ? &why : NULL);
		r = failing ? -2 : 0;
	}
	if (r == 0)
		(void)atomic_fetch_add(&sh->passed, 1);
	else if (r == -1 && e.cls == ERR_NETWORK &&
	    strcmp(e.msg, "no answer") == 0)
		(void)atomic_fetch_add(&sh->told, 1);
	_exit(0);
}

static void
run(int ndying, bool failing)
{
	int i;

	for (i = 0; i < NPROCS; i++)
		if (fork() == 0)
			pass_gate(ndying, failing);
	for (i = 0; i < NPROCS; i++)
		ck_assert_int_gt(wait(NULL), 0);
}

START_TEST(it_is_done_once)
{
	run(0, false);
	ck_assert_int_eq(sh->times, 1);
	ck_assert_int_eq(sh->passed, NPROCS);
}
END_TEST

START_TEST(a_death_inside_leaves_it_to_the_next)
{
	run(2, false);
	ck_assert_int_eq(sh->times, 3);
	ck_assert_int_eq(sh->passed, NPROCS - 2);
}
END_TEST

START_TEST(what_failed_has_failed_for_all)
{
	run(0, true);
	ck_assert_int_eq(sh->times, 1);
	ck_assert_int_eq(sh->passed, 0);
	ck_assert_int_eq(sh->told, NPROCS - 1);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("gate");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, it_is_done_once);
	tcase_add_test(tc, a_death_inside_leaves_it_to_the_next);
	tcase_add_test(tc, what_failed_has_failed_for_all);
	return (run_suite(tc));
}
