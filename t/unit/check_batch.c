/*
 * When operations are finished, and what is left when they are not.  syncfs(2),
 * renameat2(2) and pread(2) are replaced here, so that they can fail and be
 * counted.
 */
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "unit/storebed.h"

static int nsyncs, fail_sync, fail_errno, nrenames, no_noreplace;
static off_t read_end = -1;	/* where all files end for pread(2) */

int
syncfs(int fd)
{
	if (++nsyncs == fail_sync) {
		errno = fail_errno;
		return (-1);
	}
	return ((int)syscall(SYS_syncfs, fd));
}

int
renameat2(int olddir, const char *old, int newdir, const char *new,
    unsigned flags)
{
	nrenames++;
	if (no_noreplace && flags != 0) {
		errno = EINVAL;
		return (-1);
	}
	return ((int)syscall(SYS_renameat2, olddir, old, newdir, new, flags));
}

ssize_t
pread(int fd, void *p, size_t n, off_t off)
{
	if (read_end != -1 && off + (off_t)n > read_end)
		n = off < read_end ? (size_t)(read_end - off) : 0;
	return ((ssize_t)syscall(SYS_pread64, fd, p, n, off));
}

START_TEST(nothing_is_finished_or_visible_before_the_commit)
{
	struct store *s = open_tag("w0");
	struct store_op *op;

	put(s, "a/" STAMP, "one");
	ck_assert_ptr_null(store_next(s));
	ck_assert_uint_eq(store_inflight(s), 1);
	ck_assert(!exists("a"));
	store_flush(s, -1);
	ck_assert_int_eq(nsyncs, 2);
	ck_assert_uint_eq(store_inflight(s), 1);
	op = store_next(s);
	ck_assert_ptr_nonnull(op);
	ck_assert_ptr_null(op->err);
	ck_assert_uint_eq(op->bytes, 3);
	store_op_free(op);
	ck_assert_uint_eq(store_inflight(s), 0);
	ck_assert_ptr_null(store_next(s));
	store_close(s);
}
END_TEST

START_TEST(memory_is_released_when_the_operation_is_submitted)
{
	struct store *s = open_tag("w0");
	struct store_op *op = store_op_new(STORE_PUT,
	    mem_strdup("a/" STAMP));

	buf_puts(&op->mem, "one");
	store_submit(s, op);
	ck_assert_ptr_null(op->mem.data);
	ck_assert_int_eq(op->fd, -1);
	all_safe(s);
	store_close(s);
}
END_TEST

START_TEST(an_object_is_never_replaced_and_its_batch_goes_on)
{
	struct store *s = open_tag("w0");
	struct err e;

	put(s, "a/" STAMP, "old");
	all_safe(s);
	put(s, "b/" STAMP, "b");
	put(s, "a/" STAMP, "new");
	put(s, "c/" STAMP, "c");
	ck_assert_int_eq(settle(s, &e), 1);
	ck_assert_int_eq(e.cls, ERR_EXISTS);
	ck_assert_ptr_nonnull(strstr(e.msg, "a/" STAMP));
	ck_assert_ptr_nonnull(strstr(e.msg, root));
	holds(s, "a/" STAMP, "old");
	holds(s, "b/" STAMP, "b");
	holds(s, "c/" STAMP, "c");
	ck_assert_int_eq(count(".litefleet/tmp/w0"), 0);
	store_close(s);
}
END_TEST

START_TEST(without_noreplace_a_link_does_the_same)
{
	struct store *s = open_tag("w0");
	struct err e;

	no_noreplace = 1;
	put(s, "a/" STAMP, "old");
	all_safe(s);
	put(s, "a/" STAMP, "new");
	ck_assert_int_eq(settle(s, &e), 1);
	ck_assert_int_eq(e.cls, ERR_EXISTS);
	holds(s, "a/" STAMP, "old");
	ck_assert_int_eq(count(".litefleet/tmp/w0"), 0);
	store_close(s);
}
END_TEST

