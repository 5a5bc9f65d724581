/*
 * err -- why something failed: a class that decides what happens next, and
 * one sentence for a person.
 *
 * A function that can fail for reasons of the world takes "struct err *e" as
 * its last parameter and fills it once, where the failure is noticed.  On
 * success it leaves *e alone.  Callers pass it up or put context in front
 * with err_prefix(); whoever decides the consequence logs it, once.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

enum err_class {
	ERR_NONE,
	ERR_USAGE,		/* the command line asks for the impossible */
	ERR_CONFIG,		/* so does a file, a template or a store */
	ERR_BUSY,		/* locked by somebody else for too long */
	ERR_CORRUPT,		/* bytes that cannot be what they claim */
	ERR_GONE,		/* vanished or was replaced meanwhile */
	ERR_IO,
	ERR_SPACE,		/* no room, or over quota */
	ERR_NETWORK,
	ERR_THROTTLED,
	ERR_DENIED,
	ERR_NOTFOUND,
	ERR_EXISTS,		/* in the way, and not to be replaced */
	ERR_LIMIT,		/* too long or too large for a format */
	ERR_STATE,		/* the state, or a store it does not know */
	ERR_BUG,
	ERR_NCLASS
};

enum {
	ERR_MSG_BYTES = 4608	/* a path and a sentence around it */
};

struct err {
	enum err_class cls;
	char msg[ERR_MSG_BYTES];	/* no newline, no full stop */
};

/* Set *e to class "cls" and a printf-like message. */
void err_set(struct err *e, enum err_class cls, const char *fmt, ...)
    __attribute__((__format__(__printf__, 3, 4)));

/* Like err_set(), followed by ": " and the text of errno. */
void err_sys(struct err *e, enum err_class cls, const char *fmt, ...)
    __attribute__((__format__(__printf__, 3, 4)));

/* Like err_sys(), with the class that errno suggests (err_class_of()). */
void err_io(struct err *e, const char *fmt, ...)
    __attribute__((__format__(__printf__, 2, 3)));

/* Put a printf-like text and ": " in front of the message of *e. */
void err_prefix(struct err *e, const char *fmt, ...)
    __attribute__((__format__(__printf__, 2, 3)));

/*
 * The class for an errno value: ENOSPC and EDQUOT are space; EACCES, EPERM
 * and EROFS are denied; ENOENT and ESTALE are gone; ENAMETOOLONG is limit;
 * EAGAIN and EBUSY are busy; the rest is io.
 */
enum err_class err_class_of(int errnum);

/* The class as one word for reports and records ("not-found"); never NULL. */
const char *err_class_name(enum err_class cls);

/* The exit status of a run that an error of class "cls" ended: 1, 2, 3, 75. */
int err_exit_status(enum err_class cls);

/* May the same call succeed if it is simply made again? */
bool err_retriable(enum err_class cls);

#endif
