#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>

#include "base/bytes.h"
#include "base/io.h"
#include "base/mem.h"
#include "state/state.h"

#define LENGTH(a)	((int)(sizeof(a) / sizeof((a)[0])))

enum {
	SEG = 0xa7,
	FILE_BYTES_MAX = 4 << 20
};

static const struct state_id id = { .seed = 42,
    .store = { .hi = 7, .lo = 8 } };

static char dir[64];
static int dirfd = -1;

static void
setup(void)
{
	(void)strcpy(dir, "/tmp/check_state.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ne(dirfd, -1);
}

static void
teardown(void)
{
	struct err e;

	io_close(&dirfd);
	ck_assert_int_eq(io_remove_tree(AT_FDCWD, dir, &e), 0);
}

/* A hash of this segment; the home slots of all n spread evenly. */
static struct hash128
hash_of(unsigned n)
{
	struct hash128 h = hash128_seeded(&n, sizeof(n), 1);

	h.hi = h.hi >> 8 | (uint64_t)SEG << 56;
	return (h);
}

static struct state_rec
record(unsigned n)
{
	return ((struct state_rec){ .path = hash_of(n),
	    .fingerprint = { .hi = n, .lo = ~(uint64_t)n },
	    .content = { .hi = n * 3, .lo = n * 5 }, .key = n * 7,
	    .naming = n * 11, .stored_ms = -(int64_t)n, .fail_class = n % 16,
	    .fail_count = n % 256, .flags = n % 32, .not_before = n * 13 });
}

static bool
same(const struct state_rec *a, const struct state_rec *b)
{
	return (hash128_eq(a->path, b->path) &&
	    hash128_eq(a->fingerprint, b->fingerprint) &&
	    hash128_eq(a->content, b->content) && a->key == b->key &&
	    a->naming == b->naming && a->stored_ms == b->stored_ms &&
	    a->fail_class == b->fail_class && a->fail_count == b->fail_count &&
	    a->flags == b->flags && a->not_before == b->not_before);
}

static struct state *
open_as(unsigned seg, const struct state_id *as)
{
	struct err e = { 0 };
	struct state *st = state_open(dirfd, seg, as, &e);

	ck_assert_msg(st != NULL, "%s", e.msg);
	return (st);
}

static struct state *
reopen(struct state *st)
{
	state_close(st);
	return (open_as(SEG, &id));
}

static int
try_put(struct state *st, unsigned n, struct err *e)
{
	struct state_rec rec = record(n);
	char path[32];

	(void)snprintf(path, sizeof(path), "/d/%u.db", n);
	return (state_put(st, &rec, path, e));
}

static void
put(struct state *st, unsigned n)
{
	struct err e = { 0 };

	ck_assert_msg(try_put(st, n, &e) == 0, "%s", e.msg);
}

static bool
has(struct state *st, unsigned n)
{
	struct state_rec rec, want = record(n);

	if (!state_find(st, hash_of(n), &rec))
		return (false);
	ck_assert_msg(same(&rec, &want), "record %u has changed", n);
	return (true);
}

static void
assert_has_all(struct state *st, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++)
		ck_assert_msg(has(st, i), "record %u is missing", i);
}

/* Make the segment's file with records 0 .. n-1. */
static void
fill(unsigned n)
{
	struct state *st = open_as(SEG, &id);
	unsigned i;

	for (i = 0; i < n; i++)
		put(st, i);
	state_close(st);
}

static void
load(const char *name, struct buf *b)
{
	struct err e = { 0 };

	buf_reset(b);
	ck_assert_msg(io_read_file(dirfd, name, FILE_BYTES_MAX, b, &e) == 0,
	    "%s", e.msg);
}

static void
save(const char *name, const struct buf *b)
{
	struct err e = { 0 };
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(io_write(fd, b->data, b->len, name, &e), 0);
	ck_assert_int_eq(close(fd), 0);
}

static bool
exists(const char *name)
{
	return (faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0);
}

/* What is said on stderr between these two: the number of lines. */
static int saved_stderr = -1;

static void
listen_start(void)
{
	int fd = openat(dirfd, "said", O_RDWR | O_CREAT | O_TRUNC | O_APPEND,
	    0600);

	ck_assert_int_ne(fd, -1);
	saved_stderr = dup(STDERR_FILENO);
	ck_assert_int_ne(dup2(fd, STDERR_FILENO), -1);
	(void)close(fd);
}

static int
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

/* Make a header's checksum right after a change of the bytes before it. */
static void
seal(uint8_t *hdr)
{
	le64_put(hdr + 64, hash64(hdr, 64));
}

START_TEST(nothing_is_created_before_the_first_put)
{
	struct state_rec rec;
	struct state *st = open_as(SEG, &id);

	ck_assert(!state_find(st, hash_of(1), &rec));
	ck_assert_uint_eq(state_count(st), 0);
	state_close(st);
	ck_assert(!exists("a7") && !exists("a7.names"));
}
END_TEST

