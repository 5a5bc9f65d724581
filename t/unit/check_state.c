/*
 * Records and names, in and out of a segment, and the bytes between.
 */
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "unit/statebed.h"

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

/* In a child: write record 9, which is 1000 or 2001 in turn, until killed. */
static void
write_for_ever(void)
{
	struct state *st = open_as(SEG, &id);
	struct state_rec rec[2] = { record(1000), record(2001) };
	struct err e;
	unsigned i;

	rec[0].path = rec[1].path = hash_of(9);
	for (i = 0; state_put(st, &rec[i % 2], "/d/9.db", &e) == 0; i++)
		continue;
	_exit(1);
}

START_TEST(what_is_being_written_is_read_whole)
{
	struct state_rec one = record(1000), other = record(2001), got;
	enum { NLOOKS = 1000000 };
	struct state *st;
	struct err e = { 0 };
	unsigned i, nlost = 0, nmixed = 0;
	pid_t pid;

	fill(30);
	one.path = other.path = hash_of(9);
	st = open_as(SEG, &id);
	ck_assert_int_eq(state_put(st, &one, "/d/9.db", &e), 0);
	st = reopen(st);
	state_share(st);
	if ((pid = fork()) == 0)
		write_for_ever();
	listen_start();
	for (i = 0; i < NLOOKS; i++) {
		if (!state_find(st, hash_of(9), &got))
			nlost++;
		else if (!same(&got, &one) && !same(&got, &other))
			nmixed++;
	}
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq(listen_end(), 0);
	state_close(st);
	ck_assert_uint_eq(nlost, 0);
	ck_assert_uint_eq(nmixed, 0);
}
END_TEST

START_TEST(a_class_of_failure_that_is_not_ours_is_a_bug)
{
	struct state *st = open_as(SEG, &id);
	struct state_rec rec = record(1), got;
	struct err e = { 0 };

	rec.fail_class = ERR_NCLASS - 1;
	ck_assert_int_eq(state_put(st, &rec, "/d/1.db", &e), 0);
	ck_assert(state_find(st, rec.path, &got));
	ck_assert_uint_eq(got.fail_class, ERR_NCLASS - 1);
	rec.fail_class = ERR_NCLASS;
	ck_assert_int_eq(state_put(st, &rec, "/d/1.db", &e), 0);
	ck_assert(state_find(st, rec.path, &got));
	ck_assert_uint_eq(got.fail_class, ERR_BUG);
	state_close(st);
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
	ck_assert_uint_eq(le32_get(p + 8), 2);
	ck_assert_uint_eq(le32_get(p + 12), 88);
	ck_assert_uint_eq(le32_get(p + 16), SEG);
	ck_assert_uint_eq(le64_get(p + 24) * 88 + 128, b.len);
	ck_assert_uint_eq(le64_get(p + 32), 1);
	ck_assert_uint_eq(le64_get(p + 40), 42);
	ck_assert_uint_eq(le64_get(p + 48), 7);
	ck_assert_uint_eq(le64_get(p + 56), 8);
	ck_assert_uint_eq(le64_get(p + 64), hash64(p, 64));
	for (at = 128; le64_get(p + at) == 0; at += 88)
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
	ck_assert_uint_eq(le32_get(p + 80), rec.failing_since);
	ck_assert_uint_eq(le32_get(p + 84), 0);
	memcpy(copy, p, sizeof(copy));
	memset(copy + 60, 0, 4);
	ck_assert_uint_eq(le32_get(p + 60), (uint32_t)hash64(copy, 88));

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

int
main(void)
{
	TCase *tc = statebed("state");

	tcase_add_test(tc, nothing_is_created_before_the_first_put);
	tcase_add_test(tc, ten_thousand_records_survive);
	tcase_add_test(tc, a_record_is_replaced_in_place);
	tcase_add_test(tc, what_is_being_written_is_read_whole);
	tcase_add_test(tc, a_class_of_failure_that_is_not_ours_is_a_bug);
	tcase_add_test(tc, the_bytes_lie_where_the_manual_says);
	tcase_add_test(tc, reading_changes_nothing);
	tcase_add_test(tc, each_record_is_seen_once);
	tcase_add_test(tc, every_name_with_a_record_is_told_once);
	tcase_add_test(tc, a_path_that_is_too_long_leaves_nothing);
	tcase_add_test(tc, every_stat_value_counts);
	tcase_add_test(tc, no_descriptor_is_left_open);
	return (run_suite(tc));
}
