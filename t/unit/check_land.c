/*
 * Files land below a root and nowhere else, whole or not at all, and never
 * over or beside what they must not meet.
 */
#include "job/land.h"

#include <errno.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "unit/olddb.h"
#include "unit/suite.h"

static char *root;
static struct land *land;

static void
setup(void)
{
	struct err e;

	scratch_make();
	root = mem_printf("%s/root", scratch);
	land = land_new(root, NULL, &e);
	ck_assert_msg(land != NULL, "%s", e.msg);
}

static void
teardown(void)
{
	land_free(land);
	free(root);
	scratch_remove();
}

/* The path of something below the root; good for four calls. */
static const char *
at(const char *rel)
{
	static char *path[4];
	static int i;

	i = (i + 1) % 4;
	free(path[i]);
	path[i] = mem_printf("%s/%s", root, rel);
	return (path[i]);
}

static struct land_file *
begin(const char *rel, const char *text, bool replace)
{
	struct land_file *f;
	struct err e;

	f = land_begin(land, rel, replace, &e);
	ck_assert_msg(f != NULL, "%s", e.msg);
	ck_assert_int_eq(io_write(f->fd, text, strlen(text), rel, &e), 0);
	return (f);
}

static void
add(const char *rel, const char *text, bool replace)
{
	land_add(land, begin(rel, text, replace), strlen(text));
}

/* Sync; returns the class of the only file, or that all have. */
static enum err_class
sync_all(struct err *e)
{
	struct land_file *f;
	enum err_class cls = ERR_NONE;

	land_sync(land, 0);
	ck_assert_uint_eq(land_nadded(land), 0);
	while ((f = land_next(land)) != NULL) {
		cls = f->err == NULL ? ERR_NONE : f->err->cls;
		if (f->err != NULL)
			*e = *f->err;
		land_drop(land, f);
	}
	return (cls);
}

/* Begin fails with this class. */
static void
refused(const char *rel, enum err_class cls)
{
	struct land_file *f;
	struct err e;

	f = land_begin(land, rel, false, &e);
	ck_assert_msg(f == NULL, "%.40s", rel);
	ck_assert_msg(e.cls == cls, "%.40s: %s: %.200s", rel,
	    err_class_name(e.cls), e.msg);
}

static bool
holds(const char *path, const char *text)
{
	struct buf b = bytes_of(path, "");
	bool ret = b.data != NULL && strcmp(buf_str(&b), text) == 0;

	buf_fini(&b);
	return (ret);
}

/* How many names there are in a directory. */
static int
names(const char *path)
{
	struct dirent *de;
	DIR *d = opendir(path);
	int n = -2;

	ck_assert_ptr_nonnull(d);
	while ((de = readdir(d)) != NULL)
		n++;
	closedir(d);
	return (n);
}

static unsigned
mode_of(const char *path)
{
	struct stat st;

	ck_assert_int_eq(lstat(path, &st), 0);
	return (st.st_mode & 07777);
}

START_TEST(files_land_with_their_directories)
{
	struct err e;

	add("x.db", "x", false);
	add("a/b/y.db", "y", false);
	add("a/b/z.db", "z", false);
	ck_assert_uint_eq(land_nadded(land), 3);
	/* None has a name before all are on the disk. */
	ck_assert_int_eq(names(root), 1);
	ck_assert_int_eq(names(at("a/b")), 0);
	ck_assert_int_eq(sync_all(&e), ERR_NONE);
	ck_assert(holds(at("x.db"), "x"));
	ck_assert(holds(at("a/b/y.db"), "y"));
	ck_assert(holds(at("a/b/z.db"), "z"));
	ck_assert_int_eq(names(root), 2);
	ck_assert_int_eq(names(at("a/b")), 2);
	ck_assert_uint_eq(mode_of(at("x.db")), 0600);
	ck_assert_uint_eq(mode_of(at("a")), 0700);
	ck_assert_uint_eq(mode_of(root), 0700);
}
END_TEST

