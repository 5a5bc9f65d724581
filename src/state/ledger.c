#include "state/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/hashset.h"
#include "base/io.h"
#include "base/line.h"
#include "base/mem.h"
#include "base/num.h"

#define MAGIC	"litefleet-restore"
#define FORMAT	"1"

struct ledger {
	char *path;
	int fd;			/* O_APPEND */
	uint64_t bytes;		/* of the file */
	bool resumed;
	int64_t began_ms;
	uint64_t count;
	bool expecting;
	uint64_t expected;	/* of count */
	int64_t youngest_ms;

	bool any_version;

	uint64_t seed;
	struct hashset over;

	struct buf scratch;
};

static struct hash128
hash_of(const struct ledger *l, const char *key, int64_t ms)
{
	return (hash128_seeded(key, strlen(key),
	    l->seed ^ (l->any_version ? 0 : (uint64_t)ms)));
}

bool
ledger_has(const struct ledger *l, const char *key, int64_t ms)
{
	return (hashset_has(&l->over, hash_of(l, key, ms)));
}

void
ledger_settle(struct ledger *l, const char *key, int64_t ms)
{
	(void)hashset_add(&l->over, hash_of(l, key, ms));
}

static int
damaged(const struct ledger *l, uint64_t line, struct err *e)
{
	err_set(e, ERR_STATE, "%s: line %llu is not one of a restore's "
	    "journal; move the file away, and what is there already will be "
	    "compared", l->path, (unsigned long long)line);
	return (-1);
}

static int
refuse(const struct ledger *l, const char *what, const char *there,
    const char *ours, struct err *e)
{
	err_set(e, ERR_USAGE, "%s is the journal of another restore: %s was "
	    "\"%s\", and now is \"%s\"; give that command again with "
	    "--resume, or remove the file to begin anew", l->path, what, there,
	    ours);
	return (-1);
}

/* The first line: is it the one of this command? */
static int
read_head(struct ledger *l, const struct ledger_cfg *cfg,
    const struct buf *line, struct err *e)
{
	struct buf f = { 0 };
	struct hash128 store;
	size_t i, pos = 0;
	int ret = -1;

	if (line_cut(line, &pos, false, &f) != 1 ||
	    strcmp(buf_str(&f), MAGIC) != 0 ||
	    line_cut(line, &pos, false, &f) != 1) {
		(void)damaged(l, 1, e);
		goto out;
	}
	if (strcmp(buf_str(&f), FORMAT) != 0) {
		err_set(e, ERR_STATE, "%s is a journal of another format; give "
		    "--resume to the litefleet that began it, or remove the "
		    "file", l->path);
		goto out;
	}
	if (line_cut(line, &pos, false, &f) != 1 ||
	    !hash128_parse(buf_str(&f), &store) ||
	    line_cut(line, &pos, false, &f) != 1 ||
	    !clock_stamp_parse(buf_str(&f), f.len, &l->began_ms)) {
		(void)damaged(l, 1, e);
		goto out;
	}
	for (i = 0; i < cfg->nasked; i++)
		if (line_cut(line, &pos, false, &f) != 1 ||
		    strcmp(buf_str(&f), cfg->asked[i]) != 0) {
			(void)refuse(l, "what was asked for", buf_str(&f),
			    cfg->asked[i], e);
			goto out;
		}
	if (!cfg->more && line_cut(line, &pos, false, &f) != 0) {
		(void)refuse(l, "what was asked for", buf_str(&f), "", e);
		goto out;
	}
	if (!hash128_eq(store, cfg->store)) {
		(void)refuse(l, "the store", "another one of this name",
		    "the one that is there", e);
		goto out;
	}
	ret = 0;
out:
	buf_fini(&f);
	return (ret);
}

/* A line that says how many there will be. */
static bool
read_expected(struct ledger *l, const struct buf *line, struct buf *f)
{
	struct err ignored;
	size_t pos = 0;

	if (line_cut(line, &pos, false, f) != 1 || f->len != 0 ||
	    line_cut(line, &pos, false, f) != 1 || num_parse(buf_str(f), 0,
	    UINT64_MAX, "databases", &l->expected, &ignored) == -1 ||
	    line_cut(line, &pos, false, f) != 0)
		return (false);
	l->expecting = true;
	return (true);
}

/* A line that says how late a backup was found. */
static bool
read_reach(struct ledger *l, const struct buf *line, struct buf *f)
{
	size_t pos = 0;
	int64_t ms;

	if (line_cut(line, &pos, false, f) != 1 || f->len != 0 ||
	    line_cut(line, &pos, false, f) != 1 || f->len != 0 ||
	    line_cut(line, &pos, false, f) != 1 ||
	    !clock_stamp_parse(buf_str(f), f->len, &ms) ||
	    line_cut(line, &pos, false, f) != 0)
		return (false);
	if (ms > l->youngest_ms)
		l->youngest_ms = ms;
	return (true);
}

