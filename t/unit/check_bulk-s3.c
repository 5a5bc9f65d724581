/*
 * Restoring from S3: a large object goes on where it was cut off, and a store
 * that is down is given up.
 */
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>

#include "unit/bulkbed.h"
#include "unit/objectbed.h"

enum {
	CUT = 40 << 20		/* bytes of the object */
};

static struct buf db, obj;
static char *kept;

static void
setup(void)
{
	bed_setup();
	kept = mem_printf("%s/d/.x.db.litefleet-part", root);
	object_start();
	store_url_fini(&url);
	object_url(&url, &cfg.s3);
	db = noise(64 << 20);	/* LZ4 makes it longer */
	obj = object_of(db.data, db.len);
	object_set(obj.data, obj.len);
}

static void
teardown(void)
{
	buf_fini(&db);
	buf_fini(&obj);
	free(kept);
	object_end();
	bed_teardown();
}

static void
order_it(void)
{
	struct order o = { .key = "d/x.db", .rel = "d/x.db",
	    .tag = "\"tag\"", .ms = BED_MS, .bytes = obj.len };

	ck_assert(order_put(&parcel, &o));
}

/* Bytes of the object that were kept. */
static uint64_t
kept_bytes(void)
{
	struct stat st;

	return (stat(kept, &st) == -1 || st.st_size < 24 ? 0 :
	    (uint64_t)st.st_size - 24);
}

/* Be killed when CUT bytes have come. */
static void
be_killed(void)
{
	int64_t end_ms = clock_mono_ms() + 30000;
	struct err e;
	pid_t pid;
	int st;

	object->stop_at = CUT;
	order_it();
	ck_assert_int_ne(pid = fork(), -1);
	if (pid == 0) {
		(void)run(&e);
		_exit(0);
	}
	while (kept_bytes() < CUT) {
		ck_assert_int_lt(clock_mono_ms(), end_ms);
		(void)poll(NULL, 0, 10);
	}
	(void)kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
	ck_assert(WIFSIGNALED(st));
	ck_assert_uint_eq(kept_bytes(), CUT);
	ck_assert_int_eq(names(at("d")), 1);
	object->stop_at = 0;
	object->sent = 0;
}

START_TEST(a_large_one_goes_on_where_it_was_killed)
{
	struct err e;

	be_killed();
	ck_assert_msg(run(&e) == 0, "%s", e.msg);
	ck_assert_msg(told_of("d/x.db")->end == BULK_RESTORED, "%s",
	    told_of("d/x.db")->text);
	ck_assert(holds(at("d/x.db"), &db));
	ck_assert_uint_eq(object->sent, obj.len - CUT);
	ck_assert_int_eq(names(at("d")), 1);
}
END_TEST

START_TEST(what_was_kept_may_be_damaged)
{
	struct err e;
	int fd;

	be_killed();
	ck_assert_int_ne(fd = open(kept, O_WRONLY), -1);
	ck_assert_int_eq(pwrite(fd, "damage", 6, 10 << 20), 6);
	close(fd);
	ck_assert_int_eq(run(&e), 0);
	ck_assert_msg(told_of("d/x.db")->end == BULK_RESTORED, "%s",
	    told_of("d/x.db")->text);
	ck_assert(holds(at("d/x.db"), &db));
	ck_assert_int_eq(names(at("d")), 1);
}
END_TEST

START_TEST(the_object_may_be_damaged)
{
	struct err e;

	object->data[50 << 20] ^= 1;
	if (_i == 1)
		be_killed();
	else
		order_it();
	ck_assert_int_eq(run(&e), 0);
	ck_assert_int_eq(told_of("d/x.db")->end, BULK_FAILED);
	ck_assert_int_eq(told_of("d/x.db")->cls, ERR_CORRUPT);
	ck_assert_int_eq(names(at("d")), 0);
}
END_TEST

START_TEST(the_object_may_have_become_another)
{
	struct err e;

	be_killed();
	strcpy(object->tag, "\"new\"");
	ck_assert_int_eq(run(&e), 0);
	ck_assert_int_eq(told_of("d/x.db")->end, BULK_FAILED);
	ck_assert_int_eq(told_of("d/x.db")->cls, ERR_GONE);
	ck_assert_int_eq(names(at("d")), 0);
}
END_TEST

START_TEST(one_that_is_there_is_not_fetched)
{
	struct err e;

	be_killed();
	put_bytes(at("d/x.db"), "", db.data, db.len);
	cfg.resume = true;
	ck_assert_int_eq(run(&e), 0);
	ck_assert_int_eq(told_of("d/x.db")->end, BULK_THERE);
	ck_assert(holds(at("d/x.db"), &db));
	/* And what was kept of it is removed. */
	ck_assert_int_eq(names(at("d")), 1);
	ck_assert_uint_lt(object->sent, obj.len / 2);
}
END_TEST

