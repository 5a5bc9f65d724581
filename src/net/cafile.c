#include "net/cafile.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "net/cert.h"

/* Is there a certificate in it?  Found here, it is one sentence; by curl, it
 * would be every request. */
static int
check(const char *path, const char *what, struct err *e)
{
	FILE *f;
	bool any;

	if ((f = fopen(path, "re")) == NULL) {
		err_sys(e, ERR_CONFIG, "%s %s", what, path);
		return (-1);
	}
	any = cert_in_file(f);
	(void)fclose(f);
	if (!any) {
		err_set(e, ERR_CONFIG, "%s %s: no certificate in it", what,
		    path);
		return (-1);
	}
	return (0);
}

int
cafile_find(const char *given, char **out, struct err *e)
{
	static const char *const vars[] = { "SSL_CERT_FILE", "AWS_CA_BUNDLE" };
	const char *path = given, *what = "CA file";
	size_t i;

	for (i = 0; path == NULL && i < 2; i++) {
		what = vars[i];
		if ((path = getenv(what)) != NULL && *path == '\0')
			path = NULL;
	}
	if (path == NULL)
		return (0);
	if (check(path, what, e) == -1)
		return (-1);
	*out = mem_strdup(path);
	return (0);
}
