#include "cmd/unsaved.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/log.h"
#include "job/change.h"

struct search {
	const struct unsaved_cfg *cfg;
	uint64_t nfaults;
	struct buf path;
};

static void
fault(void *ctx, const struct err *e)
{
	struct search *s = ctx;

	if (e->cls == ERR_GONE)		/* and so are those in it */
		return;
	log_error("%s", e->msg);
	s->nfaults++;
}

static void
look(struct search *s, int dirfd, const struct walk_entry *entry)
{
	const struct unsaved_cfg *cfg = s->cfg;
	const char *path = buf_str(&s->path);
	struct state_rec rec;
	struct state_stat st;
	struct hash128 h;
	struct err e;

	if (!shard_has(&cfg->shard, path, s->path.len))
		return;
	h = statedir_hash(&cfg->id, path, s->path.len);
	if (state_find(cfg->segs[h.hi >> 56], h, &rec))
		return;
	if (change_stat(dirfd, entry->name, (entry->flags & WALK_WAL) != 0,
	    cfg->walk.follow, &st, &e) == -1) {
		err_prefix(&e, "%s", path);
		fault(s, &e);
		return;
	}
	cfg->each(cfg->ctx, path, &st);
}

static int
found(void *ctx, const struct walk_dir *dir)
{
	struct search *s = ctx;
	struct err e;
	size_t i, len;
	int fd;

	if ((fd = change_open_dir(dir->real, &e)) == -1) {
		fault(s, &e);
		return (0);
	}
	buf_reset(&s->path);
	buf_puts(&s->path, dir->path);
	buf_putc(&s->path, '/');
	len = s->path.len;
	for (i = 0; i < dir->nentries; i++) {
		s->path.len = len;
		buf_puts(&s->path, dir->entries[i].name);
		look(s, fd, &dir->entries[i]);
	}
	io_close(&fd);
	return (ferror(stdout));
}

int
unsaved_find(const struct unsaved_cfg *cfg, uint64_t *nfaults, struct err *e)
{
	struct search s = { .cfg = cfg };
	struct walk_cfg walk = cfg->walk;
	int r;

	walk.found = found;
	walk.fault = fault;
	walk.ctx = &s;
	r = walk_run(&walk, e);
	*nfaults = s.nfaults;
	buf_fini(&s.path);
	return (r == -1 ? -1 : 0);
}
