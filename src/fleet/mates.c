#include "fleet/mates.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "fleet/walk.h"

uint8_t
mates_suffix(const char *name, size_t len, size_t *stem_len)
{
	static const struct {
		const char *text;
		size_t len;
		uint8_t flag;
	} suffixes[] = {
		{ "-wal", 4, WALK_WAL },
		{ "-shm", 4, WALK_SHM },
		{ "-journal", 8, WALK_JOURNAL },
	};
	size_t i;

	/* Nearly all names end in "b", of ".db". */
	if (len < 5 || (name[len - 1] != 'l' && name[len - 1] != 'm'))
		return (0);
	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		if (len <= suffixes[i].len)
			continue;
		*stem_len = len - suffixes[i].len;
		if (memcmp(name + *stem_len, suffixes[i].text,
		    suffixes[i].len) == 0)
			return (suffixes[i].flag);
	}
	return (0);
}

void
mates_reset(struct mates *m)
{
	m->nmates = 0;
	m->nslots = 0;
}

bool
mates_put(struct mates *m, const char *name, size_t len, bool regular)
{
	struct mate *mate;
	size_t stem_len;
	uint8_t flag;

	if ((flag = mates_suffix(name, len, &stem_len)) == 0)
		return (false);
	if (m->nmates == m->cap) {
		m->cap = m->cap == 0 ? 64 : m->cap * 2;
		m->mate = mem_resize(m->mate, m->cap, sizeof(*m->mate));
	}
	mate = &m->mate[m->nmates++];
	mate->name = name;
	mate->len = (uint16_t)len;
	mate->stem_len = (uint16_t)stem_len;
	mate->flags = flag;
	mate->regular = regular;
	mate->owned = false;
	return (true);
}

/* The slot that holds the head for this X, or the free one where it goes. */
static uint32_t *
slot_of(const struct mates *m, const char *stem, size_t len)
{
	const struct mate *head;
	size_t i;

	i = (size_t)hash128_seeded(stem, len, m->seed).lo;
	for (;; i++) {
		i &= m->nslots - 1;
		if (m->slots[i] == 0)
			return (&m->slots[i]);
		head = &m->mate[m->slots[i] - 1];
		if (head->stem_len == len &&
		    memcmp(head->name, stem, len) == 0)
			return (&m->slots[i]);
	}
}

void
mates_index(struct mates *m)
{
	struct mate *mate;
	uint32_t *slot;
	size_t i;

	if (m->nmates == 0)
		return;
	for (m->nslots = 64; m->nslots < m->nmates * 2; )
		m->nslots *= 2;
	if (m->nslots > m->slots_cap) {
		m->slots = mem_resize(m->slots, m->nslots, sizeof(*m->slots));
		m->slots_cap = m->nslots;
	}
	memset(m->slots, 0, m->nslots * sizeof(*m->slots));
	for (i = 0; i < m->nmates; i++) {
		mate = &m->mate[i];
		slot = slot_of(m, mate->name, mate->stem_len);
		if (*slot == 0)
			*slot = (uint32_t)i + 1;
		mate->head = *slot - 1;
		m->mate[mate->head].flags |= mate->flags;
	}
}

uint8_t
mates_of(struct mates *m, const char *name, size_t len)
{
	struct mate *head;
	uint32_t *slot;

	if (m->nmates == 0)
		return (0);
	slot = slot_of(m, name, len);
	if (*slot == 0)
		return (0);
	head = &m->mate[*slot - 1];
	head->owned = true;
	return (head->flags);
}

bool
mates_owned(const struct mates *m, size_t i)
{
	return (m->mate[m->mate[i].head].owned);
}

void
mates_fini(struct mates *m)
{
	free(m->mate);
	free(m->slots);
	memset(m, 0, sizeof(*m));
}
