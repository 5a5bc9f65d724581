#include "store/urls3.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "net/credentials.h"

#define OPTION_CHARS	"abcdefghijklmnopqrstuvwxyz0123456789-"
#define BUCKET_CHARS	OPTION_CHARS "."

void
urls3_fini(struct store_url_s3 *s)
{
	free(s->bucket);
	free(s->prefix);
	free(s->endpoint);
	free(s->region);
	free(s->storage_class);
	free(s->sse);
	free(s->sse_kms_key_id);
	free(s->acl);
	memset(s, 0, sizeof(*s));
}

/* Amazon S3 User Guide, "General purpose bucket naming rules". */
static bool
is_bucket(const char *s, size_t n)
{
	if (n < 3 || n > 63 || strspn(s, BUCKET_CHARS) < n ||
	    !isalnum((unsigned char)s[0]) ||
	    !isalnum((unsigned char)s[n - 1]) ||
	    memmem(s, n, "..", 2) != NULL)
		return (false);
	/* Four numbers would be taken for an address. */
	return (strspn(s, "0123456789.") < n);
}

static const char *
is_prefix(const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t len, step, left;

	for (left = n; left > 0; p += step, left -= step)
		if ((step = utf8_step(p, left)) == 0 ||
		    utf8_is_control(p, step))
			return ("a control character, or no UTF-8");
	for (; n > 0; s += len, n -= len) {
		for (len = 0; len < n && s[len] != '/'; len++)
			continue;
		if (len == 0 || (len < n && len + 1 == n))
			return ("an empty component (\"//\")");
		if ((len == 1 && s[0] == '.') ||
		    (len == 2 && s[0] == '.' && s[1] == '.'))
			return ("a component \".\" or \"..\"");
		len += len < n;
	}
	return (NULL);
}

/* The host of an endpoint that tells stores apart, or NULL: AWS is one,
 * whichever of its names is used. */
static const char *
foreign_host(const char *endpoint)
{
	const char *host;
	size_t n;

	if (endpoint == NULL)
		return (NULL);
	host = strstr(endpoint, "://") + 3;
	n = strcspn(host, ":");
	if (n > 14 && strncmp(host + n - 14, ".amazonaws.com", 14) == 0)
		return (NULL);
	return (host);
}

static void
fill_canonical(struct store_url *u)
{
	const char *host = foreign_host(u->s3.endpoint);

	free(u->canonical);
	u->canonical = mem_printf("s3://%s%s%s%s%s", u->s3.bucket,
	    *u->s3.prefix != '\0' ? "/" : "", u->s3.prefix,
	    host != NULL ? "?endpoint=" : "", host != NULL ? host : "");
}

/* A path without the slashes at its ends; says whether the last was there. */
static void
take_path(const char *s, size_t n, struct store_url_s3 *s3)
{
	while (n > 0 && *s == '/') {
		s++;
		n--;
	}
	s3->slash = n > 0 && s[n - 1] == '/';
	while (n > 0 && s[n - 1] == '/')
		n--;
	s3->prefix = mem_strndup(s, n);
}

static int
use_env_endpoint(struct store_url_s3 *s, struct err *e)
{
	const char *env = credentials_env_endpoint();

	if (s->endpoint != NULL || env == NULL)
		return (0);
	s->endpoint = store_url_endpoint(env, "the environment's endpoint "
	    "(AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_ENDPOINT)", e);
	return (s->endpoint != NULL ? 0 : -1);
}

/* Is it "name=value&..."? */
static bool
is_query(const char *s)
{
	bool any = false;
	size_t n;

	for (; *s != '\0'; s += strcspn(s, "&"), s += *s == '&') {
		if (*s == '&')
			continue;
		n = strspn(s, OPTION_CHARS);
		if (n == 0 || s[n] != '=')
			return (false);
		any = true;
	}
	return (any);
}

/*
 * Where the options begin, or the end.  A store's own URL has them behind its
 * first '?', whatever they look like: a slip in them must not make another
 * prefix.  In a key '?' is a byte like others unless options follow.
 */
static const char *
find_query(const char *at, size_t nbucket, bool key)
{
	const char *end = at + strlen(at), *last;

	if (!key || at[nbucket] == '?')
		return (at + strcspn(at, "?"));
	last = strrchr(at, '?');
	return (last != NULL && is_query(last + 1) ? last : end);
}

/* All but the canonical text and the sense of the prefix.  "key": the URL may
 * be that of a key. */
