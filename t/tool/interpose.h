/*
 * interpose -- what a library for LD_PRELOAD puts in front of the C library's:
 * calls that come in many forms, brought down to one each, which the includer
 * has.  Include it once.
 */
#ifndef INTERPOSE_H
#define INTERPOSE_H

#include <sys/types.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>

/* Within a call: real() is the C library's own of this name. */
#define REAL(ret, name, ...)						\
	static ret (*real)(__VA_ARGS__);				\
	if (real == NULL)						\
		*(void **)&real = dlsym(RTLD_NEXT, name)

/* The includer's.  "symbol": what was called, "open" or "openat". */
static int open_at(const char *symbol, int dir, const char *path, int flags,
    mode_t mode);

int __open64_2(const char *path, int flags);
int __openat64_2(int dir, const char *path, int flags);

static mode_t
mode_of(int flags, va_list ap)
{
	if ((flags & O_CREAT) == 0 && (flags & O_TMPFILE) != O_TMPFILE)
		return (0);
	return (va_arg(ap, mode_t));
}

int
open64(const char *path, int flags, ...)
{
	mode_t mode;
	va_list ap;

	va_start(ap, flags);
	mode = mode_of(flags, ap);
	va_end(ap);
	return (open_at("open", AT_FDCWD, path, flags, mode));
}

int
openat64(int dir, const char *path, int flags, ...)
{
	mode_t mode;
	va_list ap;

	va_start(ap, flags);
	mode = mode_of(flags, ap);
	va_end(ap);
	return (open_at("openat", dir, path, flags, mode));
}

int
__open64_2(const char *path, int flags)
{
	return (open_at("open", AT_FDCWD, path, flags, 0));
}

int
__openat64_2(int dir, const char *path, int flags)
{
	return (open_at("openat", dir, path, flags, 0));
}

int
renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	return (renameat2(from_dir, from, to_dir, to, 0));
}

int
rename(const char *from, const char *to)
{
	return (renameat2(AT_FDCWD, from, AT_FDCWD, to, 0));
}

#endif
