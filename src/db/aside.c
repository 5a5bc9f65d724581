#include "db/aside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hook.h"
#include "base/io.h"
#include "base/mem.h"
#include "db/replace.h"

/* In the order of moving. */
static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };

enum {
	NSUFFIXES = sizeof(suffixes) / sizeof(suffixes[0]),
	LONGEST_SUFFIX_BYTES = 8
};

struct aside {
	char *path;
	char *to;
	char *where;
	bool was_moved[NSUFFIXES];
};

int
aside_rename(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return (0);
	if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
		return (-1);
	if (link(from, to) == -1)
		return (-1);
	return (unlink(from));
}

/* A name of which nothing exists, nor of its companions. */
static char *
free_name(const char *path)
{
	int64_t ms = clock_real_ms();
	char stamp[CLOCK_STAMP_BYTES], *after, *name;

	for (;; ms++) {
		clock_stamp(ms, stamp);
		after = mem_printf(".replaced-%s", stamp);
		name = replace_beside(path, "", after, LONGEST_SUFFIX_BYTES);
		free(after);
		if (replace_exists(name) == NULL)
			return (name);
		free(name);
	}
}

/* 1 if it was moved, 0 if it is not there. */
static int
move(const char *path, const char *to, const char *suffix, struct err *e)
{
	char *from = mem_printf("%s%s", path, suffix);
	char *target = mem_printf("%s%s", to, suffix);
	int ret = 1;

	if (aside_rename(from, target) == -1) {
		if (errno == ENOENT || errno == ENAMETOOLONG)
			ret = 0;
		else {
			err_io(e, "move %s to %s", from, target);
			ret = -1;
		}
	} else
		HOOK("replace-moved", from);
	free(from);
	free(target);
	return (ret);
}

/* Move all parts, the main file durably before the others. */
static int
move_all(struct aside *a, struct err *e)
{
	size_t i;
	int r;

	for (i = 0; i < NSUFFIXES; i++) {
		if ((r = move(a->path, a->to, suffixes[i], e)) == -1)
			return (-1);
		if (r == 0)
			continue;
		a->was_moved[i] = true;
		if (a->where == NULL)
			a->where = mem_printf("%s%s", a->to, suffixes[i]);
		if (i == 0 && io_sync_parent(a->path, e) == -1)
			return (-1);
	}
	return (a->where == NULL ? 0 : io_sync_parent(a->path, e));
}

struct aside *
aside_move(const char *path, struct err *e)
{
	struct aside *a = mem_zero(sizeof(*a));

	a->path = mem_strdup(path);
	a->to = free_name(path);
	if (move_all(a, e) == -1) {
		(void)aside_undo(a, e);
		aside_free(a);
		a = NULL;
	}
	return (a);
}

void
aside_free(struct aside *a)
{
	if (a == NULL)
		return;
	free(a->path);
	free(a->to);
	free(a->where);
	free(a);
}

const char *
aside_where(const struct aside *a)
{
	return (a->where);
}

/*
 * The main file goes last, so that no companion is ever missing beside it.
 * If a file has appeared in its place, the companions must not meet that.
 */
static bool
move_back(const struct aside *a)
{
	struct err ignored;
	struct stat st;
	size_t i;

	if (lstat(a->path, &st) == 0 || errno != ENOENT)
		return (false);
	for (i = NSUFFIXES; i-- > 0;)
		if (a->was_moved[i] &&
		    move(a->to, a->path, suffixes[i], &ignored) != 1)
			return (false);
	return (true);
}

bool
aside_undo(const struct aside *a, struct err *e)
{
	if (a->where == NULL || move_back(a))
		return (true);
	err_prefix(e, "the old %s stays at %s", a->path, a->where);
	return (false);
}
