/*
 * listen -- --listen: what the cycles of a service come to, handed to its face
 * (serve/face.h), which is a process of its own.
 */
#ifndef CMD_LISTEN_H
#define CMD_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "fleet/pattern.h"
#include "job/said.h"
#include "proc/pool.h"

enum {
	/* Of --max-series; figures_new() has room for no more. */
	LISTEN_SERIES = 1000,
	LISTEN_SERIES_MAX = 100 * 1000
};
#define LISTEN_PRICE_USD	0.005	/* the default of --put-price */

struct listen_cfg {
	const char *where;		/* as face_listen() takes it */
	double put_price_usd;
	uint64_t max_series;
	const char *host;
	int64_t interval_ms;
	unsigned nworkers;
	const struct pattern *const *patterns;
	size_t npatterns;
};

/* What a cycle came to. */
struct listen_cycle {
	const struct pool_result *res;
	uint64_t nfaults;
	int64_t took_ms, scan_ms;
	bool aborted;			/* as figures_cycle has it */
	const char *why;		/* it is not complete, or NULL */
	const char *undone;		/* as figures_cycle has it */
};

struct listen;

/* A price in dollars: "0.005".  Class usage. */
int listen_price(const char *arg, double *usd, struct err *e);

/* Listen, and start the face.  *cfg and what it points to outlive it.  Class
 * usage: where; and what face_listen() says. */
struct listen *listen_new(const struct listen_cfg *cfg, struct err *e);
void listen_free(struct listen *l);

/* Where the workers of the cycles are to be seen: pool_cfg.board. */
struct board *listen_board(struct listen *l);

/*
 * If the face has died, this is said, and another one takes its place; as it
 * does if the log is another file now.  Call it again and again: after a
 * child's end, and after *wait_ms, which is lowered if the last start was only
 * just now.
 */
void listen_tend(struct listen *l, int64_t *wait_ms);

/* A cycle begins; what was said in it; it is over. */
void listen_begin(struct listen *l);
void listen_said(struct listen *l, const struct said *s);
void listen_end(struct listen *l, const struct listen_cycle *c);

#endif