START_TEST(a_hostile_umask_changes_nothing_and_comes_back)
{
	struct err e;

	land_free(land);
	(void)umask(0777);
	ck_assert_ptr_nonnull(land = land_new(root, NULL, &e));
	add("a/x.db", "x", false);
	ck_assert_int_eq(sync_all(&e), ERR_NONE);
	ck_assert_uint_eq(mode_of(at("a/x.db")), 0600);
	ck_assert_uint_eq(mode_of(at("a")), 0700);
	land_free(land);
	land = NULL;
	ck_assert_uint_eq(umask(022), 0777);
}
END_TEST

START_TEST(what_is_not_synced_vanishes)
{
	struct land_file *f = begin("y.db", "y", false);

	add("x.db", "x", false);
	land_drop(land, f);
	land_free(land);
	land = NULL;
	ck_assert_int_eq(names(root), 0);
}
END_TEST

static const char *const parts[] = { "", "-wal", "-shm", "-journal" };

START_TEST(what_is_there_is_not_replaced_nor_joined)
{
	const char *suffix;
	struct err e;
	char *name = mem_printf("a/x.db%s", parts[_i]);

	ck_assert_int_eq(land_look(land, "a/x.db", &suffix, &e), 0);
	ck_assert_ptr_null(suffix);
	add("a/x.db", "new", false);
	put_bytes(at("a/x.db"), parts[_i], "old", 3);
	ck_assert_int_eq(sync_all(&e), ERR_EXISTS);
	ck_assert_ptr_nonnull(strstr(e.msg, name));
	ck_assert(holds(at(name), "old"));
	ck_assert_int_eq(names(at("a")), 1);
	ck_assert_int_eq(land_look(land, "a/x.db", &suffix, &e), 0);
	ck_assert_str_eq(suffix, parts[_i]);
	free(name);
}
END_TEST

START_TEST(a_companion_of_one_that_is_there_is_refused)
{
	char *name = mem_printf("x.db%s", parts[_i]);
	const char *suffix;
	struct err e;

	add(name, "new", _i == 1);
	put_bytes(at("x.db"), "", "old", 3);
	ck_assert_int_eq(sync_all(&e), ERR_EXISTS);
	ck_assert_ptr_nonnull(strstr(e.msg, "x.db"));
	ck_assert_int_eq(names(root), 1);
	ck_assert_int_eq(land_look(land, name, &suffix, &e), -1);
	ck_assert_int_eq(e.cls, ERR_EXISTS);
	free(name);
}
END_TEST

START_TEST(two_of_a_batch_that_must_not_meet_do_not)
{
	struct land_file *f;
	int n = 0;

	add(_i == 0 ? "x.db" : "x.db-wal", "1", false);
	add(_i == 0 ? "x.db-wal" : "x.db", "2", false);
	land_sync(land, 0);
	while ((f = land_next(land)) != NULL) {
		n += f->err != NULL && f->err->cls == ERR_EXISTS;
		land_drop(land, f);
	}
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(names(root), 1);
	ck_assert(holds(at(_i == 0 ? "x.db" : "x.db-wal"), "1"));
}
END_TEST

START_TEST(no_link_is_followed)
{
	const char *suffix;
	struct err e;

	ck_assert_int_eq(mkdir(at("real"), 0700), 0);
	ck_assert_int_eq(symlink("real", at("inside")), 0);
	ck_assert_int_eq(symlink(scratch, at("outside")), 0);
	ck_assert_int_eq(symlink("nowhere", at("dangling")), 0);
	ck_assert_int_eq(symlink("../../out.db", at("real/x.db")), 0);
	refused("inside/x.db", ERR_DENIED);
	refused("outside/x.db", ERR_DENIED);
	refused("outside/a/b/x.db", ERR_DENIED);
	refused("dangling/x.db", ERR_DENIED);
	refused("dangling/a/x.db", ERR_DENIED);
	ck_assert_int_eq(land_look(land, "outside/x.db", &suffix, &e), -1);
	ck_assert_int_eq(e.cls, ERR_DENIED);
	ck_assert_int_eq(land_read(land, "outside/x.db", &e), -1);
	ck_assert_int_eq(e.cls, ERR_DENIED);
	ck_assert_int_eq(land_read(land, "real/x.db", &e), -1);
	ck_assert_int_eq(e.cls, ERR_NOTFOUND);
	/* As the name itself it is something that is there. */
	add("real/x.db", "x", false);
	ck_assert_int_eq(sync_all(&e), ERR_EXISTS);
	add("real/x.db", "x", true);
	ck_assert_int_eq(sync_all(&e), ERR_EXISTS);
	ck_assert_ptr_nonnull(strstr(e.msg, at("real/x.db")));
	ck_assert_int_eq(names(scratch), 1);
}
END_TEST

