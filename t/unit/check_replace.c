/*
 * A restored file takes the place of a database, whatever state that is in,
 * and whenever the process dies on the way.
 */
#include "db/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/mem.h"
#include "db/guard.h"
#include "unit/olddb.h"
#include "unit/suite.h"

static const char *const companions[] = { "-wal", "-shm", "-journal" };
static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };

static struct buf fresh;	/* the database to be put in place */
static char *dir, *path, *tmp;	/* of the case */

static void
setup(void)
{
	/* It looks at what it has made. */
	(void)guard_exempt(true);
	char *name;

	scratch_make();
	name = mem_printf("%s/fresh.db", scratch);
	make_db(name, "DELETE", "new");
	fresh = bytes_of(name, "");
	free(name);
}

static void
clean_case(void)
{
	struct err e;

	if (dir != NULL)
		ck_assert_int_eq(io_remove_tree(AT_FDCWD, dir, &e), 0);
	free(dir);
	free(path);
	free(tmp);
	dir = path = tmp = NULL;
}

static void
teardown(void)
{
	clean_case();
	buf_fini(&fresh);
	scratch_remove();
}

/* A case begins with an old database of this kind, and the new file. */
static void
begin(int kind)
{
	char *template = mem_printf("%s/kind%d", scratch, kind);

	clean_case();
	if (!is_there(template, ""))
		old_make(template, kind);
	dir = mem_printf("%s/case", scratch);
	copy_dir(template, dir);
	path = mem_printf("%s/t.db", dir);
	tmp = mem_printf("%s/.t.db.litefleet-abcdef", dir);
	put_bytes(tmp, "", fresh.data, fresh.len);
	free(template);
}

static bool
is_fresh(const char *name)
{
	struct buf b = bytes_of(name, "");
	bool ret = same(&b, &fresh);

	buf_fini(&b);
	return (ret);
}

/* Where the old database was moved to, or NULL. */
static char *
find_aside(void)
{
	char *pattern = mem_printf("%s/t.db.replaced-*Z*", dir);
	char *ret = NULL, *end;
	glob_t g;

	if (glob(pattern, 0, NULL, &g) == 0) {
		ret = mem_strdup(g.gl_pathv[0]);
		ck_assert_ptr_nonnull(end = strstr(strrchr(ret, '/'),
		    "Z"));
		end[1] = '\0';
	}
	globfree(&g);
	free(pattern);
	return (ret);
}

static void
assert_alone(void)
{
	size_t i;

	for (i = 0; i < 3; i++)
		ck_assert_msg(!is_there(path, companions[i]),
		    "%s is beside it", companions[i]);
}

static void
assert_replaced(void)
{
	char *w;

	ck_assert(is_fresh(path));
	ck_assert(!is_there(tmp, ""));
	assert_alone();
	w = word_of(path);
	ck_assert_pstr_eq(w, "new");
	free(w);
}

/* The bytes of a part as the kind was made. */
static struct buf
made(int kind, const char *suffix)
{
	char *name = mem_printf("%s/kind%d/t.db", scratch, kind);
	struct buf b = bytes_of(name, suffix);

	free(name);
	return (b);
}

/* What SQLite cannot fold is kept: the main file and the -wal, together. */
static void
assert_kept(int kind, const char *where)
{
	struct buf a, b;
	size_t i;

	for (i = 0; i < 4; i++) {
		if (i == 2)		/* a -shm holds nothing */
			continue;
		a = made(kind, suffixes[i]);
		b = bytes_of(where, suffixes[i]);
		ck_assert_msg(same(&a, &b), "\"%s\" is lost", suffixes[i]);
		buf_fini(&a);
		buf_fini(&b);
	}
}

static int
replace(char **moved, bool *unknown, struct err *e)
{
	return (replace_db(tmp, path, 0, moved, unknown, e));
}

