#include "job/land_job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hook.h"
#include "base/io.h"
#include "base/mem.h"
#include "db/aside.h"
#include "db/replace.h"

char *
land_hidden(const char *name)
{
	char after[24];

	(void)snprintf(after, sizeof(after), ".litefleet-%08x", arc4random());
	return (replace_beside(name, ".", after, 0));
}
/* In a message about descriptors, say the directory as it is called. */
static char *
respell(const struct land *l, const struct land_file *f, const char *text)
{
	char *by_fd = mem_printf("/proc/self/fd/%d/", f->dir->fd), *ret;
	const char *sep = f->dir->len == 0 ? "" : "/", *hit;
	struct buf b = { 0 };

	for (; (hit = strstr(text, by_fd)) != NULL;
	    text = hit + strlen(by_fd)) {
		buf_put(&b, text, (size_t)(hit - text));
		buf_printf(&b, "%s/%s%s", below_root(l->below), f->dir->path,
		    sep);
	}
	buf_puts(&b, text);
	ret = buf_take(&b);
	free(by_fd);
	return (ret);
}

static int
link_to(const struct land *l, const struct land_file *f, const char *name)
{
	char fd[16];

	(void)snprintf(fd, sizeof(fd), "%d", f->fd);
	return (linkat(l->procfd, fd, f->dir->fd, name, AT_SYMLINK_FOLLOW));
}

/* Give it its name, where nothing may be: -1 with errno. */
static int
name_it(const struct land *l, struct land_file *f, const char *name)
{
	char *from, *to;
	int r;

	if (f->tmp == NULL)
		return (link_to(l, f, name));
	from = mem_printf("/proc/self/fd/%d/%s", f->dir->fd, f->tmp);
	to = mem_printf("/proc/self/fd/%d/%s", f->dir->fd, name);
	if ((r = aside_rename(from, to)) == 0) {
		free(f->tmp);
		f->tmp = NULL;
	}
	free(from);
	free(to);
	return (r);
}

static int
place_new(const struct land *l, struct land_file *f, const char *name,
    struct err *e)
{
	const char *suffix;

	if (land_look_in(l, f->dir, f->rel, name, &suffix, e) == -1)
		return (-1);
	if (suffix != NULL) {
		err_set(e, ERR_EXISTS, suffix[0] == '\0' ? "%s/%s%s exists" :
		    "%s/%s%s exists, and SQLite would lay it over the "
		    "restored file", below_root(l->below), f->rel, suffix);
		return (-1);
	}
	if (name_it(l, f, name) == 0)
		return (0);
	if (errno == EEXIST)
		err_set(e, ERR_EXISTS, "%s/%s exists", below_root(l->below),
		    f->rel);
	else
		err_sys(e, errno == ENOENT ? ERR_IO : err_class_of(errno),
		    "link %s/%s", below_root(l->below), f->rel);
	return (-1);
}

static int
place_over(const struct land *l, struct land_file *f, const char *name,
    int64_t busy_timeout_ms, struct err *e)
{
	char *from = NULL, *to = NULL, *moved = NULL, *text;
	int ret = -1;

	if (land_check_base(l, f->dir, f->rel, name, e) == -1)
		return (-1);
	if (f->tmp == NULL) {
		f->tmp = land_hidden(name);
		if (link_to(l, f, f->tmp) == -1) {
			err_sys(e, errno == ENOENT ? ERR_IO :
			    err_class_of(errno), "link a file beside %s/%s",
			    below_root(l->below), f->rel);
			free(f->tmp);
			f->tmp = NULL;
			return (-1);
		}
	}
	from = mem_printf("/proc/self/fd/%d/%s", f->dir->fd, f->tmp);
	to = mem_printf("/proc/self/fd/%d/%s", f->dir->fd, name);
	/* Its locks go with any descriptor of the file that is closed. */
	io_close(&f->fd);
	if (replace_db(from, to, busy_timeout_ms, &moved, &f->unknown,
	    e) == 0) {
		free(f->tmp);
		f->tmp = NULL;
		ret = 0;
	} else {
		text = respell(l, f, e->msg);
		err_set(e, e->cls, "%s", text);
		free(text);
	}
	if (moved != NULL)
		f->moved = respell(l, f, moved);
	free(moved);
	free(from);
	free(to);
	return (ret);
}

void
land_place(struct land *l, struct land_file *f, int64_t busy_timeout_ms)
{
	const char *slash = strrchr(f->rel, '/');
	const char *name = slash == NULL ? f->rel : slash + 1;
	struct err e;
	int r;

	if (l->tally != NULL && f->hand != NULL)
		tally_take(l->tally, f->hand, TALLY_LAND);
	r = f->replace ? place_over(l, f, name, busy_timeout_ms, &e) :
	    place_new(l, f, name, &e);
	if (r == -1) {
		f->why = mem_zero(sizeof(e));
		*f->why = e;
		f->err = f->why;
	} else
		HOOK("land-linked", f->rel);
	io_close(&f->fd);
	if (l->tally != NULL && f->hand != NULL)
		tally_drop(l->tally);
}