START_TEST(a_directory_that_becomes_a_link_leads_nowhere)
{
	char *away = mem_printf("%s/away", scratch);
	struct err e;

	ck_assert_int_eq(mkdir(away, 0700), 0);
	add("a/x.db", "x", _i == 1);
	ck_assert_int_eq(rename(at("a"), at("b")), 0);
	ck_assert_int_eq(symlink(away, at("a")), 0);
	if (_i == 1) {
		put_bytes(at("b/x.db"), "", "text", 4);
		put_bytes(away, "/x.db", "text", 4);
	}
	ck_assert_int_eq(sync_all(&e), ERR_NONE);
	ck_assert(holds(at("b/x.db"), "x"));
	ck_assert_int_eq(names(away), _i);
	free(away);
}
END_TEST

static const char *const improper[] = {
	"", "/x", "..", "../x", "a/../x", "a/..", ".", "./x", "a//x", "a/",
	"a/./x", "/", "a/b/../../../x",
};

START_TEST(a_path_that_leaves_the_root_is_refused)
{
	refused(improper[_i], ERR_DENIED);
	ck_assert_int_eq(names(scratch), 1);
}
END_TEST

START_TEST(a_file_is_no_directory_nor_the_other_way_round)
{
	const char *suffix;
	struct err e;

	add("a", "file", false);
	ck_assert_int_eq(sync_all(&e), ERR_NONE);
	refused("a/b", ERR_EXISTS);
	refused("a/b/c", ERR_EXISTS);
	ck_assert_int_eq(land_look(land, "a/b", &suffix, &e), -1);
	ck_assert_int_eq(e.cls, ERR_EXISTS);
	/* Both in one batch: the directory is there first. */
	add("d/x", "x", false);
	add("d", "file", _i == 1);
	ck_assert_int_eq(sync_all(&e), ERR_EXISTS);
	ck_assert(holds(at("d/x"), "x"));
	/* A directory is no database: this is nobody's companion. */
	add("d-wal", "w", false);
	ck_assert_int_eq(sync_all(&e), ERR_NONE);
	ck_assert(holds(at("d-wal"), "w"));
}
END_TEST

/* What is too long for a path goes by descriptors. */
START_TEST(a_tree_may_be_deep_and_a_path_long)
{
	struct buf b = { 0 };
	struct err e;
	int i, fd;

	for (i = 0; i < (_i == 0 ? 1000 : 40); i++)
		buf_printf(&b, _i == 0 ? "d/" : "%0200d/", 7);
	buf_puts(&b, "x.db");
	add(buf_str(&b), "x", false);
	ck_assert_int_eq(sync_all(&e), ERR_NONE);
	ck_assert_int_ne(fd = land_read(land, buf_str(&b), &e), -1);
	close(fd);
	add(buf_str(&b), "y", false);
	ck_assert_int_eq(sync_all(&e), ERR_EXISTS);
	add(buf_str(&b), "y", true);
	ck_assert_msg(sync_all(&e) == ERR_NONE, "%s", e.msg);
	/* From the root once more. */
	land_free(land);
	ck_assert_ptr_nonnull(land = land_new(root, NULL, &e));
	ck_assert_int_ne(fd = land_read(land, buf_str(&b), &e), -1);
	close(fd);
	buf_fini(&b);
}
END_TEST

