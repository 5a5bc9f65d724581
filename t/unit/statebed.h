/*
 * statebed -- what the tests of state/state.h stand on: a scratch directory
 * for each test, records made from a number and segments full of them, the
 * files' bytes, and what is said meanwhile.
 */
#ifndef UNIT_STATEBED_H
#define UNIT_STATEBED_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "state/state.h"
#include "unit/suite.h"

enum {
	SEG = 0xa7,
	FILE_BYTES_MAX = 4 << 20
};

static const struct state_id id = { .seed = 42,
    .store = { .hi = 7, .lo = 8 } };

static char dir[64];
static int dirfd = -1;

static inline void
setup(void)
{
	(void)strcpy(dir, "/tmp/check_state.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ne(dirfd, -1);
}

static inline void
teardown(void)
{
	struct err e;

	io_close(&dirfd);
	ck_assert_int_eq(io_remove_tree(AT_FDCWD, dir, &e), 0);
}

/* A test case in which each test has its own empty directory. */
static inline TCase *
statebed(const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	return (tc);
}

/* A hash of this segment; the home slots of all n spread evenly. */
static inline struct hash128
hash_of(unsigned n)
{
	struct hash128 h = hash128_seeded(&n, sizeof(n), 1);

	h.hi = h.hi >> 8 | (uint64_t)SEG << 56;
	return (h);
}

static inline struct state_rec
record(unsigned n)
{
	return ((struct state_rec){ .path = hash_of(n),
	    .fingerprint = { .hi = n, .lo = ~(uint64_t)n },
	    .content = { .hi = n * 3, .lo = n * 5 }, .key = n * 7,
	    .naming = n * 11, .stored_ms = -(int64_t)n, .fail_class = n % 16,
	    .fail_count = (uint8_t)n, .flags = n % 32, .not_before = n * 13,
	    .failing_since = n * 17 });
}

static inline bool
same(const struct state_rec *a, const struct state_rec *b)
{
	return (hash128_eq(a->path, b->path) &&
	    hash128_eq(a->fingerprint, b->fingerprint) &&
	    hash128_eq(a->content, b->content) && a->key == b->key &&
	    a->naming == b->naming && a->stored_ms == b->stored_ms &&
	    a->fail_class == b->fail_class && a->fail_count == b->fail_count &&
	    a->flags == b->flags && a->not_before == b->not_before &&
	    a->failing_since == b->failing_since);
}

static inline struct state *
open_as(unsigned seg, const struct state_id *as)
{
	struct err e = { 0 };
	struct state *st = state_open(dirfd, seg, as, &e);

	ck_assert_msg(st != NULL, "%s", e.msg);
	return (st);
}

static inline struct state *
reopen(struct state *st)
{
	state_close(st);
	return (open_as(SEG, &id));
}

static inline int
try_put(struct state *st, unsigned n, struct err *e)
{
	struct state_rec rec = record(n);
	char path[32];

	(void)snprintf(path, sizeof(path), "/d/%u.db", n);
	return (state_put(st, &rec, path, e));
}

static inline void
put(struct state *st, unsigned n)
{
	struct err e = { 0 };

	ck_assert_msg(try_put(st, n, &e) == 0, "%s", e.msg);
}

static inline bool
has(struct state *st, unsigned n)
{
	struct state_rec rec, want = record(n);

	if (!state_find(st, hash_of(n), &rec))
		return (false);
	ck_assert_msg(same(&rec, &want), "record %u has changed", n);
	return (true);
}

static inline void
assert_has_all(struct state *st, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++)
		ck_assert_msg(has(st, i), "record %u is missing", i);
}

/* Make the segment's file with records 0 .. n-1. */
static inline void
fill(unsigned n)
{
	struct state *st = open_as(SEG, &id);
	unsigned i;

	for (i = 0; i < n; i++)
		put(st, i);
	state_close(st);
}

static inline void
load(const char *name, struct buf *b)
{
	struct err e = { 0 };

	buf_reset(b);
	ck_assert_msg(io_read_file(dirfd, name, FILE_BYTES_MAX, b, &e) == 0,
	    "%s", e.msg);
}

static inline void
save(const char *name, const struct buf *b)
{
	struct err e = { 0 };
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(io_write(fd, b->data, b->len, name, &e), 0);
	ck_assert_int_eq(close(fd), 0);
}

static inline bool
exists(const char *name)
{
	return (faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0);
}

/* What is said on stderr between these two: the number of lines. */
static int saved_stderr = -1;

static inline void
listen_start(void)
{
	int fd = openat(dirfd, "said", O_RDWR | O_CREAT | O_TRUNC | O_APPEND,
	    0600);

	ck_assert_int_ne(fd, -1);
	saved_stderr = dup(STDERR_FILENO);
	ck_assert_int_ne(dup2(fd, STDERR_FILENO), -1);
	(void)close(fd);
}

static inline int
listen_end(void)
{
	struct buf b = { 0 };
	size_t i;
	int lines = 0;

	ck_assert_int_ne(dup2(saved_stderr, STDERR_FILENO), -1);
	io_close(&saved_stderr);
	load("said", &b);
	for (i = 0; i < b.len; i++)
		lines += b.data[i] == '\n';
	if (lines > 0)
		ck_assert_ptr_nonnull(strstr(buf_str(&b), "warning"));
	buf_fini(&b);
	return (lines);
}

/* Names are checked by their hash, so these tests use real ones. */
static inline struct hash128
name_hash(const char *path)
{
	return (statedir_hash(&id, path, strlen(path)));
}

static inline void
put_name(struct state *st, const char *path)
{
	struct state_rec rec = record(1);
	struct err e = { 0 };

	rec.path = name_hash(path);
	ck_assert_msg(state_put(st, &rec, path, &e) == 0, "%s", e.msg);
}

/* Paths whose segment is that of the first: found by trying. */
static inline void
paths_of_one_segment(char paths[][32], unsigned n, unsigned *seg)
{
	unsigned i, k;

	*seg = (unsigned)(name_hash("/t/0").hi >> 56);
	for (i = k = 0; k < n; i++) {
		(void)snprintf(paths[k], 32, "/t/%u", i);
		if (name_hash(paths[k]).hi >> 56 == *seg)
			k++;
	}
}

static inline void
add_name(void *ctx, struct hash128 h, const char *path)
{
	struct buf *b = ctx;

	ck_assert(hash128_eq(h, name_hash(path)));
	buf_printf(b, "%s ", path);
}

static inline void
names(struct state *st, struct buf *b)
{
	struct err e = { 0 };

	buf_reset(b);
	ck_assert_msg(state_names(st, add_name, b, &e) == 0, "%s", e.msg);
}

#endif
