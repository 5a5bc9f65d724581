#include "cmd/values.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/path.h"
#include "proc/pool.h"

int
value_check(const char *arg, enum image_check *check, struct err *e)
{
	static const char *const names[] = { "none", "quick", "full" };
	unsigned i;

	for (i = 0; i < 3; i++)
		if (strcmp(arg, names[i]) == 0) {
			*check = (enum image_check)i;
			return (0);
		}
	err_set(e, ERR_USAGE, "--check: \"%s\" is not one of none, quick, full",
	    arg);
	return (-1);
}

int
value_shard(const char *arg, struct shard *shard, struct err *e)
{
	const char *slash = strchr(arg, '/');
	struct err ignored;
	char *i;
	int r = -1;

	if (slash != NULL) {
		i = mem_strndup(arg, (size_t)(slash - arg));
		if (num_parse(slash + 1, 1, 1000000, "N", &shard->n,
		    &ignored) == 0 && num_parse(i, 1, shard->n, "I",
		    &shard->i, &ignored) == 0)
			r = 0;
		free(i);
	}
	if (r == -1)
		err_set(e, ERR_USAGE, "--shard: \"%s\" is not I/N with I from "
		    "1 to N, as 2/3", arg);
	return (r);
}

bool
shard_has(const struct shard *shard, const char *name, size_t len)
{
	unsigned __int128 x;

	if (shard->n == 0)
		return (true);
	x = (unsigned __int128)hash128(name, len).lo * shard->n;
	return ((uint64_t)(x >> 64) == shard->i - 1);
}

uint64_t
value_default_jobs(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return (n < 1 ? 1 : n > POOL_WORKERS_MAX ? POOL_WORKERS_MAX :
	    (uint64_t)n);
}

const char *
value_host(const char *host, char *name, size_t size, struct err *e)
{
	if (host == NULL) {
		memset(name, 0, size);
		if (gethostname(name, size - 1) == -1) {
			err_sys(e, ERR_CONFIG, "the name of this host");
			return (NULL);
		}
		host = name;
	}
	if (host[0] == '\0' || strlen(host) > 255 ||
	    strchr(host, '/') != NULL || strcmp(host, ".") == 0 ||
	    strcmp(host, "..") == 0) {
		err_set(e, ERR_USAGE, "--host: \"%s\" is no name for a host: "
		    "1 to 255 bytes without a slash", host);
		return (NULL);
	}
	return (host);
}

char *
value_spool(const char *dir, struct err *e)
{
	if (dir != NULL)
		return (path_resolve(dir, "--spool", e));
	dir = getenv("TMPDIR");
	return (path_resolve(dir != NULL && dir[0] != '\0' ? dir :
	    "/var/tmp", "$TMPDIR", e));
}

char *
value_glob(const struct store_url *url, const char *below)
{
	struct buf b = { 0 };

	for (; *below != '\0'; below++) {
		if (*below == '?' && url->kind == STORE_S3)
			buf_putc(&b, '\\');
		buf_putc(&b, *below);
		if (*below == '\\' && below[1] != '\0')
			buf_putc(&b, *++below);
	}
	return (buf_take(&b));
}
