#include "cmd/reach.h"

#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "cmd/bulkplan.h"
#include "cmd/cycle.h"
#include "net/files.h"

static const char *const always[] = {
	"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib",
	"/nix/store", "/gnu/store",
	"/etc/ld.so.cache",
	"/etc/localtime", "/usr/share/zoneinfo",
	"/dev/null", "/dev/random", "/dev/urandom",
};

struct sandbox *
reach_new(void)
{
	struct sandbox *sb = sandbox_new();
	size_t i;

	for (i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		sandbox_grant(sb, always[i], SANDBOX_READ);
	return (sb);
}

static void
read_too(void *sb, const char *path)
{
	sandbox_grant(sb, path, SANDBOX_READ);
}

void
reach_network(struct sandbox *sb, const struct store_s3_cfg *s3)
{
	files_each(s3->ca_file, read_too, sb);
}

void
reach_store(struct sandbox *sb, const struct store_url *url,
    const struct store_s3_cfg *s3, enum sandbox_right right)
{
	if (url->kind == STORE_S3)
		reach_network(sb, s3);
	else if (url->path != NULL)
		sandbox_grant(sb, url->path, right);
}

void
reach_located(struct sandbox *sb, const char *text,
    const struct store_s3_cfg *s3, enum sandbox_right right)
{
	struct store_url url = { 0 };
	char *below = NULL;
	struct err ignored;

	if (store_url_locate(text, "URL", &url, &below, &ignored) == 0)
		reach_store(sb, &url, s3, right);
	store_url_fini(&url);
	free(below);
}

void
reach_beside(struct sandbox *sb, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir;

	dir = slash == NULL ? mem_strdup(".") :
	    mem_strndup(path, (size_t)(slash - path) + 1);
	sandbox_grant(sb, dir, SANDBOX_WRITE);
	free(dir);
}

/* To be written, and made if it is missing. */
static void
write_made(struct sandbox *sb, const char *dir)
{
	struct err ignored;

	(void)io_mkdirs(dir, 0700, &ignored);
	sandbox_grant(sb, dir, SANDBOX_WRITE);
}

/* Neighbours lie in one directory. */
static void
read_dirs_of(struct sandbox *sb, char *const *paths, size_t n)
{
	char *dir, *last = NULL;
	size_t i, len;

	for (i = 0; i < n; i++) {
		len = (size_t)(strrchr(paths[i], '/') - paths[i]);
		dir = mem_strndup(paths[i], len > 0 ? len : 1);
		if (last == NULL || strcmp(dir, last) != 0)
			sandbox_grant(sb, dir, SANDBOX_READ);
		free(last);
		last = dir;
	}
	free(last);
}

struct sandbox *
reach_cycle(const struct cycle *c)
{
	struct sandbox *sb = reach_new();
	size_t i;

	if (c->follow)
		sandbox_grant(sb, "/", SANDBOX_READ);
	else if (c->paths != NULL)
		read_dirs_of(sb, c->paths, c->npaths);
	else
		for (i = 0; i < c->npatterns; i++)
			sandbox_grant(sb, pattern_literal(c->patterns[i]),
			    SANDBOX_READ);
	if (c->url.path != NULL && hash128_is_zero(c->id.store))
		write_made(sb, c->url.path);
	else
		reach_store(sb, &c->url, &c->s3, SANDBOX_WRITE);
	sandbox_grant(sb, statedir_path(c->statedir), SANDBOX_WRITE);
	write_made(sb, c->spool_dir);
	return (sb);
}

struct sandbox *
reach_restore(const struct bulkplan *p)
{
	struct sandbox *sb = reach_new();

	reach_store(sb, &p->url, &p->s3, SANDBOX_READ);
	write_made(sb, p->root);
	write_made(sb, p->spool_dir);
	return (sb);
}

int
reach_enter(struct sandbox *sb, struct err *e)
{
	int ret = sandbox_enter(sb, e);

	sandbox_free(sb);
	return (ret);
}
