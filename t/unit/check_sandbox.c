/*
 * The sandbox: in a process that has entered one, what was granted works, and
 * nothing else does; for its children, too.
 */
#include "proc/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "unit/suite.h"

static char base[PATH_MAX] = "/tmp/litefleet-check.XXXXXX";

static void
make(const char *name)
{
	FILE *f = fopen(name, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs("text", f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

/* Of all tests: who is in a sandbox cannot clean up. */
static void
begin(void)
{
	ck_assert_ptr_nonnull(mkdtemp(base));
}

static void
end(void)
{
	char *cmd = mem_printf("rm -rf %s", base);

	ck_assert_int_eq(system(cmd), 0);
	free(cmd);
}

static void
setup(void)
{
	char *dir = mem_printf("%s/XXXXXX", base);

	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	free(dir);
	ck_assert_int_eq(mkdir("in", 0700) + mkdir("in/a", 0700) +
	    mkdir("in/b", 0700) + mkdir("out", 0700), 0);
	make("in/file");
	make("out/file");
	make("alone");
}

/* What opening says: 0 or errno. */
static int
try(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd == -1)
		return (errno);
	(void)close(fd);
	return (0);
}

/* Tests are processes of their own: each enters its own. */
static void
enter(const struct sandbox *sb)
{
	struct err e = { .msg = "" };

	ck_assert_msg(sandbox_enter(sb, &e) == 0, "%s", e.msg);
}

START_TEST(what_is_granted_to_be_read_can_only_be_read)
{
	struct sandbox *sb = sandbox_new();

	sandbox_grant(sb, "in", SANDBOX_READ);
	sandbox_grant(sb, "alone", SANDBOX_READ);
	sandbox_grant(sb, "nothing", SANDBOX_READ);
	sandbox_grant(sb, "nothing/at/all", SANDBOX_WRITE);
	enter(sb);
	sandbox_free(sb);
	ck_assert_int_eq(try("in/file", O_RDONLY), 0);
	ck_assert_int_eq(try("in", O_RDONLY | O_DIRECTORY), 0);
	ck_assert_int_eq(try("alone", O_RDONLY), 0);
	ck_assert_int_eq(try("in/file", O_WRONLY), EACCES);
	ck_assert_int_eq(try("alone", O_RDWR), EACCES);
	ck_assert_int_eq(try("in/new", O_WRONLY | O_CREAT), EACCES);
	ck_assert_int_eq(try("out/file", O_RDONLY), EACCES);
	ck_assert_int_eq(try("out", O_RDONLY | O_DIRECTORY), EACCES);
	ck_assert(unlink("in/file") == -1 && errno == EACCES);
	ck_assert(rename("in/file", "in/other") == -1 && errno == EACCES);
	/* It was not there. */
	ck_assert(mkdir("nothing", 0700) == -1 && errno == EACCES);
}
END_TEST

START_TEST(what_is_granted_to_be_written_can_be_changed_but_not_left)
{
	struct sandbox *sb = sandbox_new();
	struct stat st;
	int fd;

	sandbox_grant(sb, "in", SANDBOX_WRITE);
	enter(sb);
	sandbox_free(sb);
	ck_assert_int_eq(try("in/new", O_RDWR | O_CREAT | O_EXCL), 0);
	ck_assert_int_eq(try("in/new", O_WRONLY | O_TRUNC), 0);
	ck_assert_int_eq(try("in", O_TMPFILE | O_RDWR), 0);
	ck_assert_int_eq(mkdir("in/c", 0700), 0);
	ck_assert_int_eq(rename("in/new", "in/a/new"), 0);
	ck_assert_int_eq(link("in/a/new", "in/b/new"), 0);
	ck_assert_int_eq(truncate("in/b/new", 100), 0);
	ck_assert_int_eq(unlink("in/a/new") + rmdir("in/c"), 0);
	ck_assert_int_ne(rename("in/file", "out/moved"), 0);
	ck_assert_int_ne(rename("out/file", "in/moved"), 0);
	ck_assert_int_ne(link("out/file", "in/linked"), 0);
	ck_assert_int_eq(mkfifo("in/fifo", 0600), -1);
	ck_assert_int_eq(symlink("../out/file", "in/link"), -1);
	/* What is only looked at is not held back. */
	ck_assert_int_eq(stat("out/file", &st), 0);
	fd = open("out", O_PATH | O_CLOEXEC);
	ck_assert_int_ne(fd, -1);
	ck_assert(openat(fd, "file", O_RDONLY) == -1 && errno == EACCES);
}
END_TEST

START_TEST(a_link_leads_to_what_is_granted_and_from_it_nowhere)
{
	struct sandbox *sb = sandbox_new();

	ck_assert_int_eq(symlink("in", "way"), 0);
	ck_assert_int_eq(symlink("../out/file", "in/link"), 0);
	sandbox_grant(sb, "way", SANDBOX_READ);
	enter(sb);
	sandbox_free(sb);
	ck_assert_int_eq(try("in/file", O_RDONLY), 0);
	ck_assert_int_eq(try("in/link", O_RDONLY), EACCES);
}
END_TEST

START_TEST(what_replaces_a_file_is_another)
{
	struct sandbox *sb = sandbox_new();
	int fd = open("out/file", O_RDONLY | O_CLOEXEC), told[2];
	char ch;

	sandbox_grant(sb, "alone", SANDBOX_READ);
	ck_assert_int_eq(pipe(told), 0);
	if (fork() == 0) {
		/* Not in it. */
		_exit(read(told[0], &ch, 1) != 1 ||
		    rename("in/file", "alone") == -1);
	}
	enter(sb);
	sandbox_free(sb);
	ck_assert_int_eq(try("alone", O_RDONLY), 0);
	ck_assert_int_eq(write(told[1], "x", 1), 1);
	ck_assert_int_ne(wait(NULL), -1);
	ck_assert_int_eq(try("alone", O_RDONLY), EACCES);
	/* What was open before stays so. */
	ck_assert_int_eq(read(fd, &ch, 1), 1);
}
END_TEST

START_TEST(a_child_is_in_it_too)
{
	struct sandbox *sb = sandbox_new();
	int status;

	enter(sb);
	sandbox_free(sb);
	if (fork() == 0)
		_exit(try("alone", O_RDONLY) == EACCES &&
		    socket(AF_NETLINK, SOCK_RAW, 0) == -1 &&
		    errno == EAFNOSUPPORT ? 0 : 1);
	ck_assert_int_ne(wait(&status), -1);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
END_TEST

/*
 * With nonsense for arguments, of which each says another thing than EPERM
 * where nobody holds it back, if root asks.
 */
static const struct {
	const char *name;
	long nr, arg[3];
} calls[] = {
	{ "chmod", SYS_fchmodat, { AT_FDCWD, 1, 0 } },
	{ "fchmodat2", 452, { AT_FDCWD, 1, 0 } },
	{ "chown", SYS_fchownat, { AT_FDCWD, 1, 0 } },
	{ "setxattr", SYS_setxattr, { 1, 1, 1 } },
	{ "lsetxattr", SYS_lsetxattr, { 1, 1, 1 } },
	{ "setxattrat", 463, { AT_FDCWD, 1, 0 } },
	{ "removexattr", SYS_removexattr, { 1, 1, 0 } },
	{ "lremovexattr", SYS_lremovexattr, { 1, 1, 0 } },
	{ "removexattrat", 466, { AT_FDCWD, 1, 0 } },
	{ "mount", SYS_mount, { 1, 1, 1 } },
	{ "umount2", SYS_umount2, { 1, 0, 0 } },
	{ "pivot_root", SYS_pivot_root, { 1, 1, 0 } },
	{ "chroot", SYS_chroot, { 1, 0, 0 } },
	{ "open_by_handle_at", SYS_open_by_handle_at, { -1, 1, 0 } },
	{ "setns", SYS_setns, { -1, 0, 0 } },
	{ "unshare", SYS_unshare, { 1, 0, 0 } },
	{ "bpf", SYS_bpf, { 0, 1, 8 } },
	{ "perf_event_open", SYS_perf_event_open, { 1, 0, 0 } },
	{ "init_module", SYS_init_module, { 1, 1, 1 } },
	{ "finit_module", SYS_finit_module, { -1, 1, 0 } },
	{ "delete_module", SYS_delete_module, { 1, 0, 0 } },
	{ "kexec_load", SYS_kexec_load, { 0, 17, 1 } },
	{ "kexec_file_load", SYS_kexec_file_load, { -1, -1, 0 } },
	{ "reboot", SYS_reboot, { 0, 0, 0 } },
	{ "swapon", SYS_swapon, { 1, 0, 0 } },
	{ "swapoff", SYS_swapoff, { 1, 0, 0 } },
	{ "settimeofday", SYS_settimeofday, { 1, 0, 0 } },
	{ "clock_settime", SYS_clock_settime, { CLOCK_REALTIME, 1, 0 } },
};

START_TEST(root_can_change_no_file_by_name_and_no_machine)
{
	struct sandbox *sb = sandbox_new();
	int fd = open("in/file", O_RDONLY | O_CLOEXEC);
	bool reached[LENGTH(calls)];
	size_t i, n = 0;

	for (i = 0; i < LENGTH(calls); i++) {
		reached[i] = syscall(calls[i].nr, calls[i].arg[0],
		    calls[i].arg[1], calls[i].arg[2], 0, 0) == -1 &&
		    errno != EPERM;
		n += reached[i];
	}
	ck_assert_uint_gt(n, 5);
	enter(sb);
	sandbox_free(sb);
	for (i = 0; i < LENGTH(calls); i++)
		ck_assert_msg(!reached[i] || (syscall(calls[i].nr,
		    calls[i].arg[0], calls[i].arg[1], calls[i].arg[2], 0, 0) ==
		    -1 && errno == EPERM), "%s", calls[i].name);
	/* By descriptor, as restores need it. */
	ck_assert_int_eq(fchmod(fd, 0640), 0);
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

#ifdef __x86_64__
/* getpid(2) as a program of 32 bits asks for it: the pid or -errno. */
static long
getpid_of_i386(void)
{
	long r = 20;

	__asm__ volatile ("int $0x80" : "+a" (r) : :
	    "memory", "r8", "r9", "r10", "r11");
	return (r);
}

/* Not by those of a processor that has no such programs: it sends a signal. */
static bool
has_i386(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(getpid_of_i386() == getpid() ? 0 : 1);
	return (waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	    WEXITSTATUS(status) == 0);
}

/* The numbers of calls are others there, so that none can be told apart. */
START_TEST(no_call_is_made_as_another_architecture_makes_it)
{
	struct sandbox *sb = sandbox_new();
	bool i386 = has_i386();

	enter(sb);
	sandbox_free(sb);
	ck_assert_int_eq(syscall(SYS_getpid), getpid());
	/* x32. */
	errno = 0;
	ck_assert_int_eq(syscall(0x40000000 | SYS_getpid), -1);
	ck_assert_int_eq(errno, EPERM);
	if (i386)
		ck_assert_int_eq(getpid_of_i386(), -EPERM);
}
END_TEST
#endif

START_TEST(none_and_one_turned_off_hold_nothing_back)
{
	struct sandbox *sb = sandbox_new();

	enter(NULL);
	ck_assert_int_eq(try("alone", O_RDWR), 0);
	sandbox_turn_off();
	enter(sb);
	sandbox_free(sb);
	sandbox_free(NULL);
	ck_assert_int_eq(try("alone", O_RDWR), 0);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("sandbox");

	tcase_add_unchecked_fixture(tc, begin, end);
	tcase_add_checked_fixture(tc, setup, NULL);
	if (sandbox_has_files()) {
		tcase_add_test(tc,
		    what_is_granted_to_be_read_can_only_be_read);
		tcase_add_test(tc,
		    what_is_granted_to_be_written_can_be_changed_but_not_left);
		tcase_add_test(tc,
		    a_link_leads_to_what_is_granted_and_from_it_nowhere);
		tcase_add_test(tc, what_replaces_a_file_is_another);
		tcase_add_test(tc, a_child_is_in_it_too);
	}
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != -1) {
		tcase_add_test(tc,
		    root_can_change_no_file_by_name_and_no_machine);
#ifdef __x86_64__
		tcase_add_test(tc,
		    no_call_is_made_as_another_architecture_makes_it);
#endif
	}
	tcase_add_test(tc, none_and_one_turned_off_hold_nothing_back);
	return (run_suite(tc));
}
