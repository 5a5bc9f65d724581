#include "find/find.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "find/source.h"
#include "find/split.h"
#include "fleet/pattern.h"

/* A source under way. */
struct runner {
	struct source *source;
	struct split_part *part;	/* what it lists; NULL: all, or a key */
};

struct find {
	struct store *store;
	struct source_rule rule;
	unsigned parallel;
	char *prefix;		/* of all that is looked for */
	const char *const *keys;	/* those that are not begun */
	size_t nkeys;
	bool probing;		/* is one listing enough? */
	struct split *split;	/* it is not */
	struct runner *runners;	/* at most "parallel" */
	size_t nrunners, at;	/* whose turn it is */
	struct store_lister **listers;	/* the same ones, for waiting */
};

/* Does an unescaped wildcard occur?  Then a "{{" is told apart. */
static bool
has_wildcard(const char *glob, bool *named)
{
	bool wild = false;

	*named = false;
	for (; *glob != '\0'; glob++) {
		if (*glob == '\\' && glob[1] != '\0')
			glob++;
		else if (strchr("*?[{", *glob) != NULL) {
			wild = true;
			if (strncmp(glob, "{{", 2) == 0)
				*named = true;
		}
	}
	return (wild);
}

/* Append a glob without wildcards as what it stands for, and a slash. */
static void
put_literal(struct buf *b, const char *glob)
{
	for (; *glob != '\0'; glob++) {
		if (*glob == '\\' && glob[1] != '\0')
			glob++;
		buf_putc(b, *glob);
	}
	if (b->len > 0 && b->data[b->len - 1] != '/')
		buf_putc(b, '/');
}

/*
 * Compile the glob; *prefix is what all that it matches begins with.  A key
 * has no slash in front, and a pattern has: so it gets one.
 */
static int
compile(struct find *f, const char *glob, struct buf *prefix, struct err *e)
{
	char *text;
	bool named;
	const char *dir;
	int ret = -1;

	if (!has_wildcard(glob, &named)) {
		put_literal(prefix, glob);
		return (0);
	}
	if (named) {
		err_set(e, ERR_USAGE, "\"%s\": a name has no meaning in a "
		    "glob over keys; write \"*\" for \"{{name}}\"", glob);
		return (-1);
	}
	f->rule.below = glob[strlen(glob) - 1] == '/';
	text = mem_printf("/%s", glob);
	if ((f->rule.pattern = pattern_new(text, e)) == NULL)
		goto out;
	dir = pattern_literal(f->rule.pattern);
	if (strcmp(dir, "/") != 0)
		buf_printf(prefix, "%s/", dir + 1);
	ret = 0;
out:
	free(text);
	return (ret);
}

/* Begin to list; a runner more. */
static int
begin(struct find *f, const struct source_cfg *cfg, struct split_part *part,
    struct err *e)
{
	struct runner *r = &f->runners[f->nrunners];

	if ((r->source = source_new(cfg, e)) == NULL)
		return (-1);
	r->part = part;
	f->nrunners++;
	return (0);
}

struct find *
find_new(const struct find_cfg *cfg, struct err *e)
{
	struct find *f = mem_zero(sizeof(*f));
	struct buf prefix = { 0 };
	struct source_cfg whole = { .store = cfg->store, .rule = &f->rule };
	int ret = -1;

	f->store = cfg->store;
	f->rule.all = cfg->all;
	f->rule.before_ms = cfg->before_ms;
	f->rule.stored_before_ms = cfg->stored_before_ms;
	f->rule.tell_young = cfg->tell_young;
	f->parallel = cfg->parallel > 1 ? cfg->parallel : 1;
	f->runners = mem_resize(NULL, f->parallel, sizeof(*f->runners));
	f->listers = mem_resize(NULL, f->parallel, sizeof(*f->listers));
	if (cfg->keys != NULL) {
		f->keys = cfg->keys;
		f->nkeys = cfg->nkeys;
		ret = 0;
		goto out;
	}
	if (compile(f, cfg->glob, &prefix, e) == -1)
		goto out;
	f->prefix = mem_strdup(buf_str(&prefix));
	whole.list.prefix = f->prefix;
	f->probing = f->parallel > 1;
	ret = begin(f, &whole, NULL, e);
out:
	buf_fini(&prefix);
	if (ret == 0)
		return (f);
	find_free(f);
	return (NULL);
}

/* The runner is through, or given up. */
static void
end(struct find *f, size_t i)
{
	source_free(f->runners[i].source);
	if (f->runners[i].part != NULL)
		split_done(f->split, f->runners[i].part);
	f->runners[i] = f->runners[--f->nrunners];
}

