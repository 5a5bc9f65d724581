/*
 * What a walk finds is the same whether it reads all directories or recalls
 * those that have not changed; and when it may do that.
 */
#include "fleet/recall.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "unit/chance.h"
#include "unit/forest.h"

static struct recall *recall;
static const struct buf some = { .data = (uint8_t *)"\010x.db", .len = 6,
    .cap = 6 };

static void
setup(void)
{
	forest_setup();
	recall = recall_new(1024 * 1024);
	recall_turn(recall);
}

static void
teardown(void)
{
	recall_free(recall);
	forest_teardown();
}

/* Keep "entries" of a directory, after "ms" in which it was left alone; is it
 * recalled? */
static bool
kept_of(const char *name, const struct buf *entries, int64_t ms)
{
	char *path = at(name);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct buf *got;
	struct stat st;

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(fstat(fd, &st), 0);
	recall_keep(recall, fd, &st, (int64_t)st.st_ctim.tv_sec * 1000 +
	    st.st_ctim.tv_nsec / 1000000 + ms, entries);
	if ((got = recall_get(recall, &st)) != NULL) {
		ck_assert_uint_eq(got->len, entries->len);
		ck_assert_mem_eq(got->data, entries->data, got->len);
	}
	(void)close(fd);
	free(path);
	return (got != NULL);
}

static bool
has(const char *name)
{
	char *path = at(name);
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	free(path);
	return (recall_get(recall, &st) != NULL);
}

/* Is the scratch directory on a file system that is trusted? */
static bool
can(void)
{
	struct recall *tests = recall;
	bool kept;

	recall = recall_new(1024);
	make_dir("probe");
	kept = kept_of("probe", &some, 2 * RECALL_SETTLE_MS);
	recall_free(recall);
	recall = tests;
	if (!kept)
		printf("# nothing is recalled from the file system of %s\n",
		    top);
	return (kept);
}

/* The tests say that there was much time, so there must be some. */
static void
tick(void)
{
	(void)poll(NULL, 0, 30);
}

START_TEST(what_has_settled_is_kept_until_it_changes)
{
	char *d, *x;

	make_file("d/x");
	make_dir("other");
	if (!can())
		return;
	ck_assert(!kept_of("d", &some, 0));
	ck_assert(!kept_of("d", &some, 1000));
	ck_assert(kept_of("d", &some, RECALL_SETTLE_MS + 10));
	/* What is read anew while it is changed is not kept any longer. */
	ck_assert(!kept_of("d", &some, 1000));
	ck_assert(!has("d"));
	ck_assert(kept_of("d", &some, RECALL_SETTLE_MS + 10));
	ck_assert(!has("other"));
	tick();
	make_file("d/y");
	ck_assert(!has("d"));
	ck_assert(kept_of("d", &some, RECALL_SETTLE_MS + 10));
	d = at("d");
	x = at("d/x");
	tick();
	ck_assert_int_eq(unlink(x), 0);
	ck_assert(!has("d"));
	ck_assert(kept_of("d", &some, RECALL_SETTLE_MS + 10));
	tick();
	ck_assert_int_eq(chmod(d, 0700), 0);
	ck_assert(!has("d"));
	free(d);
	free(x);
}
END_TEST

/* Times of a file can be set, but that of its inode's change cannot. */
START_TEST(a_time_that_was_set_deceives_nobody)
{
	struct timespec ts[2];
	struct stat st;
	char *d;

	make_file("d/x");
	if (!can())
		return;
	d = at("d");
	ck_assert(kept_of("d", &some, RECALL_SETTLE_MS + 10));
	ck_assert_int_eq(stat(d, &st), 0);
	ts[0] = st.st_atim;
	ts[1] = st.st_mtim;
	tick();
	make_file("d/y");
	ck_assert_int_eq(utimensat(AT_FDCWD, d, ts, 0), 0);
	ck_assert(!has("d"));
	free(d);
}
END_TEST

START_TEST(all_is_read_anew_now_and_then)
{
	char name[16];
	int i, turn, nread, most = 0;

	if (!can())
		return;
	for (i = 0; i < 64; i++) {
		(void)snprintf(name, sizeof(name), "d%d", i);
		make_dir(name);
		ck_assert(kept_of(name, &some, RECALL_SETTLE_MS + 10));
	}
	for (turn = 1; turn < RECALL_TURNS; turn++) {
		recall_turn(recall);
		nread = 0;
		for (i = 0; i < 64; i++) {
			(void)snprintf(name, sizeof(name), "d%d", i);
			if (has(name))
				continue;
			nread++;
			ck_assert(kept_of(name, &some, RECALL_SETTLE_MS + 10));
		}
		if (nread > most)
			most = nread;
	}
	/* Not all at once. */
	ck_assert_int_gt(most, 0);
	ck_assert_int_lt(most, 64);
	for (turn = 0; turn < RECALL_TURNS; turn++) {
		recall_turn(recall);
		(void)has("d0");
	}
	ck_assert(!has("d0"));
}
END_TEST

