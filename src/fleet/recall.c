#include "fleet/recall.h"

#include <linux/magic.h>
#include <search.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/vfs.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"

/* Not in every linux/magic.h. */
#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif

struct kept {
	dev_t dev;		/* the key: dev and ino */
	ino_t ino;
	struct timespec mtim, ctim;
	unsigned read, asked;	/* in which turn, last */
	struct buf entries;
};

struct recall {
	void *tree;		/* of struct kept, as tsearch(3) has it */
	struct kept *last;	/* found: it is asked for again; or NULL */
	size_t bytes, max_bytes;
	unsigned turn;
	struct kept **old;	/* to be forgotten */
	size_t nold;
};

static int
compare(const void *va, const void *vb)
{
	const struct kept *a = va, *b = vb;

	if (a->dev != b->dev)
		return (a->dev < b->dev ? -1 : 1);
	return (a->ino < b->ino ? -1 : a->ino > b->ino);
}

struct recall *
recall_new(size_t max_bytes)
{
	struct recall *r = mem_zero(sizeof(*r));

	r->max_bytes = max_bytes;
	return (r);
}

static void
kept_free(void *v)
{
	struct kept *k = v;

	buf_fini(&k->entries);
	free(k);
}

void
recall_free(struct recall *r)
{
	if (r == NULL)
		return;
	tdestroy(r->tree, kept_free);
	free(r);
}

/* With its node in the tree and what malloc(3) adds, about. */
static size_t
size_of(size_t len)
{
	return (sizeof(struct kept) + 64 + len);
}

static void
forget(struct recall *r, struct kept *k)
{
	(void)tdelete(k, &r->tree, compare);
	if (r->last == k)
		r->last = NULL;
	r->bytes -= size_of(k->entries.len);
	kept_free(k);
}

static void
find_old(const void *node, VISIT visit, void *ctx)
{
	struct kept *k = *(struct kept *const *)node;
	struct recall *r = ctx;

	if ((visit != postorder && visit != leaf) || k->asked == r->turn)
		return;
	r->old = mem_resize(r->old, r->nold + 1, sizeof(*r->old));
	r->old[r->nold++] = k;
}

void
recall_turn(struct recall *r)
{
	twalk_r(r->tree, find_old, r);
	while (r->nold > 0)
		forget(r, r->old[--r->nold]);
	free(r->old);
	r->old = NULL;
	r->turn++;
}

static struct kept *
find(struct recall *r, const struct stat *st)
{
	const struct kept key = { .dev = st->st_dev, .ino = st->st_ino };
	struct kept **node;

	if (r->last != NULL && compare(r->last, &key) == 0)
		return (r->last);
	if ((node = tfind(&key, &r->tree, compare)) == NULL)
		return (NULL);
	return (r->last = *node);
}

static bool
same_time(const struct timespec *a, const struct timespec *b)
{
	return (a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec);
}

/* Not all in the same turn; ext4 gives new directories numbers that lie whole
 * groups of some thousand apart. */
static bool
is_due(const struct recall *r, const struct kept *k)
{
	uint64_t share = hash64(&k->ino, sizeof(k->ino));

	return (r->turn - k->read >= RECALL_TURNS ||
	    (r->turn != k->read && (r->turn + share) % RECALL_TURNS == 0));
}

const struct buf *
recall_get(struct recall *r, const struct stat *st)
{
	struct kept *k = find(r, st);

	if (k == NULL)
		return (NULL);
	k->asked = r->turn;
	if (is_due(r, k) || !same_time(&k->mtim, &st->st_mtim) ||
	    !same_time(&k->ctim, &st->st_ctim))
		return (NULL);
	return (&k->entries);
}

static bool
has_settled(const struct timespec *t, int64_t now_ms)
{
	return ((int64_t)t->tv_sec * 1000 + t->tv_nsec / 1000000 +
	    RECALL_SETTLE_MS < now_ms);
}

static bool
is_known(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) == -1)
		return (false);
	switch ((unsigned long)fs.f_type) {
	case BTRFS_SUPER_MAGIC:
	case EXT4_SUPER_MAGIC:
	case F2FS_SUPER_MAGIC:
	case TMPFS_MAGIC:
	case XFS_SUPER_MAGIC:
		return (true);
	default:
		return (false);
	}
}

void
recall_keep(struct recall *r, int fd, const struct stat *st, int64_t now_ms,
    const struct buf *entries)
{
	struct kept *k = find(r, st);

	if (k != NULL)
		forget(r, k);
	if (r->bytes + size_of(entries->len) > r->max_bytes ||
	    !has_settled(&st->st_mtim, now_ms) ||
	    !has_settled(&st->st_ctim, now_ms) || !is_known(fd))
		return;
	k = mem_zero(sizeof(*k));
	*k = (struct kept){ .dev = st->st_dev, .ino = st->st_ino,
	    .mtim = st->st_mtim, .ctim = st->st_ctim, .read = r->turn,
	    .asked = r->turn };
	k->entries.data = (uint8_t *)mem_strndup(entries->data, entries->len);
	k->entries.len = entries->len;
	if (tsearch(k, &r->tree, compare) == NULL)
		log_fatal("out of memory");
	r->bytes += size_of(entries->len);
}
