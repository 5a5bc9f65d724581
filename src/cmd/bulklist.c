#include "cmd/bulklist.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hashset.h"
#include "base/hook.h"
#include "base/mem.h"
#include "base/path.h"
#include "cmd/values.h"
#include "find/find.h"
#include "fleet/wish.h"
#include "store/marker.h"

enum {
	LISTINGS = 32		/* at once; each holds two pages */
};

struct list {
	const struct bulkplan *p;
	const struct bulklist_out *out;
	struct store *store;
	struct buf rel;
	bool told[2];			/* of others elsewhere; of young ones */

	/* by line: what was ordered */
	struct hashset backups, targets, pairs;
};

static const char *
url_of(const struct bulkplan *p)
{
	return (p->from != NULL ? p->from : p->operand);
}

int
bulklist_probe(const struct bulkplan *p, size_t *up, struct hash128 *id,
    struct err *e)
{
	struct store_cfg cfg = { .tag = "restore", .s3 = p->s3 };
	const char *what = p->from != NULL ? "--from" : "restore-pattern";
	struct store_url u = { 0 }, guess = { 0 };
	char *below = NULL, *guessed = NULL, *glob = NULL;
	struct find *f = NULL;
	struct marker m;
	struct store *s;
	int r, ret = -1;

	HOOK("list-probe", "");
	*up = 0;
	if ((s = store_locate(&cfg, url_of(p), what, &u, &below, e)) == NULL ||
	    store_url_locate(url_of(p), what, &guess, &guessed, e) == -1)
		goto out;
	while (strlen(guessed) < strlen(below) &&
	    store_url_up(&guess, &guessed))
		(*up)++;
	if ((r = marker_read(s, &m, e)) == 0)
		err_set(e, ERR_STATE, "%s: there is no store (no "
		    ".litefleet/store in it)", store_name(s));
	if (r != 1)
		goto out;
	*id = m.id;
	if (!p->by_path) {
		struct find_cfg fc = { .store = s, .before_ms = INT64_MAX };

		fc.glob = glob = value_glob(&u, below);
		if ((f = find_new(&fc, e)) == NULL)
			goto out;
	}
	ret = 0;
out:
	find_free(f);
	store_close(s);
	store_url_fini(&u);
	store_url_fini(&guess);
	free(below);
	free(guessed);
	free(glob);
	return (ret);
}

/* The target that a line names, as a path below the root. */
static int
take_target(const struct bulkplan *p, const struct bulkwish *w,
    struct buf *rel, struct err *e)
{
	size_t n = strcmp(p->root, "/") == 0 ? 0 : strlen(p->root);
	char *path;
	int ret = -1;

	buf_reset(rel);
	if ((path = path_absolute(w->target, "its target", e)) == NULL)
		e->cls = ERR_DENIED;
	else if (!path_within(path, p->root) || path[n] == '\0')
		err_set(e, ERR_DENIED, "refused: its target %s is not below "
		    "%s; --output-dir (or --pattern, for original paths) names "
		    "the directory", path, p->root);
	else {
		buf_puts(rel, path + n + 1);
		ret = target_check(buf_str(rel), e) == -1 ? -1 : 1;
	}
	free(path);
	return (ret);
}

/* Is it of this shard?  Of those that are not, the first is told of, and the
 * first that is young. */
static bool
is_ours(struct list *l, const char *key, bool young)
{
	struct err ignored;

	if (shard_has(&l->p->shard, key, strlen(key)))
		return (true);
	if (!l->told[young] && target_of(l->p->target, key, &l->rel,
	    &ignored) != 0) {
		l->told[young] = true;
		l->out->elsewhere(l->out->ctx, young);
	}
	return (false);
}

/* As target_of(), of l->rel; without one that is empty. */
static int
make_target(struct list *l, const char *key, struct err *e)
{
	int r = target_of(l->p->target, key, &l->rel, e);

	if (r != 1)
		buf_reset(&l->rel);
	return (r);
}

/* As a person writes it.  "named": the target of its line, or "". */
static void
put_target(const struct list *l, const char *named, struct buf *target)
{
	if (named[0] != '\0')
		buf_puts(target, named);
	else if (l->rel.len > 0)
		bulkplan_target(l->p, buf_str(&l->rel), target);
}

