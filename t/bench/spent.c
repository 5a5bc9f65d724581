/*
 * spent -- run a command: how long it took, how much of the processors it and
 * its descendants used, and the largest resident set of any one of them (the
 * kernel's own high-water mark, shared pages included).
 *
 * usage: spent COMMAND...
 * prints: MILLISECONDS CPU_MICROSECONDS MAXRSS_KIB; the command's own output
 *	goes to standard error
 */
#include <sys/resource.h>
#include <sys/wait.h>

#include <err.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static double
now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6);
}

static long long
us(const struct timeval *tv)
{
	return ((long long)tv->tv_sec * 1000000 + tv->tv_usec);
}

int
main(int argc, char **argv)
{
	double began = now_ms();
	struct rusage ru;
	int status;
	pid_t pid;

	if (argc < 2)
		errx(2, "usage: spent COMMAND...");
	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		(void)dup2(STDERR_FILENO, STDOUT_FILENO);
		(void)execvp(argv[1], argv + 1);
		err(127, "%s", argv[1]);
	}
	if (waitpid(pid, &status, 0) == -1 ||
	    getrusage(RUSAGE_CHILDREN, &ru) == -1)
		err(1, "wait");
	printf("%.1f %lld %ld\n", now_ms() - began,
	    us(&ru.ru_utime) + us(&ru.ru_stime), ru.ru_maxrss);
	return (WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}