static int
take(const char *text, const char *what, bool key, struct store_url *u,
    struct err *e)
{
	const char *at = text + strlen("s3://"), *query;
	size_t nbucket, npath;
	char *where = NULL;
	int ret = -1;

	u->kind = STORE_S3;
	u->s3.path_style = u->s3.sign_payload = -1;
	if (strncmp(text, "s3://", 5) != 0) {
		err_set(e, ERR_USAGE, "%s: an S3 URL has two slashes; write "
		    "s3://bucket/prefix", what);
		goto out;
	}
	nbucket = strcspn(at, "/?");
	if (memchr(at, '@', nbucket) != NULL) {
		err_set(e, ERR_USAGE, "%s: keys do not belong into an S3 URL; "
		    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", what);
		goto out;
	}
	if (!is_bucket(at, nbucket)) {
		err_set(e, ERR_USAGE, "%s: \"%.*s\" is no bucket's name (3 "
		    "to 63 of a-z 0-9 . -, a letter or digit at both ends)",
		    what, (int)(nbucket > 100 ? 100 : nbucket), at);
		goto out;
	}
	query = find_query(at, nbucket, key);
	npath = (size_t)(query - at) - nbucket;
	u->s3.bucket = mem_strndup(at, nbucket);
	take_path(at + nbucket, npath, &u->s3);
	where = mem_printf("%s: s3://%.*s", what, (int)(query - at), at);
	if ((*query == '\0' ||
	    urls3_options(query + 1, where, &u->s3, e) == 0) &&
	    use_env_endpoint(&u->s3, e) == 0)
		ret = 0;
out:
	free(where);
	return (ret);
}

/* Is the prefix one, and no glob's beginning is wrong?  Then all is. */
static int
finish(const char *what, struct store_url *u, struct err *e)
{
	const char *why = is_prefix(u->s3.prefix, strlen(u->s3.prefix));

	if (why != NULL) {
		err_set(e, ERR_USAGE, "%s: s3://%s/%s has %s", what,
		    u->s3.bucket, u->s3.prefix, why);
		return (-1);
	}
	fill_canonical(u);
	return (0);
}

int
urls3_parse(const char *text, const char *what, struct store_url *u,
    struct err *e)
{
	if (take(text, what, false, u, e) == -1 || finish(what, u, e) == -1) {
		store_url_fini(u);
		return (-1);
	}
	u->s3.slash = false;
	return (0);
}

int
urls3_locate(const char *text, const char *what, struct store_url *u,
    char **below, struct err *e)
{
	size_t literal, n;
	char *p;

	if (take(text, what, true, u, e) == -1)
		goto out;
	p = u->s3.prefix;
	n = literal = strcspn(p, "*[{\\?");
	if (p[literal] != '\0') {
		while (n > 0 && p[n - 1] != '/')
			n--;
		*below = mem_printf("%s%s", p + n, u->s3.slash ? "/" : "");
		u->s3.slash = false;
		p[n > 0 ? n - 1 : 0] = '\0';
	}
	if (finish(what, u, e) == -1)
		goto out;
	if (*below == NULL)
		*below = mem_strdup("");
	return (0);
out:
	free(*below);
	*below = NULL;
	store_url_fini(u);
	return (-1);
}

bool
store_url_up(struct store_url *u, char **below)
{
	char *p = u->s3.prefix, *last, *longer;

	if (*p == '\0')
		return (false);
	last = strrchr(p, '/');
	last = last != NULL ? last + 1 : p;
	longer = mem_printf("%s%s%s", last, **below != '\0' || u->s3.slash ?
	    "/" : "", *below);
	u->s3.slash = false;
	free(*below);
	*below = longer;
	last[last > p ? -1 : 0] = '\0';
	fill_canonical(u);
	return (true);
}

char *
store_url_endpoint(const char *text, const char *what, struct err *e)
{
	bool plain = strncasecmp(text, "http://", 7) == 0;
	const char *host = text;
	char *url, *c;
	size_t n;

	if (plain)
		host += 7;
	else if (strncasecmp(text, "https://", 8) == 0)
		host += 8;
	n = strlen(host);
	if (n > 0 && host[n - 1] == '/')
		n--;
	if (n == 0 || n > 255 + 6 || strspn(host, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]") < n ||
	    host[0] == ':' || host[n - 1] == ':' || host[0] == '.') {
		err_set(e, ERR_USAGE, "%s is no endpoint; write host, "
		    "host:port, http://host:port or https://host:port", what);
		return (NULL);
	}
	url = mem_printf("%s://%.*s", plain ? "http" : "https", (int)n, host);
	for (c = url; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	return (url);
}
