#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/mem.h"
#include "state/state.h"
#include "state/statedir.h"
#include "unit/suite.h"

#define URL		"file:///backup/a"

static char base[64];

/* flock(2) is replaced here: somebody removes this state meanwhile. */
static char removed[128];

int
flock(int fd, int op)
{
	struct err e;

	if (removed[0] != '\0')
		ck_assert_int_eq(io_remove_tree(AT_FDCWD, removed, &e), 0);
	removed[0] = '\0';
	return ((int)syscall(SYS_flock, fd, op));
}

static void
setup(void)
{
	(void)strcpy(base, "/tmp/check_statedir.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(base));
}

static void
teardown(void)
{
	struct err e;

	ck_assert_int_eq(io_remove_tree(AT_FDCWD, base, &e), 0);
}

static struct statedir *
open_url(const char *url)
{
	struct err e = { 0 };
	struct statedir *sd = statedir_open(base, url, 0, &e);

	ck_assert_msg(sd != NULL, "%s", e.msg);
	return (sd);
}

static void
load(const struct statedir *sd, const char *name, struct buf *b)
{
	struct err e = { 0 };

	buf_reset(b);
	ck_assert_msg(io_read_file(statedir_fd(sd), name, 4096, b, &e) == 0,
	    "%s", e.msg);
}

static void
save(const struct statedir *sd, const char *name, const void *p, size_t n)
{
	struct err e = { 0 };
	int fd = openat(statedir_fd(sd), name, O_WRONLY | O_CREAT | O_TRUNC,
	    0600);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(io_write(fd, p, n, name, &e), 0);
	ck_assert_int_eq(close(fd), 0);
}

static bool
exists(const struct statedir *sd, const char *name)
{
	return (faccessat(statedir_fd(sd), name, F_OK, 0) == 0);
}

/* Put the checksum that belongs to it in place of the last line. */
static void
seal(struct buf *b)
{
	b->len -= strlen("check 0123456789abcdef\n");
	buf_printf(b, "check %016llx\n", (unsigned long long)hash64(b->data,
	    b->len));
}

static struct state_id
id_of(struct statedir *sd)
{
	return (statedir_id(sd));
}

static bool
same_id(struct state_id a, struct state_id b)
{
	return (a.seed == b.seed && hash128_eq(a.store, b.store));
}

START_TEST(a_state_is_made_private_and_found_again)
{
	struct statedir *sd = open_url(URL);
	struct state_id id = id_of(sd);
	char hex[HASH128_HEX_BYTES], *path;
	struct stat sb;

	hash128_hex(hash128(URL, strlen(URL)), hex);
	path = mem_printf("%s/%.16s", base, hex);
	ck_assert_str_eq(statedir_path(sd), path);
	ck_assert_int_eq(fstat(statedir_fd(sd), &sb), 0);
	ck_assert_uint_eq(sb.st_mode & 07777, 0700);
	ck_assert_int_eq(fstatat(statedir_fd(sd), "id", &sb, 0), 0);
	ck_assert_uint_eq(sb.st_mode & 07777, 0600);
	ck_assert(exists(sd, "lock"));
	ck_assert_uint_ne(id.seed, 0);
	ck_assert(hash128_is_zero(id.store));
	ck_assert_int_ne(fcntl(statedir_fd(sd), F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_ne(fcntl(statedir_lock_fd(sd), F_GETFD) & FD_CLOEXEC, 0);
	statedir_close(sd);
	sd = open_url(URL);
	ck_assert(same_id(id, id_of(sd)));
	statedir_close(sd);
	free(path);
}
END_TEST

START_TEST(each_store_has_its_own_state_and_seed)
{
	struct statedir *a = open_url(URL), *b = open_url(URL "b");

	ck_assert_str_ne(statedir_path(a), statedir_path(b));
	ck_assert_uint_ne(id_of(a).seed, id_of(b).seed);
	statedir_close(b);
	statedir_close(a);
}
END_TEST

START_TEST(id_is_text_as_the_manual_says)
{
	const struct hash128 store = { .hi = 0xabc, .lo = 0xdef };
	struct statedir *sd = open_url(URL "\n%");
	struct buf b = { 0 };
	struct err e = { 0 };
	char *want;

	ck_assert_int_eq(statedir_set_store(sd, store, &e), 0);
	load(sd, "id", &b);
	want = mem_printf("litefleet-state 1\nurl " URL "\\n%%\n"
	    "seed %016llx\nstore 0000000000000abc0000000000000def\ncheck ",
	    (unsigned long long)id_of(sd).seed);
	ck_assert_msg(strncmp(buf_str(&b), want, strlen(want)) == 0, "%s",
	    buf_str(&b));
	ck_assert_uint_eq(b.len, strlen(want) + 17);
	statedir_close(sd);
	sd = open_url(URL "\n%");
	ck_assert(hash128_eq(id_of(sd).store, store));
	statedir_close(sd);
	buf_fini(&b);
	free(want);
}
END_TEST

/* Where the state goes: option, environment, and who asks. */
static const struct {
	const char *dir, *state_directory, *xdg, *home;
	bool root;
	const char *want;
} bases[] = {
	{ "/opt", "/sys1", "/xdg", "/home/u", true, "/opt" },
	{ NULL, "/sys1", "/xdg", "/home/u", true, "/sys1" },
	{ NULL, "/sys1:/sys2", NULL, NULL, false, "/sys1" },
	{ NULL, "", "/xdg", "/home/u", true, "/var/lib/litefleet" },
	{ NULL, NULL, "/xdg", "/home/u", true, "/var/lib/litefleet" },
	{ NULL, NULL, "/xdg", "/home/u", false, "/xdg/litefleet" },
	{ NULL, NULL, "", "/home/u", false,
	    "/home/u/.local/state/litefleet" },
	{ NULL, NULL, NULL, "/home/u", false,
	    "/home/u/.local/state/litefleet" },
	{ NULL, NULL, NULL, NULL, false, NULL },
};

static void
set_env(const char *name, const char *value)
{
	if (value == NULL)
		(void)unsetenv(name);
	else
		(void)setenv(name, value, 1);
}

START_TEST(the_base_follows_option_environment_and_user)
{
	struct err e = { 0 };
	char *got;

	if (bases[_i].dir == NULL && bases[_i].state_directory == NULL &&
	    bases[_i].root != (geteuid() == 0) &&
	    (bases[_i].root || seteuid(65534) == -1))
		return;			/* only root can be both */
	set_env("STATE_DIRECTORY", bases[_i].state_directory);
	set_env("XDG_STATE_HOME", bases[_i].xdg);
	set_env("HOME", bases[_i].home);
	got = statedir_base(bases[_i].dir, &e);
	if (geteuid() != getuid())
		ck_assert_int_eq(seteuid(getuid()), 0);
	if (bases[_i].want == NULL) {
		ck_assert_ptr_null(got);
		ck_assert_int_eq(e.cls, ERR_CONFIG);
	} else
		ck_assert_str_eq(got, bases[_i].want);
	free(got);
}
END_TEST

/*
 * A child that holds the lock until the pipe's other end is closed.  Returns
 * that end.
 */
static int
hold(pid_t *pid)
{
	int ready[2], done[2];
	char c;

	ck_assert_int_eq(pipe(ready), 0);
	ck_assert_int_eq(pipe(done), 0);
	if ((*pid = fork()) == 0) {
		struct err e;
		struct statedir *sd = statedir_open(base, URL, 0, &e);

		(void)close(done[1]);
		if (sd == NULL || write(ready[1], "x", 1) != 1)
			_exit(1);
		_exit(read(done[0], &c, 1) == 0 ? 0 : 1);
	}
	(void)close(ready[1]);
	(void)close(done[0]);
	ck_assert_int_eq(read(ready[0], &c, 1), 1);
	(void)close(ready[0]);
	return (done[1]);
}

START_TEST(who_holds_the_lock_is_named)
{
	char host[256], *want;
	struct err e = { 0 };
	int64_t start;
	pid_t pid;
	int end = hold(&pid), status;
	struct statedir *sd;

	start = clock_mono_ms();
	ck_assert_ptr_null(statedir_open(base, URL, 200, &e));
	ck_assert_int_ge(clock_mono_ms() - start, 200);
	ck_assert_int_eq(e.cls, ERR_BUSY);
	ck_assert_int_eq(gethostname(host, sizeof(host)), 0);
	want = mem_printf("is held by pid %ld on host %s since 20", (long)pid,
	    host);
	ck_assert_msg(strstr(e.msg, want) != NULL, "%s", e.msg);
	ck_assert_ptr_nonnull(strstr(e.msg, base));
	ck_assert_ptr_nonnull(strstr(e.msg, "wait for that run or stop it"));
	(void)close(end);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	sd = open_url(URL);		/* its death has freed the lock */
	statedir_close(sd);
	free(want);
}
END_TEST

START_TEST(a_lock_that_is_freed_in_time_is_taken)
{
	struct err e = { 0 };
	struct statedir *sd;
	pid_t pid, closer;
	int end = hold(&pid), status;

	/* A child has the holder's pipe open a little longer. */
	if ((closer = fork()) == 0) {
		clock_sleep_ms(150);
		_exit(0);
	}
	(void)close(end);
	sd = statedir_open(base, URL, 10000, &e);
	ck_assert_msg(sd != NULL, "%s", e.msg);
	statedir_close(sd);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(waitpid(closer, &status, 0), closer);
}
END_TEST

START_TEST(a_child_that_inherits_the_lock_keeps_it)
{
	struct statedir *sd = open_url(URL);
	struct err e = { 0 };
	int done[2], status;
	pid_t pid;
	char c;

	ck_assert_int_eq(pipe(done), 0);
	if ((pid = fork()) == 0) {
		(void)close(done[1]);
		_exit(read(done[0], &c, 1) == 0 ? 0 : 1);
	}
	statedir_close(sd);
	ck_assert_ptr_null(statedir_open(base, URL, 0, &e));
	ck_assert_int_eq(e.cls, ERR_BUSY);
	(void)close(done[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	sd = open_url(URL);
	statedir_close(sd);
}
END_TEST

START_TEST(an_unsigned_lock_is_busy_all_the_same)
{
	struct err e = { 0 };
	struct statedir *sd = open_url(URL);

	ck_assert_int_eq(ftruncate(statedir_lock_fd(sd), 0), 0);
	ck_assert_ptr_null(statedir_open(base, URL, 0, &e));
	ck_assert_int_eq(e.cls, ERR_BUSY);
	ck_assert_ptr_nonnull(strstr(e.msg, "pid ?"));
	statedir_close(sd);
}
END_TEST

START_TEST(a_state_that_was_replaced_is_not_locked)
{
	struct err e = { 0 };
	struct statedir *sd = open_url(URL);

	(void)snprintf(removed, sizeof(removed), "%s", statedir_path(sd));
	statedir_close(sd);
	ck_assert_ptr_null(statedir_open(base, URL, 0, &e));
	ck_assert_str_eq(removed, "");
	ck_assert_int_eq(e.cls, ERR_STATE);
	ck_assert_ptr_nonnull(strstr(e.msg, "was replaced"));
	sd = open_url(URL);
	statedir_close(sd);
}
END_TEST

START_TEST(peeking_makes_nothing_and_needs_no_lock)
{
	struct err e = { 0 };
	struct statedir *sd, *peek;
	char *path;

	ck_assert_ptr_null(statedir_peek(base, URL, &e));
	ck_assert_int_eq(e.cls, ERR_GONE);
	ck_assert_int_eq(rmdir(base), 0);	/* so it is still empty */
	ck_assert_int_eq(mkdir(base, 0700), 0);

	sd = open_url(URL);
	peek = statedir_peek(base, URL, &e);
	ck_assert_msg(peek != NULL, "%s", e.msg);
	ck_assert(same_id(id_of(sd), id_of(peek)));
	ck_assert_int_eq(statedir_lock_fd(peek), -1);
	statedir_close(peek);
	path = mem_printf("%s/id", statedir_path(sd));
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_ptr_null(statedir_peek(base, URL, &e));
	ck_assert_int_eq(e.cls, ERR_GONE);
	statedir_close(sd);
	free(path);
}
END_TEST

START_TEST(the_store_is_remembered_and_reread)
{
	const struct hash128 store = { .hi = 1, .lo = 2 };
	struct statedir *sd = open_url(URL), *other;
	struct err e = { 0 };
	uint64_t seed = id_of(sd).seed;

	other = statedir_peek(base, URL, &e);
	ck_assert_ptr_nonnull(other);
	ck_assert_int_eq(statedir_set_store(sd, store, &e), 0);
	ck_assert(hash128_eq(id_of(sd).store, store));
	ck_assert(!hash128_eq(id_of(other).store, store));
	ck_assert_int_eq(statedir_reload(other, &e), 0);
	ck_assert(hash128_eq(id_of(other).store, store));
	ck_assert_uint_eq(id_of(other).seed, seed);
	ck_assert_int_eq(unlinkat(statedir_fd(sd), "id", 0), 0);
	ck_assert_int_eq(statedir_reload(other, &e), -1);
	ck_assert_int_eq(e.cls, ERR_STATE);
	ck_assert(hash128_eq(id_of(other).store, store));
	statedir_close(other);
	statedir_close(sd);
}
END_TEST

START_TEST(the_time_of_the_marker_is_kept)
{
	const struct hash128 store = { .hi = 1, .lo = 2 };
	const struct timespec old[2] = { { .tv_sec = 1000 },
	    { .tv_sec = 1000, .tv_nsec = 5000000 } };
	struct statedir *sd = open_url(URL);
	struct err e = { 0 };

	ck_assert_int_eq(statedir_marker_ms(sd), 0);
	ck_assert_int_eq(statedir_set_store(sd, store, &e), 0);
	ck_assert_int_le(llabs(statedir_marker_ms(sd) - clock_real_ms()),
	    5000);
	ck_assert_int_eq(utimensat(statedir_fd(sd), "id", old, 0), 0);
	ck_assert_int_eq(statedir_marker_ms(sd), 1000005);
	statedir_marker_seen(sd);
	ck_assert_int_le(llabs(statedir_marker_ms(sd) - clock_real_ms()),
	    5000);
	statedir_close(sd);
}
END_TEST

START_TEST(every_flipped_bit_of_id_is_noticed)
{
	const struct hash128 store = { .hi = 1, .lo = 2 };
	struct statedir *sd = open_url(URL);
	struct buf b = { 0 };
	struct err e = { 0 };
	size_t i;

	ck_assert_int_eq(statedir_set_store(sd, store, &e), 0);
	load(sd, "id", &b);
	for (i = 0; i < b.len * 8; i++) {
		b.data[i / 8] ^= (uint8_t)(1U << (i % 8));
		save(sd, "id", b.data, b.len);
		ck_assert_msg(statedir_peek(base, URL, &e) == NULL, "bit %zu",
		    i);
		ck_assert_int_eq(e.cls, ERR_STATE);
		ck_assert_ptr_nonnull(strstr(e.msg, "damaged"));
		b.data[i / 8] ^= (uint8_t)(1U << (i % 8));
	}
	for (i = 0; i < b.len; i++) {
		save(sd, "id", b.data, i);
		ck_assert_ptr_null(statedir_peek(base, URL, &e));
		ck_assert_int_eq(e.cls, ERR_STATE);
	}
	save(sd, "id", b.data, b.len);
	statedir_close(sd);
	sd = statedir_peek(base, URL, &e);
	ck_assert_msg(sd != NULL, "%s", e.msg);
	statedir_close(sd);
	buf_fini(&b);
}
END_TEST

/* What becomes of the id, and what is said. */
static const struct {
	const char *text;		/* NULL: it is removed */
	bool segment;			/* there is one */
	const char *said;
} losses[] = {
	{ "garbage\n", true, "is damaged" },
	{ NULL, true, "has lost its id" },
	{ NULL, false, NULL },
};

START_TEST(a_damaged_or_lost_id_begins_the_state_anew)
{
	struct statedir *sd = open_url(URL);
	struct state_id old = id_of(sd), now;
	struct buf said = { 0 };
	struct err e;
	int fd, saved;

	if (losses[_i].text != NULL)
		save(sd, "id", losses[_i].text, strlen(losses[_i].text));
	else
		ck_assert_int_eq(unlinkat(statedir_fd(sd), "id", 0), 0);
	if (losses[_i].segment)
		save(sd, "a7", "a segment", 9);
	save(sd, "a7.names", "names", 5);
	save(sd, "a7.new", "left over", 9);
	statedir_close(sd);
	saved = dup(STDERR_FILENO);
	fd = memfd_create("said", MFD_CLOEXEC);
	(void)dup2(fd, STDERR_FILENO);
	sd = statedir_open(base, URL, 0, &e);
	(void)dup2(saved, STDERR_FILENO);
	ck_assert_ptr_nonnull(sd);
	now = id_of(sd);
	ck_assert_uint_ne(now.seed, old.seed);
	ck_assert(hash128_is_zero(now.store));
	ck_assert(!exists(sd, "a7") && !exists(sd, "a7.names") &&
	    !exists(sd, "a7.new"));
	said.len = (size_t)io_pread(fd, buf_room(&said, 4096), 4096, 0,
	    "said", &e);
	buf_putc(&said, '\0');
	if (losses[_i].said == NULL)
		ck_assert_str_eq(buf_str(&said), "");
	else {
		ck_assert_ptr_nonnull(strstr(buf_str(&said), losses[_i].said));
		ck_assert_ptr_eq(strchr(buf_str(&said), '\n'),
		    strrchr(buf_str(&said), '\n'));
	}
	statedir_close(sd);
	sd = open_url(URL);
	ck_assert(same_id(now, id_of(sd)));
	statedir_close(sd);
	(void)close(saved);
	(void)close(fd);
	buf_fini(&said);
}
END_TEST

START_TEST(another_format_is_left_alone)
{
	struct statedir *sd = open_url(URL);
	struct buf b = { 0 };
	struct err e = { 0 };

	load(sd, "id", &b);
	b.data[strlen("litefleet-state ")] = '2';
	seal(&b);
	save(sd, "id", b.data, b.len);
	statedir_close(sd);
	ck_assert_ptr_null(statedir_open(base, URL, 0, &e));
	ck_assert_int_eq(e.cls, ERR_STATE);
	ck_assert_ptr_nonnull(strstr(e.msg, "format 2"));
	ck_assert_ptr_null(statedir_peek(base, URL, &e));
	ck_assert_int_eq(e.cls, ERR_STATE);

	/* The lock is free again: it is the format, not "busy", each time. */
	ck_assert_ptr_null(statedir_open(base, URL, 0, &e));
	ck_assert_int_eq(e.cls, ERR_STATE);
	buf_fini(&b);
}
END_TEST

START_TEST(the_state_of_another_url_is_left_alone)
{
	struct statedir *a = open_url(URL), *b = open_url(URL "b");
	struct buf id = { 0 };
	struct err e = { 0 };

	load(a, "id", &id);
	save(b, "id", id.data, id.len);
	statedir_close(b);
	ck_assert_ptr_null(statedir_open(base, URL "b", 0, &e));
	ck_assert_int_eq(e.cls, ERR_STATE);
	ck_assert_ptr_nonnull(strstr(e.msg, URL "b"));
	statedir_close(a);
	buf_fini(&id);
}
END_TEST

START_TEST(reset_forgets_all_but_the_lock)
{
	const struct hash128 store = { .hi = 1, .lo = 2 };
	struct statedir *sd = open_url(URL);
	struct err e = { 0 };
	struct state_id old;

	ck_assert_int_eq(statedir_set_store(sd, store, &e), 0);
	old = id_of(sd);
	save(sd, "00", "x", 1);
	save(sd, "ff.names", "x", 1);
	ck_assert_int_eq(statedir_reset(sd, &e), 0);
	ck_assert_uint_ne(id_of(sd).seed, old.seed);
	ck_assert(hash128_is_zero(id_of(sd).store));
	ck_assert_int_eq(statedir_marker_ms(sd), 0);
	ck_assert(!exists(sd, "00") && !exists(sd, "ff.names"));
	ck_assert_ptr_null(statedir_open(base, URL, 0, &e));
	ck_assert_int_eq(e.cls, ERR_BUSY);
	statedir_close(sd);
}
END_TEST

START_TEST(what_is_in_the_way_is_class_state)
{
	struct statedir *sd = open_url(URL);
	char *path = mem_printf("%s", statedir_path(sd)), *below;
	struct err e = { 0 };
	int fd;

	statedir_close(sd);
	ck_assert_int_eq(io_remove_tree(AT_FDCWD, path, &e), 0);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	ck_assert_int_ne(fd, -1);
	(void)close(fd);
	ck_assert_ptr_null(statedir_open(base, URL, 0, &e));
	ck_assert_int_eq(e.cls, ERR_STATE);
	ck_assert_ptr_nonnull(strstr(e.msg, path));
	ck_assert_ptr_null(statedir_peek(base, URL, &e));
	ck_assert_int_eq(e.cls, ERR_STATE);
	below = mem_printf("%s/below", path);
	ck_assert_ptr_null(statedir_open(below, URL, 0, &e));
	ck_assert_int_eq(e.cls, ERR_STATE);
	free(below);
	free(path);
}
END_TEST

START_TEST(a_full_disk_leaves_the_id)
{
	const struct hash128 store = { .hi = 1, .lo = 2 };
	struct statedir *sd;
	struct state_id old;
	struct err e = { 0 };
	char page[512] = { 1 };
	int fd;

	if (geteuid() != 0 || unshare(CLONE_NEWNS) == -1 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount("tmpfs", base, "tmpfs", 0, "size=40k") == -1) {
		fprintf(stderr, "# skipped: no tmpfs can be mounted here\n");
		return;
	}
	sd = open_url(URL);
	old = id_of(sd);
	fd = openat(statedir_fd(sd), "ballast", O_WRONLY | O_CREAT, 0600);
	ck_assert_int_ne(fd, -1);
	while (write(fd, page, sizeof(page)) > 0)
		;
	(void)close(fd);
	ck_assert_int_eq(statedir_set_store(sd, store, &e), -1);
	ck_assert_int_eq(e.cls, ERR_SPACE);
	ck_assert(same_id(old, id_of(sd)));
	ck_assert_int_eq(statedir_reload(sd, &e), 0);
	ck_assert(same_id(old, id_of(sd)));
	statedir_close(sd);
	sd = open_url(URL);	/* the lock needs no room */
	statedir_close(sd);
	ck_assert_int_eq(umount2(base, MNT_DETACH), 0);
}
END_TEST

START_TEST(the_hash_depends_on_path_and_seed)
{
	const struct state_id a = { .seed = 1 }, b = { .seed = 2 };
	struct hash128 h = statedir_hash(&a, "/a/b", 4);

	ck_assert(hash128_eq(h, statedir_hash(&a, "/a/bc", 4)));
	ck_assert(!hash128_eq(h, statedir_hash(&a, "/a/bc", 5)));
	ck_assert(!hash128_eq(h, statedir_hash(&b, "/a/b", 4)));
	ck_assert(hash128_eq(h, hash128_seeded("/a/b", 4, 1)));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("statedir");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_state_is_made_private_and_found_again);
	tcase_add_test(tc, each_store_has_its_own_state_and_seed);
	tcase_add_test(tc, id_is_text_as_the_manual_says);
	tcase_add_loop_test(tc, the_base_follows_option_environment_and_user,
	    0, LENGTH(bases));
	tcase_add_test(tc, who_holds_the_lock_is_named);
	tcase_add_test(tc, a_lock_that_is_freed_in_time_is_taken);
	tcase_add_test(tc, a_child_that_inherits_the_lock_keeps_it);
	tcase_add_test(tc, an_unsigned_lock_is_busy_all_the_same);
	tcase_add_test(tc, peeking_makes_nothing_and_needs_no_lock);
	tcase_add_test(tc, the_store_is_remembered_and_reread);
	tcase_add_test(tc, the_time_of_the_marker_is_kept);
	tcase_add_test(tc, every_flipped_bit_of_id_is_noticed);
	tcase_add_loop_test(tc, a_damaged_or_lost_id_begins_the_state_anew, 0,
	    LENGTH(losses));
	tcase_add_test(tc, a_state_that_was_replaced_is_not_locked);
	tcase_add_test(tc, another_format_is_left_alone);
	tcase_add_test(tc, the_state_of_another_url_is_left_alone);
	tcase_add_test(tc, reset_forgets_all_but_the_lock);
	tcase_add_test(tc, what_is_in_the_way_is_class_state);
	tcase_add_test(tc, a_full_disk_leaves_the_id);
	tcase_add_test(tc, the_hash_depends_on_path_and_seed);
	return (run_suite(tc));
}
