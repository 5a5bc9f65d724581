#include "net/settings.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "net/profile.h"

enum {
	REGION_MAX_BYTES = 63	/* of a label of a host's name */
};

struct file {
	char *path;		/* NULL: there is no home */
	const char *state;	/* of a file that was not read, or "" */
	struct profile *profile;
};

struct settings {
	struct file credentials;
	struct file config;
	char *name;		/* of the profile */
};

const char *
settings_env(const char *name)
{
	const char *value = getenv(name);

	return (value != NULL && *value != '\0' ? value : NULL);
}

static int
load(struct file *f, const char *variable, const char *name, struct err *e)
{
	const char *path = settings_env(variable), *home;
	struct buf b = { 0 };
	struct err why;
	int ret = 0;

	f->profile = profile_new();
	f->state = "";
	if (path != NULL)
		f->path = mem_strdup(path);
	else if ((home = settings_env("HOME")) != NULL)
		f->path = mem_printf("%s/.aws/%s", home, name);
	else
		return (0);
	if (io_read_file(AT_FDCWD, f->path, PROFILE_MAX_BYTES, &b, &why) == 0)
		ret = profile_parse(f->profile, buf_str(&b), b.len, f->path, e);
	else if (why.cls == ERR_GONE)
		f->state = " (not there)";
	else if (why.cls == ERR_DENIED && path == NULL)
		f->state = " (may not be read)";
	else {
		*e = why;
		e->cls = ERR_CONFIG;
		ret = -1;
	}
	if (b.data != NULL)
		explicit_bzero(b.data, b.len);
	buf_fini(&b);
	return (ret);
}

/* In the config file a profile's section says so; "default" need not. */
static const char *
get(const struct settings *s, const char *name)
{
	char *section = mem_printf("profile %s", s->name);
	const char *value;

	value = profile_get(s->credentials.profile, s->name, name);
	if (value == NULL)
		value = profile_get(s->config.profile, section, name);
	if (value == NULL && strcmp(s->name, "default") == 0)
		value = profile_get(s->config.profile, s->name, name);
	free(section);
	return (value);
}

static int
exists(const struct settings *s)
{
	char *section = mem_printf("profile %s", s->name);
	int ret;

	ret = profile_has(s->credentials.profile, s->name) ||
	    profile_has(s->config.profile, section) ||
	    (strcmp(s->name, "default") == 0 &&
	    profile_has(s->config.profile, s->name));
	free(section);
	return (ret);
}

/* It becomes part of a host's name and of a header. */
static int
check_region(const struct settings *s, struct err *e)
{
	const char *r = settings_region(s);

	if (strlen(r) <= REGION_MAX_BYTES && strspn(r, "abcdefghijklmnopqrstuv"
	    "wxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == strlen(r))
		return (0);
	err_set(e, ERR_CONFIG, "the region (AWS_REGION, AWS_DEFAULT_REGION, "
	    "the profile's) is no name; write it as us-east-1");
	return (-1);
}

struct settings *
settings_new(struct err *e)
{
	struct settings *s = mem_zero(sizeof(*s));
	const char *name = settings_env("AWS_PROFILE");
	struct buf where = { 0 };

	s->name = mem_strdup(name != NULL ? name : "default");
	if (load(&s->credentials, "AWS_SHARED_CREDENTIALS_FILE", "credentials",
	    e) == -1 || load(&s->config, "AWS_CONFIG_FILE", "config", e) == -1)
		goto out;
	if (name == NULL || exists(s)) {
		if (check_region(s, e) == -1)
			goto out;
		return (s);
	}
	settings_describe(s, &where);
	err_set(e, ERR_CONFIG, "AWS_PROFILE: there is no %s", buf_str(&where));
	buf_fini(&where);
out:
	settings_free(s);
	return (NULL);
}

void
settings_free(struct settings *s)
{
	if (s == NULL)
		return;
	profile_free(s->credentials.profile);
	profile_free(s->config.profile);
	free(s->credentials.path);
	free(s->config.path);
	free(s->name);
	free(s);
}

const char *
settings_get(const struct settings *s, const char *name)
{
	const char *value = get(s, name);

	return (value != NULL && *value != '\0' ? value : NULL);
}

const char *
settings_region(const struct settings *s)
{
	const char *r;

	if ((r = settings_env("AWS_REGION")) == NULL &&
	    (r = settings_env("AWS_DEFAULT_REGION")) == NULL &&
	    (r = settings_get(s, "region")) == NULL)
		r = "us-east-1";
	return (r);
}

const char *
settings_env_endpoint(void)
{
	const char *u;

	if ((u = settings_env("AWS_ENDPOINT_URL_S3")) == NULL &&
	    (u = settings_env("AWS_ENDPOINT_URL")) == NULL)
		u = settings_env("AWS_ENDPOINT");
	return (u);
}

const char *
settings_endpoint(const struct settings *s)
{
	const char *u = settings_env_endpoint(), *services;
	char *section;

	if (u != NULL)
		return (u);
	if ((services = settings_get(s, "services")) != NULL) {
		section = mem_printf("services %s", services);
		u = profile_get(s->config.profile, section, "s3.endpoint_url");
		free(section);
	}
	if (u == NULL || *u == '\0')
		u = settings_get(s, "endpoint_url");
	return (u);
}

static void
describe(const struct file *f, struct buf *b)
{
	buf_printf(b, "%s%s", f->path, f->state);
}

void
settings_describe(const struct settings *s, struct buf *b)
{
	buf_printf(b, "profile \"%s\" in ", s->name);
	if (s->credentials.path == NULL && s->config.path == NULL) {
		buf_puts(b, "a file (HOME is not set)");
		return;
	}
	if (s->credentials.path != NULL)
		describe(&s->credentials, b);
	if (s->credentials.path != NULL && s->config.path != NULL)
		buf_puts(b, " or ");
	if (s->config.path != NULL)
		describe(&s->config, b);
}
