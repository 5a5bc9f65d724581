/*
 * replay -- what a disk may hold after its power failed:
 *
 *     replay begin DIR LOG
 *         Begin LOG with what is in DIR now, all of it on the disk.  From then
 *         on t/torture/record.c writes down what happens there.
 *     replay count LOG
 *         Print how many entries it has.
 *     replay moments LOG FIRST
 *         Print, a line each, how many it has up to each one that changes a
 *         name, from entry FIRST on.
 *     replay crash LOG AT SEED DIR
 *         Make DIR, which may not be there, as it may be found when the power
 *         fails after the first AT entries.
 *
 * What was synced is there.  Of the rest chance decides:
 *     - a name that was made, moved or taken away: is the old state there or
 *       the new one?  Of all together, of all up to one of them (a journal), or
 *       of each on its own, which a file system may do but hardly one does.  A
 *       move is done or not done.
 *     - bytes: none, all, all up to one write, or each page of 4 KiB on its
 *       own; then the file may have its new length without them, and zeros for
 *       them, or end anywhere behind what was synced.
 * Prints "names=N lost=N files=N torn=N": changes of names that were not
 * synced, how many of them did not happen, files, and those of them that lack
 * something.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/record.h"

enum {
	BUCKETS = 4096,
	PAGE = 4096
};

/* How much of what was not synced happened. */
enum mood { NOTHING, ALL, PREFIX, EACH, NMOODS };

struct node;

struct entry {
	char *name;
	struct node *node;
};

/* A file or a directory. */
struct node {
	uint64_t ino;
	bool is_dir, is_mapped;
	struct node *next;	/* of its bucket */
	size_t *change, nchange, cap;	/* entries of the log: bytes, or names
					 * in it */
	size_t nsynced;		/* of them */
	struct entry *entry;
	size_t nentry;
};

struct change {
	const struct record *r;
	char *name, *other;
	const uint8_t *data;
	struct node *node, *dir, *dir2;
	bool is_synced;		/* for one of names */
};

static struct change *log_entry;
static size_t nlog;
static struct node *bucket[BUCKETS], *root;
static uint64_t rnd;
static unsigned nnames, nlost, nfiles, ntorn;

static uint64_t
below(uint64_t n)
{
	rnd ^= rnd << 13;
	rnd ^= rnd >> 7;
	rnd ^= rnd << 17;
	return ((rnd >> 11) % n);
}

static void *
grow(void *p, size_t n, size_t size)
{
	if ((p = reallocarray(p, n, size)) == NULL)
		err(1, "memory");
	return (p);
}

static void
append(int fd, struct record r, const char *name, const void *data)
{
	r.nname = name == NULL ? 0 : (uint32_t)strlen(name);
	if (write(fd, &r, sizeof(r)) != sizeof(r) ||
	    write(fd, name, r.nname) != (ssize_t)r.nname ||
	    write(fd, data, r.ndata) != (ssize_t)r.ndata)
		err(1, "write the log");
}

static void
append_file(int log, const FTSENT *f, uint64_t dir)
{
	uint64_t size = (uint64_t)f->fts_statp->st_size;
	void *p = grow(NULL, size + 1, 1);
	int fd;

	if ((fd = open(f->fts_accpath, O_RDONLY)) == -1 ||
	    read(fd, p, size) != (ssize_t)size)
		err(1, "%s", f->fts_path);
	(void)close(fd);
	append(log, (struct record){ .op = RECORD_FILE, .dir = dir,
	    .ino = f->fts_statp->st_ino }, f->fts_name, NULL);
	append(log, (struct record){ .op = RECORD_WRITE,
	    .ino = f->fts_statp->st_ino, .ndata = size }, NULL, p);
	free(p);
}

