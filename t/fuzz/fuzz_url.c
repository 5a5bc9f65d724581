/*
 * Any text as the URL of a store, and of something in one: refused in a
 * sentence, or a store whose canonical text means the same store.  Nothing is
 * asked but stat(2).
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "fuzz/driver.h"
#include "store/url.h"

static void
empty(const struct store_url *u)
{
	static const struct store_url none;

	must(memcmp(u, &none, sizeof(none)) == 0);
}

/* Absolute, or with "rel" relative; no slash that is too many. */
static void
normal(const char *path, bool rel)
{
	size_t n = strlen(path);

	must(strstr(path, "//") == NULL);
	must(rel ? path[0] != '/' : path[0] == '/');
	must(n == 0 || path[n - 1] != '/');
}

static void
sound(const struct store_url *u)
{
	if (u->kind == STORE_DIR) {
		normal(u->path, false);
		must(strlen(u->path) > 1);
		must(strncmp(u->canonical, "file://", 7) == 0);
		must(strcmp(u->canonical + 7, u->path) == 0);
		return;
	}
	must(u->path == NULL);
	must(strlen(u->s3.bucket) >= 3 && strchr(u->s3.bucket, '/') == NULL);
	normal(u->s3.prefix, true);
	must(u->s3.endpoint == NULL || strncmp(u->s3.endpoint, "http", 4) == 0);
	must(strncmp(u->canonical, "s3://", 5) == 0);
}

static void
try_store(const char *text)
{
	struct store_url u, again;
	struct err e = { 0 };

	if (store_url_parse(text, "--to", &u, &e) == -1) {
		must(e.cls == ERR_USAGE && e.msg[0] != '\0');
		empty(&u);
		return;
	}
	sound(&u);
	must(store_url_parse(u.kind == STORE_DIR ? u.path : u.canonical, "",
	    &again, &e) == 0);
	must(strcmp(u.canonical, again.canonical) == 0);
	store_url_fini(&again);
	store_url_fini(&u);
	empty(&u);
}

/* Going up moves components, and changes none. */
static void
climb(struct store_url *u, char **below)
{
	const char *prefix = u->s3.prefix;
	bool slash = u->s3.slash;
	char *whole, *now;

	whole = mem_printf("%s%s%s", prefix, *prefix != '\0' &&
	    (**below != '\0' || slash) ? "/" : "", *below);
	while (store_url_up(u, below)) {
		sound(u);
		must((*below)[0] != '/');
		prefix = u->s3.prefix;
		now = mem_printf("%s%s%s", prefix, *prefix != '\0' ? "/" : "",
		    *below);
		must(strcmp(now, whole) == 0);
		free(now);
	}
	must(*u->s3.prefix == '\0');
	free(whole);
}

static void
try_below(const char *text)
{
	struct store_url u;
	struct err e = { 0 };
	char *below;

	if (store_url_locate(text, "URL", &u, &below, &e) == -1) {
		must(e.cls == ERR_USAGE || e.cls == ERR_NOTFOUND ||
		    e.cls == ERR_DENIED);
		must(below == NULL);
		empty(&u);
		return;
	}
	sound(&u);
	must(below[0] != '/');
	if (u.kind == STORE_S3)
		climb(&u, &below);
	free(below);
	store_url_fini(&u);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_strndup((const char *)data, size);

	(void)unsetenv("AWS_ENDPOINT_URL_S3");
	(void)unsetenv("AWS_ENDPOINT_URL");
	(void)unsetenv("AWS_ENDPOINT");
	try_store(text);
	try_below(text);
	free(text);
	return (0);
}
