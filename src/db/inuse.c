#include "db/inuse.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "base/io.h"

enum {
	/* SQLite's PENDING, RESERVED and SHARED bytes (os.h of SQLite). */
	LOCK_FIRST_BYTE = 0x40000000,
	LOCK_NBYTES = 512
};

static enum inuse
ask_locks(int fd)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
	    .l_start = LOCK_FIRST_BYTE, .l_len = LOCK_NBYTES };

	if (fcntl(fd, F_GETLK, &fl) == -1 || fl.l_type == F_UNLCK)
		return (INUSE_UNKNOWN);
	return (INUSE_YES);
}

enum inuse
inuse_probe(const char *path)
{
	enum inuse ret;
	int fd;

	/* O_NONBLOCK: somebody else's lease is an answer, not a wait. */
	if ((fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW |
	    O_CLOEXEC)) == -1)
		return (errno == EWOULDBLOCK ? INUSE_YES : INUSE_UNKNOWN);
	/*
	 * Who opens the file while we hold the lease makes the kernel signal
	 * us.  SIGIO would end the process; SIGURG is ignored by default.
	 */
	if (fcntl(fd, F_SETSIG, SIGURG) == 0 &&
	    fcntl(fd, F_SETLEASE, F_WRLCK) == 0) {
		(void)fcntl(fd, F_SETLEASE, F_UNLCK);
		ret = INUSE_NO;
	} else if (errno == EAGAIN)
		ret = INUSE_YES;
	else
		ret = ask_locks(fd);
	io_close(&fd);
	return (ret);
}
