/*
 * log -- what is said on stderr.  One line is one write(2) of at most
 * PIPE_BUF bytes, so lines of several processes never mix; control bytes are
 * written as \xHH, so that a path cannot forge a line or drive a terminal.  Of
 * a message that is too long the middle is left out ("..."): it begins with a
 * path, mostly, and ends with the reason.
 *
 * Text:  "litefleet: error: <message>", "litefleet: warning: <message>",
 *        and the bare message for info, debug and trace.
 * JSON:  {"time":"...","level":"...","pid":N,"message":"..."}
 * In a file (base/logfile.h) lines of text begin with the time, too.
 * Text wipes what base/term shows in the line.  Where stderr is the journal of
 * systemd (JOURNAL_STREAM says so), each line begins with its priority: "<3>"
 * to "<7>", as sd-daemon(3) has them.
 *
 * Any process may log.  Folders below job/ log nothing that they also return.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

enum log_level {
	LOG_LVL_ERROR,		/* a database or the run failed */
	LOG_LVL_WARN,
	LOG_LVL_INFO,		/* a line a cycle */
	LOG_LVL_DEBUG,		/* -v: a line a database */
	LOG_LVL_TRACE		/* -vv: a line a request */
};

/*
 * Say everything up to "level", as JSON objects if "json".  Before the first
 * call: LOG_LVL_INFO, text.  Inherited over fork(2).
 */
void log_setup(enum log_level level, bool json);

/* Begin lines of text with the time (UTC, to the millisecond), or do not; the
 * journal, which has its own, is looked for anew. */
void log_stamp(bool stamp);

/* Would a message of this level be written?  As a JSON object? */
bool log_wants(enum log_level level);
bool log_is_json(void);

/* Write one line if "level" is wanted.  Keeps errno; never fails. */
void log_msg(enum log_level level, const char *fmt, ...)
    __attribute__((__format__(__printf__, 2, 3)));

#define log_error(...)	log_msg(LOG_LVL_ERROR, __VA_ARGS__)
#define log_warn(...)	log_msg(LOG_LVL_WARN, __VA_ARGS__)
#define log_info(...)	log_msg(LOG_LVL_INFO, __VA_ARGS__)
#define log_debug(...)	log_msg(LOG_LVL_DEBUG, __VA_ARGS__)
#define log_trace(...)	log_msg(LOG_LVL_TRACE, __VA_ARGS__)

/* Things that every worker may notice, and one is to tell of. */
enum log_once {
	LOG_ONCE_MOVED,		/* the server sends us elsewhere */
	LOG_ONCE_CLOCK,		/* its clock is not ours */
	LOG_NONCE
};

/* The same as log_msg(), but only for the first to say it of all processes
 * that were forked after log_setup(). */
void log_first(enum log_once what, enum log_level level, const char *fmt, ...)
    __attribute__((__format__(__printf__, 3, 4)));

/* Write one error line and end the process with abort(3). */
void log_fatal(const char *fmt, ...)
    __attribute__((__format__(__printf__, 1, 2), __noreturn__));

#endif
