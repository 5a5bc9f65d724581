/*
 * What SQLite thinks of an image, when it is asked.
 */
#include "db/check.h"

#include <stdlib.h>
#include <unistd.h>

#include "unit/sourcedb.h"
#include "unit/suite.h"

static const size_t in_memory = 8 << 20;
static const size_t bounds[] = { 8 << 20, 1000 };

START_TEST(damage_is_found_when_asked_for)
{
	struct image_reader *r = new_reader(bounds[_i % 2],
	    (enum image_check)(_i / 2));
	char junk[4096];
	struct image img;
	int fd;

	make_db(source, FILL);
	memset(junk, 0x5a, sizeof(junk));
	ck_assert_int_ne(fd = open(source, O_WRONLY), -1);
	ck_assert_int_eq(pwrite(fd, junk, sizeof(junk), 8 * 4096),
	    sizeof(junk));
	(void)close(fd);
	must_take(r, source, &img);
	ck_assert_int_eq(img.damaged, _i / 2 != IMAGE_CHECK_NONE);
	ck_assert_int_eq(img.why[0] != '\0', img.damaged);
	image_free(r);
}
END_TEST

START_TEST(only_the_full_check_compares_indexes)
{
	struct image_reader *r = new_reader(in_memory,
	    _i == 0 ? IMAGE_CHECK_QUICK : IMAGE_CHECK_FULL);
	struct image img;

	make_db(source, FILL "CREATE INDEX x ON t (v);"
	    "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET "
	    "sql = 'CREATE INDEX x ON t (pad)' WHERE name = 'x';");
	must_take(r, source, &img);
	ck_assert_int_eq(img.damaged, _i == 1);
	image_free(r);
}
END_TEST

START_TEST(what_cannot_be_checked_is_not_called_damaged)
{
	struct image_reader *r = new_reader(in_memory, IMAGE_CHECK_FULL);
	struct image img;

	make_db(source, FILL "CREATE INDEX x ON t (pad);"
	    "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = "
	    "'CREATE INDEX x ON t (pad COLLATE mine)' WHERE name = 'x';");
	must_take(r, source, &img);
	ck_assert(!img.damaged);
	ck_assert_ptr_nonnull(strstr(img.why, "mine"));
	image_free(r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("check");

	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, scratch_make, scratch_remove);
	tcase_add_loop_test(tc, damage_is_found_when_asked_for, 0, 6);
	tcase_add_loop_test(tc, only_the_full_check_compares_indexes, 0, 2);
	tcase_add_test(tc, what_cannot_be_checked_is_not_called_damaged);
	return (run_suite(tc));
}
