/*
 * Below an image is a kernel that fails: system calls of SQLite's and of db/
 * itself, at any one point, or from there on.
 */
#include "db/image.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>

#include "unit/faultbed.h"
#include "unit/suite.h"

enum kernel_call {
	CALL_OPEN, CALL_PREAD, CALL_PREAD_PART, CALL_PWRITE, CALL_WRITE,
	CALL_FSTAT, CALL_LSTAT, CALL_STAT, CALL_TRUNCATE, CALL_LOCK,
	CALL_MMAP, CALL_MKDTEMP, CALL_CLOSE, CALL_COPY, CALL_COPY_PART
};

static const struct fault faults[] = {
	{ "open: EIO", CALL_OPEN, EIO, SAYS_IO },
	{ "open: EMFILE", CALL_OPEN, EMFILE, SAYS_IO },
	{ "open: EACCES", CALL_OPEN, EACCES, SAYS_IO | SAYS_DENIED },
	{ "pread: EIO", CALL_PREAD, EIO, SAYS_IO },
	{ "pread: EINTR", CALL_PREAD, EINTR, 0 },
	{ "pread: a part", CALL_PREAD_PART, 0, 0 },
	{ "pwrite: EIO", CALL_PWRITE, EIO, SAYS_IO },
	{ "pwrite: ENOSPC", CALL_PWRITE, ENOSPC, SAYS_SPACE },
	{ "pwrite: EDQUOT", CALL_PWRITE, EDQUOT, SAYS_SPACE | SAYS_IO },
	{ "write: ENOSPC", CALL_WRITE, ENOSPC, SAYS_SPACE },
	{ "fstat: EIO", CALL_FSTAT, EIO, SAYS_IO },
	{ "lstat: EIO", CALL_LSTAT, EIO, SAYS_IO | SAYS_BUSY },
	{ "lstat: EACCES", CALL_LSTAT, EACCES, SAYS_IO | SAYS_DENIED |
	    SAYS_BUSY },
	{ "stat: EIO", CALL_STAT, EIO, SAYS_IO | SAYS_BUSY },
	{ "ftruncate: EIO", CALL_TRUNCATE, EIO, SAYS_IO },
	/* SQLite takes whatever keeps it from a lock of a -shm for a lock. */
	{ "fcntl: EIO", CALL_LOCK, EIO, SAYS_IO | SAYS_BUSY },
	{ "fcntl: ENOLCK", CALL_LOCK, ENOLCK, SAYS_IO | SAYS_BUSY },
	{ "mmap: ENOMEM", CALL_MMAP, ENOMEM, SAYS_IO },
	{ "mkdtemp: EDQUOT", CALL_MKDTEMP, EDQUOT, SAYS_SPACE },
	{ "close: EIO", CALL_CLOSE, EIO, SAYS_IO },
	{ "copy_file_range: EIO", CALL_COPY, EIO, SAYS_IO },
	{ "copy_file_range: a part", CALL_COPY_PART, 0, 0 },
};

#define REAL(type, name)						\
	static __typeof__(type) real;					\
	if (real == NULL)						\
		*(void **)&real = dlsym(RTLD_NEXT, name)

#define FAILS(call, ret)						\
	do {								\
		if (fault_now(call)) {					\
			errno = fault.which->code;			\
			return (ret);					\
		}							\
	} while (0)