static void
refuse(struct list *l, const struct order *o, const char *named,
    const struct err *why)
{
	struct bulklist_refused r = { .key = o->key, .ms = o->ms };
	struct buf target = { 0 };

	put_target(l, named, &target);
	r.target = buf_str(&target);
	l->out->refused(l->out->ctx, &r, why);
	buf_fini(&target);
}

static void
tell_young(struct list *l, const char *key, const char *named,
    int64_t oldest_ms)
{
	struct bulklist_refused r = { .key = key };
	struct buf target = { 0 };

	put_target(l, named, &target);
	r.target = buf_str(&target);
	l->out->young(l->out->ctx, &r, oldest_ms);
	buf_fini(&target);
}

/* Send it off, or say why not. */
static void
order(struct list *l, struct order *o, const char *named, int found,
    struct err *e)
{
	HOOK("list-order", o->key);
	o->rel = buf_str(&l->rel);
	if (found == 1 && !order_fits(o)) {
		err_set(e, ERR_LIMIT, "a key of %zu bytes with a target of "
		    "%zu is too long", strlen(o->key), strlen(o->rel));
		found = -1;
	}
	if (found == 1)
		l->out->order(l->out->ctx, o);
	else if (found == -1)
		refuse(l, o, named, e);
}

static struct find *
find_what(const struct list *l, int64_t cutoff_ms, struct find_cfg *cfg,
    struct err *e)
{
	cfg->store = l->store;
	cfg->before_ms = l->p->before_ms;
	if (!l->p->by_time && cutoff_ms != INT64_MAX)
		cfg->before_ms = cfg->stored_before_ms = cutoff_ms;
	cfg->tell_young = l->p->by_time || cutoff_ms != INT64_MAX;
	cfg->parallel = l->p->s3.concurrent;
	if (cfg->parallel > LISTINGS)
		cfg->parallel = LISTINGS;
	return (find_new(cfg, e));
}

static int
list_store(struct list *l, int64_t cutoff_ms, struct err *e)
{
	struct find_cfg cfg = { .glob = l->p->glob };
	struct find_version v;
	struct order o;
	struct err why;
	struct find *f;
	int r = 0, where;

	if ((f = find_what(l, cutoff_ms, &cfg, e)) == NULL)
		return (-1);
	while (!l->out->stopping(l->out->ctx) &&
	    (r = find_next(f, &v, e)) == 1) {
		if (!is_ours(l, v.key, l->p->by_time && v.object == NULL))
			continue;
		where = make_target(l, v.key, &why);
		if (where == 1 && v.object == NULL) {
			tell_young(l, v.key, "", v.ms);
			continue;
		}
		o = (struct order){ .key = v.key, .tag = v.tag, .ms = v.ms,
		    .bytes = v.bytes };
		order(l, &o, "", where, &why);
	}
	if (r == 0)
		l->out->foreign(l->out->ctx, find_foreign(f));
	find_free(f);
	return (r == -1 ? -1 : 0);
}

/*
 * Lines may name anything: one backup goes to one target, and a target takes
 * one.  1; 0: another line was the same; -1: they are at odds.
 */
static int
check_twice(struct list *l, const struct order *o, struct err *e)
{
	struct hash128 backup = hash128_seeded(o->key, strlen(o->key),
	    (uint64_t)o->ms), target = hash128(l->rel.data, l->rel.len);
	struct hash128 pair = { .hi = backup.hi ^ target.lo,
	    .lo = backup.lo ^ target.hi };

	if (!hashset_add(&l->pairs, pair))
		return (0);
	if (!hashset_add(&l->targets, target)) {
		err_set(e, ERR_USAGE, "refused: another line has the same "
		    "target, %s", buf_str(&l->rel));
		return (-1);
	}
	if (!hashset_add(&l->backups, backup)) {
		err_set(e, ERR_USAGE, "refused: another line restores the "
		    "same backup to another target; %s takes a second command",
		    buf_str(&l->rel));
		return (-1);
	}
	return (1);
}

/* It names a version, but --timestamp an older time. */
static void
refuse_later(const struct bulkplan *p, const struct bulkwish *w,
    struct err *why)
{
	char named[CLOCK_RFC3339_BYTES], before[CLOCK_RFC3339_BYTES];

