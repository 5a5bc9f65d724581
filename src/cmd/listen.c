#include "cmd/listen.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/hashset.h"
#include "base/log.h"
#include "base/mem.h"
#include "cmd/reach.h"
#include "proc/board.h"
#include "proc/role.h"
#include "serve/face.h"
#include "store/store.h"

enum {
	/* Without those that are counted twice. */
	NREQUESTS = STORE_REQ_AGAIN,
	AGAIN_MS = 5000		/* from one start of the face to the next, at
				 * least: it may die of its start */
};

/* Which of its pattern's variables are the labels of a path. */
struct labels {
	int project, database;		/* -1: there is none */
	struct pattern_value *values;
};

struct listen {
	const struct listen_cfg *cfg;
	struct board *board;
	struct figures *figures;
	struct face_where where;
	struct face_request requests[NREQUESTS];
	struct face_cfg face;
	struct role *role;
	int64_t began_ms;		/* monotonic: the face */
	dev_t log_dev;			/* its standard error is this file */
	ino_t log_ino;
	struct labels *labels;		/* one a pattern */
	struct figures_failure *failures;	/* of the cycle that runs */
	size_t nfailures;
	struct hashset failing;		/* their paths: a worker tells of what
					 * its dead predecessor told of */
};

int
listen_price(const char *arg, double *usd, struct err *e)
{
	char *end;

	*usd = strtod(arg, &end);
	if (end != arg && *end == '\0' && isfinite(*usd) && *usd >= 0 &&
	    strspn(arg, "0123456789.") == strlen(arg))
		return (0);
	err_set(e, ERR_USAGE, "--put-price: \"%s\" is no price in dollars of "
	    "1,000 requests, as 0.005", arg);
	return (-1);
}

/* What S3 charges as a write: the same price for listings, none for
 * removals. */
static bool
is_charged(enum store_request kind)
{
	return (kind == STORE_REQ_PUT || kind == STORE_REQ_PART ||
	    kind == STORE_REQ_LIST);
}

static void
find_labels(struct listen *l)
{
	const struct pattern *p;
	size_t i;

	l->labels = mem_zero(l->cfg->npatterns * sizeof(*l->labels));
	for (i = 0; i < l->cfg->npatterns; i++) {
		p = l->cfg->patterns[i];
		l->labels[i].project = pattern_var(p, "project", 7);
		l->labels[i].database = pattern_var(p, "database", 8);
		l->labels[i].values = mem_zero((pattern_nvars(p) + 1) *
		    sizeof(*l->labels[i].values));
	}
}

static int
start(struct listen *l, struct err *e)
{
	struct sandbox *sandbox = reach_new();
	struct role_cfg role = { .name = "litefleet-web",
	    .keep_fd = l->where.fd, .sandbox = sandbox, .run = face_run,
	    .ctx = &l->face };
	struct stat st = { 0 };

	(void)fstat(STDERR_FILENO, &st);
	l->log_dev = st.st_dev;
	l->log_ino = st.st_ino;
	l->began_ms = clock_mono_ms();
	l->role = role_start(&role, e);
	sandbox_free(sandbox);
	return (l->role == NULL ? -1 : 0);
}

/* Port 0 has become another. */
static void
say_where(const struct listen *l)
{
	const struct face_where *w = &l->where;

	if (w->local)
		log_info("figures are shown at unix:%s", w->path);
	else
		log_info("figures are shown at http://%s%s%s:%u/",
		    strchr(w->host, ':') != NULL ? "[" : "", w->host,
		    strchr(w->host, ':') != NULL ? "]" : "", face_port(w));
}

_Static_assert((int)LISTEN_SERIES_MAX == (int)FIGURES_SERIES_MAX,
    "--max-series is what there is room for");

struct listen *
listen_new(const struct listen_cfg *cfg, struct err *e)
{
	struct listen *l = mem_zero(sizeof(*l));
	int kind;

	l->cfg = cfg;
	l->where.fd = -1;
	if ((l->board = board_map(cfg->nworkers, e)) == NULL ||
	    (l->figures = figures_new(l->board, cfg->interval_ms,
	    cfg->max_series, e)) == NULL ||
	    face_listen(cfg->where, &l->where, e) == -1)
		goto fail;
	for (kind = 0; kind < NREQUESTS; kind++) {
		l->requests[kind].name =
		    store_request_name((enum store_request)kind);
		l->requests[kind].charged =
		    is_charged((enum store_request)kind);
	}
	l->face = (struct face_cfg){ .where = &l->where,
	    .view = { .figures = l->figures, .host = cfg->host,
	    .requests = l->requests,
	    .nrequests = NREQUESTS,
	    .put_price_usd = cfg->put_price_usd } };
	l->failures = mem_zero(FIGURES_FAILURES * sizeof(*l->failures));
	find_labels(l);
	if (start(l, e) == 0) {
		say_where(l);
		return (l);
	}
fail:
	listen_free(l);
	return (NULL);
}

