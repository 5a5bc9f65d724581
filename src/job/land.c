#include "job/land.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/hook.h"
#include "base/io.h"
#include "base/mem.h"
#include "db/aside.h"
#include "db/replace.h"
#include "job/below.h"

enum {
	SPARE_FILES = 512,	/* descriptors that are left to others */
	KEEP_DIRS = 1024
};

TAILQ_HEAD(file_list, land_file);

struct land {
	struct below *below;
	struct tally *tally;
	int procfd;		/* of /proc/self/fd */
	mode_t umask;		/* as it was */
	size_t files_max;	/* descriptors for files and directories */
	struct file_list added, synced;
	size_t nadded, nfiles;
	uint64_t bytes;
	struct err doom;	/* why the batch as a whole failed */
};

/* Descriptors that this process may have from now on. */
static size_t
raise_limit(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		return (1024);
	if (rl.rlim_cur < rl.rlim_max) {
		rl.rlim_cur = rl.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &rl) == -1)
			(void)getrlimit(RLIMIT_NOFILE, &rl);
	}
	return (rl.rlim_cur > 1 << 20 ? 1 << 20 : (size_t)rl.rlim_cur);
}

struct land *
land_new(const char *root, struct tally *tally, struct err *e)
{
	struct land *l = mem_zero(sizeof(*l));
	size_t nofile = raise_limit();

	TAILQ_INIT(&l->added);
	TAILQ_INIT(&l->synced);
	l->tally = tally;
	l->umask = umask(077);
	l->files_max = nofile > (size_t)2 * SPARE_FILES ? nofile - SPARE_FILES :
	    nofile / 2;
	l->procfd = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (l->procfd == -1) {
		err_sys(e, ERR_IO, "open /proc/self/fd (is /proc mounted?)");
		goto fail;
	}
	if ((l->below = below_open(root, l->files_max / 8 < KEEP_DIRS ?
	    l->files_max / 8 : KEEP_DIRS, e)) == NULL)
		goto fail;
	return (l);
fail:
	land_free(l);
	return (NULL);
}

void
land_free(struct land *l)
{
	struct land_file *f;

	if (l == NULL)
		return;
	while ((f = TAILQ_FIRST(&l->added)) != NULL) {
		TAILQ_REMOVE(&l->added, f, entry);
		land_drop(l, f);
	}
	while ((f = land_next(l)) != NULL)
		land_drop(l, f);
	below_close(l->below);
	io_close(&l->procfd);
	(void)umask(l->umask);
	free(l);
}

char *
land_path(const struct land *l, const char *rel)
{
	return (mem_printf("%s/%s", below_root(l->below), rel));
}

/* The directory of a target, held, and the target's name in it. */
static struct below_dir *
dir_of(struct land *l, const char *rel, bool make, const char **name,
    struct err *e)
{
	const char *slash = strrchr(rel, '/');

	*name = slash == NULL ? rel : slash + 1;
	if (slash == rel || strcmp(*name, "") == 0 ||
	    strcmp(*name, ".") == 0 || strcmp(*name, "..") == 0) {
		err_set(e, ERR_DENIED, "%s/%s: not a path below it",
		    below_root(l->below), rel);
		return (NULL);
	}
	if (strlen(*name) > NAME_MAX) {
		err_set(e, ERR_LIMIT, "%s/%s: a name longer than %d bytes",
		    below_root(l->below), rel, NAME_MAX);
		return (NULL);
	}
	return (below_hold(l->below, rel, slash == NULL ? 0 :
	    (size_t)(slash - rel), make, e));
}

static const char *const companions[] = { "-wal", "-shm", "-journal" };

enum {
	NCOMPANIONS = sizeof(companions) / sizeof(companions[0])
};

/* Is there anything of this name in the directory?  1, 0; -1 with errno. */
static int
is_there(const struct below_dir *dir, const char *name, const char *suffix,
    struct stat *st)
{
	char whole[NAME_MAX + 1];
	int n = snprintf(whole, sizeof(whole), "%s%s", name, suffix);

	if (n < 0 || (size_t)n >= sizeof(whole))
		return (0);
	if (fstatat(dir->fd, whole, st, AT_SYMLINK_NOFOLLOW) == 0)
		return (1);
	return (errno == ENOENT ? 0 : -1);
}

