/*
 * A mapping of SQLite's whose file is cut off reads as zeros, and is known to;
 * any other SIGBUS ends the process.
 */
#include "db/mapped.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "unit/sourcedb.h"
#include "unit/suite.h"

enum {
	REGION = 32768
};

typedef void *(*mmap_call)(void *, size_t, int, int, int, off_t);
typedef int (*munmap_call)(void *, size_t);

static char *path;
static int fd;

static void
setup(void)
{
	uint8_t bytes[2 * REGION];
	struct err e;

	scratch_make();
	path = mem_printf("%s/s/file", scratch);
	memset(bytes, 'x', sizeof(bytes));
	write_path(path, bytes, sizeof(bytes));
	ck_assert_int_ne(fd = open(path, O_RDWR), -1);
	if (guard_install(&e) == -1)
		ck_abort_msg("%s", e.msg);
	(void)guard_exempt(false);
	mapped_forget();
}

static void
teardown(void)
{
	(void)close(fd);
	free(path);
	scratch_remove();
}

/* As SQLite does it. */
static volatile const char *
map(off_t off)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
	mmap_call call = (mmap_call)vfs->xGetSystemCall(vfs, "mmap");

	return (call(NULL, REGION, PROT_READ, MAP_SHARED, fd, off));
}

static void
unmap(volatile const char *p)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
	munmap_call call = (munmap_call)vfs->xGetSystemCall(vfs, "munmap");

	ck_assert_int_eq(call((void *)(uintptr_t)p, REGION), 0);
}

static void
cut(off_t size)
{
	ck_assert_int_eq(ftruncate(fd, size), 0);
}

START_TEST(what_is_cut_off_reads_as_zeros_and_shows)
{
	volatile const char *a = map(0), *b = map(REGION);

	ck_assert(a != MAP_FAILED && b != MAP_FAILED);
	ck_assert_int_eq(a[0], 'x');
	ck_assert_int_eq(b[REGION - 1], 'x');
	ck_assert(!mapped_was_cut());
	cut(REGION);
	ck_assert_int_eq(b[REGION - 1], 0);
	ck_assert(mapped_was_cut());
	ck_assert_int_eq(b[0], 0);
	/* The other one is what it was. */
	mapped_forget();
	ck_assert_int_eq(a[REGION - 1], 'x');
	ck_assert(!mapped_was_cut());
	cut(0);
	ck_assert_int_eq(a[1], 0);
	ck_assert(mapped_was_cut());
	unmap(a);
	unmap(b);
}
END_TEST

/* As of a database that restore --force replaces. */
START_TEST(what_is_written_to_what_is_cut_off_goes_nowhere)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
	mmap_call call = (mmap_call)vfs->xGetSystemCall(vfs, "mmap");
	bool was = guard_exempt(true);
	volatile char *p = call(NULL, REGION, PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	struct stat st;

	ck_assert(p != MAP_FAILED);
	cut(0);
	p[0] = 'y';
	ck_assert_int_eq(p[0], 'y');
	ck_assert(mapped_was_cut());
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_size, 0);
	unmap(p);
	(void)guard_exempt(was);
}
END_TEST

/* What is read then is the file, and no zeros of before. */
START_TEST(a_file_that_was_cut_off_can_be_mapped_again)
{
	volatile const char *p;
	int i;

	for (i = 0; i < 100; i++) {
		cut(2 * REGION);
		ck_assert_int_eq(pwrite(fd, "y", 1, REGION), 1);
		mapped_forget();
		p = map(REGION);
		ck_assert_int_eq(p[0], 'y');
		ck_assert(!mapped_was_cut());
		cut(REGION);
		ck_assert_int_eq(p[0], 0);
		ck_assert(mapped_was_cut());
		unmap(p);
	}
}
END_TEST

static void
die_of_own_mapping(void)
{
	volatile const char *p = mmap(NULL, REGION, PROT_READ, MAP_SHARED, fd,
	    0);

	cut(0);
	_exit(p[0]);
}

static void
die_of_unmapped(void)
{
	volatile const char *p = map(0);

	unmap(p);
	p = mmap((void *)(uintptr_t)p, REGION, PROT_READ, MAP_SHARED |
	    MAP_FIXED, fd, 0);
	cut(0);
	_exit(p[0]);
}

static void
die_of_signal(void)
{
	(void)map(0);
	(void)raise(SIGBUS);
	_exit(0);
}

static void (*const deaths[])(void) = { die_of_own_mapping, die_of_unmapped,
    die_of_signal };

START_TEST(any_other_sigbus_is_deadly)
{
	int status;
	pid_t pid;

	ck_assert_int_ne(pid = fork(), -1);
	if (pid == 0) {
		/* The sanitizers have a say, which nobody is to read. */
		(void)close(STDERR_FILENO);
		deaths[_i]();
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_ne(status, 0);
#ifndef __SANITIZE_ADDRESS__
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
#endif
}
END_TEST

/* A worker begins without handlers. */
START_TEST(a_handler_that_was_reset_is_set_again)
{
	volatile const char *p;
	struct err e;

	(void)signal(SIGBUS, SIG_DFL);
	ck_assert_int_eq(guard_install(&e), 0);
	p = map(0);
	cut(0);
	ck_assert_int_eq(p[0], 0);
	ck_assert(mapped_was_cut());
	unmap(p);
}
END_TEST

START_TEST(more_than_the_kernel_can_have_are_refused)
{
	volatile const char *p[MAPPED_MAX];
	int i, round;

	for (round = 0; round < 2; round++) {
		for (i = 0; i < MAPPED_MAX; i++)
			ck_assert((p[i] = map(0)) != MAP_FAILED);
		ck_assert(map(0) == MAP_FAILED);
		ck_assert_int_eq(errno, ENOMEM);
		/* All of them at once, which leaves no more mappings. */
		cut(0);
		for (i = 0; i < MAPPED_MAX; i++)
			ck_assert_int_eq(p[i][0], 0);
		ck_assert(mapped_was_cut());
		for (i = 0; i < MAPPED_MAX; i++)
			unmap(p[i]);
		cut(REGION);
	}
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("mapped");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_is_cut_off_reads_as_zeros_and_shows);
	tcase_add_test(tc, what_is_written_to_what_is_cut_off_goes_nowhere);
	tcase_add_test(tc, a_file_that_was_cut_off_can_be_mapped_again);
	tcase_add_loop_test(tc, any_other_sigbus_is_deadly, 0,
	    LENGTH(deaths));
	tcase_add_test(tc, a_handler_that_was_reset_is_set_again);
	tcase_add_test(tc, more_than_the_kernel_can_have_are_refused);
	return (run_suite(tc));
}
