/*
 * fuzz_settings -- any bytes as the two files that AWS tools share: refused,
 * or a source of keys that are fit for a header and a region that is a name.
 *
 * Input: credentials, NUL, config, NUL, the profile ("": none is asked for).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "fuzz/claims.h"
#include "fuzz/driver.h"
#include "net/source.h"

static char files[2][64];

static void
cleanup(void)
{
	(void)unlink(files[0]);
	(void)unlink(files[1]);
}

static void
start(void)
{
	static const char *const names[] = { "AWS_SHARED_CREDENTIALS_FILE",
	    "AWS_CONFIG_FILE" };
	char dir[40];
	size_t i;
	int fd;

	(void)snprintf(dir, sizeof(dir), "%s", fuzz_scratch());
	must(clearenv() == 0);
	for (i = 0; i < 2; i++) {
		(void)snprintf(files[i], sizeof(files[i]),
		    "%s/fuzz_settings.XXXXXX", dir);
		must((fd = mkstemp(files[i])) != -1);
		(void)close(fd);
		must(setenv(names[i], files[i], 1) == 0);
	}
	(void)atexit(cleanup);
}

static size_t
save(const char *path, const uint8_t *p, size_t n)
{
	const uint8_t *end = n > 0 ? memchr(p, '\0', n) : NULL;
	FILE *f = fopen(path, "w");

	if (end != NULL)
		n = (size_t)(end - p);
	must(f != NULL && fwrite(p, 1, n, f) == n && fclose(f) == 0);
	return (n + (end != NULL));
}

static void
use(const struct settings *s)
{
	static const struct lease_cfg none;
	struct source src;
	struct err e = { 0 };
	const char *region = settings_region(s);

	must(region[0] != '\0' && strpbrk(region, "./:@?# \r\n") == NULL);
	if (source_choose(&src, s, &none, &e) == -1)
		must(e.cls == ERR_CONFIG && e.msg[0] != '\0');
	else if (src.kind == SOURCE_FIXED) {
		must_fit(src.fixed.access);
		must_fit(src.fixed.secret);
		if (src.fixed.token != NULL)
			must_fit(src.fixed.token);
	}
	source_fini(&src);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings *s;
	struct err e = { 0 };
	char name[64];
	size_t n;

	if (files[0][0] == '\0')
		start();
	n = save(files[0], data, size);
	n += save(files[1], data + n, size - n);
	(void)snprintf(name, sizeof(name), "%.*s", (int)(size - n),
	    (const char *)data + n);
	must(setenv("AWS_PROFILE", name, 1) == 0);
	if ((s = settings_new(&e)) == NULL)
		must(e.cls == ERR_CONFIG && e.msg[0] != '\0');
	else
		use(s);
	settings_free(s);
	return (0);
}