/* Would SQLite take a file of this name for a part of a database there? */
static int
check_base(const struct land *l, const struct below_dir *dir, const char *rel,
    const char *name, struct err *e)
{
	size_t n = strlen(name), len, i;
	char base[NAME_MAX + 1];
	struct stat st;
	int r;

	for (i = 0; i < NCOMPANIONS; i++) {
		len = strlen(companions[i]);
		if (n <= len || strcmp(name + n - len, companions[i]) != 0)
			continue;
		memcpy(base, name, n - len);
		base[n - len] = '\0';
		if ((r = is_there(dir, base, "", &st)) == 0 ||
		    (r == 1 && S_ISDIR(st.st_mode)))
			return (0);
		if (r == -1)
			err_io(e, "stat %s/%s", below_root(l->below), rel);
		else
			err_set(e, ERR_EXISTS, "%s/%s: SQLite would take it "
			    "for a part of the database %s beside it",
			    below_root(l->below), rel, base);
		return (-1);
	}
	return (0);
}

/* What of a database is at the target, as land_look() says it. */
static int
look(const struct land *l, const struct below_dir *dir, const char *rel,
    const char *name, const char **suffix, struct err *e)
{
	struct stat st;
	size_t i;
	int r;

	*suffix = NULL;
	if (check_base(l, dir, rel, name, e) == -1)
		return (-1);
	if ((r = is_there(dir, name, "", &st)) == 1)
		*suffix = "";
	for (i = 0; i < NCOMPANIONS && r == 0; i++)
		if ((r = is_there(dir, name, companions[i], &st)) == 1)
			*suffix = companions[i];
	if (r == -1)
		err_io(e, "stat %s/%s", below_root(l->below), rel);
	return (r == -1 ? -1 : 0);
}

int
land_look(struct land *l, const char *rel, const char **suffix,
    struct err *e)
{
	struct below_dir *dir;
	const char *name;
	struct err why;
	int ret;

	*suffix = NULL;
	if ((dir = dir_of(l, rel, false, &name, &why)) == NULL) {
		if (why.cls == ERR_NOTFOUND)
			return (0);
		*e = why;
		return (-1);
	}
	ret = look(l, dir, rel, name, suffix, e);
	below_release(l->below, dir);
	return (ret);
}

/* A rollback journal that is over: journal_mode=PERSIST leaves it there, with
 * zeros for its header. */
static bool
is_over(const struct below_dir *dir, const char *name)
{
	static const uint8_t over[8];
	char *journal = mem_printf("%s-journal", name);
	uint8_t magic[sizeof(over)];
	bool ret;
	int fd;

	fd = openat(dir->fd, journal, O_RDONLY | O_NONBLOCK | O_NOFOLLOW |
	    O_CLOEXEC);
	ret = fd != -1 && pread(fd, magic, sizeof(magic), 0) ==
	    (ssize_t)sizeof(magic) && memcmp(magic, over, sizeof(over)) == 0;
	io_close(&fd);
	free(journal);
	return (ret);
}

/* May SQLite find content of the database beside it? */
static bool
has_more(const struct below_dir *dir, const char *name)
{
	struct stat st;
	size_t i;
	int r;

	for (i = 0; i < NCOMPANIONS; i++) {
		r = is_there(dir, name, companions[i], &st);
		if (strcmp(companions[i], "-shm") != 0 && (r == -1 ||
		    (r == 1 && (!S_ISREG(st.st_mode) || (st.st_size > 0 &&
		    !(strcmp(companions[i], "-journal") == 0 &&
		    is_over(dir, name)))))))
			return (true);
	}
	return (false);
}

int
land_read(struct land *l, const char *rel, struct err *e)
{
	struct below_dir *dir;
	const char *name;
	struct stat st;
	int fd;

	if ((dir = dir_of(l, rel, false, &name, e)) == NULL)
		return (-1);
	fd = openat(dir->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC);
	if (fd != -1 && (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    has_more(dir, name))) {
		io_close(&fd);
		errno = ENOENT;
	}
	if (fd == -1)
		err_sys(e, errno == ENOENT || errno == ELOOP ? ERR_NOTFOUND :
		    err_class_of(errno), "open %s/%s", below_root(l->below),
		    rel);
	below_release(l->below, dir);
	return (fd);
}

int
land_dir(struct land *l, const char *rel, const char **name,
    struct err *e)
{
	struct below_dir *dir;
	int fd;

	if ((dir = dir_of(l, rel, true, name, e)) == NULL)
		return (-1);
	if ((fd = fcntl(dir->fd, F_DUPFD_CLOEXEC, 0)) == -1)
		err_io(e, "directory of %s/%s", below_root(l->below), rel);
	below_release(l->below, dir);
	return (fd);
}

/* A hidden name beside "name". */
static char *
hidden(const char *name)
{
	char after[24];

	(void)snprintf(after, sizeof(after), ".litefleet-%08x", arc4random());
	return (replace_beside(name, ".", after, 0));
}

