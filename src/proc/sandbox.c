#include "proc/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"

/* Of later kernels than the headers may be. */
#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER	(1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE	(1ULL << 14)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV	(1ULL << 15)
#endif

/* The same; their numbers are the same everywhere. */
enum {
	FCHMODAT2 = 452,
	SETXATTRAT = 463,
	REMOVEXATTRAT = 466
};

/* Version of Landlock's interface that each came with. */
enum {
	ABI_REFER = 2,
	ABI_TRUNCATE = 3,
	ABI_IOCTL_DEV = 5
};

#define FILE_READ	LANDLOCK_ACCESS_FS_READ_FILE
#define FILE_WRITE	(LANDLOCK_ACCESS_FS_WRITE_FILE | \
			LANDLOCK_ACCESS_FS_TRUNCATE)
#define DIR_READ	LANDLOCK_ACCESS_FS_READ_DIR
#define DIR_WRITE	(LANDLOCK_ACCESS_FS_REMOVE_DIR | \
			LANDLOCK_ACCESS_FS_REMOVE_FILE | \
			LANDLOCK_ACCESS_FS_MAKE_DIR | \
			LANDLOCK_ACCESS_FS_MAKE_REG | \
			LANDLOCK_ACCESS_FS_REFER)
#define NEVER		(LANDLOCK_ACCESS_FS_EXECUTE | \
			LANDLOCK_ACCESS_FS_MAKE_CHAR | \
			LANDLOCK_ACCESS_FS_MAKE_SOCK | \
			LANDLOCK_ACCESS_FS_MAKE_FIFO | \
			LANDLOCK_ACCESS_FS_MAKE_BLOCK | \
			LANDLOCK_ACCESS_FS_MAKE_SYM | \
			LANDLOCK_ACCESS_FS_IOCTL_DEV)

struct grant {
	char *path;
	enum sandbox_right right;
};

struct sandbox {
	struct grant *grants;
	size_t ngrants;
};

static bool off;

#ifdef __SANITIZE_ADDRESS__
static bool entered;

/* A build with the sanitizers asks at exit(3) for what was lost by tracing
 * itself, and fails where it may not. */
int __lsan_is_turned_off(void);

int
__lsan_is_turned_off(void)
{
	return (entered);
}
#endif

static long
landlock_abi(void)
{
	return (syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION));
}

bool
sandbox_has_files(void)
{
	return (landlock_abi() >= ABI_REFER);
}

/* Once: it will not change. */
static void
say_what_is_missing(void)
{
	static bool said;

	if (said || off)
		return;
	said = true;
	if (!sandbox_has_files())
		log_debug("this kernel has no Landlock, or one that is too "
		    "old (5.19): what processes may open is not held back");
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == -1)
		log_debug("this kernel has no seccomp: what processes may ask "
		    "of it is not held back");
}

struct sandbox *
sandbox_new(void)
{
	say_what_is_missing();
	return (mem_zero(sizeof(struct sandbox)));
}

void
sandbox_free(struct sandbox *sb)
{
	size_t i;

	if (sb == NULL)
		return;
	for (i = 0; i < sb->ngrants; i++)
		free(sb->grants[i].path);
	free(sb->grants);
	free(sb);
}

void
sandbox_grant(struct sandbox *sb, const char *path, enum sandbox_right right)
{
	sb->grants = mem_resize(sb->grants, sb->ngrants + 1,
	    sizeof(*sb->grants));
	sb->grants[sb->ngrants++] = (struct grant){ mem_strdup(path), right };
}

void
sandbox_turn_off(void)
{
	off = true;
}

/* Does errno speak of room, and not of what was asked for? */
static bool
is_short_of_room(void)
{
	return (errno == EMFILE || errno == ENFILE || errno == ENOMEM);
}

/* Always -1, with errno. */
static int
refused(const char *by, struct err *e)
{
	err_sys(e, is_short_of_room() ? ERR_IO : ERR_CONFIG, "enter the "
	    "sandbox (%s; --no-sandbox goes without)", by);
	return (-1);
}

/*
 * A directory is opened as such, so that what is mounted when it is looked at
 * is mounted before it is granted; all else is not to be woken.
 */
static int
open_granted(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return (fd != -1 ? fd : open(path, O_PATH | O_CLOEXEC));
}

