/*
 * scribble -- a child that was taken over writes over all memory that it shares
 * with who has forked it.
 */
#ifndef UNIT_SCRIBBLE_H
#define UNIT_SCRIBBLE_H

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>

/* Lengths and indices, text without an end, pointers. */
static const int scribbles[] = { 0xff, 'x', 1 };

/* Write "byte" wherever a mapping is shared; how many there are. */
static inline int
scribble_over(int byte)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long from[16], to[16];
	char line[512], how[8];
	int n = 0, i;

	while (maps != NULL && n < 16 &&
	    fgets(line, sizeof(line), maps) != NULL)
		if (sscanf(line, "%lx-%lx %7s", &from[n], &to[n], how) == 3 &&
		    strcmp(how, "rw-s") == 0)
			n++;
	for (i = 0; i < n; i++)
		memset((void *)from[i], byte, to[i] - from[i]);
	return (n);
}

static inline void
scribble(int byte)
{
	pid_t pid = fork();
	int st;

	ck_assert_int_ne(pid, -1);
	if (pid == 0)
		_exit(scribble_over(byte) > 0 ? 0 : 1);
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
	ck_assert(WIFEXITED(st) && WEXITSTATUS(st) == 0);
}

#endif