void
listen_free(struct listen *l)
{
	size_t i;

	if (l == NULL)
		return;
	role_stop(l->role);
	face_close(&l->where);
	figures_free(l->figures);
	board_unmap(l->board);
	for (i = 0; l->labels != NULL && i < l->cfg->npatterns; i++)
		free(l->labels[i].values);
	free(l->labels);
	free(l->failures);
	hashset_fini(&l->failing);
	free(l);
}

struct board *
listen_board(struct listen *l)
{
	return (l->board);
}

/* Has the log been opened anew since the face began (base/logfile.h)? */
static bool
log_is_other(const struct listen *l)
{
	struct stat st;

	return (fstat(STDERR_FILENO, &st) == 0 && (st.st_dev != l->log_dev ||
	    st.st_ino != l->log_ino));
}

/* It has nothing to say but why it does not live. */
void
listen_tend(struct listen *l, int64_t *wait_ms)
{
	int64_t left_ms = l->began_ms + AGAIN_MS - clock_mono_ms();
	uint8_t *msg = mem_resize(NULL, POOL_MSG_MAX, 1);
	enum role_said said = ROLE_FAILED;
	struct err e;
	size_t len;

	while (l->role != NULL && (said = role_recv(l->role, msg, &len,
	    &e)) == ROLE_MESSAGE)
		continue;
	free(msg);
	if (said == ROLE_NOTHING && !log_is_other(l))
		return;
	if (said != ROLE_NOTHING && left_ms > 0) {
		if (left_ms < *wait_ms)
			*wait_ms = left_ms;
		return;
	}
	if (l->role != NULL && said != ROLE_NOTHING)
		log_warn("--listen: %s; it is started again",
		    said == ROLE_FAILED ? e.msg : "its process ended");
	role_stop(l->role);
	if (start(l, &e) == -1)
		log_warn("--listen: %s", e.msg);
}

void
listen_begin(struct listen *l)
{
	l->nfailures = 0;
	hashset_fini(&l->failing);
	figures_begin(l->figures);
}

/* A variable of what matched; the caller frees.  NULL: it has none. */
static char *
value_of(const struct labels *labels, int var)
{
	if (var == -1)
		return (NULL);
	return (mem_strndup(labels->values[var].p, labels->values[var].len));
}

static void
stored(struct listen *l, const struct said *s)
{
	struct figures_upload u = { .bytes = s->stored_bytes,
	    .took_ms = s->took_ms, .lag_ms = s->lag_ms };
	char *project = NULL, *database = NULL;
	size_t i;

	for (i = 0; i < l->cfg->npatterns; i++) {
		if (!pattern_match(l->cfg->patterns[i], s->path,
		    l->labels[i].values))
			continue;
		project = value_of(&l->labels[i], l->labels[i].project);
		database = value_of(&l->labels[i], l->labels[i].database);
		break;
	}
	u.project = project;
	u.database = database;
	figures_upload(l->figures, &u);
	free(project);
	free(database);
}

static void
failed(struct listen *l, const struct said *s)
{
	struct figures_failure *f;

	if (l->nfailures == FIGURES_FAILURES || !hashset_add(&l->failing,
	    hash128(s->path, strlen(s->path))))
		return;
	f = &l->failures[l->nfailures++];
	f->cls = s->cls;
	f->quarantined = s->quarantined;
	f->tries = s->tries;
	f->since_ms = (int64_t)s->since_s * 1000;
	(void)snprintf(f->path, sizeof(f->path), "%s", s->path);
}

void
listen_said(struct listen *l, const struct said *s)
{
	if (s->kind == SAID_STORED)
		stored(l, s);
	else if (s->kind == SAID_FAILED)
		failed(l, s);
}

void
listen_end(struct listen *l, const struct listen_cycle *c)
{
	struct figures_cycle f = { .count = c->res->count,
	    .nfaults = c->nfaults, .took_ms = c->took_ms,
	    .scan_ms = c->scan_ms, .complete = c->why == NULL, .why = c->why,
	    .aborted = c->aborted, .undone = c->undone,
	    .oldest_ms = c->res->oldest_ms, .failures = l->failures,
	    .nfailures = l->nfailures };

	figures_end(l->figures, &f);
}
