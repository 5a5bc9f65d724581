/*
 * Each state that a database may be found in, and what must come of it.
 */
#include "db/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

#include "unit/sourcedb.h"
#include "unit/suite.h"
#include "unit/waltext.h"

static const size_t in_memory = 8 << 20;

/* Both ways to keep an image: in memory, and in the spool. */
static const size_t bounds[] = { 8 << 20, 1000 };
static const int page_sizes[] = { 512, 1024, 4096, 65536 };

static void
expect_sum(const char *path, size_t mem_bytes, int64_t sum)
{
	struct image_reader *r = new_reader(mem_bytes, IMAGE_CHECK_NONE);
	struct image img;

	must_take(r, path, &img);
	ck_assert((img.mem != NULL) == (img.size <= mem_bytes));
	ck_assert(image_sound(&img));
	ck_assert_int_eq(image_query(&img, "SELECT sum(v) FROM t"), sum);
	image_free(r);
}

START_TEST(an_empty_file_is_an_empty_database)
{
	struct image_reader *r = new_reader(in_memory, IMAGE_CHECK_FULL);
	struct image img;

	write_path(source, "", 0);
	must_take(r, source, &img);
	ck_assert_uint_eq(img.size, 0);
	ck_assert_uint_eq(img.page_size, 0);
	ck_assert_ptr_nonnull(img.mem);
	ck_assert(!img.damaged);
	image_free(r);
}
END_TEST

START_TEST(what_is_not_a_database_is_no_error)
{
	struct image_reader *r = new_reader(in_memory, IMAGE_CHECK_NONE);
	const char *texts[] = { "x", "SQLite format 3", "#!/bin/sh\n"
	    "echo this is a text of more than a hundred bytes, which is "
	    "what the header of a database has\n" };
	struct image img;
	struct err e;

	write_path(source, texts[_i], strlen(texts[_i]));
	ck_assert_int_eq(image_take(r, source, &img, &e), 1);
	image_free(r);
}
END_TEST

START_TEST(a_header_with_garbage_is_corrupt)
{
	char bytes[8192];
	size_t i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7 + 3);
	memcpy(bytes, "SQLite format 3", 16);
	write_path(source, bytes, sizeof(bytes));
	expect_error(source, ERR_CORRUPT, "page size");
}
END_TEST

START_TEST(a_file_cut_short_is_corrupt)
{
	static const off_t sizes[] = { 60, 100, 1000, 4096, 20000 };

	make_db(source, FILL);
	ck_assert_int_eq(truncate(source, sizes[_i]), 0);
	expect_error(source, ERR_CORRUPT, "bytes are");
}
END_TEST

START_TEST(trailing_bytes_are_kept)
{
	struct image_reader *r = new_reader(in_memory, IMAGE_CHECK_FULL);
	struct image img;
	struct stat st;

	make_db(source, FILL);
	ck_assert_int_eq(stat(source, &st), 0);
	ck_assert_int_eq(truncate(source, st.st_size + 777), 0);
	must_take(r, source, &img);
	ck_assert_uint_eq(img.size, (uint64_t)st.st_size + 777);
	ck_assert(!img.damaged);
	image_free(r);
}
END_TEST

START_TEST(a_closed_database_is_its_bytes)
{
	struct image_reader *r = new_reader(bounds[_i % 2], IMAGE_CHECK_NONE);
	static const char *const modes[] = { "DELETE", "WAL" };
	struct buf file = { 0 };
	struct image img;
	struct stat st;
	uint8_t *bytes;
	struct err e;
	char *sql;

	sql = mem_printf("PRAGMA journal_mode = %s;" FILL, modes[_i / 2]);
	make_db(source, sql);
	ck_assert_int_eq(chmod(source, 0640), 0);
	ck_assert_int_eq(stat(source, &st), 0);
	must_take(r, source, &img);
	read_path(source, &file);
	ck_assert_uint_eq(img.size, file.len);
	bytes = mem_zero(file.len);
	ck_assert_int_eq(image_read(&img, 0, bytes, file.len, &e), 0);
	ck_assert_mem_eq(bytes, file.data, file.len);
	ck_assert_int_eq(image_read(&img, 1, bytes, file.len, &e), -1);
	ck_assert_uint_eq(img.page_size, 4096);
	ck_assert_uint_eq(img.mode, 0640);
	ck_assert_uint_eq(img.uid, st.st_uid);
	ck_assert_uint_eq(img.gid, st.st_gid);
	ck_assert_int_eq(img.mtime_ns, st.st_mtim.tv_sec * 1000000000LL +
	    st.st_mtim.tv_nsec);
	image_free(r);
	buf_fini(&file);
	free(bytes);
	free(sql);
}
END_TEST

