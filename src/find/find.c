#include "find/find.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fleet/key.h"
#include "fleet/pattern.h"

/* A version that outlives the listing's entry. */
struct found {
	struct buf key, object;
	int64_t ms;
	uint64_t bytes;
	bool there;
};

struct find {
	struct store_lister *lister;
	struct pattern *pattern;	/* NULL: everything listed */
	bool below;		/* not the keys that match, but all below */
	bool all;
	int64_t before_ms;
	uint64_t nforeign;
	struct buf path;	/* "/" and a key, for the pattern */
	struct found newest;	/* of the key that is being listed */
	struct found out;	/* what the caller looks at */
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
	f->below = glob[strlen(glob) - 1] == '/';
	text = mem_printf("/%s", glob);
	if ((f->pattern = pattern_new(text, e)) == NULL)
		goto out;
	dir = pattern_literal(f->pattern);
	if (strcmp(dir, "/") != 0)
		buf_printf(prefix, "%s/", dir + 1);
	ret = 0;
out:
	free(text);
	return (ret);
}

struct find *
find_new(const struct find_cfg *cfg, struct err *e)
{
	struct find *f = mem_zero(sizeof(*f));
	struct buf prefix = { 0 };
	struct store_list_cfg list = { 0 };

	f->all = cfg->all;
	f->before_ms = cfg->before_ms;
	if (compile(f, cfg->glob, &prefix, e) == -1)
		goto out;
	list.prefix = buf_str(&prefix);
	f->lister = store_list(cfg->store, &list, e);
out:
	if (f->lister == NULL) {
		find_free(f);
		f = NULL;
	}
	buf_fini(&prefix);
	return (f);
}

static void
drop(struct found *v)
{
	buf_fini(&v->key);
	buf_fini(&v->object);
}

void
find_free(struct find *f)
{
	if (f == NULL)
		return;
	store_lister_free(f->lister);
	pattern_free(f->pattern);
	buf_fini(&f->path);
	drop(&f->newest);
	drop(&f->out);
	free(f);
}

/* Does the pattern match the key, or with "below" something above it? */
static bool
wanted(struct find *f, const char *key, size_t len)
{
	char *path, *slash;

	if (f->pattern == NULL)
		return (true);
	buf_reset(&f->path);
	buf_putc(&f->path, '/');
	buf_put(&f->path, key, len);
	path = (char *)f->path.data;
	if (!f->below)
		return (pattern_match(f->pattern, path, NULL));
	while ((slash = strrchr(path, '/')) != path) {
		*slash = '\0';
		if (pattern_match(f->pattern, path, NULL))
			return (true);
	}
	return (false);
}

static void
keep(struct found *v, const struct store_entry *ent, size_t keylen,
    int64_t ms)
{
	buf_reset(&v->key);
	buf_put(&v->key, ent->name, keylen);
	buf_reset(&v->object);
	buf_puts(&v->object, ent->name);
	v->ms = ms;
	v->bytes = ent->bytes;
	v->there = true;
}

static int
give(struct find *f, struct find_version *v)
{
	v->key = buf_str(&f->out.key);
	v->object = buf_str(&f->out.object);
	v->ms = f->out.ms;
	v->bytes = f->out.bytes;
	return (1);
}

/* The key is through: its newest version goes out. */
static int
give_newest(struct find *f, struct find_version *v)
{
	struct found tmp = f->out;

	f->out = f->newest;
	f->newest = tmp;
	f->newest.there = false;
	return (give(f, v));
}

int
find_next(struct find *f, struct find_version *v, struct err *e)
{
	struct store_entry ent;
	int64_t ms;
	size_t len;
	bool same;
	int r;

	while ((r = store_list_next(f->lister, &ent, e)) == 1) {
		if ((len = key_object_parse(ent.name, &ms)) == 0) {
			f->nforeign++;
			continue;
		}
		if (ms > f->before_ms || !wanted(f, ent.name, len))
			continue;
		if (f->all) {
			keep(&f->out, &ent, len, ms);
			return (give(f, v));
		}
		same = f->newest.there && f->newest.key.len == len &&
		    memcmp(f->newest.key.data, ent.name, len) == 0;
		if (same || !f->newest.there) {
			/* Names sort as times do: it is younger. */
			keep(&f->newest, &ent, len, ms);
			continue;
		}
		(void)give_newest(f, v);
		keep(&f->newest, &ent, len, ms);
		return (1);
	}
	if (r == 0 && f->newest.there)
		return (give_newest(f, v));
	return (r);
}

uint64_t
find_foreign(const struct find *f)
{
	return (f->nforeign);
}

int
find_newest(struct store *s, const char *key, int64_t before_ms,
    struct buf *object, int64_t *ms, struct err *e)
{
	struct store_lister *l = NULL;
	struct store_entry ent;
	struct buf prefix = { 0 };
	struct store_list_cfg list = { 0 };
	size_t keylen = strlen(key);
	int64_t at, oldest = 0;
	bool any = false;
	int r, ret = -1;

	buf_reset(object);
	buf_printf(&prefix, "%s/", key);
	list.prefix = buf_str(&prefix);
	if ((l = store_list(s, &list, e)) == NULL)
		goto out;
	while ((r = store_list_next(l, &ent, e)) == 1) {
		if (strchr(ent.name + prefix.len, '/') != NULL) {
			/* Its own objects come together; they are over. */
			if (any)
				break;
			continue;
		}
		if (key_object_parse(ent.name, &at) != keylen)
			continue;
		if (!any)
			oldest = at;
		any = true;
		if (at > before_ms)
			break;
		buf_reset(object);
		buf_puts(object, ent.name);
		*ms = at;
	}
	if (r == -1)
		goto out;
	ret = object->len > 0;
	if (ret == 0)
		*ms = oldest;
out:
	store_lister_free(l);
	buf_fini(&prefix);
	return (ret);
}