START_TEST(names_may_be_255_bytes_long)
{
	char name[260] = "a/";
	struct err e;

	memset(name + 2, 'n', 256);
	refused(name, ERR_LIMIT);
	name[257] = '\0';
	add(name, "x", false);
	ck_assert_int_eq(sync_all(&e), ERR_NONE);
	add(name, "y", true);
	ck_assert_int_eq(sync_all(&e), ERR_NONE);
	ck_assert(holds(at(name), "y"));
	memset(name, 'd', 256);
	name[256] = '/';
	refused(name, ERR_DENIED);
	name[257] = 'x';
	refused(name, ERR_LIMIT);
}
END_TEST

/* From here on the kernel knows no O_TMPFILE, as on NFS. */
static void
forbid_tmpfile(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_TMPFILE & ~O_DIRECTORY,
		    0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { LENGTH(filter), filter };

	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog),
	    0);
}

START_TEST(without_unnamed_files_hidden_ones_do)
{
	char name[256];
	struct land_file *f;
	struct err e;

	memset(name, 'n', 255);
	name[255] = '\0';
	forbid_tmpfile();
	add("a/x.db", "x", false);
	add("a/y.db", "y", true);
	ck_assert_int_eq(names(at("a")), 2);
	ck_assert(!is_there(at("a/x.db"), ""));
	ck_assert_int_eq(sync_all(&e), ERR_NONE);
	ck_assert(holds(at("a/x.db"), "x"));
	ck_assert(holds(at("a/y.db"), "y"));
	ck_assert_int_eq(names(at("a")), 2);
	add("a/x.db", "again", false);
	ck_assert_int_eq(sync_all(&e), ERR_EXISTS);
	f = begin("a/z.db", "z", false);
	land_drop(land, f);
	ck_assert_int_eq(names(at("a")), 2);
	add(name, "long", false);
	ck_assert_int_eq(sync_all(&e), ERR_NONE);
	ck_assert(holds(at(name), "long"));
}
END_TEST

START_TEST(what_was_there_gives_way_on_request)
{
	char *fresh = mem_printf("%s/fresh.db", scratch), *word;
	struct land_file *f;
	struct buf b;
	struct err e;

	old_make(at("d"), _i);
	make_db(fresh, "DELETE", "new");
	b = bytes_of(fresh, "");
	f = land_begin(land, "d/t.db", true, &e);
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(io_write(f->fd, b.data, b.len, "", &e), 0);
	land_add(land, f, b.len);
	land_sync(land, 0);
	ck_assert_ptr_eq(land_next(land), f);
	ck_assert_msg(f->err == NULL, "%s", f->err == NULL ? "" :
	    f->err->msg);
	/* What was moved is called as a person would call it. */
	ck_assert_int_eq(f->moved != NULL, !old_is_sound(_i));
	if (f->moved != NULL)
		ck_assert_ptr_eq(strstr(f->moved, at("d/t.db.replaced-")),
		    f->moved);
	land_drop(land, f);
	word = word_of(at("d/t.db"));
	ck_assert_str_eq(word, "new");
	free(word);
	buf_fini(&b);
	free(fresh);
}
END_TEST

START_TEST(one_that_is_open_elsewhere_stays)
{
	sqlite3 *db;
	int ready[2], done[2], st;
	struct err e;
	char c = 0;
	pid_t pid;

	ck_assert_int_eq(mkdir(at("d"), 0700), 0);
	make_db(at("d/t.db"), "WAL", "old");
	ck_assert(pipe(ready) == 0 && pipe(done) == 0);
	ck_assert_int_ne(pid = fork(), -1);
	if (pid == 0) {
		db = open_db(at("d/t.db"));
		run_sql(db, "BEGIN; SELECT * FROM w");
		(void)!write(ready[1], &c, 1);
		(void)!read(done[0], &c, 1);
		_exit(0);
	}
	ck_assert_int_eq(read(ready[0], &c, 1), 1);
	add("d/t.db", "new", true);
	add("y.db", "y", false);
	land_sync(land, 0);
	{
		struct land_file *f = land_next(land);

		ck_assert_ptr_nonnull(f->err);
		e = *f->err;
		land_drop(land, f);
		f = land_next(land);
		ck_assert_ptr_null(f->err);
		land_drop(land, f);
	}
	ck_assert_int_eq(e.cls, ERR_BUSY);
	ck_assert_ptr_nonnull(strstr(e.msg, at("d/t.db")));
	ck_assert_ptr_null(strstr(e.msg, "/proc"));
	ck_assert_int_eq(write(done[1], &c, 1), 1);
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
	ck_assert(is_there(at("d/t.db"), ""));
}
END_TEST

