#include "db/replace.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hook.h"
#include "base/io.h"
#include "base/mem.h"
#include "db/aside.h"
#include "db/fold.h"
#include "db/inuse.h"

enum {
	PROBE_MS = 20
};

static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };

enum {
	NSUFFIXES = sizeof(suffixes) / sizeof(suffixes[0])
};

const char *
replace_exists(const char *path)
{
	const char *found = NULL;
	struct stat st;
	char *name;
	size_t i;

	for (i = 0; i < NSUFFIXES && found == NULL; i++) {
		name = mem_printf("%s%s", path, suffixes[i]);
		if (lstat(name, &st) == 0)
			found = suffixes[i];
		free(name);
	}
	return (found);
}

char *
replace_base(const char *path)
{
	size_t n = strlen(path), i, len;
	struct stat st;
	char *base;

	for (i = 1; i < NSUFFIXES; i++) {
		len = strlen(suffixes[i]);
		if (n <= len || path[n - len - 1] == '/' ||
		    strcmp(path + n - len, suffixes[i]) != 0)
			continue;
		base = mem_strndup(path, n - len);
		if (lstat(base, &st) == 0 && !S_ISDIR(st.st_mode))
			return (base);
		free(base);
	}
	return (NULL);
}

char *
replace_beside(const char *path, const char *before, const char *after,
    size_t room)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	size_t n = strlen(name), rest;

	rest = strlen(before) + strlen(after) + room;
	assert(rest < NAME_MAX);
	if (n > NAME_MAX - rest) {
		n = NAME_MAX - rest;
		while (n > 0 && ((unsigned char)name[n] & 0xc0) == 0x80)
			n--;
	}
	return (mem_printf("%.*s%s%.*s%s", (int)(name - path), path, before,
	    (int)n, name, after));
}

int
replace_none(const char *tmp, const char *path, struct err *e)
{
	const char *suffix = replace_exists(path);

	if (suffix != NULL) {
		err_set(e, ERR_EXISTS, "%s%s exists", path, suffix);
		return (-1);
	}
	if (aside_rename(tmp, path) == -1) {
		if (errno == EEXIST)
			err_set(e, ERR_EXISTS, "%s exists", path);
		else
			err_io(e, "rename %s to %s", tmp, path);
		return (-1);
	}
	HOOK("replace-renamed", path);
	return (io_sync_parent(path, e));
}

/*
 * SQLite takes any file of a companion's name for one, rolls it back, writes
 * over it or deletes it.  One that is a database in its own right is not ours
 * to lose.
 */
static int
check_companion(const char *path, const char *suffix, struct err *e)
{
	static const char magic[16] = "SQLite format 3";
	char *name = mem_printf("%s%s", path, suffix), head[16];
	struct err ignored;
	struct stat st;
	int fd, ret = 0;

	if ((fd = open(name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW |
	    O_CLOEXEC)) != -1 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    io_pread(fd, head, sizeof(head), 0, name, &ignored) ==
	    (ssize_t)sizeof(head) && memcmp(head, magic, sizeof(head)) == 0) {
		err_set(e, ERR_EXISTS, "%s is a database of its own, and "
		    "SQLite would take it for a part of %s; move it away "
		    "first", name, path);
		ret = -1;
	}
	io_close(&fd);
	free(name);
	return (ret);
}

/* Wait until no other process has the file open. */
static int
wait_unused(const char *path, int64_t deadline_ms, bool *unknown,
    struct err *e)
{
	for (;;) {
		switch (inuse_probe(path)) {
		case INUSE_NO:
			return (0);
		case INUSE_UNKNOWN:
			*unknown = true;
			return (0);
		case INUSE_YES:
			break;
		}
		if (clock_mono_ms() >= deadline_ms) {
			err_set(e, ERR_BUSY, "%s is open in another process",
			    path);
			return (-1);
		}
		clock_sleep_ms(PROBE_MS);
	}
}

/*
 * Rename over the old database under its lock.  A process that has opened it
 * in the moment since wait_unused() reads the old content on; SQLite refuses
 * it every write to a file that is no longer at its path.  First the companions
 * are gone for good: a -journal that a power failure brings back would be
 * rolled back into the new one.
 */
static int
rename_over(const char *tmp, const char *path, struct err *e)
{
	if (io_sync_parent(path, e) == -1)
		return (-1);
	if (rename(tmp, path) == -1) {
		err_io(e, "rename %s to %s", tmp, path);
		return (-1);
	}
	HOOK("replace-renamed", path);
	return (io_sync_parent(path, e));
}

/* Where SQLite cannot help, or only companions are there. */
static int
move_and_place(const char *tmp, const char *path, char **moved, struct err *e)
{
	struct aside *a;
	bool back = false;
	int ret;

	if ((a = aside_move(path, e)) == NULL)
		return (-1);
	if ((ret = replace_none(tmp, path, e)) == -1)
		back = aside_undo(a, e);
	if (!back && aside_where(a) != NULL)
		*moved = mem_strdup(aside_where(a));
	aside_free(a);
	return (ret);
}

int
replace_db(const char *tmp, const char *path, int64_t busy_timeout_ms,
    char **moved, bool *unknown, struct err *e)
{
	int64_t deadline_ms = clock_mono_ms() + busy_timeout_ms;
	struct sqlite3 *db = NULL;
	struct stat st;
	size_t i;
	int r;

	*moved = NULL;
	*unknown = false;
	for (i = 1; i < NSUFFIXES; i++)
		if (check_companion(path, suffixes[i], e) == -1)
			return (-1);
	if (lstat(path, &st) == 0) {
		if (!S_ISREG(st.st_mode)) {
			err_set(e, ERR_EXISTS, "%s is not a regular file and "
			    "is not replaced", path);
			return (-1);
		}
		if (wait_unused(path, deadline_ms, unknown, e) == -1)
			return (-1);
		if ((r = fold_lock(path, deadline_ms, &db, e)) == -1)
			return (-1);
		if (r == 1) {
			r = rename_over(tmp, path, e);
			fold_unlock(db);
			return (r);
		}
	} else if (errno != ENOENT) {
		err_io(e, "stat %s", path);
		return (-1);
	}
	return (move_and_place(tmp, path, moved, e));
}
