#include "base/hashset.h"

#include <stdlib.h>

#include "base/mem.h"

enum {
	FIRST_SLOTS = 1024	/* a power of two, as all that follow */
};

void
hashset_fini(struct hashset *s)
{
	free(s->slots);
	*s = (struct hashset){ 0 };
}

/* As it is kept: never all zeroes. */
static struct hash128
marked(struct hash128 h)
{
	h.lo |= 1;
	return (h);
}

static struct hash128 *
slot_of(const struct hashset *s, struct hash128 h)
{
	size_t i = h.hi & (s->nslots - 1);

	while (!hash128_is_zero(s->slots[i]) && !hash128_eq(s->slots[i], h))
		i = (i + 1) & (s->nslots - 1);
	return (&s->slots[i]);
}

static void
grow(struct hashset *s)
{
	struct hash128 *old = s->slots;
	size_t i, n = s->nslots;

	s->nslots = n == 0 ? FIRST_SLOTS : n * 2;
	s->slots = mem_zero(s->nslots * sizeof(*s->slots));
	for (i = 0; i < n; i++)
		if (!hash128_is_zero(old[i]))
			*slot_of(s, old[i]) = old[i];
	free(old);
}

bool
hashset_has(const struct hashset *s, struct hash128 h)
{
	return (s->nslots > 0 && !hash128_is_zero(*slot_of(s, marked(h))));
}

bool
hashset_add(struct hashset *s, struct hash128 h)
{
	struct hash128 *slot;

	if (s->nused >= s->nslots / 4 * 3)
		grow(s);
	slot = slot_of(s, marked(h));
	if (!hash128_is_zero(*slot))
		return (false);
	*slot = marked(h);
	s->nused++;
	return (true);
}
