#include "cmd/notify.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"

enum {
	HOUR_MS = 60 * 60 * 1000,
	START_MS = 15 * 1000	/* a quarter of what START_MORE asks for */
};

#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>

static const char START_MORE[] = "EXTEND_TIMEOUT_USEC=60000000";
static bool is_ready;

void
notify_ready(void)
{
	is_ready = true;
	(void)sd_notify(0, "READY=1");
}

void
notify_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1");
}

void
notify_status(const char *text)
{
	(void)sd_notifyf(0, "STATUS=%s", text);
}

/* Four beats in the time that the manager allows; 0: it keeps none. */
static int64_t
beat_ms(void)
{
	static int64_t beat = -1;
	uint64_t usec = 0;

	if (beat == -1)
		beat = sd_watchdog_enabled(0, &usec) <= 0 ? 0 :
		    usec < 8000 ? 1 : (int64_t)(usec / 4000);
	return (beat);
}

int64_t
notify_alive(void)
{
	static int64_t said_ms;
	int64_t beat = beat_ms(), now = clock_mono_ms();

	if (!is_ready && (beat == 0 || beat > START_MS))
		beat = START_MS;
	if (beat == 0)
		return (HOUR_MS);
	if (said_ms == 0 || now - said_ms >= beat) {
		if (!is_ready)
			(void)sd_notify(0, START_MORE);
		if (beat_ms() > 0)
			(void)sd_notify(0, "WATCHDOG=1");
		said_ms = now;
	}
	return (said_ms + beat - now);
}
#else
void
notify_ready(void)
{
}

void
notify_stopping(void)
{
}

void
notify_status(const char *text)
{
	(void)text;
}

int64_t
notify_alive(void)
{
	return (HOUR_MS);
}
#endif
