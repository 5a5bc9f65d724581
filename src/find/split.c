#include "find/split.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* What a shallow listing has found since the last cut. */
struct split_names {
	char **v;
	size_t n;
	char *cut;		/* where that was; NULL: nowhere */
};

struct queue {
	struct split_part *first, **end;
};

struct split {
	unsigned parallel;
	struct queue ready;	/* to be begun */
	struct queue through;	/* shallow ones, with what they have found */
	unsigned nopen;		/* shallow ones that are not through */
	unsigned nshallow;	/* all that ever were */
};

static void
append(struct queue *q, struct split_part *p)
{
	p->next = NULL;
	*q->end = p;
	q->end = &p->next;
}

static struct split_part *
take(struct queue *q)
{
	struct split_part *p = q->first;

	if (p != NULL && (q->first = p->next) == NULL)
		q->end = &q->first;
	return (p);
}

static void
forget_names(struct split_names *names)
{
	while (names->n > 0)
		free(names->v[--names->n]);
}

static void
free_part(struct split_part *p)
{
	if (p->names != NULL) {
		forget_names(p->names);
		free(p->names->v);
		free(p->names->cut);
		free(p->names);
	}
	free(p->prefix);
	free(p->after);
	free(p->until);
	free(p);
}

static void
add_shallow(struct split *sp, const char *prefix)
{
	struct split_part *p = mem_zero(sizeof(*p));

	p->prefix = mem_strdup(prefix);
	p->shallow = true;
	p->names = mem_zero(sizeof(*p->names));
	p->names->v = mem_resize(NULL, SPLIT_DIRECTORIES, sizeof(char *));
	sp->nopen++;
	sp->nshallow++;
	append(&sp->ready, p);
}

static void
add_stretch(struct split *sp, const char *prefix, const char *after,
    const char *until)
{
	struct split_part *p = mem_zero(sizeof(*p));

	p->prefix = mem_strdup(prefix);
	p->after = after == NULL ? NULL : mem_strdup(after);
	p->until = until == NULL ? NULL : mem_strdup(until);
	append(&sp->ready, p);
}

struct split *
split_new(const char *prefix, unsigned parallel)
{
	struct split *sp = mem_zero(sizeof(*sp));

	sp->parallel = parallel;
	sp->ready.end = &sp->ready.first;
	sp->through.end = &sp->through.first;
	add_shallow(sp, prefix);
	return (sp);
}

void
split_free(struct split *sp)
{
	struct split_part *p;

	if (sp == NULL)
		return;
	while ((p = take(&sp->ready)) != NULL ||
	    (p = take(&sp->through)) != NULL)
		free_part(p);
	free(sp);
}

struct split_part *
split_take(struct split *sp)
{
	return (take(&sp->ready));
}

void
split_directory(struct split *sp, struct split_part *p, const char *name)
{
	struct split_names *names = p->names;

	if (names->n == SPLIT_DIRECTORIES) {
		add_stretch(sp, p->prefix, names->cut, name);
		free(names->cut);
		names->cut = mem_strdup(name);
		forget_names(names);
	}
	names->v[names->n++] = mem_strdup(name);
}

/* Cut what p has found since its last cut into n stretches, of one directory
 * at least. */
static void
cut(struct split *sp, const struct split_part *p, size_t n)
{
	const struct split_names *names = p->names;
	const char *after = names->cut, *until;
	size_t i;

	if (n > names->n)
		n = names->n;
	for (i = 1; i <= n; i++) {
		until = i == n ? NULL : names->v[names->n * i / n];
		add_stretch(sp, p->prefix, after, until);
		after = until;
	}
}

/* All shallow listings are through: list deeper, or cut. */
static void
divide(struct split *sp)
{
	struct split_part *p;
	size_t total = 0, i;
	bool deeper;

	for (p = sp->through.first; p != NULL; p = p->next)
		total += p->names->n;
	deeper = total < sp->parallel && sp->nshallow < 2 * sp->parallel;
	while ((p = take(&sp->through)) != NULL) {
		if (deeper)
			for (i = 0; i < p->names->n; i++)
				add_shallow(sp, p->names->v[i]);
		else
			cut(sp, p, (p->names->n * sp->parallel + total - 1) /
			    total);
		free_part(p);
	}
}

void
split_done(struct split *sp, struct split_part *p)
{
	bool shallow = p->shallow;

	if (shallow && p->names->cut == NULL && p->names->n > 0)
		append(&sp->through, p);
	else {
		if (shallow && p->names->cut != NULL)
			cut(sp, p, 1);
		free_part(p);
	}
	if (shallow && --sp->nopen == 0)
		divide(sp);
}
