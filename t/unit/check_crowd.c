/* Who may stay connected, and who makes room. */
#include <fcntl.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serve/crowd.h"
#include "unit/suite.h"

enum {
	MAX = 3
};

static struct crowd crowd;
static int far[8];		/* the other ends */

static struct crowd_one *
enter(int i, int64_t until_ms)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    fds), 0);
	far[i] = fds[1];
	return (crowd_enter(&crowd, fds[0], until_ms));
}

static bool
is_shut(int i)
{
	char c;

	return (recv(far[i], &c, 1, MSG_DONTWAIT) == 0);
}

START_TEST(each_has_its_deadline)
{
	struct crowd_one *a, *b, *c;

	crowd_init(&crowd, MAX, 10000);
	ck_assert_int_eq(crowd_expire(&crowd, 0), INT64_MAX);
	a = enter(0, 100);
	b = enter(1, 110);
	c = enter(2, 120);
	ck_assert_int_eq(crowd_expire(&crowd, 99), 100);
	ck_assert(!is_shut(0));
	ck_assert_int_eq(crowd_expire(&crowd, 100), 110);
	ck_assert(is_shut(0) && !is_shut(1));
	/* One gets an answer, and has other times; one has got it. */
	crowd_answer(&crowd, b, 1000, 130);
	ck_assert_int_eq(crowd_expire(&crowd, 115), 120);
	crowd_answer(&crowd, b, 0, 125);
	ck_assert_int_eq(crowd_expire(&crowd, 122), 125);
	ck_assert(is_shut(2) && !is_shut(1));
	/* Whom it is too late for has no more time, whatever it does. */
	crowd_answer(&crowd, c, 10, 1000);
	ck_assert_int_eq(crowd_expire(&crowd, 125), INT64_MAX);
	ck_assert(is_shut(1));
	ck_assert_uint_eq(crowd.n, 0);
	crowd_leave(&crowd, a);
	crowd_leave(&crowd, b);
	crowd_leave(&crowd, c);
	ck_assert_uint_eq(crowd.bytes, 0);
}
END_TEST

START_TEST(who_waits_longest_without_a_request_makes_room)
{
	struct crowd_one *one[6];

	crowd_init(&crowd, MAX, 10000);
	one[0] = enter(0, 100);
	crowd_answer(&crowd, one[0], 5, 100);
	one[1] = enter(1, 101);
	one[2] = enter(2, 102);
	ck_assert(!is_shut(0) && !is_shut(1) && !is_shut(2));
	one[3] = enter(3, 103);
	ck_assert(!is_shut(0) && is_shut(1) && !is_shut(2));
	ck_assert_uint_eq(crowd.n, MAX);
	crowd_answer(&crowd, one[2], 5, 200);
	crowd_answer(&crowd, one[3], 5, 200);
	/* All are being answered: the one that has had most time. */
	one[4] = enter(4, 104);
	ck_assert(is_shut(0) && !is_shut(2) && !is_shut(3));
	one[5] = enter(5, 105);
	ck_assert(is_shut(4) && !is_shut(2) && !is_shut(3));
	ck_assert_uint_eq(crowd.bytes, 10);
	for (int i = 0; i < 6; i++)
		crowd_leave(&crowd, one[i]);
	ck_assert_uint_eq(crowd.n, 0);
	ck_assert_uint_eq(crowd.bytes, 0);
}
END_TEST

START_TEST(who_takes_longest_makes_room_for_answers)
{
	struct crowd_one *one[3];

	crowd_init(&crowd, MAX, 100);
	for (int i = 0; i < 3; i++)
		one[i] = enter(i, 100 + i);
	crowd_answer(&crowd, one[1], 60, 201);
	crowd_answer(&crowd, one[0], 40, 202);
	ck_assert(!is_shut(0) && !is_shut(1));
	crowd_answer(&crowd, one[2], 1, 203);
	ck_assert(is_shut(1) && !is_shut(0) && !is_shut(2));
	ck_assert_uint_eq(crowd.bytes, 41);
	/* Its end is heard of later. */
	crowd_answer(&crowd, one[1], 0, 204);
	ck_assert_uint_eq(crowd.bytes, 41);
	/* One alone may be more. */
	crowd_answer(&crowd, one[0], 1000, 205);
	ck_assert(!is_shut(0) && is_shut(2));
	ck_assert_uint_eq(crowd.bytes, 1000);
	for (int i = 0; i < 3; i++)
		crowd_leave(&crowd, one[i]);
	ck_assert_uint_eq(crowd.bytes, 0);
}
END_TEST

START_TEST(who_leaves_makes_room_too)
{
	struct crowd_one *one[4];

	crowd_init(&crowd, MAX, 10000);
	for (int i = 0; i < 3; i++)
		one[i] = enter(i, 100);
	crowd_leave(&crowd, one[1]);
	one[3] = enter(3, 100);
	ck_assert(!is_shut(0) && !is_shut(2));
	ck_assert_uint_eq(crowd.n, MAX);
	crowd_leave(&crowd, one[0]);
	crowd_leave(&crowd, one[2]);
	crowd_leave(&crowd, one[3]);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("crowd");

	tcase_add_test(tc, each_has_its_deadline);
	tcase_add_test(tc, who_waits_longest_without_a_request_makes_room);
	tcase_add_test(tc, who_takes_longest_makes_room_for_answers);
	tcase_add_test(tc, who_leaves_makes_room_too);
	return (run_suite(tc));
}
