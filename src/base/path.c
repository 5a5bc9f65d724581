#include "base/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

char *
path_absolute(const char *path, const char *what, struct err *e)
{
	struct buf b = { 0 };
	char *cwd = NULL, *ret = NULL;
	size_t n;

	if (path[0] == '\0') {
		err_set(e, ERR_USAGE, "%s: an empty path names nothing", what);
		goto out;
	}
	if (path[0] != '/') {
		if ((cwd = getcwd(NULL, 0)) == NULL) {
			err_sys(e, ERR_IO, "%s: %s: the working directory",
			    what, path);
			goto out;
		}
		if (strcmp(cwd, "/") != 0)
			buf_puts(&b, cwd);
	}
	while (*path != '\0') {
		path += strspn(path, "/");
		n = strcspn(path, "/");
		if (n == 2 && memcmp(path, "..", 2) == 0) {
			err_set(e, ERR_USAGE, "%s: \"..\" is not taken in a "
			    "path; write the path that is meant", what);
			goto out;
		}
		if (n > 0 && !(n == 1 && *path == '.')) {
			buf_putc(&b, '/');
			buf_put(&b, path, n);
		}
		path += n;
	}
	if (b.len == 0)
		buf_putc(&b, '/');
	ret = buf_take(&b);
out:
	buf_fini(&b);
	free(cwd);
	return (ret);
}

/* Bytes up to the end of the last ".."; 0: there is none. */
static size_t
up_len(const char *path)
{
	const char *p = path;
	size_t n, len = 0;

	for (; *p != '\0'; p += n) {
		p += strspn(p, "/");
		n = strcspn(p, "/");
		if (n == 2 && memcmp(p, "..", 2) == 0)
			len = (size_t)(p - path) + n;
	}
	return (len);
}

char *
path_resolve(const char *path, const char *what, struct err *e)
{
	size_t n = up_len(path);
	char *head, *real, *whole, *ret = NULL;

	if (n == 0)
		return (path_absolute(path, what, e));
	head = mem_strndup(path, n);
	if ((real = realpath(head, NULL)) == NULL)
		err_set(e, ERR_USAGE, "%s: %s: %s; what stands before \"..\" "
		    "must be a directory that is there", what, head,
		    strerror(errno));
	else {
		whole = mem_printf("%s/%s", real, path + n);
		ret = path_absolute(whole, what, e);
		free(whole);
	}
	free(real);
	free(head);
	return (ret);
}

int
path_within(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (n == 1)		/* "/" */
		return (1);
	return (strncmp(path, dir, n) == 0 &&
	    (path[n] == '\0' || path[n] == '/'));
}