static void
replace_well(char **moved)
{
	bool unknown;
	struct err e;

	if (replace(moved, &unknown, &e) == -1)
		ck_abort_msg("%s", e.msg);
	ck_assert(!unknown);
}

START_TEST(a_sound_database_is_replaced_and_nothing_is_moved)
{
	char *moved;

	begin(_i);
	replace_well(&moved);
	ck_assert_ptr_null(moved);
	assert_replaced();
}
END_TEST

START_TEST(what_sqlite_cannot_read_is_moved_aside_with_its_companions)
{
	int kind = OLD_DAMAGED + _i;
	char *moved, *aside;

	begin(kind);
	replace_well(&moved);
	assert_replaced();
	ck_assert_ptr_nonnull(aside = find_aside());
	if (kind == OLD_ONLY_COMPANIONS)
		ck_assert(strncmp(moved, aside, strlen(aside)) == 0 &&
		    strcmp(moved + strlen(aside), "-wal") == 0);
	else
		ck_assert_str_eq(moved, aside);
	assert_kept(kind, aside);
	free(aside);
	free(moved);
}
END_TEST

START_TEST(a_missing_database_is_placed)
{
	char *moved;

	begin(OLD_ROLLBACK);
	remove_part(path, "");
	replace_well(&moved);
	ck_assert_ptr_null(moved);
	assert_replaced();
}
END_TEST

START_TEST(names_moved_aside_never_meet_others)
{
	char *first, *second;

	begin(OLD_TEXT);
	replace_well(&first);
	put_bytes(path, "", "text again", 10);
	put_bytes(tmp, "", fresh.data, fresh.len);
	replace_well(&second);
	ck_assert_str_ne(first, second);
	ck_assert(is_there(first, "") && is_there(second, ""));
	free(first);
	free(second);
}
END_TEST

/*
 * A process that opens the database, does "sql", says so and keeps it open
 * for ms (-1: until it is killed).
 */
static pid_t
hold(const char *sql, int ms)
{
	sqlite3 *db;
	int fds[2];
	pid_t pid;
	char c;

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	ck_assert_int_ne(pid = fork(), -1);
	if (pid == 0) {
		db = open_db(path);
		run_sql(db, sql);
		close(fds[0]);
		ck_assert_int_eq(write(fds[1], "x", 1), 1);
		if (ms == -1)
			for (;;)
				pause();
		usleep((useconds_t)ms * 1000);
		_exit(0);
	}
	close(fds[1]);
	ck_assert_int_eq(read(fds[0], &c, 1), 1);
	close(fds[0]);
	return (pid);
}

static void
end_of(pid_t pid)
{
	int st;

	(void)kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
}

static const struct {
	int kind;
	const char *sql;
} open_cases[] = {
	{ OLD_ROLLBACK, "SELECT * FROM w" },
	{ OLD_ROLLBACK, "BEGIN; SELECT * FROM w" },
	{ OLD_ROLLBACK, "BEGIN IMMEDIATE; UPDATE w SET w='x'" },
	{ OLD_WAL, "SELECT * FROM w" },
	{ OLD_WAL, "BEGIN; UPDATE w SET w='x'" },
	{ OLD_DEAD_WAL, "SELECT * FROM w" },
};

START_TEST(a_database_open_elsewhere_is_refused_unchanged)
{
	pid_t pid;
	bool unknown;
	char *moved;
	struct err e;
	struct buf before[4], after;
	size_t i;

	begin(open_cases[_i].kind);
	pid = hold(open_cases[_i].sql, -1);
	for (i = 0; i < 4; i++)
		before[i] = bytes_of(path, suffixes[i]);
	ck_assert_int_eq(replace(&moved, &unknown, &e), -1);
	ck_assert_int_eq(e.cls, ERR_BUSY);
	ck_assert_ptr_nonnull(strstr(e.msg, path));
	ck_assert_ptr_null(moved);
	for (i = 0; i < 4; i++) {
		after = bytes_of(path, suffixes[i]);
		ck_assert(same(&before[i], &after));
		buf_fini(&after);
		buf_fini(&before[i]);
	}
	ck_assert(is_fresh(tmp));
	end_of(pid);
	replace_well(&moved);
	assert_replaced();
}
END_TEST

