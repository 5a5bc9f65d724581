#include "cmd/errorfile.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"

struct errorfile {
	char *path;
	char *beside;		/* what takes its place, or NULL */
	int fd;
	bool torn;
};

static bool
is_same(const char *path, const char *retried, struct stat *st)
{
	struct stat other;

	return (retried != NULL && stat(path, st) == 0 &&
	    stat(retried, &other) == 0 && S_ISREG(st->st_mode) &&
	    st->st_dev == other.st_dev && st->st_ino == other.st_ino);
}

static int
open_beside(struct errorfile *f, const char *path, mode_t mode,
    struct err *e)
{
	/* Behind links, since what has the name is replaced. */
	char *real = realpath(path, NULL);

	if (real != NULL) {
		free(f->path);
		f->path = real;
	}
	f->beside = mem_printf("%s.XXXXXX", f->path);
	if ((f->fd = mkostemp(f->beside, O_APPEND | O_CLOEXEC)) == -1) {
		err_io(e, "--error-report %s: a file beside it", path);
		free(f->beside);
		f->beside = NULL;
		return (-1);
	}
	if (fchmod(f->fd, mode & 0777) == -1) {
		err_io(e, "--error-report %s: chmod %s", path, f->beside);
		return (-1);
	}
	return (0);
}

bool
errorfile_is_same(const char *path, const char *retried)
{
	struct stat st;

	return (is_same(path, retried, &st));
}

struct errorfile *
errorfile_open(const char *path, const char *retried, struct err *e)
{
	struct errorfile *f = mem_zero(sizeof(*f));
	struct stat st;

	f->fd = -1;
	f->path = mem_strdup(path);
	if (is_same(path, retried, &st)) {
		if (open_beside(f, path, st.st_mode, e) == 0)
			return (f);
	} else if ((f->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC |
	    O_APPEND | O_CLOEXEC | O_NOCTTY, 0600)) != -1)
		return (f);
	else
		err_io(e, "--error-report %s", path);
	errorfile_free(f);
	return (NULL);
}

int
errorfile_put(struct errorfile *f, const void *line, size_t n, struct err *e)
{
	if (io_write(f->fd, line, n, f->beside != NULL ? f->beside : f->path,
	    e) == 0)
		return (0);
	f->torn = true;
	return (-1);
}

int
errorfile_finish(struct errorfile *f, struct err *e)
{
	if (f->beside == NULL || f->torn)
		return (0);
	if (fsync(f->fd) == -1 || rename(f->beside, f->path) == -1) {
		err_io(e, "%s cannot take the place of %s", f->beside,
		    f->path);
		f->torn = true;
		return (-1);
	}
	free(f->beside);
	f->beside = NULL;
	return (0);
}

bool
errorfile_is_torn(const struct errorfile *f)
{
	return (f->torn);
}

bool
errorfile_is_beside(const struct errorfile *f)
{
	return (f->beside != NULL);
}

void
errorfile_free(struct errorfile *f)
{
	if (f == NULL)
		return;
	io_close(&f->fd);
	if (f->beside != NULL)
		(void)unlink(f->beside);
	free(f->beside);
	free(f->path);
	free(f);
}
