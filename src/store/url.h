/*
 * url -- which store: "file:///dir" or a plain path (the embedded default);
 * "s3://bucket/prefix?option=value&...".  The path of a URL is not
 * percent-decoded: keys hold '%' literally.
 *
 * In the URL of an s3 store the first '?' begins the options; a prefix has
 * none.  In that of something in a store it is the last one, if
 * "name=value[&name=value]..." follows it up to the end, with names of a-z 0-9
 * and '-'; every other '?' is a byte of the key, in globs too.  So a key that
 * ends as if with options is named with an option behind it.  Values are
 * percent-decoded.
 */
#ifndef STORE_URL_H
#define STORE_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum store_kind {
	STORE_DIR,
	STORE_S3
};

/* What an s3 URL says; what it does not say is NULL, 0 or, where 0 has a
 * meaning, -1. */
struct store_url_s3 {
	char *bucket;
	char *prefix;		/* "" or "a/b", no slash at either end */
	char *endpoint;		/* "https://host:port" of the URL, else of the
				 * environment; store_url_endpoint() */
	char *region;
	int path_style;		/* 1, 0, -1 */
	int sign_payload;	/* 1, 0, -1 */
	char *storage_class;
	char *sse;		/* "AES256", "aws:kms" */
	char *sse_kms_key_id;	/* only with aws:kms */
	char *acl;
	bool require_content_md5;
	bool skip_verify;
	bool slash;		/* the path ended in '/'; for store_url_up() */
	uint64_t part_bytes;	/* 5 MiB to 5 GiB, or 0 */
};

struct store_url {
	enum store_kind kind;
	char *canonical;	/* one store, one text, without options that
				 * do not tell stores apart: "file:///abs/dir"
				 * with links resolved as far as it is there,
				 * "s3://bucket/prefix", where the endpoint is
				 * not AWS's "s3://bucket/prefix?endpoint=
				 * host:port" */
	char *path;		/* STORE_DIR: "/abs/dir"; else NULL */
	struct store_url_s3 s3;	/* STORE_S3 */
};

/*
 * Take "text" apart.  "what" names it in errors ("--to").  Class usage: empty,
 * another scheme, a host in a file URL, a ".." that leads nowhere
 * (path_resolve()), "/" itself; no valid bucket (3 to 63 of a-z 0-9 . -), an
 * option that is unknown (all are listed), twice or senseless.  The values of
 * options are in no message.  On error *u is empty.  store_url_fini().
 */
int store_url_parse(const char *text, const char *what, struct store_url *u,
    struct err *e);
void store_url_fini(struct store_url *u);

/*
 * Take the URL of something in a store apart: a key, an object or a glob over
 * keys.  "*below" is what follows the store, without slash at the beginning
 * ("" for the store itself); the caller frees.
 *
 * A directory: the store is the deepest one at or above the part without
 * wildcards that holds .litefleet/store.  Class not-found: no store there;
 * denied; usage.
 *
 * S3: makes no request.  The store is taken to be the longest prefix of whole
 * components without wildcards (* [ { \) and without '?'.  Whoever can ask for
 * <prefix>/.litefleet/store does, and goes up with store_url_up() until it is
 * there.
 */
int store_url_locate(const char *text, const char *what, struct store_url *u,
    char **below, struct err *e);

/* Move the last component of an s3 URL's prefix to the front of *below (which
 * is replaced); false, and nothing moved, if the prefix is empty. */
bool store_url_up(struct store_url *u, char **below);

/*
 * An endpoint as a person writes it ("host", "host:9000", "http://host/") as
 * "scheme://host[:port]" in lower case, https by default; allocated.  NULL
 * with class usage: a path, a query, a user, another scheme.  "what" names it
 * in the error, the text does not.
 */
char *store_url_endpoint(const char *text, const char *what, struct err *e);

#endif