START_TEST(a_reader_that_goes_soon_is_waited_for)
{
	pid_t pid;
	bool unknown;
	char *moved;
	struct err e;
	int st;

	begin(OLD_WAL);
	pid = hold("SELECT * FROM w", 100);
	ck_assert_int_eq(replace_db(tmp, path, 5000, &moved, &unknown, &e), 0);
	assert_replaced();
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
}
END_TEST

/*
 * Do it as another user, who may do to the file what "mode" says but gets no
 * lease on it: 0, the class of the error, or 100 for success with "unknown".
 */
static int
replace_as_nobody(mode_t mode)
{
	bool unknown;
	char *moved;
	struct err e;
	pid_t pid;
	int st;

	ck_assert_int_eq(chmod(scratch, 0755), 0);
	ck_assert_int_eq(chmod(dir, 0777), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
	ck_assert_int_ne(pid = fork(), -1);
	if (pid == 0) {
		if (setgid(65534) == -1 || setuid(65534) == -1)
			_exit(101);
		if (replace(&moved, &unknown, &e) == 0)
			_exit(unknown ? 100 : 0);
		_exit((int)e.cls);
	}
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
	ck_assert(WIFEXITED(st));
	return (WEXITSTATUS(st));
}

START_TEST(without_a_lease_locks_tell_what_they_can)
{
	pid_t pid;

	if (getuid() != 0)
		return;
	/* SQLite cannot open it to write, so it would be moved aside. */
	begin(OLD_WAL);
	pid = hold("SELECT * FROM w", -1);
	ck_assert_int_eq(replace_as_nobody(0444), ERR_BUSY);
	ck_assert(is_fresh(tmp));
	end_of(pid);

	/* Idle in rollback mode: no lock is to be seen. */
	begin(OLD_ROLLBACK);
	pid = hold("SELECT * FROM w", -1);
	ck_assert_int_eq(replace_as_nobody(0666), 100);
	end_of(pid);
	assert_replaced();
}
END_TEST

START_TEST(what_is_no_regular_file_is_refused)
{
	bool unknown;
	char *moved;
	struct err e;

	begin(OLD_ROLLBACK);
	remove_part(path, "");
	if (_i == 0)
		ck_assert_int_eq(mkdir(path, 0700), 0);
	else if (_i == 1)
		ck_assert_int_eq(symlink("/nowhere", path), 0);
	else
		ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(replace(&moved, &unknown, &e), -1);
	ck_assert_int_eq(e.cls, ERR_EXISTS);
	ck_assert(is_there(path, "") && is_fresh(tmp));
}
END_TEST

START_TEST(a_database_with_the_name_of_a_companion_is_not_lost)
{
	const char *suffix = companions[_i];
	struct buf b;
	bool unknown;
	char *moved;
	struct err e;

	begin(OLD_ROLLBACK);
	put_bytes(path, suffix, fresh.data, fresh.len);
	ck_assert_int_eq(replace(&moved, &unknown, &e), -1);
	ck_assert_int_eq(e.cls, ERR_EXISTS);
	b = bytes_of(path, suffix);
	ck_assert(same(&b, &fresh));
	buf_fini(&b);
}
END_TEST

START_TEST(when_the_new_file_cannot_be_placed_the_old_one_is_back)
{
	bool unknown;
	char *moved;
	struct err e;

	begin(OLD_DAMAGED + _i);
	ck_assert_int_eq(unlink(tmp), 0);
	ck_assert_int_eq(replace(&moved, &unknown, &e), -1);
	ck_assert_ptr_null(moved);
	ck_assert_ptr_null(find_aside());
	put_bytes(tmp, "", fresh.data, fresh.len);
	assert_kept(OLD_DAMAGED + _i, path);
}
END_TEST

/*
 * After a crash: no companion lies beside a file that it does not belong to,
 * nothing that was committed is lost, and trying again succeeds.
 */
static void
assert_crash_was_harmless(int kind, const char *when)
{
	char *aside = find_aside(), *w, *moved;
	struct buf a, b, c;
	size_t i;

	if (is_fresh(path)) {
		assert_alone();
		if (!old_is_sound(kind)) {
			ck_assert_ptr_nonnull(aside);
			assert_kept(kind, aside);
		}
	} else if (old_is_sound(kind)) {
		ck_assert_msg(is_there(path, ""), "%s: it vanished", when);
		ck_assert(is_fresh(tmp));
		if (kind != OLD_EMPTY) {
			w = word_of(path);
			ck_assert_msg(w != NULL && strcmp(w, old_word(kind)) ==
			    0, "%s: it holds %s", when, w);
			free(w);
		}
	} else {
		ck_assert(is_fresh(tmp));
		for (i = 0; i < 4; i++) {
			if (i == 2)
				continue;
			a = made(kind, suffixes[i]);
			b = bytes_of(path, suffixes[i]);
			c = bytes_of(aside != NULL ? aside : "/", suffixes[i]);
			ck_assert_msg(same(&a, &b) || same(&a, &c),
			    "%s: \"%s\" is lost", when, suffixes[i]);
			/* With the main file there, all are beside it. */
			if (kind != OLD_ONLY_COMPANIONS && is_there(path, ""))
				ck_assert_msg(same(&a, &b), "%s: \"%s\" "
				    "has gone before it", when, suffixes[i]);
			buf_fini(&a);
			buf_fini(&b);
			buf_fini(&c);
		}
	}
	put_bytes(tmp, "", fresh.data, fresh.len);
	replace_well(&moved);
	assert_replaced();
	free(moved);
	free(aside);
}

static const struct {
	int kind;
	const char *hook;
} hook_cases[] = {
	{ OLD_ROLLBACK, "replace-locked" },
	{ OLD_ROLLBACK, "replace-renamed" },
	{ OLD_DEAD_WAL, "replace-checkpointed" },
	{ OLD_DEAD_WAL, "replace-locked" },
	{ OLD_DEAD_WAL, "replace-folded" },
	{ OLD_DEAD_WAL, "replace-renamed" },
	{ OLD_DEAD_WAL_NO_SHM, "replace-locked" },
	{ OLD_HOT, "replace-locked" },
	{ OLD_HOT, "replace-folded" },
	{ OLD_HOT, "replace-renamed" },
	{ OLD_PERSIST, "replace-locked" },
	{ OLD_PERSIST, "replace-folded" },
	{ OLD_DAMAGED, "replace-moved" },
	{ OLD_DAMAGED, "replace-moved=kill:-wal" },
	{ OLD_DAMAGED, "replace-moved=kill:-shm" },
	{ OLD_DAMAGED, "replace-renamed" },
	{ OLD_CORRUPT, "replace-moved" },
	{ OLD_ONLY_COMPANIONS, "replace-moved=kill:-wal" },
	{ OLD_ONLY_COMPANIONS, "replace-moved=kill:-journal" },
	{ OLD_ONLY_COMPANIONS, "replace-renamed" },
};

START_TEST(killed_at_a_hook_it_leaves_the_old_or_the_new)
{
	const char *hook = hook_cases[_i].hook;
	char *env = mem_printf("%s%s", hook,
	    strchr(hook, '=') == NULL ? "=kill" : "");
	bool unknown;
	char *moved;
	struct err e;
	pid_t pid;
	int st;

	begin(hook_cases[_i].kind);
	ck_assert_int_ne(pid = fork(), -1);
	if (pid == 0) {
		(void)setenv("LITEFLEET_HOOK", env, 1);
		(void)replace(&moved, &unknown, &e);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
	ck_assert_msg(WIFSIGNALED(st), "%s was not reached", hook);
	assert_crash_was_harmless(hook_cases[_i].kind, hook);
	free(env);
}
END_TEST

/* Does a call of this number change what is on the disk? */
static bool
is_change(uint64_t nr)
{
	switch (nr) {
#ifdef SYS_rename
	case SYS_rename:
	case SYS_unlink:
	case SYS_link:
	case SYS_open:
#endif
	case SYS_renameat2:
	case SYS_renameat:
	case SYS_unlinkat:
	case SYS_linkat:
	case SYS_openat:
	case SYS_ftruncate:
	case SYS_pwrite64:
	case SYS_write:
		return (true);
	default:
		return (false);
	}
}

/*
 * Run replace_db() in a child and kill it at the n-th system call that
 * changes something, before it happens: 1; 0 if there was no n-th; -1 if
 * processes cannot be traced here.
 */
static int
kill_at(int n)
{
	struct __ptrace_syscall_info info = { .op = 0 };
	bool unknown;
	char *moved;
	struct err e;
	pid_t pid;
	int st;

	ck_assert_int_ne(pid = fork(), -1);
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1)
			_exit(77);
		(void)raise(SIGSTOP);
		_exit(replace(&moved, &unknown, &e) == 0 ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
	if (WIFEXITED(st))
		return (-1);
	if (ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)(uintptr_t)
	    (PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)) == -1) {
		end_of(pid);
		return (-1);
	}
	for (;;) {
		ck_assert_int_eq(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
		ck_assert_int_eq(waitpid(pid, &st, 0), pid);
		if (WIFEXITED(st)) {
			ck_assert_int_eq(WEXITSTATUS(st), 0);
			return (0);
		}
		ck_assert(WIFSTOPPED(st));
		if (WSTOPSIG(st) != (SIGTRAP | 0x80))
			continue;
		if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof(info),
		    &info) == -1) {
			end_of(pid);
			return (-1);
		}
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY &&
		    is_change(info.entry.nr) && n-- == 0) {
			end_of(pid);
			return (1);
		}
	}
}

