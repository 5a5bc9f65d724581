#include "state/table.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "state/segment.h"

enum {
	AT_ONCE = 256		/* tries; a write(2) takes less */
};

int
table_map(struct table *t, int fd, const char *name, struct err *e)
{
	struct stat sb;
	void *p;

	if (fstat(fd, &sb) == -1) {
		err_io(e, "fstat state segment %s", name);
		return (-1);
	}
	memset(t, 0, sizeof(*t));
	t->dev = sb.st_dev;
	t->ino = sb.st_ino;
	if (!S_ISREG(sb.st_mode) || sb.st_size < STATE_HDR_BYTES)
		return (0);
	p = mmap(NULL, (size_t)sb.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED) {
		err_io(e, "map state segment %s", name);
		return (-1);
	}
	t->map = p;
	t->map_bytes = (size_t)sb.st_size;
	return (0);
}

void
table_unmap(struct table *t)
{
	if (t->map != NULL)
		(void)munmap((void *)(uintptr_t)t->map, t->map_bytes);
	t->map = NULL;
	t->capacity = 0;
}

const uint8_t *
table_slot(const struct table *t, uint64_t i)
{
	return (t->map + STATE_HDR_BYTES + i * STATE_REC_BYTES);
}

static uint64_t
next(const struct table *t, uint64_t i)
{
	return (i + 1 < t->capacity ? i + 1 : 0);
}

/* A good record at p; also where somebody is about to write it. */
static bool
get(struct table *t, const uint8_t *p, struct state_rec *rec)
{
	int i;

	if (segment_rec_get(p, rec))
		return (true);
	while (t->patience_ms > 0) {
		for (i = 0; i < AT_ONCE; i++)
			if (segment_rec_get(p, rec))
				return (true);
		clock_sleep_ms(1);	/* it waits for a CPU */
		t->patience_ms--;
	}
	return (false);
}

uint64_t
table_find(struct table *t, struct hash128 h, struct state_rec *rec)
{
	const uint8_t *p;
	uint64_t i = segment_home(h, t->capacity), n;

	for (n = 0; n < t->capacity; n++, i = next(t, i)) {
		p = table_slot(t, i);
		if (segment_rec_is(p, h)) {
			if (get(t, p, rec))
				return (i);
		} else if (segment_rec_free(p))
			break;
	}
	return (t->capacity);
}

uint64_t
table_place(struct table *t, struct hash128 h)
{
	struct state_rec other;
	const uint8_t *p;
	uint64_t i = segment_home(h, t->capacity), n;

	for (n = 0; n < t->capacity; n++, i = next(t, i)) {
		p = table_slot(t, i);
		if (segment_rec_free(p))
			return (i);
		if (!get(t, p, &other)) {
			t->damaged = true;
			return (i);
		}
	}
	return (t->capacity);
}

bool
table_live(struct table *t, uint64_t i, struct state_rec *rec)
{
	const uint8_t *p = table_slot(t, i);

	if (segment_rec_free(p))
		return (false);
	if (!get(t, p, rec)) {
		t->damaged = true;
		return (false);
	}
	return (table_find(t, rec->path, rec) == i);
}

void
table_count(struct table *t, uint64_t *taken, uint64_t *nlive)
{
	struct state_rec rec;
	uint64_t i;

	*taken = *nlive = 0;
	for (i = 0; i < t->capacity; i++) {
		*taken += !segment_rec_free(table_slot(t, i));
		*nlive += table_live(t, i, &rec);
	}
}

uint64_t
table_live_behind(struct table *t, uint64_t i)
{
	struct state_rec rec;
	uint64_t k, nlive = 0;

	for (k = next(t, i); k != i && !segment_rec_free(table_slot(t, k));
	    k = next(t, k))
		nlive += table_live(t, k, &rec);
	return (nlive);
}

void
table_copy(struct table *t, uint8_t *slots, uint64_t capacity)
{
	struct state_rec rec;
	uint64_t i, k;

	for (i = 0; i < t->capacity; i++) {
		if (!table_live(t, i, &rec))
			continue;
		k = segment_home(rec.path, capacity);
		while (!segment_rec_free(slots + k * STATE_REC_BYTES))
			k = k + 1 < capacity ? k + 1 : 0;
		memcpy(slots + k * STATE_REC_BYTES, table_slot(t, i),
		    STATE_REC_BYTES);
	}
}
