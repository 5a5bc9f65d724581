/*
 * Images of databases that others write to at that moment: each must be one
 * committed state, and not older than what was committed when it was begun.
 */
#include "db/live.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "unit/sourcedb.h"
#include "unit/suite.h"

enum {
	NWRITERS = 4,
	TOTAL = 100000,
	NPAIRS = 200,
	TORTURE_MS = 4000,
	EMPTYING_MS = 1500,
	KILL_EVERY = 16		/* images */
};

/* What the writers tell, in memory shared with them. */
struct board {
	_Atomic int64_t committed[NWRITERS];
};
static struct board *board;

static const struct writer {
	const char *name;	/* of the database */
	const char *setup;
	const char *sometimes[2];	/* in turn, every 16 commits */
} writers[NWRITERS] = {
	{ "r.db", "PRAGMA journal_mode = DELETE", { "", "" } },
	{ "r.db", "PRAGMA journal_mode = PERSIST", {
	    "PRAGMA journal_mode = TRUNCATE; VACUUM",
	    "PRAGMA journal_mode = PERSIST" } },
	{ "w.db", "PRAGMA wal_autocheckpoint = 1", { "", "" } },
	{ "w.db", "PRAGMA wal_autocheckpoint = 10", {
	    "PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM" } },
};

static void
setup(void)
{
	scratch_make();
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert(board != MAP_FAILED);
	busy_timeout_ms = 10000;
}

static void
teardown(void)
{
	(void)munmap(board, sizeof(*board));
	scratch_remove();
}

static void
make_pairs(const char *path, const char *mode, int pad)
{
	char *sql = mem_printf("PRAGMA journal_mode = %s;"
	    "CREATE TABLE x (id INTEGER PRIMARY KEY, v, pad);"
	    "CREATE TABLE y (id INTEGER PRIMARY KEY, v, pad);"
	    "CREATE TABLE c (w INTEGER PRIMARY KEY, n);"
	    GROW "INSERT INTO x SELECT i, %d, zeroblob(%d) FROM n "
	    "WHERE i <= %d; INSERT INTO y SELECT id, 0, pad FROM x;"
	    "INSERT INTO c SELECT id - 1, 0 FROM x WHERE id <= %d",
	    mode, TOTAL / NPAIRS, pad, NPAIRS, NWRITERS);

	make_db(path, sql);
	free(sql);
}

