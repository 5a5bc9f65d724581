#include "cmd/service.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/logfile.h"
#include "base/num.h"
#include "cmd/notify.h"
#include "proc/signals.h"

enum {
	WAIT_MAX_MS = 60 * 60 * 1000	/* of one poll(2) */
};

static const struct service_cfg *running;

/*
 * The first tick from now on, at tick_ms or a whole number of intervals later.
 * Those that a cycle has let pass are skipped, also by one that was wished.
 */
static int64_t
next_tick(int64_t tick_ms, int64_t interval_ms, bool wished)
{
	int64_t nskipped, now_ms = clock_mono_ms();
	char text[32];

	if (tick_ms >= now_ms)
		return (tick_ms);
	nskipped = (now_ms - tick_ms) / interval_ms + 1;
	(void)num_format_duration(interval_ms, text, sizeof(text));
	log_warn("the cycle %s --interval %s; %lld %s skipped", wished ?
	    "that was asked for ran into the next of" : "took longer than",
	    text, (long long)nskipped, nskipped == 1 ? "tick is" :
	    "ticks are");
	return (tick_ms + nskipped * interval_ms);
}

void
service_heed(void)
{
	struct err e;

	if (signals_wish(SIGHUP) && logfile_reopen(&e) == -1)
		log_warn("%s; the log goes on where it was", e.msg);
	if (running != NULL && signals_wish(SIGUSR2))
		running->figures(running->ctx);
}

/* Until the tick, a wish for a cycle (true: it was), or a stop. */
static bool
rest(const struct service_cfg *cfg, int64_t tick_ms)
{
	struct pollfd pfd = { .fd = -1, .events = POLLIN };
	int64_t left, beat;

	while (signals_stops() == 0 &&
	    (left = tick_ms - clock_mono_ms()) > 0) {
		beat = notify_alive();
		left = left < WAIT_MAX_MS ? left : WAIT_MAX_MS;
		if (cfg->beside != NULL)
			pfd.fd = cfg->beside(cfg->ctx, &left);
		(void)signals_poll(&pfd, 1, (int)(left < beat ? left : beat),
		    0);
		/* Whoever forked has reaped; untaken, it would wake us. */
		(void)signals_child();
		service_heed();
		if (signals_wish(SIGUSR1))
			return (true);
	}
	return (false);
}

/* A cycle; what was wished before it begins, it fulfils. */
static int
cycle(const struct service_cfg *cfg)
{
	(void)signals_wish(SIGUSR1);
	return (cfg->cycle(cfg->ctx));
}

int
service_run(const struct service_cfg *cfg)
{
	int64_t tick_ms = clock_mono_ms();
	bool wished;
	int status;

	running = cfg;
	signals_catch_wishes();
	status = cycle(cfg);
	if (status == 2 || status == 75)
		goto out;
	notify_ready();
	tick_ms = next_tick(tick_ms + cfg->interval_ms, cfg->interval_ms,
	    false);
	for (;;) {
		wished = rest(cfg, tick_ms);
		if (signals_stops() > 0)
			break;
		(void)cycle(cfg);
		if (signals_stops() > 0)
			break;
		/* One that was wished leaves the next tick where it is. */
		tick_ms = next_tick(wished ? tick_ms : tick_ms +
		    cfg->interval_ms, cfg->interval_ms, wished);
	}
	if (cfg->end != NULL)
		cfg->end(cfg->ctx);
	log_info("stopped by %s", strsignal(signals_last()));
	status = 0;
out:
	notify_stopping();
	signals_restore();
	running = NULL;
	return (status);
}
