/*
 * faultbed -- an image of a database in each state that a backup may find it
 * in, while the Nth call of a kind fails: for each N, until there is none.
 *
 * Each time it is an image that is right, or an error whose class says what
 * was wrong; nothing is held or left afterwards, and the source is as it was.
 * Who makes the calls fail asks fault_now(); a test says which.  A fault that
 * no state comes to would prove nothing: add_fault_tests() sees to that, too.
 */
#ifndef UNIT_FAULTBED_H
#define UNIT_FAULTBED_H

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>

#include "unit/sourcedb.h"
#include "unit/suite.h"
#include "unit/superdb.h"

struct fault {
	const char *name;
	int call;		/* of the test's own */
	int code;		/* what the call gives: of SQLite, or errno */
	unsigned int classes;	/* the errors that say so: 1U << ERR_... */
};

#define SAYS_IO		(1U << ERR_IO)
#define SAYS_BUSY	(1U << ERR_BUSY)
#define SAYS_DENIED	(1U << ERR_DENIED)
#define SAYS_SPACE	(1U << ERR_SPACE)
#define SAYS_CORRUPT	(1U << ERR_CORRUPT)

static struct {
	const struct fault *which;
	bool armed;
	int left;		/* calls until the one that fails */
	bool lasting;		/* and all after it */
	int hits;
} fault;

static int fault_images;
static int *fault_felt;		/* how often each came, in all states; each
				 * is a process, to which this is common */

static inline bool
fault_now(int call)
{
	if (!fault.armed || fault.which->call != call)
		return (false);
	fault.left--;
	if (fault.left != 0 && (fault.left > 0 || !fault.lasting))
		return (false);
	fault.hits++;
	return (true);
}

/* Who waits for others waits for nothing here. */
int
usleep(useconds_t us)
{
	(void)us;
	return (0);
}

int
nanosleep(const struct timespec *want, struct timespec *rest)
{
	(void)want;
	(void)rest;
	return (0);
}

/* Thousands of images: on a disk it would be the disk that takes the time. */
static inline void
faultbed_make(void)
{
	if (access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 0);
	scratch_make();
}

static inline pid_t
at_rest(void)
{
	make_db(source, FILL CHANGE);
	return (0);
}

static inline pid_t
journal_that_is_over(void)
{
	crash_db(source, "PRAGMA journal_mode = PERSIST;" FILL CHANGE);
	return (0);
}

static inline pid_t
hot_journal(void)
{
	crash_db(source, FILL SPILL);
	return (0);
}

static inline pid_t
hot_journal_of_more(void)
{
	crash_db(source, FILL SPILL GROW
	    "INSERT INTO t SELECT NULL, 1, zeroblob(150) FROM n;");
	return (0);
}

static inline pid_t
super_journal(void)
{
	char *super = mem_printf("%s/s/super", scratch);

	make_super(super);
	write_path(super, "/nowhere/x-journal", 19);
	free(super);
	return (0);
}

static inline pid_t
dead_log(void)
{
	char *shm = beside(source, "-shm");

	crash_db(source, "PRAGMA journal_mode = WAL;" FILL CHANGE);
	ck_assert_int_eq(unlink(shm), 0);
	free(shm);
	return (0);
}

static inline pid_t
orphaned_index(void)
{
	crash_db(source, "PRAGMA journal_mode = WAL;" FILL CHANGE);
	return (0);
}

static inline pid_t
held_log(void)
{
	return (hold_db(source, "PRAGMA journal_mode = WAL;" FILL CHANGE));
}

static inline pid_t
checkpointed_log(void)
{
	return (hold_db(source, "PRAGMA journal_mode = WAL;" FILL CHANGE
	    "PRAGMA wal_checkpoint"));
}

static inline pid_t
reserved(void)
{
	return (hold_db(source, FILL "BEGIN IMMEDIATE; UPDATE t SET v = 2"));
}

/* In each commit all rows are changed by one. */
static inline pid_t
busy_writer(void)
{
	sqlite3 *db;
	pid_t pid;

	make_db(source, "PRAGMA journal_mode = WAL;" FILL);
	ck_assert_int_ne(pid = fork(), -1);
	if (pid != 0)
		return (pid);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	db = open_db(source);
	run_sql(db, "PRAGMA synchronous = OFF;"
	    "PRAGMA wal_autocheckpoint = 20");
	for (;;)
		run_sql(db, "UPDATE t SET v = v + 1");
}

