#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The one table that classes are decided by. */
static const struct {
	const char *name;
	int exit_status;
	bool retriable;
} classes[ERR_NCLASS] = {
	[ERR_NONE] = { "none", 0, false },
	[ERR_USAGE] = { "usage", 2, false },
	[ERR_CONFIG] = { "config", 2, false },
	[ERR_BUSY] = { "busy", 75, true },
	[ERR_CORRUPT] = { "corrupt", 1, false },
	[ERR_GONE] = { "gone", 1, false },
	[ERR_IO] = { "io", 3, false },
	[ERR_SPACE] = { "space", 3, false },
	[ERR_NETWORK] = { "network", 3, true },
	[ERR_THROTTLED] = { "throttled", 3, true },
	[ERR_DENIED] = { "denied", 3, false },
	[ERR_NOTFOUND] = { "not-found", 1, false },
	[ERR_EXISTS] = { "exists", 1, false },
	[ERR_LIMIT] = { "limit", 1, false },
	[ERR_STATE] = { "state", 3, false },
	[ERR_BUG] = { "bug", 3, false },
};

static void __attribute__((__format__(__printf__, 4, 0)))
set(struct err *e, enum err_class cls, const char *suffix, const char *fmt,
    va_list ap)
{
	size_t n;

	e->cls = cls;
	if (vsnprintf(e->msg, sizeof(e->msg), fmt, ap) < 0)
		e->msg[0] = '\0';
	if (suffix == NULL)
		return;
	n = strlen(e->msg);
	(void)snprintf(e->msg + n, sizeof(e->msg) - n, ": %s", suffix);
}

void
err_set(struct err *e, enum err_class cls, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(e, cls, NULL, fmt, ap);
	va_end(ap);
}

void
err_sys(struct err *e, enum err_class cls, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	set(e, cls, strerror(saved), fmt, ap);
	va_end(ap);
	errno = saved;
}

void
err_io(struct err *e, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	set(e, err_class_of(saved), strerror(saved), fmt, ap);
	va_end(ap);
	errno = saved;
}

void
err_prefix(struct err *e, const char *fmt, ...)
{
	char old[ERR_MSG_BYTES];
	va_list ap;

	memcpy(old, e->msg, sizeof(old));
	va_start(ap, fmt);
	set(e, e->cls, old, fmt, ap);
	va_end(ap);
}

enum err_class
err_class_of(int errnum)
{
	switch (errnum) {
	case ENOSPC:
	case EDQUOT:
		return (ERR_SPACE);
	case EACCES:
	case EPERM:
	case EROFS:
		return (ERR_DENIED);
	case ENOENT:
	case ESTALE:
		return (ERR_GONE);
	case ENAMETOOLONG:
		return (ERR_LIMIT);
	case EAGAIN:
	case EBUSY:
		return (ERR_BUSY);
	default:
		return (ERR_IO);
	}
}

const char *
err_class_name(enum err_class cls)
{
	return (cls < ERR_NCLASS ? classes[cls].name : "bug");
}

int
err_exit_status(enum err_class cls)
{
	return (cls < ERR_NCLASS ? classes[cls].exit_status : 3);
}

bool
err_retriable(enum err_class cls)
{
	return (cls < ERR_NCLASS && classes[cls].retriable);
}
