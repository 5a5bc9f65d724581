/*
 * locate -- the store that the URL of something in it speaks of.
 */
#include <stdlib.h>
#include <string.h>

#include "store/s3.h"

/* Up from the longest prefix, a GET each, until there is a marker. */
static int
climb(struct store *s, struct store_url *u, char **below, struct err *e)
{
	struct err hidden = { .cls = ERR_NONE };
	int r;

	for (;;) {
		if ((r = s3_settle(s, u, e)) == 1)
			return (1);
		if (r == -1 && e->cls != ERR_DENIED)
			return (-1);
		/* A right to read may begin further up. */
		if (r == -1)
			hidden = *e;
		if (!store_url_up(u, below))
			break;
	}
	if (hidden.cls == ERR_NONE)
		return (0);
	*e = hidden;
	return (-1);
}

struct store *
store_locate(const struct store_cfg *cfg, const char *text, const char *what,
    struct store_url *u, char **below, struct err *e)
{
	struct store_cfg own = *cfg;
	struct store *s;
	int r;

	own.url = u;
	if (store_url_locate(text, what, u, below, e) == -1 ||
	    (s = store_open(&own, e)) == NULL)
		return (NULL);
	if (u->kind != STORE_S3)
		return (s);
	if ((r = climb(s, u, below, e)) == 1)
		return (s);
	if (r == 0)
		err_set(e, ERR_NOTFOUND, "%s: there is no store at or above "
		    "%s (no object .litefleet/store)", what, text);
	store_close(s);
	return (NULL);
}
