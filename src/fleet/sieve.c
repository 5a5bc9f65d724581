#include "fleet/sieve.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/mem.h"

enum {
	ALL_MATES = WALK_WAL | WALK_SHM | WALK_JOURNAL
};

void
sieve_init(struct sieve *s, const struct scope *scope, struct trail *trail,
    struct recall *recall, bool follow,
    void (*tell)(void *ctx, const char *path, const struct err *why),
    void *ctx)
{
	uint64_t seed;

	memset(s, 0, sizeof(*s));
	s->scope = scope;
	s->trail = trail;
	s->dents.recall = recall;
	s->follow = follow;
	s->tell = tell;
	s->ctx = ctx;
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
		seed = (uint64_t)clock_real_ns();
	s->mates.seed = seed;
}

void
sieve_fini(struct sieve *s)
{
	free(s->entries);
	dents_fini(&s->dents);
	mates_fini(&s->mates);
	memset(s, 0, sizeof(*s));
}

/* fstatat(2) in the directory in hand. */
static int
stat_in(const struct sieve *s, const char *name, int flags, struct stat *st)
{
	int fd = trail_fd(s->trail);

	return (fd == -1 ? -1 : fstatat(fd, name, st, flags));
}

static void
keep(struct sieve *s, const char *name, uint8_t flags)
{
	if (s->nentries == s->cap) {
		s->cap = s->cap == 0 ? 256 : s->cap * 2;
		s->entries = mem_resize(s->entries, s->cap,
		    sizeof(*s->entries));
	}
	s->entries[s->nentries].name = name;
	s->entries[s->nentries++].flags = flags;
}

static void
tell_too_long(struct sieve *s, const char *name)
{
	struct err why;
	char *path = mem_printf("%s/%.*s", trail_here(s->trail),
	    TRAIL_NAME_MAX, name);

	err_set(&why, ERR_LIMIT, "%s: the name is longer than %d bytes, or "
	    "the path than %d", path, TRAIL_NAME_MAX, PATH_MAX - 1);
	s->tell(s->ctx, path, &why);
	free(path);
}

static bool
wants_file(struct sieve *s, const char *name, size_t len)
{
	const char *path;

	if (!pattern_file(s->pattern, s->dir->pos, name) ||
	    scope_excludes_name(s->scope, name, len))
		return (false);
	if (s->whole) {
		path = trail_path(s->trail, name, len);
		if (!pattern_match(s->pattern, path, NULL) ||
		    scope_excludes_path(s->scope, path) ||
		    scope_taken(s->scope, path))
			return (false);
	}
	if (len > s->name_max) {
		tell_too_long(s, name);
		return (false);
	}
	return (true);
}

/* If so, its position in the pattern is in *next. */
static bool
wants_dir(struct sieve *s, const char *name, size_t len,
    struct pattern_pos *next)
{
	return (pattern_dir(s->pattern, s->dir->pos, name, next) &&
	    !scope_excludes_name(s->scope, name, len) &&
	    (scope_bare(s->scope) || !scope_excludes_path(s->scope,
	    trail_path(s->trail, name, len))));
}

/*
 * Find out what an entry of unknown type is, and what a link leads to; *link
 * says that it is one.  What is not wanted whatever it is stays as it is.
 */
