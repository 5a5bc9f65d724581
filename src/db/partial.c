#include "db/partial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "db/replace.h"

static char *
name_of(const char *target, int i)
{
	char after[32];

	(void)snprintf(after, sizeof(after), ".litefleet-%d", i);
	return (replace_beside(target, ".", after, 0));
}

/* Could it be one of ours?  Others have another owner, mode or kind. */
static bool
looks_ours(const struct stat *st)
{
	return (S_ISREG(st->st_mode) && st->st_uid == geteuid() &&
	    (st->st_mode & 077) == 0);
}

static bool
same(const struct stat *a, const struct stat *b)
{
	return (a->st_dev == b->st_dev && a->st_ino == b->st_ino);
}

/*
 * Remove the file if nobody works on it.  It is unlinked under its lock, and
 * whoever makes one looks, once he has the lock, whether it is still there.
 */
static void
clear(const char *name)
{
	struct stat st, opened;
	int fd;

	if (lstat(name, &st) == -1 || !looks_ours(&st) || (fd = open(name,
	    O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)) == -1)
		return;
	if (fstat(fd, &opened) == 0 && looks_ours(&opened) &&
	    flock(fd, LOCK_EX | LOCK_NB) == 0 && lstat(name, &st) == 0 &&
	    same(&st, &opened))
		(void)unlink(name);
	io_close(&fd);
}

/* A descriptor; or -1, with errno EEXIST if the name is taken. */
static int
create(const char *name)
{
	struct stat st;
	int fd;

	if ((fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, 0600)) == -1)
		return (-1);
	/* Somebody may have taken it for left behind, just now. */
	if ((flock(fd, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK) ||
	    (fstat(fd, &st) == 0 && st.st_nlink == 0)) {
		io_close(&fd);
		errno = EEXIST;
	}
	return (fd);
}

int
partial_open(struct partial *p, const char *target, struct err *e)
{
	int i, why = EEXIST;
	char *name;

	p->name = NULL;
	p->fd = -1;
	for (i = 0; i < PARTIAL_FILES && why == EEXIST; i++) {
		name = name_of(target, i);
		clear(name);
		if (p->fd == -1 && (p->fd = create(name)) != -1)
			p->name = name;
		else {
			if (p->fd == -1)
				why = errno;
			free(name);
		}
	}
	errno = why;
	if (p->fd == -1 && why == EEXIST)
		err_set(e, ERR_BUSY, "all temporary names beside %s are "
		    "taken (.litefleet-0 to -%d): remove what is no "
		    "restore's", target, PARTIAL_FILES - 1);
	else if (p->fd == -1)
		err_io(e, "create a file beside %s", target);
	/* The umask may have taken more than the others' bits. */
	else if (fchmod(p->fd, 0600) == -1) {
		err_io(e, "chmod %s", p->name);
		partial_close(p);
	}
	return (p->fd == -1 ? -1 : 0);
}

void
partial_close(struct partial *p)
{
	struct stat st, ours;

	/* Once it was renamed the name may be another's. */
	if (p->name != NULL && lstat(p->name, &st) == 0 &&
	    fstat(p->fd, &ours) == 0 && same(&st, &ours))
		(void)unlink(p->name);
	io_close(&p->fd);
	free(p->name);
	p->name = NULL;
}
