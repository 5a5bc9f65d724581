#include "job/backup.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/mem.h"
#include "fleet/parcel.h"
#include "job/backup_job.h"
#include "job/change.h"
#include "job/prepare.h"

enum {
	QUARANTINE_FIRST_S = 60		/* doubled for each death in a row */
};

int
job_backup_open(const struct job_backup_cfg *cfg,
    const struct job_backup_env *env, struct job_backup **out, struct err *e)
{
	struct job_backup *job = mem_zero(sizeof(*job));
	int64_t age_ms;

	job->cfg = cfg;
	job->env = *env;
	job->dirfd = -1;
	*out = job;
	/* Who died may have learned which store it is; its heir was forked by
	 * who does not know. */
	if (statedir_reopen(cfg->statedir, e) == -1 ||
	    (env->again && statedir_reload(cfg->statedir, e) == -1))
		return (-1);
	job->id = statedir_id(cfg->statedir);
	age_ms = clock_real_ms() - statedir_marker_ms(cfg->statedir);
	/* An idle fleet's store may be lost too: once a day somebody looks. */
	if (env->first_seg == 0 && !env->again &&
	    !hash128_is_zero(job->id.store) && (age_ms < 0 ||
	    age_ms >= PREPARE_DAY_MS))
		return (prepare_store(cfg, env, &job->store, e));
	return (0);
}

int
job_backup_quarantine(struct job_backup *job, const char *path,
    const char *how, struct err *e)
{
	struct backup_item it = { .path = path };
	struct state *st;
	uint32_t s = QUARANTINE_FIRST_S;
	unsigned i;

	(void)how;		/* the supervisor has named it */
	if (sync_prepare(job, e) == -1)
		return (-1);
	it.h = statedir_hash(&job->id, path, strlen(path));
	if ((st = record_segment(job, it.h, e)) == NULL)
		return (-1);
	job->killers = mem_resize(job->killers, job->nkillers + 1,
	    sizeof(*job->killers));
	job->killers[job->nkillers++] = it.h;
	if (!state_find(st, it.h, &it.rec))
		memset(&it.rec, 0, sizeof(it.rec));
	if ((it.rec.flags & STATE_QUARANTINE) != 0 && job->env.again &&
	    it.rec.not_before > record_now_s())
		return (0);	/* a worker between has recorded it */
	if ((it.rec.flags & STATE_QUARANTINE) == 0)
		it.rec.fail_count = 0;
	for (i = 0; i < it.rec.fail_count && s < RECORD_HOLD_MAX_S; i++)
		s *= 2;
	it.rec.path = it.h;
	it.rec.flags |= STATE_QUARANTINE;
	it.rec.fail_class = ERR_BUG;
	if (it.rec.fail_count < UINT8_MAX)
		it.rec.fail_count++;
	it.rec.not_before = record_now_s() +
	    (s < RECORD_HOLD_MAX_S ? s : RECORD_HOLD_MAX_S);
	it.rec.failing_since = record_since_s(&it.rec);
	record_put(job, &it.rec, path);
	return (0);
}

/* The names that follow are in another directory. */
static void
enter(struct job_backup *job, const char *path, const char *real)
{
	struct err e;

	io_close(&job->dirfd);
	free(job->direrr);
	job->direrr = NULL;
	buf_reset(&job->path);
	buf_puts(&job->path, path);
	buf_putc(&job->path, '/');
	job->dir_bytes = job->path.len;
	buf_reset(&job->real);
	buf_puts(&job->real, real);
	buf_putc(&job->real, '/');
	job->realdir_bytes = job->real.len;
	if ((job->dirfd = change_open_dir(real, &e)) == -1) {
		job->direrr = mem_zero(sizeof(e));
		*job->direrr = e;
	}
}

int
job_backup_start(struct job_backup *job, const void *parcel, size_t len,
    struct err *e)
{
	struct parcel_reader r;

	parcel_reader_init(&r, parcel, len);
	for (;;) {
		if (sync_make_room(job, e) == -1)
			return (-1);
		if (job->env.stopping(job->env.ctx) || !parcel_next(&r))
			return (0);
		if (r.newdir)
			enter(job, r.path, r.real);
		if (look_at(job, r.name, r.flags, e) == -1)
			return (-1);
	}
}

static bool
readable(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return (poll(&pfd, 1, 0) == 1);
}

int
job_backup_wait(struct job_backup *job, int fd, bool more, struct err *e)
{
	if (job->store == NULL)
		return (0);
	if (!more && job->cfg->url->kind == STORE_DIR)
		store_flush(job->store, 0);	/* no batch waits for more */
	while (store_inflight(job->store) > 0) {
		store_wait(job->store, fd, -1);
		if (reap_stored(job, e) == -1)
			return (-1);
		if (readable(fd))
			break;
	}
	return (0);
}

int
job_backup_drain(struct job_backup *job, int64_t grace_ms, struct err *e)
{
	if (job->store == NULL)
		return (0);
	store_flush(job->store, grace_ms);
	return (reap_stored(job, e));
}

void
job_backup_close(struct job_backup *job)
{
	unsigned i;

	if (job == NULL)
		return;
	for (i = 0; i < STATE_SEGMENTS; i++)
		state_close(job->segs[i]);
	store_close(job->store);
	image_free(job->images);
	frame_enc_free(job->enc);
	hash_stream_free(job->hash);
	io_close(&job->dirfd);
	free(job->direrr);
	free(job->killers);
	buf_fini(&job->path);
	buf_fini(&job->real);
	buf_fini(&job->key);
	free(job);
}
