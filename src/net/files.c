#include "net/files.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "net/settings.h"

static const char *const resolver[] = {
	"/etc/resolv.conf",
	"/run/systemd/resolve",		/* where that may lead, and ... */
	"/run/resolvconf",		/* ... be replaced */
	"/etc/hosts",
	"/etc/host.conf",
	"/etc/gai.conf",
	"/etc/nsswitch.conf",
	"/etc/services",
	"/etc/protocols",
};

static const char *const trusted[] = {
	"/etc/ssl/certs",
	"/etc/ssl/openssl.cnf",
	"/etc/pki/tls/certs",
	"/etc/pki/tls/openssl.cnf",
	"/etc/pki/tls/openssl.d",
	"/etc/pki/ca-trust",
	"/etc/crypto-policies",		/* which openssl.cnf includes */
	"/usr/share/crypto-policies",
	"/etc/ca-certificates",
	"/usr/share/ca-certificates",
	"/usr/local/share/ca-certificates",
	"/var/lib/ca-certificates",
	"/proc/sys/crypto",		/* does OpenSSL have to be FIPS's? */
};

/* Variables that name what stays as it is ... */
static const char *const lasting[] = {
	"SSL_CERT_DIR",
	"OPENSSL_CONF",
	"HOSTALIASES",
};

/* ... and files that may be renewed. */
static const char *const renewed[] = {
	"SSL_CERT_FILE",
	"AWS_CA_BUNDLE",
	"AWS_SHARED_CREDENTIALS_FILE",
	"AWS_CONFIG_FILE",
	"AWS_WEB_IDENTITY_TOKEN_FILE",
	"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
};

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

struct files {
	void (*put)(void *ctx, const char *path);
	void *ctx;
};

static void
put_all(const struct files *f, const char *const *paths, size_t n)
{
	while (n-- > 0)
		f->put(f->ctx, *paths++);
}

/* Is there more in it than what belongs to the file that was named? */
static bool
is_shared(const char *dir)
{
	const char *home = settings_env("HOME");
	size_t i;

	if (strrchr(dir, '/') == dir || (home != NULL &&
	    strcmp(dir, home) == 0))
		return (true);
	for (i = 0; i < COUNT(trusted); i++)
		if (strcmp(trusted[i], dir) != 0 &&
		    path_within(trusted[i], dir))
			return (true);
	return (false);
}

static void
put_dir_of(const struct files *f, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir, *real;

	dir = slash == NULL ? mem_strdup(".") :
	    mem_strndup(path, (size_t)(slash - path));
	if ((real = realpath(dir, NULL)) != NULL && !is_shared(real))
		f->put(f->ctx, real);
	free(real);
	free(dir);
}

/* Where it is called, and where links lead from there. */
static void
put_named(const struct files *f, const char *path)
{
	char *real;

	if (path == NULL)
		return;
	f->put(f->ctx, path);
	put_dir_of(f, path);
	if ((real = realpath(path, NULL)) != NULL)
		put_dir_of(f, real);
	free(real);
}

/* What the profile names is known only to who reads it. */
static void
put_profile(const struct files *f)
{
	struct settings *s;
	struct err ignored;

	if ((s = settings_new(&ignored)) == NULL)
		return;		/* who needs it will say so */
	put_named(f, settings_get(s, "web_identity_token_file"));
	settings_free(s);
}

void
files_each(const char *ca_file, void (*put)(void *ctx, const char *path),
    void *ctx)
{
	struct files f = { .put = put, .ctx = ctx };
	const char *home = settings_env("HOME"), *value;
	char *aws;
	size_t i;

	put_all(&f, resolver, COUNT(resolver));
	put_all(&f, trusted, COUNT(trusted));
	for (i = 0; i < COUNT(lasting); i++)
		if ((value = settings_env(lasting[i])) != NULL)
			put(ctx, value);
	for (i = 0; i < COUNT(renewed); i++)
		put_named(&f, settings_env(renewed[i]));
	put_named(&f, ca_file);
	if (home != NULL) {
		aws = mem_printf("%s/.aws", home);
		put(ctx, aws);
		free(aws);
	}
	put_profile(&f);
}
