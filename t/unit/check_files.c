/*
 * Which files a network takes: those that are named, with what may come in
 * their place, and not more.
 */
#include "net/files.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "unit/suite.h"

static char *got[256];
static size_t ngot;

static void
put(void *ctx, const char *path)
{
	ck_assert_ptr_eq(ctx, got);
	ck_assert_uint_lt(ngot, 256);
	got[ngot++] = mem_strdup(path);
}

static void
list(const char *ca_file)
{
	while (ngot > 0)
		free(got[--ngot]);
	files_each(ca_file, put, got);
}

static bool
has(const char *path)
{
	size_t i;

	for (i = 0; i < ngot; i++)
		if (strcmp(got[i], path) == 0)
			return (true);
	return (false);
}

static char dir[PATH_MAX] = "/tmp/litefleet-check.XXXXXX";

static void
make(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

static void
setup(void)
{
	static const char *const variables[] = { "SSL_CERT_FILE",
	    "SSL_CERT_DIR", "AWS_CA_BUNDLE", "AWS_SHARED_CREDENTIALS_FILE",
	    "AWS_CONFIG_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_PROFILE",
	    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "OPENSSL_CONF",
	    "HOSTALIASES" };
	size_t i;

	for (i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		(void)unsetenv(variables[i]);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	(void)setenv("HOME", dir, 1);
	ck_assert_int_eq(mkdir(".aws", 0700) + mkdir("tokens", 0700) +
	    mkdir("tokens/..1", 0700) + mkdir("far", 0700), 0);
}

static void
teardown(void)
{
	char *cmd = mem_printf("rm -rf %s", dir);

	ck_assert_int_eq(system(cmd), 0);
	free(cmd);
}

START_TEST(what_every_network_takes_is_there)
{
	char *aws = mem_printf("%s/.aws", dir);

	list(NULL);
	ck_assert(has("/etc/resolv.conf"));
	ck_assert(has("/etc/hosts"));
	ck_assert(has("/etc/ssl/certs"));
	/* Fedora's openssl.cnf includes what lies there; SUSE's certificates
	 * are links to here. */
	ck_assert(has("/etc/crypto-policies"));
	ck_assert(has("/usr/share/crypto-policies"));
	ck_assert(has("/var/lib/ca-certificates"));
	ck_assert(has(aws));
	ck_assert(!has(dir));
	ck_assert(!has("/etc"));
	ck_assert(!has("/etc/ssl"));
	free(aws);
}
END_TEST

START_TEST(a_file_that_may_be_renewed_comes_with_its_directories)
{
	char *token = mem_printf("%s/tokens/token", dir),
	    *tokens = mem_printf("%s/tokens", dir),
	    *first = mem_printf("%s/tokens/..1", dir),
	    *far = mem_printf("%s/far", dir);

	/* As Kubernetes lays it out. */
	make("tokens/..1/token", "t");
	ck_assert_int_eq(symlink("..1/token", "tokens/token"), 0);
	(void)setenv("AWS_WEB_IDENTITY_TOKEN_FILE", token, 1);
	make("far/ca.pem", "");
	list("far/ca.pem");
	ck_assert(has(token));
	ck_assert(has(tokens));
	ck_assert(has(first));
	ck_assert(has("far/ca.pem"));
	ck_assert(has(far));
	ck_assert(!has(dir));
	free(token);
	free(tokens);
	free(first);
	free(far);
}
END_TEST

START_TEST(a_token_that_the_profile_names_does_too)
{
	char *tokens = mem_printf("%s/tokens", dir);

	make(".aws/config", "[default]\nrole_arn = arn:aws:iam::1:role/r\n"
	    "web_identity_token_file = tokens/token\n");
	list(NULL);
	ck_assert(has("tokens/token"));
	ck_assert(has(tokens));
	/* One that cannot be understood is named by who needs it. */
	make(".aws/config", "[default\n");
	list(NULL);
	ck_assert(!has("tokens/token"));
	ck_assert(has("/etc/hosts"));
	free(tokens);
}
END_TEST

START_TEST(a_directory_that_is_shared_does_not_come_along)
{
	make("keys", "");
	(void)setenv("AWS_SHARED_CREDENTIALS_FILE", "keys", 1);
	(void)setenv("SSL_CERT_FILE", "/etc/ssl/cert.pem", 1);
	(void)setenv("SSL_CERT_DIR", "/etc/ssl/certs", 1);
	(void)setenv("OPENSSL_CONF", "/etc/ssl/openssl.cnf", 1);
	(void)setenv("AWS_CONFIG_FILE", "/etc/aws", 1);
	list(NULL);
	ck_assert(has("keys"));
	ck_assert(!has(dir));
	ck_assert(has("/etc/aws"));
	ck_assert(!has("/etc"));
	ck_assert(has("/etc/ssl/cert.pem"));
	ck_assert(!has("/etc/ssl"));
	ck_assert(!has("/"));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("files");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_every_network_takes_is_there);
	tcase_add_test(tc,
	    a_file_that_may_be_renewed_comes_with_its_directories);
	tcase_add_test(tc, a_token_that_the_profile_names_does_too);
	tcase_add_test(tc, a_directory_that_is_shared_does_not_come_along);
	return (run_suite(tc));
}
