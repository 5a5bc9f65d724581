#include "job/backup_job.h"

#include <string.h>

#include "base/clock.h"
#include "base/hook.h"
#include "base/log.h"
#include "job/change.h"
#include "job/said.h"

uint32_t
record_now_s(void)
{
	return ((uint32_t)(clock_real_ms() / 1000));
}

uint32_t
record_since_s(const struct state_rec *rec)
{
	return (rec->failing_since != 0 ? rec->failing_since :
	    record_now_s());
}

struct state *
record_segment(struct job_backup *job, struct hash128 h, struct err *e)
{
	unsigned seg = (unsigned)(h.hi >> 56);

	if (job->segs[seg] == NULL)
		job->segs[seg] = state_open(statedir_fd(job->cfg->statedir),
		    seg, &job->id, e);
	return (job->segs[seg]);
}

void
record_put(struct job_backup *job, const struct state_rec *rec,
    const char *path)
{
	struct state *st;
	struct err e, ignored;

	tally_go(job->env.tally, TALLY_RECORD);
	HOOK("record", path);
	if ((st = record_segment(job, rec->path, &e)) != NULL &&
	    state_put(st, rec, path, &e) == 0) {
		HOOK("recorded", path);
		return;
	}
	if (!job->state_full && gate_enter(job->env.complaint,
	    &ignored) == 1) {
		log_warn("the state cannot be written, so the next run stores "
		    "again what this one stored: %s", e.msg);
		gate_leave(job->env.complaint, NULL);
	}
	job->state_full = true;
}

/* The latest moment at which it was surely not stored as it was. */
static int64_t
unsaved_ms(const struct backup_item *it)
{
	int64_t changed_ms = change_last_ms(&it->st),
	    since_ms = (int64_t)it->rec.failing_since * 1000;

	if (changed_ms == 0 || (since_ms != 0 && since_ms < changed_ms))
		return (since_ms);
	return (changed_ms);
}

void
record_count_failure(struct job_backup *job, const struct backup_item *it,
    enum err_class cls, bool unsaved)
{
	tally_add(job->env.tally, TALLY_FAILED, 1);
	tally_add(job->env.tally, TALLY_CLASS + cls, 1);
	if (unsaved)
		tally_unsaved(job->env.tally, unsaved_ms(it));
	if (!job->cfg->say_failures || job->ntold++ >= SAID_FAILURES_MAX)
		return;
	said_tell(&job->env, &(struct said){ .kind = SAID_FAILED,
	    .path = (char *)(uintptr_t)it->path, .cls = cls,
	    .quarantined = (it->rec.flags & STATE_QUARANTINE) != 0,
	    .tries = it->rec.fail_count,
	    .since_s = it->rec.failing_since });
}

void
record_name_failure(const struct job_backup *job, const struct backup_item *it,
    const struct err *e, bool known)
{
	enum log_level level = known && job->cfg->terse ? LOG_LVL_DEBUG :
	    LOG_LVL_ERROR;

	if (strstr(e->msg, it->path) != NULL)
		log_msg(level, "%s", e->msg);
	else
		log_msg(level, "%s: %s", it->path, e->msg);
}

/*
 * After how many seconds to try again.  One that another network, or a store
 * that is back, makes good need not wait.  Half a cycle less than it says, so
 * that the tick it means is not missed.
 */
static uint32_t
back_off_s(const struct job_backup *job, const struct state_rec *rec)
{
	int64_t ms = job->cfg->interval_ms,
	    max_ms = (int64_t)RECORD_HOLD_MAX_S * 1000;
	unsigned n;

	if (ms == 0 || rec->fail_count < 2 ||
	    rec->fail_class == ERR_NETWORK || rec->fail_class == ERR_THROTTLED)
		return (0);
	for (n = 1; n < rec->fail_count && ms < max_ms; n++)
		ms *= 2;
	ms = (ms < max_ms ? ms : max_ms) - job->cfg->interval_ms / 2;
	return (ms > 0 ? (uint32_t)(ms / 1000) : 0);
}

void
record_failure(struct job_backup *job, struct backup_item *it,
    const struct err *e)
{
	if (e->cls == ERR_GONE && !job->cfg->force) {
		log_debug("%s: gone", it->path);
		tally_add(job->env.tally, TALLY_GONE, 1);
		return;
	}
	record_name_failure(job, it, e, false);
	/* No store yet that the record belongs to. */
	if (!job->ready && hash128_is_zero(job->id.store)) {
		record_count_failure(job, it, e->cls, true);
		return;
	}
	it->rec.path = it->h;
	it->rec.fail_class = (uint8_t)e->cls;
	if (it->rec.fail_count < UINT8_MAX)
		it->rec.fail_count++;
	it->rec.flags &= (uint16_t)~STATE_QUARANTINE;
	it->rec.not_before = record_now_s() + back_off_s(job, &it->rec);
	it->rec.failing_since = record_since_s(&it->rec);
	record_count_failure(job, it, e->cls, true);
	record_put(job, &it->rec, it->path);
}