static void
begin(char *dir, const char *name)
{
	char *argv[] = { dir, NULL };
	uint64_t parent;
	FTSENT *f;
	FTS *fts;
	int log;

	if ((log = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600)) == -1)
		err(1, "%s", name);
	if ((fts = fts_open(argv, FTS_PHYSICAL, NULL)) == NULL)
		err(1, "%s", dir);
	while ((f = fts_read(fts)) != NULL) {
		parent = f->fts_level == 0 ? 0 :
		    f->fts_parent->fts_statp->st_ino;
		if (f->fts_info == FTS_D)
			append(log, (struct record){ .op = RECORD_DIR,
			    .dir = parent, .ino = f->fts_statp->st_ino },
			    f->fts_name, NULL);
		else if (f->fts_info == FTS_F)
			append_file(log, f, parent);
		else if (f->fts_info != FTS_DP)
			errx(1, "%s: no file", f->fts_path);
	}
	append(log, (struct record){ .op = RECORD_SYNCFS }, NULL, NULL);
	(void)fts_close(fts);
	(void)close(log);
}

static void
load(const char *name, size_t most)
{
	const uint8_t *p, *end;
	struct change *c;
	struct stat st;
	int fd;

	if ((fd = open(name, O_RDONLY)) == -1 || fstat(fd, &st) == -1 ||
	    (p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd,
	    0)) == MAP_FAILED)
		err(1, "%s", name);
	(void)close(fd);
	for (end = p + st.st_size; p < end && nlog < most; nlog++) {
		if (nlog % 1024 == 0)
			log_entry = grow(log_entry, nlog + 1024,
			    sizeof(*log_entry));
		c = &log_entry[nlog];
		memset(c, 0, sizeof(*c));
		/* Entries are of any length, so it may lie unaligned. */
		c->r = memcpy(grow(NULL, 1, sizeof(*c->r)), p, sizeof(*c->r));
		p += sizeof(*c->r);
		c->name = strndup((const char *)p, c->r->nname);
		p += c->r->nname;
		c->other = strndup((const char *)p, c->r->nother);
		p += c->r->nother;
		c->data = p;
		p += c->r->ndata;
	}
	if (p > end || nlog < most)
		errx(1, "%s: ends too early", name);
}

/* Entries; those that change a name are printed from "from" on. */
static size_t
count(const char *name, size_t from)
{
	struct record r;
	FILE *f;
	size_t n = 0;

	if ((f = fopen(name, "re")) == NULL)
		err(1, "%s", name);
	while (fread(&r, sizeof(r), 1, f) == 1) {
		if (fseeko(f, (off_t)(r.nname + r.nother + r.ndata),
		    SEEK_CUR) == -1)
			err(1, "%s", name);
		if (++n > from && r.nname > 0)
			printf("%zu\n", n);
	}
	(void)fclose(f);
	return (n);
}

/* What has this number now; numbers are used again. */
static struct node *
node_of(uint64_t ino)
{
	struct node *n;

	for (n = bucket[ino % BUCKETS]; n != NULL; n = n->next)
		if (n->ino == ino)
			return (n);
	return (NULL);
}

static struct node *
node_new(uint64_t ino, bool is_dir)
{
	struct node *n = grow(NULL, 1, sizeof(*n));

	memset(n, 0, sizeof(*n));
	n->ino = ino;
	n->is_dir = is_dir;
	n->next = bucket[ino % BUCKETS];
	bucket[ino % BUCKETS] = n;
	return (n);
}

static void
add_change(struct node *n, size_t at)
{
	if (n == NULL)
		errx(1, "entry %zu is about something that was never made",
		    at);
	if (n->nchange == n->cap) {
		n->cap = n->cap * 2 + 4;
		n->change = grow(n->change, n->cap, sizeof(*n->change));
	}
	n->change[n->nchange++] = at;
}

static void
sync_node(struct node *n)
{
	for (; n->nsynced < n->nchange; n->nsynced++)
		log_entry[n->change[n->nsynced]].is_synced = true;
}

