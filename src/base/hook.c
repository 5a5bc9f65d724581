#include "base/hook.h"

#ifdef LITEFLEET_HOOKS

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/pry.h"

/* Up to four milliseconds, so that others come in between. */
static void
nap(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_nsec = ts.tv_nsec / 64 % 4000 * 1000;
	ts.tv_sec = 0;
	(void)nanosleep(&ts, NULL);
}

static void
act(const char *point, const char *action)
{
	if (strcmp(action, "kill") == 0)
		(void)raise(SIGKILL);
	else if (strcmp(action, "segv") == 0) {
		(void)signal(SIGSEGV, SIG_DFL);
		(void)raise(SIGSEGV);
	} else if (strcmp(action, "stop") == 0)
		(void)raise(SIGSTOP);
	else if (strcmp(action, "exit") == 0)
		_exit(9);
	else if (strcmp(action, "nap") == 0)
		nap();
	else if (strcmp(action, "pry") == 0)
		pry(point);
	else
		log_fatal("LITEFLEET_HOOK: no action \"%s\"", action);
}

void
hook_reach(const char *point, const char *name)
{
	const char *env = getenv("LITEFLEET_HOOK");
	char *copy, *rest, *item, *eq, *colon;

	if (env == NULL)
		return;
	copy = rest = mem_strdup(env);
	while ((item = strsep(&rest, ",")) != NULL) {
		if ((eq = strchr(item, '=')) == NULL)
			continue;
		*eq++ = '\0';
		if ((colon = strchr(eq, ':')) != NULL)
			*colon++ = '\0';
		if (strcmp(item, point) == 0 &&
		    (colon == NULL || strstr(name, colon) != NULL))
			act(item, eq);
	}
	free(copy);
}
#endif
