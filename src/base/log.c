#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/term.h"
#include "base/utf8.h"

static enum log_level max_level = LOG_LVL_INFO;
static bool as_json;

static const char *const level_names[] = {
	"error", "warning", "info", "debug", "trace"
};
static const char *const level_prefix[] = {
	"litefleet: error: ", "litefleet: warning: ", "", "", ""
};

void
log_setup(enum log_level level, bool json)
{
	max_level = level;
	as_json = json;
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

/*
 * Append "s" to line[*n], escaped for text or for a JSON string, leaving room
 * for "reserve" bytes.  What does not fit is cut at a whole character.
 */
static void
append(char *line, size_t *n, size_t cap, const char *s, bool json)
{
	char esc[8];
	const char *out;
	size_t step, nout, left = strlen(s);

	while (left > 0) {
		step = utf8_step((const unsigned char *)s, left);
		if (step > 0 && !utf8_is_control((const unsigned char *)s,
		    step)) {
			out = s;
			nout = step;
			if (json && (*s == '"' || *s == '\\')) {
				esc[0] = '\\';
				esc[1] = *s;
				out = esc;
				nout = 2;
			}
		} else {
			step = 1;
			nout = (size_t)snprintf(esc, sizeof(esc),
			    json ? "\\\\x%02X" : "\\x%02X", (unsigned char)*s);
			out = esc;
		}
		if (nout > cap - *n)
			return;
		memcpy(line + *n, out, nout);
		*n += nout;
		s += step;
		left -= step;
	}
}

static void
emit(enum log_level level, const char *msg)
{
	char line[PIPE_BUF], stamp[32];
	struct timespec ts;
	struct tm tm;
	const char *end;
	size_t n = 0, cap;
	ssize_t w;
	int len;

	end = as_json ? "\"}\n" : "\n";
	cap = sizeof(line) - strlen(end);
	if (as_json) {
		(void)clock_gettime(CLOCK_REALTIME, &ts);
		(void)gmtime_r(&ts.tv_sec, &tm);
		(void)strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
		len = snprintf(line, cap, "{\"time\":\"%s.%03ldZ\","
		    "\"level\":\"%s\",\"pid\":%ld,\"message\":\"", stamp,
		    ts.tv_nsec / 1000000, level_names[level], (long)getpid());
		n = (size_t)len;
	} else {
		n = (size_t)snprintf(line, cap, "%s%s", term_is_open() ?
		    TERM_WIPE : "", level_prefix[level]);
	}
	append(line, &n, cap, msg, as_json);
	memcpy(line + n, end, strlen(end));
	n += strlen(end);
	do
		w = write(STDERR_FILENO, line, n);
	while (w == -1 && errno == EINTR);
}

void
log_msg(enum log_level level, const char *fmt, ...)
{
	char msg[PIPE_BUF + 1024];
	int saved = errno;
	va_list ap;

	if (level > max_level)
		return;
	va_start(ap, fmt);
	if (vsnprintf(msg, sizeof(msg), fmt, ap) >= 0)
		emit(level, msg);
	va_end(ap);
	errno = saved;
}

void
log_fatal(const char *fmt, ...)
{
	char msg[PIPE_BUF];
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(msg, sizeof(msg), fmt, ap) >= 0)
		emit(LOG_LVL_ERROR, msg);
	va_end(ap);
	abort();
}
