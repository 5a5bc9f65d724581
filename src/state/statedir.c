#include "state/statedir.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hook.h"
#include "base/io.h"
#include "base/line.h"
#include "base/log.h"
#include "base/mem.h"
#include "state/lockfile.h"
#include "state/working.h"

enum {
	FORMAT_VERSION = 1,
	SEGMENTS = 256,
	DIR_HEX_DIGITS = 16,
	ID_MAX_BYTES = 64 * 1024
};

struct statedir {
	char *path;
	char *url;
	int fd;
	int lock_fd;
	struct state_id id;
	struct buf boot;	/* which one this is */
	struct err bootless;	/* why that is not known, or ERR_NONE */
};

/* What read_id() found. */
enum id_found {
	ID_GOOD,
	ID_NONE,
	ID_DAMAGED,
	ID_FAILED		/* *e says why */
};

/* The caller gave up because of the state, whatever errno said; but where
 * there is no room, that is what to mend. */
static void
blame_state(struct err *e)
{
	if (e->cls != ERR_SPACE)
		e->cls = ERR_STATE;
}

char *
statedir_base(const char *dir, struct err *e)
{
	const char *s;

	if (dir != NULL && dir[0] != '\0')
		return (mem_strdup(dir));
	if ((s = getenv("STATE_DIRECTORY")) != NULL && strcspn(s, ":") > 0)
		return (mem_strndup(s, strcspn(s, ":")));
	if (geteuid() == 0)
		return (mem_strdup("/var/lib/litefleet"));
	if ((s = getenv("XDG_STATE_HOME")) != NULL && s[0] != '\0')
		return (mem_printf("%s/litefleet", s));
	if ((s = getenv("HOME")) != NULL && s[0] != '\0')
		return (mem_printf("%s/.local/state/litefleet", s));
	err_set(e, ERR_CONFIG, "there is no place for the state: give --state, "
	    "or set STATE_DIRECTORY, XDG_STATE_HOME or HOME");
	return (NULL);
}

static struct statedir *
make(const char *base, const char *url)
{
	struct statedir *sd = mem_zero(sizeof(*sd));
	char hex[HASH128_HEX_BYTES];

	hash128_hex(hash128(url, strlen(url)), hex);
	sd->path = mem_printf("%s/%.*s", base, DIR_HEX_DIGITS, hex);
	sd->url = mem_strdup(url);
	sd->fd = sd->lock_fd = -1;
	sd->bootless.cls = ERR_NONE;
	(void)working_boot(&sd->boot, &sd->bootless);
	return (sd);
}

/* The lines of id before the last one, which is their checksum. */
static void
put_lines(const struct statedir *sd, const struct state_id *id, struct buf *b)
{
	buf_printf(b, "litefleet-state %d\nurl ", FORMAT_VERSION);
	line_field(b, sd->url, false);
	buf_printf(b, "\nseed %016" PRIx64 "\nstore %016" PRIx64 "%016" PRIx64
	    "\n", id->seed, id->store.hi, id->store.lo);
}

static int
write_id(struct statedir *sd, const struct state_id *id, struct err *e)
{
	struct buf b = { 0 };
	int ret;

	put_lines(sd, id, &b);
	buf_printf(&b, "check %016" PRIx64 "\n", hash64(b.data, b.len));
	HOOK("state-id", sd->path);
	ret = io_replace_file(sd->fd, "id", b.data, b.len, 0600, e);
	if (ret == 0)
		sd->id = *id;
	else {
		err_prefix(e, "the state %s", sd->path);
		blame_state(e);
	}
	buf_fini(&b);
	return (ret);
}

/*
 * Is the last line of text[0 .. n-1] the checksum of those before?  Every
 * format ends so: what is damaged can be told from what is newer.
 */
static bool
sums_up(const char *text, size_t n)
{
	static const size_t line_bytes = sizeof("check ") - 1 + 16 + 1;
	char want[32];

	if (n < line_bytes)
		return (false);
	(void)snprintf(want, sizeof(want), "check %016" PRIx64 "\n",
	    hash64(text, n - line_bytes));
	return (memcmp(text + n - line_bytes, want, line_bytes) == 0);
}

/* Read the two lines of id that are not known beforehand. */
static bool
parse_id(const char *text, struct state_id *id)
{
	char store[HASH128_HEX_BYTES];
	const char *s;

	return ((s = strstr(text, "\nseed ")) != NULL &&
	    sscanf(s, "\nseed %16" SCNx64 "\nstore %32[0-9a-f]\n", &id->seed,
	    store) == 2 && hash128_parse(store, &id->store));
}

