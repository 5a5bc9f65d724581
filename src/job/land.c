#include "job/land_job.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/hook.h"
#include "base/io.h"
#include "base/mem.h"

enum {
	SPARE_FILES = 512,	/* descriptors that are left to others */
	KEEP_DIRS = 1024
};

/* Descriptors that this process may have from now on. */
static size_t
raise_limit(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		return (1024);
	if (rl.rlim_cur < rl.rlim_max) {
		rl.rlim_cur = rl.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &rl) == -1)
			(void)getrlimit(RLIMIT_NOFILE, &rl);
	}
	return (rl.rlim_cur > 1 << 20 ? 1 << 20 : (size_t)rl.rlim_cur);
}

struct land *
land_new(const char *root, struct tally *tally, struct err *e)
{
	struct land *l = mem_zero(sizeof(*l));
	size_t nofile = raise_limit();

	TAILQ_INIT(&l->added);
	TAILQ_INIT(&l->synced);
	l->tally = tally;
	l->umask = umask(077);
	l->files_max = nofile > (size_t)2 * SPARE_FILES ? nofile - SPARE_FILES :
	    nofile / 2;
	l->procfd = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (l->procfd == -1) {
		err_sys(e, ERR_IO, "open /proc/self/fd (is /proc mounted?)");
		goto fail;
	}
	if ((l->below = below_open(root, l->files_max / 8 < KEEP_DIRS ?
	    l->files_max / 8 : KEEP_DIRS, e)) == NULL)
		goto fail;
	return (l);
fail:
	land_free(l);
	return (NULL);
}

void
land_free(struct land *l)
{
	struct land_file *f;

	if (l == NULL)
		return;
	while ((f = TAILQ_FIRST(&l->added)) != NULL) {
		TAILQ_REMOVE(&l->added, f, entry);
		land_drop(l, f);
	}
	while ((f = land_next(l)) != NULL)
		land_drop(l, f);
	below_close(l->below);
	io_close(&l->procfd);
	(void)umask(l->umask);
	free(l);
}

char *
land_path(const struct land *l, const char *rel)
{
	return (mem_printf("%s/%s", below_root(l->below), rel));
}
/* Make the file in its directory: -1 with errno. */
static int
create(struct land_file *f, const char *name)
{
	f->fd = openat(f->dir->fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	/* tmpfs makes one in a directory that is gone, too; it would never get
	 * a name. */
	if (f->fd != -1 && below_is_removed(f->dir)) {
		io_close(&f->fd);
		errno = ENOENT;
	} else if (f->fd != -1)
		return (0);
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
		return (-1);
	do {
		free(f->tmp);
		f->tmp = land_hidden(name);
		f->fd = openat(f->dir->fd, f->tmp, O_RDWR | O_CREAT | O_EXCL |
		    O_NOFOLLOW | O_CLOEXEC, 0600);
	} while (f->fd == -1 && errno == EEXIST);
	if (f->fd == -1) {
		free(f->tmp);
		f->tmp = NULL;
		return (-1);
	}
	return (0);
}

struct land_file *
land_begin(struct land *l, const char *rel, bool replace, struct err *e)
{
	struct land_file *f = mem_zero(sizeof(*f));
	const char *name;
	bool again = false;

	f->fd = -1;
	f->rel = mem_strdup(rel);
	f->replace = replace;
	l->nfiles++;
	for (;;) {
		if ((f->dir = land_dir_of(l, rel, true, &name, e)) == NULL)
			break;
		if (create(f, name) == 0)
			return (f);
		if (!below_is_removed(f->dir)) {
			err_sys(e, errno == ENOENT ? ERR_IO :
			    err_class_of(errno), "create a file for %s/%s",
			    below_root(l->below), rel);
			break;
		}
		if (again) {
			err_set(e, ERR_IO, "create a file for %s/%s: its "
			    "directory was removed",
			    below_root(l->below), rel);
			break;
		}
		below_forget(l->below, f->dir);
		below_release(l->below, f->dir);
		again = true;
	}
	land_drop(l, f);
	return (NULL);
}

struct land_file *
land_keep(struct land *l, const char *rel, struct err *e)
{
	struct land_file *f = mem_zero(sizeof(*f));
	const char *name;

	f->fd = -1;
	f->rel = mem_strdup(rel);
	f->keep = true;
	l->nfiles++;
	if ((f->dir = land_dir_of(l, rel, false, &name, e)) != NULL)
		return (f);
	land_drop(l, f);
	return (NULL);
}

void
land_drop(struct land *l, struct land_file *f)
{
	if (f == NULL)
		return;
	if (f->tmp != NULL && f->dir != NULL)
		(void)unlinkat(f->dir->fd, f->tmp, 0);
	io_close(&f->fd);
	below_release(l->below, f->dir);
	l->nfiles--;
	free(f->tmp);
	free(f->rel);
	free(f->moved);
	free(f->why);
	free(f);
}

void
land_add(struct land *l, struct land_file *f, uint64_t bytes)
{
	HOOK("land-written", f->rel);
	TAILQ_INSERT_TAIL(&l->added, f, entry);
	l->nadded++;
	l->bytes += bytes;
}

size_t
land_nadded(const struct land *l)
{
	return (l->nadded);
}

bool
land_is_full(const struct land *l)
{
	return (l->nadded >= LAND_BATCH_FILES || l->bytes >= LAND_BATCH_BYTES ||
	    l->nfiles + below_nheld(l->below) + 2 >=
	    l->files_max - l->files_max / 8);
}
void
land_sync(struct land *l, int64_t busy_timeout_ms)
{
	struct land_file *f;
	bool synced;

	if (TAILQ_EMPTY(&l->added))
		return;
	assert(TAILQ_EMPTY(&l->synced));
	if ((synced = below_sync(l->below, &l->doom) == 0))
		HOOK("land-synced", below_root(l->below));
	TAILQ_FOREACH(f, &l->added, entry) {
		/* cppcheck-suppress uninitvar; the loop sets it */
		if (synced && f->keep)
			continue;
		if (synced)
			land_place(l, f, busy_timeout_ms);
		else
			f->err = &l->doom;
	}
	if (synced && below_sync(l->below, &l->doom) == -1)
		TAILQ_FOREACH(f, &l->added, entry)
			if (f->err == NULL)
				f->err = &l->doom;
	TAILQ_CONCAT(&l->synced, &l->added, entry);
	l->nadded = 0;
	l->bytes = 0;
}

struct land_file *
land_next(struct land *l)
{
	struct land_file *f = TAILQ_FIRST(&l->synced);

	if (f != NULL)
		TAILQ_REMOVE(&l->synced, f, entry);
	return (f);
}

uint64_t
land_room(const struct land *l)
{
	struct statvfs v;

	if (fstatvfs(below_rootfd(l->below), &v) == -1)
		return (UINT64_MAX);
	return ((uint64_t)v.f_bavail * v.f_frsize);
}