static const struct state {
	const char *name;
	pid_t (*make)(void);
	int64_t sum;		/* 0: a multiple of NROWS */
	size_t mem_bytes;	/* less than it has: the image is spooled */
	enum image_check check;
} states[] = {
	{ "at rest", at_rest, SUM_NEW, 8 << 20, IMAGE_CHECK_FULL },
	{ "at rest, large", at_rest, SUM_NEW, 1000, IMAGE_CHECK_FULL },
	{ "a journal that is over", journal_that_is_over, SUM_NEW, 8 << 20,
	    IMAGE_CHECK_NONE },
	{ "a writer before its commit", reserved, SUM_OLD, 8 << 20,
	    IMAGE_CHECK_NONE },
	{ "a hot journal", hot_journal, SUM_OLD, 8 << 20, IMAGE_CHECK_NONE },
	{ "a hot journal, large", hot_journal, SUM_OLD, 1000,
	    IMAGE_CHECK_NONE },
	{ "a hot journal, and it had grown", hot_journal_of_more, SUM_OLD,
	    8 << 20, IMAGE_CHECK_NONE },
	{ "a super-journal", super_journal, SUM_OLD, 8 << 20,
	    IMAGE_CHECK_NONE },
	{ "a log of nobody", dead_log, SUM_NEW, 8 << 20, IMAGE_CHECK_NONE },
	{ "a log of nobody, large", dead_log, SUM_NEW, 1000,
	    IMAGE_CHECK_NONE },
	{ "a log and an index of nobody", orphaned_index, SUM_NEW, 8 << 20,
	    IMAGE_CHECK_NONE },
	{ "a log in use", held_log, SUM_NEW, 8 << 20, IMAGE_CHECK_NONE },
	{ "a log in use, large", held_log, SUM_NEW, 1000, IMAGE_CHECK_NONE },
	{ "a log that is checkpointed", checkpointed_log, SUM_NEW, 8 << 20,
	    IMAGE_CHECK_NONE },
	{ "a writer at work", busy_writer, 0, 8 << 20, IMAGE_CHECK_NONE },
};

/* What is to be as it was: of the source all but what is in it. */
static inline void
look(struct buf *b)
{
	char *dir = mem_printf("%s/s", scratch);
	struct dirent **names;
	struct stat st;
	char *path;
	int i, n;

	buf_reset(b);
	n = scandir(dir, &names, NULL, alphasort);
	ck_assert_int_ge(n, 3);
	for (i = 0; i < n; i++) {
		path = mem_printf("%s/%s", dir, names[i]->d_name);
		if (lstat(path, &st) == 0)
			buf_printf(b, "%s %jd %jd %o %jd.%09ld %jd.%09ld "
			    "%jd.%09ld\n", names[i]->d_name,
			    (intmax_t)st.st_ino, (intmax_t)st.st_size,
			    st.st_mode, (intmax_t)st.st_atim.tv_sec,
			    st.st_atim.tv_nsec, (intmax_t)st.st_mtim.tv_sec,
			    st.st_mtim.tv_nsec, (intmax_t)st.st_ctim.tv_sec,
			    st.st_ctim.tv_nsec);
		free(path);
		free(names[i]);
	}
	free(names);
	free(dir);
}

static inline int
entries(const char *path)
{
	struct dirent *de;
	int n = 0;
	DIR *d;

	ck_assert_ptr_nonnull(d = opendir(path));
	while ((de = readdir(d)) != NULL)
		n += strcmp(de->d_name, ".") != 0 &&
		    strcmp(de->d_name, "..") != 0;
	(void)closedir(d);
	return (n);
}

/* Of this process there are none. */
static inline void
expect_no_locks(const char *what)
{
	char line[200], ours[40];
	FILE *f;

	(void)snprintf(ours, sizeof(ours), " %d ", (int)getpid());
	ck_assert_ptr_nonnull(f = fopen("/proc/locks", "r"));
	while (fgets(line, sizeof(line), f) != NULL) {
		if (strstr(line, ours) != NULL)
			ck_abort_msg("%s: a lock is left: %s", what, line);
	}
	(void)fclose(f);
}