START_TEST(ten_thousand_records_survive)
{
	enum { N = 10000 };
	struct state *st = open_as(SEG, &id);
	struct buf b = { 0 };
	unsigned i;

	for (i = 0; i < N; i++) {
		ck_assert(!has(st, i));
		put(st, i);
		ck_assert(has(st, i));
	}
	assert_has_all(st, N);
	ck_assert_uint_eq(state_count(st), N);
	st = reopen(st);
	assert_has_all(st, N);
	ck_assert(!has(st, N));
	ck_assert_uint_eq(state_count(st), N);
	state_close(st);

	load("a7", &b);
	ck_assert_uint_eq(le64_get(b.data + 32), N);	/* the header's count */
	ck_assert_uint_le(N * 100, le64_get(b.data + 24) * 85);
	ck_assert_uint_le(b.len, N * STATE_REC_BYTES * 125 / 85 + 4096);
	ck_assert(!exists("a7.new"));
	buf_fini(&b);
}
END_TEST

START_TEST(the_load_is_never_above_0_85)
{
	struct state *st = open_as(SEG, &id);
	struct stat sb;
	unsigned i;

	for (i = 1; i <= 2000; i++) {
		put(st, i);
		ck_assert_int_eq(fstatat(dirfd, "a7", &sb, 0), 0);
		ck_assert_int_le(i * 100, (sb.st_size - STATE_HDR_BYTES) /
		    STATE_REC_BYTES * 85);
	}
	state_close(st);
}
END_TEST

START_TEST(a_record_is_replaced_in_place)
{
	struct state_rec rec, got;
	struct buf before = { 0 }, after = { 0 };
	struct state *st;
	struct err e = { 0 };

	fill(30);
	load("a7.names", &before);
	st = open_as(SEG, &id);
	rec = record(1000);
	rec.path = hash_of(9);
	ck_assert_int_eq(state_put(st, &rec, "/d/9.db", &e), 0);
	ck_assert(state_find(st, hash_of(9), &got));
	ck_assert(same(&rec, &got));
	ck_assert_uint_eq(state_count(st), 30);
	st = reopen(st);
	ck_assert(state_find(st, hash_of(9), &got));
	ck_assert(same(&rec, &got));
	ck_assert_uint_eq(state_count(st), 30);
	state_close(st);
	load("a7.names", &after);
	ck_assert_uint_eq(before.len, after.len);
	buf_fini(&after);
	buf_fini(&before);
}
END_TEST

START_TEST(the_bytes_lie_where_the_manual_says)
{
	struct state_rec rec = record(77);
	struct buf b = { 0 };
	uint8_t copy[STATE_REC_BYTES];
	const uint8_t *p;
	size_t at;
	struct state *st = open_as(SEG, &id);

	put(st, 77);
	state_close(st);
	load("a7", &b);
	p = b.data;
	ck_assert_mem_eq(p, "LFSEG\0\0\1", 8);
	ck_assert_uint_eq(le32_get(p + 8), 1);
	ck_assert_uint_eq(le32_get(p + 12), 80);
	ck_assert_uint_eq(le32_get(p + 16), SEG);
	ck_assert_uint_eq(le64_get(p + 24) * 80 + 128, b.len);
	ck_assert_uint_eq(le64_get(p + 32), 1);
	ck_assert_uint_eq(le64_get(p + 40), 42);
	ck_assert_uint_eq(le64_get(p + 48), 7);
	ck_assert_uint_eq(le64_get(p + 56), 8);
	ck_assert_uint_eq(le64_get(p + 64), hash64(p, 64));
	for (at = 128; le64_get(p + at) == 0; at += 80)
		ck_assert_uint_lt(at, b.len);
	p += at;
	ck_assert_uint_eq(le64_get(p), rec.path.hi);
	ck_assert_uint_eq(le64_get(p + 8), rec.path.lo);
	ck_assert_uint_eq(le64_get(p + 16), rec.fingerprint.hi);
	ck_assert_uint_eq(le64_get(p + 40), rec.content.lo);
	ck_assert_uint_eq(le64_get(p + 48), rec.key);
	ck_assert_uint_eq(le32_get(p + 56), rec.naming);
	ck_assert_uint_eq(le64_get(p + 64), (uint64_t)rec.stored_ms);
	ck_assert_uint_eq(p[72], rec.fail_class);
	ck_assert_uint_eq(p[73], rec.fail_count);
	ck_assert_uint_eq(le16_get(p + 74), rec.flags);
	ck_assert_uint_eq(le32_get(p + 76), rec.not_before);
	memcpy(copy, p, sizeof(copy));
	memset(copy + 60, 0, 4);
	ck_assert_uint_eq(le32_get(p + 60), (uint32_t)hash64(copy, 80));

	load("a7.names", &b);
	ck_assert_uint_eq(b.len, 10 + strlen("/d/77.db"));
	ck_assert_uint_eq(le16_get(b.data), strlen("/d/77.db"));
	ck_assert_uint_eq(le64_get(b.data + 2), rec.path.lo);
	ck_assert_mem_eq(b.data + 10, "/d/77.db", 8);
	buf_fini(&b);
}
END_TEST