void
find_free(struct find *f)
{
	if (f == NULL)
		return;
	while (f->nrunners > 0)
		end(f, f->nrunners - 1);
	split_free(f->split);
	pattern_free(f->rule.pattern);
	buf_fini(&f->rule.path);
	free(f->prefix);
	free(f->runners);
	free(f->listers);
	free(f);
}

/* With its first page the one listing shows whether there is more; if so, it
 * is given up, and what there is divided. */
static void
probe(struct find *f)
{
	struct store_lister *l = source_lister(f->runners[0].source);

	store_list_wait(&l, 1);
	f->probing = false;
	if (!store_list_goes_on(l))
		return;
	end(f, 0);
	f->split = split_new(f->prefix, f->parallel);
}

static int
begin_key(struct find *f, const char *key, struct err *e)
{
	struct source_cfg cfg = { .store = f->store, .rule = &f->rule,
	    .only = key };
	char *prefix = mem_printf("%s/", key);
	int ret;

	cfg.list.prefix = prefix;
	cfg.list.shallow = true;
	ret = begin(f, &cfg, NULL, e);
	free(prefix);
	return (ret);
}

static int
begin_part(struct find *f, struct split_part *p, struct err *e)
{
	struct source_cfg cfg = { .store = f->store, .rule = &f->rule };

	cfg.list.prefix = p->prefix;
	cfg.list.shallow = p->shallow;
	cfg.list.after = p->after;
	cfg.list.until = p->until;
	cfg.deeper = !p->shallow;
	if (begin(f, &cfg, p, e) == 0)
		return (0);
	split_done(f->split, p);
	return (-1);
}

/* Begin as much as may be under way. */
static int
fill(struct find *f, struct err *e)
{
	struct split_part *p;

	while (f->nrunners < f->parallel) {
		if (f->nkeys > 0) {
			f->nkeys--;
			if (begin_key(f, *f->keys++, e) == -1)
				return (-1);
		} else if (f->split != NULL &&
		    (p = split_take(f->split)) != NULL) {
			if (begin_part(f, p, e) == -1)
				return (-1);
		} else
			break;
	}
	return (0);
}

static void
wait_for_any(struct find *f)
{
	size_t i;

	for (i = 0; i < f->nrunners; i++)
		f->listers[i] = source_lister(f->runners[i].source);
	store_list_wait(f->listers, f->nrunners);
}

/*
 * As far as it goes without waiting: each source that is not ready passes the
 * turn on, but for one whose versions have begun to come.
 */
static enum source_step
turn(struct find *f, struct find_version *v, struct err *e)
{
	size_t nwaiting = 0;
	struct store_lister *l;
	struct runner *r;
	enum source_step step;

	while (nwaiting < f->nrunners) {
		f->at = f->at < f->nrunners ? f->at : 0;
		r = &f->runners[f->at];
		step = source_step(r->source, v, e);
		if (step == SOURCE_VERSION || step == SOURCE_ERROR ||
		    step == SOURCE_END)
			return (step);
		if (step == SOURCE_DIRECTORY) {
			/* Below a key that is asked for, it is another's. */
			if (r->part != NULL)
				split_directory(f->split, r->part, v->key);
		} else if (source_amid_key(r->source)) {
			l = source_lister(r->source);
			store_list_wait(&l, 1);
		} else {
			nwaiting++;
			f->at++;
		}
	}
	return (SOURCE_WAIT);
}

int
find_next(struct find *f, struct find_version *v, struct err *e)
{
	size_t n;

	if (f->probing)
		probe(f);
	for (;;) {
		if (fill(f, e) == -1)
			return (-1);
		if (f->nrunners == 0)
			return (0);
		switch (turn(f, v, e)) {
		case SOURCE_VERSION:
			return (1);
		case SOURCE_ERROR:
			return (-1);
		case SOURCE_END:
			end(f, f->at);
			break;
		default:
			/* What was just cut off need not wait. */
			n = f->nrunners;
			if (fill(f, e) == -1)
				return (-1);
			if (f->nrunners == n)
				wait_for_any(f);
			break;
		}
	}
}

uint64_t
find_foreign(const struct find *f)
{
	return (f->rule.nforeign);
}

int
find_newest(struct store *s, const char *key, int64_t before_ms,
    struct buf *object, int64_t *ms, struct err *e)
{
	struct find_cfg cfg = { .store = s, .keys = &key, .nkeys = 1,
	    .before_ms = before_ms };
	struct find_version v;
	struct find *f;
	int ret;

	buf_reset(object);
	*ms = 0;
	if ((f = find_new(&cfg, e)) == NULL)
		return (-1);
	if ((ret = find_next(f, &v, e)) == 1) {
		*ms = v.ms;
		if (v.object != NULL)
			buf_puts(object, v.object);
		ret = v.object != NULL;
	}
	find_free(f);
	return (ret);
}
