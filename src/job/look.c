#include "job/backup_job.h"

#include <limits.h>

#include "base/clock.h"
#include "base/log.h"
#include "fleet/walk.h"
#include "job/change.h"

void
look_recall(struct job_backup *job, const struct backup_item *it, bool news)
{
	struct err e;

	if ((it->rec.flags & STATE_NOT_DB) != 0 && !job->cfg->strict) {
		log_msg(news || !job->cfg->terse ? LOG_LVL_WARN :
		    LOG_LVL_DEBUG, "%s: not a SQLite database, skipped",
		    it->path);
		tally_add(job->env.tally, TALLY_SKIPPED, 1);
		return;
	}
	if ((it->rec.flags & STATE_NOT_DB) != 0)
		err_set(&e, ERR_CORRUPT, "%s: not a SQLite database", it->path);
	else if ((it->rec.flags & STATE_DAMAGED) != 0)
		err_set(&e, ERR_CORRUPT, "%s: damaged when it was last checked "
		    "(stored as it was)", it->path);
	else
		return;
	record_name_failure(job, it, &e, !news);
	record_count_failure(job, it, ERR_CORRUPT, false);
}

/* A clock that was ahead when the record was made must not hold it back for
 * longer than one that was right. */
static bool
too_early(const struct state_rec *rec)
{
	uint32_t now_s = record_now_s();

	return (rec->not_before > now_s &&
	    rec->not_before - now_s <= RECORD_HOLD_MAX_S);
}

/* Does the state say that this one is not to be tried now?  Then it counts as
 * failed. */
static bool
held_back(struct job_backup *job, const struct backup_item *it)
{
	/* By the dead predecessor, in this very run, and named. */
	bool tried = job->env.again &&
	    it->rec.not_before >= job->cfg->started_ms / 1000;
	enum log_level level = job->cfg->terse ? LOG_LVL_DEBUG :
	    LOG_LVL_ERROR;
	char until[CLOCK_STAMP_BYTES];
	size_t i;

	for (i = 0; i < job->nkillers; i++)
		if (hash128_eq(job->killers[i], it->h)) {
			record_count_failure(job, it, ERR_BUG, true);
			return (true);
		}
	if ((it->rec.flags & STATE_QUARANTINE) != 0 &&
	    (too_early(&it->rec) || tried)) {
		clock_stamp((int64_t)it->rec.not_before * 1000, until);
		if (!job->env.again)	/* else named when it happened */
			log_msg(level, "%s: in quarantine until %s, since it "
			    "has killed a worker (%u in a row); \"litefleet "
			    "upload\" tries it at once", it->path, until,
			    it->rec.fail_count);
		record_count_failure(job, it, ERR_BUG, true);
		return (true);
	}
	if (job->cfg->interval_ms > 0 && !job->cfg->first &&
	    it->rec.fail_class != ERR_NONE &&
	    too_early(&it->rec)) {
		clock_stamp((int64_t)it->rec.not_before * 1000, until);
		log_msg(level, "%s: has failed %u times (%s), is tried again "
		    "after %s", it->path, it->rec.fail_count,
		    err_class_name(it->rec.fail_class), until);
		record_count_failure(job, it,
		    (enum err_class)it->rec.fail_class, true);
		return (true);
	}
	if (tried && it->rec.fail_class != ERR_NONE) {
		record_count_failure(job, it,
		    (enum err_class)it->rec.fail_class, true);
		return (true);
	}
	/* And what upload was asked for is stored and counted. */
	return (job->env.again && job->cfg->force &&
	    it->rec.fail_class == ERR_NONE &&
	    it->rec.stored_ms >= job->cfg->started_ms);
}

/* Another template may still give the same key: then only that is noted. */
static bool
same_key(struct job_backup *job, struct backup_item *it)
{
	uint32_t naming = key_template_naming(job->cfg->key);
	struct err ignored;

	if (it->rec.naming == naming || (it->rec.flags & STATE_NOT_DB) != 0)
		return (true);
	if (key_render(job->cfg->key, it->path, false, &job->key,
	    &ignored) == -1 ||
	    hash64(job->key.data, job->key.len) != it->rec.key)
		return (false);
	it->rec.naming = naming;
	record_put(job, &it->rec, it->path);
	return (true);
}

/* Where the file of this name really is, into job->real. */
static int
find_real(struct job_backup *job, const char *name, struct err *e)
{
	if (job->cfg->follow)
		return (change_real(job->dirfd, name, &job->real, e));
	job->real.len = job->realdir_bytes;
	buf_puts(&job->real, name);
	return (0);
}

int
look_at(struct job_backup *job, const char *name, uint8_t flags,
    struct err *e)
{
	struct backup_item it = { 0 };
	struct state *st;
	const struct err *failure = job->direrr;
	struct err why;
	bool known, force = job->cfg->force;

	job->path.len = job->dir_bytes;
	buf_puts(&job->path, name);
	it.path = buf_str(&job->path);
	tally_add(job->env.tally, TALLY_LOOKED, 1);
	it.h = statedir_hash(&job->id, it.path, job->path.len);
	if ((st = record_segment(job, it.h, e)) == NULL)
		return (-1);
	if (job->path.len > PATH_MAX) {
		err_set(&why, ERR_LIMIT, "%s: path longer than %d bytes",
		    it.path, PATH_MAX);
		record_failure(job, &it, &why);
		return (0);
	}
	/* The record comes from memory while the kernel looks at the file. */
	state_prefetch(st, it.h);
	if (job->direrr == NULL && change_stat(job->dirfd, name, force ||
	    job->cfg->follow || (flags & WALK_WAL) != 0, job->cfg->follow,
	    &it.st, &why) == -1)
		failure = &why;
	known = state_find(st, it.h, &it.rec);
	if ((job->env.again || (known && !force)) && held_back(job, &it))
		return (0);
	if (failure != NULL) {
		record_failure(job, &it, failure);
		return (0);
	}
	it.fingerprint = state_fingerprint(&it.st);
	if (!force && change_compare(known ? &it.rec : NULL,
	    it.fingerprint) == CHANGE_NONE && same_key(job, &it)) {
		if ((it.rec.flags & (STATE_NOT_DB | STATE_DAMAGED)) != 0)
			look_recall(job, &it, false);
		return (0);
	}
	if (job->down) {	/* and that it is has been said */
		record_count_failure(job, &it, ERR_NETWORK, true);
		return (0);
	}
	it.looked_ns = clock_real_ns();
	if (find_real(job, name, &why) == -1) {
		record_failure(job, &it, &why);
		return (0);
	}
	return (sync_item(job, &it, e));
}
