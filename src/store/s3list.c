/*
 * s3list -- listing objects page by page, in the order that store.h promises.
 *
 * The next page is asked for as soon as one is begun, and comes while that is
 * being taken.
 *
 * S3 sorts whole keys, so what lies deeper stands between the objects of a
 * directory ("a/1", "a/15/x", "a/2").  Those of one directory are held until
 * the list has left it: what is deeper comes out first, and a directory's own
 * objects come together.  A shallow listing has nothing deeper, and each page
 * goes out as it is.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/s3call.h"
#include "store/s3order.h"
#include "store/s3page.h"

enum {
	/* A page may hold nothing but what was just deleted. */
	EMPTY_PAGES_MAX = 1000,
	/* Of what all lists of a store hold, names and tags included: some
	 * million objects in one directory. */
	HELD_MAX_BYTES = 1 << 30
};

struct level {
	char *dir;		/* "a/b/" */
	struct s3_page held;	/* its objects so far */
};

struct s3_lister {
	struct store_lister base;
	struct s3 *s;
	char *prefix;		/* whole, and so are these: */
	char *after, *until;	/* or NULL */
	bool shallow;

	struct s3_call *call;	/* asks for "ahead" */
	struct s3_page ahead;
	bool there;		/* it has come */
	char *token;		/* to ask for the next; NULL: the first */
	char *reached;		/* the last key that came */
	unsigned nempty;	/* pages in a row */
	bool last;		/* there are no more pages */
	bool failed;
	struct err err;		/* if "failed" */

	struct s3_page page;
	size_t at;		/* in page */
	struct level *levels;
	size_t nlevels, cap;
	struct s3_page out;	/* of a directory that was left */
	size_t nout;		/* of them given out */
};

static void
fail(struct s3_lister *l, const struct err *e)
{
	l->failed = true;
	l->err = *e;
}

/* The key of a page that comes last; S3 tells objects and common prefixes
 * apart. */
static const char *
last_key(const struct s3_page *page)
{
	const char *key = NULL;
	size_t i;

	for (i = 0; i < page->n; i++)
		if ((i + 1 == page->n ||
		    page->v[i].directory != page->v[i + 1].directory) &&
		    (key == NULL || strcmp(page->v[i].key, key) > 0))
			key = page->v[i].key;
	return (key);
}

/* A server that gives the same again would be listed forever; and the page has
 * to be the one that was asked for. */
static int
check_moves(struct s3_lister *l, struct err *e)
{
	struct s3_order order = { .prefix = l->prefix, .shallow = l->shallow,
	    .reached = l->reached };
	const char *key = last_key(&l->ahead), *next = l->ahead.next;
	bool stands;

	l->nempty = key == NULL ? l->nempty + 1 : 0;
	stands = (next != NULL && l->token != NULL &&
	    strcmp(next, l->token) == 0) || l->nempty > EMPTY_PAGES_MAX ||
	    (key != NULL && l->reached != NULL &&
	    strcmp(key, l->reached) <= 0);
	if (stands) {
		err_set(e, ERR_NETWORK, "the server's list does not get "
		    "beyond \"%s\"", l->reached != NULL ? l->reached : "");
		return (-1);
	}
	if (s3_order_check(&order, &l->ahead, e) == -1)
		return (-1);
	if (key != NULL) {
		free(l->reached);
		l->reached = mem_strdup(key);
	}
	return (0);
}

/* Take the page, if it is one, and the one that was asked for. */
static int
take_answer(struct s3_lister *l, const struct buf *answer, struct err *e)
{
	if (s3_page_parse(answer->data, answer->len, &l->ahead, e) == 0 &&
	    check_moves(l, e) == 0)
		return (0);
	err_prefix(e, "store %s: list %s", l->s->base.name, l->prefix);
	return (-1);
}

/* A page has come.  (Its lister may be gone.) */
static void
arrived(struct s3 *s, struct s3_call *c)
{
	struct s3_lister *l = c->owner;
	struct err e;

	if (l != NULL) {
		l->call = NULL;
		if (!c->ok)
			fail(l, &c->err);
		else if (take_answer(l, &c->req.answer, &e) == -1)
			fail(l, &e);
		else {
			l->there = true;
			l->last = l->ahead.next == NULL ||
			    (l->until != NULL && l->reached != NULL &&
			    strcmp(l->reached, l->until) > 0);
		}
	}
	s3_call_free(s, c);
}

