/*
 * pssmax -- run a command and look at its memory all the time: the largest sum
 * of PSS (/proc/PID/smaps_rollup) over it and its children.
 *
 * usage: pssmax COMMAND...
 * prints: KIB SAMPLES; the command's own output goes to standard error
 */
#include <sys/wait.h>

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Read a small file of /proc; false if it has gone. */
static int
slurp(const char *path, char *buf, size_t size)
{
	ssize_t n;
	int fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return (0);
	n = read(fd, buf, size - 1);
	(void)close(fd);
	if (n <= 0)
		return (0);
	buf[n] = '\0';
	return (1);
}

static long
pss_kib(long pid)
{
	char path[64], buf[4096], *p;

	(void)snprintf(path, sizeof(path), "/proc/%ld/smaps_rollup", pid);
	if (!slurp(path, buf, sizeof(buf)) ||
	    (p = strstr(buf, "\nPss:")) == NULL)
		return (0);
	return (strtol(p + 5, NULL, 10));
}

static long
total_kib(long pid)
{
	char path[64], buf[4096], *p, *end;
	long total, child;

	total = pss_kib(pid);
	(void)snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children", pid,
	    pid);
	if (!slurp(path, buf, sizeof(buf)))
		return (total);
	for (p = buf; (child = strtol(p, &end, 10)) > 0; p = end)
		total += pss_kib(child);
	return (total);
}

int
main(int argc, char **argv)
{
	const struct timespec pause = { 0, 1000000 };
	long kib, max = 0, samples = 0;
	int status;
	pid_t pid;

	if (argc < 2)
		errx(2, "usage: pssmax COMMAND...");
	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		(void)dup2(STDERR_FILENO, STDOUT_FILENO);
		(void)execvp(argv[1], argv + 1);
		err(127, "%s", argv[1]);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		kib = total_kib((long)pid);
		if (kib > max)
			max = kib;
		samples++;
		(void)nanosleep(&pause, NULL);
	}
	printf("%ld %ld\n", max, samples);
	return (WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}
