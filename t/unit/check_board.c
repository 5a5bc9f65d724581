/* What stays of a worker that died, and what is counted again. */
#include "proc/board.h"

#include "unit/scribble.h"
#include "unit/suite.h"

START_TEST(what_is_done_for_good_outlives_a_worker)
{
	struct err e;
	struct board *b = board_map(2, &e);
	uint64_t count[TALLY_NCOUNT] = { 0 };
	struct tally *t;
	int c;

	ck_assert_ptr_nonnull(b);
	t = &b->slot[1].tally;
	for (c = 0; c < TALLY_NCOUNT; c++)
		tally_add(t, (enum tally_count)c, 1);
	tally_unsaved(t, 1000);
	tally_take(t, "/x", TALLY_IMAGE);
	board_hand_over(b, 1, count);
	for (c = 0; c < TALLY_NCOUNT; c++) {
		ck_assert_uint_eq(tally_get(t, (enum tally_count)c), 0);
		if (c == TALLY_SYNCED || c == TALLY_REFRESHED ||
		    c == TALLY_BYTES_READ || c == TALLY_BYTES_STORED ||
		    c == TALLY_DONE || (c >= TALLY_REQUEST && c < TALLY_CLASS))
			ck_assert_uint_eq(count[c], 1);
		else
			ck_assert_uint_eq(count[c], 0);
	}
	ck_assert_int_eq(board_oldest_ms(b), 0);
	ck_assert_str_eq(t->path, "");
	board_unmap(b);
}
END_TEST

START_TEST(the_oldest_of_all_is_the_oldest)
{
	struct err e;
	struct board *b = board_map(3, &e);

	ck_assert_ptr_nonnull(b);
	ck_assert_int_eq(board_oldest_ms(b), 0);
	tally_unsaved(&b->slot[0].tally, 2000);
	tally_unsaved(&b->slot[2].tally, 3000);
	tally_unsaved(&b->slot[2].tally, 1000);
	tally_unsaved(&b->slot[1].tally, 0);
	ck_assert_int_eq(board_oldest_ms(b), 1000);
	board_unmap(b);
}
END_TEST

START_TEST(what_a_worker_writes_there_leads_nobody_elsewhere)
{
	struct err e;
	struct board *b = board_map(2, &e);
	uint64_t count[TALLY_NCOUNT] = { 0 };
	char path[64];

	ck_assert_ptr_nonnull(b);
	scribble(scribbles[_i]);
	board_sum(b, count);
	(void)board_oldest_ms(b);
	(void)board_in_hand(b, 1, path, sizeof(path));
	ck_assert_uint_lt(strlen(path), sizeof(path));
	board_hand_over(b, 0, count);
	board_stop(b, 1);
	board_reset(b);
	memset(count, 0, sizeof(count));
	board_sum(b, count);
	ck_assert_uint_eq(count[TALLY_LOOKED], 0);
	ck_assert_uint_eq(b->nslots, 2);
	board_unmap(b);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("board");

	tcase_add_test(tc, what_is_done_for_good_outlives_a_worker);
	tcase_add_test(tc, the_oldest_of_all_is_the_oldest);
	tcase_add_loop_test(tc,
	    what_a_worker_writes_there_leads_nobody_elsewhere, 0, 3);
	return (run_suite(tc));
}
