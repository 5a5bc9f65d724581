/*
 * prank -- a tenant who wants to see what is not theirs in their backups:
 *
 *     prank DIR OUTSIDE SEED [MICROSECONDS]
 *
 * Until SIGTERM puts other things in the place of what lies in DIR and back, by
 * renameat2(RENAME_EXCHANGE), so that every name is there at all times: a
 * directory and a link to OUTSIDE; a database, its -wal, -shm or -journal, and
 * a link to the file of that name in OUTSIDE, a FIFO, a socket, a device (where
 * the kernel lets one be made), a directory, a hard link to another database
 * of DIR; a directory and one of another place in DIR.  Waits as long after
 * each (default 0).  Prints how often at the end.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	MAX_VICTIMS = 4096
};

static char *victims[MAX_VICTIMS];
static unsigned nvictims;
static volatile sig_atomic_t stopping;
static uint64_t rnd;

static void
stop(int sig)
{
	(void)sig;
	stopping = 1;
}

static unsigned
below(unsigned n)
{
	rnd ^= rnd << 13;
	rnd ^= rnd >> 7;
	rnd ^= rnd << 17;
	return ((unsigned)((rnd >> 20) % n));
}

/* Everything below dir, relative to it. */
static void
find(const char *dir, const char *rel)
{
	char path[PATH_MAX];
	struct dirent *d;
	DIR *dp;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, rel);
	if ((dp = opendir(path)) == NULL)
		return;
	while ((d = readdir(dp)) != NULL && nvictims < MAX_VICTIMS) {
		if (d->d_name[0] == '.')
			continue;
		if (asprintf(&victims[nvictims], "%s%s%s", rel,
		    *rel == '\0' ? "" : "/", d->d_name) == -1)
			err(1, "asprintf");
		nvictims++;
		if (d->d_type == DT_DIR)
			find(dir, victims[nvictims - 1]);
	}
	(void)closedir(dp);
}

static void
make_socket(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(sun.sun_path))
		return;
	memcpy(sun.sun_path, path, strlen(path) + 1);
	if ((fd = socket(AF_UNIX, SOCK_STREAM, 0)) == -1)
		return;
	(void)bind(fd, (struct sockaddr *)&sun, sizeof(sun));
	(void)close(fd);
}

static void
link_to(const char *path, const char *decoy)
{
	if (symlink(path, decoy) == -1 && errno != EEXIST)
		err(1, "symlink %s", decoy);
}

/* Something else under the name "decoy". */
static void
make_decoy(const char *decoy, const char *victim, const char *dir,
    const char *outside)
{
	char path[2 * PATH_MAX];
	const char *name = strrchr(victim, '/');

	name = name == NULL ? victim : name + 1;
	switch (below(10)) {
	case 0:
		(void)mkfifo(decoy, 0644);
		break;
	case 1:
		make_socket(decoy);
		break;
	case 2:
		/* Reading /dev/zero never ends. */
		if (mknod(decoy, S_IFCHR | 0644, makedev(1, 5)) == -1)
			(void)mkfifo(decoy, 0644);
		break;
	case 3:
		(void)mkdir(decoy, 0755);
		break;
	case 4:
		(void)snprintf(path, sizeof(path), "%s/%s", dir,
		    victims[below(nvictims)]);
		if (link(path, decoy) == -1)
			(void)mkfifo(decoy, 0644);
		break;
	case 5:
		link_to(outside, decoy);
		break;
	default:
		if (snprintf(path, sizeof(path), "%s/%s", outside, name) <
		    (int)sizeof(path))
			link_to(path, decoy);
	}
}

static bool
is_dir(const char *path)
{
	struct stat st;

	return (lstat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

static unsigned long
play(const char *dir, const char *outside, useconds_t us)
{
	char victim[2 * PATH_MAX], decoy[PATH_MAX];
	unsigned long n = 0;
	unsigned i, times;

	(void)snprintf(decoy, sizeof(decoy), "%s/.decoy", dir);
	while (!stopping) {
		i = below(nvictims);
		(void)snprintf(victim, sizeof(victim), "%s/%s", dir,
		    victims[i]);
		if (is_dir(victim) && below(3) != 0)
			link_to(outside, decoy);
		else
			make_decoy(decoy, victim, dir, outside);
		for (times = 2 + 2 * below(20); times > 0; times--) {
			if (renameat2(AT_FDCWD, victim, AT_FDCWD, decoy,
			    RENAME_EXCHANGE) == 0)
				n++;
			if (us > 0)
				(void)usleep(us);
		}
		/* An even number of exchanges: the victim is back. */
		if (unlink(decoy) == -1)
			(void)rmdir(decoy);
	}
	return (n);
}

int
main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = stop };
	unsigned i;

	if (argc != 4 && argc != 5)
		errx(2, "usage: prank DIR OUTSIDE SEED [MICROSECONDS]");
	rnd = (strtoull(argv[3], NULL, 10) + 1) * 0x9e3779b97f4a7c15ULL;
	find(argv[1], "");
	if (nvictims == 0)
		errx(2, "%s: there is nothing", argv[1]);
	(void)sigaction(SIGTERM, &sa, NULL);
	(void)sigaction(SIGINT, &sa, NULL);
	printf("pranks=%lu\n", play(argv[1], argv[2],
	    argc == 5 ? (useconds_t)strtoul(argv[4], NULL, 10) : 0));
	for (i = 0; i < nvictims; i++)
		free(victims[i]);
	return (0);
}
