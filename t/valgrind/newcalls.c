/*
 * newcalls -- LD_PRELOAD, under valgrind: system calls that are younger than
 * valgrind 3.19, which answers ENOSYS to them, get through to the kernel.  So
 * what goes by them is tested, and not only what would be done without.
 *
 * Only those made with syscall(2).  What they are given is checked here, since
 * valgrind does not see it: these calls only read.
 *
 * And memory is asked after in processes that come to their end by exit(3)
 * alone.  Those that leave by _exit(2) or a signal, as our workers and roles
 * and many children of tests do, leave it to the kernel.
 */
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/types.h>

#include <errno.h>
#include <linux/landlock.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include <valgrind/memcheck.h>
#include <valgrind/valgrind.h>

struct call {
	long number;
	long arg[6];
};

/* -errno, as the kernel says it.  Runs on the real processor, where nothing
 * of this thread is to be found: no errno, no stack protector. */
static long
ask(const struct call *c)
{
#if defined(__x86_64__)
	register long r10 __asm__("r10") = c->arg[3];
	register long r8 __asm__("r8") = c->arg[4];
	register long r9 __asm__("r9") = c->arg[5];
	long ret;

	__asm__ volatile("syscall" : "=a"(ret) : "0"(c->number),
	    "D"(c->arg[0]), "S"(c->arg[1]), "d"(c->arg[2]), "r"(r10), "r"(r8),
	    "r"(r9) : "rcx", "r11", "memory");
	return (ret);
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = c->number;
	register long x0 __asm__("x0") = c->arg[0];
	register long x1 __asm__("x1") = c->arg[1];
	register long x2 __asm__("x2") = c->arg[2];
	register long x3 __asm__("x3") = c->arg[3];
	register long x4 __asm__("x4") = c->arg[4];
	register long x5 __asm__("x5") = c->arg[5];

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2),
	    "r"(x3), "r"(x4), "r"(x5) : "memory");
	return (x0);
#else
	(void)c;
	return (-ENOSYS);
#endif
}

static long
ask_natively(unsigned long thread, const struct call *c)
{
	(void)thread;
	return (ask(c));
}

/* Is it younger than valgrind?  Then what it reads has to be there. */
static bool
is_new(const struct call *c)
{
	const void *p = (const void *)c->arg[1];

	switch (c->number) {
	case SYS_openat2:
		(void)VALGRIND_CHECK_MEM_IS_DEFINED(p, strlen(p) + 1);
		(void)VALGRIND_CHECK_MEM_IS_DEFINED(c->arg[2], c->arg[3]);
		return (true);
	case SYS_landlock_create_ruleset:
		(void)VALGRIND_CHECK_MEM_IS_DEFINED(c->arg[0], c->arg[1]);
		return (true);
	case SYS_landlock_add_rule:
		(void)VALGRIND_CHECK_MEM_IS_DEFINED(c->arg[2],
		    sizeof(struct landlock_path_beneath_attr));
		return (true);
	case SYS_landlock_restrict_self:
	case SYS_seccomp:
		return (true);
	default:
		return (false);
	}
}

static void ask_for_leaks(void) __attribute__((__destructor__));

static void
ask_for_leaks(void)
{
	VALGRIND_CLO_CHANGE("--leak-check=full");
}

long
syscall(long number, ...)
{
	struct call c = { .number = number };
	va_list ap;
	long ret;
	int i;

	va_start(ap, number);
	for (i = 0; i < 6; i++)
		c.arg[i] = va_arg(ap, long);
	va_end(ap);
	if (RUNNING_ON_VALGRIND != 0 && is_new(&c))
		ret = (long)VALGRIND_NON_SIMD_CALL1(ask_natively, &c);
	else
		ret = ask(&c);
	if (ret >= 0 || ret < -4095)
		return (ret);
	errno = (int)-ret;
	return (-1);
}
