#include "fleet/trail.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"

/* Before each name in trail.pending; may lie unaligned. */
struct pending {
	struct pattern_pos pos;
	bool link;
	size_t len;
};

struct trail_dir *
trail_last(struct trail *t)
{
	return (t->ndirs == 0 ? NULL : &t->dirs[t->ndirs - 1]);
}

struct trail_dir *
trail_push(struct trail *t, int fd, const struct stat *st, const char *path,
    struct pattern_pos pos)
{
	struct trail_dir *d;
	size_t len = strlen(path);

	assert(len < PATH_MAX);
	if (path != t->path)
		memcpy(t->path, path, len + 1);
	t->path_len = len;
	if (t->ndirs == t->cap) {
		t->cap = t->cap == 0 ? 32 : t->cap * 2;
		t->dirs = mem_resize(t->dirs, t->cap, sizeof(*t->dirs));
	}
	if (t->ndirs >= TRAIL_FDS)
		io_close(&t->dirs[t->ndirs - TRAIL_FDS].fd);
	d = &t->dirs[t->ndirs++];
	memset(d, 0, sizeof(*d));
	d->dev = st->st_dev;
	d->ino = st->st_ino;
	d->fd = fd;
	d->pos = pos;
	d->path_len = len;
	d->start = d->next = t->pending.len;
	return (d);
}

void
trail_pop(struct trail *t)
{
	struct trail_dir *d = &t->dirs[--t->ndirs];

	io_close(&d->fd);
	t->pending.len = d->start;
	t->path_len = t->ndirs == 0 ? 0 : t->dirs[t->ndirs - 1].path_len;
}

void
trail_put(struct trail *t, const struct trail_name *n)
{
	struct pending head;

	memset(&head, 0, sizeof(head));
	head.pos = n->pos;
	head.link = n->link;
	head.len = n->len;
	buf_put(&t->pending, &head, sizeof(head));
	buf_put(&t->pending, n->name, n->len + 1);
}

bool
trail_take(struct trail *t, struct trail_name *n)
{
	struct trail_dir *d = trail_last(t);
	struct pending head;

	if (d->next == t->pending.len)
		return (false);
	memcpy(&head, t->pending.data + d->next, sizeof(head));
	n->pos = head.pos;
	n->link = head.link;
	n->len = head.len;
	n->name = (const char *)t->pending.data + d->next + sizeof(head);
	d->next += sizeof(head) + head.len + 1;
	return (true);
}

int
trail_fd(struct trail *t)
{
	struct trail_dir *d = trail_last(t);
	struct stat st;
	const char *path;

	if (d->fd != -1)
		return (d->fd);
	path = trail_here(t);
	d->fd = open(path[0] == '\0' ? "/" : path,
	    O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (d->fd == -1)
		return (-1);
	if (fstat(d->fd, &st) == -1) {
		io_close(&d->fd);
		return (-1);
	}
	if (st.st_dev != d->dev || st.st_ino != d->ino) {
		io_close(&d->fd);
		errno = ENOENT;
		return (-1);
	}
	return (d->fd);
}

const char *
trail_here(struct trail *t)
{
	t->path[t->path_len] = '\0';
	return (t->path);
}

const char *
trail_path(struct trail *t, const char *name, size_t len)
{
	assert(len <= TRAIL_NAME_MAX);
	t->path[t->path_len] = '/';
	memcpy(t->path + t->path_len + 1, name, len);
	t->path[t->path_len + 1 + len] = '\0';
	return (t->path);
}

bool
trail_passes(const struct trail *t, const struct stat *st)
{
	size_t i;

	for (i = 0; i < t->ndirs; i++)
		if (t->dirs[i].ino == st->st_ino &&
		    t->dirs[i].dev == st->st_dev)
			return (true);
	return (false);
}

void
trail_fini(struct trail *t)
{
	while (t->ndirs > 0)
		trail_pop(t);
	free(t->dirs);
	buf_fini(&t->pending);
	memset(t, 0, sizeof(*t));
}
