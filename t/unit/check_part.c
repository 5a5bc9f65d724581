/*
 * What has come of a large object is kept, and only the rest is asked for;
 * but never another object's.
 */
#include "job/part.h"

#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>

#include "unit/objectbed.h"
#include "unit/olddb.h"
#include "unit/suite.h"

enum {
	SIZE = 1000000
};

static struct store_url url;
static struct store *store;
static struct part_cfg cfg;
static char *dir, *kept;

static void
setup(void)
{
	struct store_cfg scfg = { .url = &url };
	struct err e;
	char *p;
	int i;

	scratch_make();
	dir = mem_printf("%s/dir", scratch);
	kept = mem_printf("%s/.x.db.litefleet-part", dir);
	ck_assert_int_eq(mkdir(dir, 0700), 0);
	object_start();
	p = mem_zero(SIZE);
	for (i = 0; i < SIZE; i++)
		p[i] = (char)(i * 31 + i / 509);
	object_set(p, SIZE);
	free(p);
	object_url(&url, &scfg.s3);
	ck_assert_ptr_nonnull(store = store_open(&scfg, &e));
	cfg = (struct part_cfg){ .store = store, .object = "x/1.db.lz4",
	    .tag = "\"tag\"", .bytes = SIZE, .least_bytes = 1000,
	    .name = "x.db" };
	cfg.dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void
teardown(void)
{
	store_close(store);
	object_end();
	store_url_fini(&url);
	(void)close(cfg.dirfd);
	free(dir);
	free(kept);
	scratch_remove();
}

static struct part *
must_open(void)
{
	struct part *p;
	struct err e;

	p = part_open(&cfg, &e);
	ck_assert_msg(p != NULL, "%s", e.msg);
	return (p);
}

/* Read on from "at" until "until"; every byte is the right one. */
static size_t
read_until(struct part *p, size_t at, size_t until)
{
	char buf[20000];
	struct err e;
	ssize_t n;

	while (at < until) {
		n = part_read(p, buf, until - at < sizeof(buf) ? until - at :
		    sizeof(buf), &e);
		ck_assert_msg(n != -1, "%s", e.msg);
		if (n == 0)
			break;
		ck_assert_int_eq(memcmp(buf, object->data + at, (size_t)n), 0);
		at += (size_t)n;
	}
	return (at);
}

START_TEST(all_of_it_comes_and_is_kept_until_done)
{
	struct part *p = must_open();
	struct stat st;
	char c;
	struct err e;

	ck_assert_uint_eq(read_until(p, 0, SIZE), SIZE);
	ck_assert_int_eq(part_read(p, &c, 1, &e), 0);
	ck_assert_uint_eq(part_resumed(p), 0);
	ck_assert_int_eq(lstat(kept, &st), 0);
	ck_assert_int_eq(st.st_size, SIZE + 24);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	part_done(p);
	part_close(p);
	ck_assert(!is_there(kept, ""));
}
END_TEST

/* Closed, or killed. */
START_TEST(the_next_goes_on_where_it_ended)
{
	struct part *p;
	pid_t pid;
	char c;
	struct err e;
	int st;

	if (_i == 0) {
		p = must_open();
		ck_assert_uint_eq(read_until(p, 0, 600000), 600000);
		part_close(p);
	} else {
		ck_assert_int_ne(pid = fork(), -1);
		if (pid == 0) {
			(void)read_until(must_open(), 0, 600000);
			(void)raise(SIGKILL);
		}
		ck_assert_int_eq(waitpid(pid, &st, 0), pid);
		ck_assert(WIFSIGNALED(st));
	}
	p = must_open();
	ck_assert_uint_eq(part_resumed(p), 600000);
	ck_assert_uint_eq(read_until(p, 0, SIZE), SIZE);
	ck_assert_int_eq(part_read(p, &c, 1, &e), 0);
	ck_assert_uint_eq(object->first, 600000);
	part_close(p);
	/* All is there: nobody is asked. */
	st = (int)object->requests;
	p = must_open();
	ck_assert_uint_eq(part_resumed(p), SIZE);
	ck_assert_uint_eq(read_until(p, 0, SIZE), SIZE);
	ck_assert_int_eq(part_read(p, &c, 1, &e), 0);
	ck_assert_int_eq((int)object->requests, st);
	part_close(p);
}
END_TEST

START_TEST(another_object_is_begun_anew)
{
	struct part *p = must_open();

	(void)read_until(p, 0, 600000);
	part_close(p);
	switch (_i) {
	case 0:
		cfg.object = "x/2.db.lz4";
		break;
	case 1:
		cfg.tag = "\"new\"";
		strcpy(object->tag, "\"new\"");
		break;
	case 2:
		cfg.bytes = SIZE - 1;
		object->size = SIZE - 1;
		break;
	}
	p = must_open();
	ck_assert_uint_eq(part_resumed(p), 0);
	ck_assert_uint_eq(read_until(p, 0, SIZE), cfg.bytes);
	ck_assert_uint_eq(object->first, 0);
	part_close(p);
	p = must_open();
	ck_assert_uint_eq(part_resumed(p), cfg.bytes);
	part_close(p);
}
END_TEST

START_TEST(one_that_has_become_another_is_gone_and_forgotten)
{
	struct part *p = must_open();
	struct err e;

	(void)read_until(p, 0, 600000);
	part_close(p);
	strcpy(object->tag, "\"new\"");
	ck_assert_ptr_null(part_open(&cfg, &e));
	ck_assert_int_eq(e.cls, ERR_GONE);
	ck_assert(!is_there(kept, ""));
}
END_TEST

START_TEST(two_do_not_write_one_file)
{
	struct part *p = must_open();
	struct err e;

	ck_assert_ptr_null(part_open(&cfg, &e));
	ck_assert_int_eq(e.cls, ERR_BUSY);
	ck_assert(is_there(kept, ""));
	ck_assert_uint_eq(read_until(p, 0, SIZE), SIZE);
	part_close(p);
}
END_TEST

/* What was planted there is not read, written or removed. */
START_TEST(what_is_not_ours_is_left)
{
	char *other = mem_printf("%s/other", scratch);
	struct part *p;
	struct buf b;

	put_bytes(other, "", "text", 4);
	switch (_i) {
	case 0:
		ck_assert_int_eq(symlink(other, kept), 0);
		break;
	case 1:
		ck_assert_int_eq(link(other, kept), 0);
		break;
	case 2:
		ck_assert_int_eq(mkdir(kept, 0700), 0);
		break;
	case 3:
		ck_assert_int_eq(mkfifo(kept, 0600), 0);
		break;
	case 4:
		if (geteuid() != 0)
			goto out;
		put_bytes(kept, "", "text", 4);
		ck_assert_int_eq(chown(kept, 12345, 12345), 0);
		break;
	}
	p = must_open();
	ck_assert_uint_eq(read_until(p, 0, SIZE), SIZE);
	part_done(p);
	part_close(p);
	ck_assert(is_there(kept, ""));
	b = bytes_of(other, "");
	ck_assert_uint_eq(b.len, 4);
	buf_fini(&b);
out:
	free(other);
}
END_TEST

START_TEST(what_is_small_or_has_no_tag_is_not_kept)
{
	struct part *p;

	if (_i == 0)
		cfg.tag = "";
	else
		cfg.least_bytes = SIZE + 1;
	p = must_open();
	ck_assert_uint_eq(read_until(p, 0, 600000), 600000);
	ck_assert(!is_there(kept, ""));
	part_close(p);
	ck_assert(!is_there(kept, ""));
}
END_TEST

START_TEST(a_file_that_makes_no_sense_is_begun_anew)
{
	struct part *p = must_open();
	struct buf b;

	(void)read_until(p, 0, 600000);
	part_close(p);
	b = bytes_of(kept, "");
	switch (_i) {
	case 0:			/* magic */
		b.data[0] ^= 1;
		break;
	case 1:			/* hash */
		b.data[20] ^= 1;
		break;
	case 2:
		b.len = 10;
		break;
	case 3:
		b.len = 0;
		break;
	case 4:			/* longer than the object */
		(void)memset(buf_room(&b, SIZE), 'x', SIZE);
		b.len += SIZE;
		break;
	}
	put_bytes(kept, "", b.data, b.len);
	buf_fini(&b);
	p = must_open();
	ck_assert_uint_eq(part_resumed(p), 0);
	ck_assert_uint_eq(read_until(p, 0, SIZE), SIZE);
	part_close(p);
}
END_TEST

START_TEST(where_there_is_no_room_it_is_given_up)
{
	struct part *p;

	if (geteuid() != 0 || unshare(CLONE_NEWNS) == -1 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount("none", dir, "tmpfs", 0, "size=400k") == -1)
		return;		/* not allowed here */
	(void)close(cfg.dirfd);
	cfg.dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	p = must_open();
	ck_assert_uint_eq(read_until(p, 0, SIZE), SIZE);
	ck_assert(!is_there(kept, ""));
	part_close(p);
	(void)close(cfg.dirfd);
	ck_assert_int_eq(umount(dir), 0);
}
END_TEST

START_TEST(it_can_be_forgotten)
{
	struct part *p = must_open();

	(void)read_until(p, 0, 600000);
	part_close(p);
	ck_assert(is_there(kept, ""));
	part_forget(cfg.dirfd, "x.db");
	ck_assert(!is_there(kept, ""));
	part_forget(cfg.dirfd, "x.db");
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("part");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, all_of_it_comes_and_is_kept_until_done);
	tcase_add_loop_test(tc, the_next_goes_on_where_it_ended, 0, 2);
	tcase_add_loop_test(tc, another_object_is_begun_anew, 0, 3);
	tcase_add_test(tc,
	    one_that_has_become_another_is_gone_and_forgotten);
	tcase_add_test(tc, two_do_not_write_one_file);
	tcase_add_loop_test(tc, what_is_not_ours_is_left, 0, 5);
	tcase_add_loop_test(tc, what_is_small_or_has_no_tag_is_not_kept, 0,
	    2);
	tcase_add_loop_test(tc, a_file_that_makes_no_sense_is_begun_anew, 0,
	    5);
	tcase_add_test(tc, where_there_is_no_room_it_is_given_up);
	tcase_add_test(tc, it_can_be_forgotten);
	return (run_suite(tc));
}
