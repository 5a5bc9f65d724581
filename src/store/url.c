#include "store/url.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/path.h"
#include "store/urls3.h"

#define MARKER	"/.litefleet/store"

/* Bytes of the scheme in front of "://" or, for those we know, of ":"; 0:
 * none, it is a path. */
static size_t
scheme_len(const char *text)
{
	size_t n = 0;

	if (!isalpha((unsigned char)text[0]))
		return (0);
	while (isalnum((unsigned char)text[n]) || (text[n] != '\0' &&
	    strchr("+-.", text[n]) != NULL))
		n++;
	if (strncmp(text + n, "://", 3) == 0 ||
	    strncmp(text, "file:", 5) == 0 || strncmp(text, "s3:", 3) == 0)
		return (n);
	return (0);
}

static bool
is_s3(const char *text)
{
	return (strncmp(text, "s3:", 3) == 0);
}

/*
 * The path of a file URL or a plain path, absolute and normal; the caller
 * frees.  "*url" says which it was.
 */
static char *
take(const char *text, const char *what, bool *url, struct err *e)
{
	size_t n = scheme_len(text);

	*url = n > 0;
	if (n > 0 && (n != 4 || strncmp(text, "file", 4) != 0)) {
		err_set(e, ERR_USAGE, "%s: %s: the scheme \"%.*s\" is not "
		    "known; write file:///directory or s3://bucket/prefix",
		    what, text, (int)n, text);
		return (NULL);
	}
	if (n > 0 && strncmp(text + n, ":///", 4) != 0) {
		err_set(e, ERR_USAGE, "%s: %s: a file URL has three slashes "
		    "and no host; write file:///directory", what, text);
		return (NULL);
	}
	return (path_resolve(n > 0 ? text + n + 3 : text, what, e));
}

/* Fill in *u; "path" is taken over. */
static void
fill(struct store_url *u, char *path)
{
	u->kind = STORE_DIR;
	u->path = path;
	u->canonical = mem_printf("file://%s", path);
}

/*
 * One store, one text: resolve the links in "path" (taken over) as far as it
 * is there.  What is missing yet is made below what is there, so the text
 * stays the same.
 */
static char *
resolve(char *path)
{
	size_t len = strlen(path);
	char *head, *real, *whole;

	for (;;) {
		head = mem_strndup(path, len > 0 ? len : 1);
		real = realpath(head, NULL);
		free(head);
		if (real != NULL || len <= 1)
			break;
		while (path[--len] != '/')
			continue;
	}
	if (real == NULL)
		return (path);
	whole = mem_printf("%s%s", strcmp(real, "/") == 0 ? "" : real,
	    path + len);
	free(real);
	free(path);
	return (whole);
}

int
store_url_parse(const char *text, const char *what, struct store_url *u,
    struct err *e)
{
	char *path;
	bool url;

	memset(u, 0, sizeof(*u));
	if (is_s3(text))
		return (urls3_parse(text, what, u, e));
	if ((path = take(text, what, &url, e)) == NULL)
		return (-1);
	if (strcmp(path, "/") == 0)
		err_set(e, ERR_USAGE, "%s: %s: the root directory cannot be a "
		    "store; name a directory below it", what, text);
	else if (url && strchr(path, '?') != NULL)
		err_set(e, ERR_USAGE, "%s: %s: a file URL takes no options "
		    "(\"?\"); write the directory as a plain path if it is "
		    "called so", what, text);
	else {
		fill(u, resolve(path));
		return (0);
	}
	free(path);
	return (-1);
}

void
store_url_fini(struct store_url *u)
{
	free(u->canonical);
	free(u->path);
	urls3_fini(&u->s3);
	memset(u, 0, sizeof(*u));
}

/* Does path[0 .. len-1] hold a marker?  1, 0, or -1 if it hides that. */
static int
is_store(const char *path, size_t len)
{
	char *name = mem_printf("%.*s" MARKER, (int)len, path);
	struct stat st;
	int ret;

	if (stat(name, &st) == 0)
		ret = S_ISREG(st.st_mode);
	else
		ret = errno == EACCES ? -1 : 0;
	free(name);
	return (ret);
}

int
store_url_locate(const char *text, const char *what, struct store_url *u,
    char **below, struct err *e)
{
	size_t len, hidden = 0;
	char *path;
	int found = 0;
	bool url, slash;

	memset(u, 0, sizeof(*u));
	*below = NULL;
	if (is_s3(text))
		return (urls3_locate(text, what, u, below, e));
	if ((path = take(text, what, &url, e)) == NULL)
		return (-1);
	slash = text[strlen(text) - 1] == '/';
	for (len = strlen(path); len > 1; ) {
		if ((found = is_store(path, len)) == 1)
			break;
		if (found == -1)
			hidden = len;
		while (path[--len] != '/')
			continue;
	}
	if (found == 1) {
		*below = mem_printf("%s%s", path[len] == '/' ? path + len + 1 :
		    "", path[len] == '/' && slash ? "/" : "");
		path[len] = '\0';
		fill(u, path);
		return (0);
	}
	if (hidden > 0)
		err_set(e, ERR_DENIED, "%s: %s: whether there is a store "
		    "cannot be seen: %.*s: %s", what, text, (int)hidden, path,
		    strerror(EACCES));
	else
		err_set(e, ERR_NOTFOUND, "%s: there is no store at or above "
		    "%s (no directory with .litefleet/store)", what, path);
	free(path);
	return (-1);
}
