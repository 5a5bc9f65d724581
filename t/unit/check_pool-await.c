/*
 * A feed that waits: for a descriptor, for workers that are behind, for a
 * role; and the ticks meanwhile.
 */
#include <stdatomic.h>

#include "base/log.h"
#include "proc/role.h"
#include "unit/poolbed.h"

enum {
	QUEUE_BYTES = 256 * 1024,
	KERNEL_BYTES = 4 * 1024 * 1024	/* more than it takes by far */
};

/* What the ticks of a test saw, and what they are to do. */
static struct bed {
	struct feed f;			/* first: it is what toy_said() takes */
	unsigned nticks;
	uint64_t looked;		/* at the last of them */
	bool in_said;
	unsigned posted;		/* at the last tick ... */
	unsigned still;			/* ... and how many had the same */
	int wake;			/* signal to worker 0 when still */
	unsigned posted_before;		/* it */
	bool awaited;
	int fd[2];
} bed;

/* Shared with workers. */
static _Atomic unsigned *drained_ticks;

static void
see(void *ctx, const uint64_t count[TALLY_NCOUNT])
{
	struct bed *b = ctx;

	ck_assert(!b->in_said);
	b->nticks++;
	(*drained_ticks)++;
	b->looked = count[TALLY_LOOKED];
	b->still = b->posted == b->f.posted ? b->still + 1 : 0;
	b->posted = b->f.posted;
	if (b->wake != 0 && b->still >= 5 && sh->seen[0].pid != 0) {
		b->posted_before = b->f.posted;
		(void)kill(sh->seen[0].pid, b->wake);
		b->wake = 0;
	}
}

static void
hear(void *ctx, const void *msg, size_t len)
{
	struct bed *b = ctx;

	b->in_said = true;
	toy_said(&b->f, msg, len);
	b->in_said = false;
}

/* Post to worker 0, and to 1 if it wants, so that no queue gets long. */
static int
patient_feed(void *ctx, struct pool *pool, const bool want[POOL_SEGMENTS],
    struct err *e)
{
	struct bed *b = ctx;

	(void)e;
	b->f.calls++;
	for (unsigned seq = 0; seq < b->f.nmsgs; seq++)
		for (unsigned w = 0; w < 2; w++) {
			if (!want[w * POOL_SEGMENTS / 2])
				continue;
			if (!pool_await(pool, -1, QUEUE_BYTES))
				return (0);
			post(&b->f, pool, w, seq);
		}
	b->awaited = true;
	return (0);
}

static struct pool_cfg
ticking(unsigned nworkers)
{
	struct pool_cfg cfg = config(&bed.f, nworkers);

	cfg.feed = patient_feed;
	cfg.said = hear;
	cfg.ctx = &bed;
	cfg.tick = see;
	cfg.tick_ms = 10;
	return (cfg);
}

START_TEST(a_worker_that_is_behind_stops_the_feed)
{
	struct pool_result res;
	struct err e;

	bed.f = (struct feed){ .nmsgs = 500, .size = 60 * 1024,
	    .act = ACT_STOP, .act_seq = 1, .nacts = 1, .raise_at = -1 };
	bed.wake = SIGCONT;
	ck_assert_int_eq(run(ticking(2), &res, &e), 0);
	ck_assert_uint_gt(bed.posted_before, 0);
	ck_assert_uint_lt(bed.posted_before * bed.f.size,
	    2 * (QUEUE_BYTES + KERNEL_BYTES));
	ck_assert_uint_eq(sh->seen[0].all_msgs, 500);
	ck_assert_uint_eq(sh->seen[1].all_msgs, 500);
	ck_assert_uint_eq(disorder(), 0);
}
END_TEST

START_TEST(what_a_dead_worker_had_before_it_holds_up_nobody)
{
	struct pool_result res;
	struct err e;

	bed.f = (struct feed){ .nmsgs = 500, .size = 60 * 1024,
	    .act = ACT_STOP, .act_seq = 1, .nacts = 1, .raise_at = -1 };
	bed.wake = SIGKILL;
	ck_assert_int_eq(run(ticking(2), &res, &e), 0);
	ck_assert_uint_eq(res.deaths, 1);
	ck_assert_uint_eq(bed.f.calls, 2);
	ck_assert_uint_lt(bed.posted_before, 500);
	ck_assert_uint_eq(sh->seen[0].msgs, 500);
	ck_assert_uint_eq(sh->seen[1].all_msgs, 500);
	ck_assert_uint_eq(disorder(), 0);
}
END_TEST