START_TEST(a_component_that_is_too_long_fails_alone)
{
	struct store *s = open_tag("w0");
	char name[3][600];
	struct err e;
	int i;

	(void)snprintf(name[0], sizeof(name[0]), "%0256d/x/" STAMP, 0);
	(void)snprintf(name[1], sizeof(name[1]), "x/%0256d/" STAMP, 0);
	(void)snprintf(name[2], sizeof(name[2]), "x/y/%0256d", 0);
	for (i = 0; i < 3; i++) {
		put(s, name[i], "x");
		put(s, i == 0 ? "a/1" : i == 1 ? "a/2" : "a/3", "a");
		ck_assert_int_eq(settle(s, &e), 1);
		ck_assert_int_eq(e.cls, ERR_LIMIT);
		ck_assert_int_eq(get_class(s, name[i]), ERR_NOTFOUND);
	}
	lists(s, "", "a/1\na/2\na/3\n");
	ck_assert_int_eq(count(".litefleet/tmp/w0"), 0);
	store_close(s);
}
END_TEST

START_TEST(a_long_component_that_is_cut_names_another)
{
	struct store *s = open_tag("w0");
	char name[2][260];
	struct err e;
	int i;

	/* In front of and behind a slash; the first 255 bytes are there. */
	(void)snprintf(name[0], sizeof(name[0]), "%0255d", 0);
	(void)snprintf(name[1], sizeof(name[1]), "a/%0255d", 0);
	for (i = 0; i < 2; i++) {
		put(s, name[i], "x");
		all_safe(s);
		strcat(name[i], "0");
		take_away(s, name[i]);
		ck_assert_int_eq(settle(s, &e), 1);
		ck_assert_int_eq(e.cls, ERR_LIMIT);
		name[i][strlen(name[i]) - 1] = '\0';
		holds(s, name[i], "x");
	}
	store_close(s);
}
END_TEST

START_TEST(a_file_or_link_in_the_way_fails_alone)
{
	struct store *s = open_tag("w0");
	char outside[160], want[256];
	struct err e;

	(void)snprintf(outside, sizeof(outside), "%s.out", root);
	ck_assert_int_eq(mkdir(outside, 0700), 0);
	ck_assert_int_eq(symlink(outside, at("link")), 0);
	write_file("file", "");
	ck_assert_int_eq(mkdir(at("dir"), 0700), 0);
	put(s, "link/x/" STAMP, "1");
	put(s, "link/" STAMP, "2");
	put(s, "file/x/" STAMP, "3");
	put(s, "a/" STAMP, "5");
	put(s, "dir", "6");
	put(s, "file/" STAMP, "4");
	put(s, "b/" STAMP, "7");
	each_fails(s, 5, ERR_EXISTS, &e);
	(void)snprintf(want, sizeof(want), "store %s: put object file/" STAMP
	    ": in the way: Not a directory", root);
	ck_assert_str_eq(e.msg, want);
	lists(s, "", "file\na/" STAMP "\nb/" STAMP "\n");
	ck_assert_int_eq(count(".litefleet/tmp/w0"), 0);
	ck_assert_int_eq(rmdir(outside), 0);	/* it is empty */
	store_close(s);
}
END_TEST

START_TEST(a_directory_of_somebody_else_fails_what_goes_there)
{
	struct store *s;
	char want[256];
	struct err e;

	ck_assert_int_eq(chmod(root, 0777), 0);
	ck_assert_int_eq(mkdir(at("seen"), 0755), 0);
	ck_assert_int_eq(mkdir(at("seen/x"), 0755), 0);
	ck_assert_int_eq(mkdir(at("closed"), 0700), 0);
	if (!become_nobody())
		SKIP("only root can become another user");
	s = open_tag("w0");
	put(s, "a/" STAMP, "1");
	put(s, "closed/x/" STAMP, "2");
	put(s, "seen/x/" STAMP, "3");
	put(s, "seen/y/" STAMP, "4");
	put(s, "b/" STAMP, "5");
	each_fails(s, 3, ERR_EXISTS, &e);
	(void)snprintf(want, sizeof(want), "store %s: put object seen/y/" STAMP
	    ": in the way: Permission denied", root);
	ck_assert_str_eq(e.msg, want);
	holds(s, "a/" STAMP, "1");
	holds(s, "b/" STAMP, "5");
	ck_assert_int_eq(count(".litefleet/tmp/w0"), 0);
	store_close(s);
}
END_TEST

