#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <lz4.h>

#include "base/io.h"
#include "base/mem.h"
#include "codec/blocks.h"
#include "unit/suite.h"

/* Every block another; of each five the third cannot be compressed. */
static uint8_t *
content(size_t n)
{
	uint8_t *p = mem_zero(n);
	uint64_t x = 88172645463325252ULL;
	size_t i;

	for (i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		p[i] = i / BLOCKS_BYTES % 5 == 2 || i / 64 % 2 == 0 ?
		    (uint8_t)x : (uint8_t)(i / BLOCKS_BYTES);
	}
	return (p);
}

static int
memory_file(const void *p, size_t n)
{
	struct err e = { 0 };
	int fd = memfd_create("check_blocks", MFD_CLOEXEC);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(io_pwrite(fd, p, n, 0, "memfd", &e), 0);
	return (fd);
}

/* The kernel may take a moment longer than pthread_join(3). */
static bool
only_this_thread(void)
{
	time_t end = time(NULL) + 5;
	struct stat st;

	do {
		ck_assert_int_eq(stat("/proc/self/task", &st), 0);
		(void)sched_yield();
	} while (st.st_nlink != 3 && time(NULL) < end);
	return (st.st_nlink == 3);
}

/* All blocks of a file of n bytes, in order. */
static void
take_all(size_t n)
{
	uint8_t *p = content(n), *back = mem_resize(NULL, BLOCKS_BYTES, 1);
	int fd = memory_file(p, n);
	struct blocks *b = blocks_new(fd, n);
	struct err e = { 0 };
	struct block k;
	size_t at = 0;
	int r;

	while ((r = blocks_next(b, &k, &e)) == 1) {
		ck_assert_uint_eq(k.ncontent, n - at < BLOCKS_BYTES ? n - at :
		    BLOCKS_BYTES);
		ck_assert(memcmp(k.content, p + at, k.ncontent) == 0);
		if (at / BLOCKS_BYTES % 5 == 2 && k.ncontent > 64)
			ck_assert_uint_eq(k.ndata, k.ncontent);
		if (k.ndata == k.ncontent)
			ck_assert_ptr_eq(k.data, k.content);
		else {
			ck_assert_int_eq(LZ4_decompress_safe(
			    (const char *)k.data, (char *)back, (int)k.ndata,
			    BLOCKS_BYTES), (int)k.ncontent);
			ck_assert(memcmp(back, p + at, k.ncontent) == 0);
		}
		at += k.ncontent;
	}
	ck_assert_msg(r == 0, "%s", e.msg);
	ck_assert_uint_eq(at, n);
	ck_assert_int_eq(blocks_next(b, &k, &e), 0);
	blocks_free(b);
	ck_assert(only_this_thread());
	(void)close(fd);
	free(back);
	free(p);
}

static const size_t sizes[] = { 1, 100, BLOCKS_BYTES - 1, BLOCKS_BYTES,
    BLOCKS_BYTES + 1, 3 * BLOCKS_BYTES + 5, 12 * BLOCKS_BYTES };

START_TEST(blocks_come_in_order_and_hold_the_content)
{
	take_all(sizes[_i]);
}
END_TEST

START_TEST(one_processor_does_it_without_threads)
{
	uint8_t *p = content(2 * BLOCKS_BYTES);
	int fd = memory_file(p, 2 * BLOCKS_BYTES);
	struct blocks *b;
	cpu_set_t one;
	int cpu = sched_getcpu();

	ck_assert_int_ge(cpu, 0);
	CPU_ZERO(&one);
	CPU_SET((size_t)cpu, &one);
	ck_assert_int_eq(sched_setaffinity(0, sizeof(one), &one), 0);
	b = blocks_new(fd, 2 * BLOCKS_BYTES);
	ck_assert(only_this_thread());
	blocks_free(b);
	take_all(7 * BLOCKS_BYTES + 1);
	(void)close(fd);
	free(p);
}
END_TEST

START_TEST(a_file_that_became_shorter_is_an_error_where_it_ends)
{
	size_t n = 6 * BLOCKS_BYTES;
	uint8_t *p = content(n);
	int fd = memory_file(p, 4 * BLOCKS_BYTES + 1), i;
	struct blocks *b = blocks_new(fd, n);
	struct err e = { 0 };
	struct block k;

	for (i = 0; i < 4; i++)
		ck_assert_int_eq(blocks_next(b, &k, &e), 1);
	ck_assert_int_eq(blocks_next(b, &k, &e), -1);
	ck_assert_int_eq(e.cls, ERR_BUG);
	blocks_free(b);
	(void)close(fd);
	free(p);
}
END_TEST

/* In whatever state the threads are just then. */
START_TEST(it_can_be_given_up_at_any_time)
{
	size_t n = 12 * BLOCKS_BYTES;
	uint8_t *p = content(n);
	int fd = memory_file(p, n), i;
	struct blocks *b = blocks_new(fd, n);
	struct err e = { 0 };
	struct block k;

	for (i = 0; i < _i; i++)
		ck_assert_int_eq(blocks_next(b, &k, &e), 1);
	blocks_free(b);
	ck_assert(only_this_thread());
	blocks_free(NULL);
	(void)close(fd);
	free(p);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("blocks");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, blocks_come_in_order_and_hold_the_content, 0,
	    LENGTH(sizes));
	tcase_add_test(tc, one_processor_does_it_without_threads);
	tcase_add_test(tc,
	    a_file_that_became_shorter_is_an_error_where_it_ends);
	tcase_add_loop_test(tc, it_can_be_given_up_at_any_time, 0, 5);
	return (run_suite(tc));
}
