#include "fleet/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/hashset.h"
#include "base/io.h"
#include "base/mem.h"
#include "fleet/recall.h"
#include "fleet/scope.h"
#include "fleet/sieve.h"
#include "fleet/trail.h"

struct walk {
	const struct walk_cfg *cfg;
	const struct pattern *pattern;
	size_t number;		/* of it, in cfg->patterns */
	struct scope *scope;
	struct sieve sieve;
	struct trail trail;
	struct stat *parents;		/* with follow: above the literal one */
	size_t nparents;
	struct hashset faults;		/* paths already named */
	struct hashset ways;		/* that were gone by links, of this
					 * pattern; see crowded() */
	size_t literal_len;
	char real_literal[PATH_MAX];	/* as walk_dir.real */
	char real[PATH_MAX];
	int noatime;			/* O_NOATIME while it is allowed */
};

/* Two patterns may come by the same place; it is named once. */
static void
tell(void *ctx, const char *path, const struct err *why)
{
	struct walk *w = ctx;

	if (w->cfg->npatterns > 1 &&
	    !hashset_add(&w->faults, hash128(path, strlen(path))))
		return;
	w->cfg->fault(w->cfg->ctx, why);
}

static int
turn(void *ctx)
{
	const struct walk_cfg *cfg = ((const struct walk *)ctx)->cfg;

	return (cfg->turn != NULL && cfg->turn(cfg->ctx) != 0);
}

/*
 * errno says why the directory "path" could not be read: it vanished (0), it
 * is told (0), or nothing else could be read either (-1 with e).
 */
static int
missed(struct walk *w, const char *path, struct err *e)
{
	struct err why;

	if (path[0] == '\0')
		path = "/";
	switch (errno) {
	case ENOENT:
	case ENOTDIR:
	case ELOOP:
		return (0);
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		err_sys(e, ERR_IO, "directory %s", path);
		return (-1);
	default:
		err_io(&why, "directory %s", path);
		tell(w, path, &why);
		return (0);
	}
}

/*
 * Open a directory at position "pos" of the pattern.  One in which a single
 * name is looked up need not be readable, and is not read.
 */
static int
open_dir(struct walk *w, int at, const char *name, struct pattern_pos pos,
    int flags)
{
	int fd;

	flags |= O_DIRECTORY | O_CLOEXEC;
	if (pattern_only(w->pattern, pos) != NULL)
		return (openat(at, name, O_PATH | flags));
	fd = openat(at, name, O_RDONLY | w->noatime | flags);
	if (fd == -1 && errno == EPERM && w->noatime != 0) {
		w->noatime = 0;	/* not the owner's privileges */
		fd = openat(at, name, O_RDONLY | flags);
	}
	return (fd);
}

/* Put the real path of the directory into w->real: 1; otherwise as missed(). */
static int
resolve(struct walk *w, const struct trail_dir *d, struct err *e)
{
	const char *rest = trail_here(&w->trail) + w->literal_len;
	size_t n, len;
	ssize_t got;
	char *link;

	if (d->nlinks == 0) {
		n = strlen(w->real_literal);
		len = strlen(rest);
		if (len >= sizeof(w->real) - n) {
			errno = ENAMETOOLONG;
			return (missed(w, trail_here(&w->trail), e));
		}
		memcpy(w->real, w->real_literal, n);
		memcpy(w->real + n, rest, len + 1);
		return (1);
	}
	link = mem_printf("/proc/self/fd/%d", d->fd);
	got = readlink(link, w->real, sizeof(w->real));
	free(link);
	if (got <= 0 || (size_t)got >= sizeof(w->real) ||
	    w->real[0] != '/') {
		if (got != -1)
			errno = ENAMETOOLONG;
		else if (errno == ENOENT)
			errno = EIO;	/* it is /proc that is not there */
		return (missed(w, trail_here(&w->trail), e));
	}
	w->real[got] = '\0';
	if (got == 1)
		w->real[0] = '\0';
	return (1);
}

