/*
 * mates -- the companions that SQLite keeps beside a database X: X-wal,
 * X-shm, X-journal.  While a directory is read, the names that end so are put
 * here; then each database asks what lies beside it, and what nobody asked
 * for may be a database of that odd name itself.
 */
#ifndef FLEET_MATES_H
#define FLEET_MATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mate {
	const char *name;	/* borrowed */
	uint32_t head;		/* the first mate of the same X */
	uint16_t len;
	uint16_t stem_len;	/* of X */
	uint8_t flags;		/* enum walk_flag; a head: of all its mates */
	bool regular;
	bool owned;		/* a head: mates_of() found X */
};

/* Zero it before use, then set seed to something that nobody can foresee
 * (strangers choose the names); mates_fini() after. */
struct mates {
	uint64_t seed;
	struct mate *mate;
	size_t nmates, cap;
	uint32_t *slots;	/* index + 1 into mate[], or 0 */
	size_t nslots, slots_cap;
};

/* The flag that "name" would set on its X, or 0; *stem_len is the length
 * of X. */
uint8_t mates_suffix(const char *name, size_t len, size_t *stem_len);

/* Forget all. */
void mates_reset(struct mates *m);

/*
 * Put "name" (less than 65,536 bytes), which must live as long as what is
 * asked here, if it ends as a companion does.  Returns whether it does.
 * "regular": it is a regular file.
 */
bool mates_put(struct mates *m, const char *name, size_t len, bool regular);

/* Call this between the last mates_put() and the first mates_of(). */
void mates_index(struct mates *m);

/* What lies beside the regular file "name" (enum walk_flag). */
uint8_t mates_of(struct mates *m, const char *name, size_t len);

/* Is it sure that the X of mate i is there? */
bool mates_owned(const struct mates *m, size_t i);

void mates_fini(struct mates *m);

#endif