static int
add_rule(int ruleset, const struct grant *g, uint64_t handled, struct err *e)
{
	struct landlock_path_beneath_attr rule = { 0 };
	struct stat st;
	int ret = -1;

	if ((rule.parent_fd = open_granted(g->path)) == -1)
		return (is_short_of_room() ? refused(g->path, e) : 0);
	if (fstat(rule.parent_fd, &st) == -1)
		goto out;
	rule.allowed_access = FILE_READ;
	if (g->right == SANDBOX_WRITE)
		rule.allowed_access |= FILE_WRITE;
	if (S_ISDIR(st.st_mode)) {
		rule.allowed_access |= DIR_READ;
		if (g->right == SANDBOX_WRITE)
			rule.allowed_access |= DIR_WRITE;
	}
	rule.allowed_access &= handled;
	ret = (int)syscall(SYS_landlock_add_rule, ruleset,
	    LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	/* Of the kernel's own: it is never held back. */
	if (ret == -1 && errno == EBADFD)
		ret = 0;
out:
	if (ret == -1)
		(void)refused(g->path, e);
	close(rule.parent_fd);
	return (ret);
}

static int
hold_files(const struct sandbox *sb, struct err *e)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = FILE_READ |
	    FILE_WRITE | DIR_READ | DIR_WRITE | NEVER };
	long abi = landlock_abi();
	int fd, ret = -1;
	size_t i;

	if (abi < ABI_REFER)
		return (0);
	if (abi < ABI_TRUNCATE)
		attr.handled_access_fs &= ~LANDLOCK_ACCESS_FS_TRUNCATE;
	if (abi < ABI_IOCTL_DEV)
		attr.handled_access_fs &= ~LANDLOCK_ACCESS_FS_IOCTL_DEV;
	fd = (int)syscall(SYS_landlock_create_ruleset, &attr,
	    sizeof(attr.handled_access_fs), 0);
	if (fd == -1)
		return (refused("Landlock", e));
	for (i = 0; i < sb->ngrants; i++)
		if (add_rule(fd, &sb->grants[i], attr.handled_access_fs,
		    e) == -1)
			goto out;
	if ((ret = (int)syscall(SYS_landlock_restrict_self, fd, 0)) == -1)
		(void)refused("Landlock", e);
out:
	io_close(&fd);
	return (ret);
}

/* "call", if its first argument is "family" or lies beyond it. */
static int
deny_family(scmp_filter_ctx ctx, int call, enum scmp_compare how, int family)
{
	struct scmp_arg_cmp cmp = SCMP_A0(how, (scmp_datum_t)family, 0);
	uint32_t act = how == SCMP_CMP_EQ && family == AF_NETLINK ?
	    SCMP_ACT_ERRNO(EAFNOSUPPORT) : SCMP_ACT_ERRNO(EPERM);

	return (seccomp_rule_add_array(ctx, act, call, 1, &cmp));
}

static int
deny_families(scmp_filter_ctx ctx, int call)
{
	int family, r = 0;

	for (family = 0; r == 0 && family <= AF_NETLINK; family++)
		if (family != AF_UNIX && family != AF_INET &&
		    family != AF_INET6)
			r = deny_family(ctx, call, SCMP_CMP_EQ, family);
	return (r != 0 ? r : deny_family(ctx, call, SCMP_CMP_GT, AF_NETLINK));
}

/* Few are denied, so all others cost the kernel no look at a filter. */
static int
fill(scmp_filter_ctx ctx)
{
	static const int denied[] = { SCMP_SYS(execve), SCMP_SYS(execveat),
	    SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
	    SCMP_SYS(process_vm_writev), SCMP_SYS(pidfd_getfd),
	    SCMP_SYS(io_uring_setup),
	    /* By name, where Landlock does not look.  By descriptor a file is
	     * one that was opened. */
	    SCMP_SYS(chmod), SCMP_SYS(fchmodat), FCHMODAT2, SCMP_SYS(chown),
	    SCMP_SYS(lchown), SCMP_SYS(fchownat), SCMP_SYS(setxattr),
	    SCMP_SYS(lsetxattr), SETXATTRAT, SCMP_SYS(removexattr),
	    SCMP_SYS(lremovexattr), REMOVEXATTRAT,
	    /* What root may do to the machine. */
	    SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root),
	    SCMP_SYS(chroot), SCMP_SYS(open_by_handle_at), SCMP_SYS(setns),
	    SCMP_SYS(unshare), SCMP_SYS(bpf), SCMP_SYS(perf_event_open),
	    SCMP_SYS(init_module), SCMP_SYS(finit_module),
	    SCMP_SYS(delete_module), SCMP_SYS(kexec_load),
	    SCMP_SYS(kexec_file_load), SCMP_SYS(reboot), SCMP_SYS(swapon),
	    SCMP_SYS(swapoff), SCMP_SYS(iopl), SCMP_SYS(ioperm),
	    SCMP_SYS(settimeofday), SCMP_SYS(clock_settime) };
	size_t i;
	int r;

	/* Calls of another architecture would not be recognised. */
	if ((r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH,
	    SCMP_ACT_ERRNO(EPERM))) != 0 ||
	    /* Mitigations that cost would otherwise come with a filter. */
	    (r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_SSB, 1)) != 0 ||
	    (r = seccomp_attr_set(ctx, SCMP_FLTATR_API_SYSRAWRC, 1)) != 0)
		return (r);
	for (i = 0; r == 0 && i < sizeof(denied) / sizeof(denied[0]); i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), denied[i], 0);
	if (r == 0)
		r = deny_families(ctx, SCMP_SYS(socket));
	return (r != 0 ? r : deny_families(ctx, SCMP_SYS(socketpair)));
}

static int
hold_calls(struct err *e)
{
	scmp_filter_ctx ctx;
	int r = -ENOMEM;

	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == -1)
		return (0);
	if ((ctx = seccomp_init(SCMP_ACT_ALLOW)) != NULL &&
	    (r = fill(ctx)) == 0)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	if (r == 0)
		return (0);
	errno = -r;
	return (refused("seccomp", e));
}

int
sandbox_enter(const struct sandbox *sb, struct err *e)
{
	if (sb == NULL || off)
		return (0);
#ifdef __SANITIZE_ADDRESS__
	entered = true;
#endif
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return (refused("no_new_privs", e));
	return (hold_files(sb, e) == -1 ? -1 : hold_calls(e));
}