/* Sift the directory where the trail ends; st is of it.  As walk_run(). */
static int
visit(struct walk *w, const struct stat *st, struct err *e)
{
	struct trail_dir *d = trail_last(&w->trail);
	struct walk_dir dir;
	int rv;

	if ((rv = resolve(w, d, e)) <= 0)
		return (rv);
	scope_directory(w->scope, trail_here(&w->trail), d->dev);
	errno = 0;
	rv = sieve_directory(&w->sieve, w->pattern, st, strlen(w->real));
	if (rv == 1)
		return (1);
	if (rv == -1 && missed(w, trail_here(&w->trail), e) == -1)
		return (-1);
	if (w->sieve.nentries == 0)
		return (0);
	dir.path = trail_here(&w->trail);
	dir.real = w->real;
	dir.entries = w->sieve.entries;
	dir.nentries = w->sieve.nentries;
	dir.pattern = w->number;
	return (w->cfg->found(w->cfg->ctx, &dir) != 0);
}

/* Is this directory above itself? */
static bool
loops(const struct walk *w, const struct stat *st)
{
	size_t i;

	for (i = 0; i < w->nparents; i++)
		if (w->parents[i].st_ino == st->st_ino &&
		    w->parents[i].st_dev == st->st_dev)
			return (true);
	return (trail_passes(&w->trail, st));
}

/* Take note of the way number n from a name in the literal directory to one
 * with these stat values (NULL: to say so); false if it was there. */
static bool
note_way(struct walk *w, struct hash128 from, const struct stat *st, uint64_t n)
{
	uint64_t way[5] = { from.hi, from.lo, n };

	if (st != NULL) {
		way[3] = st->st_dev;
		way[4] = st->st_ino;
	}
	return (hashset_add(&w->ways, hash128(way, sizeof(way))));
}

/* Is this way by links to a directory one too many?  It is told, then. */
static bool
crowded(struct walk *w, const char *path, unsigned nlinks,
    const struct stat *st)
{
	const char *name = path + w->literal_len + 1;
	struct hash128 from = hash128(name, strcspn(name, "/"));
	struct err why;
	uint64_t n;

	for (n = 0; nlinks <= WALK_LINKS_MAX && n < WALK_WAYS_MAX; n++)
		if (note_way(w, from, st, n))
			return (false);
	if (!note_way(w, from, NULL, 0))
		return (true);
	if (nlinks > WALK_LINKS_MAX)
		err_set(&why, ERR_LIMIT, "directory %s: more than %d symbolic "
		    "links lead to it, one after the other: not followed, nor "
		    "are others like it", path, WALK_LINKS_MAX);
	else
		err_set(&why, ERR_LIMIT, "directory %s: it was entered by %d "
		    "other ways of symbolic links: not followed, nor are "
		    "others like it", path, WALK_WAYS_MAX);
	tell(w, path, &why);
	return (true);
}

/* Need a directory not be opened, since what stands in it is recalled?  *st is
 * set then. */