/* No descriptor is the source's. */
static inline void
expect_let_go(const char *what)
{
	char *dir = mem_printf("%s/s/", scratch), link[PATH_MAX + 1];
	char name[40];
	ssize_t n;
	int fd;

	for (fd = 3; fd < 40; fd++) {
		(void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		if ((n = readlink(name, link, sizeof(link) - 1)) == -1)
			continue;
		link[n] = '\0';
		if (strncmp(link, dir, strlen(dir)) == 0)
			ck_abort_msg("%s: %s is still open", what, link);
	}
	free(dir);
}

static inline void
expect_right(const struct image *img, const struct state *s,
    const struct buf *want, const char *what)
{
	struct buf got = { 0 };
	struct err e;

	if (s->sum == 0) {
		if (!image_sound(img) || image_query(img,
		    "SELECT sum(v) FROM t") % NROWS != 0)
			ck_abort_msg("%s: no state that ever was", what);
		return;
	}
	ck_assert_int_eq(image_read(img, 0, buf_room(&got, (size_t)img->size),
	    (size_t)img->size, &e), 0);
	if (img->size != want->len ||
	    memcmp(got.data, want->data, want->len) != 0)
		ck_abort_msg("%s: another image than without", what);
	if (img->damaged)
		ck_abort_msg("%s: a sound image is called damaged: %s", what,
		    img->why);
	buf_fini(&got);
}

/* One image while "f" happens; false if it did not happen any more. */
static inline bool
try_fault(const struct state *s, const struct fault *f, int nth, bool lasting,
    const struct buf *want)
{
	struct buf before = { 0 }, after = { 0 };
	struct err e = { .cls = ERR_NONE };
	struct image_reader *r;
	struct image img;
	char what[200];
	int nfds, ret;

	(void)snprintf(what, sizeof(what), "%s: %s, call %d%s", s->name,
	    f->name, nth, lasting ? " and all after it" : "");
	nfds = entries("/proc/self/fd");
	look(&before);
	r = new_reader(s->mem_bytes, s->check);
	fault.hits = 0;
	fault.left = nth;
	fault.lasting = lasting;
	fault.armed = true;
	fault.which = f;
	ret = image_take(r, source, &img, &e);
	fault.armed = false;

	if (ret == 1)
		ck_abort_msg("%s: it is said to be no database", what);
	if (ret == 0)
		expect_right(&img, s, want, what);
	else if (fault.hits == 0 && s->sum != 0)
		ck_abort_msg("%s: nothing failed, but %s: %s", what,
		    err_class_name(e.cls), e.msg);
	else if ((f->classes & 1U << e.cls) == 0 &&
	    (s->sum != 0 || e.cls != ERR_BUSY))
		ck_abort_msg("%s: %s: %s", what, err_class_name(e.cls),
		    e.msg);
	expect_no_locks(what);
	expect_let_go(what);
	image_free(r);
	if (entries("/proc/self/fd") != nfds)
		ck_abort_msg("%s: %d descriptors, not %d", what,
		    entries("/proc/self/fd"), nfds);
	if (entries(spool) != 0)
		ck_abort_msg("%s: something is left in the spool", what);
	look(&after);
	if (s->sum != 0 && strcmp(buf_str(&before), buf_str(&after)) != 0)
		ck_abort_msg("%s: it was\n%s\nand is\n%s", what,
		    buf_str(&before), buf_str(&after));
	buf_fini(&before);
	buf_fini(&after);
	fault_images++;
	return (fault.hits > 0);
}

static inline void
take_want(const struct state *s, struct buf *want)
{
	struct image_reader *r = new_reader(s->mem_bytes, s->check);
	struct image img;
	struct err e;

	must_take(r, source, &img);
	if (s->sum != 0)
		ck_assert_int_eq(image_query(&img, "SELECT sum(v) FROM t"),
		    s->sum);
	buf_reset(want);
	ck_assert_int_eq(image_read(&img, 0, buf_room(want, (size_t)img.size),
	    (size_t)img.size, &e), 0);
	want->len = (size_t)img.size;
	image_free(r);
}

/* Each of them, at the first call, the second ..., in a state. */
static inline void
try_all(const struct state *s, const struct fault *faults, int n)
{
	struct buf want = { 0 };
	int i, lasting, nth;
	pid_t pid;

	busy_timeout_ms = 20;
	pid = s->make();
	if (s->sum != 0)
		take_want(s, &want);
	for (i = 0; i < n; i++) {
		/* Who is interrupted for ever tries for ever. */
		for (lasting = 0; lasting < (faults[i].code == EINTR ? 1 : 2);
		    lasting++) {
			nth = 1;
			while (try_fault(s, &faults[i], nth, lasting != 0,
			    &want)) {
				fault_felt[i]++;
				nth++;
			}
		}
	}
	if (s->sum != 0)
		take_want(s, &want);
	if (pid != 0)
		kill_db(pid);
	buf_fini(&want);
	printf("# %s: %d images\n", s->name, fault_images);
	(void)fflush(stdout);
}

/* After try_all() of all states; of "seldom" (or NULL) nothing is expected. */
static inline void
expect_all_felt(const struct fault *faults, int n, const char *seldom)
{
	struct buf never = { 0 };
	int i;

	for (i = 0; i < n; i++) {
		if (fault_felt[i] == 0 && (seldom == NULL ||
		    strcmp(faults[i].name, seldom) != 0))
			buf_printf(&never, " \"%s\"", faults[i].name);
	}
	if (never.len != 0)
		ck_abort_msg("these never came:%s", buf_str(&never));
	buf_fini(&never);
}

/* "each" in all states, then "last" once; "n" faults. */
static inline void
add_fault_tests(TCase *tc, const TTest *each, const TTest *last, int n)
{
	fault_felt = mmap(NULL, (size_t)n * sizeof(*fault_felt),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (fault_felt == MAP_FAILED)
		abort();
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, each, 0, LENGTH(states));
	tcase_add_test(tc, last);
}

#endif
