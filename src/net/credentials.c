#include "net/credentials.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "net/http.h"
#include "net/imds.h"
#include "net/lease.h"
#include "net/settings.h"
#include "net/source.h"
#include "net/sts.h"

enum {
	AHEAD_MS = 5 * 60 * 1000,	/* refreshed before the end */
	FRESH_MS = 1000,		/* never again sooner */
	RETRY_MS = 5000,		/* after a failure */
	CONNECT_MS = 3000,
	STALL_MS = 5000
};

struct credentials {
	struct source source;
	struct settings *settings;
	char *ca_file;
	struct lease lease;
	bool stale;			/* the server does not take it */
	int64_t refresh_ms;		/* when; since 1970, 0: never */
	int64_t retry_ms;		/* not before; clock_mono_ms() */
	int64_t got_ms;			/* when the lease came; the same */
	struct err why;			/* of the last failure */
};

struct credentials *
credentials_new(const struct credentials_cfg *cfg, struct err *e)
{
	struct credentials *c = mem_zero(sizeof(*c));
	struct lease_cfg given = { .access = cfg->access,
	    .secret = cfg->secret };

	c->ca_file = cfg->ca_file != NULL ? mem_strdup(cfg->ca_file) : NULL;
	if ((c->settings = settings_new(e)) != NULL &&
	    source_choose(&c->source, c->settings, &given, e) == 0)
		return (c);
	credentials_free(c);
	return (NULL);
}

void
credentials_free(struct credentials *c)
{
	if (c == NULL)
		return;
	settings_free(c->settings);
	lease_fini(&c->lease);
	source_fini(&c->source);
	free(c->ca_file);
	free(c);
}

static int
ask_sts(struct credentials *c, struct http *h, struct lease *l,
    struct err *e)
{
	struct sts_cfg cfg = {
		.token_file = settings_get(c->settings,
		    "web_identity_token_file"),
		.role_arn = settings_get(c->settings, "role_arn"),
		.session = settings_get(c->settings, "role_session_name"),
		.endpoint = settings_env("AWS_ENDPOINT_URL_STS"),
		.region = settings_region(c->settings),
	};

	if (cfg.token_file == NULL || cfg.role_arn == NULL) {
		cfg.token_file = settings_env("AWS_WEB_IDENTITY_TOKEN_FILE");
		cfg.role_arn = settings_env("AWS_ROLE_ARN");
		cfg.session = settings_env("AWS_ROLE_SESSION_NAME");
	}
	return (sts_assume(h, &cfg, l, e));
}