/* Waits for what nobody writes. */
static int
waiting_feed(void *ctx, struct pool *pool, const bool want[POOL_SEGMENTS],
    struct err *e)
{
	struct bed *b = ctx;

	(void)toy_feed(&b->f, pool, want, e);
	b->awaited = pool_await(pool, b->fd[0], 0);
	return (0);
}

static const enum act stops[] = { ACT_TERM, ACT_FATAL };

START_TEST(a_wait_ends_with_the_run)
{
	struct pool_cfg cfg = ticking(2);
	struct pool_result res;
	struct err e;

	bed.f = (struct feed){ .nworkers = 2, .nmsgs = 5, .size = 1000,
	    .act = stops[_i], .act_seq = 2, .act_step = 1, .nacts = 1,
	    .raise_at = -1 };
	cfg.feed = waiting_feed;
	ck_assert_int_eq(pipe(bed.fd), 0);
	bed.awaited = true;
	ck_assert_int_eq(run(cfg, &res, &e), stops[_i] == ACT_TERM ? 0 : -1);
	ck_assert(!bed.awaited);
	ck_assert_int_eq(res.signal, stops[_i] == ACT_TERM ? SIGTERM : 0);
}
END_TEST

static void
write_at_third_tick(void *ctx, const uint64_t count[TALLY_NCOUNT])
{
	struct bed *b = ctx;

	see(ctx, count);
	if (b->nticks == 3)
		ck_assert_int_eq(write(b->fd[1], "x", 1), 1);
}

START_TEST(a_wait_ends_when_there_is_something_to_read)
{
	struct pool_cfg cfg = ticking(2);
	struct pool_result res;
	struct err e;

	bed.f = (struct feed){ .nworkers = 2, .act_step = 1, .nmsgs = 50,
	    .size = 1000, .act = ACT_SAY, .nacts = 50, .raise_at = -1 };
	cfg.feed = waiting_feed;
	cfg.tick = write_at_third_tick;
	ck_assert_int_eq(pipe(bed.fd), 0);
	ck_assert_int_eq(run(cfg, &res, &e), 0);
	ck_assert(bed.awaited);
	ck_assert_uint_eq(bed.f.said, 150);
	ck_assert_uint_eq(bed.f.said_wrong, 0);
}
END_TEST

static int
slow_drain(void *job, int64_t grace_ms, struct err *e)
{
	unsigned n = *drained_ticks;

	while (*drained_ticks < n + 3)
		clock_sleep_ms(1);
	return (toy_drain(job, grace_ms, e));
}

START_TEST(ticks_go_on_while_the_last_is_finished)
{
	struct pool_cfg cfg = ticking(2);
	struct job_ops ops = toy;
	struct pool_result res;
	struct err e;

	bed.f = (struct feed){ .nworkers = 2, .act_step = 1, .nmsgs = 50,
	    .size = 1000, .act = ACT_SAY, .nacts = 50, .raise_at = -1 };
	ops.drain = slow_drain;
	cfg.ops = &ops;
	ck_assert_int_eq(run(cfg, &res, &e), 0);
	ck_assert_uint_ge(bed.nticks, 3);
	ck_assert_uint_eq(bed.looked, 100);
	ck_assert_uint_eq(bed.f.said, 150);
}
END_TEST

/* A feed without posts turns the pool all the same. */
static int
idle_feed(void *ctx, struct pool *pool, const bool want[POOL_SEGMENTS],
    struct err *e)
{
	struct bed *b = ctx;

	(void)want;
	(void)e;
	while (b->nticks < 5) {
		clock_sleep_ms(1);
		pool_turn(pool);
	}
	return (0);
}

START_TEST(ticks_come_as_often_as_was_asked_for)
{
	struct pool_cfg cfg = ticking(1);
	int64_t began_ms = clock_mono_ms();
	struct pool_result res;
	struct err e;

	bed.f = (struct feed){ .raise_at = -1 };
	cfg.feed = idle_feed;
	cfg.tick_ms = 20;
	ck_assert_int_eq(run(cfg, &res, &e), 0);
	ck_assert_int_ge(clock_mono_ms() - began_ms, 5 * 20);
}
END_TEST

