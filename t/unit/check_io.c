#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/mem.h"
#include "unit/suite.h"

static char dir[64];
static int dirfd = -1;

static void
setup(void)
{
	(void)strcpy(dir, "/tmp/check_io.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ne(dirfd, -1);
}

static void
teardown(void)
{
	char cmd[128];

	io_close(&dirfd);
	(void)snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	ck_assert_int_eq(system(cmd), 0);
}

static bool
exists(const char *name)
{
	return (faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0);
}

static void
make(const char *name, const char *text)
{
	struct err e = { 0 };
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(io_write(fd, text, strlen(text), name, &e), 0);
	io_close(&fd);
}

static void
assert_text(const char *name, const char *want)
{
	struct buf b = { 0 };
	struct err e = { 0 };

	ck_assert_msg(io_read_file(dirfd, name, 1000, &b, &e) == 0, "%s",
	    e.msg);
	ck_assert_str_eq(buf_str(&b), want);
	buf_fini(&b);
}

START_TEST(closing_forgets_the_descriptor_and_keeps_errno)
{
	int fd = dup(0), copy = fd;

	errno = EIO;
	io_close(&fd);
	ck_assert_int_eq(fd, -1);
	ck_assert_int_eq(errno, EIO);
	ck_assert_int_eq(fcntl(copy, F_GETFD), -1);
	io_close(&fd);
	ck_assert_int_eq(fd, -1);
}
END_TEST

static void
ignore(int sig)
{
	(void)sig;
}

/* A pipe takes 64 KiB at once, so a megabyte comes and goes in pieces; and
 * each piece may be interrupted. */
START_TEST(short_transfers_and_interrupts_are_made_good)
{
	enum { N = 1 << 20 };
	const struct sigaction sa = { .sa_handler = ignore };
	char *p = mem_zero(N), *q = mem_zero(N + 10);
	struct err e = { 0 };
	int fds[2], status, i;
	pid_t writer, nagger;

	for (i = 0; i < N; i++)
		p[i] = (char)(i * 31 >> 3);
	ck_assert_int_eq(sigaction(SIGUSR1, &sa, NULL), 0);
	ck_assert_int_eq(pipe(fds), 0);
	if ((writer = fork()) == 0)
		_exit(io_write(fds[1], p, N, "pipe", &e) == 0 ? 0 : 1);
	(void)close(fds[1]);
	if ((nagger = fork()) == 0)
		for (;;) {
			(void)kill(writer, SIGUSR1);
			(void)kill(getppid(), SIGUSR1);
			clock_sleep_ms(1);
		}
	clock_sleep_ms(20);
	ck_assert_int_eq(io_read(fds[0], q, 1000, "pipe", &e), 1000);
	clock_sleep_ms(20);
	ck_assert_int_eq(io_read(fds[0], q + 1000, N - 990, "pipe", &e),
	    N - 1000);
	(void)kill(nagger, SIGKILL);
	ck_assert_int_eq(waitpid(nagger, &status, 0), nagger);
	ck_assert_int_eq(waitpid(writer, &status, 0), writer);
	ck_assert_int_eq(status, 0);
	ck_assert(memcmp(p, q, N) == 0);
	ck_assert_int_eq(io_read(fds[0], q, 1, "pipe", &e), 0);
	(void)close(fds[0]);
	free(q);
	free(p);
}
END_TEST

START_TEST(reads_and_writes_at_an_offset_leave_the_position)
{
	char got[20] = "";
	struct err e = { 0 };
	int fd;

	make("f", "0123456789");
	fd = openat(dirfd, "f", O_RDWR);
	ck_assert_int_eq(io_pwrite(fd, "abc", 3, 8, "f", &e), 0);
	ck_assert_int_eq(io_pread(fd, got, 4, 6, "f", &e), 4);
	ck_assert_str_eq(got, "67ab");
	ck_assert_int_eq(io_pread(fd, got, 20, 9, "f", &e), 2);
	ck_assert_int_eq(io_pread(fd, got, 20, 11, "f", &e), 0);
	ck_assert_int_eq(io_pread(fd, got, 20, 1000, "f", &e), 0);
	ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), 0);
	io_close(&fd);
	assert_text("f", "01234567abc");
}
END_TEST