static enum id_found
read_id(struct statedir *sd, struct err *e)
{
	struct buf text = { 0 }, again = { 0 };
	struct state_id id;
	struct err why;
	enum id_found found = ID_FAILED;
	int version;

	if (io_read_file(sd->fd, "id", ID_MAX_BYTES, &text, &why) == -1) {
		if (why.cls == ERR_GONE)
			found = ID_NONE;
		else if (why.cls == ERR_LIMIT)
			found = ID_DAMAGED;
		else
			err_set(e, ERR_STATE, "the state %s: %s", sd->path,
			    why.msg);
		goto out;
	}
	found = ID_DAMAGED;
	if (!sums_up(buf_str(&text), text.len) || sscanf(buf_str(&text),
	    "litefleet-state %d\n", &version) != 1)
		goto out;
	if (version != FORMAT_VERSION) {
		err_set(e, ERR_STATE, "the state %s has format %d, and this "
		    "litefleet knows %d: use the one that wrote it, or another "
		    "--state", sd->path, version, FORMAT_VERSION);
		found = ID_FAILED;
		goto out;
	}
	if (!parse_id(buf_str(&text), &id))
		goto out;
	put_lines(sd, &id, &again);
	if (strncmp(buf_str(&text), buf_str(&again), again.len) != 0) {
		err_set(e, ERR_STATE, "the state %s is not that of %s (moved "
		    "or copied?): remove it, or use another --state",
		    sd->path, sd->url);
		found = ID_FAILED;
		goto out;
	}
	sd->id = id;
	found = ID_GOOD;
out:
	buf_fini(&again);
	buf_fini(&text);
	return (found);
}