/* A process under ASan takes long to fork and to die: try fewer calls. */
#ifdef __SANITIZE_ADDRESS__
enum { STRIDE = 9 };
#else
enum { STRIDE = 1 };
#endif

START_TEST(killed_at_any_system_call_it_leaves_the_old_or_the_new)
{
	char when[64];
	int n, r;

	for (n = 0;; n += STRIDE) {
		begin(_i);
		if ((r = kill_at(n)) != 1)
			break;
		(void)snprintf(when, sizeof(when), "kind %d, call %d", _i, n);
		assert_crash_was_harmless(_i, when);
	}
	if (r == 0) {
		ck_assert_int_gt(n, 2);
		assert_replaced();
	}
}
END_TEST

START_TEST(existing_parts_are_told_in_order)
{
	begin(OLD_TEXT);
	remove_part(path, "");
	ck_assert_ptr_null(replace_exists(path));
	put_bytes(path, "-journal", "", 0);
	ck_assert_str_eq(replace_exists(path), "-journal");
	put_bytes(path, "-shm", "", 0);
	ck_assert_str_eq(replace_exists(path), "-shm");
	put_bytes(path, "-wal", "", 0);
	ck_assert_str_eq(replace_exists(path), "-wal");
	ck_assert_int_eq(symlink("/nowhere", path), 0);
	ck_assert_str_eq(replace_exists(path), "");
}
END_TEST