START_TEST(few_descriptors_make_small_batches)
{
	struct rlimit rl = { 64, 64 };
	struct err e;
	char rel[32];
	int i, n = 0, r;

	/* Valgrind leaves the hard limit as it is. */
	if ((r = setrlimit(RLIMIT_NOFILE, &rl)) == -1 && errno == EPERM) {
		(void)printf("# skipped: %s: the limit cannot be lowered\n",
		    __func__);
		return;
	}
	ck_assert_int_eq(r, 0);
	land_free(land);
	ck_assert_ptr_nonnull(land = land_new(root, NULL, &e));
	for (i = 0; i < 200; i++) {
		(void)snprintf(rel, sizeof(rel), "d%d/x.db", i);
		add(rel, "x", false);
		if (land_is_full(land)) {
			ck_assert_int_eq(sync_all(&e), ERR_NONE);
			n++;
		}
	}
	ck_assert_int_eq(sync_all(&e), ERR_NONE);
	ck_assert_int_ge(n, 10);
	ck_assert_int_eq(names(root), 200);
	ck_assert(holds(at("d0/x.db"), "x"));
	ck_assert(holds(at("d199/x.db"), "x"));
}
END_TEST

START_TEST(the_soft_limit_of_descriptors_is_raised)
{
	struct rlimit rl;
	struct err e;

	land_free(land);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &rl), 0);
	rl.rlim_cur = 64;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &rl), 0);
	ck_assert_ptr_nonnull(land = land_new(root, NULL, &e));
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &rl), 0);
	ck_assert_uint_eq(rl.rlim_cur, rl.rlim_max);
}
END_TEST

START_TEST(a_directory_that_was_removed_is_made_again)
{
	struct err e;

	add("a/b/x.db", "x", false);
	ck_assert_int_eq(sync_all(&e), ERR_NONE);
	ck_assert_int_eq(unlink(at("a/b/x.db")), 0);
	add("a/b/x.db", "x", false);
	ck_assert_int_eq(rmdir(at("a/b")), 0);
	ck_assert_int_eq(rmdir(at("a")), 0);
	ck_assert_int_eq(sync_all(&e), ERR_IO);
	add("a/b/x.db", "x", false);
	ck_assert_int_eq(sync_all(&e), ERR_NONE);
	ck_assert(holds(at("a/b/x.db"), "x"));
}
END_TEST

START_TEST(a_root_that_was_removed_is_an_error)
{
	const char *rel = _i == 0 ? "x.db" : "a/x.db";
	struct err e;

	ck_assert_int_eq(rmdir(root), 0);
	for (int i = 0; i < 2; i++) {
		ck_assert_ptr_null(land_begin(land, rel, false, &e));
		ck_assert_msg(e.cls == ERR_IO, "%s", e.msg);
		ck_assert_ptr_nonnull(strstr(e.msg, root));
	}
}
END_TEST

static const struct {
	const char *hook;
	int names;
} kills[] = {
	{ "land-written=kill", 0 },
	{ "land-synced=kill", 0 },
	{ "land-linked=kill:y.db", 2 },
};

