/*
 * Hot journals: the image is what SQLite would roll back to, and the original
 * stays as it is.
 */
#include "db/recover.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/sourcedb.h"
#include "unit/suite.h"
#include "unit/superdb.h"

static const size_t bounds[] = { 8 << 20, 1000 };

static void
expect_sum(size_t mem_bytes, int64_t sum)
{
	struct image_reader *r = new_reader(mem_bytes, IMAGE_CHECK_FULL);
	struct image img;

	must_take(r, source, &img);
	ck_assert(!img.damaged);
	ck_assert_int_eq(image_query(&img, "SELECT sum(v) FROM t"), sum);
	ck_assert((img.mem != NULL) == (img.size <= mem_bytes));
	image_free(r);
}

static void
expect_empty_spool(void)
{
	struct dirent *de;
	DIR *d;

	ck_assert_ptr_nonnull(d = opendir(spool));
	while ((de = readdir(d)) != NULL)
		ck_assert_int_eq(de->d_name[0], '.');
	(void)closedir(d);
	ck_assert_int_eq(rmdir(spool), 0);
	ck_assert_int_eq(mkdir(spool, 0777), 0);
}

START_TEST(a_hot_journal_is_rolled_back_in_a_copy)
{
	char *journal = beside(source, "-journal");
	struct buf db[2] = { 0 }, jrnl[2] = { 0 };
	int i;

	crash_db(source, FILL SPILL);
	for (i = 0; i < 2; i++) {
		read_path(source, &db[i]);
		read_path(journal, &jrnl[i]);
		ck_assert_uint_ne(jrnl[i].data[0], 0);
		if (i == 0)
			expect_sum(bounds[_i], SUM_OLD);
	}
	ck_assert_uint_eq(db[0].len, db[1].len);
	ck_assert_mem_eq(db[0].data, db[1].data, db[0].len);
	ck_assert_uint_eq(jrnl[0].len, jrnl[1].len);
	ck_assert_mem_eq(jrnl[0].data, jrnl[1].data, jrnl[0].len);
	expect_empty_spool();
	for (i = 0; i < 2; i++) {
		buf_fini(&db[i]);
		buf_fini(&jrnl[i]);
	}
	free(journal);
}
END_TEST

/* The first page is written last, so there is no magic yet. */
START_TEST(a_database_that_never_committed_is_empty)
{
	struct image_reader *r = new_reader(bounds[0], IMAGE_CHECK_NONE);
	struct image img;
	int fd;

	crash_db(source, "PRAGMA cache_size = 2; BEGIN;" FILL CHANGE);
	ck_assert_int_ne(fd = open(source, O_WRONLY), -1);
	ck_assert_int_eq(pwrite(fd, "\0\0\0\0\0\0\0\0", 8, 0), 8);
	(void)close(fd);
	must_take(r, source, &img);
	ck_assert_uint_eq(img.size, 0);
	image_free(r);
	expect_empty_spool();
}
END_TEST

/* No private copy is made of it: there is no spool to make one in. */
START_TEST(the_journal_of_a_live_writer_is_not_hot)
{
	struct image_reader *r = new_reader(bounds[0], IMAGE_CHECK_NONE);
	char *journal = beside(source, "-journal");
	struct buf jrnl = { 0 };
	struct image img;
	pid_t pid;

	pid = hold_db(source, FILL "PRAGMA synchronous = OFF; BEGIN;" CHANGE);
	read_path(journal, &jrnl);
	ck_assert_uint_ne(jrnl.data[0], 0);
	ck_assert_int_eq(rmdir(spool), 0);
	write_path(spool, "", 0);
	must_take(r, source, &img);
	ck_assert_int_eq(image_query(&img, "SELECT sum(v) FROM t"), SUM_OLD);
	kill_db(pid);
	image_free(r);
	buf_fini(&jrnl);
	free(journal);
}
END_TEST

START_TEST(a_finished_journal_is_not_hot)
{
	static const char *const modes[] = { "PERSIST", "TRUNCATE" };
	char *sql = mem_printf("PRAGMA journal_mode = %s;" FILL CHANGE,
	    modes[_i]);

	crash_db(source, sql);
	expect_sum(bounds[0], SUM_NEW);
	free(sql);
}
END_TEST

START_TEST(a_journal_of_garbage_is_discarded)
{
	char *journal = beside(source, "-journal");
	char junk[3000];

	make_db(source, FILL);
	memset(junk, 0x5a, sizeof(junk));
	write_path(journal, junk, sizeof(junk));
	expect_sum(bounds[_i], SUM_OLD);
	ck_assert_int_eq(access(journal, F_OK), 0);
	free(journal);
}
END_TEST

/* Bytes 16 to 19 of the journal: how many pages there were.  Under no
 * checksum, so they may say anything; SQLite would make a file that large. */
START_TEST(a_journal_that_goes_back_to_more_than_there_was_is_refused)
{
	char *journal = beside(source, "-journal");
	struct image_reader *r = new_reader(bounds[_i], IMAGE_CHECK_NONE);
	struct buf b = { 0 };
	struct image img;
	struct err e;

	crash_db(source, FILL SPILL);
	read_path(journal, &b);
	b.data[16] ^= 0x10;
	write_path(journal, b.data, b.len);
	ck_assert_int_eq(image_take(r, source, &img, &e), -1);
	ck_assert_int_eq(e.cls, ERR_CORRUPT);
	ck_assert_ptr_nonnull(strstr(e.msg, "more than there are"));
	expect_empty_spool();
	image_free(r);
	buf_fini(&b);
	free(journal);
}
END_TEST

