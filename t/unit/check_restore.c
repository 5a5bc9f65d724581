/*
 * One object becomes a database file again, or nothing is changed.
 */
#include "job/restore.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "codec/frame.h"
#include "job/origin.h"
#include "store/marker.h"
#include "store/store.h"
#include "unit/olddb.h"
#include "unit/suite.h"

#define OBJECT	"data/t.db/20261120T103000.123Z.db.lz4"

static struct store_url url;
static struct store *store;
static struct buf content;	/* of the database that was backed up */
static char *dir, *target;

static void
setup(void)
{
	struct store_cfg cfg = { .url = &url, .create = true, .write = true,
	    .tag = "check" };
	struct marker m;
	struct err e;
	char *name;

	scratch_make();
	dir = mem_printf("%s/dir", scratch);
	ck_assert_int_eq(mkdir(dir, 0700), 0);
	target = mem_printf("%s/t.db", dir);
	name = mem_printf("%s/fresh.db", scratch);
	make_db(name, "DELETE", "new");
	content = bytes_of(name, "");
	free(name);
	name = mem_printf("%s/store", scratch);
	ck_assert_int_eq(store_url_parse(name, "--to", &url, &e), 0);
	ck_assert_ptr_nonnull(store = store_open(&cfg, &e));
	ck_assert_int_eq(marker_create(store, "here", &m, &e), 0);
	free(name);
}

static void
teardown(void)
{
	store_close(store);
	store_url_fini(&url);
	buf_fini(&content);
	free(dir);
	free(target);
	scratch_remove();
}

/* An object of this content, as backup makes it. */
static struct buf
make_object(const void *p, size_t n, const char *path)
{
	struct trailer t = { .size = n, .xxh3 = hash128(p, n),
	    .page_size = 4096, .mode = 0644, .host = "here", .path = path };
	struct frame_enc *enc = frame_enc_new();
	struct buf b = { 0 };
	struct err e;

	ck_assert_int_eq(frame_enc_mem(enc, p, n, &t, &b, &e), 0);
	frame_enc_free(enc);
	return (b);
}

static void
put_object(const void *p, size_t n, const char *path)
{
	struct buf b = make_object(p, n, path);
	struct err e;

	ck_assert_int_eq(store_put_now(store, OBJECT, b.data, b.len, &e), 0);
	buf_fini(&b);
}

static int
restore(const char *to, enum job_restore_exists exists,
    struct job_restored *out, struct err *e)
{
	struct job_restore_cfg cfg = { .store = store, .object = OBJECT,
	    .target = to, .exists = exists };

	return (job_restore(&cfg, out, e));
}

static bool
is_content(const char *path)
{
	struct buf b = bytes_of(path, "");
	bool ret = same(&b, &content);

	buf_fini(&b);
	return (ret);
}

/* How many names there are in the directory of the target. */
static int
names(void)
{
	struct dirent *de;
	DIR *d = opendir(dir);
	int n = 0;

	ck_assert_ptr_nonnull(d);
	while ((de = readdir(d)) != NULL)
		n += strcmp(de->d_name, ".") != 0 &&
		    strcmp(de->d_name, "..") != 0;
	closedir(d);
	return (n);
}