static bool
is_recalled(const struct walk *w, int at, const struct trail_name *n,
    const struct trail_dir *parent, struct stat *st)
{
	return (w->cfg->recall != NULL && !n->link && parent->nlinks == 0 &&
	    pattern_only(w->pattern, n->pos) == NULL &&
	    fstatat(at, n->name, st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(st->st_mode) && st->st_dev == parent->dev &&
	    recall_get(w->cfg->recall, st) != NULL);
}

/* Go from the directory "at", where the trail ends, into n.  As walk_run(). */
static int
enter(struct walk *w, int at, const struct trail_name *n, struct err *e)
{
	const struct trail_dir *parent = trail_last(&w->trail);
	unsigned nlinks = parent->nlinks + n->link;
	struct trail_dir *d;
	struct stat st;
	const char *path;
	int fd = -1, rv;

	path = trail_path(&w->trail, n->name, n->len);
	if (w->trail.path_len + 1 + n->len >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return (missed(w, path, e));
	}
	if (!is_recalled(w, at, n, parent, &st) && ((fd = open_dir(w, at,
	    n->name, n->pos, n->link ? 0 : O_NOFOLLOW)) == -1 ||
	    fstat(fd, &st) == -1)) {
		rv = missed(w, path, e);
		io_close(&fd);
		return (rv);
	}
	if (!scope_enters(w->scope, fd, &st, parent->dev) ||
	    (nlinks > 0 && (loops(w, &st) || crowded(w, path, nlinks, &st)))) {
		io_close(&fd);
		return (0);
	}
	d = trail_push(&w->trail, fd, &st, path, n->pos);
	d->nlinks = nlinks;
	return (visit(w, &st, e));
}

/* Who is above the literal directory, for loops(). */
static void
find_parents(struct walk *w)
{
	char *p = mem_strdup(w->real_literal), *slash;

	w->nparents = 0;
	while ((slash = strrchr(p, '/')) != NULL) {
		slash[slash == p ? 1 : 0] = '\0';
		w->parents = mem_resize(w->parents, w->nparents + 1,
		    sizeof(*w->parents));
		if (stat(p, &w->parents[w->nparents]) == 0)
			w->nparents++;
		*slash = '\0';
	}
	free(p);
}

/*
 * Begin the trail at the literal directory of pattern i, and give its stat
 * values.  1, or 0 if there is nothing to be seen, or -1 with e.
 */
static int
start(struct walk *w, size_t i, struct stat *st, struct err *e)
{
	const char *literal, *path;
	struct pattern_pos pos;
	struct err why;
	int fd = -1;

	w->pattern = w->cfg->patterns[i];
	w->number = i;
	literal = pattern_literal(w->pattern);
	pos = pattern_start(w->pattern);
	path = strcmp(literal, "/") == 0 ? "" : literal;
	w->literal_len = strlen(path);
	if (realpath(literal, w->real_literal) == NULL ||
	    (fd = open_dir(w, AT_FDCWD, w->real_literal, pos, 0)) == -1 ||
	    fstat(fd, st) == -1) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) {
			(void)missed(w, literal, e);
			return (-1);
		}
		err_io(&why, "pattern %s: directory %s",
		    pattern_text(w->pattern), literal);
		tell(w, literal, &why);
		io_close(&fd);
		return (0);
	}
	/* No device number is that of its own parent here: ask all. */
	if (!scope_pattern(w->scope, i, w->real_literal, st) ||
	    !scope_enters(w->scope, fd, st, ~st->st_dev)) {
		io_close(&fd);
		return (0);
	}
	hashset_fini(&w->ways);
	if (w->cfg->follow)
		find_parents(w);
	if (strcmp(w->real_literal, "/") == 0)
		w->real_literal[0] = '\0';
	(void)trail_push(&w->trail, fd, st, path, pos);
	return (1);
}

static int
walk_pattern(struct walk *w, size_t i, struct err *e)
{
	struct trail_name n;
	struct stat st;
	int at, rv;

	if ((rv = start(w, i, &st, e)) <= 0)
		return (rv);
	rv = visit(w, &st, e);
	while (rv == 0 && trail_last(&w->trail) != NULL) {
		if ((rv = turn(w)) != 0)
			break;
		if (!trail_take(&w->trail, &n)) {
			trail_pop(&w->trail);
			continue;
		}
		if ((at = trail_fd(&w->trail)) != -1)
			rv = enter(w, at, &n, e);
		else {
			rv = missed(w, trail_here(&w->trail), e);
			trail_pop(&w->trail);
		}
	}
	return (rv);
}

int
walk_check(const struct walk_cfg *cfg, struct err *e)
{
	struct scope *s;
	struct stat st;
	const char *literal, *text;
	size_t i;

	if ((s = scope_new(cfg, e)) == NULL)
		return (-1);
	scope_free(s);
	for (i = 0; i < cfg->npatterns; i++) {
		literal = pattern_literal(cfg->patterns[i]);
		text = pattern_text(cfg->patterns[i]);
		if (stat(literal, &st) == -1) {
			err_sys(e, ERR_USAGE, "pattern %s: directory %s",
			    text, literal);
			return (-1);
		}
		if (!S_ISDIR(st.st_mode)) {
			err_set(e, ERR_USAGE, "pattern %s: %s is no directory",
			    text, literal);
			return (-1);
		}
	}
	return (0);
}

int
walk_run(const struct walk_cfg *cfg, struct err *e)
{
	struct walk *w = mem_zero(sizeof(*w));
	size_t i;
	int rv = 0;

	w->cfg = cfg;
	w->noatime = O_NOATIME;
	if ((w->scope = scope_new(cfg, e)) == NULL) {
		rv = -1;
		goto out;
	}
	if (cfg->recall != NULL)
		recall_turn(cfg->recall);
	sieve_init(&w->sieve, w->scope, &w->trail, cfg->recall, cfg->follow,
	    tell, w);
	w->sieve.turn = turn;
	for (i = 0; rv == 0 && i < cfg->npatterns; i++)
		rv = walk_pattern(w, i, e);
out:
	trail_fini(&w->trail);
	sieve_fini(&w->sieve);
	scope_free(w->scope);
	free(w->parents);
	hashset_fini(&w->faults);
	hashset_fini(&w->ways);
	free(w);
	return (rv);
}