/* Ask for the next page, unless that is done or there is none. */
static void
ask(struct s3_lister *l)
{
	struct s3_call *c;

	if (l->call != NULL || l->there || l->last || l->failed)
		return;
	c = l->call = s3_call_new(l->s, STORE_REQ_LIST, "GET", NULL);
	c->in_body = true;
	c->awaited = true;
	c->done = arrived;
	c->owner = l;
	s3_call_query(c, "list-type", "2");
	s3_call_query(c, "encoding-type", "url");
	s3_call_query(c, "prefix", l->prefix);
	if (l->shallow)
		s3_call_query(c, "delimiter", "/");
	if (l->token != NULL)
		s3_call_query(c, "continuation-token", l->token);
	else if (l->after != NULL)
		s3_call_query(c, "start-after", l->after);
	s3_call_start(l->s, c);
}

/* Begin the page that has come. */
static void
turn(struct s3_lister *l)
{
	s3_page_fini(&l->page);
	l->page = l->ahead;
	memset(&l->ahead, 0, sizeof(l->ahead));
	l->there = false;
	l->at = 0;
	free(l->token);
	l->token = l->page.next;
	l->page.next = NULL;
}

static uint64_t
object_bytes(const struct s3_object *o)
{
	return (sizeof(*o) + strlen(o->key) +
	    (o->tag != NULL ? strlen(o->tag) : 0));
}