START_TEST(an_object_becomes_the_file_again)
{
	struct job_restored done;
	struct stat st;
	struct err e;

	(void)umask(0277);
	put_object(content.data, content.len, "/x");
	if (restore(target, JOB_RESTORE_REFUSE, &done, &e) == -1)
		ck_abort_msg("%s", e.msg);
	ck_assert(is_content(target));
	ck_assert_str_eq(done.target, target);
	ck_assert(!done.skipped && !done.unknown && done.moved == NULL);
	ck_assert_uint_eq(done.size, content.len);
	ck_assert(hash128_eq(done.xxh3, hash128(content.data, content.len)));
	ck_assert_int_eq(stat(target, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(names(), 1);
	job_restored_fini(&done);
}
END_TEST

/* SQLite deletes such a file, or takes it for a part of that database. */
START_TEST(the_name_of_a_companion_is_not_taken)
{
	static const char *const suffixes[] = { "-wal", "-shm", "-journal" };
	char *to = mem_printf("%s%s", target, suffixes[_i % 3]);
	enum job_restore_exists exists = (enum job_restore_exists)(_i / 3 % 3);
	bool taken = _i >= 9;
	struct job_restored done;
	struct err e;

	put_object(content.data, content.len, "/x");
	make_db(target, "DELETE", "old");
	if (taken)
		put_bytes(to, "", "old", 3);
	ck_assert_int_eq(restore(to, exists, &done, &e), -1);
	ck_assert_int_eq(e.cls, ERR_EXISTS);
	ck_assert_ptr_nonnull(strstr(e.msg, "for a part of the database"));
	ck_assert_int_eq(names(), taken ? 2 : 1);
	job_restored_fini(&done);
	/* But of none. */
	ck_assert_int_eq(unlink(target), 0);
	if (_i % 2 == 0)
		ck_assert_int_eq(mkdir(target, 0700), 0);
	if (!taken) {
		ck_assert_int_eq(restore(to, exists, &done, &e), 0);
		ck_assert(is_content(to));
		job_restored_fini(&done);
	}
	free(to);
}
END_TEST

START_TEST(a_large_object_streams_through)
{
	size_t n = 9 << 20;
	uint8_t *p = mem_zero(n);
	struct job_restored done;
	struct err e;
	size_t i;

	for (i = 0; i < n; i += 7)
		p[i] = (uint8_t)(i * 2654435761U >> 13);
	buf_reset(&content);
	buf_put(&content, p, n);
	free(p);
	put_object(content.data, content.len, "/x");
	ck_assert_int_eq(restore(target, JOB_RESTORE_REFUSE, &done, &e), 0);
	ck_assert(is_content(target));
	job_restored_fini(&done);
}
END_TEST

START_TEST(an_empty_database_comes_back_empty)
{
	struct job_restored done;
	struct stat st;
	struct err e;

	put_object("", 0, "/x");
	ck_assert_int_eq(restore(target, JOB_RESTORE_REFUSE, &done, &e), 0);
	ck_assert_int_eq(stat(target, &st), 0);
	ck_assert_int_eq(st.st_size, 0);
	job_restored_fini(&done);
}
END_TEST

START_TEST(the_original_path_is_the_one_in_the_trailer)
{
	struct job_restored done;
	struct err e;

	put_object(content.data, content.len, target);
	ck_assert_int_eq(restore(NULL, JOB_RESTORE_REFUSE, &done, &e), 0);
	ck_assert_str_eq(done.target, target);
	ck_assert(is_content(target));
	job_restored_fini(&done);
}
END_TEST

static const char *const bad_paths[] = {
	"relative/t.db", "", "/", "/a/../b", "/a/./b", "/a//b", "/a/", "/..",
};

START_TEST(an_original_path_that_leads_elsewhere_is_refused)
{
	struct trailer t = { .host = "here", .path = bad_paths[_i] };
	struct job_restored done;
	struct buf b = { 0 };
	struct err e;

	/* No backup writes it, so the trailer is made by hand. */
	trailer_put(&t, &b);
	ck_assert_int_eq(store_put_now(store, OBJECT, b.data, b.len, &e), 0);
	buf_fini(&b);
	ck_assert_int_eq(restore(NULL, JOB_RESTORE_REFUSE, &done, &e), -1);
	ck_assert_int_eq(e.cls, ERR_CORRUPT);
	job_restored_fini(&done);
}
END_TEST

/* Bytes that are no whole object, by number; false: no more of them. */
static bool
damage(struct buf *b, int i)
{
	switch (i) {
	case 0:
		b->data[b->len / 2] ^= 1;
		break;
	case 1:
		b->data[0] ^= 1;
		break;
	case 2:			/* the end of the trailer */
		b->data[b->len - 1] ^= 1;
		break;
	case 3:
		b->len -= 1;
		break;
	case 4:
		b->len = 3;
		break;
	case 5:
		b->len = 0;
		break;
	case 6:			/* the path in the trailer */
		b->data[b->len - 10] ^= 1;
		break;
	case 7:
		buf_puts(b, "more");
		break;
	default:
		return (false);
	}
	return (true);
}

enum {
	NDAMAGE = 8
};

START_TEST(a_damaged_object_changes_nothing)
{
	struct buf b = make_object(content.data, content.len, target);
	struct job_restored done;
	struct err e;

	ck_assert(damage(&b, _i));
	ck_assert_int_eq(store_put_now(store, OBJECT, b.data, b.len, &e), 0);
	buf_fini(&b);
	put_bytes(target, "", "text", 4);
	ck_assert_int_eq(restore(target, JOB_RESTORE_FORCE, &done, &e), -1);
	ck_assert_int_eq(e.cls, ERR_CORRUPT);
	ck_assert_ptr_nonnull(strstr(e.msg, OBJECT));
	b = bytes_of(target, "");
	ck_assert_uint_eq(b.len, 4);
	buf_fini(&b);
	ck_assert_int_eq(names(), 1);
	job_restored_fini(&done);
}
END_TEST

START_TEST(a_damaged_object_has_no_origin_or_its_own)
{
	struct buf b = make_object(content.data, content.len, target);
	struct err e;
	char *path;

	ck_assert(damage(&b, _i));
	ck_assert_int_eq(store_put_now(store, OBJECT, b.data, b.len, &e), 0);
	buf_fini(&b);
	if ((path = origin_path(store, OBJECT, &e)) != NULL)
		ck_assert_str_eq(path, target);
	else
		ck_assert_int_eq(e.cls, ERR_CORRUPT);
	ck_assert((path != NULL) == (_i < 2));
	free(path);
}
END_TEST

START_TEST(what_is_there_is_refused_or_left)
{
	static const char *const parts[] = { "", "-wal", "-shm", "-journal" };
	struct job_restored done;
	struct err e;

	put_object(content.data, content.len, "/x");
	put_bytes(target, parts[_i], "text", 4);
	ck_assert_int_eq(restore(target, JOB_RESTORE_REFUSE, &done, &e), -1);
	ck_assert_int_eq(e.cls, ERR_EXISTS);
	ck_assert_ptr_nonnull(strstr(e.msg, "--force"));
	ck_assert_ptr_nonnull(strstr(e.msg, parts[_i]));
	job_restored_fini(&done);

	/* A companion alone is no database that could be left. */
	ck_assert_int_eq(restore(target, JOB_RESTORE_SKIP, &done, &e),
	    _i == 0 ? 0 : -1);
	ck_assert(done.skipped == (_i == 0));
	ck_assert(_i == 0 || e.cls == ERR_EXISTS);
	ck_assert_int_eq(names(), 1);
	ck_assert(is_there(target, parts[_i]));
	job_restored_fini(&done);

	ck_assert_int_eq(restore(target, JOB_RESTORE_FORCE, &done, &e), 0);
	ck_assert(is_content(target));
	ck_assert_ptr_nonnull(done.moved);
	ck_assert_int_eq(names(), 2);
	job_restored_fini(&done);
}
END_TEST

START_TEST(a_missing_directory_is_named)
{
	struct job_restored done;
	struct err e;
	char *to = mem_printf("%s/no/t.db", dir);

	put_object(content.data, content.len, to);
	ck_assert_int_eq(restore(_i == 0 ? to : NULL, JOB_RESTORE_FORCE,
	    &done, &e), -1);
	ck_assert_int_eq(e.cls, ERR_NOTFOUND);
	ck_assert_ptr_nonnull(strstr(e.msg, to));
	ck_assert_int_eq(names(), 0);
	job_restored_fini(&done);
	free(to);
}
END_TEST

START_TEST(a_missing_object_is_named)
{
	struct job_restored done;
	struct err e;

	ck_assert_int_eq(restore(_i == 0 ? target : NULL, JOB_RESTORE_REFUSE,
	    &done, &e), -1);
	ck_assert_int_eq(e.cls, ERR_NOTFOUND);
	ck_assert_ptr_nonnull(strstr(e.msg, OBJECT));
	ck_assert_int_eq(names(), 0);
	job_restored_fini(&done);
}
END_TEST

START_TEST(names_may_be_255_bytes_long)
{
	struct job_restored done;
	struct err e;
	char name[256], *to;

	memset(name, 'n', 255);
	name[255] = '\0';
	to = mem_printf("%s/%s", dir, name);
	put_object(content.data, content.len, to);
	ck_assert_int_eq(restore(NULL, JOB_RESTORE_REFUSE, &done, &e), 0);
	ck_assert(is_content(to));
	job_restored_fini(&done);
	free(to);
}
END_TEST

START_TEST(one_that_is_told_to_stop_leaves_nothing)
{
	static const volatile sig_atomic_t stop = 1;
	struct job_restore_cfg cfg = { .store = store, .object = OBJECT,
	    .target = target, .stop = &stop };
	struct job_restored done;
	struct err e;

	put_object(content.data, content.len, "/x");
	ck_assert_int_eq(job_restore(&cfg, &done, &e), -1);
	ck_assert_int_eq(e.cls, ERR_GONE);
	ck_assert_int_eq(names(), 0);
	job_restored_fini(&done);
}
END_TEST

START_TEST(a_stream_is_the_content)
{
	char *to = mem_printf("%s/stream", scratch);
	struct err e;
	int fd;

	put_object(content.data, content.len, "/x");
	ck_assert_int_ne(fd = open(to, O_WRONLY | O_CREAT, 0600), -1);
	ck_assert_int_eq(job_restore_stream(store, OBJECT, fd, &e), 0);
	close(fd);
	ck_assert(is_content(to));
	free(to);
}
END_TEST

static const struct {
	const char *hook;
	bool placed;
} kills[] = {
	{ "restore-decoded", false },
	{ "restore-synced", false },
	{ "restore-renamed", true },
	{ "replace-renamed", true },
};

START_TEST(killed_on_the_way_it_leaves_all_or_nothing)
{
	char *env = mem_printf("%s=kill", kills[_i].hook);
	struct job_restored done;
	struct err e;
	pid_t pid;
	int st;

	put_object(content.data, content.len, "/x");
	ck_assert_int_ne(pid = fork(), -1);
	if (pid == 0) {
		(void)setenv("LITEFLEET_HOOK", env, 1);
		(void)restore(target, JOB_RESTORE_REFUSE, &done, &e);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
	ck_assert(WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL);
	ck_assert(is_there(target, "") == kills[_i].placed);
	if (kills[_i].placed)
		ck_assert(is_content(target));
	ck_assert_int_eq(restore(target, JOB_RESTORE_FORCE, &done, &e), 0);
	ck_assert(is_content(target));
	job_restored_fini(&done);
	free(env);
}
END_TEST

START_TEST(what_appears_while_decoding_is_not_replaced)
{
	struct job_restored done;
	struct err e;
	struct buf b;
	pid_t pid;
	int st;

	put_object(content.data, content.len, "/x");
	ck_assert_int_ne(pid = fork(), -1);
	if (pid == 0) {
		(void)setenv("LITEFLEET_HOOK", "restore-synced=stop", 1);
		if (restore(target, _i == 0 ? JOB_RESTORE_REFUSE :
		    JOB_RESTORE_SKIP, &done, &e) == -1)
			_exit((int)e.cls);
		_exit(done.skipped ? 100 : 0);
	}
	ck_assert_int_eq(waitpid(pid, &st, WUNTRACED), pid);
	ck_assert(WIFSTOPPED(st));
	put_bytes(target, "", "text", 4);
	(void)kill(pid, SIGCONT);
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
	ck_assert(WIFEXITED(st));
	ck_assert_int_eq(WEXITSTATUS(st), _i == 0 ? ERR_EXISTS : 100);
	b = bytes_of(target, "");
	ck_assert_uint_eq(b.len, 4);
	buf_fini(&b);
	ck_assert_int_eq(names(), 1);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("restore");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, an_object_becomes_the_file_again);
	tcase_add_loop_test(tc, the_name_of_a_companion_is_not_taken, 0, 18);
	tcase_add_test(tc, a_large_object_streams_through);
	tcase_add_test(tc, an_empty_database_comes_back_empty);
	tcase_add_test(tc, the_original_path_is_the_one_in_the_trailer);
	tcase_add_loop_test(tc,
	    an_original_path_that_leads_elsewhere_is_refused, 0,
	    LENGTH(bad_paths));
	tcase_add_loop_test(tc, a_damaged_object_changes_nothing, 0, NDAMAGE);
	tcase_add_loop_test(tc, a_damaged_object_has_no_origin_or_its_own, 0,
	    NDAMAGE);
	tcase_add_loop_test(tc, what_is_there_is_refused_or_left, 0, 4);
	tcase_add_loop_test(tc, a_missing_directory_is_named, 0, 2);
	tcase_add_loop_test(tc, a_missing_object_is_named, 0, 2);
	tcase_add_test(tc, names_may_be_255_bytes_long);
	tcase_add_test(tc, one_that_is_told_to_stop_leaves_nothing);
	tcase_add_test(tc, a_stream_is_the_content);
	tcase_add_loop_test(tc, killed_on_the_way_it_leaves_all_or_nothing, 0,
	    LENGTH(kills));
	tcase_add_loop_test(tc, what_appears_while_decoding_is_not_replaced, 0,
	    2);
	return (run_suite(tc));
}