/* A line of a finished database. */
static bool
read_line(struct ledger *l, const struct buf *line, struct buf *key,
    struct buf *f)
{
	struct hash128 xxh3;
	struct err ignored;
	size_t pos = 0;
	uint64_t bytes;
	int64_t ms;

	if (line_cut(line, &pos, false, key) != 1 || key->len == 0 ||
	    line_cut(line, &pos, false, f) != 1 ||
	    !clock_stamp_parse(buf_str(f), f->len, &ms) ||
	    line_cut(line, &pos, false, f) != 1 || num_parse(buf_str(f), 0,
	    UINT64_MAX, "bytes", &bytes, &ignored) == -1 ||
	    line_cut(line, &pos, false, f) != 1 ||
	    !hash128_parse(buf_str(f), &xxh3) ||
	    line_cut(line, &pos, false, f) != 0)
		return (false);
	if (!ledger_has(l, buf_str(key), ms))
		l->count++;
	if (ms > l->youngest_ms)
		l->youngest_ms = ms;
	ledger_settle(l, buf_str(key), ms);
	return (true);
}

/*
 * Did the power fail before these bytes were on the disk?  A file may have its
 * length then, and zeros.  Of the first line all are missing, or none.
 */
static bool
is_lost(const struct buf *line, bool first)
{
	size_t i = 0;

	if (!first)
		return (memchr(line->data, '\0', line->len) != NULL);
	while (i < line->len && line->data[i] == '\0')
		i++;
	return (i > 0 && i == line->len);
}

/* Read all there is; l->bytes is then the end of the last whole line before
 * any that is lost. */
static int
read_all(struct ledger *l, const struct ledger_cfg *cfg, struct err *e)
{
	struct buf line = { 0 }, key = { 0 }, f = { 0 };
	uint64_t n = 0;
	FILE *in = NULL;
	bool whole;
	int fd, r, ret = -1;

	if ((fd = dup(l->fd)) == -1 || (in = fdopen(fd, "r")) == NULL) {
		err_io(e, "read %s", l->path);
		io_close(&fd);
		goto out;
	}
	while ((r = line_get(in, '\n', &line, &whole, e)) == 1 && whole &&
	    !is_lost(&line, n == 0)) {
		if (n++ == 0) {
			if (read_head(l, cfg, &line, e) == -1)
				goto out;
		} else if (!read_line(l, &line, &key, &f) &&
		    !read_expected(l, &line, &f) &&
		    !read_reach(l, &line, &f)) {
			(void)damaged(l, n, e);
			goto out;
		}
		l->bytes += line.len + 1;
	}
	if (r == -1)
		err_prefix(e, "%s", l->path);
	else if (r == 1 && n == 0 && !is_lost(&line, true) &&
	    strncmp(buf_str(&line), MAGIC, line.len < sizeof(MAGIC) ?
	    line.len : sizeof(MAGIC) - 1) != 0)
		(void)damaged(l, 1, e);		/* not one of ours, torn */
	else
		ret = 0;
out:
	if (in != NULL)
		(void)fclose(in);
	buf_fini(&line);
	buf_fini(&key);
	buf_fini(&f);
	return (ret);
}

/* Append what is in l->scratch, all of it or nothing. */
static int
append(struct ledger *l, struct err *e)
{
	if (io_write(l->fd, l->scratch.data, l->scratch.len, l->path,
	    e) == -1) {
		if (ftruncate(l->fd, (off_t)l->bytes) == -1)
			err_prefix(e, "its last line is torn now");
		return (-1);
	}
	l->bytes += l->scratch.len;
	return (0);
}

/* The first line, which must be durable before anything is restored. */
static int
begin(struct ledger *l, const struct ledger_cfg *cfg, struct err *e)
{
	char hex[HASH128_HEX_BYTES], stamp[CLOCK_STAMP_BYTES];
	size_t i;

	l->began_ms = cfg->now_ms;
	hash128_hex(cfg->store, hex);
	clock_stamp(cfg->now_ms, stamp);
	buf_reset(&l->scratch);
	buf_printf(&l->scratch, "%s\t%s\t%s\t%s", MAGIC, FORMAT, hex, stamp);
	for (i = 0; i < cfg->nasked; i++) {
		buf_putc(&l->scratch, '\t');
		line_field(&l->scratch, cfg->asked[i], false);
	}
	buf_putc(&l->scratch, '\n');
	if (append(l, e) == -1)
		return (-1);
	if (fsync(l->fd) == -1) {
		err_io(e, "fsync %s", l->path);
		return (-1);
	}
	return (io_sync_parent(l->path, e));
}

/* Is what we locked still what the path names?  Its restore may have ended,
 * and removed it, between our open(2) and our flock(2). */
static bool
still_there(const struct ledger *l)
{
	struct stat ours, there;

	return (fstat(l->fd, &ours) == 0 && lstat(l->path, &there) == 0 &&
	    ours.st_dev == there.st_dev && ours.st_ino == there.st_ino);
}

