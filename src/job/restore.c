#include "job/restore.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hook.h"
#include "base/io.h"
#include "base/mem.h"
#include "db/partial.h"
#include "db/replace.h"
#include "job/decode.h"
#include "job/origin.h"

enum {
	IN_BYTES = 128 * 1024
};

/* Where decoded bytes go. */
struct sink {
	int fd;
	const char *name;
	const volatile sig_atomic_t *stop;
};

static int
pump(struct store_reader *r, struct decode *d, const struct sink *to,
    struct err *e)
{
	uint8_t *in = mem_resize(NULL, IN_BYTES, 1);
	ssize_t n;
	int ret = -1;

	while ((n = store_read(r, in, IN_BYTES, e)) > 0) {
		if (to->stop != NULL && *to->stop) {
			err_set(e, ERR_GONE, "interrupted");
			goto out;
		}
		if (decode_feed(d, in, (size_t)n, e) == -1)
			goto out;
	}
	if (n == 0)
		ret = 0;
out:
	free(in);
	return (ret);
}

/* Decode the object into the sink; if it is whole, *size and *xxh3 are set. */
static int
decode(struct store *store, const char *object, const struct sink *to,
    uint64_t *size, struct hash128 *xxh3, struct err *e)
{
	struct store_get_cfg cfg = { .name = object };
	struct decode *d = NULL;
	const struct trailer *t;
	struct store_reader *r;
	int ret = -1;

	if ((r = store_get(store, &cfg, NULL, e)) == NULL)
		return (-1);
	d = decode_new(UINT64_MAX);
	decode_begin(d, to->fd, to->name);
	if (pump(r, d, to, e) == -1 || decode_end(d, &t, e) == -1) {
		if (e->cls == ERR_CORRUPT)
			err_prefix(e, "%s", object);
		goto out;
	}
	*size = t->size;
	*xxh3 = t->xxh3;
	ret = 0;
out:
	decode_free(d);
	store_reader_free(r);
	return (ret);
}

/* The directory that the target will lie in must be there: it is not ours to
 * make, since a wrong path is more likely than a missing directory. */
static int
check_parent(const char *target, struct err *e)
{
	const char *slash = strrchr(target, '/');
	char *dir = slash == NULL ? mem_strdup(".") :
	    mem_strndup(target, (size_t)(slash - target) + 1);
	struct stat st;
	int ret = -1;

	if (stat(dir, &st) == 0 && S_ISDIR(st.st_mode))
		ret = 0;
	else if (errno == ENOENT)
		err_set(e, ERR_NOTFOUND, "the directory of %s is missing; "
		    "create it first", target);
	else
		err_io(e, "the directory of %s", target);
	free(dir);
	return (ret);
}

/* Is there a database that --if-db-not-exists may leave?  A companion alone is
 * none, nor is a directory, or a link that leads nowhere. */
static bool
is_database(const char *target)
{
	struct stat st;

	return (stat(target, &st) == 0 && S_ISREG(st.st_mode));
}

/* SQLite rolls back, writes over or deletes what has a companion's name. */
static int
check_base(const char *target, struct err *e)
{
	char *base = replace_base(target);

	if (base == NULL)
		return (0);
	err_set(e, ERR_EXISTS, "%s: SQLite would take it for a part of the "
	    "database %s beside it; name another", target, base);
	free(base);
	return (-1);
}

/* 1: go on; 0: leave what is there; -1. */
static int
check_target(const struct job_restore_cfg *cfg, const char *target,
    struct err *e)
{
	const char *suffix;
	struct stat st;

	if (check_parent(target, e) == -1 || check_base(target, e) == -1)
		return (-1);
	if (cfg->exists == JOB_RESTORE_FORCE ||
	    (suffix = replace_exists(target)) == NULL)
		return (1);
	if (cfg->exists == JOB_RESTORE_SKIP && is_database(target))
		return (0);
	if (suffix[0] == '\0' && lstat(target, &st) == 0 &&
	    !S_ISREG(st.st_mode))
		err_set(e, ERR_EXISTS, "%s is not a regular file and is never "
		    "replaced; name another", target);
	else if (suffix[0] == '\0')
		err_set(e, ERR_EXISTS, "%s exists; --force replaces it, "
		    "--if-db-not-exists leaves it", target);
	else
		err_set(e, ERR_EXISTS, "%s%s exists, and SQLite would lay it "
		    "over the restored file; --force moves it aside", target,
		    suffix);
	return (-1);
}

/* Make the temporary file beside the target, whole and on the disk. */
static int
unpack(const struct job_restore_cfg *cfg, const struct partial *tmp,
    struct job_restored *out, struct err *e)
{
	struct sink to = { .fd = tmp->fd, .name = tmp->name,
	    .stop = cfg->stop };

	if (decode(cfg->store, cfg->object, &to, &out->size, &out->xxh3,
	    e) == -1)
		return (-1);
	HOOK("restore-decoded", out->target);
	if (fsync(to.fd) == -1) {
		err_io(e, "fsync %s", to.name);
		return (-1);
	}
	HOOK("restore-synced", out->target);
	return (0);
}

static int
place(const struct job_restore_cfg *cfg, const char *tmp,
    struct job_restored *out, struct err *e)
{
	if (check_base(out->target, e) == -1)
		return (-1);
	if (cfg->exists == JOB_RESTORE_FORCE)
		return (replace_db(tmp, out->target, cfg->busy_timeout_ms,
		    &out->moved, &out->unknown, e));
	if (replace_none(tmp, out->target, e) == 0)
		return (0);
	/* It came to be there while we decoded. */
	if (e->cls == ERR_EXISTS && cfg->exists == JOB_RESTORE_SKIP &&
	    is_database(out->target)) {
		out->skipped = true;
		return (0);
	}
	return (-1);
}

int
job_restore(const struct job_restore_cfg *cfg, struct job_restored *out,
    struct err *e)
{
	struct partial tmp;
	int r;

	memset(out, 0, sizeof(*out));
	out->target = cfg->target != NULL ? mem_strdup(cfg->target) :
	    origin_path(cfg->store, cfg->object, e);
	if (out->target == NULL)
		return (-1);
	if ((r = check_target(cfg, out->target, e)) != 1) {
		out->skipped = r == 0;
		return (r);
	}
	if (partial_open(&tmp, out->target, e) == -1)
		return (-1);
	if ((r = unpack(cfg, &tmp, out, e)) == 0 &&
	    (r = place(cfg, tmp.name, out, e)) == 0 && !out->skipped)
		HOOK("restore-renamed", out->target);
	partial_close(&tmp);
	return (r);
}

void
job_restored_fini(struct job_restored *out)
{
	free(out->target);
	free(out->moved);
	memset(out, 0, sizeof(*out));
}

int
job_restore_stream(struct store *store, const char *object, int fd,
    struct err *e)
{
	struct sink to = { .fd = fd, .name = "standard output" };
	struct hash128 xxh3;
	uint64_t size;

	if (decode(store, object, &to, &size, &xxh3, e) == -1)
		return (-1);
	HOOK("restore-streamed", object);
	return (0);
}