/* Everything is in the log, several times; the file is smaller than it. */
#define LOGGED	"PRAGMA page_size = %d; PRAGMA journal_mode = WAL;"	\
		"PRAGMA wal_autocheckpoint = 0;" FILL			\
		CHANGE CHANGE "UPDATE t SET v = 1;"

static char *
logged(int i)
{
	return (mem_printf(LOGGED, page_sizes[i / 2]));
}

START_TEST(the_log_of_a_dead_writer_with_its_index_counts)
{
	char *sql = logged(_i);

	crash_db(source, sql);
	expect_sum(source, bounds[_i % 2], SUM_OLD);
	free(sql);
}
END_TEST

START_TEST(the_log_of_a_dead_writer_without_index_counts)
{
	char *sql = logged(_i), *shm = beside(source, "-shm");

	crash_db(source, sql);
	ck_assert_int_eq(unlink(shm), 0);
	expect_sum(source, bounds[_i % 2], SUM_OLD);
	free(shm);
	free(sql);
}
END_TEST

START_TEST(the_log_of_a_live_writer_counts)
{
	char *sql = logged(_i);
	pid_t pid = hold_db(source, sql);

	expect_sum(source, bounds[_i % 2], SUM_OLD);
	kill_db(pid);
	free(sql);
}
END_TEST

START_TEST(closed_databases_of_all_page_sizes_are_read)
{
	char *sql = mem_printf("PRAGMA page_size = %d;" FILL,
	    page_sizes[_i / 2]);

	make_db(source, sql);
	expect_sum(source, bounds[_i % 2], SUM_OLD);
	free(sql);
}
END_TEST

/* A checkpoint that a power failure cut short: SQLite reads the log's. */
START_TEST(a_first_page_that_only_the_log_has_counts)
{
	char *shm = beside(source, "-shm");
	pid_t pid = -1;
	int fd;

	make_db(source, FILL);
	if (_i == 2)
		pid = hold_db(source, "PRAGMA journal_mode = WAL;" CHANGE
		    "CREATE TABLE x (v)");
	else
		crash_db(source, "PRAGMA journal_mode = WAL;" CHANGE
		    "CREATE TABLE x (v)");
	if (_i == 1)
		ck_assert_int_eq(unlink(shm), 0);
	ck_assert_int_ne(fd = open(source, O_WRONLY), -1);
	ck_assert_int_eq(pwrite(fd, "s", 1, 0), 1);
	(void)close(fd);
	expect_sum(source, in_memory, SUM_NEW);
	if (pid != -1)
		kill_db(pid);
	free(shm);
}
END_TEST

START_TEST(a_log_beside_what_is_not_a_database_makes_it_none)
{
	struct image_reader *r = new_reader(in_memory, IMAGE_CHECK_NONE);
	char *shm = beside(source, "-shm");
	struct image img;
	struct err e;

	crash_db(source, "PRAGMA journal_mode = WAL;" FILL
	    "PRAGMA wal_checkpoint(RESTART); UPDATE t SET v = 2 "
	    "WHERE id = 400");
	if (_i == 1)
		ck_assert_int_eq(unlink(shm), 0);
	ck_assert_int_eq(unlink(source), 0);
	write_path(source, "this is a text\n", 15);
	ck_assert_int_eq(image_take(r, source, &img, &e), 1);
	image_free(r);
	free(shm);
}
END_TEST