/* One entry: who is it about? */
static void
take(size_t at)
{
	struct change *c = &log_entry[at];
	const struct record *r = c->r;
	struct node *n;
	size_t i;

	switch (r->op) {
	case RECORD_FILE:
	case RECORD_DIR:
		c->node = node_new(r->ino, r->op == RECORD_DIR);
		break;
	case RECORD_SYNCFS:
		for (i = 0; i < BUCKETS; i++)
			for (n = bucket[i]; n != NULL; n = n->next)
				sync_node(n);
		return;
	default:
		c->node = node_of(r->ino);
	}
	c->dir = node_of(r->dir);
	c->dir2 = node_of(r->dir2);
	switch (r->op) {
	case RECORD_FILE:
	case RECORD_DIR:
		if (r->op == RECORD_DIR && r->dir == 0 && root == NULL)
			root = c->node;
		else if (r->dir != 0)
			add_change(c->dir, at);
		break;
	case RECORD_MOVE:
		add_change(c->dir, at);
		if (c->dir2 != c->dir)
			add_change(c->dir2, at);
		break;
	case RECORD_LINK:
	case RECORD_UNLINK:
		add_change(c->dir, at);
		break;
	case RECORD_SYNC:
		/* Of a directory above. */
		if (c->node != NULL)
			sync_node(c->node);
		break;
	case RECORD_MAPPED:
		if (c->node != NULL)
			c->node->is_mapped = true;
		break;
	default:
		add_change(c->node, at);
	}
}

static void
drop_name(struct node *dir, const char *name, const struct node *only)
{
	size_t i;

	for (i = 0; i < dir->nentry; i++)
		if (strcmp(dir->entry[i].name, name) == 0 &&
		    (only == NULL || dir->entry[i].node == only)) {
			dir->entry[i] = dir->entry[--dir->nentry];
			return;
		}
}

static void
add_name(struct node *dir, char *name, struct node *node)
{
	drop_name(dir, name, NULL);
	dir->entry = grow(dir->entry, dir->nentry + 1, sizeof(*dir->entry));
	dir->entry[dir->nentry++] = (struct entry){ name, node };
}

/* Who is called what, then. */
static void
settle_names(void)
{
	enum mood mood = (enum mood)below(NMOODS);
	size_t i, last = 0, until;
	struct change *c;

	for (i = 0; i < nlog; i++)
		if (log_entry[i].r->op == RECORD_SYNC ||
		    log_entry[i].r->op == RECORD_SYNCFS)
			last = i;
	until = last + (nlog > last ? below(nlog - last + 1) : 0);
	for (i = 0; i < nlog; i++) {
		c = &log_entry[i];
		if (c->dir == NULL)
			continue;
		if (!c->is_synced) {
			nnames++;
			if (mood == NOTHING || (mood == PREFIX && i >= until) ||
			    (mood == EACH && below(2) == 0)) {
				nlost++;
				continue;
			}
		}
		switch (c->r->op) {
		case RECORD_FILE:
		case RECORD_DIR:
		case RECORD_LINK:
			add_name(c->dir, c->name, c->node);
			break;
		case RECORD_MOVE:
			drop_name(c->dir, c->name, c->node);
			add_name(c->dir2, c->other, c->node);
			break;
		case RECORD_UNLINK:
			drop_name(c->dir, c->name, c->node);
			break;
		}
	}
}

struct bytes {
	uint8_t *p;
	uint64_t len, cap;
};

static void
set_size(struct bytes *b, uint64_t len)
{
	if (len > b->cap) {
		b->p = grow(b->p, len * 2, 1);
		b->cap = len * 2;
	}
	if (len > b->len)
		memset(b->p + b->len, 0, len - b->len);
	b->len = len;
}

static void
put_bytes(struct bytes *b, uint64_t off, const uint8_t *p, uint64_t n)
{
	if (off + n > b->len)
		set_size(b, off + n);
	memcpy(b->p + off, p, n);
}

static void
apply(struct bytes *b, const struct change *c)
{
	const struct record *r = c->r;
	uint64_t n = r->size;

	if (r->op == RECORD_WRITE)
		put_bytes(b, r->off, c->data, r->ndata);
	else if (r->op == RECORD_SIZE)
		set_size(b, r->off);
	else if (r->off < b->len) {
		if (n > b->len - r->off)
			n = b->len - r->off;
		memset(b->p + r->off, 0, n);
	}
}

