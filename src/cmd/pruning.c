#include "cmd/pruning.h"

#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"
#include "cmd/cycle.h"
#include "cmd/notify.h"
#include "cmd/reach.h"
#include "proc/pool.h"
#include "proc/signals.h"

enum {
	LISTINGS = 16,		/* requests at once: cycles have the others */
	NICE = 10
};

static int
be_role(void *plan, struct role_self *self, struct err *e)
{
	(void)setpriority(PRIO_PROCESS, 0, NICE);
	return (pruner_run(plan, self, e));
}

/* In how long, as far as is known without looking at the state's clock. */
static int64_t
due_in_ms(const struct cycle *c)
{
	const struct pruning *p = &c->pruning;
	int64_t age_ms, left_ms = p->not_before_ms - clock_mono_ms();

	/* Nothing was stored yet, or the state is away: ask again later. */
	if (c->statedir == NULL || hash128_is_zero(c->id.store))
		return (INT64_MAX);
	age_ms = clock_real_ms() - statedir_moment_ms(c->statedir,
	    STATEDIR_PRUNED);
	if (age_ms >= 0 && p->every_ms - age_ms > left_ms)
		left_ms = p->every_ms - age_ms;
	return (left_ms > 0 ? left_ms : 0);
}

/* Not before so long. */
static void
put_off(struct pruning *p, int64_t ms)
{
	p->not_before_ms = clock_mono_ms() +
	    (ms < p->every_ms ? ms : p->every_ms);
}

static void
fail(struct pruning *p, const struct err *e)
{
	char text[32];

	put_off(p, PRUNING_AGAIN_MS);
	log_error("--prune-every: %s; it is tried again in %s", e->msg,
	    num_format_duration(p->every_ms < PRUNING_AGAIN_MS ? p->every_ms :
	    PRUNING_AGAIN_MS, text, sizeof(text)));
	p->failed = true;
}

static void
begin(struct cycle *c)
{
	struct pruning *p = &c->pruning;
	struct role_cfg cfg = { .name = "litefleet-prune", .keep_fd = -1,
	    .run = be_role, .ctx = &p->plan };
	struct sandbox *sandbox = reach_new();
	struct err e;

	p->plan = (struct prune_plan){ .url = &c->url, .s3 = c->s3,
	    .keep = p->keep, .marker = { .known = c->id.store,
	    .host = c->host, .shared = true } };
	if (p->plan.s3.concurrent > LISTINGS)
		p->plan.s3.concurrent = LISTINGS;
	memset(&p->n, 0, sizeof(p->n));
	p->until_ms = 0;
	p->began_ms = clock_mono_ms();
	reach_store(sandbox, &c->url, &c->s3, SANDBOX_WRITE);
	cfg.sandbox = sandbox;
	if ((p->role = role_start(&cfg, &e)) == NULL)
		fail(p, &e);
	sandbox_free(sandbox);
}

/* The role has ended, or is ended here; e: it failed. */
static void
conclude(struct cycle *c, enum role_said said, const struct err *e)
{
	struct pruning *p = &c->pruning;
	struct pruneout *out = pruneout_new(&p->plan.out);
	struct err left;
	unsigned kind;

	for (kind = 0; kind < STORE_NREQUEST; kind++)
		p->requests[kind] += p->n.requests[kind];
	role_stop(p->role);
	p->role = NULL;
	if (said != ROLE_DONE)
		p->n.whole = 0;
	if (p->n.versions > 0 || p->n.whole != 0)
		pruneout_summary(out, &p->n, clock_mono_ms() - p->began_ms);
	pruneout_free(out);
	if (e != NULL)
		fail(p, e);
	else if (p->n.failed > 0 && p->n.whole != 0) {
		err_set(&left, ERR_IO, "%" PRIu64 " backups could not be "
		    "removed", p->n.failed);
		fail(p, &left);
	} else if (p->n.whole != 0) {
		if (c->statedir != NULL)
			statedir_moment_now(c->statedir, STATEDIR_PRUNED);
		put_off(p, p->every_ms);
	}
}

/* What it has to say. */
static void
hear(struct cycle *c)
{
	struct pruning *p = &c->pruning;
	uint8_t msg[POOL_MSG_MAX];
	enum role_said said;
	struct err e;
	size_t len;

	while ((said = role_recv(p->role, msg, &len, &e)) == ROLE_MESSAGE)
		if (len == sizeof(p->n))
			memcpy(&p->n, msg, len);
	if (said != ROLE_NOTHING) {
		conclude(c, said, said == ROLE_FAILED ? &e : NULL);
		return;
	}
	if (p->until_ms == 0 && signals_stops() > 0) {
		p->until_ms = clock_mono_ms() + PRUNER_GRACE_MS +
		    PRUNING_SLACK_MS;
		role_hang_up(p->role);
	}
}

int
pruning_turn(struct cycle *c, bool may_begin, int64_t *wait_ms)
{
	struct pruning *p = &c->pruning;
	int64_t left_ms;

	if (p->every_ms == 0)
		return (-1);
	if (p->role != NULL)
		hear(c);
	if (p->role == NULL && may_begin && signals_stops() == 0) {
		if ((left_ms = due_in_ms(c)) == 0)
			begin(c);
		else if (left_ms < *wait_ms)
			*wait_ms = left_ms;
	}
	return (p->role != NULL ? role_fd(p->role) : -1);
}

void
pruning_end(struct cycle *c)
{
	struct pruning *p = &c->pruning;
	struct pollfd pfd = { .events = POLLIN };
	int64_t left_ms, began_ms = clock_mono_ms();
	unsigned stops = signals_stops();

	/* Within: a wish that nobody will fulfil shall not keep us awake. */
	signals_catch();
	for (;;) {
		if ((pfd.fd = pruning_turn(c, false, &left_ms)) == -1)
			goto out;
		left_ms = p->until_ms - clock_mono_ms();
		if (left_ms <= 0 || (signals_stops() > stops &&
		    clock_mono_ms() - began_ms > POOL_ECHO_MS))
			break;
		stops = signals_stops();
		if (left_ms > notify_alive())
			left_ms = notify_alive();
		(void)signals_poll(&pfd, 1, (int)left_ms, stops);
		(void)signals_child();
	}
	conclude(c, ROLE_NOTHING, NULL);
out:
	signals_restore();
}
