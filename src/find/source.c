#include "find/source.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fleet/key.h"

/* A version that outlives the listing's entry. */
struct found {
	struct buf key, object, tag;
	int64_t ms, mtime_ms;
	uint64_t bytes;
	bool there;
};

struct source {
	struct store_lister *lister;
	struct source_rule *rule;
	size_t prefix_len;
	bool deeper;
	char *only;		/* NULL, also once it has come */
	bool tell_young;

	struct buf key;		/* that is being listed */
	bool open;		/* there is one */
	bool wanted;		/* it is */
	bool begun;		/* a version of it has gone out */
	int64_t oldest_ms;	/* of the key */
	struct found last;	/* wanted, and not yet given out */
	struct found out;	/* what the caller looks at */
};

struct source *
source_new(const struct source_cfg *cfg, struct err *e)
{
	struct source *s = mem_zero(sizeof(*s));

	s->rule = cfg->rule;
	s->prefix_len = strlen(cfg->list.prefix);
	s->deeper = cfg->deeper;
	s->only = cfg->only == NULL ? NULL : mem_strdup(cfg->only);
	s->tell_young = cfg->rule->tell_young || cfg->only != NULL;
	if ((s->lister = store_list(cfg->store, &cfg->list, e)) == NULL) {
		source_free(s);
		return (NULL);
	}
	return (s);
}

static void
drop(struct found *v)
{
	buf_fini(&v->key);
	buf_fini(&v->object);
	buf_fini(&v->tag);
}

void
source_free(struct source *s)
{
	if (s == NULL)
		return;
	store_lister_free(s->lister);
	free(s->only);
	buf_fini(&s->key);
	drop(&s->last);
	drop(&s->out);
	free(s);
}

/* Does the pattern match the key, or with "below" something above it? */
static bool
matches(struct source_rule *rule, const char *key, size_t len)
{
	char *path, *slash;

	if (rule->pattern == NULL)
		return (true);
	buf_reset(&rule->path);
	buf_putc(&rule->path, '/');
	buf_put(&rule->path, key, len);
	path = (char *)rule->path.data;
	if (!rule->below)
		return (pattern_match(rule->pattern, path, NULL));
	while ((slash = strrchr(path, '/')) != path) {
		*slash = '\0';
		if (pattern_match(rule->pattern, path, NULL))
			return (true);
	}
	return (false);
}

static bool
old_enough(const struct source_rule *rule, int64_t ms, int64_t mtime_ms)
{
	return (ms <= rule->before_ms || (rule->stored_before_ms != 0 &&
	    rule->stored_before_ms != INT64_MAX &&
	    mtime_ms <= rule->stored_before_ms));
}

static void
keep(struct found *v, const struct store_entry *ent, size_t keylen,
    int64_t ms)
{
	buf_reset(&v->key);
	buf_put(&v->key, ent->name, keylen);
	buf_reset(&v->object);
	buf_puts(&v->object, ent->name);
	buf_reset(&v->tag);
	buf_puts(&v->tag, ent->tag);
	v->ms = ms;
	v->mtime_ms = ent->mtime_ms;
	v->bytes = ent->bytes;
	v->there = true;
}

/* A key without an object. */
static enum source_step
give_bare(struct source *s, const char *key, size_t len, int64_t ms,
    struct find_version *v)
{
	buf_reset(&s->out.key);
	buf_put(&s->out.key, key, len);
	memset(v, 0, sizeof(*v));
	v->key = buf_str(&s->out.key);
	v->ms = ms;
	v->tag = "";
	return (SOURCE_VERSION);
}

static enum source_step
give_last(struct source *s, struct find_version *v)
{
	struct found tmp = s->out;

	s->out = s->last;
	s->last = tmp;
	s->last.there = false;
	v->key = buf_str(&s->out.key);
	v->object = buf_str(&s->out.object);
	v->tag = buf_str(&s->out.tag);
	v->ms = s->out.ms;
	v->mtime_ms = s->out.mtime_ms;
	v->bytes = s->out.bytes;
	return (SOURCE_VERSION);
}

/* The key is through: what is left of it goes out.  SOURCE_END: nothing. */
static enum source_step
close_key(struct source *s, struct find_version *v)
{
	bool open = s->open && s->wanted;

	s->open = s->begun = false;
	if (!open)
		return (SOURCE_END);
	free(s->only);
	s->only = NULL;
	if (s->last.there)
		return (give_last(s, v));
	return (s->tell_young ? give_bare(s, buf_str(&s->key), s->key.len,
	    s->oldest_ms, v) : SOURCE_END);
}

static void
open_key(struct source *s, const char *name, size_t len, int64_t ms)
{
	buf_reset(&s->key);
	buf_put(&s->key, name, len);
	s->open = true;
	s->wanted = s->only != NULL || matches(s->rule, name, len);
	s->oldest_ms = ms;
}

/* Take an object in.  SOURCE_END: nothing goes out for it. */
static enum source_step
take(struct source *s, const struct store_entry *ent, struct find_version *v)
{
	enum source_step ret = SOURCE_END;
	size_t len;
	int64_t ms;

	if (s->deeper && strchr(ent->name + s->prefix_len, '/') == NULL)
		return (SOURCE_END);
	if ((len = key_object_parse(ent->name, &ms)) == 0) {
		s->rule->nforeign++;
		return (SOURCE_END);
	}
	if (!s->open || s->key.len != len ||
	    memcmp(s->key.data, ent->name, len) != 0) {
		ret = close_key(s, v);
		open_key(s, ent->name, len, ms);
	}
	if (!s->wanted || !old_enough(s->rule, ms, ent->mtime_ms))
		return (ret);
	/* Names sort as times do: it is younger than those before. */
	if (s->last.there && s->rule->all) {
		ret = give_last(s, v);
		s->begun = true;
	}
	keep(&s->last, ent, len, ms);
	return (ret);
}

/* The listing is through. */
static enum source_step
finish(struct source *s, struct find_version *v)
{
	enum source_step ret = close_key(s, v);

	if (ret == SOURCE_END && s->only != NULL) {
		ret = give_bare(s, s->only, strlen(s->only), 0, v);
		free(s->only);
		s->only = NULL;
	}
	return (ret);
}

enum source_step
source_step(struct source *s, struct find_version *v, struct err *e)
{
	struct store_entry ent;
	enum source_step step;
	int r;

	while (store_list_ready(s->lister)) {
		if ((r = store_list_next(s->lister, &ent, e)) == -1)
			return (SOURCE_ERROR);
		if (r == 0)
			return (finish(s, v));
		if (ent.directory) {
			memset(v, 0, sizeof(*v));
			v->key = ent.name;
			return (SOURCE_DIRECTORY);
		}
		if ((step = take(s, &ent, v)) != SOURCE_END)
			return (step);
	}
	return (SOURCE_WAIT);
}

bool
source_amid_key(const struct source *s)
{
	return (s->begun);
}

struct store_lister *
source_lister(struct source *s)
{
	return (s->lister);
}
