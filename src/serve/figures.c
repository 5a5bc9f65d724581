#include "serve/figures.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/num.h"

enum {
	/* Looks at the sequence lock before a writer that was stopped amid it
	 * is waited for no more: a few at once, the others over some seconds,
	 * since a busy machine may keep it from a processor for long. */
	LOOKS_AT_ONCE = 100,
	LOOKS_MAX = 20 * 1000,
	LOOK_EACH_NS = 100 * 1000,
	NOTHERS = 2		/* rows beyond max_series: "other" */
};

const double figures_bounds[FIGURES_BUCKETS - 1] = { 0.001, 0.003, 0.01,
    0.03, 0.1, 0.3, 1, 3, 10, 30, 60, 180, 600, 1800, 3600 };

/* Where the row of some labels is. */
struct place {
	struct hash128 labels;
	uint32_t row;		/* + 1; 0: free */
};

/* What is shared.  Who reads it can be taken over and write, too: the writer
 * takes nothing from there but what it adds to. */
struct shown {
	_Atomic uint32_t seq;	/* odd while this is being written: */
	struct figures_now now;
	struct figures_failure failures[FIGURES_FAILURES];

	/* Atomics. */
	struct figures_histogram histogram[FIGURES_NKIND];
	struct figures_minute minute[FIGURES_MINUTES];
	_Atomic uint64_t uploads, bytes;
	_Atomic size_t nseries;	/* rows that are whole */
	struct figures_series series[];
};

/* Each process's own. */
struct figures {
	struct shown *mem;
	size_t map_bytes;
	const struct board *board;
	size_t max_series;
	struct place *index;	/* the writer's */
	size_t nindex;		/* a power of 2 */
	size_t nrows;		/* that the writer has made */
};

static void
write_begin(struct figures *f)
{
	atomic_fetch_add_explicit(&f->mem->seq, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
}

static void
write_end(struct figures *f)
{
	atomic_fetch_add_explicit(&f->mem->seq, 1, memory_order_release);
}

/* Copy what is under the lock, until no writer came between. */
static void
read_locked(const struct figures *f, void (*copy)(const struct figures *f,
    void *ctx), void *ctx)
{
	const struct timespec pause = { .tv_nsec = LOOK_EACH_NS };
	uint32_t seq;
	unsigned i;

	for (i = 0; i < LOOKS_MAX; i++) {
		seq = atomic_load_explicit(&f->mem->seq,
		    memory_order_acquire);
		if (seq % 2 == 0) {
			copy(f, ctx);
			atomic_thread_fence(memory_order_acquire);
			if (atomic_load_explicit(&f->mem->seq,
			    memory_order_relaxed) == seq)
				return;
		}
		if (i < LOOKS_AT_ONCE)
			(void)sched_yield();
		else
			(void)nanosleep(&pause, NULL);
	}
	copy(f, ctx);
}

/* A copy that may be cut. */
static void
cut(char *to, size_t size, const char *from)
{
	(void)snprintf(to, size, "%s", from);
}

/* One writer: no locked instruction is needed, only that others never read half
 * a number. */
static void
add(_Atomic uint64_t *p, uint64_t n)
{
	atomic_store_explicit(p, n + atomic_load_explicit(p,
	    memory_order_relaxed), memory_order_relaxed);
}

static void
observe(struct figures_histogram *h, int64_t ms)
{
	size_t i;

	if (ms < 0)	/* the clock was set back */
		ms = 0;
	for (i = 0; i < FIGURES_BUCKETS - 1; i++)
		if ((double)ms <= figures_bounds[i] * 1000)
			break;
	add(&h->bucket[i], 1);
	add(&h->sum_ms, (uint64_t)ms);
}

struct figures *
figures_new(const struct board *board, int64_t interval_ms, size_t max_series,
    struct err *e)
{
	struct shown *mem;
	struct figures *f;
	size_t bytes;

	if (max_series > FIGURES_SERIES_MAX)
		max_series = FIGURES_SERIES_MAX;
	bytes = sizeof(*mem) + (max_series + NOTHERS) * sizeof(mem->series[0]);
	mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED |
	    MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED) {
		err_io(e, "map memory shared with what --listen shows");
		return (NULL);
	}
	f = mem_zero(sizeof(*f));
	f->mem = mem;
	f->map_bytes = bytes;
	f->board = board;
	f->max_series = max_series;
	for (f->nindex = 16; f->nindex < 2 * (max_series + NOTHERS); )
		f->nindex *= 2;
	f->index = mem_zero(f->nindex * sizeof(*f->index));
	mem->now.interval_ms = interval_ms;
	mem->now.started_mono = clock_mono_ms();
	mem->now.started_ms = clock_real_ms();
	return (f);
}