static bool
has_segments(const struct statedir *sd)
{
	char name[4];
	unsigned seg;

	for (seg = 0; seg < SEGMENTS; seg++) {
		(void)snprintf(name, sizeof(name), "%02x", seg & 0xff);
		if (faccessat(sd->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return (true);
	}
	return (false);
}

/* Say so and begin anew, if what read_id() found is no state to go on with. */
static int
begin(struct statedir *sd, enum id_found found, struct err *e)
{
	if (found == ID_GOOD)
		return (0);
	if (found == ID_FAILED)
		return (-1);
	if (found == ID_DAMAGED || has_segments(sd))
		log_warn("the state %s %s; it begins anew, and all databases "
		    "are backed up again", sd->path, found == ID_DAMAGED ?
		    "is damaged" : "has lost its id");
	return (statedir_reset(sd, e));
}

static int
open_dir(struct statedir *sd, enum err_class cls, struct err *e)
{
	if ((sd->fd = open(sd->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) !=
	    -1)
		return (0);
	if (cls == ERR_NONE)
		err_io(e, "open the state %s", sd->path);
	else
		err_sys(e, cls, "open the state %s", sd->path);
	return (-1);
}

struct statedir *
statedir_open(const char *base, const char *url, int64_t wait_ms,
    struct err *e)
{
	struct statedir *sd = make(base, url);
	int ret = -1;

	if (io_mkdirs(sd->path, 0700, e) == -1) {
		blame_state(e);
		goto out;
	}
	if (open_dir(sd, ERR_STATE, e) == -1 || (sd->lock_fd =
	    lockfile_take(sd->fd, sd->path, wait_ms, e)) == -1)
		goto out;
	if ((ret = begin(sd, read_id(sd, e), e)) == 0 &&
	    sd->bootless.cls != ERR_NONE)
		log_warn("%s: a power failure cannot be told from a run that "
		    "was killed, so after either the next one lists the store "
		    "first (in a unit of systemd: leave out ProcSubset=pid)",
		    sd->bootless.msg);
out:
	if (ret == -1) {
		statedir_close(sd);
		sd = NULL;
	}
	return (sd);
}

struct statedir *
statedir_peek(const char *base, const char *url, struct err *e)
{
	struct statedir *sd = make(base, url);
	int ret = -1;

	if (open_dir(sd, ERR_NONE, e) == -1) {
		if (e->cls != ERR_GONE)
			e->cls = ERR_STATE;
		goto out;
	}
	switch (read_id(sd, e)) {
	case ID_GOOD:
		ret = 0;
		break;
	case ID_NONE:
		err_set(e, ERR_GONE, "there is no state in %s", sd->path);
		break;
	case ID_DAMAGED:
		err_set(e, ERR_STATE, "the state %s is damaged", sd->path);
		break;
	case ID_FAILED:
		break;
	}
out:
	if (ret == -1) {
		statedir_close(sd);
		sd = NULL;
	}
	return (sd);
}

void
statedir_close(struct statedir *sd)
{
	if (sd == NULL)
		return;
	/* No LOCK_UN: that would take the lock from a child as well. */
	io_close(&sd->lock_fd);
	io_close(&sd->fd);
	buf_fini(&sd->boot);
	free(sd->path);
	free(sd->url);
	free(sd);
}

int
statedir_reopen(struct statedir *sd, struct err *e)
{
	sd->fd = open(sd->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (sd->fd == -1) {
		err_sys(e, ERR_STATE, "open the state %s", sd->path);
		return (-1);
	}
	return (0);
}

int
statedir_fd(const struct statedir *sd)
{
	return (sd->fd);
}

int
statedir_lock_fd(const struct statedir *sd)
{
	return (sd->lock_fd);
}

const char *
statedir_path(const struct statedir *sd)
{
	return (sd->path);
}

struct state_id
statedir_id(const struct statedir *sd)
{
	return (sd->id);
}

int
statedir_reload(struct statedir *sd, struct err *e)
{
	switch (read_id(sd, e)) {
	case ID_GOOD:
		return (0);
	case ID_FAILED:
		break;
	case ID_NONE:
	case ID_DAMAGED:
		err_set(e, ERR_STATE, "the state %s lost its id during the run",
		    sd->path);
		break;
	}
	return (-1);
}

int
statedir_set_store(struct statedir *sd, struct hash128 store, struct err *e)
{
	struct state_id id = sd->id;

	id.store = store;
	return (write_id(sd, &id, e));
}

/* Of a file that says by its time when something was; 0: there is none. */
static int64_t
mtime_ms(const struct statedir *sd, const char *name)
{
	struct stat sb;

	if (fstatat(sd->fd, name, &sb, AT_SYMLINK_NOFOLLOW) == -1)
		return (0);
	return ((int64_t)sb.st_mtim.tv_sec * 1000 +
	    sb.st_mtim.tv_nsec / 1000000);
}

int64_t
statedir_marker_ms(const struct statedir *sd)
{
	return (hash128_is_zero(sd->id.store) ? 0 : mtime_ms(sd, "id"));
}

void
statedir_marker_seen(struct statedir *sd)
{
	/* If this fails, the marker is read once more than needed. */
	(void)utimensat(sd->fd, "id", NULL, AT_SYMLINK_NOFOLLOW);
}

int
statedir_begin(struct statedir *sd, struct err *e)
{
	return (working_begin(sd->fd, sd->path, &sd->boot, e));
}

bool
statedir_was_cut(const struct statedir *sd)
{
	return (working_was_cut(sd->fd, &sd->boot));
}

void
statedir_end(struct statedir *sd)
{
	struct err ignored;

	if (statedir_is_working(sd) && statedir_sync(sd, &ignored) == 0)
		statedir_synced(sd);
}

bool
statedir_is_working(const struct statedir *sd)
{
	return (sd->lock_fd != -1 && working_is(sd->fd));
}

int
statedir_sync(const struct statedir *sd, struct err *e)
{
	return (working_sync(sd->lock_fd, sd->path, e));
}

void
statedir_synced(struct statedir *sd)
{
	working_end(sd->fd);
}

static const char *const moments[] = { "reconciled", "pruned" };

int64_t
statedir_moment_ms(const struct statedir *sd, enum statedir_moment what)
{
	return (mtime_ms(sd, moments[what]));
}

void
statedir_moment_now(struct statedir *sd, enum statedir_moment what)
{
	int fd;

	/* If this fails, it is done once more than needed. */
	fd = openat(sd->fd, moments[what], O_WRONLY | O_CREAT | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	if (fd != -1)
		(void)futimens(fd, NULL);
	io_close(&fd);
}

int
statedir_reset(struct statedir *sd, struct err *e)
{
	static const char *const suffixes[] = { "", ".names", ".new" };
	struct state_id id = { 0 };
	char name[16];
	unsigned seg;
	size_t i;

	if (getentropy(&id.seed, sizeof(id.seed)) == -1) {
		err_sys(e, ERR_STATE, "the state %s: no random seed", sd->path);
		return (-1);
	}
	/* First the id: with another seed, no old segment is believed. */
	if (write_id(sd, &id, e) == -1)
		return (-1);
	for (seg = 0; seg < SEGMENTS; seg++)
		for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
			(void)snprintf(name, sizeof(name), "%02x%s", seg,
			    suffixes[i]);
			if (unlinkat(sd->fd, name, 0) == -1 &&
			    errno != ENOENT) {
				err_sys(e, ERR_STATE, "remove %s/%s",
				    sd->path, name);
				return (-1);
			}
		}
	return (0);
}

struct hash128
statedir_hash(const struct state_id *id, const char *path, uint64_t len)
{
	return (hash128_seeded(path, (size_t)len, id->seed));
}