START_TEST(reading_changes_nothing)
{
	struct stat before, after;
	struct buf a = { 0 }, b = { 0 };
	struct state *st;

	fill(30);
	load("a7", &a);
	ck_assert_int_eq(fstatat(dirfd, "a7", &before, 0), 0);
	st = open_as(SEG, &id);
	assert_has_all(st, 30);
	ck_assert_uint_eq(state_count(st), 30);
	state_close(st);
	ck_assert_int_eq(fstatat(dirfd, "a7", &after, 0), 0);
	ck_assert_int_eq(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	ck_assert_int_eq(before.st_ctim.tv_nsec, after.st_ctim.tv_nsec);
	ck_assert_uint_eq(before.st_ino, after.st_ino);
	load("a7", &b);
	ck_assert_mem_eq(a.data, b.data, a.len);
	buf_fini(&b);
	buf_fini(&a);
}
END_TEST

/* Who must not believe whose segment. */
static const struct {
	const char *what;
	unsigned seg;
	struct state_id id;
	bool refused;
} owners[] = {
	{ "the same", SEG, { 42, { 7, 8 } }, false },
	{ "another segment", SEG + 1, { 42, { 7, 8 } }, true },
	{ "another seed", SEG, { 43, { 7, 8 } }, true },
	{ "another store", SEG, { 42, { 7, 9 } }, true },
	{ "another store (high half)", SEG, { 42, { 6, 8 } }, true },
	{ "no store", SEG, { 42, { 0, 0 } }, true },
};

START_TEST(another_stores_state_is_refused)
{
	struct state_rec rec;
	struct state *st;
	char name[4];

	fill(5);
	(void)snprintf(name, sizeof(name), "%02x", owners[_i].seg);
	if (owners[_i].seg != SEG)
		ck_assert_int_eq(renameat(dirfd, "a7", dirfd, name), 0);
	listen_start();
	st = open_as(owners[_i].seg, &owners[_i].id);
	ck_assert_int_eq(listen_end(), owners[_i].refused);
	ck_assert_int_eq(state_find(st, hash_of(3), &rec),
	    !owners[_i].refused);
	ck_assert_uint_eq(state_count(st), owners[_i].refused ? 0 : 5);
	state_close(st);
	ck_assert(exists(name));	/* replaced by a put, not by an open */
}
END_TEST

START_TEST(records_from_before_the_store_had_an_id_are_kept)
{
	const struct state_id before = { .seed = 42 };
	struct state *st = open_as(SEG, &before);

	put(st, 1);
	state_close(st);
	listen_start();
	st = open_as(SEG, &id);
	ck_assert_int_eq(listen_end(), 0);
	ck_assert(has(st, 1));
	put(st, 2);
	state_close(st);		/* now it is that store's */
	listen_start();
	st = open_as(SEG, &before);
	ck_assert_int_eq(listen_end(), 1);
	state_close(st);
}
END_TEST

START_TEST(a_refused_segment_begins_anew_with_its_names)
{
	const struct state_id other = { .seed = 43, .store = { 7, 8 } };
	struct buf b = { 0 };
	struct state *st;

	fill(5);
	listen_start();
	st = open_as(SEG, &other);
	ck_assert_int_eq(listen_end(), 1);
	put(st, 3);
	ck_assert(has(st, 3) && !has(st, 2));
	ck_assert_uint_eq(state_count(st), 1);
	state_close(st);
	load("a7.names", &b);
	ck_assert_uint_eq(b.len, 10 + strlen("/d/3.db"));
	listen_start();
	st = open_as(SEG, &other);
	ck_assert_int_eq(listen_end(), 0);
	ck_assert(has(st, 3));
	state_close(st);
	buf_fini(&b);
}
END_TEST

START_TEST(every_flipped_bit_of_the_header_is_noticed)
{
	struct buf b = { 0 };
	struct state *st;
	size_t i;

	fill(3);
	load("a7", &b);
	for (i = 0; i < STATE_HDR_BYTES * 8; i++) {
		b.data[i / 8] ^= (uint8_t)(1U << (i % 8));
		save("a7", &b);
		listen_start();
		st = open_as(SEG, &id);
		ck_assert_msg(listen_end() == 1, "bit %zu", i);
		ck_assert_uint_eq(state_count(st), 0);
		state_close(st);
		b.data[i / 8] ^= (uint8_t)(1U << (i % 8));
	}
	buf_fini(&b);
}
END_TEST

/* Headers with a right checksum, and a lie: where, and the u32 or u64. */
static const struct {
	const char *what;
	int at;
	bool wide;
	uint64_t value;
} lies[] = {
	{ "format version", 8, false, 2 },
	{ "record size", 12, false, 112 },
	{ "record size 0", 12, false, 0 },
	{ "segment", 16, false, 0x1a7 },
	{ "no slots", 24, true, 0 },
	{ "one slot too many", 24, true, 50 },
	{ "slots that wrap", 24, true, UINT64_MAX },
	{ "slots whose bytes wrap to few", 24, true, UINT64_MAX / 80 + 1 },
	{ "slots whose bytes wrap with the header", 24, true,
	    UINT64_MAX / 80 },
	{ "more slots than a file can have", 24, true, INT64_MAX / 80 },
};

START_TEST(a_lie_in_a_sealed_header_is_refused)
{
	struct buf b = { 0 };
	struct state *st;

	fill(3);
	load("a7", &b);
	ck_assert_uint_eq(le64_get(b.data + 24), 49);
	if (lies[_i].wide)
		le64_put(b.data + lies[_i].at, lies[_i].value);
	else
		le32_put(b.data + lies[_i].at, (uint32_t)lies[_i].value);
	seal(b.data);
	save("a7", &b);
	listen_start();
	st = open_as(SEG, &id);
	ck_assert_int_eq(listen_end(), 1);
	ck_assert_uint_eq(state_count(st), 0);
	put(st, 9);
	st = reopen(st);
	ck_assert(has(st, 9));
	state_close(st);
	buf_fini(&b);
}
END_TEST

START_TEST(the_headers_count_is_only_a_hint)
{
	struct buf b = { 0 };
	struct state *st;

	fill(30);
	load("a7", &b);
	le64_put(b.data + 32, 1000000);
	seal(b.data);
	save("a7", &b);
	st = open_as(SEG, &id);
	ck_assert_uint_eq(state_count(st), 30);
	put(st, 30);
	state_close(st);
	load("a7", &b);
	ck_assert_uint_eq(le64_get(b.data + 32), 31);
	buf_fini(&b);
}
END_TEST

START_TEST(a_short_file_begins_anew)
{
	static const size_t lengths[] = { 0, 1, 127, 128, 128 + 79, 4047 };
	struct buf b = { 0 };
	struct state *st;

	fill(30);
	load("a7", &b);
	ck_assert_uint_eq(b.len, 128 + 49 * 80);
	b.len = lengths[_i];
	save("a7", &b);
	listen_start();
	st = open_as(SEG, &id);
	ck_assert_int_eq(listen_end(), 1);
	ck_assert(!has(st, 1));
	put(st, 1);
	st = reopen(st);
	ck_assert(has(st, 1));
	state_close(st);
	buf_fini(&b);
}
END_TEST

START_TEST(what_is_no_file_is_not_waited_for)
{
	struct state *st;

	ck_assert_int_eq(mkfifoat(dirfd, "a7", 0600), 0);
	listen_start();
	st = open_as(SEG, &id);
	ck_assert_int_eq(listen_end(), 1);
	put(st, 1);
	st = reopen(st);
	ck_assert(has(st, 1));
	state_close(st);
}
END_TEST

/* Where in the file's bytes the record of n lies. */
static size_t
find_bytes(const struct buf *b, unsigned n)
{
	struct hash128 h = hash_of(n);
	size_t at;

	for (at = STATE_HDR_BYTES; at < b->len; at += STATE_REC_BYTES)
		if (le64_get(b->data + at) == h.hi &&
		    le64_get(b->data + at + 8) == h.lo)
			return (at);
	ck_abort_msg("record %u is not in the file", n);
}

static void
assert_only_lost(struct state *st, unsigned n, unsigned lost)
{
	unsigned i;

	for (i = 0; i < n; i++)
		ck_assert_msg(has(st, i) == (i != lost), "record %u with %u "
		    "damaged", i, lost);
}

START_TEST(every_flipped_bit_of_a_record_costs_that_record_alone)
{
	enum { N = 41, VICTIM = 20 };
	struct buf b = { 0 };
	struct state *st;
	size_t at, i;

	fill(N);
	load("a7", &b);
	at = find_bytes(&b, VICTIM) * 8;
	for (i = at; i < at + STATE_REC_BYTES * 8; i++) {
		b.data[i / 8] ^= (uint8_t)(1U << (i % 8));
		save("a7", &b);
		listen_start();
		st = open_as(SEG, &id);
		assert_only_lost(st, N, VICTIM);
		assert_only_lost(st, N, VICTIM);
		ck_assert_uint_eq(state_count(st), N - 1);
		ck_assert_msg(listen_end() == 1, "bit %zu is said once",
		    i - at);
		put(st, VICTIM);
		assert_has_all(st, N);
		ck_assert_uint_eq(state_count(st), N);
		st = reopen(st);
		assert_has_all(st, N);
		state_close(st);
		b.data[i / 8] ^= (uint8_t)(1U << (i % 8));
	}
	buf_fini(&b);
}
END_TEST

START_TEST(a_damaged_slot_ends_nobodys_search)
{
	enum { N = 41 };	/* as full as 49 slots may be */
	struct buf b = { 0 }, broken = { 0 };
	struct state *st;
	unsigned victim, more;

	fill(N);
	load("a7", &b);
	for (victim = 0; victim < N; victim++) {
		buf_reset(&broken);
		buf_put(&broken, b.data, b.len);
		broken.data[find_bytes(&b, victim) + 30] ^= 1;
		save("a7", &broken);
		listen_start();
		st = open_as(SEG, &id);
		/* Other paths take slots, the damaged one and, later, larger
		 * files. */
		for (more = N; more < N + 20; more++) {
			put(st, more);
			assert_only_lost(st, more + 1, victim);
		}
		ck_assert_uint_eq(state_count(st), N + 20 - 1);
		put(st, victim);
		st = reopen(st);
		assert_has_all(st, N + 20);
		ck_assert_uint_eq(state_count(st), N + 20);
		ck_assert_int_eq(listen_end(), 1);
		state_close(st);
		ck_assert_int_eq(unlinkat(dirfd, "a7.names", 0), 0);
	}
	buf_fini(&broken);
	buf_fini(&b);
}
END_TEST

START_TEST(a_damaged_slot_is_used_again)
{
	enum { N = 41 };
	struct buf b = { 0 };
	struct state *st;
	struct stat sb;

	fill(N);
	load("a7", &b);
	b.data[find_bytes(&b, 5) + 30] ^= 1;
	save("a7", &b);
	listen_start();
	st = open_as(SEG, &id);
	put(st, 5);
	(void)listen_end();
	state_close(st);
	ck_assert_int_eq(fstatat(dirfd, "a7", &sb, 0), 0);
	ck_assert_int_eq(sb.st_size, (off_t)b.len);	/* it has not grown */
	buf_fini(&b);
}
END_TEST

static void
count_one(void *ctx, const struct state_rec *rec)
{
	(void)rec;
	(*(unsigned *)ctx)++;
}

START_TEST(a_lost_page_costs_what_was_on_it)
{
	enum { N = 300 };
	struct buf b = { 0 };
	struct state *st;
	unsigned i, lost = 0, n = 0;

	fill(N);
	load("a7", &b);
	memset(b.data + 8192, 0, 4096);
	save("a7", &b);
	listen_start();
	st = open_as(SEG, &id);
	for (i = 0; i < N; i++)
		if (!has(st, i)) {
			lost++;
			put(st, i);
			/* Those beyond the gap are found again. */
			n = 0;
			state_each(st, count_one, &n);
			ck_assert_uint_eq(state_count(st), n);
		}
	ck_assert_uint_gt(lost, 20);
	assert_has_all(st, N);
	n = 0;
	state_each(st, count_one, &n);
	ck_assert_uint_eq(n, N);
	for (i = N; i < 2 * N; i++)	/* grows: what is stale goes */
		put(st, i);
	assert_has_all(st, 2 * N);
	ck_assert_uint_eq(state_count(st), 2 * N);
	(void)listen_end();
	state_close(st);
	buf_fini(&b);
}
END_TEST

START_TEST(what_a_gap_hides_counts_again_when_it_is_filled)
{
	enum { N = 41 };
	struct buf b = { 0 }, broken = { 0 };
	struct state *st;
	unsigned victim, hidden = 0;

	fill(N);
	load("a7", &b);
	for (victim = 0; victim < N; victim++) {
		buf_reset(&broken);
		buf_put(&broken, b.data, b.len);
		memset(broken.data + find_bytes(&b, victim), 0,
		    STATE_REC_BYTES);
		save("a7", &broken);
		st = open_as(SEG, &id);
		hidden += N - 1 - (unsigned)state_count(st);
		put(st, victim);
		ck_assert_uint_eq(state_count(st), N);
		assert_has_all(st, N);
		state_close(st);
	}
	ck_assert_uint_gt(hidden, 0);	/* else this tests nothing */
	buf_fini(&broken);
	buf_fini(&b);
}
END_TEST

START_TEST(a_file_of_damaged_records_is_survived)
{
	struct state_rec rec;
	struct buf b = { 0 };
	struct state *st;

	fill(3);
	load("a7", &b);
	memset(b.data + STATE_HDR_BYTES, 0x5a, b.len - STATE_HDR_BYTES);
	save("a7", &b);
	listen_start();
	st = open_as(SEG, &id);
	ck_assert(!state_find(st, hash_of(1), &rec));
	ck_assert_uint_eq(state_count(st), 0);
	put(st, 1);
	put(st, 2);
	ck_assert(has(st, 1) && has(st, 2));
	ck_assert_uint_eq(state_count(st), 2);
	ck_assert_int_eq(listen_end(), 1);
	state_close(st);
	buf_fini(&b);
}
END_TEST

/* libcheck itself writes to a file, so the limit holds for the put alone. */
static int
put_limited(struct state *st, unsigned n, struct err *e)
{
	const struct rlimit few = { 8000, RLIM_INFINITY };
	const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };
	int ret;

	(void)setrlimit(RLIMIT_FSIZE, &few);
	ret = try_put(st, n, e);
	(void)setrlimit(RLIMIT_FSIZE, &none);
	return (ret);
}

