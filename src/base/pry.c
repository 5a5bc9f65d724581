#include "base/pry.h"

#ifdef LITEFLEET_HOOKS

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

extern char **environ;

static const char *who;

static void
tell(const char *what, const char *of, int errnum)
{
	log_info("pry: %s: %s%s%s: %s%s", who, what, of[0] == '\0' ? "" : " ",
	    of, errnum == 0 ? "yes" : "no, ",
	    errnum == 0 ? "" : strerror(errnum));
}

static void
open_each(const char *variable, const char *what, int flags)
{
	const char *env = getenv(variable);
	char *copy, *rest, *path;
	int fd;

	if (env == NULL)
		return;
	copy = rest = mem_strdup(env);
	while ((path = strsep(&rest, ":")) != NULL) {
		fd = open(path, flags | O_CLOEXEC, 0600);
		tell(what, path, fd == -1 ? errno : 0);
		if (fd != -1)
			close(fd);
	}
	free(copy);
}

/* In a process of its own: that it becomes another, or is traced, shall be no
 * more than that process's end. */
static void
apart(const char *what, long (*call)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(call() == -1 ? errno : 0);
	if (pid == -1 || waitpid(pid, &status, 0) == -1)
		tell("fork", "", errno);
	else
		tell(what, "", WIFEXITED(status) ? WEXITSTATUS(status) :
		    EINTR);
}

static char *const args[] = { (char *)(uintptr_t)"true", NULL };

static long
exec_path(void)
{
	return (execve("/bin/true", args, environ));
}

static long
exec_fd(void)
{
	return (syscall(SYS_execveat, AT_FDCWD, "/bin/true", args, environ, 0));
}

static long
trace_me(void)
{
	return (ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static long
read_memory(void)
{
	char byte = 0;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };

	return (process_vm_readv(getpid(), &iov, 1, &iov, 1, 0));
}

static long
write_memory(void)
{
	char byte = 0;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };

	return (process_vm_writev(getpid(), &iov, 1, &iov, 1, 0));
}

/* No such descriptor: how far it gets is what counts. */
static long
take_descriptor(void)
{
	long r = syscall(SYS_pidfd_getfd, -1, 0, 0);

	return (r == -1 && errno == EBADF ? 0 : r);
}

/* Of a family that has none: the same. */
static long
pair_sockets(void)
{
	int fd[2], r = socketpair(AF_PACKET, SOCK_RAW, 0, fd);

	return (r == -1 && errno == EOPNOTSUPP ? 0 : r);
}

/* A bad pointer: how far it gets is what counts. */
static long
make_ring(void)
{
	long r = syscall(SYS_io_uring_setup, 1, NULL);

	return (r == -1 && errno == EFAULT ? 0 : r);
}

/* A bad pointer again. */
static long
reach(long r)
{
	return (r == -1 && errno == EFAULT ? 0 : r);
}

static long
change_mode(void)
{
	return (reach(syscall(SYS_fchmodat, AT_FDCWD, 1, 0)));
}

static long
change_owner(void)
{
	return (reach(syscall(SYS_fchownat, AT_FDCWD, 1, -1, -1, 0)));
}

static long
change_attribute(void)
{
	return (reach(syscall(SYS_setxattr, 1, 1, 1, 1, 0)));
}

static void
open_sockets(void)
{
	static const struct { const char *name; int family, type; } try[] = {
		{ "unix", AF_UNIX, SOCK_STREAM },
		{ "inet", AF_INET, SOCK_STREAM },
		{ "inet6", AF_INET6, SOCK_STREAM },
		{ "netlink", AF_NETLINK, SOCK_RAW },
		{ "packet", AF_PACKET, SOCK_RAW },
		{ "alg", AF_ALG, SOCK_SEQPACKET },
		{ "vsock", AF_VSOCK, SOCK_STREAM },
		{ "unspecified", AF_UNSPEC, SOCK_STREAM },
	};
	size_t i;
	int fd;

	for (i = 0; i < sizeof(try) / sizeof(try[0]); i++) {
		fd = socket(try[i].family, try[i].type, 0);
		tell("socket", try[i].name, fd == -1 ? errno : 0);
		if (fd != -1)
			close(fd);
	}
}

void
pry(const char *name)
{
	static bool pried;

	if (pried)
		return;
	pried = true;
	who = name;
	tell("new privileges", "", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) ==
	    1 ? EPERM : 0);
	open_each("LITEFLEET_PRY_READ", "read", O_RDONLY | O_NONBLOCK);
	open_each("LITEFLEET_PRY_WRITE", "write", O_WRONLY | O_CREAT);
	apart("exec", exec_path);
	apart("execveat", exec_fd);
	apart("ptrace", trace_me);
	apart("process_vm_readv", read_memory);
	apart("process_vm_writev", write_memory);
	apart("pidfd_getfd", take_descriptor);
	apart("socketpair packet", pair_sockets);
	apart("io_uring", make_ring);
	apart("chmod", change_mode);
	apart("chown", change_owner);
	apart("setxattr", change_attribute);
	open_sockets();
}
#endif
