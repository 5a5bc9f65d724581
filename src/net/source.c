#include "net/source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Note in passing that there are no keys here. */
static void
pass(struct source *src, const char *what)
{
	buf_printf(&src->looked, "%s%s", src->looked.len > 0 ? "; " : "", what);
}

static int
use_fixed(struct source *src, const struct lease_cfg *keys,
    const char *from, struct err *e)
{
	src->kind = SOURCE_FIXED;
	return (lease_fill(&src->fixed, keys, from, e) == -1 ? -1 : 1);
}

/* The choose functions: 1 this is the source, 0 it is not, -1 it is broken. */
static int
choose_given(struct source *src, const struct lease_cfg *given,
    struct err *e)
{
	if (given->access == NULL && given->secret == NULL) {
		pass(src, "no -access-key");
		return (0);
	}
	return (use_fixed(src, given, "the keys of the command line", e));
}

static int
choose_env(struct source *src, struct err *e)
{
	struct lease_cfg keys = { 0 };

	if ((keys.access = settings_env("AWS_ACCESS_KEY_ID")) != NULL)
		keys.token = settings_env("AWS_SESSION_TOKEN");
	else
		keys.access = settings_env("LITESTREAM_ACCESS_KEY_ID");
	if ((keys.secret = settings_env("AWS_SECRET_ACCESS_KEY")) == NULL)
		keys.secret = settings_env("LITESTREAM_SECRET_ACCESS_KEY");
	if (keys.access == NULL && keys.secret == NULL) {
		pass(src, "AWS_ACCESS_KEY_ID and LITESTREAM_ACCESS_KEY_ID are "
		    "not set");
		return (0);
	}
	return (use_fixed(src, &keys, "the environment (AWS_ACCESS_KEY_ID, "
	    "AWS_SECRET_ACCESS_KEY)", e));
}

/* A role that another profile's keys, or those of the machine, assume. */
static bool
is_chain(const struct settings *s)
{
	return (settings_get(s, "role_arn") != NULL &&
	    (settings_get(s, "source_profile") != NULL ||
	    settings_get(s, "credential_source") != NULL));
}

static int
choose_profile(struct source *src, const struct settings *s, struct err *e)
{
	static const char *const foreign[] = { "credential_process",
	    "sso_session", "sso_start_url", "sso_account_id",
	    "credential_source", "source_profile", "role_arn" };
	struct lease_cfg keys = {
		.access = settings_get(s, "aws_access_key_id"),
		.secret = settings_get(s, "aws_secret_access_key"),
		.token = settings_get(s, "aws_session_token"),
	};
	struct buf b = { 0 };
	int ret = 0;
	size_t i;

	settings_describe(s, &b);
	/* The keys may be no more than what assumes the role. */
	if ((keys.access != NULL || keys.secret != NULL) && !is_chain(s)) {
		ret = use_fixed(src, &keys, buf_str(&b), e);
		goto out;
	}
	if (settings_get(s, "web_identity_token_file") != NULL &&
	    settings_get(s, "role_arn") != NULL) {
		src->kind = SOURCE_STS;
		ret = 1;
		goto out;
	}
	for (i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		if (settings_get(s, foreign[i]) != NULL) {
			err_set(e, ERR_CONFIG, "%s: %s is not supported",
			    buf_str(&b), foreign[i]);
			ret = -1;
			goto out;
		}
	pass(src, "no keys of ");
	buf_puts(&src->looked, buf_str(&b));
out:
	buf_fini(&b);
	return (ret);
}

static int
choose_sts(struct source *src, struct err *e)
{
	if (settings_env("AWS_WEB_IDENTITY_TOKEN_FILE") == NULL) {
		pass(src, "AWS_WEB_IDENTITY_TOKEN_FILE is not set");
		return (0);
	}
	if (settings_env("AWS_ROLE_ARN") == NULL) {
		err_set(e, ERR_CONFIG, "AWS_WEB_IDENTITY_TOKEN_FILE is set, "
		    "but AWS_ROLE_ARN is not");
		return (-1);
	}
	src->kind = SOURCE_STS;
	return (1);
}

void
source_container(struct container_cfg *cfg)
{
	*cfg = (struct container_cfg){
		.relative = settings_env(
		    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
		.full = settings_env("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
		.token = settings_env("AWS_CONTAINER_AUTHORIZATION_TOKEN"),
		.token_file = settings_env(
		    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
	};
}

static int
choose_container(struct source *src, struct err *e)
{
	struct container_cfg cfg;
	char *url;

	source_container(&cfg);
	if (cfg.relative == NULL && cfg.full == NULL) {
		pass(src, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and "
		    "_FULL_URI are not set");
		return (0);
	}
	if ((url = container_url(&cfg, e)) == NULL)
		return (-1);
	free(url);
	src->kind = SOURCE_CONTAINER;
	return (1);
}

static void
choose_imds(struct source *src)
{
	const char *off = settings_env("AWS_EC2_METADATA_DISABLED");

	src->kind = SOURCE_IMDS;
	if (off != NULL && strcasecmp(off, "true") == 0) {
		src->kind = SOURCE_NONE;
		pass(src, "AWS_EC2_METADATA_DISABLED is set");
	}
}

/* A name and password in a URL would stand in messages. */
static int
check_urls(struct err *e)
{
	static const char *const names[] = { "AWS_ENDPOINT_URL_STS",
	    "AWS_EC2_METADATA_SERVICE_ENDPOINT" };
	const char *u;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((u = settings_env(names[i])) != NULL &&
		    ((strncmp(u, "http://", 7) != 0 &&
		    strncmp(u, "https://", 8) != 0) ||
		    strpbrk(u, "@?# ") != NULL)) {
			err_set(e, ERR_CONFIG, "%s is no plain http or https "
			    "URL", names[i]);
			return (-1);
		}
	return (0);
}

int
source_choose(struct source *src, const struct settings *s,
    const struct lease_cfg *given, struct err *e)
{
	int found;

	memset(src, 0, sizeof(*src));
	if (check_urls(e) == -1)
		return (-1);
	if ((found = choose_given(src, given, e)) == 0 &&
	    (found = choose_env(src, e)) == 0 &&
	    (found = choose_profile(src, s, e)) == 0 &&
	    (found = choose_sts(src, e)) == 0 &&
	    (found = choose_container(src, e)) == 0)
		choose_imds(src);
	return (found == -1 ? -1 : 0);
}

void
source_fini(struct source *src)
{
	lease_fini(&src->fixed);
	buf_fini(&src->looked);
}