static int
open_locked(struct ledger *l, struct err *e)
{
	struct stat st;

	do {
		io_close(&l->fd);
		if ((l->fd = open(l->path, O_RDWR | O_APPEND | O_CREAT |
		    O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
		    0600)) == -1 && errno != ELOOP && errno != EISDIR) {
			err_io(e, "the journal of the restore %s", l->path);
			return (-1);
		}
		if (l->fd == -1 || fstat(l->fd, &st) == -1 ||
		    !S_ISREG(st.st_mode)) {
			err_set(e, ERR_STATE, "%s is no file; the journal of "
			    "the restore must be there: move it away",
			    l->path);
			return (-1);
		}
		if (flock(l->fd, LOCK_EX | LOCK_NB) == -1) {
			err_set(e, ERR_BUSY, "%s is held by another restore "
			    "that still runs: wait for it or stop it",
			    l->path);
			return (-1);
		}
	} while (!still_there(l));
	return (0);
}

struct ledger *
ledger_open(const struct ledger_cfg *cfg, struct err *e)
{
	struct ledger *l = mem_zero(sizeof(*l));
	struct stat st;
	int ret = -1;

	l->fd = -1;
	l->path = mem_strdup(cfg->path);
	l->any_version = cfg->any_version;
	if (getrandom(&l->seed, sizeof(l->seed), GRND_NONBLOCK) !=
	    sizeof(l->seed))
		l->seed = (uint64_t)clock_real_ns();
	if (open_locked(l, e) == -1)
		goto out;
	if (fstat(l->fd, &st) == 0 && st.st_size > 0 && !cfg->resume) {
		err_set(e, ERR_USAGE, "a restore was not finished here (its "
		    "journal is %s): --resume goes on with it; to begin "
		    "anew, remove that file", l->path);
		goto out;
	}
	if (read_all(l, cfg, e) == -1)
		goto out;
	if (ftruncate(l->fd, (off_t)l->bytes) == -1) {
		err_io(e, "cut %s", l->path);
		goto out;
	}
	l->resumed = l->bytes > 0;
	if (!l->resumed && begin(l, cfg, e) == -1) {
		/* Nothing was begun; do not leave what looks like it. */
		(void)unlink(l->path);
		goto out;
	}
	ret = 0;
out:
	if (ret == -1) {
		ledger_close(l);
		l = NULL;
	}
	return (l);
}

void
ledger_close(struct ledger *l)
{
	if (l == NULL)
		return;
	io_close(&l->fd);
	free(l->path);
	hashset_fini(&l->over);
	buf_fini(&l->scratch);
	free(l);
}

int
ledger_fd(const struct ledger *l)
{
	return (l->fd);
}

bool
ledger_resumed(const struct ledger *l)
{
	return (l->resumed);
}

int64_t
ledger_began_ms(const struct ledger *l)
{
	return (l->began_ms);
}

uint64_t
ledger_count(const struct ledger *l)
{
	return (l->count);
}

int
ledger_expect(struct ledger *l, uint64_t count, struct err *e)
{
	buf_reset(&l->scratch);
	buf_printf(&l->scratch, "\t%llu\n", (unsigned long long)count);
	if (append(l, e) == -1)
		return (-1);
	l->expecting = true;
	l->expected = count;
	return (0);
}

bool
ledger_is_listed(const struct ledger *l)
{
	return (l->expecting);
}

bool
ledger_is_whole(const struct ledger *l, uint64_t nleft)
{
	return (l->expecting && (l->count >= l->expected ||
	    l->expected - l->count <= nleft));
}

int64_t
ledger_youngest_ms(const struct ledger *l)
{
	return (l->youngest_ms);
}

int
ledger_reach(struct ledger *l, int64_t ms, struct err *e)
{
	char stamp[CLOCK_STAMP_BYTES];

	if (ms <= l->began_ms || ms <= l->youngest_ms)
		return (0);
	l->youngest_ms = ms;
	clock_stamp(ms, stamp);
	buf_reset(&l->scratch);
	buf_printf(&l->scratch, "\t\t%s\n", stamp);
	return (append(l, e));
}

int
ledger_add(struct ledger *l, const char *key, int64_t ms, uint64_t bytes,
    struct hash128 xxh3, struct err *e)
{
	char hex[HASH128_HEX_BYTES], stamp[CLOCK_STAMP_BYTES];

	hash128_hex(xxh3, hex);
	clock_stamp(ms, stamp);
	buf_reset(&l->scratch);
	line_field(&l->scratch, key, false);
	buf_printf(&l->scratch, "\t%s\t%llu\t%s\n", stamp,
	    (unsigned long long)bytes, hex);
	ledger_settle(l, key, ms);
	if (append(l, e) == -1)
		return (-1);
	l->count++;
	if (ms > l->youngest_ms)
		l->youngest_ms = ms;
	return (0);
}

int
ledger_finish(struct ledger *l, struct err *e)
{
	if (unlink(l->path) == -1 && errno != ENOENT) {
		err_io(e, "remove %s", l->path);
		return (-1);
	}
	return (0);
}
