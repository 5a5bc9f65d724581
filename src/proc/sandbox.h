/*
 * sandbox -- the least that a process needs: which files it may reach,
 * and what it may not ask of the kernel.  Whoever makes such a process handle
 * bytes of others (databases, a store, a network) be the wrong one, by a fault
 * in our code or in a library, gets no further than this.
 *
 * In a process that has entered one, for good and for all its children:
 *
 *   no_new_privs  no set-uid program gives it more than it has.
 *   Landlock      files and directories that were not granted cannot be
 *                 opened, made, renamed or removed: EACCES.  What is only
 *                 looked at (stat(2), readlink(2)) is not held back, nor is
 *                 what was open before.  Needs a kernel of 5.19 or later: the
 *                 one before forbids all renames between directories.
 *   seccomp       EPERM for execve(2), execveat(2), ptrace(2), the like of it
 *                 (process_vm_readv(2), process_vm_writev(2), pidfd_getfd(2)),
 *                 io_uring_setup(2), which would go round this; for chmod(2),
 *                 chown(2), setxattr(2) and the like of them by name, which
 *                 Landlock does not hold back; for what root may do to the
 *                 machine (mount(2), bpf(2), init_module(2), reboot(2), ...);
 *                 and for sockets other than UNIX, INET and INET6.  NETLINK is
 *                 answered with EAFNOSUPPORT, as if the kernel had none: the
 *                 resolver of the C library then goes on without it.
 *
 * What the kernel lacks is done without, and said (log_debug) by the first
 * sandbox_new() of a process.
 *
 * Owner: the supervisor makes one, before it forks, and the child enters it; a
 * command that is one process enters its own.
 */
#ifndef PROC_SANDBOX_H
#define PROC_SANDBOX_H

#include <stdbool.h>

#include "base/err.h"

struct sandbox;

enum sandbox_right {
	SANDBOX_READ,		/* files, and what is in directories */
	SANDBOX_WRITE		/* and all that can be done to regular files
				 * and directories */
};

/* One that grants nothing yet. */
struct sandbox *sandbox_new(void);
void sandbox_free(struct sandbox *sb);		/* NULL does nothing */

/*
 * Grant a file, or a directory with all below it.  The path is opened when
 * the sandbox is entered, and links in it are followed; what is not there
 * then, or cannot be opened, is not granted.  What replaces a file that was
 * granted is another file, so what is renewed by rename(2) needs a grant of
 * its directory.
 */
void sandbox_grant(struct sandbox *sb, const char *path,
    enum sandbox_right right);

/*
 * In the process that it is for: enter it.  Does nothing for NULL, or when
 * they are turned off.  Class config: the kernel has all it takes and yet
 * refuses; io: it has no room.  The process is then not to go on.
 */
int sandbox_enter(const struct sandbox *sb, struct err *e);

/* From now on sandbox_enter() does nothing: --no-sandbox. */
void sandbox_turn_off(void);

/* Does this kernel hold files back, if it is asked to? */
bool sandbox_has_files(void);

#endif
