/*
 * A segment file and a names file of any bytes: the state opens, finds, puts
 * and tells, and what was put is there afterwards.  The first two bytes say
 * how many KiB of the rest are the segment, and whether its header is mended
 * so that its records are looked at.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/io.h"
#include "base/log.h"
#include "state/state.h"
#include "fuzz/driver.h"

static const struct state_id id = { .seed = 42, .store = { 7, 8 } };
static char dir[64];
static int dir_fd = -1;

static void
cleanup(void)
{
	struct err e;

	(void)io_remove_tree(AT_FDCWD, dir, &e);
}

static void
start(void)
{
	(void)snprintf(dir, sizeof(dir), "%s/fuzz_state.XXXXXX",
	    fuzz_scratch());
	if (mkdtemp(dir) == NULL ||
	    (dir_fd = open(dir, O_RDONLY | O_DIRECTORY)) == -1)
		abort();
	(void)atexit(cleanup);
	log_setup(LOG_LVL_ERROR, false);
}

static void
save(const char *name, const uint8_t *p, size_t n)
{
	struct err e;
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd == -1 || io_write(fd, p, n, name, &e) == -1)
		abort();
	(void)close(fd);
}

/* A header that fits the file, with as many slots as are there. */
static void
mend(uint8_t *p, size_t n)
{
	if (n < STATE_HDR_BYTES + STATE_REC_BYTES)
		return;
	memset(p, 0, STATE_HDR_BYTES);
	memcpy(p, "LFSEG\0\0\1", 8);
	le32_put(p + 8, 2);
	le32_put(p + 12, STATE_REC_BYTES);
	le64_put(p + 24, (n - STATE_HDR_BYTES) / STATE_REC_BYTES);
	le64_put(p + 40, id.seed);
	le64_put(p + 48, id.store.hi);
	le64_put(p + 56, id.store.lo);
	le64_put(p + 64, hash64(p, 64));
}

struct seen {
	struct state *st;
	uint64_t n;
};

static void
see_rec(void *ctx, const struct state_rec *rec)
{
	struct seen *s = ctx;
	struct state_rec again;

	s->n++;
	if (!state_find(s->st, rec->path, &again) ||
	    again.stored_ms != rec->stored_ms)
		abort();
}

/* The records, as counted one by one and as the state says. */
static uint64_t
count(struct state *st)
{
	struct seen s = { .st = st, .n = 0 };

	state_each(st, see_rec, &s);
	if (s.n != state_count(st))
		abort();
	return (s.n);
}

static void
see_name(void *ctx, struct hash128 h, const char *path)
{
	struct state_rec rec;

	if (!hash128_eq(h, statedir_hash(&id, path, strlen(path))) ||
	    !state_find(ctx, h, &rec))
		abort();
}

static void
use(void)
{
	struct state_rec rec, got;
	struct state *st;
	struct err e;
	uint64_t before, found = 0, i;
	char path[16];

	if ((st = state_open(dir_fd, 0, &id, &e)) == NULL)
		abort();
	before = count(st);
	memset(&rec, 0, sizeof(rec));
	for (i = 0; i < 20; i++) {
		rec.path = (struct hash128){ .hi = i, .lo = i << 60 };
		rec.stored_ms = (int64_t)i;
		(void)snprintf(path, sizeof(path), "/%llu",
		    (unsigned long long)i);
		found += state_find(st, rec.path, &got);
		if (state_put(st, &rec, path, &e) == -1)
			abort();
	}
	/* More, if a gap was filled that kept some from being found. */
	if (count(st) < before + 20 - found)
		abort();
	for (i = 0; i < 20; i++)
		if (!state_find(st, (struct hash128){ .hi = i, .lo = i << 60 },
		    &got) || got.stored_ms != (int64_t)i)
			abort();
	(void)state_names(st, see_name, st, &e);
	state_close(st);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *p;
	size_t n;

	if (dir_fd == -1)
		start();
	if (size < 2)
		return (0);
	n = (size_t)data[0] * 1024 < size - 2 ? (size_t)data[0] * 1024 :
	    size - 2;
	if ((p = malloc(size)) == NULL)
		abort();
	memcpy(p, data + 2, size - 2);
	if (data[1] % 2 == 1)
		mend(p, n);
	save("00", p, n);
	save("00.names", p + n, size - 2 - n);
	free(p);
	use();
	return (0);
}