START_TEST(placing_replaces_nothing)
{
	char *part;
	struct err e;

	begin(OLD_TEXT);
	remove_part(path, "");
	put_bytes(path, suffixes[_i], "x", 1);
	ck_assert_int_eq(replace_none(tmp, path, &e), -1);
	ck_assert_int_eq(e.cls, ERR_EXISTS);
	part = mem_printf("%s%s", path, suffixes[_i]);
	ck_assert_ptr_nonnull(strstr(e.msg, part));
	free(part);
	ck_assert(is_fresh(tmp));
	remove_part(path, suffixes[_i]);
	ck_assert_int_eq(replace_none(tmp, path, &e), 0);
	assert_replaced();
}
END_TEST

START_TEST(a_long_name_is_cut_between_characters)
{
	char *name, *got, long_name[261];

	got = replace_beside("a/b.db", ".", ".x", 0);
	ck_assert_str_eq(got, "a/.b.db.x");
	free(got);
	got = replace_beside("b.db", "", ".y", 8);
	ck_assert_str_eq(got, "b.db.y");
	free(got);
	memset(long_name, 'n', 255);
	long_name[255] = '\0';
	name = mem_printf("/d/%s", long_name);
	got = replace_beside(name, ".", ".z", 8);
	ck_assert_uint_eq(strlen(got), 3 + 255 - 8);
	ck_assert_str_eq(got + strlen(got) - 3, "n.z");
	free(got);
	/* U+00E9 across the place of the cut (244 bytes of the name). */
	memcpy(name + 3 + 243, "\xc3\xa9", 2);
	got = replace_beside(name, ".", ".z", 8);
	ck_assert_uint_eq(strlen(got), 3 + 255 - 8 - 1);
	ck_assert_str_eq(got + strlen(got) - 3, "n.z");
	free(got);
	free(name);
}
END_TEST

