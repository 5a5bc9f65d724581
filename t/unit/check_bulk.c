/*
 * Many databases come back, each told once; what cannot be, is told why, and
 * changes nothing.
 */
#include "job/bulk.h"

#include <limits.h>
#include <sched.h>
#include <sys/mount.h>

#include "job/bulk_job.h"
#include "unit/bulkbed.h"

static struct buf db;		/* the content of a database */

static void
setup(void)
{
	char *name;

	bed_setup();
	name = mem_printf("%s/fresh.db", scratch);
	make_db(name, "WAL", "new");
	db = bytes_of(name, "");
	free(name);
}

static void
teardown(void)
{
	buf_fini(&db);
	bed_teardown();
}

START_TEST(all_come_back_and_are_told_once)
{
	struct buf small = noise(5000), large = noise(9 << 20);
	struct buf mid = noise(4 << 20);
	struct stat st;
	struct err e;
	char key[32];
	int i;

	put_content("a/empty.db", "", 0);
	put_content("a/large.db", large.data, large.len);
	put_content("b.db", db.data, db.len);
	for (i = 0; i < 100; i++) {
		(void)snprintf(key, sizeof(key), "many/%d.db", i);
		put_content(key, small.data, small.len - (size_t)i);
		order(key);
	}
	for (i = 0; i < 30; i++) {	/* more than may be in flight */
		(void)snprintf(key, sizeof(key), "mid/%d.db", i);
		put_content(key, mid.data, mid.len);
		order(key);
	}
	order("a/empty.db");
	order("a/large.db");
	order("b.db");
	cfg.parallel = _i == 0 ? 1 : 100;
	ck_assert_int_eq(run(&e), 0);
	ck_assert_int_eq(ntold, 133);
	for (i = 0; i < 100; i++) {
		(void)snprintf(key, sizeof(key), "many/%d.db", i);
		ck_assert_int_eq(told_of(key)->end, BULK_RESTORED);
		ck_assert_uint_eq(told_of(key)->size, small.len - (size_t)i);
		ck_assert_int_eq(stat(at(key), &st), 0);
		ck_assert_uint_eq((size_t)st.st_size, small.len - (size_t)i);
	}
	ck_assert(holds(at("b.db"), &db));
	ck_assert(holds(at("a/large.db"), &large));
	ck_assert(holds(at("mid/29.db"), &mid));
	ck_assert_int_eq(told_of("a/empty.db")->end, BULK_RESTORED);
	ck_assert_str_eq(told_of("b.db")->rel, "b.db");
	ck_assert_str_eq(told_of("b.db")->text, "");
	ck_assert_int_eq(told_of("b.db")->ms, BED_MS);
	ck_assert(hash128_eq(told_of("b.db")->xxh3, hash128(db.data,
	    db.len)));
	ck_assert_int_eq(stat(at("b.db"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(names(root), 4);
	ck_assert_int_eq(names(at("a")), 2);
	ck_assert_uint_eq(tally_get(&tally, TALLY_LOOKED), 133);
	ck_assert_uint_eq(tally_get(&tally, TALLY_SYNCED), 133);
	ck_assert_str_eq(tally.path, "");
	buf_fini(&small);
	buf_fini(&mid);
	buf_fini(&large);
}
END_TEST

static const struct {
	enum job_restore_exists exists;
	enum bulk_end end;
} policies[] = {
	{ JOB_RESTORE_REFUSE, BULK_FAILED },
	{ JOB_RESTORE_SKIP, BULK_SKIPPED },
	{ JOB_RESTORE_FORCE, BULK_RESTORED },
};
static const char *const parts[] = { "", "-wal", "-shm", "-journal" };

START_TEST(what_is_there_is_refused_left_or_replaced)
{
	const char *suffix = parts[_i / 3];
	enum bulk_end end = policies[_i % 3].end;
	struct err e;

	/* A companion alone is no database that could be left. */
	if (end == BULK_SKIPPED && suffix[0] != '\0')
		end = BULK_FAILED;
	cfg.exists = policies[_i % 3].exists;
	put_content("d/x.db", db.data, db.len);
	put_content("y.db", db.data, db.len);
	ck_assert_int_eq(mkdir(root, 0700), 0);
	ck_assert_int_eq(mkdir(at("d"), 0700), 0);
	put_bytes(at("d/x.db"), suffix, "text", 4);
	order("d/x.db");
	order("y.db");
	ck_assert_int_eq(run(&e), 0);
	ck_assert_int_eq(told_of("y.db")->end, BULK_RESTORED);
	ck_assert_int_eq(told_of("d/x.db")->end, end);
	if (cfg.exists == JOB_RESTORE_FORCE) {
		ck_assert(holds(at("d/x.db"), &db));
		ck_assert_ptr_nonnull(strstr(told_of("d/x.db")->text,
		    at("d/x.db.replaced-")));
		ck_assert_int_eq(names(at("d")), 2);
		return;
	}
	ck_assert_int_eq(names(at("d")), 1);
	ck_assert(is_there(at("d/x.db"), suffix));
	if (end == BULK_FAILED) {
		ck_assert_int_eq(told_of("d/x.db")->cls, ERR_EXISTS);
		ck_assert_ptr_nonnull(strstr(told_of("d/x.db")->text,
		    "--force"));
	}
}
END_TEST

/* Small and large, on --resume and in a worker that takes over. */
START_TEST(a_target_that_is_the_content_counts_as_done)
{
	struct buf large = noise(9 << 20);
	struct buf *b = _i % 2 == 0 ? &db : &large;
	struct err e;

	cfg.exists = policies[_i / 4].exists;
	cfg.resume = _i / 2 % 2 == 0;
	env.again = !cfg.resume;
	put_content("x.db", b->data, b->len);
	put_content("y.db", b->data, b->len);
	ck_assert_int_eq(mkdir(root, 0700), 0);
	put_bytes(at("x.db"), "", b->data, b->len);
	b->data[b->len - 1] ^= 1;
	put_bytes(at("y.db"), "", b->data, b->len);
	order("x.db");
	order("y.db");
	ck_assert_int_eq(run(&e), 0);
	ck_assert_int_eq(told_of("x.db")->end, BULK_THERE);
	ck_assert_uint_eq(told_of("x.db")->size, b->len);
	ck_assert_int_eq(told_of("y.db")->end, policies[_i / 4].end);
	ck_assert(holds(at("y.db"), b) ==
	    (cfg.exists != JOB_RESTORE_FORCE));
	buf_fini(&large);
}
END_TEST

/* SQLite would lay a -wal or -journal over it, but for a journal that
 * journal_mode=PERSIST has left there, with zeros where its header was. */
START_TEST(a_target_with_more_beside_it_is_not_the_content)
{
	static const struct {
		const char *bytes;
		size_t n;
	} kinds[] = { { "", 0 }, { "text", 4 },
	    { "\0\0\0\0\0\0\0\0more", 12 } };
	const char *suffix = parts[1 + _i / LENGTH(kinds)];
	int kind = _i % LENGTH(kinds);
	struct err e;

	cfg.exists = JOB_RESTORE_FORCE;
	cfg.resume = true;
	put_content("x.db", db.data, db.len);
	ck_assert_int_eq(mkdir(root, 0700), 0);
	put_bytes(at("x.db"), "", db.data, db.len);
	put_bytes(at("x.db"), suffix, kinds[kind].bytes, kinds[kind].n);
	order("x.db");
	ck_assert_int_eq(run(&e), 0);
	if (kind == 0 || strcmp(suffix, "-shm") == 0 ||
	    (kind == 2 && strcmp(suffix, "-journal") == 0)) {
		ck_assert_int_eq(told_of("x.db")->end, BULK_THERE);
		return;
	}
	ck_assert_int_eq(told_of("x.db")->end, BULK_RESTORED);
	ck_assert(holds(at("x.db"), &db));
	ck_assert(!is_there(at("x.db"), suffix));
}
END_TEST

/* Bytes that are no whole object, by number; false: no more of them. */
static bool
damage(struct buf *b, int i)
{
	switch (i) {
	case 0:			/* magic */
		b->data[0] ^= 1;
		break;
	case 1:			/* descriptor */
		b->data[4] ^= 8;
		break;
	case 2:			/* content size */
		b->data[6] ^= 1;
		break;
	case 3:			/* a block */
		b->data[b->len / 2] ^= 1;
		break;
	case 4:			/* the trailer's path */
		b->data[b->len - 10] ^= 1;
		break;
	case 5:			/* its end */
		b->data[b->len - 1] ^= 1;
		break;
	case 6:
		b->len--;
		break;
	case 7:
		b->len /= 2;
		break;
	case 8:
		b->len = 0;
		break;
	case 9:
		buf_puts(b, "more");
		break;
	case 10:
		buf_reset(b);
		buf_puts(b, "this is no backup");
		break;
	default:
		return (false);
	}
	return (true);
}

enum {
	NDAMAGE = 11
};

START_TEST(a_damaged_object_fails_alone)
{
	struct buf large = noise(9 << 20), b;
	struct err e;

	b = _i % 2 == 0 ? object_of(db.data, db.len) :
	    object_of(large.data, large.len);
	ck_assert(damage(&b, _i / 2));
	put_object("d/x.db", &b);
	put_content("y.db", db.data, db.len);
	order_bytes("d/x.db", "d/x.db", b.len);
	order("y.db");
	ck_assert_int_eq(run(&e), 0);
	ck_assert_int_eq(told_of("y.db")->end, BULK_RESTORED);
	ck_assert_int_eq(told_of("d/x.db")->end, BULK_FAILED);
	ck_assert_int_eq(told_of("d/x.db")->cls, ERR_CORRUPT);
	ck_assert_ptr_nonnull(strstr(told_of("d/x.db")->text, "d/x.db/"));
	ck_assert_int_eq(names(at("d")), 0);
	buf_fini(&large);
	buf_fini(&b);
}
END_TEST

START_TEST(a_missing_object_fails_alone)
{
	struct err e;

	cfg.max_retries = 3;
	put_content("y.db", db.data, db.len);
	order_bytes("x.db", "x.db", _i == 0 ? 100 : BULK_STREAM_BYTES + 1);
	order("y.db");
	ck_assert_int_eq(run(&e), 0);
	ck_assert_int_eq(told_of("y.db")->end, BULK_RESTORED);
	ck_assert_int_eq(told_of("x.db")->end, BULK_FAILED);
	ck_assert_int_eq(told_of("x.db")->cls, ERR_NOTFOUND);
	ck_assert_int_eq(names(root), 1);
}
END_TEST

START_TEST(content_above_a_tebibyte_is_refused)
{
	/* As LZ4F writes it for 2^60 bytes. */
	static const uint8_t header[] = { 0x04, 0x22, 0x4d, 0x18, 0x6c, 0x40,
	    0, 0, 0, 0, 0, 0, 0, 0x10, 0x29, 0, 0, 0, 0 };
	struct buf b = { 0 };
	struct err e;

	buf_put(&b, header, sizeof(header));
	put_object("x.db", &b);
	order("x.db");
	ck_assert_int_eq(run(&e), 0);
	ck_assert_int_eq(told_of("x.db")->end, BULK_FAILED);
	ck_assert_int_eq(told_of("x.db")->cls, ERR_LIMIT);
	ck_assert_int_eq(names(root), 0);
	buf_fini(&b);
}
END_TEST

START_TEST(one_that_is_larger_than_was_said_is_streamed)
{
	struct buf large = noise(9 << 20);
	struct err e;

	put_content("x.db", large.data, large.len);
	order_bytes("x.db", "x.db", _i == 0 ? ORDER_BYTES_UNKNOWN : 100);
	ck_assert_int_eq(run(&e), 0);
	ck_assert_int_eq(told_of("x.db")->end, BULK_RESTORED);
	ck_assert(holds(at("x.db"), &large));
	buf_fini(&large);
}
END_TEST

START_TEST(a_damaged_database_is_not_restored_if_asked)
{
	struct err e;

	put_content("x.db", db.data, db.len);
	memset(db.data + 3 * 4096, 0x5a, 4096);
	put_content("y.db", db.data, db.len);
	put_content("z.db", "no database", 11);
	order("x.db");
	order("y.db");
	order("z.db");
	cfg.check = (enum image_check)_i;
	ck_assert_int_eq(run(&e), 0);
	ck_assert_int_eq(told_of("x.db")->end, BULK_RESTORED);
	if (_i == IMAGE_CHECK_NONE) {
		ck_assert_int_eq(names(root), 3);
		return;
	}
	ck_assert_int_eq(told_of("y.db")->end, BULK_FAILED);
	ck_assert_int_eq(told_of("y.db")->cls, ERR_CORRUPT);
	ck_assert_int_eq(told_of("z.db")->cls, ERR_CORRUPT);
	ck_assert_int_eq(names(root), 1);
}
END_TEST

START_TEST(what_cannot_be_checked_is_restored_and_said)
{
	char *name = mem_printf("%s/odd.db", scratch);
	sqlite3 *odd = open_db(name);
	struct err e;
	struct buf b;

	run_sql(odd, "CREATE TABLE t(x); CREATE INDEX i ON t (x);"
	    "INSERT INTO t VALUES ('a'), ('b');"
	    "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = "
	    "'CREATE INDEX i ON t (x COLLATE mine)' WHERE name = 'i';");
	ck_assert_int_eq(sqlite3_close(odd), SQLITE_OK);
	b = bytes_of(name, "");
	put_content("x.db", b.data, b.len);
	order("x.db");
	cfg.check = IMAGE_CHECK_FULL;
	ck_assert_int_eq(run(&e), 0);
	ck_assert_int_eq(told_of("x.db")->end, BULK_RESTORED);
	ck_assert_ptr_nonnull(strstr(told_of("x.db")->text, "mine"));
	buf_fini(&b);
	free(name);
}
END_TEST

START_TEST(mode_and_owner_come_back_if_asked)
{
	bool able = geteuid() == 0;
	struct stat st;
	struct err e;

	put_content("x.db", db.data, db.len);
	order("x.db");
	cfg.preserve = true;
	ck_assert_int_eq(run(&e), 0);
	ck_assert_int_eq(told_of("x.db")->end, able ? BULK_RESTORED :
	    BULK_FAILED);
	if (!able) {
		ck_assert_int_eq(told_of("x.db")->cls, ERR_DENIED);
		ck_assert_int_eq(names(root), 0);
		return;
	}
	ck_assert_int_eq(stat(at("x.db"), &st), 0);
	/* What was set-user-ID is not. */
	ck_assert_uint_eq(st.st_mode & 07777, 0751);
	ck_assert_uint_eq(st.st_uid, 12345);
	ck_assert_uint_eq(st.st_gid, 54321);
}
END_TEST

START_TEST(one_that_has_killed_a_worker_fails)
{
	struct bulk *b = bulk_begin();
	struct err e;

	put_content("x.db", db.data, db.len);
	put_content("y.db", db.data, db.len);
	order("x.db");
	order("y.db");
	ck_assert_int_eq(bulk_quarantine(b, "x.db", "signal 11", &e), 0);
	bulk_go(b);
	ck_assert_int_eq(bulk_wait(b, -1, false, &e), 0);
	ck_assert_int_eq(bulk_drain(b, -1, &e), 0);
	bulk_close(b);
	ck_assert_int_eq(told_of("x.db")->cls, ERR_BUG);
	ck_assert_ptr_nonnull(strstr(told_of("x.db")->text, "signal 11"));
	ck_assert_int_eq(told_of("y.db")->end, BULK_RESTORED);
	ck_assert_int_eq(names(root), 1);
}
END_TEST

START_TEST(what_leads_elsewhere_fails_alone)
{
	struct err e;

	ck_assert_int_eq(mkdir(root, 0700), 0);
	ck_assert_int_eq(symlink(scratch, at("link")), 0);
	put_content("x.db", db.data, db.len);
	put_content("y.db", db.data, db.len);
	order_bytes("x.db", _i == 0 ? "link/x.db" : "../x.db", 1000);
	order("y.db");
	ck_assert_int_eq(run(&e), 0);
	ck_assert_int_eq(told_of("x.db")->end, BULK_FAILED);
	ck_assert_int_eq(told_of("x.db")->cls, ERR_DENIED);
	ck_assert_int_eq(told_of("y.db")->end, BULK_RESTORED);
	ck_assert_int_eq(names(scratch), 3);	/* fresh.db, root, store */
}
END_TEST

START_TEST(delays_double_and_differ)
{
	static const uint32_t most = UINT32_MAX;

	ck_assert_int_eq(bulk_retry_ms(1000, 1, 0), 1000);
	ck_assert_int_eq(bulk_retry_ms(1000, 1, most), 1500);
	ck_assert_int_eq(bulk_retry_ms(1000, 2, 0), 2000);
	ck_assert_int_eq(bulk_retry_ms(1000, 4, 0), 8000);
	ck_assert_int_eq(bulk_retry_ms(1000, 4, most / 2), 9999);
	ck_assert_int_eq(bulk_retry_ms(1000, 1000, 0), BULK_RETRY_MAX_MS);
	ck_assert_int_eq(bulk_retry_ms(INT64_MAX, 3, 0), BULK_RETRY_MAX_MS);
	ck_assert_int_eq(bulk_retry_ms(0, 70, most), 0);
}
END_TEST

/* A process that has a database open; returns the pipe that ends it. */
static int
hold(const char *path, pid_t *pid)
{
	int ready[2], end[2];
	sqlite3 *held;
	char c = 0;

	ck_assert(pipe(ready) == 0 && pipe(end) == 0);
	ck_assert_int_ne(*pid = fork(), -1);
	if (*pid == 0) {
		(void)close(end[1]);
		held = open_db(path);
		run_sql(held, "BEGIN; SELECT * FROM w");
		(void)!write(ready[1], &c, 1);
		(void)!read(end[0], &c, 1);
		_exit(0);
	}
	ck_assert_int_eq(read(ready[0], &c, 1), 1);
	(void)close(ready[0]);
	(void)close(ready[1]);
	(void)close(end[0]);
	return (end[1]);
}

/* A pipe that is readable, so that bulk_wait() comes back. */
static int
readable(void)
{
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(write(fds[1], "", 1), 1);
	return (fds[0]);
}

START_TEST(what_may_pass_is_tried_again)
{
	struct bulk *b;
	struct err e;
	pid_t pid;
	int fd, st;

	cfg.exists = JOB_RESTORE_FORCE;
	cfg.max_retries = _i == 0 ? 0 : 2;
	cfg.retry_delay_ms = 1;
	put_content("x.db", db.data, db.len);
	ck_assert_int_eq(mkdir(root, 0700), 0);
	make_db(at("x.db"), "DELETE", "old");
	fd = hold(at("x.db"), &pid);
	b = bulk_begin();
	order("x.db");
	bulk_go(b);
	ck_assert_int_eq(bulk_wait(b, readable(), false, &e), 0);
	ck_assert_int_eq(ntold, _i == 0);
	if (_i != 1) {
		(void)close(fd);
		ck_assert_int_eq(waitpid(pid, &st, 0), pid);
	}
	ck_assert_int_eq(bulk_wait(b, -1, false, &e), 0);
	ck_assert_int_eq(bulk_drain(b, -1, &e), 0);
	bulk_close(b);
	ck_assert_int_eq(told_of("x.db")->end, _i == 2 ? BULK_RESTORED :
	    BULK_FAILED);
	if (_i < 2)
		ck_assert_int_eq(told_of("x.db")->cls, ERR_BUSY);
	ck_assert(holds(at("x.db"), &db) == (_i == 2));
	ck_assert_int_eq(names(root), 1);
	(void)close(fd);
}
END_TEST

/* Order n of a database that is locked, and wait until as many as "all" wait
 * to be tried again; the first of them is not due before that. */
static void
delay(struct bulk *b, unsigned n, unsigned all)
{
	int64_t until_ms = clock_mono_ms() + 60 * 1000;
	int ready = readable();
	struct err e;

	while (n-- > 0)
		order("x.db");
	bulk_go(b);
	while (b->ndelayed < all) {
		ck_assert_int_lt(clock_mono_ms(), until_ms);
		ck_assert_int_eq(bulk_wait(b, ready, false, &e), 0);
	}
	ck_assert_uint_eq(b->ndelayed, all);
	ck_assert_int_eq(ntold, 0);
	(void)close(ready);
}

/* The second time it is told to stop meanwhile. */
START_TEST(what_is_to_be_tried_again_does_not_pile_up)
{
	struct bulk *b;
	struct err e;
	pid_t pid;
	int64_t due_ms;
	int fd, st;

	cfg.exists = JOB_RESTORE_FORCE;
	cfg.max_retries = 1;
	cfg.retry_delay_ms = (_i == 0 ? 10 : 60) * 1000;
	put_content("x.db", db.data, db.len);
	ck_assert_int_eq(mkdir(root, 0700), 0);
	make_db(at("x.db"), "DELETE", "old");
	fd = hold(at("x.db"), &pid);
	b = bulk_begin();
	delay(b, BULK_DELAYED_MAX - 1, BULK_DELAYED_MAX - 1);
	delay(b, 50, BULK_DELAYED_MAX + 49);
	due_ms = TAILQ_FIRST(&b->delayed)->due_ms;
	stop_after = _i == 0 ? 0 : nasked + 4;
	order("x.db");
	bulk_go(b);
	/* Some were fetched once more before it went on, unless it stopped. */
	ck_assert_int_eq(clock_mono_ms() >= due_ms, _i == 0);
	ck_assert_int_eq(b->ndelayed < BULK_DELAYED_MAX, _i == 0);
	ck_assert_int_eq(bulk_drain(b, -1, &e), 0);
	bulk_close(b);
	ck_assert_int_eq(ntold, _i == 0 ? BULK_DELAYED_MAX + 50 : 0);
	(void)close(fd);
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
}
END_TEST

START_TEST(after_a_stop_what_was_fetched_lands_and_the_rest_is_untold)
{
	struct err e;
	char key[32];
	int i;

	for (i = 0; i < 50; i++) {
		(void)snprintf(key, sizeof(key), "%d.db", i);
		put_content(key, db.data, db.len);
		order(key);
	}
	stop_after = _i == 0 ? 1 : 60 + 5 * (unsigned)_i;
	cfg.parallel = 5;
	ck_assert_int_eq(run(&e), 0);
	ck_assert_int_ge(ntold, _i == 0 ? 0 : 1);
	ck_assert_int_lt(ntold, 50);
	for (i = 0; i < ntold; i++) {
		ck_assert_int_eq(told[i].end, BULK_RESTORED);
		ck_assert(holds(at(told[i].rel), &db));
	}
	ck_assert_int_eq(names(root), ntold);
}
END_TEST

START_TEST(a_stop_cuts_a_large_one_short)
{
	struct buf large = noise(9 << 20);
	struct err e;

	put_content("x.db", large.data, large.len);
	order("x.db");
	stop_after = 20;
	ck_assert_int_eq(run(&e), 0);
	ck_assert_int_eq(ntold, 0);
	ck_assert_int_eq(names(root), 0);
	ck_assert_uint_lt(tally_get(&tally, TALLY_BYTES_READ), large.len);
	buf_fini(&large);
}
END_TEST

/* With a file system of its own for the root. */
START_TEST(a_full_disk_fails_at_once_what_has_no_room)
{
	struct buf large = noise(3 << 20), small = noise(20000);
	int i, nrestored = 0;
	struct err e;
	char key[32];

	if (geteuid() != 0 || unshare(CLONE_NEWNS) == -1 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mkdir(root, 0700) == -1 ||
	    mount("none", root, "tmpfs", 0, "size=10m") == -1)
		goto out;	/* not allowed here */
	put_content("small.db", small.data, small.len);
	order("small.db");
	for (i = 0; i < 20; i++) {
		(void)snprintf(key, sizeof(key), "%d.db", i);
		put_content(key, large.data, large.len);
		order(key);
	}
	cfg.parallel = 1;
	ck_assert_int_eq(run(&e), 0);
	ck_assert_int_eq(ntold, 21);
	for (i = 0; i < ntold; i++) {
		if (told[i].end == BULK_RESTORED) {
			nrestored++;
			continue;
		}
		ck_assert_int_eq(told[i].cls, ERR_SPACE);
	}
	ck_assert_int_eq(nrestored, 4);
	ck_assert_int_eq(names(root), 4);
	ck_assert(holds(at("0.db"), &large));
	/* The others were not even fetched. */
	ck_assert_uint_lt(tally_get(&tally, TALLY_BYTES_READ), 16 << 20);
	ck_assert_int_eq(umount(root), 0);
out:
	buf_fini(&large);
	buf_fini(&small);
}
END_TEST

static const char *const hooks[] = {
	"bulk-fetched", "bulk-decoded", "land-written", "land-synced",
	"land-linked", "bulk-told",
};

START_TEST(killed_anywhere_it_goes_on)
{
	char *hook = mem_printf("%s=kill%s", hooks[_i / 2], strcmp(hooks[_i /
	    2], "land-synced") == 0 ? "" : ":5.db"), key[32];
	struct buf large = noise(9 << 20);
	struct buf *content = _i % 2 == 0 ? &db : &large;
	struct err e;
	pid_t pid;
	int i, n, st;

	for (i = 0; i < 8; i++) {
		(void)snprintf(key, sizeof(key), "d/%d.db", i);
		if (i == 5)
			put_content(key, content->data, content->len);
		else
			put_content(key, db.data, db.len);
		order(key);
	}
	ck_assert_int_ne(pid = fork(), -1);
	if (pid == 0) {
		(void)setenv("LITEFLEET_HOOK", hook, 1);
		(void)run(&e);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
	ck_assert(WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL);
	/* Whole files or none. */
	n = names(at("d"));
	for (i = 0; i < 8; i++) {
		(void)snprintf(key, sizeof(key), "d/%d.db", i);
		if (is_there(at(key), "")) {
			ck_assert(holds(at(key), i == 5 ? content : &db));
			n--;
		}
	}
	ck_assert_int_eq(n, 0);
	cfg.resume = true;
	ck_assert_int_eq(run(&e), 0);
	ck_assert_int_eq(ntold, 8);
	for (i = 0; i < 8; i++) {
		(void)snprintf(key, sizeof(key), "d/%d.db", i);
		ck_assert_int_ne(told_of(key)->end, BULK_FAILED);
		ck_assert(holds(at(key), i == 5 ? content : &db));
	}
	ck_assert_int_eq(names(at("d")), 8);
	buf_fini(&large);
	free(hook);
}
END_TEST

#define BYTES(s)	(s), sizeof(s) - 1
#define FIXED_OF(ms)	"12345678" ms "1234567812345678"
#define FIXED		FIXED_OF("12345\0\0\0")

static const struct {
	const char *bytes;
	size_t n;
	bool good;
} outcomes[] = {
	{ BYTES("\0\0" FIXED "\1\0\1\0" "kr"), true },
	{ BYTES("\3\5" FIXED "\1\0\1\0" "krtext"), true },
	{ BYTES("\0\0" FIXED_OF("12345678") "\1\0\1\0" "kr"), false },
	{ BYTES("\3\0" FIXED "\1\0\1\0" "krtext"), false },
	{ BYTES("\0\5" FIXED "\1\0\1\0" "krtext"), false },
	{ BYTES("\4\5" FIXED "\1\0\1\0" "krtext"), false },
	{ BYTES("\3\x7f" FIXED "\1\0\1\0" "krtext"), false },
	{ BYTES("\0\0" FIXED "\2\0\1\0" "kr"), false },
	{ BYTES("\0\0" FIXED "\1\0\2\0" "kr"), false },
	{ BYTES("\0\0" FIXED "\0\0\1\0" "r"), false },
	{ BYTES("\0\0" FIXED "\1\0\0\0" "k"), false },
	{ BYTES("\0\0" FIXED "\2\0\1\0" "k\0r"), false },
	{ BYTES("\0\0" FIXED "\1\0\1\0" "krtext\0"), false },
	{ BYTES("\0\0" FIXED "\1\0\1"), false },
	{ BYTES(""), false },
};

START_TEST(a_malformed_outcome_is_none)
{
	uint8_t *copy = mem_zero(outcomes[_i].n);
	struct buf strings = { 0 };
	struct bulk_outcome o;

	memcpy(copy, outcomes[_i].bytes, outcomes[_i].n);
	ck_assert_int_eq(bulk_outcome_parse(copy, outcomes[_i].n, &strings,
	    &o), outcomes[_i].good);
	buf_fini(&strings);
	free(copy);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("bulk");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, all_come_back_and_are_told_once, 0, 2);
	tcase_add_loop_test(tc, what_is_there_is_refused_left_or_replaced, 0,
	    3 * LENGTH(parts));
	tcase_add_loop_test(tc,
	    a_target_with_more_beside_it_is_not_the_content, 0, 9);
	tcase_add_loop_test(tc, a_target_that_is_the_content_counts_as_done,
	    0, 4 * LENGTH(policies));
	tcase_add_loop_test(tc, a_damaged_object_fails_alone, 0,
	    2 * NDAMAGE);
	tcase_add_loop_test(tc, a_missing_object_fails_alone, 0, 2);
	tcase_add_test(tc, content_above_a_tebibyte_is_refused);
	tcase_add_loop_test(tc, one_that_is_larger_than_was_said_is_streamed,
	    0, 2);
	tcase_add_loop_test(tc, a_damaged_database_is_not_restored_if_asked,
	    0, 3);
	tcase_add_test(tc, what_cannot_be_checked_is_restored_and_said);
	tcase_add_test(tc, mode_and_owner_come_back_if_asked);
	tcase_add_test(tc, one_that_has_killed_a_worker_fails);
	tcase_add_loop_test(tc, what_leads_elsewhere_fails_alone, 0, 2);
	tcase_add_test(tc, delays_double_and_differ);
	tcase_add_loop_test(tc, what_may_pass_is_tried_again, 0, 3);
	tcase_add_loop_test(tc, what_is_to_be_tried_again_does_not_pile_up, 0,
	    2);
	tcase_add_loop_test(tc,
	    after_a_stop_what_was_fetched_lands_and_the_rest_is_untold, 0, 4);
	tcase_add_test(tc, a_stop_cuts_a_large_one_short);
	tcase_add_test(tc, a_full_disk_fails_at_once_what_has_no_room);
	tcase_add_loop_test(tc, killed_anywhere_it_goes_on, 0,
	    2 * LENGTH(hooks));
	tcase_add_loop_test(tc, a_malformed_outcome_is_none, 0,
	    LENGTH(outcomes));
	return (run_suite(tc));
}