/* Commit again and again; whoever is locked out tries once more. */
static void
write_on(sqlite3 *db, int who)
{
	const struct writer *w = &writers[who];
	char sql[512];
	unsigned int i;

	for (i = 0;; i++) {
		(void)snprintf(sql, sizeof(sql), "BEGIN IMMEDIATE;"
		    "UPDATE x SET v = v - 3 WHERE id = %u;"
		    "UPDATE y SET v = v + 3 WHERE id = %u;"
		    "UPDATE c SET n = n + 1 WHERE w = %d; COMMIT",
		    1 + i % NPAIRS, 1 + i * 7 % NPAIRS, who);
		if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
			atomic_fetch_add(&board->committed[who], 1);
		else
			(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
		if (i % 16 == 15)
			(void)sqlite3_exec(db, w->sometimes[i / 16 % 2],
			    NULL, NULL, NULL);
	}
}

static pid_t
start_writer(int who)
{
	char *path;
	sqlite3 *db;
	pid_t pid;

	ck_assert_int_ne(pid = fork(), -1);
	if (pid != 0)
		return (pid);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	path = mem_printf("%s/s/%s", scratch, writers[who].name);
	db = open_db(path);
	(void)sqlite3_exec(db, "PRAGMA synchronous = OFF", NULL, NULL, NULL);
	(void)sqlite3_exec(db, writers[who].setup, NULL, NULL, NULL);
	write_on(db, who);
	_exit(0);
}

static void
expect_one_state(const struct image *img, const char *name,
    const int64_t *committed)
{
	char *sql;
	int i;

	if (!image_sound(img))
		ck_abort_msg("%s: integrity_check", name);
	ck_assert_int_eq(image_query(img, "SELECT (SELECT sum(v) FROM x) + "
	    "(SELECT sum(v) FROM y)"), TOTAL);
	ck_assert_int_eq(image_query(img, "SELECT sum(v) / 3 FROM y"),
	    image_query(img, "SELECT sum(n) FROM c"));
	for (i = 0; i < NWRITERS; i++) {
		if (strcmp(writers[i].name, name) != 0)
			continue;
		sql = mem_printf("SELECT n FROM c WHERE w = %d", i);
		ck_assert_int_ge(image_query(img, sql), committed[i]);
		free(sql);
	}
}

START_TEST(every_image_is_one_committed_state)
{
	struct image_reader *r = new_reader(200000, IMAGE_CHECK_NONE);
	char *path[2] = { mem_printf("%s/s/r.db", scratch),
	    mem_printf("%s/s/w.db", scratch) };
	int64_t committed[NWRITERS], end_ms;
	pid_t pid[NWRITERS];
	struct image img;
	int i, n;

	make_pairs(path[0], "DELETE", 50);
	make_pairs(path[1], "WAL", 3000);
	for (i = 0; i < NWRITERS; i++)
		pid[i] = start_writer(i);
	end_ms = clock_mono_ms() + TORTURE_MS;
	for (n = 0; n <= 10 || clock_mono_ms() < end_ms; n++) {
		for (i = 0; i < NWRITERS; i++)
			committed[i] = atomic_load(&board->committed[i]);
		must_take(r, path[n % 2], &img);
		expect_one_state(&img, strrchr(path[n % 2], '/') + 1,
		    committed);
		if (n % KILL_EVERY == 0) {
			i = n / KILL_EVERY % NWRITERS;
			kill_db(pid[i]);
			pid[i] = start_writer(i);
		}
	}
	for (i = 0; i < NWRITERS; i++) {
		kill_db(pid[i]);
		committed[i] = atomic_load(&board->committed[i]);
	}
	/* One of two may have been locked out all the time. */
	ck_assert_int_gt(committed[0] + committed[1], 0);
	ck_assert_int_gt(committed[2] + committed[3], 0);
	image_free(r);
	free(path[0]);
	free(path[1]);
}
END_TEST

/*
 * A log that was filled, checkpointed and cut to nothing between two looks
 * seems never to have been there.
 */
START_TEST(a_log_that_is_always_empty_when_looked_at_counts)
{
	struct image_reader *r = new_reader(1000, IMAGE_CHECK_NONE);
	int64_t end_ms;
	struct image img;
	sqlite3 *db;
	pid_t pid;

	make_pairs(source, "WAL", 40000);
	ck_assert_int_ne(pid = fork(), -1);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		db = open_db(source);
		run_sql(db, "PRAGMA synchronous = OFF");
		for (;;)
			(void)sqlite3_exec(db, "BEGIN IMMEDIATE;"
			    "UPDATE x SET v = v - 1 WHERE id = 1;"
			    "UPDATE y SET v = v + 1 WHERE id = 200; COMMIT;"
			    "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL,
			    NULL);
	}
	end_ms = clock_mono_ms() + EMPTYING_MS;
	while (clock_mono_ms() < end_ms) {
		must_take(r, source, &img);
		ck_assert_int_eq(image_query(&img, "SELECT "
		    "(SELECT sum(v) FROM x) + (SELECT sum(v) FROM y)"),
		    TOTAL);
	}
	kill_db(pid);
	image_free(r);
}
END_TEST

/*
 * A process that takes an image and stops at "point"; what it sees then must
 * give "sum".  Returns when it has stopped.
 */
