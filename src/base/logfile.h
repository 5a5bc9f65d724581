/*
 * logfile -- standard error as a file that may be moved away (--log-file).
 *
 * The descriptor of standard error is put onto the file, so that all that is
 * said goes there, also by children that are forked from then on, and by what
 * they run.  Lines are appended and begin with the time (base/log.h).
 */
#ifndef BASE_LOGFILE_H
#define BASE_LOGFILE_H

#include "base/err.h"

/*
 * Append to "path" from now on, which lives as long as the process; made with
 * mode 0600.  Class config: it cannot be opened, and nothing has changed.
 */
int logfile_open(const char *path, struct err *e);

/* The same with the path that was given last, which may be another file by
 * now; without one nothing.  For a service that is told that it was moved. */
int logfile_reopen(struct err *e);

#endif