START_TEST(growing_beyond_a_file_size_limit_keeps_what_there_was)
{
	struct err e = { 0 };
	struct state *st = open_as(SEG, &id);
	unsigned n = 0;

	(void)signal(SIGXFSZ, SIG_IGN);
	while (put_limited(st, n, &e) == 0)
		ck_assert_uint_lt(n++, 1000);
	ck_assert_uint_gt(n, 41);
	ck_assert_int_eq(e.cls, ERR_IO);	/* EFBIG */
	ck_assert_ptr_nonnull(strstr(e.msg, "a7"));
	ck_assert(!exists("a7.new"));
	ck_assert_int_eq(put_limited(st, n, &e), -1);
	assert_has_all(st, n);
	ck_assert(!has(st, n));
	ck_assert_int_eq(put_limited(st, 3, &e), 0);	/* is replaced */
	ck_assert_uint_eq(state_count(st), n);
	st = reopen(st);
	assert_has_all(st, n);
	put(st, n);			/* the next good run catches up */
	assert_has_all(st, n + 1);
	state_close(st);
}
END_TEST

START_TEST(growing_on_a_full_disk_keeps_what_there_was)
{
	struct err e = { 0 };
	struct state *st;
	unsigned n = 0;
	int all = dirfd;

	if (geteuid() != 0 || unshare(CLONE_NEWNS) == -1 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount("tmpfs", dir, "tmpfs", 0, "size=40k") == -1) {
		fprintf(stderr, "# skipped: no tmpfs can be mounted here\n");
		return;
	}
	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	st = open_as(SEG, &id);
	while (try_put(st, n, &e) == 0)
		ck_assert_uint_lt(n++, 1000);
	ck_assert_int_eq(e.cls, ERR_SPACE);
	ck_assert(!exists("a7.new"));
	assert_has_all(st, n);
	ck_assert(!has(st, n));
	ck_assert_uint_eq(state_count(st), n);
	st = reopen(st);
	assert_has_all(st, n);
	state_close(st);
	(void)close(dirfd);
	dirfd = all;
	ck_assert_int_eq(umount2(dir, MNT_DETACH), 0);
}
END_TEST