/* The list has left the deepest directory: its objects go out. */
static void
pop(struct s3_lister *l)
{
	struct level *lv = &l->levels[--l->nlevels];
	size_t i;

	s3_page_fini(&l->out);
	l->nout = 0;
	l->out = lv->held;
	for (i = 0; i < l->out.n; i++)
		l->s->held_bytes -= object_bytes(&l->out.v[i]);
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

/* Hold an object, which is taken over. */
static void
hold(struct s3_lister *l, struct s3_object *o, const char *name,
    size_t dirlen)
{
	struct s3_page *held;

	if (l->nlevels == 0 ||
	    strlen(l->levels[l->nlevels - 1].dir) != dirlen)
		push(l, name, dirlen);
	held = &l->levels[l->nlevels - 1].held;
	if (held->n == held->cap) {
		held->cap = held->cap == 0 ? 16 : held->cap * 2;
		held->v = mem_resize(held->v, held->cap, sizeof(*held->v));
	}
	l->s->held_bytes += object_bytes(o);
	held->v[held->n++] = *o;
	memset(o, 0, sizeof(*o));
}

/* Does the name lie in the deepest directory that is open, or below it? */
static bool
within(const struct s3_lister *l, const char *name)
{
	const char *dir = l->levels[l->nlevels - 1].dir;

	return (strncmp(name, dir, strlen(dir)) == 0);
}

/* Is it none of the store's objects, or beside the stretch? */
static bool
passed_over(const struct s3_lister *l, const struct s3_object *o)
{
	size_t n = strlen(l->s->prefix);

	return (strncmp(o->key, l->s->prefix, n) != 0 ||
	    strncmp(o->key + n, ".litefleet/", 11) == 0 ||
	    o->key[n] == '\0' ||
	    (l->after != NULL && strcmp(o->key, l->after) <= 0) ||
	    (l->until != NULL && strcmp(o->key, l->until) > 0));
}

/* A server that goes on and on would fill all memory. */
static void
give_up(struct s3_lister *l)
{
	struct err e;

	err_set(&e, ERR_LIMIT, "store %s: list %s: more objects in one "
	    "directory than can be held, at \"%s\"", l->s->base.name,
	    l->prefix, l->reached);
	fail(l, &e);
	l->at = l->page.n;
	l->there = false;
}

/* Take the next object of the page, unless a directory must go first. */
static void
take(struct s3_lister *l)
{
	struct s3_object *o = &l->page.v[l->at];
	const char *name, *slash;

	if (passed_over(l, o)) {
		l->at++;
		return;
	}
	name = o->key + strlen(l->s->prefix);
	if (l->nlevels > 0 && !within(l, name)) {
		pop(l);
		return;
	}
	slash = strrchr(name, '/');
	hold(l, o, name, slash == NULL ? 0 : (size_t)(slash - name) + 1);
	l->at++;
	if (l->s->held_bytes > HELD_MAX_BYTES)
		give_up(l);
}

/* All of the page goes out. */
static void
take_page(struct s3_lister *l)
{
	size_t i, n = 0;

	for (i = 0; i < l->page.n; i++)
		if (passed_over(l, &l->page.v[i]))
			s3_object_fini(&l->page.v[i]);
		else
			l->page.v[n++] = l->page.v[i];
	l->page.n = n;
	s3_page_fini(&l->out);
	l->nout = 0;
	l->out = l->page;
	memset(&l->page, 0, sizeof(l->page));
	l->at = 0;
}

/* Get as far as it goes without waiting.  Is it known what next() says? */
static bool
ready(struct store_lister *base)
{
	struct s3_lister *l = (struct s3_lister *)base;

	while (l->nout == l->out.n) {
		if (l->at < l->page.n && l->shallow)
			take_page(l);
		else if (l->at < l->page.n)
			take(l);
		else if (l->there)
			turn(l);
		else if (l->failed || (l->last && l->nlevels == 0))
			return (true);
		else if (l->last)
			pop(l);
		else {
			ask(l);
			return (false);
		}
	}
	return (true);
}

static void
wait_for(struct store_lister *const *v, size_t n)
{
	struct s3 *s = ((struct s3_lister *)v[0])->s;
	size_t i;

	for (;;) {
		for (i = 0; i < n; i++)
			if (ready(v[i]))
				return;
		s3_move(s, -1, -1);
	}
}

static bool
goes_on(const struct store_lister *base)
{
	const struct s3_lister *l = (const struct s3_lister *)base;

	return (!l->last && !l->failed);
}

static int
next(struct store_lister *base, struct store_entry *out, struct err *e)
{
	struct s3_lister *l = (struct s3_lister *)base;
	const struct s3_object *o;

	wait_for(&base, 1);
	if (l->nout == l->out.n) {
		if (!l->failed)
			return (0);
		*e = l->err;
		return (-1);
	}
	if (l->call == NULL) {
		ask(l);
		s3_move(l->s, -1, 0);
	}
	o = &l->out.v[l->nout++];
	out->name = o->key + strlen(l->s->prefix);
	out->bytes = o->bytes;
	out->mtime_ms = o->ms;
	out->tag = o->tag == NULL ? "" : o->tag;
	out->directory = o->directory;
	return (1);
}

static void
release(struct store_lister *base)
{
	struct s3_lister *l = (struct s3_lister *)base;

	if (l->call != NULL)
		l->call->owner = NULL;
	while (l->nlevels > 0)
		pop(l);
	s3_page_fini(&l->ahead);
	s3_page_fini(&l->page);
	s3_page_fini(&l->out);
	free(l->levels);
	free(l->prefix);
	free(l->after);
	free(l->until);
	free(l->token);
	free(l->reached);
	free(l);
}

struct store_lister *
s3_list(struct store *base, const struct store_list_cfg *cfg, struct err *e)
{
	struct s3 *s = s3_of(base);
	struct s3_lister *l = mem_zero(sizeof(*l));

	(void)e;
	l->base.next = next;
	l->base.free = release;
	l->base.ready = ready;
	l->base.wait = wait_for;
	l->base.goes_on = goes_on;
	l->s = s;
	l->prefix = mem_printf("%s%s", s->prefix, cfg->prefix);
	if (cfg->after != NULL)
		l->after = mem_printf("%s%s", s->prefix, cfg->after);
	if (cfg->until != NULL)
		l->until = mem_printf("%s%s", s->prefix, cfg->until);
	l->shallow = cfg->shallow;
	l->last = strncmp(cfg->prefix, ".litefleet/", 11) == 0;
	ask(l);
	return (&l->base);
}
