/*
 * s3list -- listing objects page by page, in the order that store.h promises.
 *
 * S3 sorts whole keys, so what lies deeper stands between the objects of a
 * directory ("a/1", "a/15/x", "a/2").  Those of one directory are held until
 * the list has left it: what is deeper comes out first, and a directory's own
 * objects come together.  In memory are a page, and the objects of the
 * directories on the way down.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/s3call.h"
#include "store/s3page.h"

struct level {
	char *dir;		/* "a/b/" */
	struct s3_page held;	/* its objects so far */
};

struct s3_lister {
	struct store_lister base;
	struct s3 *s;
	char *prefix;		/* whole */
	struct s3_page page;
	size_t at;		/* in page */
	bool last;		/* no more pages */
	struct level *levels;
	size_t nlevels, cap;
	struct s3_page out;	/* of a directory that was left */
	size_t nout;		/* of them given out */
};

static void
empty(struct s3_page *page)
{
	size_t i;

	for (i = 0; i < page->n; i++)
		free(page->v[i].key);
	page->n = 0;
}

static int
fetch(struct s3_lister *l, struct err *e)
{
	struct s3_call *c = s3_call_new(l->s, STORE_REQ_LIST, "GET", NULL);
	int ret = -1;

	empty(&l->page);
	l->at = 0;
	c->in_body = true;
	s3_call_query(c, "list-type", "2");
	s3_call_query(c, "encoding-type", "url");
	s3_call_query(c, "prefix", l->prefix);
	if (l->page.next != NULL)
		s3_call_query(c, "continuation-token", l->page.next);
	if (s3_call_run(l->s, c, e) == -1)
		goto out;
	if (s3_page_parse(c->req.answer.data, c->req.answer.len, &l->page,
	    e) == -1) {
		err_prefix(e, "store %s: list %s", l->s->base.name,
		    l->prefix);
		goto out;
	}
	l->last = l->page.next == NULL;
	ret = 0;
out:
	s3_call_free(l->s, c);
	return (ret);
}

/* The list has left the deepest directory: its objects go out. */
static void
pop(struct s3_lister *l)
{
	struct level *lv = &l->levels[--l->nlevels];

	s3_page_fini(&l->out);
	l->nout = 0;
	l->out = lv->held;
	free(lv->dir);
}

static void
push(struct s3_lister *l, const char *name, size_t dirlen)
{
	struct level *lv;

	if (l->nlevels == l->cap) {
		l->cap = l->cap == 0 ? 16 : l->cap * 2;
		l->levels = mem_resize(l->levels, l->cap, sizeof(*l->levels));
	}
	lv = &l->levels[l->nlevels++];
	memset(lv, 0, sizeof(*lv));
	lv->dir = mem_strndup(name, dirlen);
}

/* Hold an object; its key is taken over and loses the store's prefix. */
static void
hold(struct s3_lister *l, struct s3_object *o, size_t dirlen)
{
	struct s3_page *held;
	const char *name = o->key + strlen(l->s->prefix);

	if (l->nlevels == 0 ||
	    strlen(l->levels[l->nlevels - 1].dir) != dirlen)
		push(l, name, dirlen);
	held = &l->levels[l->nlevels - 1].held;
	if (held->n == held->cap) {
		held->cap = held->cap == 0 ? 16 : held->cap * 2;
		held->v = mem_resize(held->v, held->cap, sizeof(*held->v));
	}
	held->v[held->n] = *o;
	held->v[held->n++].key = mem_strdup(name);
	free(o->key);
	o->key = NULL;
}

/* Does the name lie in the deepest directory that is open, or below it? */
static bool
within(const struct s3_lister *l, const char *name)
{
	const char *dir = l->levels[l->nlevels - 1].dir;

	return (strncmp(name, dir, strlen(dir)) == 0);
}

/* Take the next object of the page, unless a directory must go first. */
static void
take(struct s3_lister *l)
{
	struct s3_object *o = &l->page.v[l->at];
	size_t n = strlen(l->s->prefix);
	const char *name, *slash;

	if (strncmp(o->key, l->s->prefix, n) != 0 ||
	    strncmp(o->key + n, ".litefleet/", 11) == 0 ||
	    o->key[n] == '\0') {
		l->at++;
		return;
	}
	name = o->key + n;
	if (l->nlevels > 0 && !within(l, name)) {
		pop(l);
		return;
	}
	slash = strrchr(name, '/');
	hold(l, o, slash == NULL ? 0 : (size_t)(slash - name) + 1);
	l->at++;
}

static int
next(struct store_lister *base, struct store_entry *out, struct err *e)
{
	struct s3_lister *l = (struct s3_lister *)base;
	const struct s3_object *o;

	while (l->nout == l->out.n) {
		if (l->at < l->page.n)
			take(l);
		else if (!l->last) {
			if (fetch(l, e) == -1)
				return (-1);
		} else if (l->nlevels > 0)
			pop(l);
		else
			return (0);
	}
	o = &l->out.v[l->nout++];
	out->name = o->key;
	out->bytes = o->bytes;
	out->mtime_ms = o->ms;
	return (1);
}

static void
release(struct store_lister *base)
{
	struct s3_lister *l = (struct s3_lister *)base;

	while (l->nlevels > 0)
		pop(l);
	s3_page_fini(&l->page);
	s3_page_fini(&l->out);
	free(l->levels);
	free(l->prefix);
	free(l);
}

struct store_lister *
s3_list(struct store *base, const char *prefix, struct err *e)
{
	struct s3 *s = s3_of(base);
	struct s3_lister *l = mem_zero(sizeof(*l));

	l->base.next = next;
	l->base.free = release;
	l->s = s;
	l->prefix = mem_printf("%s%s", s->prefix, prefix);
	if (strncmp(prefix, ".litefleet/", 11) == 0)
		l->last = true;
	else if (fetch(l, e) == -1) {
		release(&l->base);
		return (NULL);
	}
	return (&l->base);
}
