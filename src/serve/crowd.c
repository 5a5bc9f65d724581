#include "serve/crowd.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/mem.h"

void
crowd_init(struct crowd *c, unsigned max, size_t max_bytes)
{
	TAILQ_INIT(&c->list);
	c->n = 0;
	c->max = max;
	c->bytes = 0;
	c->max_bytes = max_bytes;
}

/* Most come last: deadlines are nearly in the order of their setting. */
static void
insert(struct crowd *c, struct crowd_one *one)
{
	struct crowd_one *at;

	TAILQ_FOREACH_REVERSE(at, &c->list, crowd_list, entry)
		if (at->until_ms <= one->until_ms) {
			TAILQ_INSERT_AFTER(&c->list, at, one, entry);
			return;
		}
	TAILQ_INSERT_HEAD(&c->list, one, entry);
}

static void
set(struct crowd *c, struct crowd_one *one, int64_t until_ms)
{
	TAILQ_REMOVE(&c->list, one, entry);
	one->until_ms = until_ms;
	insert(c, one);
}

static void
end(struct crowd *c, struct crowd_one *one, const char *why)
{
	/* The kernel shall not go on sending for us, either. */
	static const struct linger none = { .l_onoff = 1, .l_linger = 0 };

	log_debug("--listen: a connection is closed: %s", why);
	(void)setsockopt(one->fd, SOL_SOCKET, SO_LINGER, &none,
	    sizeof(none));
	(void)shutdown(one->fd, SHUT_RDWR);
	c->n--;
	c->bytes -= one->bytes;
	one->bytes = 0;
	set(c, one, INT64_MAX);
}

/* Who goes first: one without an answer under way; or else any. */
static struct crowd_one *
first_waiting(struct crowd *c)
{
	struct crowd_one *one;

	TAILQ_FOREACH(one, &c->list, entry)
		if (one->bytes == 0 && one->until_ms != INT64_MAX)
			return (one);
	return (TAILQ_FIRST(&c->list));
}

/* End the first with an answer under way, but this one. */
static void
end_reader(struct crowd *c, const struct crowd_one *but)
{
	struct crowd_one *one;

	TAILQ_FOREACH(one, &c->list, entry)
		if (one->bytes > 0 && one != but) {
			end(c, one, "too much is not taken");
			return;
		}
}

struct crowd_one *
crowd_enter(struct crowd *c, int fd, int64_t until_ms)
{
	struct crowd_one *one = mem_zero(sizeof(*one));

	if (c->n >= c->max)
		end(c, first_waiting(c), "there are too many");
	one->fd = fd;
	one->until_ms = until_ms;
	insert(c, one);
	c->n++;
	return (one);
}

void
crowd_leave(struct crowd *c, struct crowd_one *one)
{
	if (one->until_ms != INT64_MAX)
		c->n--;
	c->bytes -= one->bytes;
	TAILQ_REMOVE(&c->list, one, entry);
	free(one);
}

void
crowd_answer(struct crowd *c, struct crowd_one *one, size_t bytes,
    int64_t until_ms)
{
	if (one->until_ms == INT64_MAX)
		return;
	c->bytes = c->bytes - one->bytes + bytes;
	one->bytes = bytes;
	set(c, one, until_ms);
	while (c->bytes > c->max_bytes && c->bytes > one->bytes)
		end_reader(c, one);
}

int64_t
crowd_expire(struct crowd *c, int64_t now_ms)
{
	struct crowd_one *one;

	while ((one = TAILQ_FIRST(&c->list)) != NULL &&
	    one->until_ms <= now_ms)
		end(c, one, one->bytes == 0 ? "no request came in time" :
		    "it took its answer too slowly");
	return (one == NULL ? INT64_MAX : one->until_ms);
}
