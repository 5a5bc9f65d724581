#include "store/s3order.h"

#include <string.h>

#include "base/utf8.h"

enum {
	SHOWN_BYTES = 64	/* of a key that may be of any length */
};

/* A key for a message; log escapes what is in it. */
static int
shown(const char *key)
{
	size_t n = strlen(key), at = 0, step;

	while (at < n && at < SHOWN_BYTES) {
		step = utf8_step((const unsigned char *)key + at, n - at);
		at += step == 0 ? 1 : step;
	}
	return ((int)at);
}

/* A slash behind the prefix; one at the end counts for an object only. */
static bool
is_deeper(const struct s3_object *v, size_t nprefix)
{
	const char *slash = strchr(v->key + nprefix, '/');

	return (slash != NULL && (!v->directory || slash[1] != '\0'));
}

static const char *
what_is_wrong(const struct s3_order *o, const struct s3_object *v,
    const char *before)
{
	size_t nprefix = strlen(o->prefix), n = strlen(v->key);

	if (n > S3_ORDER_KEY_BYTES)
		return ("a key that is too long");
	if (strncmp(v->key, o->prefix, nprefix) != 0)
		return ("a key that was not asked for");
	if (v->directory && (!o->shallow || n == nprefix ||
	    v->key[n - 1] != '/'))
		return ("a directory that was not asked for");
	if (o->shallow && is_deeper(v, nprefix))
		return ("a key below the directory that was asked for");
	if (before != NULL && strcmp(v->key, before) <= 0)
		return ("a key that is not in its place (lists must be in the "
		    "order of bytes)");
	return (NULL);
}

int
s3_order_check(const struct s3_order *o, const struct s3_page *page,
    struct err *e)
{
	const char *before[2] = { o->reached, o->reached }, *wrong;
	const struct s3_object *v;
	size_t i;

	for (i = 0; i < page->n; i++) {
		v = &page->v[i];
		if ((wrong = what_is_wrong(o, v,
		    before[v->directory])) != NULL) {
			err_set(e, ERR_NETWORK, "the server lists %s: "
			    "\"%.*s\"", wrong, shown(v->key), v->key);
			return (-1);
		}
		before[v->directory] = v->key;
	}
	if (page->next != NULL && strlen(page->next) > S3_ORDER_TOKEN_BYTES) {
		err_set(e, ERR_NETWORK, "the server's list goes on with a "
		    "token of %zu bytes", strlen(page->next));
		return (-1);
	}
	return (0);
}