/* A disk of its own below the root; false: not allowed here. */
static bool
own_disk(void)
{
	return (mkdir(root, 0700) == 0 && geteuid() == 0 &&
	    unshare(CLONE_NEWNS) == 0 &&
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("none", root, "tmpfs", 0, "size=200m") == 0);
}

static void
make_it_small(int mib)
{
	char how[32];

	(void)snprintf(how, sizeof(how), "size=%dm", mib);
	ck_assert_int_eq(mount("none", root, "tmpfs", MS_REMOUNT, how), 0);
}

/* What is kept and a database of 64 MiB have no room there together. */
static const struct {
	int mib;
	bool killed, checked;
} disks[] = {
	{ 100, false, false },	/* amid what comes */
	{ 70, true, false },	/* amid what was kept */
	{ 100, true, false },
	{ 150, false, true }	/* at the copy that is checked */
};

START_TEST(a_database_needs_no_more_room_than_its_own)
{
	struct err e;

	if (!own_disk())
		return;
	if (disks[_i].killed)
		be_killed();
	else
		order_it();
	make_it_small(disks[_i].mib);
	if (disks[_i].checked) {
		cfg.check = IMAGE_CHECK_QUICK;
		cfg.spool = root;
	}
	ck_assert_int_eq(run(&e), 0);
	if (disks[_i].checked) {
		/* It is none that SQLite knows. */
		ck_assert_int_eq(told_of("d/x.db")->cls, ERR_CORRUPT);
		ck_assert_int_eq(names(at("d")), 0);
	} else {
		ck_assert_msg(told_of("d/x.db")->end == BULK_RESTORED, "%s",
		    told_of("d/x.db")->text);
		ck_assert(holds(at("d/x.db"), &db));
		ck_assert_int_eq(names(at("d")), 1);
	}
	ck_assert_int_eq(umount(root), 0);
}
END_TEST

START_TEST(a_disk_that_is_too_small_keeps_nothing)
{
	struct err e;

	if (!own_disk())
		return;
	be_killed();
	make_it_small(60);
	ck_assert_int_eq(run(&e), 0);
	ck_assert_int_eq(told_of("d/x.db")->end, BULK_FAILED);
	ck_assert_int_eq(told_of("d/x.db")->cls, ERR_SPACE);
	ck_assert_int_eq(names(at("d")), 0);
	ck_assert_int_eq(umount(root), 0);
}
END_TEST

START_TEST(what_a_stop_abandons_is_not_told)
{
	struct bulk *b = bulk_begin();
	struct err e;

	object->size = 5 << 20;
	object->stop_at = 1 << 20;
	order_bytes("x.db", "x.db", 5 << 20);
	bulk_go(b);
	stop_after = 1;
	ck_assert_int_eq(bulk_drain(b, 50, &e), 0);
	bulk_close(b);
	ck_assert_int_eq(ntold, 0);
	ck_assert_int_eq(names(root), 0);
}
END_TEST

/* Nobody listens there any more. */
START_TEST(a_store_that_is_down_fails_all_at_once)
{
	int i;
	char key[32];
	struct err e;

	(void)kill(object_pid, SIGKILL);
	(void)waitpid(object_pid, NULL, 0);
	for (i = 0; i < 300; i++) {
		(void)snprintf(key, sizeof(key), "%d.db", i);
		order_bytes(key, key, 1000);
	}
	cfg.parallel = 100;
	cfg.max_retries = 1000;
	cfg.retry_delay_ms = 1000;
	ck_assert_int_eq(run(&e), -1);
	ck_assert_int_eq(e.cls, ERR_NETWORK);
	ck_assert_int_eq(ntold, 300);
	for (i = 0; i < 300; i++) {
		ck_assert_int_eq(told[i].end, BULK_FAILED);
		ck_assert_int_eq(told[i].cls, ERR_NETWORK);
	}
	ck_assert_int_eq(names(root), 0);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("bulk");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_large_one_goes_on_where_it_was_killed);
	tcase_add_test(tc, what_was_kept_may_be_damaged);
	tcase_add_loop_test(tc, the_object_may_be_damaged, 0, 2);
	tcase_add_test(tc, the_object_may_have_become_another);
	tcase_add_test(tc, one_that_is_there_is_not_fetched);
	tcase_add_loop_test(tc, a_database_needs_no_more_room_than_its_own, 0,
	    LENGTH(disks));
	tcase_add_test(tc, a_disk_that_is_too_small_keeps_nothing);
	tcase_add_test(tc, what_a_stop_abandons_is_not_told);
	tcase_add_test(tc, a_store_that_is_down_fails_all_at_once);
	return (run_suite(tc));
}
