#include "cmd/dealer.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "cmd/cycle.h"
#include "fleet/parcel.h"
#include "state/statedir.h"

enum {
	PARCEL_SEND_BYTES = 16 * 1024	/* early enough to keep workers busy */
};

struct lane {
	struct parcel parcel;
	uint64_t group;		/* directory of its last name */
};

struct dealer {
	const struct cycle *c;
	struct pool *pool;
	bool want[POOL_SEGMENTS];
	struct buf path;	/* directory and name */
	const char *dir;
	const char *real;
	size_t dir_bytes;	/* with the slash */
	uint64_t group;		/* counts directories */
	uint64_t count;		/* of names */
	struct lane lanes[POOL_WORKERS_MAX];
};

struct dealer *
dealer_new(const struct cycle *c, struct pool *pool,
    const bool want[POOL_SEGMENTS])
{
	struct dealer *d = mem_zero(sizeof(*d));

	d->c = c;
	d->pool = pool;
	memcpy(d->want, want, sizeof(d->want));
	return (d);
}

void
dealer_free(struct dealer *d)
{
	unsigned i;

	for (i = 0; i < POOL_WORKERS_MAX; i++)
		buf_fini(&d->lanes[i].parcel.b);
	buf_fini(&d->path);
	free(d);
}

void
dealer_enter(struct dealer *d, const char *path, const char *real)
{
	d->dir = path;
	d->real = real;
	d->group++;
	buf_reset(&d->path);
	buf_puts(&d->path, path);
	buf_putc(&d->path, '/');
	d->dir_bytes = d->path.len;
	pool_turn(d->pool);
}

static void
send(struct dealer *d, unsigned worker)
{
	struct parcel *p = &d->lanes[worker].parcel;

	if (p->b.len > 0)
		pool_post(d->pool, worker, p->b.data, p->b.len);
	parcel_reset(p);
}

void
dealer_put(struct dealer *d, const char *name, uint8_t flags)
{
	struct hash128 h;
	struct lane *lane;
	unsigned seg, worker;

	d->path.len = d->dir_bytes;
	buf_puts(&d->path, name);
	if (!shard_has(&d->c->shard, buf_str(&d->path), d->path.len))
		return;
	h = statedir_hash(&d->c->id, buf_str(&d->path), d->path.len);
	seg = (unsigned)(h.hi >> 56);
	if (!d->want[seg])
		return;
	d->count++;
	worker = pool_owner(d->pool, seg);
	lane = &d->lanes[worker];
	if (!parcel_add(&lane->parcel, d->dir, d->real,
	    lane->group != d->group, name, flags)) {
		send(d, worker);
		(void)parcel_add(&lane->parcel, d->dir, d->real, true, name,
		    flags);
	}
	lane->group = d->group;
	if (lane->parcel.b.len >= PARCEL_SEND_BYTES) {
		send(d, worker);
		lane->group = 0;
	}
}

void
dealer_turn(struct dealer *d)
{
	pool_turn(d->pool);
}

void
dealer_flush(struct dealer *d)
{
	unsigned i;

	for (i = 0; i < POOL_WORKERS_MAX; i++)
		send(d, i);
}

uint64_t
dealer_count(const struct dealer *d)
{
	return (d->count);
}

bool
dealer_stopping(const struct dealer *d)
{
	return (pool_stopping(d->pool));
}
