/*
 * bulk_tell -- what became of a database, to be tried again or told.
 *
 * Wire (little endian): u8 end, u8 class, u64 size, i64 timestamp, u64 high
 * and u64 low half of xxh3, u16 key bytes, u16 rel bytes, key, rel, text.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/hook.h"
#include "base/io.h"
#include "base/mem.h"
#include "job/bulk_job.h"

enum {
	FIXED_BYTES = 38
};

int64_t
bulk_retry_ms(int64_t base_ms, unsigned tried, uint32_t random)
{
	int64_t ms = base_ms;

	while (--tried > 0 && ms < BULK_RETRY_MAX_MS)
		ms *= 2;
	if (ms > BULK_RETRY_MAX_MS)
		ms = BULK_RETRY_MAX_MS;
	return (ms + (int64_t)((uint64_t)ms * random / UINT32_MAX / 2));
}

void
bulk_item_free(struct bulk_item *it)
{
	if (it == NULL)
		return;
	part_close(it->part);
	io_close(&it->dirfd);
	free(it->key);
	free(it->rel);
	free(it->tag);
	free(it->object);
	free(it->remark);
	free(it);
}

static void
tell(struct bulk *b, const struct bulk_outcome *o)
{
	uint8_t *p;

	buf_reset(&b->msg);
	p = buf_room(&b->msg, FIXED_BYTES);
	p[0] = (uint8_t)o->end;
	p[1] = (uint8_t)o->cls;
	le64_put(p + 2, o->size);
	le64_put(p + 10, (uint64_t)o->ms);
	le64_put(p + 18, o->xxh3.hi);
	le64_put(p + 26, o->xxh3.lo);
	le16_put(p + 34, (uint16_t)strlen(o->key));
	le16_put(p + 36, (uint16_t)strlen(o->rel));
	b->msg.len += FIXED_BYTES;
	buf_puts(&b->msg, o->key);
	buf_puts(&b->msg, o->rel);
	buf_puts(&b->msg, o->text);
	b->env.tell(b->env.ctx, b->msg.data, b->msg.len);
	HOOK("bulk-told", o->key);
}

/* Take the next n bytes as a string. */
static bool
take(const uint8_t **p, size_t n, size_t *left, struct buf *strings)
{
	if (n > *left || memchr(*p, '\0', n) != NULL)
		return (false);
	buf_put(strings, *p, n);
	buf_putc(strings, '\0');
	*p += n;
	*left -= n;
	return (true);
}

bool
bulk_outcome_parse(const void *msg, size_t len, struct buf *strings,
    struct bulk_outcome *o)
{
	const uint8_t *p = msg;
	size_t nkey, nrel;

	buf_reset(strings);
	if (len < FIXED_BYTES || p[0] > BULK_FAILED || p[1] >= ERR_NCLASS ||
	    (p[0] == BULK_FAILED) == (p[1] == ERR_NONE))
		return (false);
	o->end = (enum bulk_end)p[0];
	o->cls = (enum err_class)p[1];
	o->size = le64_get(p + 2);
	o->ms = (int64_t)le64_get(p + 10);
	o->xxh3.hi = le64_get(p + 18);
	o->xxh3.lo = le64_get(p + 26);
	nkey = le16_get(p + 34);
	nrel = le16_get(p + 36);
	p += FIXED_BYTES;
	len -= FIXED_BYTES;
	if (!clock_can_stamp(o->ms) || nkey == 0 || nrel == 0 ||
	    !take(&p, nkey, &len, strings) || !take(&p, nrel, &len, strings) ||
	    !take(&p, len, &len, strings))
		return (false);
	o->key = buf_str(strings);
	o->rel = o->key + nkey + 1;
	o->text = o->rel + nrel + 1;
	return (true);
}

static enum tally_count
counter_of(enum bulk_end end)
{
	switch (end) {
	case BULK_RESTORED:
		return (TALLY_SYNCED);
	case BULK_THERE:
	case BULK_SKIPPED:
		return (TALLY_SKIPPED);
	case BULK_FAILED:
		break;
	}
	return (TALLY_FAILED);
}

void
bulk_settle(struct bulk *b, struct bulk_item *it, enum bulk_end end,
    const char *why)
{
	struct bulk_outcome o = { .end = end, .key = it->key, .rel = it->rel,
	    .ms = it->ms, .size = it->size, .xxh3 = it->xxh3, .text = why };

	assert(end != BULK_FAILED);
	if (it->part != NULL)
		part_done(it->part);
	tally_add(b->env.tally, counter_of(end), 1);
	tell(b, &o);
	bulk_item_free(it);
}

/* In the order of their moments; most come last. */
static void
delay(struct bulk *b, struct bulk_item *it)
{
	uint32_t random = (uint32_t)hash64(it->key, strlen(it->key)) ^
	    it->ntries * 0x9e3779b9U;
	struct bulk_item *at;

	it->due_ms = clock_mono_ms() + bulk_retry_ms(b->cfg->retry_delay_ms,
	    it->ntries, random);
	part_close(it->part);
	it->part = NULL;
	io_close(&it->dirfd);
	b->ndelayed++;
	TAILQ_FOREACH_REVERSE(at, &b->delayed, bulk_queue, entry)
		if (at->due_ms <= it->due_ms) {
			TAILQ_INSERT_AFTER(&b->delayed, at, it, entry);
			return;
		}
	TAILQ_INSERT_HEAD(&b->delayed, it, entry);
}

void
bulk_fail(struct bulk *b, struct bulk_item *it, const struct err *why)
{
	struct bulk_outcome o = { .end = BULK_FAILED, .key = it->key,
	    .rel = it->rel, .ms = it->ms, .cls = why->cls, .text = why->msg };

	if (b->down.cls == ERR_NONE)
		(void)store_is_down(b->store, &b->down);
	if (why->cls == ERR_SPACE) {
		b->full = true;
		if (it->part != NULL)
			part_done(it->part);
	}
	if (b->draining && err_retriable(why->cls)) {
		bulk_item_free(it);
		return;
	}
	if (err_retriable(why->cls) && it->ntries < b->cfg->max_retries &&
	    b->down.cls == ERR_NONE) {
		it->ntries++;
		delay(b, it);
		return;
	}
	tally_add(b->env.tally, TALLY_FAILED, 1);
	tell(b, &o);
	bulk_item_free(it);
}
