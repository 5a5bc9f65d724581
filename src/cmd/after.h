/*
 * after -- what is told of a run or cycle once it is over: a command
 * (--on-failure), and a dead-man service (--ping).
 */
#ifndef CMD_AFTER_H
#define CMD_AFTER_H

#include <stdint.h>

#include "store/store.h"

struct after_cfg {
	const char *on_failure;		/* for sh -c, or NULL */
	const char *ping;		/* a URL, or NULL */
	struct store_s3_cfg net;	/* its ca_file and time-outs are used */
};

struct after {
	int status;			/* the exit status it would be */
	uint64_t databases, synced, failed, directories_not_read;
	int64_t took_ms;
};

enum {
	AFTER_MAX_MS = 60 * 1000	/* for the command; then it is killed */
};

/*
 * Run the command if status is not 0, with LITEFLEET_STATUS, _DATABASES,
 * _SYNCED, _FAILED, _DIRECTORIES_NOT_READ and _TOOK_MS in its environment,
 * standard input from /dev/null and standard output going to standard error;
 * GET the URL, with "/fail" behind its path where status is not 0.  Waits for
 * both, until TERM or INT, lets the manager hear that we live, and heeds what
 * a service is wished (service_heed()).  That one of them did not work is said
 * (log_warn), and changes nothing.
 */
void after_run(const struct after_cfg *cfg, const struct after *a);

#endif