/* SQLite begins such a log anew.  With a -shm or without, empty or not. */
START_TEST(a_log_whose_header_is_damaged_holds_nothing)
{
	char *wal = beside(source, "-wal"), *shm = beside(source, "-shm");
	char zeros[32] = { 0 };
	int fd;

	crash_db(source, "PRAGMA journal_mode = WAL;" FILL
	    "PRAGMA wal_checkpoint;" CHANGE);
	ck_assert_int_ne(fd = open(wal, O_WRONLY), -1);
	if (_i < 4)
		ck_assert_int_eq(pwrite(fd, "damage", 6, _i < 2 ? 0 : 16), 6);
	else
		ck_assert_int_eq(pwrite(fd, zeros, 32, 0), 32);
	(void)close(fd);
	if (_i % 2 == 1)
		ck_assert_int_eq(unlink(shm), 0);
	expect_sum(source, in_memory, SUM_OLD);
	free(shm);
	free(wal);
}
END_TEST

START_TEST(a_checkpointed_log_leaves_the_file_alone)
{
	static const char *const how[] = { "PASSIVE", "RESTART", "TRUNCATE" };
	char *sql = mem_printf(LOGGED "PRAGMA wal_checkpoint(%s);", 4096,
	    how[_i]);
	pid_t pid = hold_db(source, sql);

	expect_sum(source, in_memory, SUM_OLD);
	kill_db(pid);
	expect_sum(source, in_memory, SUM_OLD);
	free(sql);
}
END_TEST

START_TEST(a_log_that_shrinks_the_database_gives_its_size)
{
	struct image_reader *r = new_reader(bounds[_i], IMAGE_CHECK_FULL);
	pid_t pid = hold_db(source, "PRAGMA journal_mode = WAL;" FILL
	    "PRAGMA wal_checkpoint; DELETE FROM t WHERE id > 10;"
	    "PRAGMA wal_autocheckpoint = 0; VACUUM");
	struct image img;

	must_take(r, source, &img);
	ck_assert(!img.damaged);
	ck_assert_uint_eq(img.size, (uint64_t)image_query(&img,
	    "SELECT page_count * page_size FROM pragma_page_count, "
	    "pragma_page_size"));
	ck_assert_uint_lt(img.size, 40000);
	kill_db(pid);
	image_free(r);
}
END_TEST

START_TEST(what_a_transaction_spilled_into_the_log_does_not_count)
{
	struct image_reader *r = new_reader(bounds[_i], IMAGE_CHECK_FULL);
	pid_t pid = hold_db(source, "PRAGMA journal_mode = WAL;"
	    "PRAGMA wal_autocheckpoint = 0;" FILL SPILL);
	struct image img;

	/* Its commit will show in the time of the log. */
	must_take(r, source, &img);
	ck_assert(!img.unsettled);
	image_free(r);
	expect_sum(source, in_memory, SUM_OLD);
	kill_db(pid);
	expect_sum(source, in_memory, SUM_OLD);
}
END_TEST

/*
 * The writer is killed after its commit frame and before the wal-index says
 * so, while another stays: for that one the transaction never was.
 */
START_TEST(a_commit_that_did_not_reach_the_index_is_none)
{
	struct image_reader *r = new_reader(in_memory, IMAGE_CHECK_FULL);
	char *shm = beside(source, "-shm");
	struct buf before = { 0 };
	pid_t other, writer;
	struct image img;
	int fd;

	other = hold_db(source, "PRAGMA journal_mode = WAL;"
	    "PRAGMA wal_autocheckpoint = 0;" FILL);
	read_path(shm, &before);
	must_take(r, source, &img);
	ck_assert(!img.unsettled);
	writer = hold_db(source, CHANGE);
	expect_sum(source, in_memory, SUM_NEW);
	must_take(r, source, &img);
	ck_assert(!img.unsettled);
	ck_assert_int_ne(fd = open(shm, O_WRONLY), -1);
	ck_assert_int_eq(pwrite(fd, before.data, 100, 0), 100);
	(void)close(fd);
	kill_db(writer);
	expect_sum(source, in_memory, SUM_OLD);
	/* It may count once the other has gone, too. */
	must_take(r, source, &img);
	ck_assert(img.unsettled);
	kill_db(other);
	image_free(r);
	buf_fini(&before);
	free(shm);
}
END_TEST

/* To SQLite it is empty, so that its log holds nothing, either. */
START_TEST(a_file_of_one_byte_has_no_log)
{
	struct image_reader *r = new_reader(in_memory, IMAGE_CHECK_NONE);
	struct image img;
	struct err e;

	crash_db(source, "PRAGMA journal_mode = WAL;"
	    "PRAGMA wal_autocheckpoint = 0;" FILL);
	write_path(source, "S", 1);
	ck_assert_int_eq(image_take(r, source, &img, &e), 1);
	image_free(r);
}
END_TEST

