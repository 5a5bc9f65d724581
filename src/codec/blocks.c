#include "codec/blocks.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#include <lz4.h>

#include "base/io.h"
#include "base/mem.h"

enum {
	THREADS_MAX = 3,
	ACCELERATION = 1	/* what LZ4F does at level 1 */
};

enum slot_state {
	SLOT_FREE,
	SLOT_TAKEN,		/* somebody compresses */
	SLOT_READY
};

struct slot {
	enum slot_state state;
	uint8_t *in, *out;
	size_t nin, nout;
	bool failed;
	struct err err;
};

struct blocks {
	int fd;
	uint64_t size, nblocks;
	pthread_mutex_t mutex;	/* over the rest, but the bytes of a slot */
	pthread_cond_t freed, ready;
	uint64_t begun;		/* blocks that somebody has taken on */
	uint64_t given;		/* blocks that the caller has got */
	bool stop;
	unsigned nthreads, nslots;
	pthread_t threads[THREADS_MAX];
	struct slot slots[THREADS_MAX + 1];	/* block i: i % nslots */
};

/* Read and compress block i, which is nobody else's. */
static void
fill(const struct blocks *b, struct slot *s, uint64_t i)
{
	uint64_t off = i * BLOCKS_BYTES, left = b->size - off;
	ssize_t got;
	int n;

	s->nin = left < BLOCKS_BYTES ? (size_t)left : BLOCKS_BYTES;
	got = io_pread(b->fd, s->in, s->nin, off, "the image", &s->err);
	s->failed = got != (ssize_t)s->nin;
	if (s->failed) {
		if (got != -1)
			err_set(&s->err, ERR_BUG, "the image has become "
			    "shorter than %llu bytes",
			    (unsigned long long)b->size);
		return;
	}
	/* 0: it would not be shorter. */
	n = LZ4_compress_fast((const char *)s->in, (char *)s->out,
	    (int)s->nin, (int)s->nin - 1, ACCELERATION);
	s->nout = n > 0 ? (size_t)n : s->nin;
}

/* Do one more block, if there is one and a place for it.  Called and left
 * with the mutex locked. */
static bool
work(struct blocks *b)
{
	uint64_t i = b->begun;
	struct slot *s = &b->slots[i % b->nslots];

	if (i == b->nblocks || s->state != SLOT_FREE)
		return (false);
	b->begun++;
	s->state = SLOT_TAKEN;
	(void)pthread_mutex_unlock(&b->mutex);
	fill(b, s, i);
	(void)pthread_mutex_lock(&b->mutex);
	s->state = SLOT_READY;
	(void)pthread_cond_signal(&b->ready);
	return (true);
}

static void *
help(void *arg)
{
	struct blocks *b = arg;

	(void)pthread_mutex_lock(&b->mutex);
	while (!b->stop)
		if (!work(b))
			(void)pthread_cond_wait(&b->freed, &b->mutex);
	(void)pthread_mutex_unlock(&b->mutex);
	return (NULL);
}

/* How many threads: one for each processor that this process may use, since
 * the caller's mostly waits; none where there is only one. */
static unsigned
threads_wanted(const struct blocks *b)
{
	unsigned most = b->nslots - 1, cpus;
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) == -1)
		return (0);
	cpus = (unsigned)CPU_COUNT(&set);
	if (cpus < 2)
		return (0);
	return (cpus < most ? cpus : most);
}

/* Signals go to the caller's thread, where they are expected. */
static void
start_threads(struct blocks *b)
{
	unsigned most = threads_wanted(b);
	sigset_t all, old;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	while (b->nthreads < most && pthread_create(&b->threads[b->nthreads],
	    NULL, help, b) == 0)
		b->nthreads++;
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
}

struct blocks *
blocks_new(int fd, uint64_t size)
{
	struct blocks *b = mem_zero(sizeof(*b));
	unsigned i;

	b->fd = fd;
	b->size = size;
	b->nblocks = (size + BLOCKS_BYTES - 1) / BLOCKS_BYTES;
	b->nslots = b->nblocks < THREADS_MAX + 1 ? (unsigned)b->nblocks + 1 :
	    THREADS_MAX + 1;
	for (i = 0; i < b->nslots; i++) {
		b->slots[i].in = mem_resize(NULL, BLOCKS_BYTES, 1);
		b->slots[i].out = mem_resize(NULL, BLOCKS_BYTES, 1);
	}
	(void)pthread_mutex_init(&b->mutex, NULL);
	(void)pthread_cond_init(&b->freed, NULL);
	(void)pthread_cond_init(&b->ready, NULL);
	start_threads(b);
	return (b);
}

void
blocks_free(struct blocks *b)
{
	unsigned i;

	if (b == NULL)
		return;
	(void)pthread_mutex_lock(&b->mutex);
	b->stop = true;
	(void)pthread_cond_broadcast(&b->freed);
	(void)pthread_mutex_unlock(&b->mutex);
	for (i = 0; i < b->nthreads; i++)
		(void)pthread_join(b->threads[i], NULL);
	for (i = 0; i < b->nslots; i++) {
		free(b->slots[i].in);
		free(b->slots[i].out);
	}
	(void)pthread_cond_destroy(&b->ready);
	(void)pthread_cond_destroy(&b->freed);
	(void)pthread_mutex_destroy(&b->mutex);
	free(b);
}

/* Give back what the caller had last; then the next is to be waited for. */
static struct slot *
await(struct blocks *b)
{
	struct slot *s = &b->slots[b->given % b->nslots];

	(void)pthread_mutex_lock(&b->mutex);
	if (b->given > 0)
		b->slots[(b->given - 1) % b->nslots].state = SLOT_FREE;
	(void)pthread_cond_broadcast(&b->freed);
	while (s->state != SLOT_READY)
		if (b->nthreads > 0 || !work(b))
			(void)pthread_cond_wait(&b->ready, &b->mutex);
	(void)pthread_mutex_unlock(&b->mutex);
	return (s);
}

int
blocks_next(struct blocks *b, struct block *out, struct err *e)
{
	struct slot *s;

	if (b->given == b->nblocks)
		return (0);
	s = await(b);
	b->given++;
	if (s->failed) {
		*e = s->err;
		return (-1);
	}
	out->content = s->in;
	out->ncontent = s->nin;
	out->ndata = s->nout;
	out->data = s->nout == s->nin ? s->in : s->out;
	return (1);
}
