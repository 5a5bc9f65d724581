/*
 * dirlist -- walking a directory store: of each directory first the files in
 * the order of their names, then the directories.  On the way down each level
 * holds the names of its one directory, and nothing else grows.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "store/dir.h"
#include "store/place.h"

enum {
	DENTS_BYTES = 64 * 1024,
	KIND_FILE = 1,		/* in front of a name; files sort first */
	KIND_DIR = 2
};

struct level {
	int fd;
	size_t path_len;	/* of the directory in lister.path */
	struct buf text;	/* kind, name, NUL; for each entry */
	char **names;		/* into text, sorted */
	size_t nnames, next;
};

struct dir_lister {
	struct store_lister base;
	const char *store;
	struct level *levels;
	size_t nlevels, cap;
	bool shallow;
	char *after, *until;	/* or NULL */
	struct buf path;	/* of the last level: "" or "a/b/" */
	struct buf name;	/* of the entry given out */
	char dents[DENTS_BYTES] __attribute__((__aligned__(8)));
};

static int
compare(const void *a, const void *b)
{
	return (strcmp(*(char *const *)a, *(char *const *)b));
}

/* File, directory, or 0 for what is neither or has gone. */
static int
kind_of(int fd, const struct dirent64 *de)
{
	struct stat st;

	switch (de->d_type) {
	case DT_REG:
		return (KIND_FILE);
	case DT_DIR:
		return (KIND_DIR);
	case DT_UNKNOWN:
		if (fstatat(fd, de->d_name, &st, AT_SYMLINK_NOFOLLOW) == -1)
			return (0);
		return (S_ISREG(st.st_mode) ? KIND_FILE :
		    S_ISDIR(st.st_mode) ? KIND_DIR : 0);
	default:
		return (0);
	}
}

static bool
passed_over(const struct dir_lister *l, const char *name)
{
	return (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	    (l->path.len == 0 && strcmp(name, ".litefleet") == 0));
}

/* Read and sort the names of the directory lv->fd. */
static int
read_names(struct dir_lister *l, struct level *lv, struct err *e)
{
	const struct dirent64 *de;
	ssize_t n, at;
	size_t i;
	char *p;
	int kind;

	while ((n = getdents64(lv->fd, l->dents, sizeof(l->dents))) > 0)
		for (at = 0; at < n; at += de->d_reclen) {
			de = (const struct dirent64 *)(const void *)
			    (l->dents + at);
			if (passed_over(l, de->d_name) ||
			    (kind = kind_of(lv->fd, de)) == 0)
				continue;
			buf_putc(&lv->text, kind);
			buf_put(&lv->text, de->d_name, strlen(de->d_name) + 1);
			lv->nnames++;
		}
	/* A directory that was removed while it was read ends here. */
	if (n == -1 && errno != ENOENT) {
		err_sys(e, dir_class(errno), "store %s: read directory %s",
		    l->store, buf_str(&l->path));
		return (-1);
	}
	lv->names = mem_resize(NULL, lv->nnames + 1, sizeof(*lv->names));
	p = (char *)lv->text.data;
	for (i = 0; i < lv->nnames; i++, p += strlen(p) + 1)
		lv->names[i] = p;
	qsort(lv->names, lv->nnames, sizeof(*lv->names), compare);
	return (0);
}

/* Go down into a directory whose path is l->path. */
static int
push(struct dir_lister *l, int fd, struct err *e)
{
	struct level *lv;

	if (l->nlevels == l->cap) {
		l->cap = l->cap == 0 ? 16 : l->cap * 2;
		l->levels = mem_resize(l->levels, l->cap, sizeof(*l->levels));
	}
	lv = &l->levels[l->nlevels++];
	memset(lv, 0, sizeof(*lv));
	lv->fd = fd;
	lv->path_len = l->path.len;
	return (read_names(l, lv, e));
}

static void
pop(struct dir_lister *l)
{
	struct level *lv = &l->levels[--l->nlevels];

	io_close(&lv->fd);
	buf_fini(&lv->text);
	free(lv->names);
}

static void
cut(struct buf *b, size_t len)
{
	b->len = len;
	*(uint8_t *)buf_room(b, 1) = '\0';
}

/*
 * Open directory "name" for reading.  -1 with e->cls ERR_NONE if there is
 * nothing to list: it has gone, or it is what mkfs(8) left for fsck(8).
 */