START_TEST(killed_on_the_way_it_leaves_whole_files_or_none)
{
	struct err e;
	pid_t pid;
	int st;

	ck_assert_int_ne(pid = fork(), -1);
	if (pid == 0) {
		(void)setenv("LITEFLEET_HOOK", kills[_i].hook, 1);
		land = land_new(root, NULL, &e);
		add("x.db", "x", false);
		add("y.db", "y", false);
		add("z.db", "z", false);
		(void)sync_all(&e);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
	ck_assert(WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL);
	ck_assert_int_eq(names(root), kills[_i].names);
	if (kills[_i].names > 0)
		ck_assert(holds(at("x.db"), "x") && holds(at("y.db"), "y"));
}
END_TEST

START_TEST(the_root_is_a_directory)
{
	struct err e;

	put_bytes(scratch, "/file", "x", 1);
	land_free(land);
	free(root);
	root = mem_printf("%s/file", scratch);
	ck_assert_ptr_null(land = land_new(root, NULL, &e));
	ck_assert_int_eq(e.cls, ERR_EXISTS);
	ck_assert_ptr_nonnull(strstr(e.msg, root));
	free(root);
	root = mem_printf("%s/a/b/c//", scratch);
	ck_assert_ptr_nonnull(land = land_new(root, NULL, &e));
	add("x.db", "x", false);
	ck_assert_int_eq(sync_all(&e), ERR_NONE);
	ck_assert(holds(at("x.db"), "x"));
	ck_assert_uint_gt(land_room(land), 0);
}
END_TEST

/* A directory below the root may be the root of another file system. */
START_TEST(another_file_system_below_the_root_is_synced_too)
{
	struct err e;

	if (unshare(CLONE_NEWNS) == -1 ||
	    mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mkdir(at("m"), 0700) == -1 ||
	    mount("none", at("m"), "tmpfs", 0, "size=64k") == -1)
		return;		/* not allowed here */
	land_free(land);
	ck_assert_ptr_nonnull(land = land_new(root, NULL, &e));
	add("m/a/x.db", "x", false);
	add("y.db", "y", false);
	ck_assert_int_eq(sync_all(&e), ERR_NONE);
	ck_assert(holds(at("m/a/x.db"), "x"));
	ck_assert(holds(at("y.db"), "y"));
	land_free(land);
	land = NULL;
	ck_assert_int_eq(umount(at("m")), 0);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("land");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, files_land_with_their_directories);
	tcase_add_test(tc, a_hostile_umask_changes_nothing_and_comes_back);
	tcase_add_test(tc, what_is_not_synced_vanishes);
	tcase_add_loop_test(tc, what_is_there_is_not_replaced_nor_joined, 0,
	    LENGTH(parts));
	tcase_add_loop_test(tc, a_companion_of_one_that_is_there_is_refused,
	    1, LENGTH(parts));
	tcase_add_loop_test(tc, two_of_a_batch_that_must_not_meet_do_not, 0,
	    2);
	tcase_add_test(tc, no_link_is_followed);
	tcase_add_loop_test(tc,
	    a_directory_that_becomes_a_link_leads_nowhere, 0, 2);
	tcase_add_loop_test(tc, a_path_that_leaves_the_root_is_refused, 0,
	    LENGTH(improper));
	tcase_add_loop_test(tc,
	    a_file_is_no_directory_nor_the_other_way_round, 0, 2);
	tcase_add_loop_test(tc, a_tree_may_be_deep_and_a_path_long, 0, 2);
	tcase_add_test(tc, names_may_be_255_bytes_long);
	tcase_add_test(tc, without_unnamed_files_hidden_ones_do);
	tcase_add_loop_test(tc, what_was_there_gives_way_on_request, 0,
	    OLD_NKINDS);
	tcase_add_test(tc, one_that_is_open_elsewhere_stays);
	tcase_add_test(tc, few_descriptors_make_small_batches);
	tcase_add_test(tc, the_soft_limit_of_descriptors_is_raised);
	tcase_add_test(tc, a_directory_that_was_removed_is_made_again);
	tcase_add_loop_test(tc, a_root_that_was_removed_is_an_error, 0, 2);
	tcase_add_loop_test(tc,
	    killed_on_the_way_it_leaves_whole_files_or_none, 0,
	    LENGTH(kills));
	tcase_add_test(tc, the_root_is_a_directory);
	tcase_add_test(tc,
	    another_file_system_below_the_root_is_synced_too);
	return (run_suite(tc));
}