/* Some pages of a write. */
static void
apply_some(struct bytes *b, const struct change *c)
{
	uint64_t at, off = c->r->off, n, done;

	if (c->r->op != RECORD_WRITE) {
		if (below(2) == 0)
			apply(b, c);
		return;
	}
	for (done = 0; done < c->r->ndata; done += n) {
		at = off + done;
		n = PAGE - at % PAGE;
		if (n > c->r->ndata - done)
			n = c->r->ndata - done;
		if (below(2) == 0)
			put_bytes(b, at, c->data + done, n);
	}
}

/* The bytes of a file; the caller frees them. */
static struct bytes
settle_bytes(const struct node *n)
{
	enum mood mood = (enum mood)below(NMOODS);
	size_t i, left = n->nchange - n->nsynced, until;
	struct bytes b = { 0 }, whole = { 0 };
	uint64_t synced;

	for (i = 0; i < n->nsynced; i++)
		apply(&b, &log_entry[n->change[i]]);
	synced = b.len;
	for (i = 0; i < n->nchange; i++)
		apply(&whole, &log_entry[n->change[i]]);
	until = mood == NOTHING ? 0 : mood == PREFIX ? below(left + 1) : left;
	for (i = 0; i < until; i++)
		if (mood == EACH)
			apply_some(&b, &log_entry[n->change[n->nsynced + i]]);
		else
			apply(&b, &log_entry[n->change[n->nsynced + i]]);
	if (left > 0 && mood != ALL && below(2) == 0 && whole.len > b.len)
		set_size(&b, whole.len);
	else if (left > 0 && mood != ALL && below(4) == 0 && b.len > synced)
		set_size(&b, synced + below(b.len - synced + 1));
	nfiles++;
	if (b.len != whole.len || (b.len > 0 &&
	    memcmp(b.p, whole.p, b.len) != 0))
		ntorn++;
	free(whole.p);
	return (b);
}

static void
make(const struct node *n, int at, const char *name)
{
	size_t i, len = strlen(name);
	struct bytes b;
	int fd;

	if (!n->is_dir) {
		if (n->is_mapped && (len < 4 ||
		    strcmp(name + len - 4, "-shm") != 0))
			errx(1, "%s was written by a mapping", name);
		b = settle_bytes(n);
		if ((fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL,
		    0600)) == -1 || write(fd, b.p, b.len) != (ssize_t)b.len)
			err(1, "%s", name);
		(void)close(fd);
		free(b.p);
		return;
	}
	if (mkdirat(at, name, 0700) == -1 || (fd = openat(at, name,
	    O_RDONLY | O_DIRECTORY)) == -1)
		err(1, "%s", name);
	for (i = 0; i < n->nentry; i++)
		make(n->entry[i].node, fd, n->entry[i].name);
	(void)close(fd);
}

static uint64_t
number(const char *s)
{
	char *end;
	uint64_t n = strtoull(s, &end, 10);

	if (*s == '\0' || *end != '\0')
		errx(2, "%s is no number", s);
	return (n);
}

int
main(int argc, char **argv)
{
	size_t i;

	if (argc == 4 && strcmp(argv[1], "begin") == 0)
		begin(argv[2], argv[3]);
	else if (argc == 3 && strcmp(argv[1], "count") == 0)
		printf("%zu\n", count(argv[2], SIZE_MAX));
	else if (argc == 4 && strcmp(argv[1], "moments") == 0)
		(void)count(argv[2], number(argv[3]));
	else if (argc == 6 && strcmp(argv[1], "crash") == 0) {
		load(argv[2], number(argv[3]));
		rnd = (number(argv[4]) + 1) * 0x9e3779b97f4a7c15ULL | 1;
		for (i = 0; i < 8; i++)
			(void)below(2);
		for (i = 0; i < nlog; i++)
			take(i);
		if (root == NULL)
			errx(1, "%s has no beginning", argv[2]);
		settle_names();
		make(root, AT_FDCWD, argv[5]);
		printf("names=%u lost=%u files=%u torn=%u\n", nnames, nlost,
		    nfiles, ntorn);
	} else {
		fprintf(stderr, "usage: replay begin DIR LOG | count LOG | "
		    "moments LOG FIRST | crash LOG AT SEED DIR\n");
		return (2);
	}
	return (0);
}