static int
open_dir(struct dir_lister *l, int dirfd, const char *name, struct err *e)
{
	int fd;

	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	if (fd != -1)
		return (fd);
	if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP ||
	    (errno == EACCES && strcmp(buf_str(&l->path), "lost+found/") == 0))
		e->cls = ERR_NONE;
	else
		err_sys(e, dir_class(errno), "store %s: open directory %s",
		    l->store, buf_str(&l->path));
	return (-1);
}

static int
descend(struct dir_lister *l, int dirfd, const char *name, struct err *e)
{
	struct err why;
	int fd;

	buf_printf(&l->path, "%s/", name);
	if ((fd = open_dir(l, dirfd, name, &why)) == -1) {
		if (why.cls == ERR_NONE)
			return (0);
		*e = why;
		return (-1);
	}
	return (push(l, fd, e));
}

/* Does a directory ("a/b/") lie beside the stretch with all that it holds? */
static bool
dir_outside(const struct dir_lister *l, const char *path)
{
	return ((l->until != NULL && strcmp(path, l->until) > 0) ||
	    (l->after != NULL && strcmp(path, l->after) < 0 &&
	    strncmp(path, l->after, strlen(path)) != 0));
}

static bool
outside(const struct dir_lister *l, const char *name)
{
	return ((l->until != NULL && strcmp(name, l->until) > 0) ||
	    (l->after != NULL && strcmp(name, l->after) <= 0));
}

static int
next(struct store_lister *base, struct store_entry *out, struct err *e)
{
	struct dir_lister *l = (struct dir_lister *)base;
	struct level *lv;
	struct stat st;
	const char *name;

	while (l->nlevels > 0) {
		lv = &l->levels[l->nlevels - 1];
		cut(&l->path, lv->path_len);
		if (lv->next == lv->nnames) {
			pop(l);
			continue;
		}
		name = lv->names[lv->next++];
		buf_reset(&l->name);
		buf_printf(&l->name, "%s%s", buf_str(&l->path), name + 1);
		memset(out, 0, sizeof(*out));
		out->tag = "";
		if (*name++ == KIND_DIR) {
			buf_putc(&l->name, '/');
			out->name = buf_str(&l->name);
			out->directory = true;
			if (l->shallow)
				return (1);
			if (!dir_outside(l, out->name) &&
			    descend(l, lv->fd, name, e) == -1)
				return (-1);
			continue;
		}
		out->name = buf_str(&l->name);
		if (outside(l, out->name))
			continue;
		if (fstatat(lv->fd, name, &st, AT_SYMLINK_NOFOLLOW) == -1) {
			if (errno == ENOENT)
				continue;
			err_sys(e, dir_class(errno), "store %s: %s%s",
			    l->store, buf_str(&l->path), name);
			return (-1);
		}
		out->bytes = (uint64_t)st.st_size;
		out->mtime_ms = (int64_t)st.st_mtim.tv_sec * 1000 +
		    st.st_mtim.tv_nsec / 1000000;
		return (1);
	}
	return (0);
}

static void
release(struct store_lister *base)
{
	struct dir_lister *l = (struct dir_lister *)base;

	while (l->nlevels > 0)
		pop(l);
	free(l->levels);
	free(l->after);
	free(l->until);
	buf_fini(&l->path);
	buf_fini(&l->name);
	free(l);
}

struct store_lister *
dir_list(int rootfd, const char *store, const struct store_list_cfg *cfg,
    struct err *e)
{
	struct dir_lister *l = mem_zero(sizeof(*l));
	const char *prefix = cfg->prefix;
	size_t len = strlen(prefix);
	struct err why;
	int dirfd, fd;

	l->base.next = next;
	l->base.free = release;
	l->store = store;
	l->shallow = cfg->shallow;
	l->after = cfg->after == NULL ? NULL : mem_strdup(cfg->after);
	l->until = cfg->until == NULL ? NULL : mem_strdup(cfg->until);
	buf_puts(&l->path, prefix);
	if (strncmp(prefix, ".litefleet/", 11) == 0)
		return (&l->base);
	dirfd = place_open(rootfd, prefix, len > 0 ? len - 1 : 0, false);
	if (dirfd == -1 && (errno == ENOENT || errno == ENOTDIR ||
	    errno == ENAMETOOLONG))
		return (&l->base);
	if (dirfd == -1) {
		err_sys(e, dir_class(errno), "store %s: open directory %s",
		    store, prefix);
		release(&l->base);
		return (NULL);
	}
	fd = open_dir(l, dirfd, ".", &why);
	io_close(&dirfd);
	if (fd == -1 && why.cls == ERR_NONE)
		return (&l->base);
	if (fd == -1 || push(l, fd, &why) == -1) {
		*e = why;
		release(&l->base);
		return (NULL);
	}
	return (&l->base);
}