void
figures_free(struct figures *f)
{
	if (f == NULL)
		return;
	free(f->index);
	(void)munmap(f->mem, f->map_bytes);
	free(f);
}

void
figures_begin(struct figures *f)
{
	write_begin(f);
	f->mem->now.running = true;
	f->mem->now.begun_mono = clock_mono_ms();
	write_end(f);
}

void
figures_end(struct figures *f, const struct figures_cycle *c)
{
	struct figures_now *now = &f->mem->now;
	size_t i, n = c->nfailures < FIGURES_FAILURES ? c->nfailures :
	    FIGURES_FAILURES;

	observe(&f->mem->histogram[FIGURES_CYCLE], c->took_ms);
	observe(&f->mem->histogram[FIGURES_SCAN], c->scan_ms);
	write_begin(f);
	now->running = false;
	now->ended_ms = clock_real_ms();
	if (c->complete) {
		now->complete_mono = clock_mono_ms();
		now->complete_ms = now->ended_ms;
	}
	now->took_ms = c->took_ms;
	now->scan_ms = c->scan_ms;
	now->ncycles++;
	now->nbad += !c->complete || c->nfaults > 0 ||
	    c->count[TALLY_FAILED] > 0 || c->undone != NULL;
	for (i = 0; i < TALLY_NCOUNT; i++)
		now->total[i] += c->count[i];
	if (!c->aborted) {
		memcpy(now->last, c->count, sizeof(now->last));
		now->last_nfaults = c->nfaults;
		now->nfailures = n;
		if (n > 0)
			memcpy(f->mem->failures, c->failures,
			    n * sizeof(c->failures[0]));
	}
	/* What a cycle did not come to look at is not safe yet. */
	if (c->complete || now->oldest_ms == 0 || (c->oldest_ms != 0 &&
	    c->oldest_ms < now->oldest_ms))
		now->oldest_ms = c->oldest_ms;
	cut(now->why, sizeof(now->why), c->complete || c->why == NULL ?
	    "" : c->why);
	cut(now->undone, sizeof(now->undone), c->undone == NULL ?
	    "" : c->undone);
	write_end(f);
}

/* Where in the index are, or would be, these labels? */
static struct place *
place_of(struct figures *f, const char *project, const char *database)
{
	struct hash128 h = hash128_seeded(database, strlen(database),
	    hash64(project, strlen(project)));
	struct place *p;
	size_t at;

	for (at = (size_t)h.lo;; at++) {
		p = &f->index[at & (f->nindex - 1)];
		if (p->row == 0 || hash128_eq(p->labels, h))
			break;
	}
	p->labels = h;
	return (p);
}

/* The row of these labels; a new one if there is room, else "other". */
static struct figures_series *
row_of(struct figures *f, const char *project, const char *database)
{
	struct place *p = place_of(f, project, database);
	struct figures_series *s;

	if (p->row == 0 && f->nrows >= f->max_series) {
		project = "other";
		database = database[0] == '\0' ? "" : "other";
		p = place_of(f, project, database);
	}
	if (p->row == 0) {
		s = &f->mem->series[f->nrows];
		cut(s->project, sizeof(s->project), project);
		cut(s->database, sizeof(s->database), database);
		p->row = (uint32_t)++f->nrows;
		atomic_store_explicit(&f->mem->nseries, f->nrows,
		    memory_order_release);
	}
	return (&f->mem->series[p->row - 1]);
}

static void
count_series(struct figures *f, const char *project, const char *database,
    uint64_t bytes, int64_t now_ms)
{
	char p[FIGURES_LABEL_BYTES], d[FIGURES_LABEL_BYTES];
	struct figures_series *s;

	/* Cut as the rows are, so that those that look the same are one. */
	cut(p, sizeof(p), project);
	cut(d, sizeof(d), database);
	s = row_of(f, p, d);
	add(&s->uploads, 1);
	add(&s->bytes, bytes);
	atomic_store_explicit(&s->last_ms, now_ms, memory_order_relaxed);
}

static void
count_minute(struct figures *f, uint64_t bytes, int64_t now_ms)
{
	int64_t minute = now_ms / 60000;
	struct figures_minute *m = &f->mem->minute[minute % FIGURES_MINUTES];

	if (atomic_load_explicit(&m->minute, memory_order_relaxed) != minute) {
		atomic_store_explicit(&m->uploads, 0, memory_order_relaxed);
		atomic_store_explicit(&m->bytes, 0, memory_order_relaxed);
		atomic_store_explicit(&m->minute, minute,
		    memory_order_release);
	}
	add(&m->uploads, 1);
	add(&m->bytes, bytes);
}