static int
ask_imds(struct credentials *c, struct http *h, struct lease *l,
    struct err *e)
{
	const char *u = settings_env("AWS_EC2_METADATA_SERVICE_ENDPOINT");
	const char *mode = settings_env(
	    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
	struct err why;
	size_t n;
	char *url;
	int ret;

	if (u == NULL)
		u = mode != NULL && strcasecmp(mode, "IPv6") == 0 ?
		    "http://[fd00:ec2::254]" : "http://169.254.169.254";
	for (n = strlen(u); n > 0 && u[n - 1] == '/'; n--)
		continue;
	url = mem_strndup(u, n);
	ret = imds_ask(h, url, l, &why);
	free(url);
	if (ret == 0)
		return (0);
	/* Without keys so far this is no failure but one more place. */
	if (c->lease.access == NULL &&
	    (why.cls == ERR_NETWORK || why.cls == ERR_IO ||
	    why.cls == ERR_NOTFOUND))
		err_set(e, ERR_CONFIG, "no credentials found: %s; instance "
		    "metadata: %s", buf_str(&c->source.looked), why.msg);
	else {
		*e = why;
		err_prefix(e, "instance metadata");
	}
	return (-1);
}

static int
ask_source(struct credentials *c, struct lease *l, struct err *e)
{
	bool imds = c->source.kind == SOURCE_IMDS;
	struct http_cfg cfg = {
		.concurrent = 1,
		.connect_timeout_ms = imds ? IMDS_TIMEOUT_MS : CONNECT_MS,
		.stall_timeout_ms = imds ? IMDS_TIMEOUT_MS : STALL_MS,
		.ca_file = c->ca_file,
		/* Who answers the others is near; a token for them is nobody
		 * else's business. */
		.direct = c->source.kind != SOURCE_STS,
	};
	struct container_cfg container;
	struct http *h;
	int ret;

	if ((h = http_new(&cfg, e)) == NULL)
		return (-1);
	if (c->source.kind == SOURCE_STS)
		ret = ask_sts(c, h, l, e);
	else if (c->source.kind == SOURCE_CONTAINER) {
		source_container(&container);
		ret = container_ask(h, &container, l, e);
	} else
		ret = ask_imds(c, h, l, e);
	http_free(h);
	return (ret);
}

/* When to ask again for keys that were handed out now. */
static int64_t
next_refresh(int64_t expires_ms, int64_t now_ms)
{
	int64_t left_ms = expires_ms - now_ms;

	if (expires_ms == 0)
		return (0);
	if (left_ms > 2 * (int64_t)AHEAD_MS)
		return (expires_ms - AHEAD_MS);
	/* A clock of ours that is wrong must not make us ask all the time. */
	return (now_ms + (left_ms / 2 > FRESH_MS ? left_ms / 2 : FRESH_MS));
}

/* Are the keys that we have worth using although no new ones came? */
static bool
still_good(const struct credentials *c, int64_t now_ms)
{
	return (c->lease.access != NULL && !c->stale &&
	    (c->lease.expires_ms == 0 || now_ms < c->lease.expires_ms));
}

static int
refresh(struct credentials *c, int64_t now_ms, struct err *e)
{
	struct lease l = { 0 };

	if (clock_mono_ms() < c->retry_ms) {
		if (still_good(c, now_ms))
			return (0);
		*e = c->why;
		return (-1);
	}
	if (ask_source(c, &l, &c->why) == -1) {
		c->retry_ms = clock_mono_ms() + RETRY_MS;
		if (still_good(c, now_ms))
			return (0);
		*e = c->why;
		return (-1);
	}
	lease_fini(&c->lease);
	c->lease = l;
	c->stale = false;
	c->got_ms = clock_mono_ms();
	c->refresh_ms = next_refresh(l.expires_ms, clock_real_ms());
	return (0);
}

static bool
is_due(const struct credentials *c, int64_t now_ms)
{
	return (c->lease.access == NULL || c->stale ||
	    (c->refresh_ms != 0 && now_ms >= c->refresh_ms));
}

int
credentials_get(struct credentials *c, struct sigv4_keys *keys,
    struct err *e)
{
	const struct lease *l = &c->source.fixed;
	int64_t now_ms = clock_real_ms();

	if (c->source.kind == SOURCE_NONE) {
		err_set(e, ERR_CONFIG, "no credentials found: %s",
		    buf_str(&c->source.looked));
		return (-1);
	}
	if (c->source.kind != SOURCE_FIXED) {
		l = &c->lease;
		if (is_due(c, now_ms) && refresh(c, now_ms, e) == -1)
			return (-1);
	}
	*keys = (struct sigv4_keys){ .access = l->access,
	    .secret = l->secret, .token = l->token };
	return (0);
}

bool
credentials_expired(struct credentials *c)
{
	if (clock_mono_ms() - c->got_ms >= FRESH_MS)
		c->stale = true;
	return (c->source.kind != SOURCE_FIXED);
}

char *
credentials_region(const struct credentials *c)
{
	return (mem_strdup(settings_region(c->settings)));
}

char *
credentials_endpoint(const struct credentials *c)
{
	const char *u = settings_endpoint(c->settings);

	return (u != NULL ? mem_strdup(u) : NULL);
}

const char *
credentials_env_endpoint(void)
{
	return (settings_env_endpoint());
}
