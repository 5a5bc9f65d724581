#include "job/change.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"

int
change_open_dir(const char *real, struct err *e)
{
	struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
	    .resolve = RESOLVE_NO_SYMLINKS };
	int fd;

	if (real[0] == '\0')
		real = "/";
	fd = (int)syscall(SYS_openat2, AT_FDCWD, real, &how, sizeof(how));
	if (fd == -1 && errno == ENOSYS)
		fd = open(real, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 && errno == ELOOP)
		err_set(e, ERR_GONE, "directory %s: a symbolic link is on the "
		    "way (--follow follows it)", real);
	else if (fd == -1 && errno == ENOTDIR)
		err_sys(e, ERR_GONE, "open directory %s", real);
	else if (fd == -1)
		err_io(e, "open directory %s", real);
	return (fd);
}

static int64_t
ns_of(const struct statx_timestamp *t)
{
	return (clock_file_ns(t->tv_sec, t->tv_nsec));
}

/* 0, or -1 with errno; ENXIO if it is no regular file. */
static int
stat_file(int dirfd, const char *name, bool follow, struct statx *sx)
{
	int flags = AT_STATX_SYNC_AS_STAT | AT_NO_AUTOMOUNT |
	    (follow ? 0 : AT_SYMLINK_NOFOLLOW);

	if (statx(dirfd, name, flags, STATX_BASIC_STATS, sx) == -1) {
		if (errno == ENOTDIR || errno == ELOOP)
			errno = ENOENT;
		return (-1);
	}
	if (!S_ISREG(sx->stx_mode)) {
		errno = ENXIO;
		return (-1);
	}
	return (0);
}

int
change_real(int dirfd, const char *name, struct buf *out, struct err *e)
{
	char link[32];
	ssize_t n;
	int fd;

	buf_reset(out);
	if ((fd = openat(dirfd, name, O_PATH | O_CLOEXEC)) == -1) {
		err_io(e, "open %s", name);
		return (-1);
	}
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, buf_room(out, PATH_MAX), PATH_MAX);
	(void)close(fd);
	if (n == -1) {
		err_io(e, "read the link %s", link);
		return (-1);
	}
	out->len += (size_t)n;
	out->data[out->len] = '\0';
	return (0);
}

/*
 * The -wal of "name"; that of a link lies beside the file and not beside the
 * link.  Returns 1, 0 if there is none, or -1.
 */
static int
stat_wal(int dirfd, const char *name, bool follow, struct statx *sx,
    struct err *e)
{
	struct buf wal = { 0 };
	int ret = -1;

	if (!follow)
		buf_puts(&wal, name);
	else if (change_real(dirfd, name, &wal, e) == -1)
		goto out;
	buf_puts(&wal, "-wal");
	if (stat_file(dirfd, buf_str(&wal), false, sx) == 0)
		ret = 1;
	else if (errno == ENOENT || errno == ENXIO || errno == ENAMETOOLONG)
		ret = 0;	/* too long for a companion: it has none */
	else
		err_io(e, "stat %s", buf_str(&wal));
out:
	buf_fini(&wal);
	return (ret);
}

int
change_stat(int dirfd, const char *name, bool has_wal, bool follow,
    struct state_stat *out, struct err *e)
{
	struct statx sx;
	int r;

	if (stat_file(dirfd, name, follow, &sx) == -1) {
		if (errno == ENXIO)
			err_set(e, ERR_GONE, "not a regular file%s",
			    S_ISLNK(sx.stx_mode) ? " but a symbolic link "
			    "(--follow follows it)" : "");
		else
			err_io(e, "stat %s", name);
		return (-1);
	}
	*out = (struct state_stat){
		.dev = (uint64_t)sx.stx_dev_major << 32 | sx.stx_dev_minor,
		.ino = sx.stx_ino,
		.size = sx.stx_size,
		.mtime_ns = ns_of(&sx.stx_mtime),
		.ctime_ns = ns_of(&sx.stx_ctime),
	};
	if (!has_wal)
		return (0);
	if ((r = stat_wal(dirfd, name, follow, &sx, e)) != 1)
		return (r);
	out->has_wal = true;
	out->wal_ino = sx.stx_ino;
	out->wal_size = sx.stx_size;
	out->wal_mtime_ns = ns_of(&sx.stx_mtime);
	return (0);
}

enum change
change_compare(const struct state_rec *rec, struct hash128 fingerprint)
{
	if (rec == NULL || (rec->stored_ms == 0 &&
	    (rec->flags & STATE_NOT_DB) == 0))
		return (CHANGE_NEW);
	if (rec->fail_class != ERR_NONE || (rec->flags & STATE_RACY) != 0 ||
	    !hash128_eq(rec->fingerprint, fingerprint))
		return (CHANGE_DIFFERS);
	return (CHANGE_NONE);
}

static bool
near(int64_t t_ns, int64_t now_ns)
{
	const int64_t margin_ns = 2000000000;

	return (t_ns > now_ns - margin_ns && t_ns < now_ns + margin_ns);
}

bool
change_is_racy(const struct state_stat *s, int64_t now_ns)
{
	return (near(s->mtime_ns, now_ns) || near(s->ctime_ns, now_ns) ||
	    (s->has_wal && near(s->wal_mtime_ns, now_ns)));
}

int64_t
change_last_ms(const struct state_stat *s)
{
	int64_t ns = s->mtime_ns;

	if (s->has_wal && s->wal_size > 0 && s->wal_mtime_ns > ns)
		ns = s->wal_mtime_ns;
	return (ns / 1000000);
}
