/*
 * What a segment is not believed, and what damage to it costs.
 */
#include <sys/stat.h>
#include <time.h>

#include "base/bytes.h"
#include "unit/statebed.h"

/* Make a header's checksum right after a change of the bytes before it. */
static void
seal(uint8_t *hdr)
{
	le64_put(hdr + 64, hash64(hdr, 64));
}

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
	{ "format version", 8, false, 1 },
	{ "record size", 12, false, 112 },
	{ "record size 0", 12, false, 0 },
	{ "segment", 16, false, 0x1a7 },
	{ "no slots", 24, true, 0 },
	{ "one slot too many", 24, true, 46 },
	{ "slots that wrap", 24, true, UINT64_MAX },
	{ "slots whose bytes wrap to few", 24, true, UINT64_MAX / 88 + 1 },
	{ "slots whose bytes wrap with the header", 24, true,
	    UINT64_MAX / 88 },
	{ "more slots than a file can have", 24, true, INT64_MAX / 88 },
};

START_TEST(a_lie_in_a_sealed_header_is_refused)
{
	struct buf b = { 0 };
	struct state *st;

	fill(3);
	load("a7", &b);
	ck_assert_uint_eq(le64_get(b.data + 24), 45);
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
	ck_assert_uint_eq(b.len, 128 + 45 * 88);
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
	enum { N = 38 };	/* as full as 45 slots may be */
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

/* Put records "from" to "to", and tell how much CPU time that took. */
static double
put_all(struct state *st, unsigned from, unsigned to)
{
	clock_t start = clock();

	for (; from < to; from++)
		put(st, from);
	return ((double)(clock() - start) / CLOCKS_PER_SEC);
}

START_TEST(a_damaged_record_makes_no_other_dear)
{
	enum { N = 20000, MORE = 1000, VICTIM = 100 };
	struct buf b = { 0 };
	struct state *st;
	double sound_s, damaged_s;

	fill(N);
	load("a7", &b);
	st = open_as(SEG, &id);
	sound_s = put_all(st, N, N + MORE);
	state_close(st);
	/* Damaged, or a gap: what lies behind may be hidden. */
	if (_i == 0)
		b.data[find_bytes(&b, VICTIM) + 30] ^= 1;
	else
		memset(b.data + find_bytes(&b, VICTIM) / 4096 * 4096, 0, 4096);
	save("a7", &b);
	listen_start();
	st = open_as(SEG, &id);
	damaged_s = put_all(st, N, N + MORE);
	state_close(st);
	(void)listen_end();
	/* One count for all of them, and not one for each. */
	ck_assert_msg(damaged_s < 20 * sound_s + 0.1, "%f s and %f s",
	    damaged_s, sound_s);
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

int
main(void)
{
	TCase *tc = statebed("damage");

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
	tcase_add_loop_test(tc, a_damaged_record_makes_no_other_dear, 0, 2);
	tcase_add_test(tc, a_file_of_damaged_records_is_survived);
	tcase_add_test(tc, a_damaged_name_costs_itself_alone);
	return (run_suite(tc));
}
