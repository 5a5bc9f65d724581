/*
 * walkref -- the reference for an unchanged cycle: a single-threaded walk by
 * directory descriptors, getdents64(2) with a large buffer, and statx(2) of
 * every entry that is no directory.  Nothing else is done; nothing is kept
 * but what is needed to go on.
 *
 * usage: walkref DIR
 * prints: ENTRIES DIRECTORIES MILLISECONDS
 */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	BUF_BYTES = 256 * 1024
};

static char buf[BUF_BYTES];
static unsigned long entries, dirs;

/* The names of directories still to be entered, of all levels. */
static char *names;
static size_t names_len, names_cap;

static void
push(const char *name)
{
	size_t n = strlen(name) + 1;

	if (n > names_cap - names_len) {
		names_cap = names_cap * 2 + BUF_BYTES;
		if ((names = realloc(names, names_cap)) == NULL)
			err(1, NULL);
	}
	memcpy(names + names_len, name, n);
	names_len += n;
}

static void
look(int fd, const struct dirent64 *de)
{
	struct statx stx;
	unsigned char type = de->d_type;

	if (de->d_name[0] == '.' && (de->d_name[1] == '\0' ||
	    (de->d_name[1] == '.' && de->d_name[2] == '\0')))
		return;
	if (type != DT_DIR) {
		if (statx(fd, de->d_name, AT_SYMLINK_NOFOLLOW |
		    AT_STATX_SYNC_AS_STAT, STATX_BASIC_STATS, &stx) == -1)
			return;
		if (type == DT_UNKNOWN)
			type = (unsigned char)IFTODT(stx.stx_mode);
	}
	if (type == DT_DIR)
		push(de->d_name);
	else
		entries++;
}

static void
walk(int fd)
{
	const struct dirent64 *de;
	size_t start = names_len, at, end;
	ssize_t n, off;
	int sub;

	dirs++;
	while ((n = getdents64(fd, buf, sizeof(buf))) > 0)
		for (off = 0; off < n; off += de->d_reclen) {
			de = (const void *)(buf + off);
			look(fd, de);
		}
	if (n == -1)
		err(1, "getdents64");
	end = names_len;
	for (at = start; at < end; at += strlen(names + at) + 1) {
		sub = openat(fd, names + at, O_RDONLY | O_DIRECTORY |
		    O_NOFOLLOW | O_CLOEXEC);
		if (sub != -1) {
			walk(sub);
			(void)close(sub);
		}
	}
	names_len = start;
}

int
main(int argc, char **argv)
{
	struct timespec a, b;
	int fd;

	if (argc != 2) {
		(void)fprintf(stderr, "usage: walkref DIR\n");
		return (2);
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &a);
	if ((fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		err(1, "%s", argv[1]);
	walk(fd);
	(void)close(fd);
	(void)clock_gettime(CLOCK_MONOTONIC, &b);
	(void)printf("%lu %lu %.1f\n", entries, dirs,
	    (double)(b.tv_sec - a.tv_sec) * 1e3 +
	    (double)(b.tv_nsec - a.tv_nsec) / 1e6);
	free(names);
	return (0);
}