static void
look(struct sieve *s, struct dent *de, bool *link)
{
	struct pattern_pos next;
	struct stat st;
	struct err why;
	const char *path;
	int rv = 0;

	*link = false;
	if (!wants_file(s, de->name, de->len) &&
	    !wants_dir(s, de->name, de->len, &next))
		return;
	if (de->type == DT_UNKNOWN && (rv = stat_in(s, de->name,
	    AT_SYMLINK_NOFOLLOW, &st)) == 0)
		de->type = (unsigned char)IFTODT(st.st_mode);
	if (de->type == DT_LNK && s->follow) {
		*link = true;
		rv = stat_in(s, de->name, 0, &st);
		if (rv == 0)
			de->type = (unsigned char)IFTODT(st.st_mode);
	}
	if (rv == 0 || errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
		return;
	path = trail_path(s->trail, de->name, de->len);
	err_io(&why, "%s", path);
	s->tell(s->ctx, path, &why);
}

static void
note(struct sieve *s, const char *name, size_t len, struct pattern_pos pos,
    bool link)
{
	struct trail_name n = { .pos = pos, .link = link, .name = name,
	    .len = len };

	trail_put(s->trail, &n);
}

static void
sift(struct sieve *s, struct dent *de)
{
	struct pattern_pos next;
	bool link = false;

	if (de->len > TRAIL_NAME_MAX) {
		if (de->type != DT_DIR)
			tell_too_long(s, de->name);
		return;
	}
	if (de->type == DT_UNKNOWN || (de->type == DT_LNK && s->follow))
		look(s, de, &link);
	if (mates_put(&s->mates, de->name, de->len, de->type == DT_REG) &&
	    de->type == DT_REG)
		return;		/* see pair() */
	if (de->type == DT_REG) {
		/* What lies beside that which a link leads to: who knows. */
		if (wants_file(s, de->name, de->len))
			keep(s, de->name, link ? ALL_MATES : 0);
	} else if (de->type == DT_DIR) {
		if (wants_dir(s, de->name, de->len, &next))
			note(s, de->name, de->len, next, link);
	}
}

/* Is there a regular file name[0 .. len-1]? */
static bool
is_there(const struct sieve *s, const char *name, size_t len)
{
	char copy[TRAIL_NAME_MAX + 1];
	struct stat st;

	memcpy(copy, name, len);
	copy[len] = '\0';
	return (stat_in(s, copy, s->follow ? 0 : AT_SYMLINK_NOFOLLOW,
	    &st) == 0 && S_ISREG(st.st_mode));
}

/* An entry more; is the directory to be left? */
static bool
turns(struct sieve *s)
{
	if (++s->nsince < SIEVE_TURN || s->turn == NULL)
		return (false);
	s->nsince = 0;
	return (s->turn(s->ctx) != 0);
}

/*
 * Give the databases their companions, and see which names only look like
 * one.  What X is not a database may still be there: then it is looked up.
 * False if the directory is to be left.
 */
static bool
pair(struct sieve *s)
{
	const struct mate *m;
	struct walk_entry *en;
	size_t i;

	if (s->mates.nmates == 0)
		return (true);
	mates_index(&s->mates);
	for (i = 0; i < s->nentries; i++) {
		en = &s->entries[i];
		en->flags |= mates_of(&s->mates, en->name, strlen(en->name));
	}
	for (i = 0; i < s->mates.nmates; i++) {
		m = &s->mates.mate[i];
		if (turns(s))
			return (false);
		if (m->regular && !mates_owned(&s->mates, i) &&
		    wants_file(s, m->name, m->len) &&
		    !is_there(s, m->name, m->stem_len))
			keep(s, m->name, s->follow ? ALL_MATES :
			    mates_of(&s->mates, m->name, m->len));
	}
	return (true);
}

static int
leave(struct sieve *s)
{
	s->nentries = 0;
	return (1);
}

static int
read_all(struct sieve *s, const struct stat *st)
{
	struct dent de;
	size_t i;
	int rv, saved;

	dents_start(&s->dents, s->dir->fd, st);
	while ((rv = dents_next(&s->dents, &de)) == 1) {
		sift(s, &de);
		if (turns(s))
			return (leave(s));
	}
	saved = errno;
	if (!pair(s))
		return (leave(s));
	/* Who knows what lies beside them, behind the place that failed. */
	for (i = 0; rv == -1 && i < s->nentries; i++)
		s->entries[i].flags = ALL_MATES;
	errno = saved;
	return (rv);
}

static uint8_t
look_beside(const struct sieve *s, const char *name, size_t len)
{
	static const struct {
		char suffix[sizeof("-journal")];
		uint8_t flag;
	} mates[] = {
		{ "-wal", WALK_WAL },
		{ "-shm", WALK_SHM },
		{ "-journal", WALK_JOURNAL },
	};
	char copy[TRAIL_NAME_MAX + sizeof("-journal")];
	struct stat st;
	uint8_t flags = 0;
	size_t i;

	memcpy(copy, name, len);
	for (i = 0; i < sizeof(mates) / sizeof(mates[0]); i++) {
		memcpy(copy + len, mates[i].suffix,
		    sizeof(mates[i].suffix));
		if (stat_in(s, copy, AT_SYMLINK_NOFOLLOW, &st) == 0)
			flags |= mates[i].flag;
	}
	return (flags);
}

/* All that can match here is this name: a directory that is not read. */
static void
look_up(struct sieve *s, const char *name)
{
	struct dent de = { .name = name, .len = strlen(name),
	    .type = DT_UNKNOWN };
	struct pattern_pos next;
	size_t stem_len;
	bool link;

	if (de.len > TRAIL_NAME_MAX)
		return;
	if (wants_dir(s, name, de.len, &next))
		note(s, name, de.len, next, s->follow);
	if (!wants_file(s, name, de.len))
		return;
	look(s, &de, &link);
	if (de.type != DT_REG || (mates_suffix(name, de.len, &stem_len) != 0 &&
	    is_there(s, name, stem_len)))
		return;
	keep(s, name, link ? ALL_MATES : look_beside(s, name, de.len));
}

int
sieve_directory(struct sieve *s, const struct pattern *pattern,
    const struct stat *st, size_t real_len)
{
	size_t longest;
	const char *only;

	s->pattern = pattern;
	s->dir = trail_last(s->trail);
	s->nentries = 0;
	mates_reset(&s->mates);
	longest = s->trail->path_len > real_len ? s->trail->path_len :
	    real_len;
	/* A slash before the name, a NUL behind it. */
	s->name_max = longest + 2 < PATH_MAX ? PATH_MAX - 2 - longest : 0;
	s->whole = pattern_needs_match(pattern, s->dir->pos) ||
	    !scope_bare(s->scope);
	only = pattern_only(pattern, s->dir->pos);
	if (only == NULL)
		return (read_all(s, st));
	look_up(s, only);
	return (0);
}