START_TEST(errors_carry_name_and_class)
{
	struct err e = { 0 };
	char c = 'c';
	int fd = open("/dev/full", O_WRONLY);

	ck_assert_int_eq(io_write(fd, "x", 1, "the name", &e), -1);
	ck_assert_int_eq(e.cls, ERR_SPACE);
	ck_assert_str_eq(e.msg, "write the name: No space left on device");
	ck_assert_int_eq(io_read(fd, &c, 1, "the name", &e), -1);
	ck_assert_int_eq(e.cls, ERR_IO);
	ck_assert_ptr_nonnull(strstr(e.msg, "read the name: "));
	ck_assert_int_eq(io_pread(-1, &c, 1, 0, "the name", &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "read the name: "));
	ck_assert_int_eq(io_pwrite(-1, &c, 1, 0, "the name", &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "write the name: "));
	io_close(&fd);
}
END_TEST

START_TEST(a_whole_file_is_read_up_to_its_limit)
{
	struct buf b = { 0 };
	struct err e = { 0 };

	make("f", "0123456789");
	buf_puts(&b, "before ");
	ck_assert_int_eq(io_read_file(dirfd, "f", 10, &b, &e), 0);
	ck_assert_str_eq(buf_str(&b), "before 0123456789");
	buf_reset(&b);
	ck_assert_int_eq(io_read_file(dirfd, "f", 9, &b, &e), -1);
	ck_assert_int_eq(e.cls, ERR_LIMIT);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_int_eq(io_read_file(dirfd, "none", 9, &b, &e), -1);
	ck_assert_int_eq(e.cls, ERR_GONE);
	make("empty", "");
	ck_assert_int_eq(io_read_file(dirfd, "empty", 0, &b, &e), 0);
	ck_assert_str_eq(buf_str(&b), "");
	ck_assert_int_eq(io_read_file(dirfd, ".", 9, &b, &e), -1);
	ck_assert_int_eq(e.cls, ERR_IO);
	buf_fini(&b);
}
END_TEST

START_TEST(a_file_without_limit_is_read_too)
{
	struct buf b = { 0 };
	struct err e = { 0 };
	char *text = mem_zero(300001);

	memset(text, 'x', 300000);
	make("f", text);
	ck_assert_int_eq(io_read_file(dirfd, "f", SIZE_MAX, &b, &e), 0);
	ck_assert_uint_eq(b.len, 300000);
	ck_assert_str_eq(buf_str(&b), text);
	buf_fini(&b);
	free(text);
}
END_TEST

START_TEST(a_file_is_replaced_whole)
{
	struct err e = { 0 };
	struct stat sb;

	ck_assert_int_eq(io_replace_file(dirfd, "f", "one", 3, 0640, &e), 0);
	assert_text("f", "one");
	ck_assert_int_eq(fstatat(dirfd, "f", &sb, 0), 0);
	ck_assert_uint_eq(sb.st_mode & 0777, 0640);
	make("f.new", "left by a run that was killed");
	ck_assert_int_eq(io_replace_file(dirfd, "f", "", 0, 0600, &e), 0);
	assert_text("f", "");
	ck_assert(!exists("f.new"));
	ck_assert_int_eq(mkdirat(dirfd, "d", 0700), 0);
	ck_assert_int_eq(io_replace_file(dirfd, "d/f", "two", 3, 0600, &e),
	    0);
	assert_text("d/f", "two");
}
END_TEST

START_TEST(a_replacement_that_fails_leaves_the_old_file)
{
	struct err e = { 0 };

	ck_assert_int_eq(mkdirat(dirfd, "f", 0700), 0);
	make("f/in", "x");
	ck_assert_int_eq(io_replace_file(dirfd, "f", "new", 3, 0600, &e), -1);
	ck_assert(!exists("f.new"));
	assert_text("f/in", "x");

	make("g", "old");
	make("precious", "old");
	ck_assert_int_eq(symlinkat("precious", dirfd, "g.new"), 0);
	ck_assert_int_eq(io_replace_file(dirfd, "g", "new", 3, 0600, &e), -1);
	assert_text("g", "old");
	assert_text("precious", "old");	/* a link is not written through */

	ck_assert_int_eq(io_replace_file(dirfd, "no/g", "new", 3, 0600, &e),
	    -1);
	ck_assert_int_eq(e.cls, ERR_GONE);
}
END_TEST

