/*
 * s3rest -- calls that rest between their two rounds of tries.
 */
#include "store/s3call.h"

enum {
	/* What rests may take this part of what may be in hand. */
	SHARE = 4
};

bool
s3_call_may_rest(const struct s3 *s, const struct s3_call *c)
{
	return (c->spent && !c->second && !s->down && !s->abandoning);
}

void
s3_call_rest(struct s3 *s, struct s3_call *c)
{
	TAILQ_INSERT_TAIL(&s->resting, c, entry);
	s->nresting++;
	if (c->fd == -1)
		s->resting_bytes += c->body_bytes;
}

static bool
crowded(const struct s3 *s)
{
	return (s->nresting * SHARE > s->concurrent ||
	    s->resting_bytes * SHARE > S3_MEMORY_BYTES);
}

void
s3_rouse(struct s3 *s)
{
	struct s3_call *c;

	if (!crowded(s) && !(TAILQ_EMPTY(&s->flying) &&
	    TAILQ_EMPTY(&s->waiting)))
		return;
	while ((c = TAILQ_FIRST(&s->resting)) != NULL) {
		TAILQ_REMOVE(&s->resting, c, entry);
		c->second = true;
		c->spent = false;
		c->tried_first = c->tried;
		/* Nobody was heard: it has failed, c->err says of what. */
		if (c->nanswers == s->nanswers) {
			c->dead = true;
			c->due_ms = 0;
		}
		TAILQ_INSERT_TAIL(&s->waiting, c, entry);
	}
	s->nresting = 0;
	s->resting_bytes = 0;
}
