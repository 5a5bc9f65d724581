#include "cmd/after.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hook.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "cmd/notify.h"
#include "cmd/reach.h"
#include "cmd/service.h"
#include "net/ask.h"
#include "proc/pool.h"
#include "proc/role.h"
#include "proc/signals.h"

enum {
	PING_TRY_MS = 10 * 1000,
	PING_TRIES = 3,
	PING_MAX_MS = PING_TRIES * PING_TRY_MS + 5000,	/* and its DNS */
	COMMAND_FAILED = 127
};

static void
put_env(const char *name, uint64_t value)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	(void)setenv(name, text, 1);
}

static void __attribute__((__noreturn__))
exec_command(const char *command, const struct after *a)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1,
	    SIGUSR2, SIGPIPE, SIGXFSZ };
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	signals_worker();
	/* A command expects all signals as they are by default. */
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		(void)signal(ignored[i], SIG_DFL);
	(void)setpgid(0, 0);
	/* In the background, a read of the terminal would stop it. */
	if (null_fd != -1)
		(void)dup2(null_fd, STDIN_FILENO);
	(void)dup2(STDERR_FILENO, STDOUT_FILENO);
	put_env("LITEFLEET_STATUS", (uint64_t)a->status);
	put_env("LITEFLEET_DATABASES", a->databases);
	put_env("LITEFLEET_SYNCED", a->synced);
	put_env("LITEFLEET_FAILED", a->failed);
	put_env("LITEFLEET_DIRECTORIES_NOT_READ", a->directories_not_read);
	put_env("LITEFLEET_TOOK_MS", (uint64_t)a->took_ms);
	(void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(COMMAND_FAILED);
}

/* Until fd is readable (true), that time, or a stop.  The manager hears that
 * we live; a service heeds what it is wished. */
static bool
await(int fd, int64_t end_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t left, beat;

	while (signals_stops() == 0 && (left = end_ms - clock_mono_ms()) > 0) {
		service_heed();
		beat = notify_alive();
		beat = beat < SERVICE_HEED_MS ? beat : SERVICE_HEED_MS;
		(void)signals_child();
		if (signals_poll(&p, 1, (int)(left < beat ? left : beat),
		    0) > 0)
			return (true);
	}
	return (false);
}

/* Say why it is, and end it with all that it began. */
static void
kill_command(pid_t pid)
{
	if (signals_stops() > 0)
		log_warn("--on-failure: the command is killed, since "
		    "litefleet is stopped");
	else
		log_warn("--on-failure: the command has not ended within %d "
		    "s, and is killed", AFTER_MAX_MS / 1000);
	(void)kill(-pid, SIGKILL);
}

/* Its status, once it has ended; 0 if it was killed. */
static int
await_command(pid_t pid)
{
	bool ended = true;
	int fd, status;

	/* Without one of these, it has as long as it takes. */
	if ((fd = (int)syscall(SYS_pidfd_open, pid, 0)) != -1) {
		ended = await(fd, clock_mono_ms() + AFTER_MAX_MS);
		io_close(&fd);
	}
	if (!ended)
		kill_command(pid);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		continue;
	return (ended ? status : 0);
}

static void
run_command(const char *command, const struct after *a)
{
	int status;
	pid_t pid;

	if ((pid = fork()) == -1) {
		log_warn("--on-failure: fork: %s", strerror(errno));
		return;
	}
	if (pid == 0)
		exec_command(command, a);
	(void)setpgid(pid, pid);
	status = await_command(pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
		log_warn("--on-failure: the command ended with status %d",
		    WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		log_warn("--on-failure: the command died of signal %d (%s)",
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
}

struct ping {
	const struct after_cfg *cfg;
	char *url;
};

/* In a process of its own. */
static int
run_ping(void *ctx, struct role_self *self, struct err *e)
{
	const struct ping *p = ctx;
	struct http_cfg hcfg = { .concurrent = 1,
	    .connect_timeout_ms = p->cfg->net.connect_timeout_ms,
	    .stall_timeout_ms = p->cfg->net.request_timeout_ms,
	    .ca_file = p->cfg->net.ca_file };
	struct ask q = { .method = "GET", .url = p->url,
	    .timeout_ms = PING_TRY_MS, .ntries = PING_TRIES };
	struct ask_answer a;
	struct http *h;
	int ret;

	(void)self;
	HOOK("ping", p->url);
	if ((h = http_new(&hcfg, e)) == NULL)
		return (-1);
	if ((ret = ask(h, &q, &a, e)) == 0 && a.status / 100 != 2) {
		err_set(e, ERR_NETWORK, "HTTP status %d", a.status);
		ret = -1;
	}
	ask_fini(&a);
	http_free(h);
	return (ret);
}

static void
send_ping(const struct after_cfg *cfg, const struct after *a)
{
	size_t n = strcspn(cfg->ping, "?#");
	struct ping p = { .cfg = cfg,
	    .url = mem_printf("%.*s%s%s", (int)n, cfg->ping,
	    a->status == 0 ? "" : n > 0 && cfg->ping[n - 1] == '/' ? "fail" :
	    "/fail", cfg->ping + n) };
	struct sandbox *sandbox = reach_new();
	struct role_cfg rcfg = { .name = "litefleet-ping", .keep_fd = -1,
	    .sandbox = sandbox, .run = run_ping, .ctx = &p };
	uint8_t *msg = mem_resize(NULL, POOL_MSG_MAX, 1);
	enum role_said said = ROLE_FAILED;
	int64_t end_ms = clock_mono_ms() + PING_MAX_MS;
	struct role *r;
	struct err e;
	size_t len;

	reach_network(sandbox, &cfg->net);
	if ((r = role_start(&rcfg, &e)) != NULL) {
		while ((said = role_recv(r, msg, &len, &e)) == ROLE_NOTHING &&
		    await(role_fd(r), end_ms))
			continue;
		role_stop(r);
	}
	/* The URL is a secret: who knows it can speak for us. */
	if (said == ROLE_FAILED)
		log_warn("--ping: %s", e.msg);
	else if (said == ROLE_NOTHING && signals_stops() == 0)
		log_warn("--ping: no answer within %d s", PING_MAX_MS / 1000);
	sandbox_free(sandbox);
	free(msg);
	free(p.url);
}

void
after_run(const struct after_cfg *cfg, const struct after *a)
{
	/* That a service is wished a cycle ends no waiting. */
	signals_catch();
	if (cfg->on_failure != NULL && a->status != 0)
		run_command(cfg->on_failure, a);
	if (cfg->ping != NULL && signals_stops() == 0)
		send_ping(cfg, a);
	signals_restore();
}
