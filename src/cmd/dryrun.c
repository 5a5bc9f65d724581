#include "cmd/dryrun.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/log.h"
#include "cmd/before.h"
#include "cmd/cycle_out.h"
#include "cmd/output.h"
#include "job/change.h"
#include "state/state.h"

struct dry {
	struct cycle *c;
	struct cycle_out *out;
	bool *matched;
	struct state *segs[STATE_SEGMENTS];
	bool unreadable[STATE_SEGMENTS];	/* said so */
	struct buf path;
	struct buf key;
	uint64_t nfailed;
};

static void
complain(struct dry *d, const struct err *e)
{
	log_error("%s", e->msg);
	d->nfailed++;
}

/* The record of "path", if there is a state and it has one. */
static bool
recall(struct dry *d, const char *path, size_t len, struct state_rec *rec,
    struct err *e)
{
	struct hash128 h;
	unsigned seg;

	if (d->c->statedir == NULL)
		return (false);
	h = statedir_hash(&d->c->id, path, len);
	seg = (unsigned)(h.hi >> 56);
	if (d->unreadable[seg])
		return (false);
	if (d->segs[seg] == NULL) {
		if ((d->segs[seg] = state_open(statedir_fd(d->c->statedir),
		    seg, &d->c->id, e)) == NULL) {
			d->unreadable[seg] = true;
			complain(d, e);
			return (false);
		}
		state_share(d->segs[seg]);
	}
	return (state_find(d->segs[seg], h, rec));
}

static void
look(struct dry *d, int dirfd, const char *name, uint8_t flags)
{
	struct cycle_out_dry line;
	struct state_rec rec;
	struct state_stat st;
	struct err e = { .cls = ERR_NONE };
	enum change c;
	bool known;

	line.path = buf_str(&d->path);
	if (change_stat(dirfd, name, d->c->follow || (flags & WALK_WAL) != 0,
	    d->c->follow, &st, &e) == -1) {
		if (e.cls != ERR_GONE) {
			err_prefix(&e, "%s", line.path);
			complain(d, &e);
		}
		return;
	}
	known = recall(d, line.path, d->path.len, &rec, &e);
	if (key_render(d->c->template, line.path, d->c->url.kind != STORE_S3,
	    &d->key, &e) == -1) {
		complain(d, &e);
		return;
	}
	c = change_compare(known ? &rec : NULL, state_fingerprint(&st));
	if (known && c == CHANGE_NONE && ((rec.flags & STATE_NOT_DB) != 0 ||
	    rec.key == hash64(d->key.data, d->key.len)))
		return;
	line.what = c == CHANGE_NEW ? "new" : "changed";
	line.bytes = st.size;
	line.key = buf_str(&d->key);
	cycle_out_would(d->out, &line);
}

static int
found(void *ctx, const struct walk_dir *dir)
{
	struct dry *d = ctx;
	size_t i, len;
	struct err e;
	int fd;

	d->matched[dir->pattern] = true;
	if ((fd = change_open_dir(dir->real, &e)) == -1) {
		if (e.cls != ERR_GONE)
			complain(d, &e);
		return (0);
	}
	buf_reset(&d->path);
	buf_puts(&d->path, dir->path);
	buf_putc(&d->path, '/');
	len = d->path.len;
	for (i = 0; i < dir->nentries; i++) {
		d->path.len = len;
		buf_puts(&d->path, dir->entries[i].name);
		if (shard_has(&d->c->shard, buf_str(&d->path), d->path.len))
			look(d, fd, dir->entries[i].name,
			    dir->entries[i].flags);
	}
	io_close(&fd);
	return (ferror(stdout));
}

static void
fault(void *ctx, const struct err *e)
{
	complain(ctx, e);
}

int
dryrun(struct cycle *c, const struct walk_cfg *cfg, bool *matched)
{
	struct dry d = { .c = c, .matched = matched };
	struct walk_cfg walk = *cfg;
	unsigned i;
	struct err e;
	int status = 0;

	if (c->url.canonical != NULL && !c->new_store) {
		c->statedir = statedir_peek(c->state_base, c->url.canonical,
		    &e);
		if (c->statedir == NULL && e.cls != ERR_GONE)
			return (cmd_fail(c->cmd, &e));
		if (c->statedir != NULL)
			c->id = statedir_id(c->statedir);
	}
	d.out = cycle_out_new(c);
	walk.found = found;
	walk.fault = fault;
	walk.ctx = &d;
	if (walk_run(&walk, &e) == -1)
		status = cmd_fail(c->cmd, &e);
	else if (d.nfailed > 0)
		status = 1;
	if (c->statedir != NULL && before_is_cut(c->statedir)) {
		before_say_cut();
		status = status == 0 ? 1 : status;
	}
	for (i = 0; i < STATE_SEGMENTS; i++)
		state_close(d.segs[i]);
	cycle_out_free(d.out);
	buf_fini(&d.path);
	buf_fini(&d.key);
	output_follow_reader();
	return (status);
}