START_TEST(what_is_wrong_with_unfinished_files_is_wrong_for_all)
{
	struct store *s = open_tag("w0");
	struct err e;

	/* Somebody else uses the same tag. */
	write_file(".litefleet/tmp/w0/0", "");
	put(s, "a", "x");
	ck_assert_int_eq(settle(s, &e), 1);
	ck_assert_int_eq(e.cls, ERR_IO);
	store_close(s);
}
END_TEST

/* A file of this mode and size, without a name unless it is "named". */
static int
make_spool(mode_t mode, off_t size, const char *named)
{
	int fd = named != NULL ? open(at(named), O_CREAT | O_RDWR, mode) :
	    open(root, O_TMPFILE | O_RDWR, mode);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	ck_assert_int_eq(ftruncate(fd, size), 0);
	return (fd);
}

START_TEST(a_spool_file_becomes_an_object_that_only_its_owner_reads)
{
	struct store *s = open_tag("w0");
	struct stat st;

	put_fd(s, "a", make_spool(0644, 1000, NULL));
	all_safe(s);
	ck_assert_int_eq(stat(at("a"), &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(st.st_size, 1000);
	store_close(s);
}
END_TEST

START_TEST(a_spool_file_that_becomes_shorter_is_not_stored)
{
	struct store *s = open_tag("w0");
	struct err e;

	put_fd(s, "a", make_spool(0600, 1000000, "spool"));
	all_safe(s);
	read_end = _i == 0 ? 0 : 999999;
	put_fd(s, "b", make_spool(0600, 1000000, "spool"));
	ck_assert_int_eq(settle(s, &e), 1);
	ck_assert_int_eq(e.cls, ERR_IO);
	ck_assert_ptr_nonnull(strstr(e.msg, "changed its size"));
	ck_assert(!exists("b"));
	ck_assert_int_eq(count(".litefleet/tmp/w0"), 0);
	store_close(s);
}
END_TEST

START_TEST(a_batch_ends_by_its_number_of_operations)
{
	struct store *s = open_tag("w0");
	int64_t start_ms = clock_mono_ms();
	char name[48];
	int i;

	for (i = 1; i < STORE_BATCH_OPS; i++) {
		(void)snprintf(name, sizeof(name), "d/%d", i);
		put(s, name, "");
	}
	/* On a disk so slow that time ended it, its number proves nothing. */
	if (clock_mono_ms() - start_ms >= STORE_BATCH_MS) {
		store_close(s);
		return;
	}
	ck_assert_int_eq(nsyncs, 0);
	put(s, "d/last", "");
	ck_assert_int_eq(nsyncs, 2);
	ck_assert(exists("d/last"));
	put(s, "d/next", "");
	ck_assert(!exists("d/next"));
	all_safe(s);
	ck_assert_int_eq(nsyncs, 4);
	store_close(s);
}
END_TEST

START_TEST(a_batch_ends_by_its_bytes)
{
	struct store *s = open_tag("w0");
	struct err e;
	int fd = store_spool(s, &e);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(ftruncate(fd, STORE_BATCH_BYTES), 0);
	put(s, "small", "");
	ck_assert(!exists("small"));
	put_fd(s, "large", fd);
	ck_assert(exists("small") && exists("large"));
	all_safe(s);
	store_close(s);
}
END_TEST

/* The bytes that a removal speaks of are not written. */
START_TEST(a_removal_does_not_fill_a_batch)
{
	struct store *s = open_tag("w0");
	struct store_op *op;

	put(s, "a/1", "one");
	all_safe(s);
	op = store_op_new(STORE_REMOVE, mem_strdup("a/1"));
	op->bytes = 2 * (uint64_t)STORE_BATCH_BYTES;
	store_submit(s, op);
	ck_assert(exists("a/1"));
	store_flush(s, -1);
	ck_assert(!exists("a/1"));
	op = store_next(s);
	ck_assert_uint_eq(op->bytes, 2 * (uint64_t)STORE_BATCH_BYTES);
	store_op_free(op);
	store_close(s);
}
END_TEST

START_TEST(directories_that_are_empty_go)
{
	struct store *s = open_tag("w0");

	put(s, "a/b/1", "1");
	put(s, "a/b/2", "2");
	put(s, "a/c/d/1", "3");
	put(s, "top", "4");
	all_safe(s);
	take_away(s, "a/b/1");
	all_safe(s);
	ck_assert(exists("a/b/2"));
	take_away(s, "a/b/2");
	take_away(s, "a/c/d/1");
	take_away(s, "a/none/1");
	take_away(s, "top");
	put(s, "a/x", "5");
	all_safe(s);
	ck_assert(!exists("a/b") && !exists("a/c") && !exists("top"));
	holds(s, "a/x", "5");
	/* One that is filled again stays. */
	take_away(s, "a/x");
	put(s, "a/y", "6");
	all_safe(s);
	holds(s, "a/y", "6");
	take_away(s, "a/y");
	all_safe(s);
	ck_assert(!exists("a"));
	store_close(s);
}
END_TEST

START_TEST(a_directory_that_was_replaced_is_not_taken_for_the_old)
{
	struct store *s = open_tag("w0");

	put(s, "a/1", "1");
	put(s, "a/2", "2");
	all_safe(s);
	take_away(s, "a/1");
	all_safe(s);
	ck_assert_int_eq(rename(at("a"), at("z")), 0);
	ck_assert_int_eq(mkdir(at("a"), 0700), 0);
	write_file("a/3", "3");
	write_file("a/4", "4");
	take_away(s, "a/3");
	all_safe(s);
	ck_assert(!exists("a/3") && exists("a/4") && exists("z/2"));
	store_close(s);
}
END_TEST

START_TEST(a_directory_says_no_time)
{
	struct store *s = open_tag("w0");
	int64_t off_ms = 7;

	put(s, "a/1", "one");
	all_safe(s);
	ck_assert(!store_clock(s, &off_ms));
	ck_assert_int_eq(off_ms, 7);
	store_close(s);
}
END_TEST

START_TEST(a_failed_sync_is_never_success)
{
	struct store *s = open_tag("w0");
	struct err e;

	fail_sync = 1 + _i;	/* before or after the renames */
	fail_errno = _i == 0 ? EIO : ENOSPC;
	put(s, "a/1", "one");
	put(s, "a/2", "two");
	take_away(s, "a/3");
	ck_assert_int_eq(settle(s, &e), 3);
	ck_assert_int_eq(e.cls, _i == 0 ? ERR_IO : ERR_SPACE);
	ck_assert_ptr_nonnull(strstr(e.msg, root));
	ck_assert_int_eq(count(".litefleet/tmp/w0"), 0);
	ck_assert_int_eq(nrenames, _i == 0 ? 0 : 2);
	ck_assert_int_eq(exists("a/1"), _i);
	if (_i == 1)
		holds(s, "a/1", "one");
	put(s, "b/1", "one");
	all_safe(s);
	store_close(s);
}
END_TEST

START_TEST(each_failed_batch_keeps_its_own_reason)
{
	struct store *s = open_tag("w0");
	struct store_op *op;
	int i, nspace = 0, nio = 0;

	for (i = 0; i < 2; i++) {
		fail_sync = nsyncs + 1;
		fail_errno = i == 0 ? ENOSPC : EIO;
		put(s, i == 0 ? "a" : "c", "");
		put(s, i == 0 ? "b" : "d", "");
		store_flush(s, -1);
	}
	while ((op = store_next(s)) != NULL) {
		ck_assert_ptr_nonnull(op->err);
		nspace += op->err->cls == ERR_SPACE && op->name[0] < 'c';
		nio += op->err->cls == ERR_IO && op->name[0] >= 'c';
		store_op_free(op);
	}
	ck_assert_int_eq(nspace, 2);
	ck_assert_int_eq(nio, 2);
	store_close(s);
}
END_TEST

START_TEST(a_full_disk_fails_what_does_not_fit_and_nothing_else)
{
	struct store *s;
	struct err e;
	char *big = mem_zero(200001);

	if (!mount_small("size=128k"))
		SKIP("only root can mount a small file system");
	memset(big, 'x', 200000);
	s = open_tag("w0");
	put(s, "a/1", "one");
	put(s, "a/2", big);
	put(s, "a/3", "three");
	ck_assert_int_eq(settle(s, &e), 1);
	ck_assert_int_eq(e.cls, ERR_SPACE);
	ck_assert_ptr_nonnull(strstr(e.msg, "a/2"));
	holds(s, "a/1", "one");
	holds(s, "a/3", "three");
	ck_assert_int_eq(count(".litefleet/tmp/w0"), 0);
	put(s, "a/2", "fits");
	all_safe(s);
	/* A copy that does not fit, either. */
	put_fd(s, "a/4", open("/proc/self/exe", O_RDONLY));
	ck_assert_int_eq(settle(s, &e), 1);
	ck_assert_int_eq(e.cls, ERR_SPACE);
	ck_assert(!exists("a/4"));
	store_close(s);
	free(big);
}
END_TEST

START_TEST(a_disk_without_inodes_fails_at_the_rename)
{
	struct store *s;
	struct err e;

	if (!mount_small("size=1m,nr_inodes=8"))
		SKIP("only root can mount a small file system");
	s = open_tag("w0");	/* the root and three directories */
	put(s, "a/1", "one");
	put(s, "a/2", "two");
	put(s, "b/3", "three");	/* no inode is left for one of "a", "b" */
	ck_assert_int_eq(settle(s, &e), 1);
	ck_assert_int_eq(e.cls, ERR_SPACE);
	lists(s, "", "a/1\na/2\n");
	ck_assert_int_eq(count(".litefleet/tmp/w0"), 0);
	store_close(s);
}
END_TEST

/* Where a writer dies, and how many of its objects can be seen then. */
static const struct {
	const char *hook;
	int nvisible;
} deaths[] = {
	{ "store-tmp=kill:k0", 0 },
	{ "store-tmp=kill:k9", 0 },
	{ "store-synced=kill", 0 },
	{ "store-renamed=kill:k0", 1 },
	{ "store-renamed=kill:k4", 5 },
	{ "store-renamed=kill:k9", 10 },
	{ "store-committed=kill", 10 },
};

static void
write_and_die(const char *hook)
{
	struct store *s;
	char name[48], text[64];
	struct err e;
	int i;

	(void)setenv("LITEFLEET_HOOK", hook, 1);
	if ((s = try_open(root, false, "w0", &e)) == NULL)
		_exit(1);
	for (i = 0; i < 10; i++) {
		(void)snprintf(name, sizeof(name), "d/k%d/" STAMP, i);
		(void)snprintf(text, sizeof(text), "whole %s", name);
		put(s, name, text);
	}
	store_flush(s, -1);
	_exit(0);
}

START_TEST(a_writer_that_is_killed_leaves_whole_objects_only)
{
	struct store *s;
	char name[48], text[64];
	int i, status, nvisible = 0;
	struct err e;
	pid_t pid;

	if ((pid = fork()) == 0)
		write_and_die(deaths[_i].hook);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	s = open_tag("w0");
	ck_assert_int_eq(count(".litefleet/tmp/w0"), 0);
	for (i = 0; i < 10; i++) {
		(void)snprintf(name, sizeof(name), "d/k%d/" STAMP, i);
		(void)snprintf(text, sizeof(text), "whole %s", name);
		if (get_class(s, name) == ERR_NOTFOUND)
			continue;
		holds(s, name, text);
		nvisible++;
	}
	ck_assert_int_eq(nvisible, deaths[_i].nvisible);
	/* And the next run does them all. */
	for (i = 0; i < 10; i++) {
		(void)snprintf(name, sizeof(name), "d/k%d/" STAMP, i);
		put(s, name, "again");
	}
	ck_assert_int_eq(settle(s, &e), nvisible);
	store_close(s);
	ck_assert(!exists(".litefleet"));
}
END_TEST

START_TEST(put_now_is_at_once_and_leaves_the_others_to_be_taken)
{
	struct store *s = open_tag("w0");
	struct store_op *op;
	struct err e;

	put(s, "before", "1");
	ck_assert_int_eq(store_put_now(s, "now", "abc", 3, &e), 0);
	ck_assert(exists("now"));
	ck_assert_int_eq(store_put_now(s, "now", "xyz", 3, &e), -1);
	ck_assert_int_eq(e.cls, ERR_EXISTS);
	holds(s, "now", "abc");
	ck_assert_uint_eq(store_inflight(s), 1);
	op = store_next(s);
	ck_assert_str_eq(op->name, "before");
	ck_assert_ptr_null(op->err);
	store_op_free(op);
	fail_sync = nsyncs + 1;
	fail_errno = EIO;
	ck_assert_int_eq(store_put_now(s, "later", "x", 1, &e), -1);
	ck_assert_int_eq(e.cls, ERR_IO);
	ck_assert_uint_eq(store_inflight(s), 0);
	store_close(s);
}
END_TEST

int
main(void)
{
	TCase *tc = storebed("batch");

	tcase_add_test(tc, nothing_is_finished_or_visible_before_the_commit);
	tcase_add_test(tc,
	    memory_is_released_when_the_operation_is_submitted);
	tcase_add_test(tc, an_object_is_never_replaced_and_its_batch_goes_on);
	tcase_add_test(tc, without_noreplace_a_link_does_the_same);
	tcase_add_test(tc, a_component_that_is_too_long_fails_alone);
	tcase_add_test(tc, a_long_component_that_is_cut_names_another);
	tcase_add_test(tc, a_file_or_link_in_the_way_fails_alone);
	tcase_add_test(tc,
	    a_directory_of_somebody_else_fails_what_goes_there);
	tcase_add_test(tc,
	    what_is_wrong_with_unfinished_files_is_wrong_for_all);
	tcase_add_test(tc,
	    a_spool_file_becomes_an_object_that_only_its_owner_reads);
	tcase_add_loop_test(tc,
	    a_spool_file_that_becomes_shorter_is_not_stored, 0, 2);
	tcase_add_test(tc, a_batch_ends_by_its_number_of_operations);
	tcase_add_test(tc, a_batch_ends_by_its_bytes);
	tcase_add_test(tc, a_removal_does_not_fill_a_batch);
	tcase_add_test(tc, directories_that_are_empty_go);
	tcase_add_test(tc,
	    a_directory_that_was_replaced_is_not_taken_for_the_old);
	tcase_add_test(tc, a_directory_says_no_time);
	tcase_add_loop_test(tc, a_failed_sync_is_never_success, 0, 2);
	tcase_add_test(tc, each_failed_batch_keeps_its_own_reason);
	tcase_add_test(tc,
	    a_full_disk_fails_what_does_not_fit_and_nothing_else);
	tcase_add_test(tc, a_disk_without_inodes_fails_at_the_rename);
	tcase_add_loop_test(tc,
	    a_writer_that_is_killed_leaves_whole_objects_only, 0,
	    LENGTH(deaths));
	tcase_add_test(tc,
	    put_now_is_at_once_and_leaves_the_others_to_be_taken);
	return (run_suite(tc));
}
