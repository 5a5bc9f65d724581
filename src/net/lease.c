#include "net/lease.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/jsonread.h"
#include "base/mem.h"

static void
wipe(char **s)
{
	if (*s != NULL)
		explicit_bzero(*s, strlen(*s));
	free(*s);
	*s = NULL;
}

void
lease_fini(struct lease *l)
{
	wipe(&l->access);
	wipe(&l->secret);
	wipe(&l->token);
	l->expires_ms = 0;
}

/* Fit for a header, and not the end of a file's last line by mistake? */
static int
check(const char *s, const char *name, const char *from, struct err *e)
{
	const unsigned char *p;

	if (s == NULL || *s == '\0') {
		err_set(e, ERR_CONFIG, "%s: the %s is missing", from, name);
		return (-1);
	}
	for (p = (const unsigned char *)s; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~') {
			err_set(e, ERR_CONFIG, "%s: the %s holds a blank, a "
			    "line break or another byte that no key has", from,
			    name);
			return (-1);
		}
	return (0);
}

int
lease_fill(struct lease *l, const struct lease_cfg *cfg, const char *from,
    struct err *e)
{
	int64_t expires_ms = 0;
	struct err why;

	memset(l, 0, sizeof(*l));
	if (check(cfg->access, "access key", from, e) == -1 ||
	    check(cfg->secret, "secret key", from, e) == -1 ||
	    (cfg->token != NULL &&
	    check(cfg->token, "session token", from, e) == -1))
		return (-1);
	if (cfg->expires != NULL && clock_parse(cfg->expires, "expiration",
	    &expires_ms, &why) == -1) {
		err_set(e, ERR_CONFIG, "%s: when the keys expire cannot be "
		    "understood", from);
		return (-1);
	}
	l->access = mem_strdup(cfg->access);
	l->secret = mem_strdup(cfg->secret);
	l->token = cfg->token != NULL ? mem_strdup(cfg->token) : NULL;
	l->expires_ms = expires_ms;
	return (0);
}

int
lease_parse(struct lease *l, const void *json, size_t n, const char *from,
    struct err *e)
{
	struct lease_cfg cfg;
	struct jsonread *j;
	int ret;

	memset(l, 0, sizeof(*l));
	if ((j = jsonread_parse(json, n, e)) == NULL) {
		err_prefix(e, "%s: the answer", from);
		e->cls = ERR_CONFIG;
		return (-1);
	}
	cfg = (struct lease_cfg){
		.access = jsonread_str(j, "AccessKeyId"),
		.secret = jsonread_str(j, "SecretAccessKey"),
		.token = jsonread_str(j, "Token"),
		.expires = jsonread_str(j, "Expiration"),
	};
	ret = lease_fill(l, &cfg, from, e);
	jsonread_free(j);
	return (ret);
}
