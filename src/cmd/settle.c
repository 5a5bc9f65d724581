#include "cmd/settle.h"

#include <poll.h>

#include "cmd/notify.h"
#include "cmd/reach.h"
#include "cmd/service.h"
#include "proc/pool.h"
#include "proc/role.h"
#include "proc/signals.h"

static int
be_role(void *ctx, struct role_self *self, struct err *e)
{
	(void)self;
	return (statedir_sync(ctx, e));
}

static enum role_said
wait_for(struct role *r, struct err *e)
{
	struct pollfd pfd = { .fd = role_fd(r), .events = POLLIN };
	uint8_t msg[POOL_MSG_MAX];
	enum role_said said;
	int64_t beat;
	size_t len;

	while ((said = role_recv(r, msg, &len, e)) == ROLE_NOTHING) {
		beat = notify_alive();
		(void)signals_poll(&pfd, 1, (int)(beat < SERVICE_HEED_MS ?
		    beat : SERVICE_HEED_MS), signals_stops());
		/* Its channel tells; untaken, it would wake us. */
		(void)signals_child();
		service_heed();
	}
	return (said);
}

int
settle_run(struct statedir *sd, struct err *e)
{
	struct role_cfg role = { .name = "litefleet-sync",
	    .keep_fd = statedir_lock_fd(sd), .run = be_role, .ctx = sd };
	struct sandbox *sandbox;
	enum role_said said;
	struct role *r;

	if (!statedir_is_working(sd))
		return (0);
	role.sandbox = sandbox = reach_new();
	r = role_start(&role, e);
	sandbox_free(sandbox);
	if (r == NULL)
		return (-1);
	said = wait_for(r, e);
	role_stop(r);
	/* Whoever forked has reaped. */
	(void)signals_child();
	if (said != ROLE_DONE)
		return (-1);
	statedir_synced(sd);
	return (0);
}