static pid_t
start_image(const char *point, int64_t sum)
{
	struct image_reader *r;
	struct image img;
	int status;
	pid_t pid;
	char *hook;

	ck_assert_int_ne(pid = fork(), -1);
	if (pid == 0) {
		hook = mem_printf("%s=stop", point);
		(void)setenv("LITEFLEET_HOOK", hook, 1);
		r = new_reader(8 << 20, IMAGE_CHECK_NONE);
		must_take(r, source, &img);
		ck_assert(image_sound(&img));
		ck_assert_int_eq(image_query(&img, "SELECT sum(v) FROM t"),
		    sum);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
	ck_assert(WIFSTOPPED(status));
	return (pid);
}

/* Let it go on, past further stops; returns how often it stopped. */
static int
finish_image(pid_t pid)
{
	int n = 0, status;

	for (;; n++) {
		ck_assert_int_eq(kill(pid, SIGCONT), 0);
		ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
		if (!WIFSTOPPED(status))
			break;
	}
	ck_assert_int_eq(status, 0);
	return (n);
}

START_TEST(a_log_that_appears_while_the_file_is_read_is_noticed)
{
	pid_t image, writer;

	make_db(source, "PRAGMA journal_mode = WAL;" FILL);
	image = start_image("image-read", SUM_NEW);
	writer = hold_db(source, CHANGE);
	ck_assert_int_ge(finish_image(image), 1);
	kill_db(writer);
}
END_TEST

START_TEST(an_index_that_appears_beside_a_log_is_noticed)
{
	char *shm = beside(source, "-shm");
	pid_t image, writer;

	crash_db(source, "PRAGMA journal_mode = WAL;" FILL);
	ck_assert_int_eq(unlink(shm), 0);
	image = start_image("image-read", SUM_NEW);
	writer = hold_db(source, CHANGE);
	ck_assert_int_ge(finish_image(image), 1);
	kill_db(writer);
	free(shm);
}
END_TEST

START_TEST(whoever_takes_an_orphaned_index_is_noticed)
{
	static const char *const points[] = { "image-locked", "image-read" };
	pid_t image, writer;

	crash_db(source, "PRAGMA journal_mode = WAL;" FILL);
	image = start_image(points[_i], SUM_NEW);
	writer = hold_db(source, CHANGE);
	(void)finish_image(image);
	kill_db(writer);
}
END_TEST

/* Even if it is killed again, after a checkpoint. */
START_TEST(whoever_begins_a_damaged_log_anew_is_noticed)
{
	static const char *const what[] = { CHANGE, CHANGE
	    "PRAGMA wal_checkpoint", CHANGE "PRAGMA wal_checkpoint(TRUNCATE)" };
	char *wal = beside(source, "-wal");
	pid_t image, writer;
	int fd;

	crash_db(source, "PRAGMA journal_mode = WAL;" FILL
	    "PRAGMA wal_checkpoint");
	ck_assert_int_ne(fd = open(wal, O_WRONLY), -1);
	ck_assert_int_eq(pwrite(fd, "damage", 6, 0), 6);
	(void)close(fd);
	busy_timeout_ms = 300;
	image = start_image("image-read", SUM_NEW);
	writer = hold_db(source, what[_i % 3]);
	if (_i >= 3)
		kill_db(writer);
	ck_assert_int_ge(finish_image(image), 1);
	if (_i < 3)
		kill_db(writer);
	free(wal);
}
END_TEST

START_TEST(a_database_that_is_replaced_meanwhile_is_read_again)
{
	static const char *const points[] = { "image-locked", "image-read" };
	char *other = mem_printf("%s/other", scratch);
	pid_t image;

	make_db(source, FILL);
	make_db(other, FILL CHANGE);
	image = start_image(points[_i], SUM_NEW);
	ck_assert_int_eq(rename(other, source), 0);
	ck_assert_int_ge(finish_image(image), 1);
	free(other);
}
END_TEST

/* Readers are never in the way, and a commit only while bytes are copied. */
START_TEST(the_lock_is_shared_while_the_file_is_read)
{
	pid_t image;
	sqlite3 *db;

	make_db(source, FILL);
	image = start_image("image-read", SUM_OLD);
	db = open_db(source);
	(void)sqlite3_busy_timeout(db, 0);
	run_sql(db, "SELECT count(*) FROM t");
	ck_assert_int_eq(sqlite3_exec(db, CHANGE, NULL, NULL, NULL),
	    SQLITE_BUSY);
	ck_assert_int_eq(finish_image(image), 0);
	run_sql(db, CHANGE);
	(void)sqlite3_close(db);
}
END_TEST

START_TEST(a_live_log_can_be_written_while_it_is_read)
{
	pid_t image, other;
	sqlite3 *db;

	other = hold_db(source, "PRAGMA journal_mode = WAL;" FILL);
	image = start_image("image-read", SUM_OLD);
	db = open_db(source);
	(void)sqlite3_busy_timeout(db, 0);
	run_sql(db, CHANGE "PRAGMA wal_checkpoint");
	(void)sqlite3_close(db);
	ck_assert_int_eq(finish_image(image), 0);
	kill_db(other);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("live");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, every_image_is_one_committed_state);
	tcase_add_test(tc, a_log_that_is_always_empty_when_looked_at_counts);
	tcase_add_test(tc,
	    a_log_that_appears_while_the_file_is_read_is_noticed);
	tcase_add_test(tc, an_index_that_appears_beside_a_log_is_noticed);
	tcase_add_loop_test(tc, whoever_takes_an_orphaned_index_is_noticed, 0,
	    2);
	tcase_add_loop_test(tc, whoever_begins_a_damaged_log_anew_is_noticed,
	    0, 6);
	tcase_add_loop_test(tc,
	    a_database_that_is_replaced_meanwhile_is_read_again, 0, 2);
	tcase_add_test(tc, the_lock_is_shared_while_the_file_is_read);
	tcase_add_test(tc, a_live_log_can_be_written_while_it_is_read);
	return (run_suite(tc));
}
