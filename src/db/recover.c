#include "db/recover.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/hook.h"
#include "base/io.h"
#include "db/distrust.h"
#include "db/guard.h"
#include "db/journal.h"
#include "db/private.h"

struct copy {
	struct private_dir dir;
	struct buf db;		/* paths in it */
	struct buf companion;
	int fd;			/* of db */
	uint64_t bytes;		/* of all of them */
};

/* The last component. */
static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return (slash == NULL ? path : slash + 1);
}

/* Copy "size" bytes of "from" into a new file; 1 if it ended before. */
static int
copy_bytes(struct copy *c, struct sink *s, int from, uint64_t size,
    const char *name, struct buf *path, int *keep_fd, struct err *e)
{
	uint64_t got;
	int fd, ret = -1;

	if ((fd = private_create(&c->dir, base_name(name), path, e)) == -1 ||
	    sink_copy(s, from, fd, size, &got, e) == -1)
		goto out;
	if (keep_fd != NULL) {
		*keep_fd = fd;
		fd = -1;
	}
	ret = got < size;
	c->bytes += got;
out:
	io_close(&fd);
	return (ret);
}

/*
 * Is the super-journal there, as SQLite asks: an empty file is not.  1, 0, or
 * -1 where nobody can say (class io, denied): either answer could be wrong.
 */
static int
super_exists(const char *name, struct err *e)
{
	struct stat st;

	if (stat(name, &st) == 0)
		return (!S_ISREG(st.st_mode) || st.st_size > 0);
	if (errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG)
		return (0);
	err_io(e, "stat %s", name);
	return (-1);
}

static int
copy_companion(struct copy *c, struct pin *p, struct sink *s,
    enum pin_companion which, struct err *e)
{
	const char *name = p->names[which];
	struct journal_super js;
	struct stat st;
	int fd, ret = -1;

	if ((fd = guard_open(name)) == -1) {
		if (errno == ENOENT)
			return (0);
		guard_explain(e, errno, name);
		return (-1);
	}
	if (fstat(fd, &st) == -1) {
		err_io(e, "stat %s", name);
		goto out;
	}
	js.body_bytes = (uint64_t)st.st_size;
	if (which == PIN_JOURNAL) {
		if (journal_read_super(fd, (uint64_t)st.st_size, &js,
		    e) == -1)
			goto out;
		if (js.name[0] != '\0' &&
		    (ret = super_exists(js.name, e)) != 1)
			goto out;
	}
	ret = copy_bytes(c, s, fd, js.body_bytes, name, &c->companion, NULL,
	    e);
out:
	io_close(&fd);
	return (ret);
}

/* A -wal beside a hot journal is laid over what the roll-back gives. */
static int
copy_all(struct copy *c, struct pin *p, struct sink *s, struct err *e)
{
	int ret;

	if (private_make(s->spool, &c->dir, e) == -1)
		return (-1);
	ret = copy_bytes(c, s, p->fd, (uint64_t)p->st.st_size,
	    p->names[PIN_DB], &c->db, &c->fd, e);
	if (ret == 0)
		ret = copy_companion(c, p, s, PIN_WAL, e);
	if (ret == 0)
		ret = copy_companion(c, p, s, PIN_JOURNAL, e);
	if (ret == 1)
		return (pin_again(p, "a file shrank while it was copied"));
	return (ret);
}

/*
 * Whether the journal is gone tells whether it was rolled back; what SQLite
 * says of the result, which may be damaged, only why not.
 */
static int
roll_back(struct copy *c)
{
	sqlite3 *db = NULL;
	bool before;
	int rc;

	before = guard_exempt(true);
	rc = sqlite3_open_v2(buf_str(&c->db), &db,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK) {
		distrust_schema(db);
		rc = sqlite3_exec(db, "PRAGMA synchronous = OFF;"
		    "PRAGMA schema_version", NULL, NULL, NULL);
	}
	(void)sqlite3_close(db);
	(void)guard_exempt(before);
	return (rc);
}

/* The copy still has its journal; it is ours, so nobody else is to blame. */
static int
not_rolled_back(struct copy *c, struct pin *p, int rc, struct err *e)
{
	switch (rc) {
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_NOMEM:
		err_set(e, rc == SQLITE_FULL ? ERR_SPACE : ERR_IO,
		    "%s: roll its hot journal back in %s: %s",
		    p->names[PIN_DB], buf_str(&c->dir.path),
		    sqlite3_errstr(rc));
		return (-1);
	default:
		return (pin_again(p, "its hot journal could not be rolled "
		    "back in a copy: %s", sqlite3_errstr(rc)));
	}
}

static int
adopt(struct copy *c, struct pin *p, struct sink *s, int rc, struct err *e)
{
	struct stat st;

	buf_reset(&c->companion);
	buf_printf(&c->companion, "%s-journal", buf_str(&c->db));
	if (lstat(buf_str(&c->companion), &st) == 0)
		return (not_rolled_back(c, p, rc, e));
	if (errno != ENOENT) {
		err_io(e, "stat %s", buf_str(&c->companion));
		return (-1);
	}
	if (fstat(c->fd, &st) == -1) {
		err_io(e, "stat %s", buf_str(&c->db));
		return (-1);
	}
	/* The size that a journal goes back to is under no checksum: of what
	 * is beyond all that was there, nobody has the content. */
	if ((uint64_t)st.st_size > c->bytes) {
		err_set(e, ERR_CORRUPT, "%s: its journal is damaged: rolled "
		    "back it has %" PRIu64 " bytes, more than there are",
		    p->names[PIN_DB], (uint64_t)st.st_size);
		return (-1);
	}
	return (sink_adopt(s, &c->fd, (uint64_t)st.st_size, e));
}

int
recover_take(struct pin *p, struct sink *s, struct err *e)
{
	struct copy c = { .fd = -1, .dir = PRIVATE_NONE };
	int ret;

	if ((ret = copy_all(&c, p, s, e)) != 0)
		goto out;
	HOOK("image-recover", p->names[PIN_DB]);
	pin_unlock(p);
	ret = adopt(&c, p, s, roll_back(&c), e);
out:
	io_close(&c.fd);
	private_remove(&c.dir);
	buf_fini(&c.db);
	buf_fini(&c.companion);
	return (ret);
}