START_TEST(a_name_of_255_bytes_is_moved_aside)
{
	char name[256], *moved;
	bool unknown;
	struct err e;

	begin(OLD_TEXT);
	memset(name, 'n', 255);
	name[255] = '\0';
	free(path);
	path = mem_printf("%s/%s", dir, name);
	put_bytes(path, "", "text", 4);
	ck_assert_int_eq(replace(&moved, &unknown, &e), 0);
	ck_assert(is_fresh(path));
	ck_assert_ptr_nonnull(moved);
	ck_assert(is_there(moved, ""));
	free(moved);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("replace");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc,
	    a_sound_database_is_replaced_and_nothing_is_moved, 0, OLD_DAMAGED);
	tcase_add_loop_test(tc,
	    what_sqlite_cannot_read_is_moved_aside_with_its_companions, 0,
	    OLD_NKINDS - OLD_DAMAGED);
	tcase_add_test(tc, a_missing_database_is_placed);
	tcase_add_test(tc, names_moved_aside_never_meet_others);
	tcase_add_loop_test(tc, a_database_open_elsewhere_is_refused_unchanged,
	    0, LENGTH(open_cases));
	tcase_add_test(tc, a_reader_that_goes_soon_is_waited_for);
	tcase_add_test(tc, without_a_lease_locks_tell_what_they_can);
	tcase_add_loop_test(tc, what_is_no_regular_file_is_refused, 0, 3);
	tcase_add_loop_test(tc,
	    a_database_with_the_name_of_a_companion_is_not_lost, 0,
	    LENGTH(companions));
	tcase_add_loop_test(tc,
	    when_the_new_file_cannot_be_placed_the_old_one_is_back, 0,
	    OLD_NKINDS - OLD_DAMAGED);
	tcase_add_loop_test(tc, killed_at_a_hook_it_leaves_the_old_or_the_new,
	    0, LENGTH(hook_cases));
	tcase_add_loop_test(tc,
	    killed_at_any_system_call_it_leaves_the_old_or_the_new, 0,
	    OLD_NKINDS);
	tcase_add_test(tc, existing_parts_are_told_in_order);
	tcase_add_loop_test(tc, placing_replaces_nothing, 0, 4);
	tcase_add_test(tc, a_long_name_is_cut_between_characters);
	tcase_add_test(tc, a_name_of_255_bytes_is_moved_aside);
	return (run_suite(tc));
}