void
figures_upload(struct figures *f, const struct figures_upload *u)
{
	int64_t now_ms = clock_real_ms();

	add(&f->mem->uploads, 1);
	add(&f->mem->bytes, u->bytes);
	observe(&f->mem->histogram[FIGURES_UPLOAD], u->took_ms);
	if (u->lag_ms >= 0)
		observe(&f->mem->histogram[FIGURES_LAG], u->lag_ms);
	count_minute(f, u->bytes, now_ms);
	if (u->project == NULL)
		return;
	count_series(f, u->project, "", u->bytes, now_ms);
	if (u->database != NULL && u->database[0] != '\0')
		count_series(f, u->project, u->database, u->bytes, now_ms);
}

static void
copy_now(const struct figures *f, void *ctx)
{
	memcpy(ctx, &f->mem->now, sizeof(f->mem->now));
}

void
figures_read(const struct figures *f, struct figures_now *now)
{
	read_locked(f, copy_now, now);
	/* They are counted one by one, and none is lost with a worker. */
	now->total[TALLY_SYNCED] = atomic_load_explicit(&f->mem->uploads,
	    memory_order_relaxed);
	now->total[TALLY_BYTES_STORED] = atomic_load_explicit(&f->mem->bytes,
	    memory_order_relaxed);
}

struct failures_copy {
	struct figures_failure *v;
	size_t max, n;
};

static void
copy_failures(const struct figures *f, void *ctx)
{
	struct failures_copy *c = ctx;

	c->n = f->mem->now.nfailures;
	if (c->n > c->max)
		c->n = c->max;
	if (c->n > 0)
		memcpy(c->v, f->mem->failures, c->n * sizeof(c->v[0]));
}

size_t
figures_failures(const struct figures *f, struct figures_failure *v,
    size_t max)
{
	struct failures_copy c = { .v = v,
	    .max = max < FIGURES_FAILURES ? max : FIGURES_FAILURES };

	read_locked(f, copy_failures, &c);
	return (c.n);
}

const struct figures_histogram *
figures_histogram(const struct figures *f, enum figures_kind kind)
{
	return (&f->mem->histogram[kind]);
}

const struct figures_series *
figures_series(const struct figures *f, size_t i)
{
	return (i < f->max_series + NOTHERS &&
	    i < atomic_load_explicit(&f->mem->nseries,
	    memory_order_acquire) ? &f->mem->series[i] : NULL);
}

void
figures_minute(const struct figures *f, int64_t now_ms, unsigned ago,
    uint64_t *uploads, uint64_t *bytes)
{
	int64_t minute = now_ms / 60000 - (int64_t)ago;
	const struct figures_minute *m;

	*uploads = *bytes = 0;
	if (minute < 0 || ago >= FIGURES_MINUTES)
		return;
	m = &f->mem->minute[minute % FIGURES_MINUTES];
	if (atomic_load_explicit(&m->minute, memory_order_acquire) != minute)
		return;
	*uploads = atomic_load_explicit(&m->uploads, memory_order_relaxed);
	*bytes = atomic_load_explicit(&m->bytes, memory_order_relaxed);
}

bool
figures_worker(const struct figures *f, unsigned i,
    uint64_t count[TALLY_NCOUNT], enum tally_phase *phase)
{
	const struct tally *t;
	int c;

	if (f->board == NULL || i >= f->board->nslots)
		return (false);
	t = &f->board->slot[i].tally;
	for (c = 0; c < TALLY_NCOUNT; c++)
		count[c] = tally_get(t, (enum tally_count)c);
	*phase = (enum tally_phase)atomic_load_explicit(&t->phase,
	    memory_order_relaxed);
	return (true);
}

bool
figures_healthy(const struct figures_now *now, int64_t mono, char *why,
    size_t size)
{
	int64_t since = now->complete_ms != 0 ? now->complete_mono :
	    now->started_mono;
	char text[32];

	if (size > 0)
		why[0] = '\0';
	if (now->why[0] != '\0') {
		cut(why, size, now->why);
		return (false);
	}
	if (mono - since <= 3 * now->interval_ms)
		return (true);
	(void)snprintf(why, size, now->complete_ms != 0 ?
	    "no cycle was completed for %s, which is more than three intervals"
	    : "the first cycle is not complete after %s, which is more than "
	    "three intervals", num_format_duration(mono - since, text,
	    sizeof(text)));
	return (false);
}
