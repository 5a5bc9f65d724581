/*
 * What SQLite thinks of an image, when it is asked.
 */
#include "db/check.h"

#include <signal.h>
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

/* Partial indexes of nothing, each asked about each row. */
START_TEST(a_check_without_an_end_is_given_up)
{
	struct image_reader *r = new_reader(in_memory, IMAGE_CHECK_FULL);
	struct image img;

	make_db(source, FILL "CREATE TABLE l(x); INSERT INTO l WITH RECURSIVE "
	    "c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 9000) "
	    "SELECT i FROM c;"
	    "CREATE INDEX a ON l(x) WHERE abs(x) < 0;"
	    "CREATE INDEX b ON l(x) WHERE abs(x) < 0;"
	    "CREATE INDEX c ON l(x) WHERE abs(x) < 0;"
	    "CREATE INDEX d ON l(x) WHERE abs(x) < 0;");
	check_patience(0);
	must_take(r, source, &img);
	check_patience(60 * 1000);
	ck_assert(!img.damaged);
	ck_assert_str_eq(img.why, "it takes too long");
	image_free(r);
}
END_TEST

/* One call, which goes over megabytes for each of millions of places. */
START_TEST(a_call_without_an_end_ends_the_process)
{
	struct image_reader *r = new_reader(in_memory, IMAGE_CHECK_FULL);
	struct image img;

	make_db(source, FILL "CREATE TABLE l(x); CREATE INDEX i ON l(x);"
	    "INSERT INTO l VALUES(1); PRAGMA writable_schema = 1;"
	    "UPDATE sqlite_schema SET sql = 'CREATE INDEX i ON l(x) WHERE "
	    "instr(zeroblob(8000000), CAST(zeroblob(4000000) || 1 AS BLOB))' "
	    "WHERE name = 'i';");
	check_patience(0);
	must_take(r, source, &img);
	image_free(r);
}
END_TEST

/* Pages of 4 KiB that hold no index; beyond what is checked in memory. */
#define FILL_LARGE							\
	"CREATE TABLE l(x); INSERT INTO l WITH RECURSIVE c(i) AS "	\
	"(SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 2200) "	\
	"SELECT randomblob(4000) FROM c;"

/* The database as restore has it: in a file without a name. */
static int
unnamed_copy(uint64_t *size)
{
	struct buf b = { 0 };
	struct err e;
	int fd;

	ck_assert_int_ne(fd = open(scratch, O_TMPFILE | O_RDWR, 0600), -1);
	ck_assert_int_eq(io_read_file(AT_FDCWD, source, 64 << 20, &b, &e), 0);
	ck_assert_int_eq(io_write(fd, b.data, b.len, "", &e), 0);
	*size = b.len;
	buf_fini(&b);
	return (fd);
}

/* Small and large, in rollback and in WAL mode; it can be linked after. */
START_TEST(restored_content_is_checked_and_keeps_no_name)
{
	struct check_verdict v;
	char *name = mem_printf("%s/linked", scratch), proc[32];
	char junk[4096];
	uint64_t size;
	struct err e;
	int fd;

	make_db(source, _i % 2 == 0 ? FILL : FILL FILL_LARGE);
	if (_i / 2 == 1)
		make_db(source, "PRAGMA journal_mode = WAL;");
	fd = unnamed_copy(&size);
	ck_assert_int_eq(size > CHECK_MEM_BYTES, _i % 2);
	ck_assert_int_eq(check_file(fd, size, IMAGE_CHECK_FULL, scratch, &v,
	    &e), 0);
	ck_assert_msg(!v.damaged && v.why[0] == '\0', "%s", v.why);
	(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	ck_assert_int_eq(linkat(AT_FDCWD, proc, AT_FDCWD, name,
	    AT_SYMLINK_FOLLOW), 0);
	memset(junk, 0x5a, sizeof(junk));
	ck_assert_int_eq(pwrite(fd, junk, sizeof(junk), 8 * 4096),
	    sizeof(junk));
	ck_assert_int_eq(check_file(fd, size, IMAGE_CHECK_NONE, scratch, &v,
	    &e), 0);
	ck_assert(!v.damaged);
	ck_assert_int_eq(check_file(fd, size, IMAGE_CHECK_QUICK, scratch, &v,
	    &e), 0);
	ck_assert(v.damaged && v.why[0] != '\0');
	close(fd);
	free(name);
}
END_TEST

static const struct {
	const char *bytes;
	size_t n;
	bool damaged;
} content[] = {
	{ "", 0, false },
	{ "no database at all\n", 19, true },
	{ "SQLite format 3", 16, true },
};

START_TEST(what_is_no_database_is_damaged)
{
	struct check_verdict v;
	struct err e;
	int fd;

	ck_assert_int_ne(fd = open(scratch, O_TMPFILE | O_RDWR, 0600), -1);
	ck_assert_int_eq(io_write(fd, content[_i].bytes, content[_i].n, "",
	    &e), 0);
	ck_assert_int_eq(check_file(fd, content[_i].n, IMAGE_CHECK_QUICK,
	    scratch, &v, &e), 0);
	ck_assert_int_eq(v.damaged, content[_i].damaged);
	close(fd);
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
	tcase_add_test(tc, a_check_without_an_end_is_given_up);
	tcase_add_test_raise_signal(tc, a_call_without_an_end_ends_the_process,
	    SIGPROF);
	tcase_add_loop_test(tc,
	    restored_content_is_checked_and_keeps_no_name, 0, 4);
	tcase_add_loop_test(tc, what_is_no_database_is_damaged, 0,
	    LENGTH(content));
	return (run_suite(tc));
}
