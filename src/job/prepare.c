#include "job/prepare.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "db/private.h"
#include "store/marker.h"

/* This worker's part of "all": at least one; what is left goes to the first
 * ones. */
static uint64_t
share(uint64_t all, const struct job_backup_cfg *cfg,
    const struct job_backup_env *env)
{
	uint64_t n = all / cfg->nworkers + (env->index < all % cfg->nworkers);

	return (n > 0 ? n : 1);
}

static struct store *
open_store(const struct job_backup_cfg *cfg, const struct job_backup_env *env,
    bool create, struct err *e)
{
	struct state_id id = statedir_id(cfg->statedir);
	struct store *store;
	char *tag = mem_printf("%016llx-%u", (unsigned long long)id.seed,
	    env->index);
	struct store_cfg scfg = { .url = cfg->url, .create = create,
	    .write = true, .tag = tag, .s3 = cfg->s3 };

	if (cfg->nworkers > 1) {
		scfg.s3.concurrent = (unsigned)share(cfg->s3.concurrent, cfg,
		    env);
		if (cfg->s3.limit_rate_bytes > 0)
			scfg.s3.limit_rate_bytes =
			    share(cfg->s3.limit_rate_bytes, cfg, env);
	}
	store = store_open(&scfg, e);
	free(tag);
	return (store);
}

/* The part that one worker does for all. */
static int
check(const struct job_backup_cfg *cfg, const struct job_backup_env *env,
    struct store **store, struct err *e)
{
	struct state_id id = statedir_id(cfg->statedir);
	bool known = !hash128_is_zero(id.store);
	struct marker_rule rule = { .known = id.store, .host = cfg->host,
	    .key_has_host = key_template_has_host(cfg->key),
	    .shared = cfg->shared };
	struct marker m;

	if ((*store = open_store(cfg, env, !known, e)) == NULL) {
		if (known && e->cls == ERR_GONE)
			err_set(e, ERR_STATE, "%s is not there, and the state "
			    "%s speaks of it (removed, not mounted?); "
			    "--new-store starts again", cfg->url->canonical,
			    statedir_path(cfg->statedir));
		return (-1);
	}
	if (marker_check(*store, &rule, &m, e) == -1)
		return (-1);
	if (!known)
		return (statedir_set_store(cfg->statedir, m.id, e));
	statedir_marker_seen(cfg->statedir);
	return (0);
}

/* Has a cycle of this service read the marker in S3 not long ago?  That of a
 * directory costs nothing. */
static bool
seen_today(const struct job_backup_cfg *cfg)
{
	struct state_id id = statedir_id(cfg->statedir);
	int64_t age_ms = clock_real_ms() - statedir_marker_ms(cfg->statedir);

	return (cfg->interval_ms > 0 && cfg->url->kind == STORE_S3 &&
	    !hash128_is_zero(id.store) && age_ms >= 0 &&
	    age_ms < PREPARE_DAY_MS);
}

int
prepare_store(const struct job_backup_cfg *cfg,
    const struct job_backup_env *env, struct store **store, struct err *e)
{
	int ret = 0;

	*store = NULL;
	if (!seen_today(cfg) && (ret = gate_enter(env->gate, e)) == 1) {
		ret = check(cfg, env, store, e);
		gate_leave(env->gate, ret == 0 ? NULL : e);
	}
	if (ret == 0 && *store == NULL &&
	    (*store = open_store(cfg, env, false, e)) == NULL)
		ret = -1;
	if (ret == -1) {
		store_close(*store);
		*store = NULL;
	}
	return (ret);
}

int
prepare_spool(struct store *store, const char *spool, bool *ours,
    struct err *e)
{
	int fd;

	fd = store_spool(store, e);
	*ours = fd == -1 && e->cls == ERR_GONE;
	return (*ours ? private_unnamed(spool, e) : fd);
}
