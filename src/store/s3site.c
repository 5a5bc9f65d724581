/*
 * s3site -- where requests to a bucket go: host, path and region, and what
 * becomes of them when the server points elsewhere.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/s3call.h"

static bool
begins(const char *s, const char *with)
{
	return (strncmp(s, with, strlen(with)) == 0);
}

/* Host and path for the region, at AWS or where "host" is. */
static void
aim(struct s3_site *site, const char *host)
{
	char *old = site->host, *aws = NULL;

	if (site->aws) {
		aws = mem_printf("s3.%s.amazonaws.com%s", site->region,
		    begins(site->region, "cn-") ? ".cn" : "");
		host = aws;
	}
	site->host = site->path_style ? mem_strdup(host) :
	    mem_printf("%s.%s", site->bucket, host);
	free(site->base);
	site->base = site->path_style ? mem_printf("/%s/", site->bucket) :
	    mem_strdup("/");
	free(aws);
	free(old);
}

/* Is it what may stand in a Host header?  Then without the scheme's own
 * port, which nobody sends. */
static bool
take_host(const char *text, size_t n, const char *scheme, char **host)
{
	const char *port = strcmp(scheme, "https") == 0 ? ":443" : ":80";
	size_t i, m = strlen(port);

	for (i = 0; i < n; i++)
		if (!isalnum((unsigned char)text[i]) &&
		    strchr(".-_:[]", text[i]) == NULL)
			return (false);
	if (n == 0)
		return (false);
	if (n > m && memcmp(text + n - m, port, m) == 0)
		n -= m;
	*host = mem_strndup(text, n);
	return (true);
}

int
s3_site_init(struct s3_site *site, const struct store_url_s3 *u,
    const char *region, const char *endpoint, struct err *e)
{
	const char *p;
	char *host = NULL;

	memset(site, 0, sizeof(*site));
	site->bucket = mem_strdup(u->bucket);
	site->region = mem_strdup(u->region != NULL ? u->region : region);
	site->aws = endpoint == NULL;
	if (endpoint == NULL) {
		site->scheme = mem_strdup("https");
		/* A certificate's "*" stands for one label. */
		site->path_style = u->path_style != -1 ? u->path_style == 1 :
		    strchr(u->bucket, '.') != NULL;
		aim(site, NULL);
		return (0);
	}
	if ((p = strstr(endpoint, "://")) == NULL) {
		err_set(e, ERR_CONFIG, "the S3 endpoint is no URL");
		return (-1);
	}
	site->scheme = mem_strndup(endpoint, (size_t)(p - endpoint));
	site->path_style = u->path_style != 0;
	p += 3;
	if (!take_host(p, strcspn(p, "/"), site->scheme, &host)) {
		err_set(e, ERR_CONFIG, "the S3 endpoint is no URL");
		return (-1);
	}
	aim(site, host);
	free(host);
	return (0);
}

void
s3_site_fini(struct s3_site *site)
{
	free(site->bucket);
	free(site->scheme);
	free(site->host);
	free(site->base);
	free(site->region);
}

/* The name in "host:port". */
static size_t
name_len(const char *host)
{
	return (host[0] == '[' ? strcspn(host, "]") : strcspn(host, ":"));
}

static bool
is_below(const char *name, size_t n, const char *domain, size_t m)
{
	return (n > m && strncasecmp(name + n - m, domain, m) == 0);
}

/* The host without the bucket that may be in front of it. */
static const char *
own_host(const struct s3_site *site)
{
	return (site->host +
	    (site->path_style ? 0 : strlen(site->bucket) + 1));
}

static bool
is_same(const char *host, const char *other)
{
	size_t n = name_len(host);

	return (n == name_len(other) && strncasecmp(host, other, n) == 0);
}

/* Is the bucket in front of it?  Not of our own host, whatever it is called:
 * "backup.example.com" may have a bucket "backup". */
static bool
has_bucket(const struct s3_site *site, const char *host)
{
	return (begins(host, site->bucket) &&
	    host[strlen(site->bucket)] == '.' &&
	    !is_same(host, own_host(site)));
}

/*
 * May requests go to "host", with our data and a session token?  To AWS, if it
 * was AWS; else to the same host, on any port, and to those of its domain
 * ("s3-eu.example.com" for "s3.example.com").
 */
static bool
is_ours(const struct s3_site *site, const char *host)
{
	static const char aws[] = ".amazonaws.com", cn[] = ".amazonaws.com.cn";
	const char *own = own_host(site), *domain;
	size_t n, m = name_len(own);

	if (has_bucket(site, host))
		host += strlen(site->bucket) + 1;
	if (is_same(host, own))
		return (true);
	n = name_len(host);
	if (site->aws)
		return (is_below(host, n, aws, sizeof(aws) - 1) ||
		    is_below(host, n, cn, sizeof(cn) - 1));
	/* An address has no domain, and "com" is none of one owner. */
	if (own[0] == '[' || isdigit((unsigned char)own[m - 1]) ||
	    (domain = memchr(own, '.', m)) == NULL)
		return (false);
	m -= (size_t)(domain - own);
	return (memchr(domain + 1, '.', m - 1) != NULL &&
	    is_below(host, n, domain, m));
}

/* Another region of the same owner. */
static bool
go_region(struct s3_site *site, const char *region)
{
	size_t i;

	for (i = 0; region[i] != '\0'; i++)
		if (!isalnum((unsigned char)region[i]) && region[i] != '-')
			return (false);
	if (i == 0 || strcmp(region, site->region) == 0)
		return (false);
	free(site->region);
	site->region = mem_strdup(region);
	site->nmoves++;
	if (site->aws)
		aim(site, NULL);
	return (true);
}

/* Another host: "endpoint" may have the bucket in front. */
static bool
go_host(struct s3_site *site, const char *endpoint)
{
	char *host;

	if (!take_host(endpoint, strlen(endpoint), site->scheme, &host))
		return (false);
	if (strcmp(host, site->host) == 0 || !is_ours(site, host)) {
		free(host);
		return (false);
	}
	site->nmoves++;
	site->path_style = !has_bucket(site, host);
	site->aws = false;
	aim(site, site->path_style ? host :
	    host + strlen(site->bucket) + 1);
	free(host);
	return (true);
}

bool
s3_site_follow(struct s3_site *site, const struct s3_fault *f,
    const char *location, char **moved)
{
	size_t n = strlen(site->scheme);
	const char *p;
	char *host;
	bool any;

	*moved = NULL;
	/* What is said for good first.  AWS's host follows its region. */
	if (f->status != 307) {
		any = f->region[0] != '\0' && go_region(site, f->region);
		if (f->endpoint[0] != '\0' && !(any && site->aws))
			any = go_host(site, f->endpoint) || any;
		if (any)
			return (true);
	}
	/* Never to another scheme: https must not become http. */
	if (location == NULL || strncmp(location, site->scheme, n) != 0 ||
	    strncmp(location + n, "://", 3) != 0)
		return (false);
	p = location + n + 3;
	if (!take_host(p, strcspn(p, "/?"), site->scheme, &host))
		return (false);
	if (!is_ours(site, host)) {
		free(host);
		return (false);
	}
	*moved = has_bucket(site, host) ?
	    mem_printf("%s://%s/", site->scheme, host) :
	    mem_printf("%s://%s/%s/", site->scheme, host, site->bucket);
	free(host);
	return (true);
}