START_TEST(what_is_not_asked_for_is_forgotten)
{
	struct buf large = { 0 };

	make_dir("d");
	make_dir("e");
	if (!can())
		return;
	(void)buf_room(&large, 800 * 1000);
	memset(large.data, 'x', large.cap);
	large.len = 800 * 1000;
	ck_assert(kept_of("d", &large, RECALL_SETTLE_MS + 10));
	/* There is no room for both, until one is forgotten. */
	ck_assert(!kept_of("e", &large, RECALL_SETTLE_MS + 10));
	ck_assert(kept_of("e", &some, RECALL_SETTLE_MS + 10));
	ck_assert(kept_of("d", &large, RECALL_SETTLE_MS + 10));
	recall_turn(recall);
	(void)has("e");
	ck_assert(!kept_of("e", &large, RECALL_SETTLE_MS + 10));
	recall_turn(recall);
	ck_assert(!has("d"));
	ck_assert(kept_of("e", &large, RECALL_SETTLE_MS + 10));
	buf_fini(&large);
}
END_TEST

START_TEST(unknown_file_systems_are_read)
{
	int fd = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(fstat(fd, &st), 0);
	recall_keep(recall, fd, &st, clock_real_ms() + 60 * 1000, &some);
	ck_assert_ptr_null(recall_get(recall, &st));
	(void)close(fd);
}
END_TEST

enum { NDIRS = 400, NSTEPS = 120, NNAMES = 6 };

/* Some change somewhere: a file or directory comes, goes, becomes another. */
static void
change(void)
{
	static const char *const names[NNAMES] = { "a.db", "b.db", "a.db-wal",
	    "b.db-journal", "sub", "x" };
	char from[64], to[64], *p, *q;

	(void)snprintf(from, sizeof(from), "d%zu/%s", below(NDIRS),
	    names[below(NNAMES)]);
	(void)snprintf(to, sizeof(to), "d%zu/%s", below(NDIRS),
	    names[below(NNAMES)]);
	p = at(from);
	q = at(to);
	switch (below(6)) {
	case 0:
		(void)mkdir(p, 0755);
		break;
	case 1:
		if (unlink(p) == -1)
			(void)rmdir(p);
		break;
	case 2:
		(void)rename(p, q);
		break;
	case 3:
		if (link(p, q) == -1)
			(void)unlink(q);
		break;
	case 4:
		if (symlink("x", q) == -1)
			(void)unlink(q);
		break;
	default:
		(void)close(open(p, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	}
	free(p);
	free(q);
}

/* The lines of the last walk as one text; to be freed. */
static char *
text(void)
{
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < nlines; i++)
		buf_printf(&b, "%s\n", lines[i]);
	buf_putc(&b, '\n');
	return (buf_take(&b));
}

START_TEST(a_walk_that_recalls_finds_the_same)
{
	static const char *const patterns[] = { "d[0-9]/*.db", "**/*.db",
	    "**/*-wal" };
	char name[16], *read, *recalled;
	int i, n = 0;

	for (i = 0; i < NDIRS; i++) {
		(void)snprintf(name, sizeof(name), "d%d/sub", i);
		make_dir(name);
	}
	for (i = 0; i < 5 * NDIRS; i++)
		change();
	if (!can())
		return;
	(void)poll(NULL, 0, RECALL_SETTLE_MS + 100);
	for (i = 0; i < NSTEPS; i++) {
		change();
		cfg.follow = i % 2 == 1;
		cfg.recall = NULL;
		ck_assert_int_eq(walk_by(3, patterns), 0);
		read = text();
		cfg.recall = recall;
		ck_assert_int_eq(walk_by(3, patterns), 0);
		recalled = text();
		ck_assert_str_eq(recalled, read);
		free(read);
		free(recalled);
	}
	/* It did recall. */
	for (i = 0; i < NDIRS; i++) {
		(void)snprintf(name, sizeof(name), "d%d", i);
		n += has(name);
	}
	printf("# %d of %d directories are recalled\n", n, NDIRS);
	ck_assert_int_gt(n, NDIRS / 10);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("recall");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, what_has_settled_is_kept_until_it_changes);
	tcase_add_test(tc, a_time_that_was_set_deceives_nobody);
	tcase_add_test(tc, all_is_read_anew_now_and_then);
	tcase_add_test(tc, what_is_not_asked_for_is_forgotten);
	tcase_add_test(tc, unknown_file_systems_are_read);
	tcase_add_test(tc, a_walk_that_recalls_finds_the_same);
	return (run_suite(tc));
}
