#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/term.h"
#include "base/utf8.h"

enum {
	END_BYTES = 300,	/* of a message that is too long, these stay */
	MSG_BYTES = 3 * PIPE_BUF	/* a path and an error with another */
};

static enum log_level max_level = LOG_LVL_INFO;
static bool as_json;
static bool stamped;		/* text begins with the time */
static bool to_journal;		/* which takes a priority from each line */

/* What was said once; log_setup() puts it where children share it. */
static atomic_bool own_said[LOG_NONCE], *said = own_said;

static const char *const level_names[] = {
	"error", "warning", "info", "debug", "trace"
};
/* sd-daemon(3). */
static const char *const level_priority[] = {
	"<3>", "<4>", "<6>", "<7>", "<7>"
};
static const char *const level_prefix[] = {
	"litefleet: error: ", "litefleet: warning: ", "", "", ""
};

/* As systemd.exec(5) has it: "device:inode" of the stream that it made. */
static bool
is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char ours[64];
	struct stat st;

	if (stream == NULL || fstat(STDERR_FILENO, &st) == -1)
		return (false);
	(void)snprintf(ours, sizeof(ours), "%llu:%llu",
	    (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	return (strcmp(stream, ours) == 0);
}

void
log_setup(enum log_level level, bool json)
{
	atomic_bool *p;

	max_level = level;
	as_json = json;
	to_journal = is_journal();
	if (said != own_said)
		return;
	p = mmap(NULL, sizeof(own_said), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p != MAP_FAILED)
		said = p;
}

void
log_stamp(bool stamp)
{
	stamped = stamp;
	to_journal = is_journal();
}

bool
log_wants(enum log_level level)
{
	return (level <= max_level);
}

bool
log_is_json(void)
{
	return (as_json);
}

/* A character of a message, as it is written. */
struct written {
	const char *p;		/* these n bytes: its own, or esc */
	size_t n;
	char esc[8];
};

/* Escape the first character of s[0 .. left-1], for text or for a JSON string.
 * Returns how many bytes it has there. */
static size_t
escape(const char *s, size_t left, bool json, struct written *w)
{
	size_t step = utf8_step((const unsigned char *)s, left);

	w->p = w->esc;
	if (step == 0 || utf8_is_control((const unsigned char *)s, step)) {
		w->n = (size_t)snprintf(w->esc, sizeof(w->esc),
		    json ? "\\\\x%02X" : "\\x%02X", (unsigned char)*s);
		return (1);
	}
	if (json && (*s == '"' || *s == '\\')) {
		w->esc[0] = '\\';
		w->esc[1] = *s;
		w->n = 2;
	} else {
		w->p = s;
		w->n = step;
	}
	return (step);
}

/*
 * Append "s" to line[*n], escaped.  If it is too long, what is left out lies
 * before its last END_BYTES, since it mostly begins with a path and ends with
 * the reason; it is cut at whole characters.
 */
static void
append(char *line, size_t *n, size_t cap, const char *s, bool json)
{
	static const char dots[] = "...";
	const size_t len = strlen(s), room = cap - *n;
	size_t i, all = 0, first, done = 0;
	bool cut = false;
	struct written w;

	for (i = 0; i < len; all += w.n)
		i += escape(s + i, len - i, json, &w);
	first = all <= room ? all : room - END_BYTES - strlen(dots);
	for (i = 0; i < len; done += w.n) {
		i += escape(s + i, len - i, json, &w);
		if (done + w.n > first && all - done > END_BYTES) {
			if (!cut) {
				memcpy(line + *n, dots, strlen(dots));
				*n += strlen(dots);
			}
			cut = true;
			continue;
		}
		memcpy(line + *n, w.p, w.n);
		*n += w.n;
	}
}

/* "2026-11-20T10:30:00.123Z" */
static void
put_time(char stamp[32])
{
	struct timespec ts;
	struct tm tm;
	size_t n;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	(void)gmtime_r(&ts.tv_sec, &tm);
	n = strftime(stamp, 32, "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(stamp + n, 32 - n, ".%03ldZ", ts.tv_nsec / 1000000);
}

static void
emit(enum log_level level, const char *msg)
{
	char line[PIPE_BUF], stamp[32] = "";
	const char *end;
	const char *priority = to_journal ? level_priority[level] : "";
	size_t n = 0, cap;
	ssize_t w;
	int len;

	end = as_json ? "\"}\n" : "\n";
	cap = sizeof(line) - strlen(end);
	if (as_json || stamped)
		put_time(stamp);
	if (as_json) {
		len = snprintf(line, cap, "%s{\"time\":\"%s\","
		    "\"level\":\"%s\",\"pid\":%ld,\"message\":\"",
		    priority, stamp, level_names[level], (long)getpid());
		n = (size_t)len;
	} else {
		n = (size_t)snprintf(line, cap, "%s%s%s%s%s", priority,
		    term_is_open() ? TERM_WIPE : "", stamp, stamped ? " " : "",
		    level_prefix[level]);
	}
	append(line, &n, cap, msg, as_json);
	memcpy(line + n, end, strlen(end));
	n += strlen(end);
	do
		w = write(STDERR_FILENO, line, n);
	while (w == -1 && errno == EINTR);
}

static void __attribute__((__format__(__printf__, 2, 0)))
vmsg(enum log_level level, const char *fmt, va_list ap)
{
	char msg[MSG_BYTES];
	int saved = errno;

	if (level <= max_level && vsnprintf(msg, sizeof(msg), fmt, ap) >= 0)
		emit(level, msg);
	errno = saved;
}

void
log_msg(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vmsg(level, fmt, ap);
	va_end(ap);
}

void
log_first(enum log_once what, enum log_level level, const char *fmt, ...)
{
	va_list ap;

	if (atomic_exchange(&said[what], true))
		return;
	va_start(ap, fmt);
	vmsg(level, fmt, ap);
	va_end(ap);
}

void
log_fatal(const char *fmt, ...)
{
	char msg[MSG_BYTES];
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(msg, sizeof(msg), fmt, ap) >= 0)
		emit(LOG_LVL_ERROR, msg);
	va_end(ap);
	abort();
}
