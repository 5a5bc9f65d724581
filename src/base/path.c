#include "base/path.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

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

int
path_within(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (n == 1)		/* "/" */
		return (1);
	return (strncmp(path, dir, n) == 0 &&
	    (path[n] == '\0' || path[n] == '/'));
}
