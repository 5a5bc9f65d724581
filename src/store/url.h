/*
 * url -- which store: "file:///dir" or a plain path (the embedded default);
 * "s3://bucket/prefix?option=value" (its room is ready: class usage until it
 * is there).  The path of a URL is not percent-decoded: keys hold '%'
 * literally.
 */
#ifndef STORE_URL_H
#define STORE_URL_H

#include "base/err.h"

struct store_url {
	char *canonical;	/* "file:///abs/dir", links resolved as far as
				 * it is there: one store, one text */
	char *path;		/* "/abs/dir" */
};

/*
 * Take "text" apart.  "what" names it in errors ("--to").  Class usage: empty,
 * another scheme, a host in a file URL, "..", "/" itself.  store_url_fini().
 */
int store_url_parse(const char *text, const char *what, struct store_url *u,
    struct err *e);
void store_url_fini(struct store_url *u);

/*
 * Take the URL of something in a store apart: a key, an object or a glob over
 * keys.  The store is the deepest directory at or above the part without
 * wildcards that holds .litefleet/store.  "*below" is what follows, without
 * slash at the beginning ("" for the store itself).  Class not-found: no
 * store there; usage.
 */
int store_url_locate(const char *text, const char *what, struct store_url *u,
    char **below, struct err *e);

#endif