START_TEST(a_stale_temporary_file_is_no_obstacle)
{
	struct buf b = { 0 };
	struct state *st;

	buf_puts(&b, "left by a run that was killed");
	if (_i == 0)
		save("a7.new", &b);
	else {				/* and a link is not followed */
		save("precious", &b);
		ck_assert_int_eq(symlinkat("precious", dirfd, "a7.new"), 0);
	}
	st = open_as(SEG, &id);
	put(st, 1);
	st = reopen(st);
	ck_assert(has(st, 1));
	ck_assert(!exists("a7.new"));
	state_close(st);
	if (_i == 1) {
		load("precious", &b);
		ck_assert_str_eq(buf_str(&b), "left by a run that was killed");
	}
	buf_fini(&b);
}
END_TEST

/* Kill a process at a step of its puts, and look at what there is. */
static const struct {
	const char *hook;
	unsigned there, tried, left;
} deaths[] = {
	{ "state-put=kill:/d/20.db", 20, 30, 20 },
	{ "state-put=kill:/d/0.db", 0, 1, 0 },
	{ "state-grow=kill", 0, 1, 0 },
	{ "state-grow=kill", 41, 42, 41 },
};

START_TEST(a_killed_process_leaves_what_it_had_put)
{
	struct state *st;
	unsigned i;
	pid_t pid;
	int status;

	fill(deaths[_i].there);
	if ((pid = fork()) == 0) {
		(void)setenv("LITEFLEET_HOOK", deaths[_i].hook, 1);
		st = open_as(SEG, &id);
		for (i = deaths[_i].there; i < deaths[_i].tried; i++)
			put(st, i);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	listen_start();
	st = open_as(SEG, &id);
	ck_assert_int_eq(listen_end(), 0);
	assert_has_all(st, deaths[_i].left);
	ck_assert_uint_eq(state_count(st), deaths[_i].left);
	for (i = 0; i < 60; i++)
		put(st, i);
	assert_has_all(st, 60);
	ck_assert(!exists("a7.new"));
	state_close(st);
}
END_TEST

START_TEST(a_reader_keeps_its_view_while_the_owner_grows)
{
	struct state *owner, *reader;
	unsigned i;

	fill(41);
	reader = open_as(SEG, &id);
	owner = open_as(SEG, &id);
	for (i = 41; i < 500; i++)
		put(owner, i);
	assert_has_all(reader, 41);
	assert_has_all(owner, 500);
	state_close(owner);
	state_close(reader);
}
END_TEST

START_TEST(a_replaced_file_is_not_written_to)
{
	struct state *st;
	struct buf b = { 0 }, after = { 0 };
	struct err e = { 0 };

	fill(30);
	st = open_as(SEG, &id);
	load("a7", &b);
	ck_assert_int_eq(renameat(dirfd, "a7", dirfd, "old"), 0);
	save("a7", &b);
	ck_assert_int_eq(try_put(st, 3, &e), -1);
	ck_assert_int_eq(e.cls, ERR_IO);
	ck_assert_int_eq(try_put(st, 33, &e), -1);
	state_close(st);
	load("a7", &after);
	ck_assert_mem_eq(b.data, after.data, b.len);
	buf_fini(&after);
	buf_fini(&b);
}
END_TEST

struct sum {
	unsigned n;
	uint64_t lo;
};

static void
add_rec(void *ctx, const struct state_rec *rec)
{
	struct sum *s = ctx;

	s->n++;
	s->lo += rec->path.lo;
}

START_TEST(each_record_is_seen_once)
{
	struct sum sum = { 0, 0 }, want = { 0, 0 };
	struct state *st;
	unsigned i;

	fill(200);
	for (i = 0; i < 200; i++) {
		want.n++;
		want.lo += hash_of(i).lo;
	}
	st = open_as(SEG, &id);
	state_each(st, add_rec, &sum);
	ck_assert_uint_eq(sum.n, want.n);
	ck_assert_uint_eq(sum.lo, want.lo);
	state_close(st);
}
END_TEST

/* Names are checked by their hash, so these tests use real ones. */
static struct hash128
name_hash(const char *path)
{
	return (statedir_hash(&id, path, strlen(path)));
}

static void
put_name(struct state *st, const char *path)
{
	struct state_rec rec = record(1);
	struct err e = { 0 };

	rec.path = name_hash(path);
	ck_assert_msg(state_put(st, &rec, path, &e) == 0, "%s", e.msg);
}

/* Paths whose segment is that of the first: found by trying. */
static void
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

static void
add_name(void *ctx, struct hash128 h, const char *path)
{
	struct buf *b = ctx;

	ck_assert(hash128_eq(h, name_hash(path)));
	buf_printf(b, "%s ", path);
}

static void
names(struct state *st, struct buf *b)
{
	struct err e = { 0 };

	buf_reset(b);
	ck_assert_msg(state_names(st, add_name, b, &e) == 0, "%s", e.msg);
}

START_TEST(every_name_with_a_record_is_told_once)
{
	enum { N = 60 };
	static char paths[N][32];
	struct buf want = { 0 }, got = { 0 }, file = { 0 };
	char file_name[16];
	struct state *st;
	unsigned seg, i;

	paths_of_one_segment(paths, N, &seg);
	st = open_as(seg, &id);
	for (i = 0; i < N; i++) {
		put_name(st, paths[i]);
		put_name(st, paths[i]);
		buf_printf(&want, "%s ", paths[i]);
	}
	names(st, &got);
	ck_assert_str_eq(buf_str(&got), buf_str(&want));
	state_close(st);

	/* Twice in the file: told once.  No record: not told. */
	(void)snprintf(file_name, sizeof(file_name), "%02x.names", seg);
	load(file_name, &file);
	buf_room(&file, file.len);
	buf_put(&file, file.data, file.len);
	save(file_name, &file);
	st = open_as(seg, &id);
	names(st, &got);
	ck_assert_str_eq(buf_str(&got), buf_str(&want));
	state_close(st);
	(void)snprintf(file_name, sizeof(file_name), "%02x", seg);
	ck_assert_int_eq(unlinkat(dirfd, file_name, 0), 0);
	st = open_as(seg, &id);
	names(st, &got);
	ck_assert_uint_eq(got.len, 0);
	state_close(st);
	buf_fini(&file);
	buf_fini(&got);
	buf_fini(&want);
}
END_TEST

START_TEST(a_damaged_name_costs_itself_alone)
{
	enum { N = 12 };
	static char paths[N][32];
	struct buf file = { 0 }, got = { 0 }, word = { 0 };
	char file_name[16];
	struct state *st;
	unsigned seg, i, told;
	size_t at;

	paths_of_one_segment(paths, N, &seg);
	st = open_as(seg, &id);
	for (i = 0; i < N; i++)
		put_name(st, paths[i]);
	state_close(st);
	(void)snprintf(file_name, sizeof(file_name), "%02x.names", seg);
	load(file_name, &file);
	for (at = 0; at < file.len * 8; at++) {
		file.data[at / 8] ^= (uint8_t)(1U << (at % 8));
		save(file_name, &file);
		listen_start();
		st = open_as(seg, &id);
		names(st, &got);
		for (i = told = 0; i < N; i++) {
			buf_reset(&word);
			buf_printf(&word, "%s ", paths[i]);
			told += strstr(buf_str(&got), buf_str(&word)) != NULL;
		}
		ck_assert_msg(told == N - 1, "bit %zu: %u told", at, told);
		state_close(st);
		ck_assert_int_eq(listen_end(), 1);
		file.data[at / 8] ^= (uint8_t)(1U << (at % 8));
	}

	/* A run that was killed while it appended. */
	file.len -= 3;
	save(file_name, &file);
	listen_start();
	st = open_as(seg, &id);
	names(st, &got);
	ck_assert_int_eq(listen_end(), 1);
	ck_assert_ptr_nonnull(strstr(buf_str(&got), paths[N - 2]));
	state_close(st);
	buf_fini(&word);
	buf_fini(&got);
	buf_fini(&file);
}
END_TEST

START_TEST(a_path_that_is_too_long_leaves_nothing)
{
	char *path = mem_zero(5000);
	struct state_rec rec = record(1);
	struct err e = { 0 };
	struct state *st;

	fill(1);
	memset(path, 'x', 4097);
	st = open_as(SEG, &id);
	ck_assert_int_eq(state_put(st, &rec, path, &e), -1);
	ck_assert_int_eq(e.cls, ERR_LIMIT);
	ck_assert(!has(st, 1));
	path[4096] = '\0';
	ck_assert_int_eq(state_put(st, &rec, path, &e), 0);
	ck_assert(has(st, 1));
	state_close(st);
	free(path);
}
END_TEST

START_TEST(every_stat_value_counts)
{
	const struct state_stat base = { .dev = 1, .ino = 2, .size = 3,
	    .mtime_ns = 4, .ctime_ns = 5, .has_wal = true, .wal_ino = 6,
	    .wal_size = 7, .wal_mtime_ns = 8 };
	struct state_stat s[10];
	struct hash128 h[10];
	unsigned i, k;

	for (i = 0; i < 10; i++)
		s[i] = base;
	s[1].dev++;
	s[2].ino++;
	s[3].size++;
	s[4].mtime_ns++;
	s[5].ctime_ns++;
	s[6].has_wal = false;
	s[7].wal_ino++;
	s[8].wal_size++;
	s[9].wal_mtime_ns++;
	for (i = 0; i < 10; i++) {
		h[i] = state_fingerprint(&s[i]);
		ck_assert(h[i].hi != 0 || h[i].lo != 0);
		ck_assert(hash128_eq(h[i], state_fingerprint(&s[i])));
		for (k = 0; k < i; k++)
			ck_assert(!hash128_eq(h[i], h[k]));
	}
	/* Without a WAL, what was left in its fields says nothing. */
	s[7].has_wal = false;
	ck_assert(hash128_eq(state_fingerprint(&s[6]),
	    state_fingerprint(&s[7])));
}
END_TEST

START_TEST(no_descriptor_is_left_open)
{
	struct state *st;
	int before = dup(0), after;

	(void)close(before);
	fill(100);
	st = open_as(SEG, &id);
	ck_assert(has(st, 5));
	after = dup(0);			/* nor is one held for reading */
	(void)close(after);
	ck_assert_int_eq(before, after);
	put(st, 5);
	put(st, 105);
	state_close(st);
	after = dup(0);
	(void)close(after);
	ck_assert_int_eq(before, after);
}
END_TEST

static TCase *
damage(void)
{
	TCase *tc = tcase_create("damage");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, another_stores_state_is_refused, 0,
	    LENGTH(owners));
	tcase_add_test(tc,
	    records_from_before_the_store_had_an_id_are_kept);
	tcase_add_test(tc, a_refused_segment_begins_anew_with_its_names);
	tcase_add_test(tc, every_flipped_bit_of_the_header_is_noticed);
	tcase_add_loop_test(tc, a_lie_in_a_sealed_header_is_refused, 0,
	    LENGTH(lies));
	tcase_add_test(tc, the_headers_count_is_only_a_hint);
	tcase_add_loop_test(tc, a_short_file_begins_anew, 0, 6);
	tcase_add_test(tc, what_is_no_file_is_not_waited_for);
	tcase_add_test(tc,
	    every_flipped_bit_of_a_record_costs_that_record_alone);
	tcase_add_test(tc, a_damaged_slot_ends_nobodys_search);
	tcase_add_test(tc, a_damaged_slot_is_used_again);
	tcase_add_test(tc, a_lost_page_costs_what_was_on_it);
	tcase_add_test(tc, what_a_gap_hides_counts_again_when_it_is_filled);
	tcase_add_test(tc, a_file_of_damaged_records_is_survived);
	tcase_add_test(tc, a_damaged_name_costs_itself_alone);
	tcase_add_test(tc,
	    growing_beyond_a_file_size_limit_keeps_what_there_was);
	tcase_add_test(tc, growing_on_a_full_disk_keeps_what_there_was);
	tcase_add_loop_test(tc, a_stale_temporary_file_is_no_obstacle, 0, 2);
	tcase_add_loop_test(tc, a_killed_process_leaves_what_it_had_put, 0,
	    LENGTH(deaths));
	tcase_add_test(tc, a_replaced_file_is_not_written_to);
	return (tc);
}

int
main(void)
{
	Suite *suite = suite_create("state");
	TCase *tc = tcase_create("state");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, nothing_is_created_before_the_first_put);
	tcase_add_test(tc, ten_thousand_records_survive);
	tcase_add_test(tc, the_load_is_never_above_0_85);
	tcase_add_test(tc, a_record_is_replaced_in_place);
	tcase_add_test(tc, the_bytes_lie_where_the_manual_says);
	tcase_add_test(tc, reading_changes_nothing);
	tcase_add_test(tc, a_reader_keeps_its_view_while_the_owner_grows);
	tcase_add_test(tc, each_record_is_seen_once);
	tcase_add_test(tc, every_name_with_a_record_is_told_once);
	tcase_add_test(tc, a_path_that_is_too_long_leaves_nothing);
	tcase_add_test(tc, every_stat_value_counts);
	tcase_add_test(tc, no_descriptor_is_left_open);
	suite_add_tcase(suite, tc);
	suite_add_tcase(suite, damage());
	sr = srunner_create(suite);
	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return (failed > 0);
}