/* A log that somebody laid beside a database of other pages. */
START_TEST(a_log_of_another_page_size_is_corrupt)
{
	char *wal = beside(source, "-wal"), *shm = beside(source, "-shm");

	crash_db(source, "PRAGMA page_size = 65536;"
	    "PRAGMA journal_mode = WAL;" FILL "PRAGMA wal_checkpoint(RESTART);"
	    "PRAGMA wal_autocheckpoint = 0; UPDATE t SET v = 2 WHERE id = 9");
	ck_assert_int_eq(unlink(shm), 0);
	ck_assert_int_eq(unlink(source), 0);
	ck_assert_int_eq(rename(wal, shm), 0);
	make_db(source, FILL "UPDATE t SET pad = zeroblob(300);");
	ck_assert_int_eq(rename(shm, wal), 0);
	expect_error(source, ERR_CORRUPT, "in its log");
	free(shm);
	free(wal);
}
END_TEST

/* A log may make the database larger than what it and the file hold. */
START_TEST(pages_that_nobody_wrote_are_zeros)
{
	struct image_reader *r = new_reader(bounds[_i], IMAGE_CHECK_NONE);
	char *wal = beside(source, "-wal"), *large = beside(source, ".large");
	uint8_t bytes[3 * 4096], zeros[3 * 4096] = { 0 };
	struct buf log = { 0 };
	struct image img;
	uint32_t npages;
	struct stat st;
	struct err e;

	make_db(large, FILL "UPDATE t SET pad = randomblob(9000)");
	must_take(r, large, &img);
	make_db(source, FILL);
	ck_assert_int_eq(stat(source, &st), 0);
	npages = (uint32_t)(st.st_size / 4096);
	put_header(&log, 4096, false);
	put_frame(&log, 4096, npages, npages + 3, 'x');
	sign_log(log.data, log.len);
	write_path(wal, log.data, log.len);
	must_take(r, source, &img);
	ck_assert_uint_eq(img.size, (uint64_t)(npages + 3) * 4096);
	ck_assert_int_eq(image_read(&img, (uint64_t)npages * 4096, bytes,
	    sizeof(bytes), &e), 0);
	ck_assert_mem_eq(bytes, zeros, sizeof(bytes));
	ck_assert_int_eq(image_read(&img, (uint64_t)(npages - 1) * 4096,
	    bytes, 4096, &e), 0);
	ck_assert_uint_eq(bytes[0], 'x');
	ck_assert_uint_eq(bytes[4095], 'x');
	image_free(r);
	buf_fini(&log);
	free(large);
	free(wal);
}
END_TEST

/* Terabytes, of a log of one frame. */
START_TEST(a_log_that_claims_more_than_there_is_is_corrupt)
{
	char *wal = beside(source, "-wal");
	struct buf log = { 0 };

	make_db(source, FILL);
	put_header(&log, 4096, false);
	put_frame(&log, 4096, 2, _i == 0 ? UINT32_MAX : 1000, 'x');
	sign_log(log.data, log.len);
	write_path(wal, log.data, log.len);
	expect_error(source, ERR_CORRUPT, "more than there are");
	buf_fini(&log);
	free(wal);
}
END_TEST

START_TEST(one_reader_takes_many_images)
{
	struct image_reader *r = new_reader(100000, IMAGE_CHECK_NONE);
	char *path[4];
	struct image img;
	struct err e;
	int i;

	for (i = 0; i < 4; i++)
		path[i] = mem_printf("%s/s/%d.db", scratch, i);
	make_db(path[0], FILL);
	make_db(path[1], "CREATE TABLE t (v); INSERT INTO t VALUES (1);");
	make_db(path[2], FILL "INSERT INTO t SELECT id + 1000, 1, "
	    "zeroblob(1000) FROM t;");
	write_path(path[3], "no", 2);
	for (i = 0; i < 40; i++) {
		if (i % 4 == 3) {
			ck_assert_int_eq(image_take(r, path[3], &img, &e), 1);
			continue;
		}
		must_take(r, path[i % 4], &img);
		ck_assert_int_eq(image_query(&img, "SELECT sum(v) FROM t"),
		    i % 4 == 0 ? 500 : i % 4 == 1 ? 1 : 1000);
	}
	image_free(r);
	for (i = 0; i < 4; i++)
		free(path[i]);
}
END_TEST