START_TEST(a_log_beside_a_hot_journal_is_laid_over_it)
{
	char *wal = beside(source, "-wal"), *shm = beside(source, "-shm");
	char *saved = mem_printf("%s/saved", scratch);
	char *journal = beside(source, "-journal");

	crash_db(source, "PRAGMA journal_mode = WAL;" FILL);
	ck_assert_int_eq(unlink(shm), 0);
	ck_assert_int_eq(rename(wal, saved), 0);
	crash_db(source, "PRAGMA journal_mode = DELETE; PRAGMA cache_size = 2;"
	    "BEGIN; CREATE TABLE x (v); INSERT INTO x VALUES "
	    "(zeroblob(100000)); CREATE TABLE y (v)");
	ck_assert_int_eq(access(journal, F_OK), 0);
	ck_assert_int_eq(rename(saved, wal), 0);
	expect_sum(bounds[_i], SUM_OLD);
	ck_assert_int_eq(access(journal, F_OK), 0);
	ck_assert_int_eq(access(wal, F_OK), 0);
	free(journal);
	free(saved);
	free(shm);
	free(wal);
}
END_TEST

START_TEST(without_its_super_journal_it_is_committed)
{
	char *super = mem_printf("%s/s/super", scratch);
	char *journal = beside(source, "-journal");

	make_super(super);
	expect_sum(bounds[_i], SUM_NEW);
	ck_assert_int_eq(access(journal, F_OK), 0);
	free(journal);
	free(super);
}
END_TEST

START_TEST(with_its_super_journal_it_is_rolled_back)
{
	char *super = mem_printf("%s/s/super", scratch);
	char *journal = beside(source, "-journal");

	make_super(super);
	/* Naming no journal that is there, SQLite would delete it. */
	write_path(super, "/nowhere/x-journal", 19);
	expect_sum(bounds[_i], SUM_OLD);
	ck_assert_int_eq(access(super, F_OK), 0);
	ck_assert_int_eq(access(journal, F_OK), 0);
	free(journal);
	free(super);
}
END_TEST

/* SQLite writes none beyond 512 bytes, and reads none. */
START_TEST(a_super_journal_of_a_name_too_long_is_none)
{
	char name[600] = "/nowhere/";
	size_t i;

	for (i = strlen(name); i < (_i == 0 ? 512 : 513); i++)
		name[i] = 'x';
	name[i] = '\0';
	make_super(name);
	expect_sum(bounds[0], _i == 0 ? SUM_NEW : SUM_OLD);
	/* Says SQLite, too? */
	make_db(source, "CREATE TABLE n AS SELECT sum(v) AS v FROM t");
	expect_sum(bounds[0], _i == 0 ? SUM_NEW : SUM_OLD);
}
END_TEST

START_TEST(a_broken_super_record_is_none)
{
	char *super = mem_printf("%s/s/super", scratch);
	char *journal = beside(source, "-journal");
	struct buf jrnl = { 0 };

	make_super(super);
	read_path(journal, &jrnl);
	jrnl.data[jrnl.len - 9] ^= 1;
	write_path(journal, jrnl.data, jrnl.len);
	expect_sum(bounds[0], SUM_OLD);
	buf_fini(&jrnl);
	free(journal);
	free(super);
}
END_TEST

START_TEST(a_spool_that_is_no_directory_is_said_so)
{
	struct image_reader *r = new_reader(bounds[0], IMAGE_CHECK_NONE);
	struct image img;
	struct err e;

	crash_db(source, FILL SPILL);
	ck_assert_int_eq(rmdir(spool), 0);
	write_path(spool, "", 0);
	ck_assert_int_eq(image_take(r, source, &img, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "spool"));
	image_free(r);
	ck_assert_int_eq(unlink(spool), 0);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("recover");

	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, scratch_make, scratch_remove);
	tcase_add_loop_test(tc, a_hot_journal_is_rolled_back_in_a_copy, 0, 2);
	tcase_add_test(tc, a_database_that_never_committed_is_empty);
	tcase_add_test(tc, the_journal_of_a_live_writer_is_not_hot);
	tcase_add_loop_test(tc, a_finished_journal_is_not_hot, 0, 2);
	tcase_add_loop_test(tc, a_journal_of_garbage_is_discarded, 0, 2);
	tcase_add_loop_test(tc,
	    a_journal_that_goes_back_to_more_than_there_was_is_refused, 0, 2);
	tcase_add_loop_test(tc, a_log_beside_a_hot_journal_is_laid_over_it, 0,
	    2);
	tcase_add_loop_test(tc, without_its_super_journal_it_is_committed, 0,
	    2);
	tcase_add_loop_test(tc, with_its_super_journal_it_is_rolled_back, 0,
	    2);
	tcase_add_loop_test(tc, a_super_journal_of_a_name_too_long_is_none, 0,
	    2);
	tcase_add_test(tc, a_broken_super_record_is_none);
	tcase_add_test(tc, a_spool_that_is_no_directory_is_said_so);
	return (run_suite(tc));
}