/* Make the file in its directory: -1 with errno. */
static int
create(struct land_file *f, const char *name)
{
	f->fd = openat(f->dir->fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (f->fd != -1)
		return (0);
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
		return (-1);
	do {
		free(f->tmp);
		f->tmp = hidden(name);
		f->fd = openat(f->dir->fd, f->tmp, O_RDWR | O_CREAT | O_EXCL |
		    O_NOFOLLOW | O_CLOEXEC, 0600);
	} while (f->fd == -1 && errno == EEXIST);
	if (f->fd == -1) {
		free(f->tmp);
		f->tmp = NULL;
		return (-1);
	}
	return (0);
}

struct land_file *
land_begin(struct land *l, const char *rel, bool replace, struct err *e)
{
	struct land_file *f = mem_zero(sizeof(*f));
	const char *name;
	bool again = false;

	f->fd = -1;
	f->rel = mem_strdup(rel);
	f->replace = replace;
	l->nfiles++;
	for (;;) {
		if ((f->dir = dir_of(l, rel, true, &name, e)) == NULL)
			break;
		if (create(f, name) == 0)
			return (f);
		if (!below_is_removed(f->dir)) {
			err_sys(e, errno == ENOENT ? ERR_IO :
			    err_class_of(errno), "create a file for %s/%s",
			    below_root(l->below), rel);
			break;
		}
		if (again) {
			err_set(e, ERR_IO, "create a file for %s/%s: its "
			    "directory was removed",
			    below_root(l->below), rel);
			break;
		}
		below_forget(l->below, f->dir);
		below_release(l->below, f->dir);
		again = true;
	}
	land_drop(l, f);
	return (NULL);
}

struct land_file *
land_keep(struct land *l, const char *rel, struct err *e)
{
	struct land_file *f = mem_zero(sizeof(*f));
	const char *name;

	f->fd = -1;
	f->rel = mem_strdup(rel);
	f->keep = true;
	l->nfiles++;
	if ((f->dir = dir_of(l, rel, false, &name, e)) != NULL)
		return (f);
	land_drop(l, f);
	return (NULL);
}

void
land_drop(struct land *l, struct land_file *f)
{
	if (f == NULL)
		return;
	if (f->tmp != NULL && f->dir != NULL)
		(void)unlinkat(f->dir->fd, f->tmp, 0);
	io_close(&f->fd);
	below_release(l->below, f->dir);
	l->nfiles--;
	free(f->tmp);
	free(f->rel);
	free(f->moved);
	free(f->why);
	free(f);
}

void
land_add(struct land *l, struct land_file *f, uint64_t bytes)
{
	HOOK("land-written", f->rel);
	TAILQ_INSERT_TAIL(&l->added, f, entry);
	l->nadded++;
	l->bytes += bytes;
}

size_t
land_nadded(const struct land *l)
{
	return (l->nadded);
}

bool
land_is_full(const struct land *l)
{
	return (l->nadded >= LAND_BATCH_FILES || l->bytes >= LAND_BATCH_BYTES ||
	    l->nfiles + below_nheld(l->below) + 2 >=
	    l->files_max - l->files_max / 8);
}

/* In a message about descriptors, say the directory as it is called. */
static char *
respell(const struct land *l, const struct land_file *f, const char *text)
{
	char *by_fd = mem_printf("/proc/self/fd/%d/", f->dir->fd), *ret;
	const char *sep = f->dir->len == 0 ? "" : "/", *hit;
	struct buf b = { 0 };

	for (; (hit = strstr(text, by_fd)) != NULL;
	    text = hit + strlen(by_fd)) {
		buf_put(&b, text, (size_t)(hit - text));
		buf_printf(&b, "%s/%s%s", below_root(l->below), f->dir->path,
		    sep);
	}
	buf_puts(&b, text);
	ret = buf_take(&b);
	free(by_fd);
	return (ret);
}

static int
link_to(const struct land *l, const struct land_file *f, const char *name)
{
	char fd[16];

	(void)snprintf(fd, sizeof(fd), "%d", f->fd);
	return (linkat(l->procfd, fd, f->dir->fd, name, AT_SYMLINK_FOLLOW));
}

/* Give it its name, where nothing may be: -1 with errno. */
static int
name_it(const struct land *l, struct land_file *f, const char *name)
{
	char *from, *to;
	int r;

	if (f->tmp == NULL)
		return (link_to(l, f, name));
	from = mem_printf("/proc/self/fd/%d/%s", f->dir->fd, f->tmp);
	to = mem_printf("/proc/self/fd/%d/%s", f->dir->fd, name);
	if ((r = aside_rename(from, to)) == 0) {
		free(f->tmp);
		f->tmp = NULL;
	}
	free(from);
	free(to);
	return (r);
}

static int
place_new(const struct land *l, struct land_file *f, const char *name,
    struct err *e)
{
	const char *suffix;

	if (look(l, f->dir, f->rel, name, &suffix, e) == -1)
		return (-1);
	if (suffix != NULL) {
		err_set(e, ERR_EXISTS, suffix[0] == '\0' ? "%s/%s%s exists" :
		    "%s/%s%s exists, and SQLite would lay it over the "
		    "restored file", below_root(l->below), f->rel, suffix);
		return (-1);
	}
	if (name_it(l, f, name) == 0)
		return (0);
	if (errno == EEXIST)
		err_set(e, ERR_EXISTS, "%s/%s exists", below_root(l->below),
		    f->rel);
	else
		err_sys(e, errno == ENOENT ? ERR_IO : err_class_of(errno),
		    "link %s/%s", below_root(l->below), f->rel);
	return (-1);
}

static int
place_over(const struct land *l, struct land_file *f, const char *name,
    int64_t busy_timeout_ms, struct err *e)
{
	char *from = NULL, *to = NULL, *moved = NULL, *text;
	int ret = -1;

	if (check_base(l, f->dir, f->rel, name, e) == -1)
		return (-1);
	if (f->tmp == NULL) {
		f->tmp = hidden(name);
		if (link_to(l, f, f->tmp) == -1) {
			err_sys(e, errno == ENOENT ? ERR_IO :
			    err_class_of(errno), "link a file beside %s/%s",
			    below_root(l->below), f->rel);
			free(f->tmp);
			f->tmp = NULL;
			return (-1);
		}
	}
	from = mem_printf("/proc/self/fd/%d/%s", f->dir->fd, f->tmp);
	to = mem_printf("/proc/self/fd/%d/%s", f->dir->fd, name);
	/* Its locks go with any descriptor of the file that is closed. */
	io_close(&f->fd);
	if (replace_db(from, to, busy_timeout_ms, &moved, &f->unknown,
	    e) == 0) {
		free(f->tmp);
		f->tmp = NULL;
		ret = 0;
	} else {
		text = respell(l, f, e->msg);
		err_set(e, e->cls, "%s", text);
		free(text);
	}
	if (moved != NULL)
		f->moved = respell(l, f, moved);
	free(moved);
	free(from);
	free(to);
	return (ret);
}

static void
place(struct land *l, struct land_file *f, int64_t busy_timeout_ms)
{
	const char *slash = strrchr(f->rel, '/');
	const char *name = slash == NULL ? f->rel : slash + 1;
	struct err e;
	int r;

	if (l->tally != NULL && f->hand != NULL)
		tally_take(l->tally, f->hand, TALLY_LAND);
	r = f->replace ? place_over(l, f, name, busy_timeout_ms, &e) :
	    place_new(l, f, name, &e);
	if (r == -1) {
		f->why = mem_zero(sizeof(e));
		*f->why = e;
		f->err = f->why;
	} else
		HOOK("land-linked", f->rel);
	io_close(&f->fd);
	if (l->tally != NULL && f->hand != NULL)
		tally_drop(l->tally);
}

void
land_sync(struct land *l, int64_t busy_timeout_ms)
{
	struct land_file *f;
	bool synced;

	if (TAILQ_EMPTY(&l->added))
		return;
	assert(TAILQ_EMPTY(&l->synced));
	if ((synced = below_sync(l->below, &l->doom) == 0))
		HOOK("land-synced", below_root(l->below));
	TAILQ_FOREACH(f, &l->added, entry) {
		/* cppcheck-suppress uninitvar; the loop sets it */
		if (synced && f->keep)
			continue;
		if (synced)
			place(l, f, busy_timeout_ms);
		else
			f->err = &l->doom;
	}
	if (synced && below_sync(l->below, &l->doom) == -1)
		TAILQ_FOREACH(f, &l->added, entry)
			if (f->err == NULL)
				f->err = &l->doom;
	TAILQ_CONCAT(&l->synced, &l->added, entry);
	l->nadded = 0;
	l->bytes = 0;
}

struct land_file *
land_next(struct land *l)
{
	struct land_file *f = TAILQ_FIRST(&l->synced);

	if (f != NULL)
		TAILQ_REMOVE(&l->synced, f, entry);
	return (f);
}

uint64_t
land_room(const struct land *l)
{
	struct statvfs v;

	if (fstatvfs(below_rootfd(l->below), &v) == -1)
		return (UINT64_MAX);
	return ((uint64_t)v.f_bavail * v.f_frsize);
}