/* openat2(2) has no function of its own. */
long
syscall(long nr, ...)
{
	long a[5];
	va_list ap;
	int i;
	REAL(long (*)(long, ...), "syscall");

	va_start(ap, nr);
	for (i = 0; i < 5; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (nr == SYS_openat2)
		FAILS(CALL_OPEN, -1);
	return (real(nr, a[0], a[1], a[2], a[3], a[4]));
}

static mode_t
mode_of(int flags, va_list ap)
{
	return ((flags & (O_CREAT | O_TMPFILE)) == 0 ? 0 :
	    va_arg(ap, mode_t));
}

int
open64(const char *path, int flags, ...)
{
	mode_t mode;
	va_list ap;
	REAL(int (*)(const char *, int, ...), "open64");

	va_start(ap, flags);
	mode = mode_of(flags, ap);
	va_end(ap);
	FAILS(CALL_OPEN, -1);
	return (real(path, flags, mode));
}

ssize_t
pread64(int fd, void *p, size_t n, off64_t off)
{
	REAL(ssize_t (*)(int, void *, size_t, off64_t), "pread64");

	FAILS(CALL_PREAD, -1);
	if (n > 1 && fault_now(CALL_PREAD_PART))
		n = (n + 1) / 2;
	return (real(fd, p, n, off));
}

ssize_t
pwrite64(int fd, const void *p, size_t n, off64_t off)
{
	REAL(ssize_t (*)(int, const void *, size_t, off64_t), "pwrite64");

	FAILS(CALL_PWRITE, -1);
	return (real(fd, p, n, off));
}

ssize_t
write(int fd, const void *p, size_t n)
{
	REAL(ssize_t (*)(int, const void *, size_t), "write");

	FAILS(CALL_WRITE, -1);
	return (real(fd, p, n));
}

int
fstat64(int fd, struct stat64 *st)
{
	REAL(int (*)(int, struct stat64 *), "fstat64");

	FAILS(CALL_FSTAT, -1);
	return (real(fd, st));
}

int
lstat64(const char *path, struct stat64 *st)
{
	REAL(int (*)(const char *, struct stat64 *), "lstat64");

	FAILS(CALL_LSTAT, -1);
	return (real(path, st));
}

int
stat64(const char *path, struct stat64 *st)
{
	REAL(int (*)(const char *, struct stat64 *), "stat64");

	FAILS(CALL_STAT, -1);
	return (real(path, st));
}

int
ftruncate64(int fd, off64_t n)
{
	REAL(int (*)(int, off64_t), "ftruncate64");

	FAILS(CALL_TRUNCATE, -1);
	return (real(fd, n));
}

/* Those that lock; that a lock is given back does not fail. */
int
fcntl64(int fd, int cmd, ...)
{
	const struct flock *lock;
	va_list ap;
	void *arg;
	REAL(int (*)(int, int, ...), "fcntl64");

	va_start(ap, cmd);
	lock = arg = va_arg(ap, void *);
	va_end(ap);
	if (cmd == F_SETLK && lock->l_type != F_UNLCK)
		FAILS(CALL_LOCK, -1);
	return (real(fd, cmd, arg));
}

void *
mmap64(void *at, size_t n, int prot, int flags, int fd, off64_t off)
{
	REAL(void *(*)(void *, size_t, int, int, int, off64_t), "mmap64");

	if (fd != -1)
		FAILS(CALL_MMAP, MAP_FAILED);
	return (real(at, n, prot, flags, fd, off));
}

char *
mkdtemp(char *path)
{
	REAL(char *(*)(char *), "mkdtemp");

	FAILS(CALL_MKDTEMP, NULL);
	return (real(path));
}

/* It is closed, whatever is said. */
int
close(int fd)
{
	int ret;
	REAL(int (*)(int), "close");

	ret = real(fd);
	FAILS(CALL_CLOSE, -1);
	return (ret);
}

ssize_t
copy_file_range(int from, off64_t *in, int to, off64_t *out, size_t n,
    unsigned int flags)
{
	REAL(ssize_t (*)(int, off64_t *, int, off64_t *, size_t,
	    unsigned int), "copy_file_range");

	FAILS(CALL_COPY, -1);
	if (n > 1 && fault_now(CALL_COPY_PART))
		n = (n < 9999 ? n : 9999) / 2;
	return (real(from, in, to, out, n, flags));
}

START_TEST(whatever_fails_the_image_is_right_or_there_is_none)
{
	try_all(&states[_i], faults, LENGTH(faults));
}
END_TEST

START_TEST(each_of_them_came)
{
	expect_all_felt(faults, LENGTH(faults), NULL);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("image-calls");

	tcase_add_checked_fixture(tc, faultbed_make, scratch_remove);
	add_fault_tests(tc, whatever_fails_the_image_is_right_or_there_is_none,
	    each_of_them_came, LENGTH(faults));
	return (run_suite(tc));
}
