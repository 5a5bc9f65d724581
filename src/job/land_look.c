#include "job/land_job.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"

struct below_dir *
land_dir_of(struct land *l, const char *rel, bool make, const char **name,
    struct err *e)
{
	const char *slash = strrchr(rel, '/');

	*name = slash == NULL ? rel : slash + 1;
	if (slash == rel || strcmp(*name, "") == 0 ||
	    strcmp(*name, ".") == 0 || strcmp(*name, "..") == 0) {
		err_set(e, ERR_DENIED, "%s/%s: not a path below it",
		    below_root(l->below), rel);
		return (NULL);
	}
	if (strlen(*name) > NAME_MAX) {
		err_set(e, ERR_LIMIT, "%s/%s: a name longer than %d bytes",
		    below_root(l->below), rel, NAME_MAX);
		return (NULL);
	}
	return (below_hold(l->below, rel, slash == NULL ? 0 :
	    (size_t)(slash - rel), make, e));
}

static const char *const companions[] = { "-wal", "-shm", "-journal" };

enum {
	NCOMPANIONS = sizeof(companions) / sizeof(companions[0])
};

/* Is there anything of this name in the directory?  1, 0; -1 with errno. */
static int
is_there(const struct below_dir *dir, const char *name, const char *suffix,
    struct stat *st)
{
	char whole[NAME_MAX + 1];
	int n = snprintf(whole, sizeof(whole), "%s%s", name, suffix);

	if (n < 0 || (size_t)n >= sizeof(whole))
		return (0);
	if (fstatat(dir->fd, whole, st, AT_SYMLINK_NOFOLLOW) == 0)
		return (1);
	return (errno == ENOENT ? 0 : -1);
}

int
land_check_base(const struct land *l, const struct below_dir *dir,
    const char *rel, const char *name, struct err *e)
{
	size_t n = strlen(name), len, i;
	char base[NAME_MAX + 1];
	struct stat st;
	int r;

	for (i = 0; i < NCOMPANIONS; i++) {
		len = strlen(companions[i]);
		if (n <= len || strcmp(name + n - len, companions[i]) != 0)
			continue;
		memcpy(base, name, n - len);
		base[n - len] = '\0';
		if ((r = is_there(dir, base, "", &st)) == 0 ||
		    (r == 1 && S_ISDIR(st.st_mode)))
			return (0);
		if (r == -1)
			err_io(e, "stat %s/%s", below_root(l->below), rel);
		else
			err_set(e, ERR_EXISTS, "%s/%s: SQLite would take it "
			    "for a part of the database %s beside it",
			    below_root(l->below), rel, base);
		return (-1);
	}
	return (0);
}

int
land_look_in(const struct land *l, const struct below_dir *dir, const char *rel,
    const char *name, const char **suffix, struct err *e)
{
	struct stat st;
	size_t i;
	int r;

	*suffix = NULL;
	if (land_check_base(l, dir, rel, name, e) == -1)
		return (-1);
	if ((r = is_there(dir, name, "", &st)) == 1) {
		if (S_ISLNK(st.st_mode) &&
		    fstatat(dir->fd, name, &st, 0) == -1)
			st.st_mode = 0;
		if (!S_ISREG(st.st_mode)) {
			err_set(e, ERR_EXISTS, "%s/%s is not a regular file "
			    "and is never replaced", below_root(l->below),
			    rel);
			return (-1);
		}
		*suffix = "";
	}
	for (i = 0; i < NCOMPANIONS && r == 0; i++)
		if ((r = is_there(dir, name, companions[i], &st)) == 1)
			*suffix = companions[i];
	if (r == -1)
		err_io(e, "stat %s/%s", below_root(l->below), rel);
	return (r == -1 ? -1 : 0);
}

int
land_look(struct land *l, const char *rel, const char **suffix,
    struct err *e)
{
	struct below_dir *dir;
	const char *name;
	struct err why;
	int ret;

	*suffix = NULL;
	if ((dir = land_dir_of(l, rel, false, &name, &why)) == NULL) {
		if (why.cls == ERR_NOTFOUND)
			return (0);
		*e = why;
		return (-1);
	}
	ret = land_look_in(l, dir, rel, name, suffix, e);
	below_release(l->below, dir);
	return (ret);
}

/* A rollback journal that is over: journal_mode=PERSIST leaves it there, with
 * zeros for its header. */
static bool
is_over(const struct below_dir *dir, const char *name)
{
	static const uint8_t over[8];
	char *journal = mem_printf("%s-journal", name);
	uint8_t magic[sizeof(over)];
	bool ret;
	int fd;

	fd = openat(dir->fd, journal, O_RDONLY | O_NONBLOCK | O_NOFOLLOW |
	    O_CLOEXEC);
	ret = fd != -1 && pread(fd, magic, sizeof(magic), 0) ==
	    (ssize_t)sizeof(magic) && memcmp(magic, over, sizeof(over)) == 0;
	io_close(&fd);
	free(journal);
	return (ret);
}

/* May SQLite find content of the database beside it? */
static bool
has_more(const struct below_dir *dir, const char *name)
{
	struct stat st;
	size_t i;
	int r;

	for (i = 0; i < NCOMPANIONS; i++) {
		r = is_there(dir, name, companions[i], &st);
		if (strcmp(companions[i], "-shm") != 0 && (r == -1 ||
		    (r == 1 && (!S_ISREG(st.st_mode) || (st.st_size > 0 &&
		    !(strcmp(companions[i], "-journal") == 0 &&
		    is_over(dir, name)))))))
			return (true);
	}
	return (false);
}

int
land_read(struct land *l, const char *rel, struct err *e)
{
	struct below_dir *dir;
	const char *name;
	struct stat st;
	int fd;

	if ((dir = land_dir_of(l, rel, false, &name, e)) == NULL)
		return (-1);
	fd = openat(dir->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC);
	if (fd != -1 && (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    has_more(dir, name))) {
		io_close(&fd);
		errno = ENOENT;
	}
	if (fd == -1)
		err_sys(e, errno == ENOENT || errno == ELOOP ? ERR_NOTFOUND :
		    err_class_of(errno), "open %s/%s", below_root(l->below),
		    rel);
	below_release(l->below, dir);
	return (fd);
}

int
land_dir(struct land *l, const char *rel, const char **name,
    struct err *e)
{
	struct below_dir *dir;
	int fd;

	if ((dir = land_dir_of(l, rel, true, name, e)) == NULL)
		return (-1);
	if ((fd = fcntl(dir->fd, F_DUPFD_CLOEXEC, 0)) == -1)
		err_io(e, "directory of %s/%s", below_root(l->below), rel);
	below_release(l->below, dir);
	return (fd);
}
