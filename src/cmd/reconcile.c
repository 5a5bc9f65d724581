#include "cmd/reconcile.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/hook.h"
#include "base/mem.h"
#include "cmd/notify.h"
#include "cmd/reach.h"
#include "cmd/service.h"
#include "find/find.h"
#include "find/newest.h"
#include "proc/pool.h"
#include "proc/role.h"
#include "proc/signals.h"
#include "state/state.h"

enum {
	LISTINGS = 16		/* at once; each holds two pages */
};

/* In the role. */
struct look {
	const struct reconcile_cfg *cfg;
	struct store *store;
	struct newest there;
	int64_t now_ms;		/* after that */
	struct reconcile_count n;

	struct state_rec *lost;	/* of the segment in hand */
	size_t nlost, cap;
};

/* The newest backup of each key into l->there. */
static int
list(struct look *l, struct err *e)
{
	struct find_cfg cfg = { .store = l->store, .glob = "",
	    .before_ms = INT64_MAX, .parallel = l->cfg->s3.concurrent };
	struct find_version v;
	struct find *f;
	int r;

	if (cfg.parallel == 0 || cfg.parallel > LISTINGS)
		cfg.parallel = LISTINGS;
	if ((f = find_new(&cfg, e)) == NULL)
		return (-1);
	while ((r = find_next(f, &v, e)) == 1) {
		HOOK("reconcile-list", v.key);
		newest_add(&l->there, hash64(v.key, strlen(v.key)), v.ms);
		l->n.keys++;
	}
	find_free(f);
	return (r);
}

static void
keep(struct look *l, const struct state_rec *rec)
{
	if (l->nlost == l->cap) {
		l->cap = l->cap == 0 ? 64 : l->cap * 2;
		l->lost = mem_resize(l->lost, l->cap, sizeof(*l->lost));
	}
	l->lost[l->nlost++] = *rec;
}

static void
look_at(void *ctx, const struct state_rec *rec)
{
	struct state_rec new = *rec;
	struct look *l = ctx;
	int64_t ms;

	if (rec->stored_ms == 0 || (rec->flags & STATE_LOST) != 0)
		return;
	ms = newest_of(&l->there, rec->key);
	if (ms == rec->stored_ms || (ms > rec->stored_ms && !l->cfg->cut &&
	    ms <= l->now_ms))
		return;
	if (ms > rec->stored_ms) {
		new.stored_ms = ms;
		if (l->cfg->cut)
			l->n.old++;
		else
			l->n.ahead++;
	} else
		l->n.lost++;
	new.fingerprint = new.content = (struct hash128){ 0, 0 };
	new.flags |= STATE_LOST;
	keep(l, &new);
}

static void
look_at_unnamed(void *ctx, const struct state_rec *rec)
{
	struct state_rec new = *rec;

	new.fingerprint = (struct hash128){ 0, 0 };
	new.flags |= STATE_UNNAMED;
	keep(ctx, &new);
}

static int
put_all(struct look *l, struct state *st, struct err *e)
{
	for (; l->nlost > 0; l->nlost--)
		if (state_put(st, &l->lost[l->nlost - 1], "", e) == -1)
			return (-1);
	return (0);
}

/* Make new what is not there any more. */
static int
compare(struct look *l, unsigned seg, struct err *e)
{
	struct state_id id = statedir_id(l->cfg->statedir);
	struct state *st;
	int ret = -1;

	if ((st = state_open(statedir_fd(l->cfg->statedir), seg, &id,
	    e)) == NULL)
		return (-1);
	state_each(st, look_at, l);
	if (put_all(l, st, e) == -1 || (l->cfg->cut && (state_unnamed(st,
	    look_at_unnamed, l, e) == -1 || put_all(l, st, e) == -1)))
		goto out;
	ret = 0;
out:
	state_close(st);
	return (ret);
}

static int
look(struct look *l, struct err *e)
{
	const struct reconcile_cfg *cfg = l->cfg;
	struct store_cfg scfg = { .url = cfg->url, .s3 = cfg->s3 };
	struct marker m;
	unsigned seg;

	if (statedir_reopen(cfg->statedir, e) == -1 ||
	    (l->store = store_open(&scfg, e)) == NULL ||
	    marker_check(l->store, &cfg->marker, &m, e) == -1)
		return (-1);
	statedir_marker_seen(cfg->statedir);
	if (list(l, e) == -1)
		return (-1);
	l->now_ms = clock_real_ms();
	HOOK("reconcile-listed", "");
	for (seg = 0; seg < STATE_SEGMENTS; seg++)
		if (compare(l, seg, e) == -1)
			return (-1);
	statedir_moment_now(cfg->statedir, STATEDIR_RECONCILED);
	return (0);
}

static int
be_role(void *ctx, struct role_self *self, struct err *e)
{
	struct look l = { .cfg = ctx };
	int ret = look(&l, e), kind;

	for (kind = 0; l.store != NULL && kind < STORE_NREQUEST; kind++)
		l.n.requests[kind] = store_requests(l.store,
		    (enum store_request)kind);
	role_say(self, &l.n, sizeof(l.n));
	store_close(l.store);
	newest_fini(&l.there);
	free(l.lost);
	return (ret);
}

/* Hear it out, or until TERM or INT. */
static enum role_said
listen_to(struct role *r, struct reconcile_count *n, struct err *e)
{
	struct pollfd pfd = { .fd = role_fd(r), .events = POLLIN };
	uint8_t msg[POOL_MSG_MAX];
	enum role_said said;
	int64_t beat;
	size_t len;

	for (;;) {
		said = role_recv(r, msg, &len, e);
		if (said == ROLE_MESSAGE && len == sizeof(*n))
			memcpy(n, msg, len);
		else if (said != ROLE_MESSAGE && (said != ROLE_NOTHING ||
		    signals_stops() > 0))
			return (said);
		if (said != ROLE_NOTHING)
			continue;
		beat = notify_alive();
		(void)signals_poll(&pfd, 1, (int)(beat < SERVICE_HEED_MS ?
		    beat : SERVICE_HEED_MS), 0);
		/* Its channel tells; untaken, it would wake us. */
		(void)signals_child();
		service_heed();
	}
}

int
reconcile_run(const struct reconcile_cfg *cfg, struct reconcile_count *n,
    struct err *e)
{
	struct reconcile_cfg mine = *cfg;
	struct role_cfg role = { .name = "litefleet-look",
	    .keep_fd = statedir_lock_fd(cfg->statedir), .run = be_role,
	    .ctx = &mine };
	struct sandbox *sandbox = reach_new();
	enum role_said said;
	struct role *r;

	memset(n, 0, sizeof(*n));
	reach_store(sandbox, cfg->url, &cfg->s3, SANDBOX_READ);
	sandbox_grant(sandbox, statedir_path(cfg->statedir), SANDBOX_WRITE);
	role.sandbox = sandbox;
	r = role_start(&role, e);
	sandbox_free(sandbox);
	if (r == NULL)
		return (-1);
	said = listen_to(r, n, e);
	role_stop(r);
	/* Whoever forked has reaped. */
	(void)signals_child();
	return (said == ROLE_DONE ? 0 : said == ROLE_FAILED ? -1 : 1);
}