	err_set(why, ERR_USAGE, "refused: its line names the backup of %s, "
	    "which is after --timestamp %s; leave out one of them",
	    clock_rfc3339(w->ms, named, sizeof(named)),
	    clock_rfc3339(p->before_ms, before, sizeof(before)));
}

/* A line and its version; without an object (none: *v is zeroed). */
static void
grant(struct list *l, const struct bulkwish *w, const struct find_version *v)
{
	struct order o = { .key = w->key, .tag = v->tag, .ms = v->ms,
	    .bytes = v->bytes };
	struct err why;
	int r;

	r = w->target[0] != '\0' ? take_target(l->p, w, &l->rel, &why) :
	    make_target(l, w->key, &why);
	if (r == 0) {
		err_set(&why, ERR_USAGE, "its key is not one that the operand "
		    "or --pattern matches");
		r = -1;
	} else if (r == 1 && v->object == NULL && v->ms > 0) {
		tell_young(l, w->key, w->target, v->ms);
		return;
	} else if (r == 1 && v->object == NULL) {
		err_set(&why, ERR_NOTFOUND, "there is no backup of it");
		r = -1;
	} else if (r == 1 && w->ms > l->p->before_ms) {
		refuse_later(l->p, w, &why);
		r = -1;
	} else if (r == 1)
		r = check_twice(l, &o, &why);
	order(l, &o, w->target, r, &why);
}

/* The keys of lines that name no time, each once; freed by the caller. */
static const char **
keys_to_find(struct list *l, size_t *n)
{
	const struct bulkwishes *all = &l->p->wishes;
	const char **keys = mem_zero(all->n * sizeof(*keys));
	const struct bulkwish *w;
	size_t i;

	*n = 0;
	for (i = 0; i < all->n; i++) {
		w = &all->v[i];
		if (w->ms == WISH_NEWEST && (*n == 0 ||
		    strcmp(keys[*n - 1], w->key) != 0) && is_ours(l, w->key,
		    false))
			keys[(*n)++] = w->key;
	}
	return (keys);
}

static int
list_newest(struct list *l, int64_t cutoff_ms, struct err *e)
{
	const struct bulkwishes *all = &l->p->wishes;
	struct find_cfg cfg = { 0 };
	const char **keys = keys_to_find(l, &cfg.nkeys);
	struct find *f = NULL;
	struct find_version v;
	size_t i;
	int r = 0, ret = -1;

	cfg.keys = keys;
	if (cfg.nkeys > 0 && (f = find_what(l, cutoff_ms, &cfg, e)) == NULL)
		goto out;
	while (f != NULL && !l->out->stopping(l->out->ctx) &&
	    (r = find_next(f, &v, e)) == 1)
		for (i = bulkwishes_first(all, v.key); i < all->n &&
		    strcmp(all->v[i].key, v.key) == 0; i++)
			if (all->v[i].ms == WISH_NEWEST)
				grant(l, &all->v[i], &v);
	ret = r == -1 ? -1 : 0;
out:
	find_free(f);
	free(keys);
	return (ret);
}

static int
list_wishes(struct list *l, int64_t cutoff_ms, struct err *e)
{
	const struct bulkwishes *all = &l->p->wishes;
	const struct bulkwish *w;
	struct find_version v;
	size_t i;

	for (i = 0; i < all->n && !l->out->stopping(l->out->ctx); i++) {
		w = &all->v[i];
		v = (struct find_version){ .object = w->key, .tag = "",
		    .ms = w->ms, .bytes = w->bytes };
		if (w->ms != WISH_NEWEST && is_ours(l, w->key, false))
			grant(l, w, &v);
	}
	return (list_newest(l, cutoff_ms, e));
}

int
bulklist_run(const struct bulkplan *p, int64_t cutoff_ms,
    const struct bulklist_out *out, struct err *e)
{
	struct store_cfg cfg = { .url = &p->url, .tag = "restore",
	    .s3 = p->s3 };
	struct list l = { .p = p, .out = out };
	int ret;

	if ((l.store = store_open(&cfg, e)) == NULL)
		return (-1);
	ret = p->by_line ? list_wishes(&l, cutoff_ms, e) :
	    list_store(&l, cutoff_ms, e);
	store_close(l.store);
	buf_fini(&l.rel);
	hashset_fini(&l.backups);
	hashset_fini(&l.targets);
	hashset_fini(&l.pairs);
	return (ret);
}