START_TEST(directories_are_made_with_their_parents)
{
	char *path = mem_printf("%s/a//b/c/", dir);
	struct err e = { 0 };
	struct stat sb;

	(void)umask(0);
	ck_assert_msg(io_mkdirs(path, 0710, &e) == 0, "%s", e.msg);
	ck_assert_int_eq(fstatat(dirfd, "a/b/c", &sb, 0), 0);
	ck_assert_uint_eq(sb.st_mode & 0777, 0710);
	ck_assert_int_eq(fstatat(dirfd, "a", &sb, 0), 0);
	ck_assert_uint_eq(sb.st_mode & 0777, 0710);
	ck_assert_int_eq(io_mkdirs(path, 0700, &e), 0);
	ck_assert_int_eq(fstatat(dirfd, "a/b/c", &sb, 0), 0);
	ck_assert_uint_eq(sb.st_mode & 0777, 0710);	/* left as it was */
	ck_assert_int_eq(io_mkdirs("/", 0700, &e), 0);
	ck_assert_int_eq(fchdir(dirfd), 0);
	ck_assert_int_eq(io_mkdirs("r/s", 0700, &e), 0);
	ck_assert(exists("r/s"));
	ck_assert_int_eq(io_mkdirs(".", 0700, &e), 0);
	ck_assert_int_eq(chdir("/"), 0);
	free(path);
}
END_TEST

START_TEST(a_file_in_the_way_is_no_directory)
{
	char *below = mem_printf("%s/f/x", dir), *self = mem_printf("%s/f",
	    dir), *link = mem_printf("%s/l", dir);
	struct err e = { 0 };

	make("f", "x");
	ck_assert_int_eq(io_mkdirs(below, 0700, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, dir));
	ck_assert_int_eq(io_mkdirs(self, 0700, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, self));
	ck_assert_int_eq(mkdirat(dirfd, "d", 0700), 0);
	ck_assert_int_eq(symlinkat("d", dirfd, "l"), 0);
	ck_assert_int_eq(io_mkdirs(link, 0700, &e), 0);
	free(link);
	free(self);
	free(below);
}
END_TEST

START_TEST(the_parent_is_synced)
{
	char *good = mem_printf("%s/f", dir), *bad = mem_printf("%s/no/f",
	    dir);
	struct err e = { 0 };

	ck_assert_int_eq(io_sync_parent(good, &e), 0);
	ck_assert_int_eq(io_sync_parent("relative", &e), 0);
	ck_assert_int_eq(io_sync_parent("/f", &e), 0);
	ck_assert_int_eq(io_sync_parent(bad, &e), -1);
	ck_assert_int_eq(e.cls, ERR_GONE);
	free(bad);
	free(good);
}
END_TEST

START_TEST(a_tree_is_removed_and_links_are_not_followed)
{
	struct err e = { 0 };
	char *path;

	ck_assert_int_eq(mkdirat(dirfd, "keep", 0700), 0);
	make("keep/f", "x");
	path = mem_printf("%s/t/a/b", dir);
	ck_assert_int_eq(io_mkdirs(path, 0700, &e), 0);
	make("t/f", "x");
	make("t/a/.hidden", "x");
	make("t/a/b/f", "x");
	ck_assert_int_eq(symlinkat("../keep", dirfd, "t/link"), 0);
	ck_assert_int_eq(symlinkat("nowhere", dirfd, "t/a/dangling"), 0);
	ck_assert_int_eq(mkfifoat(dirfd, "t/fifo", 0600), 0);
	ck_assert_msg(io_remove_tree(dirfd, "t", &e) == 0, "%s", e.msg);
	ck_assert(!exists("t"));
	assert_text("keep/f", "x");
	ck_assert_int_eq(io_remove_tree(dirfd, "t", &e), 0);	/* missing */
	ck_assert_int_eq(symlinkat("keep", dirfd, "l"), 0);
	ck_assert_int_eq(io_remove_tree(dirfd, "l", &e), 0);
	ck_assert(!exists("l"));
	assert_text("keep/f", "x");
	free(path);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("io");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, closing_forgets_the_descriptor_and_keeps_errno);
	tcase_add_test(tc, short_transfers_and_interrupts_are_made_good);
	tcase_add_test(tc,
	    reads_and_writes_at_an_offset_leave_the_position);
	tcase_add_test(tc, errors_carry_name_and_class);
	tcase_add_test(tc, a_whole_file_is_read_up_to_its_limit);
	tcase_add_test(tc, a_file_without_limit_is_read_too);
	tcase_add_test(tc, a_file_is_replaced_whole);
	tcase_add_test(tc, a_replacement_that_fails_leaves_the_old_file);
	tcase_add_test(tc, directories_are_made_with_their_parents);
	tcase_add_test(tc, a_file_in_the_way_is_no_directory);
	tcase_add_test(tc, the_parent_is_synced);
	tcase_add_test(tc, a_tree_is_removed_and_links_are_not_followed);
	return (run_suite(tc));
}