/* In a role: the numbers of the messages that are to be posted. */
static int
count_up(void *ctx, struct role_self *self, struct err *e)
{
	const struct bed *b = ctx;

	for (uint32_t i = 0; i < b->f.nmsgs; i++)
		role_say(self, &i, sizeof(i));
	if (b->f.fail) {
		(void)e;
		(void)raise(SIGSEGV);
	}
	return (0);
}

/* Posts what a role says, as it says it. */
static int
fed_feed(void *ctx, struct pool *pool, const bool want[POOL_SEGMENTS],
    struct err *e)
{
	struct bed *b = ctx;
	struct role_cfg cfg = { .name = "toy", .keep_fd = -1,
	    .run = count_up, .ctx = b };
	static uint32_t body[POOL_MSG_MAX / sizeof(uint32_t)];
	enum role_said said = ROLE_NOTHING;
	struct role *r;
	size_t len;

	b->f.calls++;
	ck_assert_ptr_nonnull(r = role_start(&cfg, e));
	while (said >= ROLE_NOTHING && said != ROLE_DONE &&
	    pool_await(pool, role_fd(r), QUEUE_BYTES)) {
		while ((said = role_recv(r, body, &len, e)) == ROLE_MESSAGE)
			for (unsigned w = 0; w < 2; w++)
				if (want[w * POOL_SEGMENTS / 2])
					post(&b->f, pool, w, body[0]);
	}
	role_stop(r);
	return (said == ROLE_FAILED ? -1 : 0);
}

START_TEST(a_role_feeds_workers_some_of_which_die)
{
	struct pool_cfg cfg = ticking(2);
	struct pool_result res;
	struct err e;

	bed.f = (struct feed){ .nworkers = 2, .nmsgs = 3000, .size = 4000,
	    .act = ACT_SEGV, .act_worker = 1, .act_seq = 1000, .act_step = 500,
	    .nacts = 3, .raise_at = -1 };
	cfg.feed = fed_feed;
	ck_assert_int_eq(run(cfg, &res, &e), 0);
	ck_assert_uint_eq(res.deaths, 3);
	ck_assert_uint_eq(bed.f.calls, 4);
	ck_assert_uint_eq(sh->seen[0].all_msgs, 3000);
	ck_assert_uint_eq(sh->seen[1].msgs, 3000);
	ck_assert_uint_eq(disorder(), 0);
	ck_assert_uint_eq(res.count[TALLY_FAILED], 3);
}
END_TEST

START_TEST(a_role_that_dies_ends_the_run)
{
	struct pool_cfg cfg = ticking(2);
	struct pool_result res;
	struct err e;

	bed.f = (struct feed){ .nworkers = 2, .nmsgs = 3000, .size = 4000,
	    .act_step = 1, .raise_at = -1, .fail = true };
	cfg.feed = fed_feed;
	ck_assert_int_eq(run(cfg, &res, &e), -1);
	ck_assert_int_eq(e.cls, ERR_BUG);
	ck_assert_str_eq(e.msg, "toy died of signal 11 (Segmentation fault)");
	ck_assert_uint_eq(bed.f.posted, 6000);
	ck_assert_uint_eq(res.deaths, 0);
}
END_TEST

static void
set_up_bed(void)
{
	memset(&bed, 0, sizeof(bed));
	drained_ticks = mmap(NULL, sizeof(*drained_ticks),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne((void *)drained_ticks, MAP_FAILED);
}

int
main(void)
{
	TCase *tc = poolbed("await");

	tcase_add_checked_fixture(tc, set_up_bed, NULL);
	tcase_add_test(tc, a_worker_that_is_behind_stops_the_feed);
	tcase_add_test(tc, what_a_dead_worker_had_before_it_holds_up_nobody);
	tcase_add_loop_test(tc, a_wait_ends_with_the_run, 0, 2);
	tcase_add_test(tc, a_wait_ends_when_there_is_something_to_read);
	tcase_add_test(tc, ticks_go_on_while_the_last_is_finished);
	tcase_add_test(tc, ticks_come_as_often_as_was_asked_for);
	tcase_add_test(tc, a_role_feeds_workers_some_of_which_die);
	tcase_add_test(tc, a_role_that_dies_ends_the_run);
	return (run_suite(tc));
}