START_TEST(what_a_killed_run_left_is_removed_after_a_day)
{
	static const char *const names[] = { ".litefleet-old/db",
	    ".litefleet-young/db", "other/db" };
	struct timeval times[2] = { 0 };
	struct err e;
	char *path;
	int i;

	for (i = 0; i < LENGTH(names); i++) {
		path = mem_printf("%s/%s", spool, names[i]);
		ck_assert_int_eq(io_mkdirs(path, 0700, &e), 0);
		*strrchr(path, '/') = '\0';
		if (i != 1)
			ck_assert_int_eq(utimes(path, times), 0);
		free(path);
	}
	image_free(new_reader(in_memory, IMAGE_CHECK_NONE));
	for (i = 0; i < LENGTH(names); i++) {
		path = mem_printf("%s/%s", spool, names[i]);
		ck_assert_int_eq(access(path, F_OK), i == 0 ? -1 : 0);
		free(path);
	}
}
END_TEST

START_TEST(the_spool_is_made_when_needed)
{
	ck_assert_int_eq(rmdir(spool), 0);
	make_db(source, FILL);
	expect_sum(source, in_memory, SUM_OLD);
	ck_assert_int_eq(access(spool, F_OK), -1);
	expect_sum(source, 1000, SUM_OLD);
	ck_assert_int_eq(access(spool, F_OK), 0);
	ck_assert_int_eq(rmdir(spool), 0);
}
END_TEST

static void
add_states(TCase *tc)
{
	int n = 2 * LENGTH(page_sizes);

	tcase_add_test(tc, an_empty_file_is_an_empty_database);
	tcase_add_loop_test(tc, what_is_not_a_database_is_no_error, 0, 3);
	tcase_add_loop_test(tc, a_closed_database_is_its_bytes, 0, 4);
	tcase_add_test(tc, trailing_bytes_are_kept);
	tcase_add_loop_test(tc, closed_databases_of_all_page_sizes_are_read,
	    0, n);
	tcase_add_loop_test(tc,
	    the_log_of_a_dead_writer_with_its_index_counts, 0, n);
	tcase_add_loop_test(tc,
	    the_log_of_a_dead_writer_without_index_counts, 0, n);
	tcase_add_loop_test(tc, the_log_of_a_live_writer_counts, 0, n);
	tcase_add_loop_test(tc, a_first_page_that_only_the_log_has_counts, 0,
	    3);
	tcase_add_loop_test(tc,
	    a_log_beside_what_is_not_a_database_makes_it_none, 0, 2);
	tcase_add_loop_test(tc, a_log_whose_header_is_damaged_holds_nothing,
	    0, 6);
	tcase_add_loop_test(tc, a_checkpointed_log_leaves_the_file_alone, 0,
	    3);
	tcase_add_loop_test(tc,
	    a_log_that_shrinks_the_database_gives_its_size, 0, 2);
	tcase_add_test(tc,
	    what_a_transaction_spilled_into_the_log_does_not_count);
	tcase_add_test(tc, a_commit_that_did_not_reach_the_index_is_none);
	tcase_add_test(tc, a_file_of_one_byte_has_no_log);
	tcase_add_loop_test(tc, pages_that_nobody_wrote_are_zeros, 0, 2);
	tcase_add_loop_test(tc,
	    a_log_that_claims_more_than_there_is_is_corrupt, 0, 2);
	tcase_add_test(tc, one_reader_takes_many_images);
	tcase_add_test(tc, what_a_killed_run_left_is_removed_after_a_day);
	tcase_add_test(tc, the_spool_is_made_when_needed);
}

static void
add_failures(TCase *tc)
{
	tcase_add_test(tc, a_header_with_garbage_is_corrupt);
	tcase_add_test(tc, a_log_of_another_page_size_is_corrupt);
	tcase_add_loop_test(tc, a_file_cut_short_is_corrupt, 0, 5);
}

int
main(void)
{
	TCase *tc = tcase_create("image");

	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, scratch_make, scratch_remove);
	add_states(tc);
	add_failures(tc);
	return (run_suite(tc));
}
